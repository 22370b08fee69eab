"""What a ticket's events say of its times: first reply, resolutions, time on hold; and when the next step is due."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

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


@dataclass(frozen=True)
class Promise:
    """How soon tickets of one priority are to be answered and resolved, and in which hours; None: no target, no end."""

    response_minutes: int | None
    resolution_minutes: int | None
    hours: Mapping[str, Any] | None
    holidays: Sequence[str]
    timezone: str

    def end(self, minutes: int | None, since: datetime) -> datetime | None:
        """When so many minutes will have passed since then."""
        return None if minutes is None else due(since, minutes, self.hours, self.holidays, self.timezone)


def promise_of(session: Session, priority: str) -> Promise:
    """What is promised for a priority as things are set now."""
    calendar = BusinessCalendar
    statement = (
        select(
            SlaTarget.response_minutes, SlaTarget.resolution_minutes, calendar.hours, calendar.holidays,
            WorkspaceRow.timezone,
        )
        .select_from(WorkspaceRow)
        .join(SlaTarget, SlaTarget.priority == priority, isouter=True)
        .join(calendar, calendar.id == SlaTarget.calendar_id, isouter=True)
    )  # fmt: skip
    with session.no_autoflush:
        response, resolution, hours, holidays, timezone = session.execute(statement).one()
    return Promise(response, resolution, hours, holidays or [], timezone)


def events_by_ticket(session: Session, ticket_ids: Sequence[int]) -> dict[int, list[TicketEvent]]:
    """What happened to each of the tickets, in its order; an empty list where nothing did."""
    found: dict[int, list[TicketEvent]] = {ticket_id: [] for ticket_id in ticket_ids}
    statement = select(TicketEvent).where(TicketEvent.ticket_id.in_(ticket_ids))
    for event in session.scalars(statement.order_by(TicketEvent.at, TicketEvent.id)):
        found[event.ticket_id].append(event)
    return found


def retime(
    session: Session,
    ticket: Ticket,
    events: Sequence[TicketEvent],
    promise: Promise | None = None,
    *,
    is_promised_anew: bool = False,
) -> None:
    """Set the ticket's times, and when its next steps are due, from its events and what is promised its priority.

    A ticket that was and stays resolved keeps what it was promised: it is measured by the targets of its time, whatever
    is said of it later; `is_promised_anew` says that its priority is another one.
    """
    times = times_of(events, opened_by=ticket.opened_by)
    was_resolved_at = ticket.resolved_at
    ticket.first_replied_at = times.first_replied_at
    ticket.first_resolved_at = times.first_resolved_at
    ticket.resolved_at = times.resolved_at
    ticket.reopened = times.reopened
    if is_promised_anew or was_resolved_at is None or was_resolved_at != times.resolved_at:
        promised = promise or promise_of(session, ticket.priority)
        ticket.response_due_at = promised.end(promised.response_minutes, ticket.opened_at)
        # Standing still on hold moves the end by as long as it stood; while it stands, there is none.
        resolution = promised.end(promised.resolution_minutes, ticket.opened_at + times.held)
        ticket.resolution_due_at = None if times.held_since is not None else resolution
    ticket.due_at = _next_due(ticket)


def _next_due(ticket: Ticket) -> datetime | None:
    """The earlier of the steps that are still owed; None where none is."""
    if ticket.state == TicketState.RESOLVED or ticket.merged_into_id is not None:
        return None
    owed = [ticket.resolution_due_at, ticket.response_due_at if ticket.first_replied_at is None else None]
    return min((at for at in owed if at is not None), default=None)
