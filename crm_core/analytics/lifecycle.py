"""New, returning, resurrected and dormant customers, month by month or week by week.

Each unit is a period of its own and counted as `kpis` counts it: beside as many days just before it. So every number
here is the metric of that month, and opens the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import narwhals as nw
import pandas as pd

from crm_core.access import Permission
from crm_core.analytics import sales
from crm_core.analytics.cohort_grid import Unit, require_few
from crm_core.analytics.histories import statuses
from crm_core.analytics.kpis import last_order_day
from crm_core.analytics.measures import as_number, collected
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
    with tables.kept(_sold(tables)) as sold:
        first = collected(sold.select(day=nw.col("ordered_at").min().dt.date()))["day"].iloc[0]
        units = [] if pd.isna(first) or last is None else _between(buckets(params.period, params.unit), first, last)
        require_few(len(units), params.period)
        counts = _counts(sold, [Period(unit.start, unit.end) for unit in units], tables.timezone)
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


def _sold(tables: Tables) -> sales.Frame:
    """The orders with a sale to a known customer: customer_id, ordered_at, sale_e4."""
    known = sales.orders_of(tables).filter(~nw.col("customer_id").is_null()).select("id", "customer_id", "ordered_at")
    return sales.valued_orders(tables, known).filter(sales.has_sale()).select("customer_id", "ordered_at", "sale_e4")


def _between(units: tuple[Bucket, ...], first: date, last: date) -> list[Bucket]:
    """The units from the one the first sale lies in to that of the last order."""
    return [unit for unit in units if unit.end > first and unit.start <= last]


def _counts(sold: sales.Frame, periods: list[Period], timezone: str) -> pd.DataFrame:
    """How many customers are what in each period, in order: active and each of STATUSES.

    Sales are added up once, in the slices that the periods and those before them are made of; each period is then put
    together from its slices. Asking for every period at once would cost the engine a sum for each and every order.
    """
    if not periods:
        return pd.DataFrame(columns=[*STATUSES, "active"], dtype="int64")
    edges = sorted({day for period in periods for day in (period.previous().start, period.start, period.end)})
    sliced = sold.with_columns(slice=sales.which(edges, timezone)).group_by("customer_id", "slice")
    rows = collected(sliced.agg(sale=nw.col("sale_e4").sum().cast(nw.Int64)))
    first = rows.groupby("customer_id")["slice"].transform("min")
    number = {day: i for i, day in enumerate(edges)}
    parts = []
    for i, period in enumerate(periods):
        before, start, end = (number[day] for day in (period.previous().start, period.start, period.end))
        inside = rows["slice"].between(before, end - 1)
        is_now = rows["slice"][inside] >= start
        sale = rows["sale"][inside]
        parts.append(
            pd.DataFrame(
                {
                    "period": i,
                    "customer_id": rows["customer_id"][inside],
                    "sale": sale.where(is_now, 0),
                    "sale_before": sale.where(~is_now, 0),
                    "is_first": first[inside].between(start, end - 1),
                }
            )
        )
    history = nw.from_native(pd.concat(parts, ignore_index=True), eager_only=True)
    by_customer = history.group_by("period", "customer_id").agg(
        nw.col("sale", "sale_before").sum(), nw.col("is_first").max()
    )
    is_what = statuses(nw.col("sale"), nw.col("sale_before"), nw.col("is_first"))
    flags = by_customer.select("period", **{name: as_number(condition) for name, condition in is_what.items()})
    sums = flags.to_native().groupby("period").sum().reindex(range(len(periods)), fill_value=0)
    return sums.astype("int64")
