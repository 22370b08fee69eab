"""Tickets, deals and the rest behave the same on every database: found, changed, bulk-edited, taken back."""

from __future__ import annotations

import pytest

from crm_core.access import SYSTEM
from crm_core.db.engine import Database
from crm_core.records import bulk_edit, record_list, record_service, undo
from crm_core.records.kinds import KINDS
from crm_core.records.record_list import RecordQuery
from tests.core.changes import contents
from tests.core.test_records_of_each_kind import EDITS, FIRST, create, customer, found


@pytest.mark.parametrize("table", KINDS)
def test_a_record_is_found_changed_and_taken_back(any_database: Database, table: str) -> None:
    kind = KINDS[table]
    customer_id = customer(any_database)
    create(any_database, kind, customer_id=customer_id)
    word = str(FIRST[table].get(kind.title, "O-0000")).split()[0]
    assert found(any_database, kind, text=word) == [1]
    if "customer_id" in kind.specs:
        assert found(any_database, kind, filters={"customer_id": customer_id}) == [1]
    before = contents(any_database)
    (name, mine, _theirs), _other = EDITS[table]
    with any_database.write(SYSTEM, "form") as session:
        record_service.update(session=session, actor=SYSTEM, kind=kind, row_id=1, seen_version=1, values={name: mine})
        set_id = session.change_set_id()
    assert found(any_database, kind, text=str(mine) if name in kind.searched else word) == [1]
    with any_database.write(SYSTEM, "undo", cause_id=set_id) as session:
        undo.undo_change_set(session=session, actor=SYSTEM, change_set_id=set_id)
    assert contents(any_database) == before


def test_a_list_puts_what_has_no_due_date_last(any_database: Database) -> None:
    kind = KINDS["tickets"]
    for priority in ("low", "urgent", "normal"):
        create(any_database, kind, priority=priority)
    with any_database.write(SYSTEM, "form") as session:
        record_service.update(
            session=session, actor=SYSTEM, kind=kind, row_id=2, seen_version=1, values={"status": "waiting"}
        )
        record_service.update(
            session=session, actor=SYSTEM, kind=kind, row_id=3, seen_version=1, values={"status": "closed"}
        )
    assert found(any_database, kind)[0] in (1, 2)
    assert found(any_database, kind)[-1] == 3


def test_a_bulk_edit_is_the_same_everywhere(any_database: Database) -> None:
    kind = KINDS["tickets"]
    for _ in range(3):
        create(any_database, kind)
    before = contents(any_database)
    for values in ({"channel": "phone"}, {"priority": "urgent"}):
        with any_database.write(SYSTEM, "bulk_edit") as session:
            result = bulk_edit.bulk_edit(
                session=session, actor=SYSTEM, kind=kind, query=RecordQuery(ids=(1, 3)), values=values
            )
        assert result.changed == 2
        assert result.change_set_id is not None
        with any_database.write(SYSTEM, "undo", cause_id=result.change_set_id) as session:
            undo.undo_change_set(session=session, actor=SYSTEM, change_set_id=result.change_set_id)
        assert contents(any_database) == before
    with any_database.read() as session:
        assert record_list.count(session=session, actor=SYSTEM, kind=kind, query=RecordQuery()) == 3
