"""Files of customers, products, tickets, deals and needs: one row per record, or one per update of a record."""

from crm_core.imports.kinds.building import CODED, codes_of
from crm_core.imports.kinds.fields import KIND_FIELDS, LABELS, KindField
from crm_core.imports.kinds.importing import import_kind, known_codes
from crm_core.imports.kinds.mapping import (
    KIND_PRESETS,
    KINDS,
    KindMapping,
    KindRules,
    guess_kind_mapping,
    kind_preset,
    load_kind_mapping,
    suggested,
)
from crm_core.imports.kinds.reading import repeats, words_in
from crm_core.imports.kinds.unpacking import unpacked

__all__ = [
    "CODED", "KINDS", "KIND_FIELDS", "KIND_PRESETS", "LABELS", "KindField", "KindMapping", "KindRules", "codes_of",
    "guess_kind_mapping", "import_kind", "kind_preset", "known_codes", "load_kind_mapping", "repeats", "suggested",
    "unpacked", "words_in",
]  # fmt: skip
