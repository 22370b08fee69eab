"""New, returning, resurrected and dormant customers, month by month or week by week.

Each unit is a period of its own and counted as `kpis` counts it: beside as many days just before it. So every number
here is the metric of that month, and opens the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import narwhals as nw
import pandas as pd

from crm_core.access import Permission
from crm_core.analytics import sales
from crm_core.analytics.cohort_grid import Unit, require_few
from crm_core.analytics.histories import customer_history, customer_sums
from crm_core.analytics.kpis import last_order_day
from crm_core.analytics.measures import Windows, collected, totals
from crm_core.analytics.periods import Period, buckets, complete_until, local_today, require_askable
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
    orders = sales.orders_of(tables)
    with tables.kept(sales.valued_orders(tables, orders)) as placed:
        sold = placed.filter(sales.has_sale()).select(first=nw.col("ordered_at").min().dt.date())
        first = collected(sold)["first"].iloc[0]
        units = (
            [
                unit
                for unit in buckets(params.period, params.unit)
                if unit.end > first and unit.start < last + timedelta(days=1)
            ]
            if last is not None and not pd.isna(first)
            else []
        )
        require_few(len(units), params.period)
        windows = Windows(tuple(Period(unit.start, unit.end) for unit in units))
        counts: dict[str, int] = {}
        if units:
            history = customer_history(placed, windows, tables.timezone)
            counts = totals(collected(history.select(**customer_sums(windows, tables.timezone))))
    course = pd.DataFrame(
        {
            "start": pd.Series([unit.start for unit in units], dtype=object),
            "end": pd.Series([unit.end for unit in units], dtype=object),
            "is_complete": pd.Series(
                [unit.is_whole and known is not None and unit.end <= known for unit in units], dtype="bool"
            ),
            **{
                name: pd.Series([counts[f"{name}_{i}"] for i in range(len(units))], dtype="int64")
                for name in (*STATUSES, "active")
            },
        }
    )
    return LifecycleReport(params.period, tables.timezone, course)
