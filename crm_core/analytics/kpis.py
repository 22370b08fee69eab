"""The key figures of a period beside what they are compared with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import narwhals as nw
import pandas as pd

from crm_core.analytics import sales
from crm_core.analytics.customer_lists import CustomerList
from crm_core.analytics.histories import customer_history, customer_sums
from crm_core.analytics.measures import (
    Measures,
    Windows,
    collected,
    measures_of,
    totals,
)
from crm_core.analytics.metrics import METRICS, Value
from crm_core.analytics.periods import Comparison, Period, complete_until, local_today, require_askable, whole
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.registry import analysis
from crm_core.analytics.units import unit_sums
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables


@dataclass(frozen=True)
class KpiParams:
    """Which period, compared with what, of which orders. A country or channel narrows everything to its orders, a list
    of customers to theirs: guests are then left out.

    Raises:
        Invalid: the period lies outside the years 1900 to 2199.
    """

    period: Period
    compare: Comparison = "previous"
    country: str | None = None
    channel: str | None = None
    customers: CustomerList | None = None

    def __post_init__(self) -> None:
        require_askable(self.period)

    @property
    def compared(self) -> Period | None:
        """The period compared with, or None."""
        return self.period.compared(self.compare)

    def placed(self, tables: Tables) -> sales.Frame:
        """The `sales.order_values` of these orders."""
        return sales.order_values(tables, country=self.country, channel=self.channel, customers=self.customers)

    @property
    def windows(self) -> Windows:
        """The period and, if there is one, the compared period."""
        return Windows((self.period,) if self.compared is None else (self.period, self.compared))


@dataclass(frozen=True)
class Kpi:
    """One metric of the period: its value, the compared period's, the relative change, and what the value rests on.

    `value` is None where there is no data; `change` is None without a value to compare with or where that is 0. Of a
    negative base, `change` takes its size, so that a rise is always positive.
    """

    id: str
    value: Decimal | int | float | None
    previous: Decimal | int | float | None
    change: float | None
    n: int


@dataclass(frozen=True)
class KpiReport:
    """Every metric of the period. Records are whole up to, not including, the day `complete_until` (None: there are
    none); `is_incomplete` says that the period goes on after it."""

    period: Period
    compared: Period | None
    timezone: str
    complete_until: date | None
    is_incomplete: bool
    metrics: dict[str, Kpi]


@analysis("kpis", reads=("orders", "order_lines"), is_dated=True)
def kpis(tables: Tables, params: KpiParams, progress: Progress = silent) -> KpiReport:
    """Every sales and customer metric of a period, beside the compared period's.

    Definitions: `metrics.METRICS`. Windows are half-open local days of the workspace's time zone.
    """
    progress(0.0, N_("Adding up orders"))
    windows = params.windows
    placed = params.placed(tables)
    sums = [unit_sums(placed, [whole(period)], tables.timezone) for period in windows.shown]
    progress(0.7, N_("Following customers"))
    history = customer_history(placed, windows, tables.timezone)
    customers = totals(collected(history.select(**customer_sums(windows, tables.timezone))))
    return report_of(tables, params, measures_of(windows, sums, customers))


def report_of(tables: Tables, params: KpiParams, measured: tuple[Measures, ...]) -> KpiReport:
    """The report of what was measured in the period and, if there is one, in the compared period."""
    current, compared = measured[0], measured[1] if len(measured) > 1 else None
    known_until = complete_until(last_order_day(tables), local_today(tables.timezone))
    return KpiReport(
        period=params.period,
        compared=params.compared,
        timezone=tables.timezone,
        complete_until=known_until,
        is_incomplete=known_until is None or params.period.end > known_until,
        metrics={name: kpi(name, current, compared) for name in METRICS},
    )


def kpi(metric_id: str, current: Measures, compared: Measures | None) -> Kpi:
    """One metric of the period beside the compared one's."""
    metric = METRICS[metric_id]
    value = metric.value(current)
    previous = None if compared is None else metric.value(compared)
    return Kpi(metric_id, value, previous, relative_change(value, previous), metric.n(current))


def relative_change(value: Value, previous: Value) -> float | None:
    """(value − previous) ÷ |previous|; None where one is missing or the base is 0."""
    if value is None or previous is None or previous == 0:
        return None
    return float((value - previous) / abs(previous))  # type: ignore[operator]  # both are of the metric's one type


def last_order_day(tables: Tables) -> date | None:
    """The local day of the newest order, or None without orders."""
    newest = collected(tables.orders.select(day=nw.col("ordered_at").max().dt.date()))
    day = newest["day"].iloc[0]
    return None if pd.isna(day) else day
