"""Which tickets are late, and which will be soon."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import narwhals as nw
import numpy as np
import pandas as pd

from crm_core.analytics.measures import collected
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.registry import analysis
from crm_core.analytics.service_facts import HOUR, NEVER, micros
from crm_core.analytics.service_params import TicketFilter
from crm_core.db.types import to_micros

if TYPE_CHECKING:
    from crm_core.warehouse import Tables


@dataclass(frozen=True)
class DueParams:
    """Which tickets, as of which instant (None: now), and how many hours ahead one looks."""

    only: TicketFilter = field(default_factory=TicketFilter)
    at: datetime | None = None
    hours_ahead: int = 24


@dataclass(frozen=True)
class DueReport:
    """n_open: open tickets; n_late, n_soon: those whose next step is overdue, or due within the hours ahead.

    tickets: those late or soon, the most urgent first: ticket_id, number, subject, priority, team_id, assignee_id,
        opened_at, due_at, step (response or resolution), hours_left (below 0: late).
    """

    n_open: int
    n_late: int
    n_soon: int
    tickets: pd.DataFrame


@analysis("service_due", reads=("tickets",), is_dated=True)
def service_due(tables: Tables, params: DueParams, progress: Progress = silent) -> DueReport:  # noqa: ARG001
    """The open tickets whose next step is overdue or due soon. A ticket on hold owes no resolution."""
    is_owed = (nw.col("state") != "resolved") & nw.col("merged_into_id").is_null()
    wanted = ("id", "number", "subject", "priority", "team_id", "assignee_id", "opened_at", "due_at")
    more = ("first_replied_at", "response_due_at")
    rows = collected(params.only.narrowed(tables.tickets).filter(is_owed).select(*wanted, *more))
    now = to_micros(params.at or datetime.now(UTC))
    due = micros(rows["due_at"])
    left = np.where(due == NEVER, np.inf, (due - np.minimum(now, due)) - np.maximum(now - due, 0)) / HOUR
    is_response = rows["first_replied_at"].isna().to_numpy() & (micros(rows["response_due_at"]) == due)
    rows["step"], rows["hours_left"] = np.where(is_response, "response", "resolution"), left
    is_late, is_soon = left < 0, (left >= 0) & (left <= params.hours_ahead)
    found = rows[is_late | is_soon].rename(columns={"id": "ticket_id"}).drop(columns=list(more))
    found = found.sort_values(["hours_left", "ticket_id"], kind="stable", ignore_index=True)
    return DueReport(len(rows), int(is_late.sum()), int(is_soon.sum()), found)
