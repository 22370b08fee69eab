"""Recency, frequency and monetary value: customers by score and by named segment; see `rfm_scores` for both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from crm_core.access import Permission
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.purchases import require_day, with_names
from crm_core.analytics.registry import analysis
from crm_core.analytics.rfm_scores import SEGMENT_RULES, Scoring, SegmentRule, Thresholds, scores, suggested
from crm_core.db.types import from_e4
from crm_core.errors import FieldError, Invalid
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

__all__ = [
    "SEGMENT_RULES",
    "RfmMembersParams",
    "RfmMembersReport",
    "RfmParams",
    "RfmReport",
    "SegmentRule",
    "Thresholds",
    "rfm",
    "rfm_members",
    "scores",
]


@dataclass(frozen=True)
class RfmParams:
    """The day up to which sales count, itself included, and how customers are scored; see Scoring.

    Raises:
        Invalid: a day outside the years 1900 to 2199, or as Scoring.
    """

    as_of: date
    n_bins: int = 5
    thresholds: Thresholds | None = None

    def __post_init__(self) -> None:
        require_day(self.as_of)
        Scoring(self.n_bins, self.thresholds)

    @property
    def scoring(self) -> Scoring:
        """How customers are scored."""
        return Scoring(self.n_bins, self.thresholds)


@dataclass(frozen=True)
class RfmReport:
    """The customer base by score.

    segments: name, customers, share (of the customers), sales (net, exact); those of SEGMENT_RULES, in its order.
    grid: r, f, customers, sales; one row per pair of recency and frequency score, empty ones too.
    suggested: round thresholds near the quantiles, to begin from.
    """

    as_of: date
    n_bins: int
    customers: int
    segments: pd.DataFrame
    grid: pd.DataFrame
    suggested: Thresholds


@dataclass(frozen=True)
class RfmMembersParams:
    """As RfmParams, and whom to list: a segment by name, a cell (r, f) of the grid, both, or everyone.

    Raises:
        Invalid: as RfmParams, or there is no such segment.
    """

    as_of: date
    n_bins: int = 5
    segment: str | None = None
    cell: tuple[int, int] | None = None
    thresholds: Thresholds | None = None

    def __post_init__(self) -> None:
        RfmParams(self.as_of, self.n_bins, self.thresholds)
        if self.segment is not None and self.segment not in self.scoring.keys:
            raise Invalid({"segment": FieldError("There is no segment '{name}'.", {"name": self.segment})})

    @property
    def scoring(self) -> Scoring:
        """How customers are scored."""
        return RfmParams(self.as_of, self.n_bins, self.thresholds).scoring


@dataclass(frozen=True)
class RfmMembersReport:
    """The customers chosen, best first: customer_id, ref, name, email, country, recency_days, frequency, monetary_e4
    (net sales in ten-thousandths), r, f, m, segment."""

    members: pd.DataFrame


@analysis("rfm", reads=("orders", "order_lines"), permission=Permission.SEGMENTS_VIEW)
def rfm(tables: Tables, params: RfmParams, progress: Progress = silent) -> RfmReport:
    """Recency, frequency and monetary scores of all customers, as a grid and as named segments.

    Recency is days since the last sale, frequency the number of orders with a sale, monetary net sales; of known
    customers with a sale on or before `as_of`. Scores and segments: see `rfm_scores`.
    """
    progress(0.0, N_("Following customers"))
    scored = params.scoring.customers(tables, params.as_of)
    segments = pd.DataFrame({"name": pd.Series([rule.name for rule in SEGMENT_RULES], dtype="str")})
    by_segment = scored.groupby("segment")["monetary_e4"].agg(["size", "sum"])
    by_segment = by_segment.reindex(segments["name"], fill_value=0)
    segments["customers"] = by_segment["size"].astype("int64").to_numpy()
    segments["share"] = segments["customers"] / max(len(scored), 1)
    segments["sales"] = _money(by_segment["sum"])
    steps = range(1, params.n_bins + 1)
    cells = pd.MultiIndex.from_product([steps, steps], names=["r", "f"])
    by_cell = scored.groupby(["r", "f"])["monetary_e4"].agg(["size", "sum"]).reindex(cells, fill_value=0)
    grid = pd.DataFrame(
        {
            "r": cells.get_level_values("r").astype("int64"),
            "f": cells.get_level_values("f").astype("int64"),
            "customers": by_cell["size"].astype("int64").to_numpy(),
        }
    )
    grid["sales"] = _money(by_cell["sum"])
    return RfmReport(params.as_of, params.n_bins, len(scored), segments, grid, suggested(scored, params.n_bins))


@analysis(
    "rfm_members",
    reads=("orders", "order_lines", "customers"),
    permission=Permission.SEGMENTS_VIEW,
    lists_people=True,
)
def rfm_members(tables: Tables, params: RfmMembersParams, progress: Progress = silent) -> RfmMembersReport:
    """The customers of a segment or of a cell of the grid, by monetary value."""
    progress(0.0, N_("Following customers"))
    scored = params.scoring.customers(tables, params.as_of)
    if params.segment is not None:
        scored = scored[scored["segment"] == params.segment]
    if params.cell is not None:
        r, f = params.cell
        scored = scored[(scored["r"] == r) & (scored["f"] == f)]
    best_first = scored.sort_values(["monetary_e4", "customer_id"], ascending=[False, True])
    return RfmMembersReport(with_names(tables, best_first.drop(columns="tenure_days")))


def _money(sums: pd.Series) -> pd.Series:
    return pd.Series([from_e4(int(units)) for units in sums], dtype=object)
