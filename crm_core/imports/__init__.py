"""Orders from files: look into a file, map its columns, import it, take it back.

profile = imports.inspect(path)
mapping = imports.guess_mapping(profile)            # or imports.preset("online-retail"), imports.load_mapping(toml)
result = imports.import_orders(database=…, actor=…, path=path, mapping=mapping, rejects_folder=…)
imports.undo_import(database=…, actor=…, import_id=result.import_id)
"""

from crm_core.imports.fields import ORDER_FIELDS, OrderField
from crm_core.imports.listing import ImportEntry, list_imports
from crm_core.imports.mapping import PRESETS, Mapping, Options, Rules, load_mapping, parse_mapping, preset
from crm_core.imports.orders import import_orders
from crm_core.imports.problems import RowProblem
from crm_core.imports.profile import FileProfile, guess_complete_mapping, guess_mapping, inspect
from crm_core.imports.result import ImportResult
from crm_core.imports.settle import Written, find_written
from crm_core.imports.undo import undo_import
from crm_core.records.undo import UndoResult

__all__ = [
    "ORDER_FIELDS",
    "PRESETS",
    "FileProfile",
    "ImportEntry",
    "ImportResult",
    "Mapping",
    "Options",
    "OrderField",
    "RowProblem",
    "Rules",
    "UndoResult",
    "Written",
    "find_written",
    "guess_complete_mapping",
    "guess_mapping",
    "import_orders",
    "inspect",
    "list_imports",
    "load_mapping",
    "parse_mapping",
    "preset",
    "undo_import",
]
