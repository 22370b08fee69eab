"""Tables of a few literal tickets for tests of analyses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb
import narwhals as nw
import pyarrow as pa

from crm_core.access import EVERYTHING
from crm_core.db.models import TicketEvent
from crm_core.records.ticket_times import times_of
from crm_core.warehouse import Tables
from crm_core.warehouse.layout import TABLES
from tests.core.tables import instant


@dataclass(frozen=True)
class Did:
    """One event as a test writes it; `at` is local time unless it names an offset."""

    at: str
    kind: str = "status"
    author: str = "agent"
    state: str | None = None
    after: str | None = None


@dataclass(frozen=True)
class Ticket:
    """One ticket as a test writes it; its times follow from its events as the records keep them."""

    id: int
    opened: str
    did: Sequence[Did] = ()
    category: str | None = None
    channel: str | None = None
    priority: str = "normal"
    team: int | None = None
    assignee: int | None = None
    opened_by: str = "customer"
    response_due: str | None = None
    resolution_due: str | None = None
    is_sla_met: bool | None = None
    is_satisfied: bool | None = None
    rated: str | None = None
    merged_into: int | None = None
    subject: str = "Help"


def reply(at: str, author: str = "agent") -> Did:
    """A public message."""
    return Did(at, "reply", author)


def state(at: str, name: str) -> Did:
    """A change of status to a state."""
    return Did(at, state=name)


def ticket_tables(tickets: Iterable[Ticket], *, timezone: str = "Europe/Berlin") -> Tables:
    """The tables of these tickets."""
    rows, events = [], []
    for ticket in tickets:
        told = [Did(ticket.opened, "opened", ticket.opened_by, "open"), *ticket.did]
        mine = [
            {
                "id": len(events) + number, "ticket_id": ticket.id, "at": instant(did.at, timezone), "kind": did.kind,
                "author": did.author, "state": did.state, "after": did.after,
            }
            for number, did in enumerate(told, 1)
        ]  # fmt: skip
        events += mine
        rows.append(_row(ticket, mine, timezone))
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(f"SET TimeZone = '{timezone}'")
    arrow = {
        name: pa.Table.from_pylist([dict.fromkeys(TABLES[name].columns) | row for row in found], TABLES[name].schema)
        for name, found in (("tickets", rows), ("ticket_events", events))
    }
    frames = {name: nw.from_native(connection.from_arrow(table)).lazy() for name, table in arrow.items()}
    return Tables(frames.__getitem__, scope=EVERYTHING, timezone=timezone, snapshot=None, cursor=connection)


def _row(ticket: Ticket, events: list[dict[str, object]], timezone: str) -> dict[str, object]:
    names = ("at", "kind", "author", "state")
    ordered = sorted(events, key=lambda event: (event["at"], event["id"]))
    times = times_of([TicketEvent(**{name: e[name] for name in names}) for e in ordered], opened_by=ticket.opened_by)
    resolved = times.resolved_at

    def at(text: str | None) -> datetime | None:
        return None if text is None else instant(text, timezone)

    return {
        "id": ticket.id, "number": f"T{ticket.id}", "subject": ticket.subject, "category": ticket.category,
        "channel": ticket.channel, "priority": ticket.priority, "team_id": ticket.team, "assignee_id": ticket.assignee,
        "status": "new", "state": "resolved" if resolved else "on_hold" if times.held_since else "open",
        "opened_by": ticket.opened_by, "opened_at": at(ticket.opened), "first_replied_at": times.first_replied_at,
        "first_resolved_at": times.first_resolved_at, "resolved_at": resolved, "reopened": times.reopened,
        "response_due_at": at(ticket.response_due), "resolution_due_at": at(ticket.resolution_due),
        "is_sla_met": ticket.is_sla_met, "is_satisfied": ticket.is_satisfied, "rated_at": at(ticket.rated),
        "merged_into_id": ticket.merged_into,
    } | _due(ticket, times.first_replied_at is None, resolved is not None, at)  # fmt: skip


def _due(ticket: Ticket, is_unanswered: bool, is_resolved: bool, at: object) -> dict[str, object]:
    if is_resolved or ticket.merged_into is not None:
        return {"due_at": None}
    owed = [ticket.resolution_due, ticket.response_due if is_unanswered else None]
    return {"due_at": min((at(text) for text in owed if text is not None), default=None)}  # type: ignore[operator]


def hours_later(text: str, hours: float) -> str:
    """A local time so many hours later on the wall."""
    return (datetime.fromisoformat(text) + timedelta(hours=hours)).isoformat(sep=" ")
