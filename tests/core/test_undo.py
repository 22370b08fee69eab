"""Taking changes back: one change of a record, a whole change set, and what must not be overwritten."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from crm_core.access import SYSTEM
from crm_core.db.bulk import BulkInserter
from crm_core.db.engine import Database
from crm_core.db.models import ChangeSet, Customer, Order, OrderLine, Product
from crm_core.errors import NotFound, UndoRefused
from crm_core.records import backwards
from crm_core.records.undo import UndoResult, apply_backwards
from tests.core.changes import contents, create, customer, edit, entries, last_change, undo_change, undo_set, write

MILL = Decimal("0.001")


ALREADY = r"This change is undone already\."


def test_a_change_is_undone_and_the_undo_can_be_undone(database: Database) -> None:
    create(database, birthday_on=date(1990, 1, 1))
    before = contents(database)
    edit(database, SYSTEM, name="Anna", city=None, birthday_on=date(1991, 2, 2))
    after = contents(database)
    assert undo_change(database, SYSTEM, last_change(database)) == UndoResult(restored=1)
    assert contents(database) == before
    assert undo_change(database, SYSTEM, last_change(database)) == UndoResult(restored=1)
    assert contents(database) == after
    assert [(entry.op, entry.is_undone, entry.is_undoable) for entry in entries(database)] == [
        ("update", False, True),
        ("update", True, False),
        ("update", False, True),
        ("insert", False, False),
    ]


def test_undoing_one_change_keeps_what_was_changed_since_and_names_it(database: Database) -> None:
    create(database)
    edit(database, SYSTEM, name="Anna", city="Berlin")
    change = last_change(database)
    edit(database, SYSTEM, city="Köln", phone="+4930901820")
    result = undo_change(database, SYSTEM, change)
    assert (result.restored, [conflict.fields for conflict in result.conflicts]) == (1, [("city",)])
    assert result.conflicts[0].template == "It was changed again since."
    kept = customer(database)
    assert kept is not None
    assert (kept.name, kept.sort_name, kept.city, kept.phone) == ("Ana", "ana", "Köln", "+4930901820")


def test_undoing_a_change_none_of_which_stands_changes_nothing(database: Database) -> None:
    create(database)
    edit(database, SYSTEM, city="Berlin")
    change = last_change(database)
    edit(database, SYSTEM, city="Köln")
    result = undo_change(database, SYSTEM, change)
    assert (result.restored, result.kept, len(result.conflicts)) == (0, 1, 1)
    assert customer(database).version == 3  # type: ignore[union-attr]
    assert [entry.is_undoable for entry in entries(database)] == [True, False, False]


def test_undoing_twice_is_refused_in_words(database: Database) -> None:
    create(database)
    set_id = edit(database, SYSTEM, city="Berlin")
    change = last_change(database)
    undo_change(database, SYSTEM, change)
    for again in (lambda: undo_change(database, SYSTEM, change), lambda: undo_set(database, SYSTEM, set_id)):
        with pytest.raises(UndoRefused, match=ALREADY):
            again()
    with database.read() as session:
        assert session.get(ChangeSet, set_id).undone_by_id is not None  # type: ignore[union-attr]


def test_undoing_a_creation_removes_the_customer_and_its_terms(database: Database) -> None:
    before = contents(database)
    set_id = create(database)
    assert contents(database)["customer_terms"]
    assert undo_set(database, SYSTEM, set_id) == UndoResult(removed=1)
    assert contents(database) == before
    assert before["customers"] == before["customer_terms"] == []
    with pytest.raises(UndoRefused, match=ALREADY):
        undo_set(database, SYSTEM, set_id)


def test_a_created_customer_who_ordered_since_is_kept_and_listed(database: Database) -> None:
    set_id = create(database)
    write(database, SYSTEM, lambda session: session.add(Order(number="1", ordered_at=datetime.now(UTC), customer_id=1)))
    result = undo_set(database, SYSTEM, set_id)
    assert (result.removed, result.kept) == (0, 1)
    conflict = result.conflicts[0]
    assert conflict.template.format(**conflict.params) == "Other records refer to it by now (orders)."
    assert customer(database) is not None
    assert undo_change(database, SYSTEM, 1).kept == 1


def test_a_created_customer_who_was_changed_since_is_kept_and_listed(database: Database) -> None:
    set_id = create(database)
    edit(database, SYSTEM, city="Berlin")
    result = undo_set(database, SYSTEM, set_id)
    assert (result.removed, result.kept, result.conflicts[0].template) == (0, 1, "It was changed again since.")


def test_a_deleted_record_comes_back_under_its_old_id_and_is_found_again(database: Database) -> None:
    create(database, tags=["vip"], birthday_on=date(1990, 1, 1))
    before = contents(database)
    write(database, SYSTEM, lambda session: session.delete(session.get(Customer, 1)))
    assert undo_change(database, SYSTEM, last_change(database)) == UndoResult(restored=1)
    assert contents(database) == before
    assert customer(database).version == 2  # type: ignore[union-attr]  # a form opened before the deletion is out of date
    with pytest.raises(UndoRefused, match=ALREADY):
        undo_change(database, SYSTEM, 2)


def test_a_deleted_record_whose_reference_is_taken_stays_deleted_and_is_listed(database: Database) -> None:
    create(database)
    set_id = write(database, SYSTEM, lambda session: session.delete(session.get(Customer, 1)))
    create(database)
    result = undo_set(database, SYSTEM, set_id)
    assert (result.restored, result.kept) == (0, 1)
    assert result.conflicts[0].template == (
        "Its reference is taken by another record by now, or a record it refers to is gone."
    )


def test_one_refused_row_of_a_set_does_not_keep_the_others_from_being_restored(database: Database) -> None:
    for number in (1, 2, 3):
        create(database, ref=f"C-{number}")
    set_id = write(database, SYSTEM, lambda session: [session.delete(row) for row in session.scalars(select(Customer))])
    create(database, ref="C-2")
    result = undo_set(database, SYSTEM, set_id)
    assert (result.restored, result.kept, [item.row_id for item in result.conflicts]) == (2, 1, [2])
    with database.read() as session:
        assert list(session.scalars(select(Customer.id).order_by(Customer.id))) == [1, 3, 4]


def test_a_set_of_many_rows_restores_those_untouched_since_and_lists_the_others(
    database: Database, monkeypatch: Any
) -> None:
    monkeypatch.setattr(backwards, "_BATCH", 2)
    for number in range(1, 6):
        create(database, ref=f"C-{number}")
    set_id = write(
        database, SYSTEM, lambda session: [setattr(row, "city", "Berlin") for row in session.scalars(select(Customer))]
    )
    edit(database, SYSTEM, 2, phone="+4930901820")
    write(database, SYSTEM, lambda session: session.delete(session.get(Customer, 4)))
    result = undo_set(database, SYSTEM, set_id)
    assert (result.restored, result.kept) == (3, 2)
    assert {(item.row_id, item.template) for item in result.conflicts} == {
        (2, "It was changed again since."),
        (4, "It was deleted since."),
    }
    with database.read() as session:
        assert dict(session.execute(select(Customer.id, Customer.city)).all()) == {
            1: "Bonn",
            2: "Berlin",
            3: "Bonn",
            5: "Bonn",
        }  # type: ignore[arg-type]


def test_orders_with_their_lines_and_customer_are_taken_back_and_brought_back_in_the_right_order(
    database: Database,
) -> None:
    def buy(session: Any) -> None:
        session.add_all([Customer(id=1, ref="C-1", name="Ana"), Product(id=1, code="A", name="A")])
        session.flush()
        session.add(Order(id=1, number="1", ordered_at=datetime(2026, 1, 1, tzinfo=UTC), customer_id=1))
        session.flush()
        line = OrderLine(order_id=1, line_no=1, product_id=1, quantity=2, unit_price=MILL, amount=2 * MILL)
        session.add(line)

    empty = contents(database)
    set_id = write(database, SYSTEM, buy)
    full = contents(database)
    with database.write(SYSTEM, "undo", cause_id=set_id) as session:
        assert apply_backwards(session, set_id) == UndoResult(removed=4)
        undo_id = session.change_set_id()
    assert contents(database) == empty
    with database.write(SYSTEM, "undo", cause_id=undo_id) as session:
        assert apply_backwards(session, undo_id) == UndoResult(restored=4)
    assert contents(database) == full


def test_several_changes_of_one_row_in_one_set_are_undone_as_one(database: Database) -> None:
    create(database)

    def work(session: Any) -> None:
        row = session.get(Customer, 1)
        for city in ("Berlin", "Köln"):
            row.city = city
            session.flush()
        session.add(Customer(id=2, ref="C-2", name="Bo"))
        session.flush()
        session.delete(session.get(Customer, 2))

    set_id = write(database, SYSTEM, work)
    assert undo_set(database, SYSTEM, set_id) == UndoResult(restored=1)
    assert customer(database).city == "Bonn"  # type: ignore[union-attr]


def test_records_created_in_one_go_have_their_creation_in_their_history_and_another_way_of_undo(
    database: Database,
) -> None:
    with database.write(SYSTEM, "import", cause_id=7) as session:
        inserter = BulkInserter(
            session,
            Customer.__table__,
            ("id", "ref", "name", "sort_name", "kind", "tags", "custom", "created_at", "import_id"),
        )
        keys = inserter.reserve(2)
        inserter.insert([(key, f"C-{key}", "Ana", "ana", "person", "[]", "{}", 0, 7) for key in keys])
        inserter.close()
        set_id = session.change_set_id()
    edit(database, SYSTEM, 2, city="Bonn")
    found = entries(database, row_id=2)
    assert [(entry.op, entry.cause, entry.cause_id, entry.change_id is None, entry.is_undoable) for entry in found] == [
        ("update", "form", None, False, True),
        ("insert", "import", 7, True, False),
    ]
    with pytest.raises(UndoRefused, match=r"This is import 7; undo it among the imports\."):
        undo_set(database, SYSTEM, set_id)


def test_a_set_of_records_created_in_one_go_by_something_else_is_refused_in_words(database: Database) -> None:
    with database.write(SYSTEM, "demo") as session:
        inserter = BulkInserter(
            session, Customer.__table__, ("id", "ref", "name", "sort_name", "kind", "tags", "custom", "created_at")
        )
        inserter.insert([(1, "C-1", "Ana", "ana", "person", "[]", "{}", 0)])
        inserter.close()
        set_id = session.change_set_id()
    with pytest.raises(UndoRefused, match=r"Records that were created in one go cannot be undone one set at a time\."):
        undo_set(database, SYSTEM, set_id)


def test_an_empty_set_and_one_that_is_not_there_say_so(database: Database) -> None:
    with database.write(SYSTEM, "form") as session:
        set_id = session.change_set_id()
    with pytest.raises(UndoRefused, match=r"There is nothing in this change that could be undone\."):
        undo_set(database, SYSTEM, set_id)
    for missing in (lambda: undo_set(database, SYSTEM, 99), lambda: undo_change(database, SYSTEM, 99)):
        with pytest.raises(NotFound, match=r"There is no such change\."):
            missing()
