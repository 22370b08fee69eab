"""What there is to choose from when writing a rule: the cities, countries, categories of this workspace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import narwhals as nw

from crm_core.access import Permission
from crm_core.analytics.measures import collected
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.registry import analysis
from crm_core.analytics.segment_rules import KINDS
from crm_core.analytics.segment_rules.parameters import Values
from crm_core.errors import FieldError, Invalid

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

MOST_OFFERED = 1_000
_TABLE_NAMES = ("customers", "products")


def sources() -> frozenset[str]:
    """Every source that a condition's values come from, such as "customers.city"."""
    parameters = [parameter for kind in KINDS.values() for parameter in kind.parameters]
    return frozenset(source for p in parameters if isinstance(p, Values) for source in p.sources.values())


@dataclass(frozen=True)
class SegmentRuleValuesParams:
    """Which values: a table and column that a condition chooses from.

    Raises:
        Invalid: no condition chooses from it.
    """

    source: str

    def __post_init__(self) -> None:
        if self.source not in sources():
            raise Invalid({"source": FieldError("No rule chooses from '{source}'.", {"source": self.source})})


@dataclass(frozen=True)
class SegmentRuleValuesReport:
    """The values, most frequent first, at most 1,000 of them."""

    values: tuple[str, ...]


@analysis("segment_rule_values", reads=_TABLE_NAMES, permission=Permission.SEGMENTS_VIEW)
def segment_rule_values(
    tables: Tables,
    params: SegmentRuleValuesParams,
    progress: Progress = silent,  # noqa: ARG001
) -> SegmentRuleValuesReport:
    """The values of a column that rules choose from."""
    table, column = params.source.split(".")
    frame = tables.customers if table == "customers" else tables.products
    counted = frame.filter(~nw.col(column).is_null()).group_by(column).agg(n=nw.len())
    found = collected(counted.sort("n", column, descending=[True, False]).head(MOST_OFFERED))
    return SegmentRuleValuesReport(tuple(str(value) for value in found[column]))
