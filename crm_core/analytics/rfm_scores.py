"""Scores of recency, frequency and monetary value, and the named segments read off them.

By quantile, a score says how much of the customer base one beats: with five bins, 5 is the best fifth. It is the middle
of the quantile that a value and its ties take up, so equal values always score the same, nobody's score depends on the
order of the rows, and if all are equal everyone scores in the middle. Bins may so differ in size.

By thresholds, a score says which bounds one keeps, whatever others do: so it can rise or fall for everyone at once.

Segments are read off an explicit table of recency score and fm, the mean of frequency and monetary score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_core.analytics.purchases import purchases
from crm_core.db.types import to_e4
from crm_core.errors import FieldError, Invalid
from crm_core.translation import N_

if TYPE_CHECKING:
    from datetime import date

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
class Thresholds:
    """The bounds of the scores, one fewer than there are scores, each a row of rising numbers.

    recency_days: who bought at most so many days ago has the highest score, the second highest, … else 1.
    frequency, monetary: who has at least so many orders, or so much net sales in money, scores 2, 3, …; below it 1.

    Raises:
        Invalid: rows of different lengths, of fewer than 2 or more than 9 numbers, or that do not rise.
    """

    recency_days: tuple[int, ...]
    frequency: tuple[int, ...]
    monetary: tuple[Decimal, ...]

    def __post_init__(self) -> None:
        problems: dict[str, FieldError] = {}
        n = len(self.recency_days)
        rows: dict[str, tuple[Sequence[int | Decimal], int]] = {
            "recency_days": (self.recency_days, 0), "frequency": (self.frequency, 1), "monetary": (self.monetary, 0),
        }  # fmt: skip
        for name, (row, least) in rows.items():
            if len(row) != n or not FEWEST_BINS - 1 <= len(row) <= MOST_BINS - 1:
                problems[name] = FieldError(
                    "{given} bounds are given; there must be {fewest} to {most}, as many of each kind.",
                    {"given": len(row), "fewest": FEWEST_BINS - 1, "most": MOST_BINS - 1},
                )
            elif any(later <= earlier for earlier, later in pairwise(row)):
                problems[name] = FieldError("The bounds must rise from each to the next.")
            elif row[0] < least:
                problems[name] = FieldError("The first bound must be at least {least}.", {"least": least})
        if problems:
            raise Invalid(problems)

    @property
    def n_bins(self) -> int:
        """How many scores there are."""
        return len(self.frequency) + 1


@dataclass(frozen=True)
class Scoring:
    """How customers are scored and so given to named segments: by quantile into `n_bins`, or by thresholds.

    Raises:
        Invalid: a number of bins outside 3 to 10, or another one than the thresholds make.
    """

    n_bins: int = 5
    thresholds: Thresholds | None = None

    def __post_init__(self) -> None:
        if self.thresholds is not None and self.n_bins != self.thresholds.n_bins:
            counts = {"n": self.n_bins, "bins": self.thresholds.n_bins}
            raise Invalid({"n_bins": FieldError("The thresholds make {bins} bins, not {n}.", counts)})
        if not FEWEST_BINS <= self.n_bins <= MOST_BINS:
            problem = FieldError(
                "{n} bins are not possible; choose between {fewest} and {most}.",
                {"n": self.n_bins, "fewest": FEWEST_BINS, "most": MOST_BINS},
            )
            raise Invalid({"n_bins": problem})

    @property
    def keys(self) -> tuple[str, ...]:
        """The segments there are, best first."""
        return tuple(rule.name for rule in SEGMENT_RULES)

    def customers(self, tables: Tables, as_of: date) -> pd.DataFrame:
        """The `purchases` of each known customer up to a day, with scores r, f, m and segment."""
        return self.scored(purchases(tables, as_of))

    def scored(self, base: pd.DataFrame) -> pd.DataFrame:
        """The same customers with their scores r, f and m, whole numbers from 1, and the name of their segment."""
        if (bounds := self.thresholds) is None:
            r = scores(-base["recency_days"], self.n_bins)
            f, m = (scores(base[name], self.n_bins) for name in ("frequency", "monetary_e4"))
        else:
            r = self.n_bins - _kept(base["recency_days"], bounds.recency_days, side="left")
            f = 1 + _kept(base["frequency"], bounds.frequency, side="right")
            m = 1 + _kept(base["monetary_e4"], [to_e4(bound) for bound in bounds.monetary], side="right")
        found = base.assign(r=r, f=f, m=m)
        return found.assign(segment=_named(found, self.n_bins))


def scores(values: pd.Series, n_bins: int) -> pd.Series:
    """Each value's score from 1 (lowest) to n_bins: the bin that the middle of its ties' quantile lies in.

    Equal values score the same and a higher value never scores lower. Whole numbers in, whole numbers out.
    """
    if values.empty:
        return values.astype("int64")
    # Twice the middle rank counted from 0 is whole, so no rounding decides.
    twice_middle = (2 * values.rank(method="average")).round().astype("int64") - 1
    return (twice_middle * n_bins // (2 * len(values)) + 1).clip(upper=n_bins)


def suggested(base: pd.DataFrame, n_bins: int) -> Thresholds:
    """Round thresholds near the quantiles of these customers: where to begin from when setting one's own."""
    parts = [(i + 1) / n_bins for i in range(n_bins - 1)]

    def row(values: pd.Series, least: int) -> list[int]:
        found: list[int] = []
        for value in values.quantile(parts) if len(values) else range(n_bins - 1):
            found.append(max(_round_number(float(value)), found[-1] + 1 if found else least))
        return found

    return Thresholds(
        tuple(row(base["recency_days"], 0)),
        tuple(row(base["frequency"], 2)),
        tuple(Decimal(bound) for bound in row(base["monetary_e4"] / 10_000, 1)),
    )


def _round_number(value: float) -> int:
    """The whole number of two significant digits nearest to a value."""
    size = len(str(abs(int(value)))) - 2
    return int(round(value, -size)) if size > 0 else round(value)


def _kept(values: pd.Series, bounds: Sequence[int], *, side: str) -> pd.Series:
    """How many of the rising bounds lie below each value; those equal to it count with side "right"."""
    found = np.searchsorted(np.array(bounds, dtype=np.int64), values.to_numpy(np.int64), side=side)  # type: ignore[call-overload]
    return pd.Series(found.astype(np.int64), index=values.index)


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
