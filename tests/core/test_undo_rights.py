"""Who reads history and takes changes back, and what history shows."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crm_core.access import SYSTEM, Role
from crm_core.db.engine import Database
from crm_core.db.models import Customer
from crm_core.errors import NotFound, PermissionDenied
from crm_core.records import history
from tests.accounts import account
from tests.core.changes import create, customer, edit, entries, last_change, undo_change, undo_set, write


def test_staff_undo_their_own_changes_and_managers_anybodys(database: Database) -> None:
    ada, sam = account(database, "Ada"), account(database, "Sam", Role.STAFF)
    mia = account(database, "Mia", Role.MANAGER)
    create(database, ada)
    sets = {actor.name: edit(database, actor, city=actor.name) for actor in (sam, ada)}
    with pytest.raises(PermissionDenied, match=r"You may undo your own changes; this one is by Ada\."):
        undo_set(database, sam, sets["Ada"])
    assert [entry.is_undoable for entry in entries(database, sam)] == [False, False, False]
    assert [entry.is_undoable for entry in entries(database, mia)] == [True, False, False]
    assert undo_set(database, mia, sets["Ada"]).restored == 1
    assert [(entry.actor_name, entry.cause, entry.is_undone) for entry in entries(database, sam)][:2] == [
        ("Mia", "undo", False),
        ("Ada", "form", True),
    ]
    own = edit(database, sam, city="Köln")
    assert undo_set(database, sam, own).restored == 1


def test_who_sees_only_their_own_customers_reads_and_undoes_nothing_of_others(database: Database) -> None:
    sam = account(database, "Sam", Role.STAFF, sees_only_own=True)
    create(database, sam, owner_id=sam.user_id)
    create(database, sam, ref="C-2", owner_id=sam.user_id)
    one = edit(database, sam, 1, city="Berlin")
    change = last_change(database)
    both = write(
        database, sam, lambda session: [setattr(row, "region", "NRW") for row in session.scalars(select(Customer))]
    )
    write(database, SYSTEM, lambda session: setattr(session.get(Customer, 1), "owner_id", None))
    with pytest.raises(NotFound, match=r"There is no such record, or it is not of one of your customers\."):
        entries(database, sam, 1)
    with pytest.raises(NotFound, match=r"There is no such record, or it is not of one of your customers\."):
        undo_change(database, sam, change)
    result = undo_set(database, sam, both)
    assert (result.restored, result.kept, result.conflicts[0].row_id) == (1, 1, 1)
    assert undo_set(database, sam, one).conflicts[0].template == "It was changed again since."
    edit(database, SYSTEM, 1, owner_id=sam.user_id)
    assert len(entries(database, sam, 1)) == 5


def test_a_scoped_undo_leaves_a_customer_alone_that_is_another_persons_though_nobody_touched_it_since(
    database: Database,
) -> None:
    sam = account(database, "Sam", Role.STAFF, sees_only_own=True)
    create(database, sam, owner_id=None)
    set_id = edit(database, sam, city="Berlin")
    result = undo_set(database, sam, set_id)
    assert [item.template for item in result.conflicts] == ["It is not among your customers."]
    assert customer(database).city == "Berlin"  # type: ignore[union-attr]


def test_history_shows_what_people_typed_newest_first_and_in_pages(database: Database) -> None:
    create(database, tags=["vip"])
    for number in range(5):
        edit(database, SYSTEM, name=f"Ana {number}")
    with database.read() as session:
        first, last, beyond = (
            history.for_record(session=session, actor=SYSTEM, table="customers", row_id=1, page=page, per_page=4)
            for page in (1, 2, 9)
        )
    assert (first.total, first.pages, len(first.entries), len(last.entries)) == (6, 2, 4, 2)
    assert beyond == last
    change = first.entries[0].fields[0]
    assert (change.field, change.before, change.after) == ("name", "Ana 3", "Ana 4")
    creation = last.entries[-1]
    assert creation.op == "insert"
    assert {item.field: item.after for item in creation.fields} == {
        "ref": "C-1", "kind": "person", "name": "Ana", "city": "Bonn", "tags": ["vip"],
    }  # fmt: skip


def test_the_history_of_a_record_that_never_was_says_so(database: Database) -> None:
    with pytest.raises(NotFound, match=r"There is no such record, and there never was\."):
        entries(database, row_id=99)
