"""When open tickets are due, worked out anew after targets or working hours changed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from crm_core.db.history import TrackedSession
from crm_core.db.models import Ticket, TicketState
from crm_core.records.ticket_times import events_by_ticket, promise_of, retime

_BATCH = 500


def retime_open(session: TrackedSession, priorities: Sequence[str]) -> int:
    """Work out anew when tickets of these priorities that are not resolved are due; how many there are.

    Resolved ones stay as they were: what was promised then is what they are measured by.
    """
    session.flush()
    waiting = select(Ticket).where(
        Ticket.priority.in_(priorities), Ticket.state != TicketState.RESOLVED.value, Ticket.merged_into_id.is_(None)
    )
    promises = {priority: promise_of(session, priority) for priority in priorities}
    last, count = 0, 0
    while True:
        batch = waiting.where(Ticket.id > last).order_by(Ticket.id).limit(_BATCH).with_for_update()
        tickets = list(session.scalars(batch.execution_options(populate_existing=True)))
        if not tickets:
            return count
        events = events_by_ticket(session, [ticket.id for ticket in tickets])
        for ticket in tickets:
            retime(session, ticket, events[ticket.id], promises[ticket.priority])
        last, count = tickets[-1].id, count + len(tickets)
        session.flush()
        for row in (*tickets, *(event for some in events.values() for event in some)):
            session.expunge(row)
