"""The sales pipeline of a period: what was won, what is open and worth, how fast deals move, and which are stuck."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_core.analytics.customer_days import day_of, local_days
from crm_core.analytics.deal_book import NEVER, DealBook, Flags, Numbers, deal_book
from crm_core.analytics.deal_values import sum_e4, weighted_e8
from crm_core.analytics.deal_window import DealWindow
from crm_core.analytics.kpis import Kpi, relative_change
from crm_core.analytics.measures import collected
from crm_core.analytics.periods import Comparison, Period, complete_until, local_today, require_askable
from crm_core.analytics.pipeline_groups import group_table
from crm_core.analytics.pipeline_metrics import PIPELINE_METRICS, DealMeasures
from crm_core.analytics.pipeline_outlook import outlook_table
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.proportions import wilson
from crm_core.analytics.registry import analysis
from crm_core.analytics.stage_table import stage_table
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

READS = ("deals", "deal_moves", "deal_stages", "activities", "products")


@dataclass(frozen=True)
class PipelineParams:
    """Which period, compared with what.

    Raises:
        Invalid: the period lies outside the years 1900 to 2199.
    """

    period: Period
    compare: Comparison = "previous"

    def __post_init__(self) -> None:
        require_askable(self.period)

    @property
    def compared(self) -> Period | None:
        """The period compared with, or None."""
        return self.period.compared(self.compare)


@dataclass(frozen=True)
class DealKpi(Kpi):
    """One metric of the period, as `Kpi`; a share of deals has the ends of its 95 % interval, Wilson's."""

    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class PipelineReport:
    """The pipeline of the period. Records are whole up to, not including, the day `complete_until` (None: there are
    none); `is_incomplete` says that the period goes on after it. What is open, slipping and stale is so at the end of
    the period; how late and how idle it is, is measured at the beginning of the day `as_of`.

    metrics: by the ids of `pipeline_metrics.PIPELINE_METRICS`.
    open_unpriced, won_unpriced, lost_unpriced: deals without an amount, which add nothing to a value.
    stages: one row an open stage, in order: code, name, probability (of the stage); of the deals that reached it in the
        period: reached, advanced (they reached the next one, or were won, by today), lost, undecided, conversion
        (advanced ÷ reached), low, high; of_opened (of the deals opened in the period, those that reached it); of the
        stays in it that ended in the period: stays, median_days, p90_days; usual_days (what nine in ten stays of won
        deals did not exceed) and usual_n; at the end of the period: open_deals, unpriced, open_value, weighted.
    funnel_won: of the deals opened in the period, those won by today.
    groups: one row a group of deals closed in the period: dimension (owner, product, source, size), key (of the owner
        or product its id; of a size class where it begins; None: not said), name (of a product), closed, won, lost,
        rate (won ÷ closed), low, high, won_value, unpriced.
    outlook: one row a month from the period's first to a year after its last, then overdue, later and undated deals, as
        `kind` says: start, end, won and won_deals (closed in the period and these days), weighted and open_deals
        (expected in these days), unpriced. All won and weighted together are the forecast.
    """

    period: Period
    compared: Period | None
    timezone: str
    complete_until: date | None
    is_incomplete: bool
    as_of: date
    metrics: dict[str, DealKpi]
    open_unpriced: int
    won_unpriced: int
    lost_unpriced: int
    stages: pd.DataFrame
    funnel_won: int
    groups: pd.DataFrame
    outlook: pd.DataFrame


@analysis("pipeline", reads=READS, is_dated=True)
def pipeline(tables: Tables, params: PipelineParams, progress: Progress = silent) -> PipelineReport:
    """The metrics of the sales pipeline in a period beside the compared period's, and its stages.

    Definitions: `pipeline_metrics.PIPELINE_METRICS`. Windows are half-open local days of the workspace's time zone.
    """
    progress(0.0, N_("Reading deals"))
    book = deal_book(tables)
    progress(0.4, N_("Following deals through the stages"))
    today = local_today(tables.timezone)
    window = DealWindow(book, params.period, today)
    current = measured(window)
    compared = None if params.compared is None else measured(DealWindow(book, params.compared, today))
    known_until = complete_until(last_day(book), today)
    return PipelineReport(
        period=params.period,
        compared=params.compared,
        timezone=tables.timezone,
        complete_until=known_until,
        is_incomplete=known_until is None or params.period.end > known_until,
        as_of=window.day,
        metrics={name: _kpi(name, current, compared) for name in PIPELINE_METRICS},
        open_unpriced=current.open - current.open_priced,
        won_unpriced=current.won - current.won_priced,
        lost_unpriced=current.lost - current.lost_priced,
        stages=stage_table(window),
        funnel_won=_n(window.opened & book.is_won),
        groups=group_table(window, product_names(tables)),
        outlook=outlook_table(window),
    )


def measured(window: DealWindow) -> DealMeasures:
    """What the deals of one window add up to."""
    book, won, lost, is_open = window.book, window.won, window.lost, window.open
    cycles = window.cycle_days[window.cycles]
    return DealMeasures(
        on_record=_n(window.on_record),
        opened=_n(window.opened),
        won=_n(won),
        lost=_n(lost),
        won_priced=_n(won & book.is_priced),
        lost_priced=_n(lost & book.is_priced),
        won_e4=sum_e4(book, won),
        lost_e4=sum_e4(book, lost),
        cycles=len(cycles),
        cycle_median=float(np.median(cycles)) if len(cycles) else None,
        cycle_p90=float(np.quantile(cycles, 0.9)) if len(cycles) else None,
        open=_n(is_open),
        open_priced=_n(is_open & book.is_priced),
        open_e4=sum_e4(book, is_open),
        weighted_e8=weighted_e8(book, is_open, window.stage),
        expected=_n(window.expected),
        slipping=_n(window.slipping),
        judged=_n(window.stuck.judged),
        stale=_n(window.stuck.stale),
    )


def product_names(tables: Tables) -> dict[int, str]:
    """The names of the products, by id."""
    rows = collected(tables.products.select("id", "name"))
    return dict(zip(rows["id"].tolist(), rows["name"].tolist(), strict=True))


def last_day(book: DealBook) -> date | None:
    """The local day of the newest thing that happened to a deal, or None without deals."""
    instants = np.concatenate([book.opened, book.closed, book.moves.at])
    known: Numbers = instants[instants != NEVER]
    return day_of(local_days(known.max(keepdims=True), book.timezone)[0]) if len(known) else None


def _kpi(metric_id: str, current: DealMeasures, compared: DealMeasures | None) -> DealKpi:
    metric = PIPELINE_METRICS[metric_id]
    value = metric.value(current)
    previous = None if compared is None else metric.value(compared)
    found = DealKpi(metric_id, value, previous, relative_change(value, previous), metric.n(current))
    if metric.part is None or value is None:
        return found
    low, high = wilson(metric.part(current), metric.n(current))
    return replace(found, low=float(low), high=float(high))


def _n(chosen: Flags) -> int:
    return int(chosen.sum())
