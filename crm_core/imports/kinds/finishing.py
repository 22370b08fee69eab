"""What new records hold beside what their file says: times that follow from events, due dates, names to sort by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.db.models import BusinessCalendar, SlaTarget, TicketEvent, TicketState, WorkspaceRow
from crm_core.db.types import from_micros, to_micros
from crm_core.imports.kinds.building import Built, Context
from crm_core.records.business_time import MINUTE, working_hours
from crm_core.records.search import sort_key
from crm_core.records.ticket_times import times_of


def finished(session: Session, kind: str, built: Sequence[Built], context: Context) -> list[dict[str, Any]]:
    """The whole rows of new records."""
    if kind == "tickets":
        return _tickets(session, built)
    if kind == "customers":
        plain = {"kind": "person", "tags": [], "custom": {}, "created_at": context.now}
        return [plain | one.values | {"sort_name": sort_key(one.values["name"])} for one in built]
    if kind == "products":
        return [{"is_active": True, "is_adjustment": False} | one.values for one in built]
    return [one.values for one in built]


def _tickets(session: Session, built: Sequence[Built]) -> list[dict[str, Any]]:
    rows = []
    for one in built:
        times = times_of([TicketEvent(**part) for part in one.parts], opened_by=one.values["opened_by"])
        rows.append(
            one.values
            | {
                "first_replied_at": times.first_replied_at,
                "first_resolved_at": times.first_resolved_at,
                "resolved_at": times.resolved_at,
                "reopened": times.reopened,
                "held": times.held,
                "is_held": times.held_since is not None,
            }
        )
    _set_due(session, rows)
    for row in rows:
        del row["held"], row["is_held"]
    return rows


def _set_due(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Response and resolution due by the targets of each priority, all tickets of one at once."""
    timezone = session.scalars(select(WorkspaceRow.timezone)).one()
    calendars = {calendar.id: calendar for calendar in session.scalars(select(BusinessCalendar))}
    for target in session.scalars(select(SlaTarget)):
        some = [row for row in rows if row["priority"] == target.priority]
        if not some:
            continue
        calendar = None if target.calendar_id is None else calendars[target.calendar_id]
        opened = [row["opened_at"] for row in some]
        from_hold = [row["opened_at"] + row["held"] for row in some]
        responses = _after(opened, target.response_minutes, calendar, timezone)
        resolutions = _after(from_hold, target.resolution_minutes, calendar, timezone)
        for row, response, resolution in zip(some, responses, resolutions, strict=True):
            row["response_due_at"] = response
            row["resolution_due_at"] = None if row["is_held"] else resolution
    for row in rows:
        row["due_at"] = _next(row)


def _next(row: Mapping[str, Any]) -> datetime | None:
    if row["state"] == TicketState.RESOLVED:
        return None
    owed = [row.get("resolution_due_at"), row.get("response_due_at") if row["first_replied_at"] is None else None]
    return min((at for at in owed if at is not None), default=None)


def _after(
    starts: Sequence[datetime], minutes: int | None, calendar: BusinessCalendar | None, timezone: str
) -> list[datetime | None]:
    if minutes is None:
        return [None] * len(starts)
    if calendar is None:
        return [start + timedelta(minutes=minutes) for start in starts]
    zone = ZoneInfo(timezone)
    first, last = min(starts).astimezone(zone).year, max(starts).astimezone(zone).year
    spells = working_hours(calendar.hours, calendar.holidays, timezone, date(first, 1, 1), date(last, 12, 31))
    ends = spells.after(np.array([to_micros(start) for start in starts]), minutes * MINUTE)
    return [from_micros(int(end)) for end in ends]
