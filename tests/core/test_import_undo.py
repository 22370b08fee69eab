"""An import can be taken back; what others built on it since stays, and is listed."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from crm_core import imports
from crm_core.access import Actor, Role, Scope
from crm_core.db.engine import Database
from crm_core.db.models import ChangeRange, ChangeSet, Order, Product, User
from crm_core.errors import NotFound, PermissionDenied, UndoRefused
from crm_core.records import customers as customer_records
from tests.core.order_files import ADMIN, everything, rows_of, take_rows

ROWS = "1,2024-03-01,A1,Mug,1,2.5,C1,France\n1,2024-03-01,B2,Pot,1,9,C1,France\n2,2024-03-02,A1,Mug,1,2.5,,\n"
MORE = "3,2024-03-05,A1,Mug,4,2.5,C1,France\n3,2024-03-05,N9,New,4,2.5,C1,France\n"


def take_back(database: Database, import_id: int | None, actor: Actor = ADMIN) -> imports.UndoResult:
    assert import_id is not None
    return imports.undo_import(database=database, actor=actor, import_id=import_id)


def test_taking_an_untouched_import_back_leaves_the_tables_row_for_row_as_before(
    database: Database, tmp_path: Path
) -> None:
    take_rows(database, tmp_path, ROWS)
    before = everything(database)
    result = take_rows(database, tmp_path, ROWS + MORE)
    undone = take_back(database, result.import_id)
    assert (undone.removed, undone.restored, undone.kept, undone.conflicts) == (4, 0, 0, ())  # 2 lines, order, product
    assert everything(database) == before


def test_an_undone_import_into_an_empty_workspace_leaves_it_empty(database: Database, tmp_path: Path) -> None:
    before = everything(database)
    take_back(database, take_rows(database, tmp_path, ROWS).import_id)
    assert everything(database) == before


def test_what_an_import_changed_is_changed_back(database: Database, tmp_path: Path) -> None:
    take_rows(database, tmp_path, ROWS)
    columns = "quantity, unit_price_e4, amount_e4, kind, description, product_id"
    before = rows_of(database, f"SELECT id, {columns} FROM order_lines"), rows_of(database, "SELECT * FROM customers")
    changed = ROWS.replace("B2,Pot,1,9", "N9,Other pot,-3,8.5").replace("A1,Mug,1,2.5,,", "A1,Mug,1,2.5,C2,")
    result = take_rows(database, tmp_path, changed)
    assert result.updated == 2
    undone = take_back(database, result.import_id)
    assert (undone.removed, undone.restored, undone.kept) == (2, 2, 0)  # product and customer; line and order
    after = rows_of(database, f"SELECT id, {columns} FROM order_lines"), rows_of(database, "SELECT * FROM customers")
    assert after == before
    assert rows_of(database, "SELECT count(*) FROM products WHERE code = 'N9'") == [(0,)]


def test_a_record_changed_since_stays_with_what_it_needs_and_is_listed(database: Database, tmp_path: Path) -> None:
    result = take_rows(database, tmp_path, ROWS)
    with database.write(ADMIN, "form") as session:
        customer_records.update(session=session, actor=ADMIN, customer_id=1, seen_version=1, values={"name": "Jane"})
    undone = take_back(database, result.import_id)
    assert (undone.removed, undone.kept) == (7, 1)
    assert [(c.table_name, c.row_id, c.template) for c in undone.conflicts] == [
        ("customers", 1, "It was changed again since.")
    ]
    assert rows_of(database, "SELECT name FROM customers") == [("Jane",)]
    assert rows_of(database, "SELECT count(*) FROM orders") == [(0,)]


def test_records_a_later_import_refers_to_stay_and_are_listed(database: Database, tmp_path: Path) -> None:
    first = take_rows(database, tmp_path, ROWS)
    take_rows(database, tmp_path, "9,2024-03-09,A1,Mug,1,2.5,C1,France\n")
    undone = take_back(database, first.import_id)
    assert [(c.table_name, c.template, c.params) for c in undone.conflicts] == [
        ("products", "Other records refer to it by now ({tables}).", {"tables": "order_lines"}),
        ("customers", "Other records refer to it by now ({tables}).", {"tables": "orders"}),
    ]
    assert rows_of(database, "SELECT number FROM orders") == [("9",)]
    assert rows_of(database, "SELECT code FROM products") == [("A1",)]


def test_a_line_that_was_changed_keeps_its_order(database: Database, tmp_path: Path) -> None:
    first = take_rows(database, tmp_path, ROWS)
    take_rows(database, tmp_path, "1,2024-03-01,A1,Mug,7,2.5,C1,France\n")
    undone = take_back(database, first.import_id)
    assert {c.table_name for c in undone.conflicts} == {"order_lines", "orders", "products", "customers"}
    assert rows_of(database, "SELECT quantity FROM order_lines") == [(7,)]
    assert rows_of(database, "SELECT number FROM orders") == [("1",)]


def test_the_undo_is_a_change_set_and_the_import_is_marked(database: Database, tmp_path: Path) -> None:
    result = take_rows(database, tmp_path, ROWS)
    take_back(database, result.import_id)
    with database.read() as session:
        done, undone = session.scalars(select(ChangeSet).order_by(ChangeSet.id))
        (entry,) = imports.list_imports(session=session, actor=ADMIN)
        spans = session.scalars(select(ChangeRange).where(ChangeRange.change_set_id == undone.id)).all()
    assert (undone.cause, undone.cause_id, done.undone_by_id) == ("undo", done.id, undone.id)
    assert (entry.is_undone, entry.is_undoable) == (True, False)
    # The warehouse reads the spans that were emptied anew.
    assert {span.table_name: (span.first_created_id, span.last_created_id, span.n_created) for span in spans} == {
        "customers": (1, 1, 0),
        "products": (1, 2, 0),
        "orders": (1, 2, 0),
        "order_lines": (1, 3, 0),
    }


def test_keys_are_not_given_out_again_after_an_undo(database: Database, tmp_path: Path) -> None:
    take_back(database, take_rows(database, tmp_path, ROWS).import_id)
    take_rows(database, tmp_path, ROWS)
    assert rows_of(database, "SELECT min(id) FROM order_lines") == [(4,)]


def test_undoing_twice_is_refused_in_words(database: Database, tmp_path: Path) -> None:
    result = take_rows(database, tmp_path, ROWS)
    take_back(database, result.import_id)
    with pytest.raises(UndoRefused) as caught:
        take_back(database, result.import_id)
    assert str(caught.value) == f"Import {result.import_id} is taken back already."


def test_an_import_that_changed_nothing_cannot_be_taken_back(database: Database, tmp_path: Path) -> None:
    take_rows(database, tmp_path, ROWS)
    again = take_rows(database, tmp_path, ROWS)
    with pytest.raises(UndoRefused) as caught:
        take_back(database, again.import_id)
    assert str(caught.value) == f"Import {again.import_id} changed nothing, so there is nothing to take back."


def test_an_import_that_is_not_there_is_refused_in_words(database: Database) -> None:
    with pytest.raises(NotFound) as caught:
        take_back(database, 7)
    assert str(caught.value) == "There is no import 7."


def test_an_undo_that_fails_half_way_leaves_the_import_as_it_was(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = take_rows(database, tmp_path, ROWS)
    before = everything(database)

    def fail(*_args: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr("crm_core.imports.undo._kept", fail)
    with pytest.raises(RuntimeError):
        take_back(database, result.import_id)
    assert everything(database) == before


def person(database: Database, name: str, role: Role) -> Actor:
    with database.untracked() as session:
        user = User(email=f"{name}@example.com", name=name, role=role.value, password_hash=None)
        session.add(user)
        session.flush()
        return Actor(user_id=user.id, name=name, role=role)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.MANAGER, Role.MARKETING])
def test_roles_that_import_may_import_and_see_the_imports(database: Database, tmp_path: Path, role: Role) -> None:
    actor = person(database, "Pat", role)
    assert take_rows(database, tmp_path, ROWS, actor=actor).created == 3
    with database.read() as session:
        (entry,) = imports.list_imports(session=session, actor=actor)
    assert (entry.actor_name, entry.file_name, entry.counts["created"]) == ("Pat", "orders.csv", 3)


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.STAFF])
def test_other_roles_may_neither_import_nor_see_the_imports(database: Database, tmp_path: Path, role: Role) -> None:
    actor = person(database, "Pat", role)
    with pytest.raises(PermissionDenied):
        take_rows(database, tmp_path, ROWS, actor=actor)
    with database.read() as session, pytest.raises(PermissionDenied):
        imports.list_imports(session=session, actor=actor)
    assert not (tmp_path / "rejects").exists()


def test_who_sees_only_own_customers_does_not_import(database: Database, tmp_path: Path) -> None:
    actor = Actor(user_id=1, name="Pat", role=Role.MANAGER, scope=Scope(owner_id=1))
    with pytest.raises(PermissionDenied) as caught:
        take_rows(database, tmp_path, ROWS, actor=actor)
    assert str(caught.value) == "An import concerns everybody's customers; your account sees only its own."


@pytest.mark.parametrize("role", [Role.ADMIN, Role.MANAGER])
def test_who_may_undo_anything_takes_any_import_back(database: Database, tmp_path: Path, role: Role) -> None:
    result = take_rows(database, tmp_path, ROWS)
    assert take_back(database, result.import_id, person(database, "Pat", role)).removed == 8


def test_who_may_undo_own_changes_takes_own_imports_back_only(database: Database, tmp_path: Path) -> None:
    mine, other = person(database, "Mia", Role.MARKETING), person(database, "Otto", Role.MARKETING)
    result = take_rows(database, tmp_path, ROWS, actor=mine)
    with pytest.raises(PermissionDenied) as caught:
        take_back(database, result.import_id, other)
    assert str(caught.value) == "You may take back your own imports only; this one is someone else's."
    assert take_back(database, result.import_id, mine).removed == 8


def test_an_import_by_the_command_line_is_nobodys_own(database: Database, tmp_path: Path) -> None:
    result = take_rows(database, tmp_path, ROWS)
    with pytest.raises(PermissionDenied):
        take_back(database, result.import_id, Actor(user_id=None, name="x", role=Role.MARKETING))


def test_imports_are_listed_newest_first(database: Database, tmp_path: Path) -> None:
    take_rows(database, tmp_path, ROWS)
    take_rows(database, tmp_path, ROWS)
    with database.read() as session:
        entries = imports.list_imports(session=session, actor=ADMIN)
    assert [(entry.import_id, entry.is_undoable, entry.is_undone) for entry in entries] == [
        (2, False, False),
        (1, True, False),
    ]


def test_a_record_created_by_hand_before_is_never_removed(database: Database, tmp_path: Path) -> None:
    with database.write(ADMIN, "form") as session:
        session.add(Product(code="A1", name="Mug"))
    before = rows_of(database, "SELECT * FROM products")
    take_back(database, take_rows(database, tmp_path, ROWS).import_id)
    assert rows_of(database, "SELECT * FROM products") == before
    with database.read() as session:
        assert session.scalars(select(Order)).all() == []
