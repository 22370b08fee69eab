"""Undo over any course of changes: every state comes back, versions only go up."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from crm_core.access import SYSTEM
from crm_core.db import schema
from crm_core.db.engine import Database
from crm_core.db.history import TrackedSession
from crm_core.db.models import Change, Customer
from crm_core.records import customers
from crm_core.records.undo import apply_backwards
from tests.core.changes import contents, create, edit, undo_set, write

STEP = st.one_of(
    st.tuples(st.just("edit"), st.integers(1, 3), st.sampled_from(["Bonn", "Köln", None])),
    st.tuples(st.just("delete"), st.integers(1, 3), st.none()),
    st.tuples(st.just("create"), st.integers(1, 3), st.none()),
)


@settings(max_examples=15, deadline=None)
@given(sets=st.lists(st.lists(STEP, min_size=1, max_size=3), max_size=4))
def test_undoing_every_set_from_the_last_to_the_first_leaves_every_state_as_it_was(
    sets: list[list[tuple[str, int, str | None]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('undo') / 'rapport.db'}")
    schema.upgrade(database)
    states, done = [contents(database)], []
    for steps in sets:
        with database.write(SYSTEM, "form") as session:
            for op, number, value in steps:
                row = session.scalars(select(Customer).where(Customer.ref == f"C-{number}")).one_or_none()
                if op == "create" and row is None:
                    session.add(Customer(ref=f"C-{number}", name=f"Ana {number}"))
                elif op == "delete" and row is not None:
                    session.delete(row)
                elif op == "edit" and row is not None:
                    row.city = value
                session.flush()
            done.append(session.change_set_id())
        states.append(contents(database))
    for set_id, state in zip(reversed(done), reversed(states[:-1]), strict=True):
        with database.write(SYSTEM, "undo", cause_id=set_id) as session:
            assert apply_backwards(session, set_id).kept == 0
        assert contents(database) == state
    database.dispose()


def test_a_record_whose_reference_the_same_set_gave_to_another_comes_back(database: Database) -> None:
    create(database)
    state = contents(database)

    def replace(session: TrackedSession) -> None:
        session.delete(session.get(Customer, 1))
        session.flush()
        session.add(Customer(ref="C-1", name="Ben"))

    set_id = write(database, SYSTEM, replace)
    with database.write(SYSTEM, "undo", cause_id=set_id) as session:
        assert apply_backwards(session, set_id).conflicts == ()
    assert contents(database) == state


def test_the_versions_of_a_row_count_on_through_deletion_and_restoration(database: Database) -> None:
    create(database)
    edit(database, SYSTEM, city="Köln")
    set_id = write(database, SYSTEM, lambda session: session.delete(session.get(Customer, 1)))
    undo_set(database, SYSTEM, set_id)
    edit(database, SYSTEM, city="Bonn")
    with database.read() as session:
        assert list(session.scalars(select(Change.row_version).order_by(Change.id))) == [1, 2, 2, 3, 4]


def test_a_form_opened_before_a_deletion_was_undone_still_merges(database: Database) -> None:
    create(database)
    set_id = write(database, SYSTEM, lambda session: session.delete(session.get(Customer, 1)))
    undo_set(database, SYSTEM, set_id)
    with database.write(SYSTEM, "form") as session:
        result = customers.update(session=session, actor=SYSTEM, customer_id=1, seen_version=1, values={"city": "Köln"})
    assert (result.merged, result.customer.city, result.customer.version) == ((), "Köln", 3)
