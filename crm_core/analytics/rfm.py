"""Recency, frequency and monetary value: each customer scored against the others, and named segments of the scores.

A score says how much of the customer base one beats: with five bins, 5 is the best fifth. It is the middle of the
quantile that a value and its ties take up, so equal values always score the same, nobody's score depends on the order
of the rows, and if all are equal everyone scores in the middle. Bins may so differ in size.

Segments are read off an explicit table of recency score and fm, the mean of frequency and monetary score.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_core.access import Permission
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.purchases import purchases, require_day, with_names
from crm_core.analytics.registry import analysis
from crm_core.db.types import from_e4
from crm_core.errors import FieldError, Invalid
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

FEWEST_BINS, MOST_BINS = 3, 10


@dataclass(frozen=True)
class SegmentRule:
    """One named segment: the scores it takes, both ends included, on a scale of 5, and what it means."""

    name: str
    r: tuple[int, int]
    fm: tuple[int, int]
    meaning: str


SEGMENT_RULES = (
    SegmentRule(N_("Champions"), (5, 5), (4, 5), N_("Bought lately, buy often and spend most.")),
    SegmentRule(N_("Loyal customers"), (3, 4), (4, 5), N_("Buy often and spend much, the last time not long ago.")),
    SegmentRule(N_("Potential loyalists"), (4, 5), (2, 3), N_("Bought lately, with middling frequency and spend.")),
    SegmentRule(N_("Newcomers"), (4, 5), (1, 1), N_("Bought lately, little or once so far.")),
    SegmentRule(N_("Need attention"), (3, 3), (2, 3), N_("Middling in every respect, and cooling off.")),
    SegmentRule(N_("About to sleep"), (3, 3), (1, 1), N_("Bought little, and not lately.")),
    SegmentRule(N_("Cannot lose them"), (1, 2), (5, 5), N_("Among the best once, but gone for long.")),
    SegmentRule(N_("At risk"), (1, 2), (3, 4), N_("Bought well, but gone for long.")),
    SegmentRule(N_("Hibernating"), (2, 2), (1, 2), N_("Bought little, long ago.")),
    SegmentRule(N_("Lost"), (1, 1), (1, 2), N_("Bought little, longest ago.")),
)
"""The segments, best first; each pair of scores falls into exactly one."""


@dataclass(frozen=True)
class RfmParams:
    """The day up to which sales count, itself included, and how many bins a score has.

    Raises:
        Invalid: a day outside the years 1900 to 2199, or a number of bins outside 3 to 10.
    """

    as_of: date
    n_bins: int = 5

    def __post_init__(self) -> None:
        require_day(self.as_of)
        if not FEWEST_BINS <= self.n_bins <= MOST_BINS:
            problem = FieldError(
                "{n} bins are not possible; choose between {fewest} and {most}.",
                {"n": self.n_bins, "fewest": FEWEST_BINS, "most": MOST_BINS},
            )
            raise Invalid({"n_bins": problem})


@dataclass(frozen=True)
class RfmReport:
    """The customer base by score.

    segments: name, customers, share (of the customers), sales (net, exact); those of SEGMENT_RULES, in its order.
    grid: r, f, customers, sales; one row per pair of recency and frequency score, empty ones too.
    """

    as_of: date
    n_bins: int
    customers: int
    segments: pd.DataFrame
    grid: pd.DataFrame


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

    def __post_init__(self) -> None:
        RfmParams(self.as_of, self.n_bins)
        if self.segment is not None and self.segment not in {rule.name for rule in SEGMENT_RULES}:
            raise Invalid({"segment": FieldError("There is no segment '{name}'.", {"name": self.segment})})


@dataclass(frozen=True)
class RfmMembersReport:
    """The customers chosen, best first: customer_id, ref, name, email, country, recency_days, frequency, monetary_e4
    (net sales in ten-thousandths), r, f, m, segment."""

    members: pd.DataFrame


@analysis("rfm", reads=("orders", "order_lines"), permission=Permission.SEGMENTS_VIEW)
def rfm(tables: Tables, params: RfmParams, progress: Progress = silent) -> RfmReport:
    """Recency, frequency and monetary scores of all customers, as a grid and as named segments.

    Recency is days since the last sale, frequency the number of orders with a sale, monetary net sales; of known
    customers with a sale on or before `as_of`. Scores and segments: see the module.
    """
    progress(0.0, N_("Following customers"))
    scored = _scored(tables, params.as_of, params.n_bins)
    segments = pd.DataFrame({"name": pd.Series([rule.name for rule in SEGMENT_RULES], dtype="str")})
    by_segment = scored.groupby("segment")["monetary_e4"].agg(["size", "sum"])
    by_segment = by_segment.reindex(segments["name"], fill_value=0)
    segments["customers"] = by_segment["size"].astype("int64").to_numpy()
    segments["share"] = segments["customers"] / max(len(scored), 1)
    segments["sales"] = _money(by_segment["sum"])
    scores = range(1, params.n_bins + 1)
    cells = pd.MultiIndex.from_product([scores, scores], names=["r", "f"])
    by_cell = scored.groupby(["r", "f"])["monetary_e4"].agg(["size", "sum"]).reindex(cells, fill_value=0)
    grid = pd.DataFrame(
        {
            "r": cells.get_level_values("r").astype("int64"),
            "f": cells.get_level_values("f").astype("int64"),
            "customers": by_cell["size"].astype("int64").to_numpy(),
        }
    )
    grid["sales"] = _money(by_cell["sum"])
    return RfmReport(params.as_of, params.n_bins, len(scored), segments, grid)


@analysis(
    "rfm_members",
    reads=("orders", "order_lines", "customers"),
    permission=Permission.SEGMENTS_VIEW,
    lists_people=True,
)
def rfm_members(tables: Tables, params: RfmMembersParams, progress: Progress = silent) -> RfmMembersReport:
    """The customers of a segment or of a cell of the grid, by monetary value."""
    progress(0.0, N_("Following customers"))
    scored = _scored(tables, params.as_of, params.n_bins)
    if params.segment is not None:
        scored = scored[scored["segment"] == params.segment]
    if params.cell is not None:
        r, f = params.cell
        scored = scored[(scored["r"] == r) & (scored["f"] == f)]
    best_first = scored.sort_values(["monetary_e4", "customer_id"], ascending=[False, True])
    return RfmMembersReport(with_names(tables, best_first.drop(columns="tenure_days")))


def _scored(tables: Tables, as_of: date, n_bins: int) -> pd.DataFrame:
    scored = purchases(tables, as_of)
    scored["r"] = scores(-scored["recency_days"], n_bins)
    scored["f"] = scores(scored["frequency"], n_bins)
    scored["m"] = scores(scored["monetary_e4"], n_bins)
    scored["segment"] = _named(scored, n_bins)
    return scored


def scores(values: pd.Series, n_bins: int) -> pd.Series:
    """Each value's score from 1 (lowest) to n_bins: the bin that the middle of its ties' quantile lies in.

    Equal values score the same and a higher value never scores lower. Whole numbers in, whole numbers out.
    """
    if values.empty:
        return values.astype("int64")
    # Twice the middle rank counted from 0 is whole, so no rounding decides.
    twice_middle = (2 * values.rank(method="average")).round().astype("int64") - 1
    return (twice_middle * n_bins // (2 * len(values)) + 1).clip(upper=n_bins)


def _named(scored: pd.DataFrame, n_bins: int) -> pd.Series:
    r = _on_five(scored["r"].to_numpy(), n_bins)
    # Half a point rounds up: a best spender who buys seldom counts by the money.
    fm = (_on_five(scored["f"].to_numpy(), n_bins) + _on_five(scored["m"].to_numpy(), n_bins) + 1) // 2
    names = np.full((6, 6), "", dtype=object)
    for rule in SEGMENT_RULES:
        names[rule.r[0] : rule.r[1] + 1, rule.fm[0] : rule.fm[1] + 1] = rule.name
    return pd.Series(names[r, fm], index=scored.index, dtype="str")


def _on_five(score: np.ndarray, n_bins: int) -> np.ndarray:
    """Scores of n_bins on a scale of 5, middle on middle."""
    return np.rint((score - 0.5) * 5 / n_bins + 0.5).astype(int)


def _money(sums: pd.Series) -> pd.Series:
    return pd.Series([from_e4(int(units)) for units in sums], dtype=object)
