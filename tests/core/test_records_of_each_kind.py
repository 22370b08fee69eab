"""Every kind of record: created, found, changed by two at once, bulk-edited and taken back, each within permission."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from crm_core.access import SYSTEM, Actor, Permission, Role
from crm_core.db.engine import Database
from crm_core.db.models import Change, RecordTerm, Ticket, TicketEvent
from crm_core.errors import Conflict, Invalid, NotFound, PermissionDenied
from crm_core.records import bulk_edit, customers, history, record_list, record_service, tickets, undo
from crm_core.records.kinds import KINDS
from crm_core.records.record_kind import RecordKind
from crm_core.records.record_list import RecordQuery
from tests.accounts import account
from tests.core.changes import contents

FIRST: dict[str, dict[str, Any]] = {
    "tickets": {"subject": "Printer 打印机坏了", "text": "It smokes.\nBadly."},
    "deals": {"name": "Forty printers", "amount": "1200.50"},
    "needs": {"title": "Quieter fans"},
    "activities": {"kind": "call", "subject": "Asked for prices"},
    "tasks": {"title": "Send the offer"},
    "contacts": {"name": "Eva Öz"},
    "products": {"name": "Quiet fan 静音", "code": "F-1"},
    "orders": {"channel": "shop"},
}
"""A record of each kind, beside its customer."""

EDITS: dict[str, tuple[tuple[str, Any, Any], tuple[str, Any]]] = {
    "tickets": (("subject", "Printer burns", "Printer is fine"), ("category", "hardware")),
    "deals": (("name", "Fifty printers", "Sixty printers"), ("source", "fair")),
    "needs": (("title", "Silent fans", "No fans"), ("priority", "high")),
    "activities": (("subject", "Asked again", "Never asked"), ("minutes", 12)),
    "tasks": (("title", "Send it today", "Send it never"), ("priority", "urgent")),
    "contacts": (("name", "Eva Oz", "Eve Öz"), ("position", "Buyer")),
    "products": (("name", "Silent fan", "Loud fan"), ("category", "Fans")),
    "orders": (("channel", "web", "phone"), ("region", "Hessen")),
}
"""For each kind a field that two give different values, and another one that nobody fights over."""

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
of_customers = {table: kind for table, kind in KINDS.items() if "customer_id" in kind.specs}
every_kind_of_customers = pytest.mark.parametrize("kind", of_customers.values(), ids=of_customers)


def customer(database: Database, **values: Any) -> int:
    with database.write(SYSTEM, "form") as session:
        made = customers.create(
            session=session, actor=SYSTEM, values={"name": "Müller GmbH", "kind": "organisation", **values}
        )
        return made.id


def create(
    database: Database, kind: RecordKind, actor: Actor = SYSTEM, customer_id: int | None = None, **values: Any
) -> int:
    """A record of the kind; of the customer where records of it are of customers."""
    if customer_id is not None and "customer_id" in kind.specs:
        values["customer_id"] = customer_id
    with database.write(actor, "form") as session:
        return record_service.create(session=session, actor=actor, kind=kind, values=FIRST[kind.table] | values).id


def update(database: Database, kind: RecordKind, seen: int, actor: Actor = SYSTEM, **values: Any) -> Any:
    with database.write(actor, "form") as session:
        return record_service.update(
            session=session, actor=actor, kind=kind, row_id=1, seen_version=seen, values=values
        )


def found(database: Database, kind: RecordKind, actor: Actor = SYSTEM, **query: Any) -> list[int]:
    with database.read() as session:
        page = record_list.page(session=session, actor=actor, kind=kind, query=RecordQuery(**query))
    return [row.id for row in page.rows]


@every_kind
def test_two_who_change_different_fields_both_succeed_and_the_same_field_is_asked_about(
    database: Database, kind: RecordKind
) -> None:
    create(database, kind, customer_id=customer(database))
    (name, mine, theirs), (other, value) = EDITS[kind.table]
    update(database, kind, 1, **{other: value})
    saved = update(database, kind, 1, **{name: theirs})
    assert getattr(saved.row, other) == value
    assert other in saved.merged
    with pytest.raises(Conflict) as conflict:
        update(database, kind, 1, **{name: mine})
    (field,) = conflict.value.fields
    assert (field.field, field.original, field.theirs, field.yours) == (
        name, FIRST[kind.table][name], theirs, mine,
    )  # fmt: skip
    update(database, kind, conflict.value.current_version, **{name: mine})
    with database.read() as session:
        entries = history.for_record(session=session, actor=SYSTEM, table=kind.table, row_id=1).entries
    assert [entry.op for entry in entries] == ["update", "update", "update", "insert"]


@every_kind
def test_undoing_every_change_from_the_last_to_the_first_leaves_every_state_as_it_was(
    database: Database, kind: RecordKind
) -> None:
    customer_id = customer(database)
    (name, mine, _theirs), (other, value) = EDITS[kind.table]
    states = [contents(database)]
    create(database, kind, customer_id=customer_id)
    for number, (field, new) in enumerate(((name, mine), (other, value)), 1):
        states.append(contents(database))
        update(database, kind, number, **{field: new})
    for set_id, state in zip((4, 3, 2), reversed(states), strict=True):
        with database.write(SYSTEM, "undo", cause_id=set_id) as session:
            result = undo.undo_change_set(session=session, actor=SYSTEM, change_set_id=set_id)
        assert result.conflicts == ()
        assert contents(database) == state
    with database.read() as session:
        of_kind = select(func.count()).select_from(RecordTerm).where(RecordTerm.table_name == kind.table)
        assert session.scalar(of_kind) == 0


@every_kind
def test_values_that_cannot_be_saved_are_named_by_field_and_nothing_is_written(
    database: Database, kind: RecordKind
) -> None:
    before = contents(database)
    with pytest.raises(Invalid) as invalid:
        create(database, kind, customer_id=99, **{kind.title: " ", "nonsense": 1})
    wanted = {"nonsense"} | ({kind.title} if kind.specs[kind.title].is_required else set())
    assert wanted <= set(invalid.value.fields)
    if "customer_id" in kind.specs:
        with pytest.raises(Invalid) as invalid:
            create(database, kind, customer_id=99)
        assert set(invalid.value.fields) == {"customer_id"}
    assert contents(database) == before


@every_kind
def test_only_roles_with_the_permission_see_and_change_records(
    database: Database, kind: RecordKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(database, kind, customer_id=customer(database))
    ada = account(database, "Ada", role=Role.STAFF)
    assert found(database, kind, ada) == [1]
    monkeypatch.setattr("crm_core.access.PERMISSIONS", {Role.STAFF: frozenset({Permission.HISTORY_VIEW})})
    calls = (
        lambda session: record_service.get(session=session, actor=ada, kind=kind, row_id=1),
        lambda session: record_list.page(session=session, actor=ada, kind=kind, query=RecordQuery()),
        lambda session: record_service.create(session=session, actor=ada, kind=kind, values=FIRST[kind.table]),
        lambda session: record_service.update(
            session=session, actor=ada, kind=kind, row_id=1, seen_version=1, values={}
        ),
        lambda session: history.for_record(session=session, actor=ada, table=kind.table, row_id=1),
        lambda session: bulk_edit.bulk_edit(session=session, actor=ada, kind=kind, query=RecordQuery(), values={}),
    )
    for call in calls:
        with database.write(ada, "form") as session, pytest.raises(PermissionDenied):
            call(session)


@every_kind_of_customers
def test_who_sees_only_their_own_customers_sees_only_their_records(database: Database, kind: RecordKind) -> None:
    ada = account(database, "Ada", role=Role.STAFF, sees_only_own=True)
    assert not ada.scope.is_everything
    mine, other = customer(database, owner_id=ada.user_id), customer(database)
    for number, customer_id in enumerate((other, mine), 1):
        assert create(database, kind, customer_id=customer_id) == number
    assert found(database, kind, ada) == [2]
    assert found(database, kind) in ([1, 2], [2, 1])
    with database.read() as session, pytest.raises(NotFound):
        record_service.get(session=session, actor=ada, kind=kind, row_id=1)
    with pytest.raises(NotFound):
        update(database, kind, 1, ada, **{kind.title: "mine now"})
    with database.write(ada, "undo") as session, pytest.raises(NotFound):
        history.for_record(session=session, actor=ada, table=kind.table, row_id=1)
    with pytest.raises(Invalid):
        create(database, kind, ada, customer_id=other)


@pytest.mark.parametrize(
    ("text", "is_found"),
    [("printer", True), ("PRIN", True), ("打印", True), ("印机", True), ("smokes", True), ("t-000001", True),
     ("1", True), ("printer badly", True), ("scanner", False), ("扫描", False)],
)  # fmt: skip
def test_a_ticket_is_found_by_its_words_in_english_and_chinese(database: Database, text: str, is_found: bool) -> None:
    create(database, KINDS["tickets"])
    assert found(database, KINDS["tickets"], text=text) == ([1] if is_found else [])


def test_a_list_is_filtered_sorted_and_paged(database: Database) -> None:
    kind = KINDS["tickets"]
    for number, priority in enumerate(("low", "urgent", "normal", "urgent", "high"), 1):
        create(database, kind, priority=priority, category=None if number == 3 else "hardware")
    assert found(database, kind, filters={"priority": "urgent"}, sort="opened") == [2, 4]
    assert found(database, kind, filters={"priority": ["urgent", "low"]}, sort="-opened") == [4, 2, 1]
    assert found(database, kind, filters={"category": None}) == [3]
    assert found(database, kind, sort="opened", per_page=2, page=2) == [3, 4]
    assert found(database, kind, sort="opened", per_page=2, page=99) == [5]
    assert found(database, kind, ids=(2, 5), sort="opened") == [2, 5]
    assert found(database, kind, sort="due")[:2] == [2, 4]
    for refused in ({"filters": {"text": "x"}}, {"sort": "colour"}):
        with pytest.raises(ValueError, match="tickets is"):
            found(database, kind, **refused)


def bulk(database: Database, actor: Actor, values: dict[str, Any], **query: Any) -> bulk_edit.BulkResult:
    with database.write(actor, "bulk_edit") as session:
        return bulk_edit.bulk_edit(
            session=session, actor=actor, kind=KINDS["tickets"], query=RecordQuery(**query), values=values
        )


@pytest.mark.parametrize("values", [{"category": "hardware"}, {"status": "resolved", "category": "hardware"}])
def test_a_bulk_edit_is_one_change_set_that_can_be_taken_back(database: Database, values: dict[str, Any]) -> None:
    kind = KINDS["tickets"]
    for category in ("hardware", None, "software"):
        create(database, kind, category=category)
    before = contents(database)
    lead = account(database, "Lea", role=Role.SUPPORT)
    with database.read() as session:
        assert record_list.count(session=session, actor=lead, kind=kind, query=RecordQuery()) == 3
    result = bulk(database, lead, values)
    assert (result.matched, result.changed) == (3, 2 if len(values) == 1 else 3)
    with database.read() as session:
        assert set(session.scalars(select(Ticket.category))) == {"hardware"}
        n_changes = select(func.count()).where(
            Change.change_set_id == result.change_set_id, Change.table_name == "tickets"
        )
        assert session.scalar(n_changes) == result.changed
    assert result.change_set_id is not None
    with database.write(lead, "undo", cause_id=result.change_set_id) as session:
        assert (
            undo.undo_change_set(session=session, actor=lead, change_set_id=result.change_set_id).restored
            == result.changed
        )
    assert contents(database) == before
    assert bulk(database, lead, {"category": "hardware"}, ids=(1,)).change_set_id is None


def test_undoing_a_bulk_edit_leaves_what_was_changed_since_and_restores_the_rest(database: Database) -> None:
    for _ in range(2):
        create(database, KINDS["tickets"])
    result = bulk(database, SYSTEM, {"category": "hardware", "channel": "phone"})
    update(database, KINDS["tickets"], 2, category="software")
    with database.write(SYSTEM, "undo", cause_id=result.change_set_id) as session:
        undone = undo.undo_change_set(session=session, actor=SYSTEM, change_set_id=result.change_set_id or 0)
    assert [conflict.fields for conflict in undone.conflicts] == [("category",)]
    with database.read() as session:
        assert session.execute(select(Ticket.category, Ticket.channel).order_by(Ticket.id)).all() == [
            ("software", None), (None, None),
        ]  # fmt: skip


def test_a_bulk_edit_needs_its_own_permission_and_valid_values(database: Database) -> None:
    create(database, KINDS["tickets"])
    before = contents(database)
    with pytest.raises(PermissionDenied):
        bulk(database, account(database, "Stella", role=Role.STAFF), {"category": "hardware"})
    for values in ({"priority": "none"}, {"status": "nowhere"}, {"assignee_id": 77}, {}):
        with pytest.raises(Invalid):
            bulk(database, SYSTEM, values)
    assert contents(database) == before


def test_taking_back_a_mistaken_resolution_leaves_no_trace_in_the_times(database: Database) -> None:
    create(database, KINDS["tickets"])
    update(database, KINDS["tickets"], 1, status="resolved")
    update(database, KINDS["tickets"], 2, category="hardware")
    with database.write(SYSTEM, "undo", cause_id=2) as session:
        undo.undo_change_set(session=session, actor=SYSTEM, change_set_id=2)
    with database.read() as session:
        ticket = session.get_one(Ticket, 1)
        kinds = list(session.scalars(select(TicketEvent.kind)))
    assert (ticket.state, ticket.resolved_at, ticket.first_resolved_at, ticket.reopened) == ("open", None, None, 0)
    assert (ticket.category, kinds) == ("hardware", ["opened"])
    assert ticket.due_at == ticket.response_due_at
    with database.read() as session:
        assert tickets.events_of(session=session, actor=SYSTEM, ticket_id=1)[0].kind == "opened"
