"""New, returning, resurrected and dormant customers, month by month or week by week.

Each unit is a period of its own and counted as `kpis` counts it: beside as many days just before it. So every number
here is the metric of that month, and opens the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_core.access import Permission
from crm_core.analytics.cohort_grid import Numbers, Unit, require_few
from crm_core.analytics.customer_days import CustomerDays, customer_days, day_of, number_of
from crm_core.analytics.histories import statuses
from crm_core.analytics.kpis import last_order_day
from crm_core.analytics.periods import Bucket, Period, buckets, complete_until, local_today, require_askable
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.registry import analysis
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

STATUSES = ("new", "returning", "resurrected", "dormant")


@dataclass(frozen=True)
class LifecycleParams:
    """Which period, in months or weeks.

    Raises:
        Invalid: the period lies outside the years 1900 to 2199.
    """

    period: Period
    unit: Unit = "month"

    def __post_init__(self) -> None:
        require_askable(self.period)


@dataclass(frozen=True)
class LifecycleReport:
    """course: one row a month or week from the first order to the last: start, end (dates, half-open), is_complete (a
    whole unit, and over), new, returning, resurrected, dormant, active (customers; active are the first three)."""

    period: Period
    timezone: str
    course: pd.DataFrame


@analysis("lifecycle", reads=("orders", "order_lines"), permission=Permission.SEGMENTS_VIEW, is_dated=True)
def lifecycle(tables: Tables, params: LifecycleParams, progress: Progress = silent) -> LifecycleReport:
    """New, returning, resurrected and dormant customers of each month or week.

    Definitions: `metrics.METRICS`; the period before a month is as many days just before it.

    Raises:
        AnalysisRefused: the period holds more than 260 months or weeks with records.
    """
    progress(0.0, N_("Following customers"))
    last = last_order_day(tables)
    known = complete_until(last, local_today(tables.timezone))
    days = customer_days(tables, params.period.end)
    first = days.first_day
    units: list[Bucket] = []
    if len(first) and last is not None:
        units = _between(buckets(params.period, params.unit), day_of(first.min()), last)
    require_few(len(units), params.period)
    progress(0.5, N_("Counting who came back"))
    counts = _counts(days, [Period(unit.start, unit.end) for unit in units])
    course = pd.DataFrame(
        {
            "start": pd.Series([unit.start for unit in units], dtype=object),
            "end": pd.Series([unit.end for unit in units], dtype=object),
            "is_complete": pd.Series(
                [unit.is_whole and known is not None and unit.end <= known for unit in units], dtype="bool"
            ),
            **{name: counts[name] for name in (*STATUSES, "active")},
        }
    )
    return LifecycleReport(params.period, tables.timezone, course)


def _between(units: tuple[Bucket, ...], first: date, last: date) -> list[Bucket]:
    """The units from the one the first sale lies in to that of the last order."""
    return [unit for unit in units if unit.end > first and unit.start <= last]


def _counts(days: CustomerDays, periods: list[Period]) -> pd.DataFrame:
    """How many customers are what in each period, in order: active and each of STATUSES."""
    bought = days.orders > 0
    by_day = np.argsort(days.day[bought], kind="stable")
    day, customer = days.day[bought][by_day], days.customer[bought][by_day]
    first = days.first_day

    def who(period: Period) -> Numbers:
        """Whether each customer bought in it."""
        begin, end = np.searchsorted(day, [number_of(period.start), number_of(period.end)])
        found = np.zeros(len(days.ids), dtype=np.bool_)
        found[customer[begin:end]] = True
        return found

    rows = []
    for period in periods:
        is_first = (first >= number_of(period.start)) & (first < number_of(period.end))
        found = statuses(who(period), who(period.previous()), is_first)
        rows.append({name: int(condition.sum()) for name, condition in found.items()})
    return pd.DataFrame(rows, columns=[*STATUSES, "active"], dtype="int64")
