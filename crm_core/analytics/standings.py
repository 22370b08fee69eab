"""How a metric stands against its target: met or missed once the period is over, on course or behind before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from crm_core.analytics.definitions import DEFINITIONS
from crm_core.analytics.figures import Figure
from crm_core.analytics.periods import Period

Status = Literal["met", "missed", "on_course", "behind"]

GROWING = frozenset(
    {
        "gross_sales", "net_sales", "refunds", "orders", "net_sales_customers", "product_sales_customers", "billed",
        "billed_customers", "booked_total", "active_customers", "new_customers", "returning_customers",
        "resurrected_customers", "resolved", "won_deals", "lost_deals", "won_value", "opened_deals",
    }
)  # fmt: skip
"""Metrics that add up as their period goes on: half of it over, half of the target is on course."""


@dataclass(frozen=True)
class Standing:
    """A metric against its target. `share` is value ÷ target (None where the target is 0); `elapsed` the part of the
    period that is over and on record."""

    metric: str
    target: Decimal
    value: Decimal | int | float
    n: int
    share: float | None
    elapsed: float
    status: Status

    @property
    def is_good(self) -> bool:
        """Whether it is met, or on course to be."""
        return self.status in {"met", "on_course"}

    @property
    def gap(self) -> float:
        """How far it fell short, as a part of the target; 0 where it did not."""
        if self.is_good:
            return 0.0
        due = float(self.target)
        if self.metric in GROWING and self.status == "behind":
            due *= self.elapsed
        return abs(float(self.value) - due) / due if due else float("inf")


def calendar_grain(period: Period) -> str | None:
    """The targets that hold for the period: week, month, quarter or year if it is exactly one, else None."""
    start, end = period.start, period.end
    if start.weekday() == 0 and period.days == 7:
        return "week"
    if start.day != 1 or end.day != 1:
        return None
    months = (end.year - start.year) * 12 + end.month - start.month
    if months == 1:
        return "month"
    if months == 3 and start.month % 3 == 1:
        return "quarter"
    return "year" if months == 12 and start.month == 1 else None


def calendar_period(day: date, grain: str) -> Period:
    """The calendar week, month, quarter or year that holds the day."""
    if grain == "week":
        start = day - timedelta(days=day.weekday())
        return Period(start, start + timedelta(days=7))
    months = {"month": 1, "quarter": 3, "year": 12}[grain]
    first = (day.month - 1) // months * months + 1
    start = day.replace(month=first, day=1)
    last = first + months - 1
    end = date(day.year + last // 12, last % 12 + 1, 1)
    return Period(start, end)


def elapsed_of(period: Period, complete_until: date | None) -> float:
    """The part of the period's days that is over and on record, 0 to 1."""
    if complete_until is None:
        return 0.0
    return max(0.0, min(1.0, (complete_until - period.start).days / period.days))


def standing(figure: Figure, target: Decimal, elapsed: float) -> Standing | None:
    """How the figure stands against its target; None where there is no data, or neither way is better."""
    better = DEFINITIONS[figure.id].better
    if figure.value is None or better is None:
        return None
    is_growing, is_over = figure.id in GROWING, elapsed >= 1
    value = Decimal(str(figure.value))
    is_reached = value >= target if better == "up" else value <= target
    if is_over:
        status: Status = "met" if is_reached else "missed"
    elif is_growing and is_reached == (better == "up"):
        status = "met" if better == "up" else "missed"  # it only grows, so this is decided
    else:
        due = target * Decimal(str(elapsed)) if is_growing else target
        is_well = value >= due if better == "up" else value <= due
        status = "on_course" if is_well else "behind"
    share = float(value / target) if target else None
    return Standing(figure.id, target, figure.value, figure.n, share, elapsed, status)


def standings(
    figures: Mapping[str, Figure], targets: Mapping[str, Decimal], elapsed: Mapping[str, float]
) -> dict[str, Standing]:
    """The standing of every metric that has a target and data; `elapsed` is by metric."""
    found = {
        name: standing(figures[name], target, elapsed[name]) for name, target in targets.items() if name in figures
    }
    return {name: held for name, held in found.items() if held is not None}
