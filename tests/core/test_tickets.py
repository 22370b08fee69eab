"""The times of a ticket: who stops which clock, what hold and reopening do, and what is due next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from crm_core.access import SYSTEM
from crm_core.db.engine import Database
from crm_core.db.models import Author, SlaTarget, Ticket, TicketEvent, TicketEventKind
from crm_core.errors import Invalid
from crm_core.records import record_service, tickets
from crm_core.records.ticket_times import Times, times_of
from crm_core.records.tickets import TICKETS

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def event(hours: float, kind: str, author: Author = Author.AGENT, state: str | None = None) -> TicketEvent:
    return TicketEvent(at=START + timedelta(hours=hours), kind=kind, author=author.value, state=state)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


REPLY, NOTE, STATUS = TicketEventKind.REPLY, TicketEventKind.NOTE, TicketEventKind.STATUS


@pytest.mark.parametrize(
    ("opened_by", "events", "wanted"),
    [
        ("customer", [event(1, NOTE), event(2, REPLY, Author.BOT), event(3, REPLY, Author.CUSTOMER)], None),
        ("customer", [event(1, NOTE), event(2, REPLY, Author.BOT), event(3, REPLY), event(4, REPLY)], 3),
        ("agent", [event(0, REPLY)], None),
        ("agent", [event(0, REPLY), event(5, REPLY)], 5),
        ("customer", [event(1, REPLY), event(2, STATUS, state="resolved"), event(3, STATUS, state="open"),
                      event(4, REPLY)], 1),
    ],
)  # fmt: skip
def test_only_the_first_public_answer_of_a_person_counts(
    opened_by: str, events: list[TicketEvent], wanted: float | None
) -> None:
    found = times_of(events, opened_by=opened_by).first_replied_at
    assert found == (None if wanted is None else at(wanted))


def test_hold_stands_apart_and_reopening_clears_the_resolution() -> None:
    events = [
        event(0, "opened", state="open"), event(1, STATUS, state="on_hold"), event(3, STATUS, state="open"),
        event(4, STATUS, state="resolved"), event(6, STATUS, state="open"), event(7, STATUS, state="on_hold"),
        event(8, STATUS, state="resolved"), event(8.5, STATUS, state="resolved"),
    ]  # fmt: skip
    assert times_of(events, opened_by="customer") == Times(None, at(4), at(8), 1, timedelta(hours=3), None)
    assert times_of(events[:5], opened_by="customer") == Times(None, at(4), None, 1, timedelta(hours=2), None)
    assert times_of(events[:6], opened_by="customer").held_since == at(7)


@pytest.fixture
def ticket(database: Database) -> int:
    """A ticket with targets of an hour and a day, day and night."""
    with database.write(SYSTEM, "form") as session:
        for target in session.scalars(select(SlaTarget)):
            target.calendar_id, target.response_minutes, target.resolution_minutes = None, 60, 1_440
    with database.write(SYSTEM, "form") as session:
        return record_service.create(session=session, actor=SYSTEM, kind=TICKETS, values={"subject": "Broken"}).id


def changed(database: Database, **values: Any) -> Ticket:
    with database.write(SYSTEM, "form") as session:
        seen = session.get_one(Ticket, 1).version
        return record_service.update(
            session=session, actor=SYSTEM, kind=TICKETS, row_id=1, seen_version=seen, values=values
        ).row


def test_what_is_due_next_is_the_answer_then_the_resolution_then_nothing(database: Database, ticket: int) -> None:
    with database.read() as session:
        fresh = session.get_one(Ticket, ticket)
    assert fresh.due_at == fresh.opened_at + timedelta(hours=1)
    with database.write(SYSTEM, "form") as session:
        answered = tickets.reply(session=session, actor=SYSTEM, ticket_id=ticket, text="On it")
    assert answered.due_at == fresh.opened_at + timedelta(days=1)
    held = changed(database, status="waiting")
    assert (held.state, held.resolution_due_at, held.due_at) == ("on_hold", None, None)
    resumed = changed(database, status="open")
    assert resumed.due_at is not None
    assert resumed.due_at > fresh.opened_at + timedelta(days=1)  # by as long as it stood
    assert changed(database, status="resolved").due_at is None
    again = changed(database, status="open")
    assert (again.reopened, again.resolved_at, again.due_at) == (1, None, again.resolution_due_at)
    assert again.first_resolved_at is not None


def test_a_merged_ticket_owes_nothing_and_only_to_another(database: Database, ticket: int) -> None:
    with database.write(SYSTEM, "form") as session:
        other = record_service.create(session=session, actor=SYSTEM, kind=TICKETS, values={"subject": "Same"}).id
    with database.write(SYSTEM, "form") as session:
        merged = tickets.merge_into(session=session, actor=SYSTEM, ticket_id=other, survivor_id=ticket)
    assert (merged.merged_into_id, merged.due_at) == (ticket, None)
    for away, into in ((ticket, ticket), (ticket, other), (other, ticket)):
        with database.write(SYSTEM, "form") as session, pytest.raises(Invalid):
            tickets.merge_into(session=session, actor=SYSTEM, ticket_id=away, survivor_id=into)


def test_an_empty_message_is_refused(database: Database, ticket: int) -> None:
    with database.write(SYSTEM, "form") as session, pytest.raises(Invalid, match="Write something"):
        tickets.note(session=session, actor=SYSTEM, ticket_id=ticket, text=" \n ")
