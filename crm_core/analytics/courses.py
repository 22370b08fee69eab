"""The course of every metric: its value in each of the last calendar weeks, months, quarters or years."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pandas as pd

from crm_core.analytics import sales
from crm_core.analytics.deal_book import deal_book
from crm_core.analytics.deal_window import DealWindow
from crm_core.analytics.extent import ExtentParams, extent
from crm_core.analytics.figures import SOURCES
from crm_core.analytics.histories import customer_history, customer_sums
from crm_core.analytics.kpis import last_order_day
from crm_core.analytics.measures import Windows, collected, measures_of, totals
from crm_core.analytics.metrics import METRICS
from crm_core.analytics.periods import Period, complete_until, local_today, require_askable, whole
from crm_core.analytics.pipeline import READS, last_day, measured
from crm_core.analytics.pipeline_extent import PipelineExtentParams, pipeline_extent
from crm_core.analytics.pipeline_metrics import PIPELINE_METRICS
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.registry import Analysis, analysis
from crm_core.analytics.service_extent import ServiceExtentParams, service_extent
from crm_core.analytics.service_facts import facts_of
from crm_core.analytics.service_metrics import SERVICE_METRICS
from crm_core.analytics.service_params import TicketFilter
from crm_core.analytics.service_values import Course
from crm_core.analytics.standings import calendar_period
from crm_core.analytics.units import unit_sums
from crm_core.db.types import to_micros
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables


@dataclass(frozen=True)
class CourseParams:
    """The calendar period of length `grain` that holds `last`, and the `count` − 1 before it.

    Raises:
        Invalid: they reach outside the years 1900 to 2199.
    """

    last: date
    grain: str = "month"
    count: int = 13

    def __post_init__(self) -> None:
        for period in self.periods:
            require_askable(period)

    @property
    def periods(self) -> tuple[Period, ...]:
        """In order of time."""
        found = [calendar_period(self.last, self.grain)]
        while len(found) < self.count:
            found.append(calendar_period(found[-1].start - timedelta(days=1), self.grain))
        return tuple(reversed(found))


@dataclass(frozen=True)
class CourseReport:
    """course: a row a period, in order: start, end (dates, half-open), is_complete (over and on record), is_known (the
    records had begun), and a column per metric: its value as a float, NaN where there is no data."""

    course: pd.DataFrame


@analysis("sales_course", reads=("orders", "order_lines"), is_dated=True)
def sales_course(tables: Tables, params: CourseParams, progress: Progress = silent) -> CourseReport:
    """Every metric of orders in each of the last calendar periods."""
    progress(0.0, N_("Adding up orders"))
    placed, windows, zone = sales.order_values(tables), Windows(params.periods), tables.timezone
    units = unit_sums(placed, [whole(period) for period in params.periods], zone)
    sums = [units.iloc[[place]] for place in range(len(params.periods))]
    progress(0.5, N_("Following customers"))
    history = customer_history(placed, windows, zone)
    counts = totals(collected(history.select(**customer_sums(windows, zone))))
    found = measures_of(windows, sums, counts)
    first = collected(placed.select(first=nw.col("ordered_at").min()))["first"].iloc[0]
    known_from = None if pd.isna(first) else first.tz_convert(zone).date()
    until = complete_until(last_order_day(tables), local_today(zone))
    rows = [{name: metric.value(measures) for name, metric in METRICS.items()} for measures in found]
    return CourseReport(_course(params.periods, rows, known_from, until))


@analysis("service_course", reads=("tickets", "ticket_events"), is_dated=True)
def service_course(tables: Tables, params: CourseParams, progress: Progress = silent) -> CourseReport:
    """Every metric of tickets in each of the last calendar periods, by the clock, as of the beginning of today."""
    progress(0.0, N_("Reading tickets"))
    today = datetime.combine(datetime.now(UTC).date(), time.min, UTC)
    course = Course(facts_of(tables, TicketFilter(), None), to_micros(today))
    rows = [
        {name: course.value(metric, period).value for name, metric in SERVICE_METRICS.items()}
        for period in params.periods
    ]
    return CourseReport(_course(params.periods, rows, course.known_from, course.known_until))


@analysis("pipeline_course", reads=READS, is_dated=True)
def pipeline_course(tables: Tables, params: CourseParams, progress: Progress = silent) -> CourseReport:
    """Every metric of deals in each of the last calendar periods."""
    progress(0.0, N_("Reading deals"))
    book, today = deal_book(tables), local_today(tables.timezone)
    rows = []
    for period in params.periods:
        measures = measured(DealWindow(book, period, today))
        rows.append({name: metric.value(measures) for name, metric in PIPELINE_METRICS.items()})
    opened = book.opened.min() if len(book) else None
    known_from = (
        None if opened is None else pd.Timestamp(opened, unit="us", tz="UTC").tz_convert(tables.timezone).date()
    )
    return CourseReport(_course(params.periods, rows, known_from, complete_until(last_day(book), today)))


_COURSES: Mapping[str, Analysis[CourseParams, CourseReport]] = {
    "overview": sales_course, "service": service_course, "pipeline": pipeline_course,
}  # fmt: skip
COURSES: Mapping[str, Analysis[CourseParams, CourseReport]] = {
    area: _COURSES[source.analysis.name] for area, source in SOURCES.items()
}
"""The analysis that gives the course of an area's metrics."""

Ask = Callable[[Analysis[Any, Any], Any], Any]


def courses_of(ask: Ask, params: CourseParams, areas: Sequence[str]) -> dict[str, pd.DataFrame]:
    """The course of each of these areas."""
    reports = {found.name: ask(found, params) for found in dict.fromkeys(COURSES[area] for area in areas)}
    return {area: reports[COURSES[area].name].course for area in areas}


def last_day_on_record(ask: Ask) -> date | None:
    """The last day with an order, a ticket or a deal; None without any."""
    found = [
        ask(extent, ExtentParams()).last,
        ask(service_extent, ServiceExtentParams()).last,
        ask(pipeline_extent, PipelineExtentParams()).last,
    ]
    return max((day for day in found if day is not None), default=None)


def _course(
    periods: Sequence[Period], rows: Sequence[Mapping[str, Any]], known_from: date | None, until: date | None
) -> pd.DataFrame:
    frame = pd.DataFrame(rows).astype("float64")
    frame.insert(0, "start", pd.Series([period.start for period in periods], dtype=object))
    frame.insert(1, "end", pd.Series([period.end for period in periods], dtype=object))
    frame.insert(2, "is_complete", [until is not None and period.end <= until for period in periods])
    frame.insert(3, "is_known", [known_from is not None and period.start >= known_from for period in periods])
    return frame
