"""What a customer says about marketing: kept with when, how and by whom, and taken back with the change it came in."""

from __future__ import annotations

from typing import Any

import pytest

from crm_core.access import Actor, Role
from crm_core.db.engine import Database
from crm_core.errors import NotFound
from crm_core.records import consent, customers, history, undo
from tests.accounts import account
from tests.core.changes import contents


@pytest.fixture
def ada(database: Database) -> Actor:
    return account(database, "Ada")


def add(database: Database, actor: Actor, **values: Any) -> int:
    with database.write(actor, "form") as session:
        made = customers.create(session=session, actor=actor, values={"name": "Eva Öz", **values})
        return made.id


def change(database: Database, actor: Actor, customer_id: int, seen: int, **values: Any) -> None:
    with database.write(actor, "form") as session:
        customers.update(session=session, actor=actor, customer_id=customer_id, seen_version=seen, values=values)


def said(database: Database, actor: Actor, customer_id: int) -> list[tuple[bool | None, str | None, str]]:
    with database.read() as session:
        events = consent.history(session=session, actor=actor, customer_id=customer_id)
    return [(event.has_consent, event.how, event.by) for event in events]


def undo_latest(database: Database, actor: Actor, customer_id: int) -> None:
    with database.read() as session:
        entry = history.for_record(session=session, actor=actor, table="customers", row_id=customer_id).entries[0]
    assert entry.change_id is not None
    with database.write(actor, "undo", cause_id=entry.change_set_id) as session:
        undo.undo_change(session=session, actor=actor, change_id=entry.change_id)


def test_every_answer_is_kept_and_other_edits_add_none(database: Database, ada: Actor) -> None:
    buyer = add(database, ada, has_marketing_consent=True)
    change(database, ada, buyer, 1, city="Köln")
    change(database, ada, buyer, 2, has_marketing_consent=False)
    change(database, ada, buyer, 3, has_marketing_consent=None)
    assert said(database, ada, buyer) == [(None, "form", "Ada"), (False, "form", "Ada"), (True, "form", "Ada")]


def test_nobody_was_asked_where_nothing_was_said(database: Database, ada: Actor) -> None:
    assert said(database, ada, add(database, ada)) == []


def test_undoing_a_change_takes_its_answer_back_and_undoing_that_brings_it_again(
    database: Database, ada: Actor
) -> None:
    buyer = add(database, ada)
    change(database, ada, buyer, 1, has_marketing_consent=True, city="Köln")
    undo_latest(database, ada, buyer)
    assert said(database, ada, buyer) == []
    with database.read() as session:
        assert customers.get(session=session, actor=ada, customer_id=buyer).has_marketing_consent is None
    undo_latest(database, ada, buyer)
    assert said(database, ada, buyer) == [(True, "form", "Ada")]


def test_an_answer_given_anew_since_stays_when_an_older_change_is_undone(database: Database, ada: Actor) -> None:
    buyer = add(database, ada)
    change(database, ada, buyer, 1, has_marketing_consent=True, city="Köln")
    change(database, ada, buyer, 2, has_marketing_consent=False)
    with database.read() as session:
        first = history.for_record(session=session, actor=ada, table="customers", row_id=buyer).entries[1]
    assert first.change_id is not None
    with database.write(ada, "undo", cause_id=first.change_set_id) as session:
        undo.undo_change(session=session, actor=ada, change_id=first.change_id)
    assert [answer for answer, _how, _by in said(database, ada, buyer)] == [False, True]


def test_undoing_a_whole_change_set_and_the_creation_leave_nothing_behind(database: Database, ada: Actor) -> None:
    before = contents(database)
    buyer = add(database, ada, has_marketing_consent=True)
    with database.read() as session:
        entry = history.for_record(session=session, actor=ada, table="customers", row_id=buyer).entries[0]
    with database.write(ada, "undo", cause_id=entry.change_set_id) as session:
        undo.undo_change_set(session=session, actor=ada, change_set_id=entry.change_set_id)
    assert contents(database) == before
    other = add(database, ada, has_marketing_consent=True)
    undo_latest(database, ada, other)
    assert contents(database) == before
    undo_latest(database, ada, other)
    assert said(database, ada, other) == [(True, "form", "Ada")]


def test_what_a_customer_of_others_said_is_not_shown(database: Database, ada: Actor) -> None:
    buyer = add(database, ada, has_marketing_consent=True)
    eve = account(database, "Eve", Role.STAFF, sees_only_own=True)
    with pytest.raises(NotFound):
        said(database, eve, buyer)
