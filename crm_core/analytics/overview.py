"""What changed in a period and why: key figures, their course, the revenue bridge, and what moved most."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import narwhals as nw
import pandas as pd

from crm_core.analytics.bridge import bridge_of, bridge_sums
from crm_core.analytics.drivers import Driver, drivers_of, leading_driver
from crm_core.analytics.histories import customer_history, customer_sums
from crm_core.analytics.kpis import KpiParams, KpiReport, report_of
from crm_core.analytics.measures import collected, measures_of, totals
from crm_core.analytics.periods import Grain, buckets
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.registry import analysis
from crm_core.analytics.series import series_of
from crm_core.analytics.units import unit_sums
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables


@dataclass(frozen=True)
class OverviewParams(KpiParams):
    """As KpiParams, and whether the course is cut into days, weeks (from Monday) or calendar months."""

    grain: Grain = "day"


@dataclass(frozen=True)
class Headline:
    """The change in a sentence: how much net sales moved, and what moved most in that direction, if anything did."""

    net_sales_change: Decimal
    component: str | None
    component_amount: Decimal | None
    driver: Driver | None


@dataclass(frozen=True)
class OverviewReport:
    """Everything the overview shows. Money in frames is exact: Decimals, None where there is no data.

    series, compared_series: one row per day, week or month: start, end (dates, half-open), is_complete (a whole unit,
        and over), n (sale and refund lines), and one column per metric of `series.SERIES_METRICS`.
    bridge: component, amount, customers; see `bridge`. Empty if nothing is compared.
    drivers: dimension (country, category, channel), value (None: not known), current, previous, change; see `drivers`.
    headline: None if nothing is compared or one of the periods has no data.
    """

    kpis: KpiReport
    series: pd.DataFrame
    compared_series: pd.DataFrame | None
    bridge: pd.DataFrame
    drivers: pd.DataFrame
    headline: Headline | None


@analysis("overview", reads=("orders", "order_lines", "products"), is_dated=True)
def overview(tables: Tables, params: OverviewParams, progress: Progress = silent) -> OverviewReport:
    """What changed in a period and why.

    Definitions: `metrics.METRICS`. Windows are half-open local days of the workspace's time zone.
    """
    progress(0.0, N_("Adding up orders"))
    windows, zone = params.windows, tables.timezone
    placed = params.placed(tables)
    units = [buckets(period, params.grain) for period in windows.shown]
    sums = [unit_sums(placed, cut, zone) for cut in units]
    progress(0.4, N_("Following customers"))
    history = customer_history(placed, windows, zone).with_columns(first_day=nw.col("first_at").dt.date())
    wanted = customer_sums(windows, zone) | bridge_sums(windows, zone) | {"gained": nw.len()}
    by_first_day = collected(history.group_by("first_day").agg(**wanted))
    progress(0.6, N_("Finding what moved"))
    drivers = drivers_of(tables, placed, windows)
    customers = totals(by_first_day.drop(columns="first_day"))

    measured = measures_of(windows, sums, customers)
    key_figures = report_of(tables, params, measured)
    gained = dict(zip(by_first_day["first_day"], by_first_day["gained"], strict=True))
    courses = [
        series_of(cut, counts, gained, key_figures.complete_until) for cut, counts in zip(units, sums, strict=True)
    ]
    bridge = bridge_of(customers, measured)
    return OverviewReport(
        kpis=key_figures,
        series=courses[0],
        compared_series=courses[1] if len(courses) > 1 else None,
        bridge=bridge,
        drivers=drivers,
        headline=_headline(key_figures, bridge, drivers),
    )


def _headline(key_figures: KpiReport, bridge: pd.DataFrame, drivers: pd.DataFrame) -> Headline | None:
    net = key_figures.metrics["net_sales"]
    if not isinstance(net.value, Decimal) or not isinstance(net.previous, Decimal):
        return None
    change = net.value - net.previous
    components = zip(bridge["component"], bridge["amount"], strict=True)
    same_way = [(abs(amount), name, amount) for name, amount in components if amount * change > 0]
    _, component, amount = max(same_way, default=(None, None, None))
    return Headline(change, component, amount, leading_driver(drivers, change))
