"""How customer service went: every metric of tickets in a period, its course, and where it differs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from crm_core.analytics.periods import Period, buckets
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.registry import analysis
from crm_core.analytics.service_facts import facts_of
from crm_core.analytics.service_metrics import SERVICE_METRICS
from crm_core.analytics.service_params import ServiceParams
from crm_core.analytics.service_tables import ageing_of, breakdown_of, course_of, hours_of
from crm_core.analytics.service_values import Course, ServiceKpi
from crm_core.analytics.volume_flags import flags_of, judged_from
from crm_core.db.types import to_micros
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables


@dataclass(frozen=True)
class ServiceReport:
    """Everything about the tickets of a period. Records are whole up to, not including, `complete_until` (None: there
    are no tickets); `is_incomplete` says that the period goes on after it.

    series, compared_series: a row per day, week or month: start, end (half-open), is_complete, and for each metric its
        value, `{metric}_n`, and of durations `{metric}_p90` and `{metric}_mean`.
    breakdown: dimension (category, channel, priority, team_id, assignee_id), value (None: not set), and the same
        columns of the metrics of `service_tables.COMPARED`.
    by_hour: weekday (0 Monday), hour (local), opened; all 168.
    ageing: from_days, to_days (None: no end), tickets; those open at the end of the period.
    flags: when more or fewer tickets came than chance explains; see `volume_flags.flags_of`. The first day that could
        be judged is `judged_from`; None: the history is too short.
    """

    params: ServiceParams
    compared: Period | None
    timezone: str
    complete_until: date | None
    is_incomplete: bool
    n_tickets: int
    metrics: dict[str, ServiceKpi]
    series: pd.DataFrame
    compared_series: pd.DataFrame | None
    breakdown: pd.DataFrame
    by_hour: pd.DataFrame
    ageing: pd.DataFrame
    flags: pd.DataFrame
    judged_from: date | None


@analysis("service", reads=("tickets", "ticket_events"), is_dated=True)
def service(tables: Tables, params: ServiceParams, progress: Progress = silent) -> ServiceReport:
    """Every metric of tickets in a period, beside the compared period's, its course, and where it differs.

    Definitions: `service_metrics.SERVICE_METRICS`. Windows are half-open local days of the workspace's time zone.
    """
    progress(0.0, N_("Reading tickets"))
    course = Course(facts_of(tables, params.only, params.hours), to_micros(params.now))
    progress(0.4, N_("Counting"))
    period, compared, known_until = params.period, params.compared, course.known_until
    metrics = {name: course.kpi(metric, period, compared) for name, metric in SERVICE_METRICS.items()}
    units = [buckets(window, params.grain) for window in (period, compared) if window is not None]
    courses = [course_of(course, cut) for cut in units]
    progress(0.7, N_("Comparing"))
    return ServiceReport(
        params=params,
        compared=compared,
        timezone=tables.timezone,
        complete_until=known_until,
        is_incomplete=known_until is None or period.end > known_until,
        n_tickets=int(course.facts.counted.sum()),
        metrics=metrics,
        series=courses[0],
        compared_series=courses[1] if len(courses) > 1 else None,
        breakdown=breakdown_of(course, period),
        by_hour=hours_of(course, period),
        ageing=ageing_of(course, period),
        flags=flags_of(course, period, params.days_off),
        judged_from=judged_from(course),
    )
