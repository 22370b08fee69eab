"""Files of customers, products, tickets, deals and needs: one row per record, or one per update of a record."""

from crm_core.imports.kinds.importing import import_kind
from crm_core.imports.kinds.mapping import KINDS, KindMapping, guess_kind_mapping, kind_preset, load_kind_mapping
from crm_core.imports.kinds.unpacking import unpacked

__all__ = ["KINDS", "KindMapping", "guess_kind_mapping", "import_kind", "kind_preset", "load_kind_mapping", "unpacked"]
