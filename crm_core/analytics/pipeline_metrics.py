"""Every metric of the pipeline, defined once: what it is called, its formula, and where its number comes from.

As `metrics` for sales: page, CSV, API and command line take name, formula, value and n from here. `docs/metrics.md`
lists the same definitions for readers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TypeAlias

from crm_core.analytics.deal_values import from_e8
from crm_core.analytics.metrics import Definition, Value
from crm_core.db.types import MONEY_SCALE, from_e4
from crm_core.translation import N_

_SMALLEST = Decimal(1).scaleb(-MONEY_SCALE)


@dataclass(frozen=True, kw_only=True)
class DealMeasures:
    """What the deals of one window add up to. "Priced" deals have an amount; open, stale and slipping are those at the
    window's end; money in ten-thousandths (e4) or 10⁻⁸ (e8), times in days of 24 hours."""

    on_record: int
    """Deals opened before the window's end: without any, nothing is known."""
    opened: int
    won: int
    lost: int
    won_priced: int
    lost_priced: int
    won_e4: int
    lost_e4: int
    cycles: int
    cycle_median: float | None
    cycle_p90: float | None
    open: int
    open_priced: int
    open_e4: int
    weighted_e8: int
    expected: int
    """Open deals that say when they are expected to close."""
    slipping: int
    judged: int
    """Open deals in a stage of which it is known how long won deals usually stay."""
    stale: int

    @property
    def closed(self) -> int:
        return self.won + self.lost

    @property
    def closed_priced(self) -> int:
        return self.won_priced + self.lost_priced


Count: TypeAlias = Callable[[DealMeasures], int]


@dataclass(frozen=True)
class DealMetric(Definition):
    """A metric of deals: `measure` and `n` are formulas over the DealMeasures of a window; `n` is what the value rests
    on. `part` is given for shares of independent deals: how many of the n it counts."""

    measure: Callable[[DealMeasures], Value]
    n: Count
    part: Count | None = None

    def value(self, measures: DealMeasures) -> Value:
        """The metric of one window: money as an exact Decimal (quotients to a ten-thousandth), counts whole, ratios and
        days as floats; None where no deal is on record yet or the value has no base."""
        return None if measures.on_record == 0 else self.measure(measures)


def _priced(amount: Callable[[DealMeasures], Decimal], deals: str) -> Callable[[DealMeasures], Value]:
    """The amount; None where there are such deals and none of them has an amount."""

    def known(m: DealMeasures) -> Value:
        return None if getattr(m, deals) and not getattr(m, f"{deals}_priced") else amount(m)

    return known


def _share(
    part: Callable[[DealMeasures], int], whole: Callable[[DealMeasures], int]
) -> Callable[[DealMeasures], Value]:
    return lambda m: part(m) / whole(m) if whole(m) else None


def _value_share(m: DealMeasures) -> Value:
    """None, besides without a value, where one side has deals and no value: the share would be all or nothing."""
    is_one_sided = (m.won and not m.won_e4) or (m.lost and not m.lost_e4)
    return None if is_one_sided or not m.won_e4 + m.lost_e4 else m.won_e4 / (m.won_e4 + m.lost_e4)


def _average_won(m: DealMeasures) -> Decimal | None:
    return from_e4(m.won_e4) / m.won_priced if m.won_priced else None


def _average_won_value(m: DealMeasures) -> Value:
    average = _average_won(m)
    return None if average is None else average.quantize(_SMALLEST, ROUND_HALF_EVEN)


def _velocity(m: DealMeasures) -> Value:
    """Open deals × average won value × win rate ÷ median cycle; None where a part is missing or the cycle is 0."""
    average = _average_won(m)
    if average is None or not m.closed or not m.cycle_median:
        return None
    exact = m.open * average * m.won / m.closed / Decimal(m.cycle_median)
    return exact.quantize(_SMALLEST, ROUND_HALF_EVEN)


def _forecast(m: DealMeasures) -> Value:
    """None where something is won or open and nothing of it has an amount."""
    if m.won + m.open and not m.won_priced + m.open_priced:
        return None
    return from_e4(m.won_e4) + from_e8(m.weighted_e8)


_CLOSED = N_("the day a deal closed, never its last edit")
_AT_END = N_("open when the period ends")
_OPENED = N_("the day a deal was opened")
_NO_AMOUNT = N_("deals without an amount, which are counted")
_NOTHING = N_("nothing")

_DEFINITIONS = (
    DealMetric(
        "win_rate", N_("Win rate"), N_("Won deals ÷ (won + lost deals), closed in the period"),
        "ratio", _CLOSED, N_("open deals"), "up", "deals",
        _share(lambda m: m.won, lambda m: m.closed), lambda m: m.closed, lambda m: m.won,
    ),
    DealMetric(
        "win_rate_value", N_("Win rate by value"), N_("Value won ÷ (value won + value lost), closed in the period"),
        "ratio", _CLOSED, _NO_AMOUNT, "up", "deals",
        _value_share, lambda m: m.closed_priced,
    ),
    DealMetric(
        "won_deals", N_("Won deals"), N_("Number of deals won in the period"),
        "count", _CLOSED, _NOTHING, "up", "deals", lambda m: m.won, lambda m: m.won,
    ),
    DealMetric(
        "lost_deals", N_("Lost deals"), N_("Number of deals lost in the period"),
        "count", _CLOSED, _NOTHING, "down", "deals", lambda m: m.lost, lambda m: m.lost,
    ),
    DealMetric(
        "won_value", N_("Won value"), N_("Sum of the amounts of deals won in the period"),
        "money", _CLOSED, _NO_AMOUNT, "up", "deals",
        _priced(lambda m: from_e4(m.won_e4), "won"), lambda m: m.won_priced,
    ),
    DealMetric(
        "average_won_value", N_("Average won value"), N_("Won value ÷ won deals with an amount"),
        "money", _CLOSED, _NO_AMOUNT, "up", "deals", _average_won_value, lambda m: m.won_priced,
    ),
    DealMetric(
        "cycle_median", N_("Sales cycle, median"),
        N_("Median of the days from opening to closing, of deals won in the period"),
        "days", _CLOSED, N_("lost deals"), "down", "deals", lambda m: m.cycle_median, lambda m: m.cycles,
    ),
    DealMetric(
        "cycle_p90", N_("Sales cycle, 90th percentile"),
        N_("Days from opening to closing that nine in ten deals won in the period did not exceed"),
        "days", _CLOSED, N_("lost deals"), "down", "deals", lambda m: m.cycle_p90, lambda m: m.cycles,
    ),
    DealMetric(
        "opened_deals", N_("Opened deals"), N_("Number of deals opened in the period"),
        "count", _OPENED, _NOTHING, "up", "deals", lambda m: m.opened, lambda m: m.opened,
    ),
    DealMetric(
        "open_deals", N_("Open deals"), N_("Number of deals opened before the period ends and not closed by then"),
        "count", _AT_END, _NOTHING, None, "deals", lambda m: m.open, lambda m: m.open,
    ),
    DealMetric(
        "open_value", N_("Open value"), N_("Sum of the amounts of open deals"),
        "money", _AT_END, _NO_AMOUNT, None, "deals",
        _priced(lambda m: from_e4(m.open_e4), "open"), lambda m: m.open_priced,
    ),
    DealMetric(
        "weighted", N_("Weighted value"),
        N_("Sum of amount × chance to win over open deals; the deal's own chance, else that of its stage"),
        "money", _AT_END, _NO_AMOUNT, "up", "deals", _priced(lambda m: from_e8(m.weighted_e8), "open"),
        lambda m: m.open_priced,
    ),
    DealMetric(
        "velocity", N_("Sales velocity per day"),
        N_("Open deals × average won value × win rate ÷ median sales cycle in days"),
        "money", N_("its four parts, each as defined"), _NO_AMOUNT, "up", "deals",
        _velocity, lambda m: m.open + m.closed,
    ),
    DealMetric(
        "forecast", N_("Forecast"),
        N_("Won value of the period + weighted value of the deals open at its end; a lost deal adds 0"),
        "money", N_("the day a deal closed; open when the period ends"), _NO_AMOUNT, "up", "deals",
        _forecast, lambda m: m.won_priced + m.open_priced,
    ),
    DealMetric(
        "slipping_deals", N_("Slipping deals"), N_("Open deals whose expected close has passed"),
        "count", _AT_END, N_("deals without an expected close"), "down", "deals",
        lambda m: m.slipping if m.expected or not m.open else None, lambda m: m.expected,
    ),
    DealMetric(
        "stale_deals", N_("Stale deals"),
        N_("Open deals without a move or activity for longer than nine in ten stays of won deals in that stage"),
        "count", _AT_END, N_("stages that fewer than five won deals have left"), "down", "deals",
        lambda m: m.stale if m.judged or not m.open else None, lambda m: m.judged,
    ),
)  # fmt: skip

PIPELINE_METRICS: dict[str, DealMetric] = {metric.id: metric for metric in _DEFINITIONS}
"""Every metric of the pipeline by id, in the order to show them."""
