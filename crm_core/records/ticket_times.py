"""What a ticket's events say of its times: first reply, resolutions, time on hold; and when the next step is due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.db.models import (
    Author,
    BusinessCalendar,
    SlaTarget,
    Ticket,
    TicketEvent,
    TicketEventKind,
    TicketState,
    WorkspaceRow,
)
from crm_core.records.business_time import due


@dataclass(frozen=True)
class Times:
    """What follows from the events of one ticket.

    held: the finished spells on hold after each other; `held_since` the one that goes on.
    """

    first_replied_at: datetime | None
    first_resolved_at: datetime | None
    resolved_at: datetime | None
    reopened: int
    held: timedelta
    held_since: datetime | None


def times_of(events: Iterable[TicketEvent], *, opened_by: str) -> Times:
    """The times of a ticket from its events, in the order they happened.

    Only a person of the team replies; of a ticket the team itself opened, the first message is the question and the
    second the first reply. Reopening restarts nothing.
    """
    replies: list[datetime] = []
    state, since = TicketState.OPEN.value, None
    resolved_at = first_resolved_at = None
    held, reopened = timedelta(), 0
    for event in events:
        if event.kind == TicketEventKind.REPLY and event.author == Author.AGENT:
            replies.append(event.at)
        if event.state is None or event.state == state:
            continue
        if state == TicketState.ON_HOLD and since is not None:
            held, since = held + (event.at - since), None
        if state == TicketState.RESOLVED:
            resolved_at, reopened = None, reopened + 1
        if event.state == TicketState.ON_HOLD:
            since = event.at
        if event.state == TicketState.RESOLVED:
            resolved_at = event.at
            first_resolved_at = first_resolved_at or event.at
        state = event.state
    asked = 1 if opened_by == Author.AGENT else 0
    first_replied_at = replies[asked] if len(replies) > asked else None
    return Times(first_replied_at, first_resolved_at, resolved_at, reopened, held, since)


def retime(session: Session, ticket: Ticket, events: Sequence[TicketEvent]) -> None:
    """Set the ticket's times, and when its next steps are due, from its events and the targets of its priority."""
    times = times_of(events, opened_by=ticket.opened_by)
    ticket.first_replied_at = times.first_replied_at
    ticket.first_resolved_at = times.first_resolved_at
    ticket.resolved_at = times.resolved_at
    ticket.reopened = times.reopened
    with session.no_autoflush:
        target = session.scalar(select(SlaTarget).where(SlaTarget.priority == ticket.priority))
        calendar = (
            None if target is None or target.calendar_id is None else session.get(BusinessCalendar, target.calendar_id)
        )
        timezone = session.scalars(select(WorkspaceRow.timezone)).one()
    hours, holidays = (None, []) if calendar is None else (calendar.hours, calendar.holidays)

    def after(minutes: int | None, since: datetime) -> datetime | None:
        return None if minutes is None else due(since, minutes, hours, holidays, timezone)

    ticket.response_due_at = after(target.response_minutes, ticket.opened_at) if target else None
    # Standing still on hold moves the end by as long as it stood; while it stands, there is none.
    resolution = after(target.resolution_minutes, ticket.opened_at + times.held) if target else None
    ticket.resolution_due_at = None if times.held_since is not None else resolution
    ticket.due_at = _next_due(ticket)


def _next_due(ticket: Ticket) -> datetime | None:
    """The earlier of the steps that are still owed; None where none is."""
    if ticket.state == TicketState.RESOLVED or ticket.merged_into_id is not None:
        return None
    owed = [ticket.resolution_due_at, ticket.response_due_at if ticket.first_replied_at is None else None]
    return min((at for at in owed if at is not None), default=None)
