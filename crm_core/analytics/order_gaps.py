"""How long customers take until their next order, and who is still waiting.

A gap is the number of local days from an order in the period to the same customer's next order; both have a sale, and
orders of one day are 0 days apart. A customer whose last order has no next one yet is waiting: leaving them out, as the
median of the gaps does, makes everyone look quicker than they are. The time until half have ordered again therefore
counts them as long as they are known to wait (E. L. Kaplan, P. Meier (1958), "Nonparametric estimation from incomplete
observations", JASA 53, 457–481).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_core.access import Permission
from crm_core.analytics.cohort_grid import Numbers
from crm_core.analytics.customer_days import customer_days, number_of
from crm_core.analytics.kpis import last_order_day
from crm_core.analytics.periods import Period, require_askable
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.registry import analysis
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

MOST_STEPS = 10
_MOST_BINS = 30
_BIN_DAYS = (1, 2, 7, 14, 30, 60, 90, 180, 365)


@dataclass(frozen=True)
class OrderGapsParams:
    """Which orders the waiting begins with; what happens after the period does not count.

    Raises:
        Invalid: the period lies outside the years 1900 to 2199.
    """

    period: Period

    def __post_init__(self) -> None:
        require_askable(self.period)


@dataclass(frozen=True)
class OrderGapsReport:
    """Days between an order and the next, None where there is no gap.

    gaps: how many; waiting: customers whose last order has no next one yet; p25_days, median_days, p75_days: quartiles
        of the gaps; time_to_half: days until half had ordered again, waiting ones included, None if half never did.
    histogram: from_days, to_days (half-open; None of the last bin), gaps.
    steps: one row an order number up to the tenth: order_number, customers (who placed that order in the period), gaps
        (of them with a next order), p25_days, median_days, p75_days, time_to_half; NaN where there is none.
    """

    period: Period
    timezone: str
    gaps: int
    waiting: int
    p25_days: float | None
    median_days: float | None
    p75_days: float | None
    time_to_half: int | None
    histogram: pd.DataFrame
    steps: pd.DataFrame


@analysis("order_gaps", reads=("orders", "order_lines"), permission=Permission.SEGMENTS_VIEW)
def order_gaps(tables: Tables, params: OrderGapsParams, progress: Progress = silent) -> OrderGapsReport:
    """Days until customers order again, as a distribution and by order number.

    Guests are left out; an order counts with at least one sale line.
    """
    progress(0.0, N_("Following customers"))
    days = customer_days(tables, params.period.end)
    progress(0.5, N_("Counting who came back"))
    last = last_order_day(tables)
    seen = number_of(min(params.period.end, (last or params.period.start) + timedelta(days=1))) - 1
    customer, day = np.repeat(days.customer, days.orders), np.repeat(days.day, days.orders)
    is_first = np.diff(customer, prepend=-1) != 0
    number = np.arange(len(day)) - np.maximum.accumulate(np.where(is_first, np.arange(len(day)), 0)) + 1
    has_next = np.diff(customer, append=-1) == 0
    following = np.append(day[1:], seen)
    wait = np.where(has_next, following, seen) - day
    begins = day >= number_of(params.period.start)
    wait, has_next, number = wait[begins], has_next[begins], number[begins]
    gaps = wait[has_next]
    quarters = quartiles(gaps)
    return OrderGapsReport(
        period=params.period,
        timezone=tables.timezone,
        gaps=len(gaps),
        waiting=int((~has_next).sum()),
        p25_days=quarters[0],
        median_days=quarters[1],
        p75_days=quarters[2],
        time_to_half=time_to_half(wait, has_next),
        histogram=_histogram(gaps),
        steps=_steps(number, wait, has_next),
    )


def quartiles(gaps: Numbers) -> tuple[float | None, float | None, float | None]:
    """The 25th, 50th and 75th percentile, or None of nothing."""
    if not len(gaps):
        return None, None, None
    low, middle, high = np.percentile(gaps, (25, 50, 75))
    return float(low), float(middle), float(high)


def time_to_half(wait: Numbers, is_over: Numbers) -> int | None:
    """The first day by which at least half have ordered again, by Kaplan and Meier; None if it is not reached.

    Args:
        wait: days until the next order, or, where that has not come, until the end of what is known.
        is_over: whether the next order came.
    """
    if not is_over.any():
        return None
    over, again = np.unique(wait[is_over], return_counts=True)
    waiting = len(wait) - np.searchsorted(np.sort(wait), over, side="left")
    left = np.cumprod(1 - again / waiting)
    reached = np.flatnonzero(left <= 0.5 + 1e-12)  # a product that is exactly a half may come out a hair above
    return int(over[reached[0]]) if len(reached) else None


def _steps(number: Numbers, wait: Numbers, is_over: Numbers) -> pd.DataFrame:
    rows = []
    for step in range(1, min(MOST_STEPS, int(number.max(initial=0))) + 1):
        own = number == step
        quarters = quartiles(wait[own & is_over])
        half = time_to_half(wait[own], is_over[own])
        rows.append((step, int(own.sum()), int((own & is_over).sum()), *quarters, half))
    columns = ["order_number", "customers", "gaps", "p25_days", "median_days", "p75_days", "time_to_half"]
    kinds = dict.fromkeys(columns[:3], "int64") | dict.fromkeys(columns[3:], "float64")
    return pd.DataFrame(rows, columns=columns).astype(kinds)


def _histogram(gaps: Numbers) -> pd.DataFrame:
    """Bins of equal width up to where 95 % of the gaps lie, and one for all beyond."""
    if not len(gaps):
        edges = np.array([0], dtype="int64")
    else:
        reach = int(np.percentile(gaps, 95, method="higher")) + 1
        width = next((days for days in _BIN_DAYS if days * _MOST_BINS >= reach), _BIN_DAYS[-1])
        edges = np.arange(0, -(-reach // width) + 1, dtype="int64") * width
    inside = np.searchsorted(edges, gaps, side="right") - 1
    counts = np.bincount(inside, minlength=len(edges))
    ends: list[int | None] = [int(end) for end in edges[1:]]
    frame = pd.DataFrame(
        {"from_days": edges, "to_days": pd.Series([*ends, None], dtype=object), "gaps": counts.astype("int64")}
    )
    return frame if counts[-1] else frame.iloc[:-1].reset_index(drop=True)
