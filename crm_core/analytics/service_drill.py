"""The tickets behind a number of service."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_core.analytics.measures import collected
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.registry import analysis
from crm_core.analytics.service_facts import facts_of, instants_of
from crm_core.analytics.service_metrics import SERVICE_METRICS
from crm_core.analytics.service_params import ServiceParams
from crm_core.analytics.service_tables import Part
from crm_core.analytics.service_values import Course
from crm_core.db.types import to_micros

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

COLUMNS = (
    "ticket_id", "number", "subject", "category", "channel", "priority", "team_id", "assignee_id", "state", "opened_at",
    "first_replied_at", "resolved_at", "at", "counted",
)  # fmt: skip


@dataclass(frozen=True)
class TicketsParams(ServiceParams):
    """As ServiceParams; the metric whose tickets are listed, and the part of them if not all: an hour of the week or an
    age."""

    metric: str = "opened"
    part: Part = field(default_factory=Part)


@dataclass(frozen=True)
class TicketsReport:
    """tickets: one row for each occurrence, the newest first: the columns of COLUMNS; `at` is when it happened,
    `counted` what it adds: hours, or 1 and 0 of a share. Times are of the workspace's zone."""

    tickets: pd.DataFrame


@analysis("service_tickets", reads=("tickets", "ticket_events"), is_dated=True)
def service_tickets(tables: Tables, params: TicketsParams, progress: Progress = silent) -> TicketsReport:  # noqa: ARG001
    """The tickets behind a number of service; its metric can be recomputed from `counted`.

    Raises:
        KeyError: there is no such metric.
    """
    course = Course(facts_of(tables, params.only, params.hours), to_micros(params.now))
    rows = params.part.kept(course, course.rows(SERVICE_METRICS[params.metric], params.period))
    tickets = course.facts.tickets.iloc[rows.ticket].reset_index(drop=True)
    found = tickets.rename(columns={"id": "ticket_id"})
    found["at"], found["counted"] = rows.at, rows.value
    for name in ("opened_at", "first_replied_at", "resolved_at", "at"):
        found[name] = pd.Series(_times(found[name], tables.timezone), index=found.index)
    subjects = collected(tables.tickets.select("id", "subject")).set_index("id")["subject"]
    found["subject"] = subjects.reindex(found["ticket_id"]).to_numpy()
    newest = found.sort_values(["at", "ticket_id"], ascending=False, kind="stable", ignore_index=True)
    return TicketsReport(newest[list(COLUMNS)])


def _times(values: pd.Series[int], timezone: str) -> pd.DatetimeIndex:
    found = instants_of(np.asarray(values, dtype=np.int64), timezone)
    return pd.DatetimeIndex(found, dtype=f"datetime64[us, {timezone}]")
