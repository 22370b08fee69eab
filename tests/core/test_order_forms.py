"""Orders in a form: lines with exact money, two who edit one order, undo, and who may."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from crm_core.access import SYSTEM, Role
from crm_core.db import schema
from crm_core.db.engine import Database
from crm_core.db.models import ChangeSet, Order, OrderLine
from crm_core.errors import Conflict, Invalid, NotFound, PermissionDenied, UndoRefused
from crm_core.records import history, order_history, record_service, refunds
from crm_core.records.order_kind import ORDERS
from crm_core.records.order_lines import apart, name_of
from tests.accounts import account
from tests.core.changes import contents
from tests.core.order_files import take_rows
from tests.core.order_records import create, last_set, lines, new, product, refund, take_back, told, two_lines, update
from tests.core.test_records_of_each_kind import customer, found


def test_an_order_typed_in_holds_its_lines_to_the_ten_thousandth(database: Database) -> None:
    order_id = two_lines(database)
    assert told(database, order_id) == [
        (1, "sale", 1, 3, Decimal("4.99"), Decimal("14.97"), Decimal(1)),
        (2, "sale", 1, 2, Decimal("0.3333"), Decimal("0.6666"), Decimal(0)),
    ]
    with database.read() as session:
        order = session.get_one(Order, order_id)
    assert (order.number, order.country, order.region) == ("O-000001", "DE", "Hessen")
    with database.read() as session:
        assert session.get_one(ChangeSet, last_set(database)).cause == "form"


@given(
    sold=st.lists(
        st.tuples(
            st.integers(1, 1_000), st.decimals(0, 10_000, places=4), st.decimals(0, 1, places=4)
        ), min_size=1, max_size=4
    )
)  # fmt: skip
@settings(max_examples=25)
def test_what_an_order_comes_to_is_the_exact_sum_and_a_whole_refund_brings_it_to_nothing(
    tmp_path_factory: pytest.TempPathFactory, sold: list[tuple[int, Decimal, Decimal]]
) -> None:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('order') / 'rapport.db'}")
    schema.upgrade(database, timezone="UTC", currency="EUR")
    product_id = product(database)
    typed: dict[str, Any] = {}
    paid = Decimal(0)
    for key, (quantity, price, share) in enumerate(sold, 1):
        discount = (quantity * price * share).quantize(Decimal("0.0001"), "ROUND_DOWN")
        typed |= new(key, product_id=product_id, quantity=quantity, unit_price=str(price), discount=str(discount))
        paid += quantity * price - discount
    order_id = create(database, **typed)
    assert sum((one.amount - one.discount for one in lines(database, order_id)), Decimal(0)) == paid
    for _turn in range(2):  # half of each line, then all that is left
        with database.read() as session:
            left = refunds.refundable(session=session, actor=SYSTEM, order_id=order_id)
        part = {one.line.id: -(-one.quantity // 2) if _turn == 0 else one.quantity for one in left}
        if part:
            refund(database, order_id, part)
    with database.read() as session:
        assert refunds.refundable(session=session, actor=SYSTEM, order_id=order_id) == []
        back = session.scalars(select(OrderLine.amount).where(OrderLine.kind == "refund")).all()
    assert sum(back, Decimal(0)) == -paid
    database.dispose()


@pytest.mark.parametrize(
    ("line", "field", "says"),
    [
        ({"quantity": 1}, "product_id", "Choose a product, or describe"),
        ({"product_id": 1, "quantity": None}, "quantity", "Say how many."),
        ({"product_id": 1, "quantity": "two"}, "quantity", "This is a whole number"),
        ({"product_id": 1, "quantity": -1}, "quantity", "Use Refund for what comes back."),
        ({"product_id": 1, "quantity": 1, "discount": "5"}, "discount", "more than the line comes to"),
        ({"product_id": 1, "quantity": 1, "unit_price": "1.00001"}, "unit_price", "more than four decimal places"),
        ({"product_id": 9, "quantity": 1}, "product_id", "There is no number 9 to choose here"),
        ({"description": "Gift", "quantity": 1}, "unit_price", "Say at what price."),
    ],
)
def test_what_a_line_cannot_hold_is_said_of_its_field_and_nothing_is_saved(
    database: Database, line: dict[str, Any], field: str, says: str
) -> None:
    product(database)
    before = contents(database)
    with pytest.raises(Invalid) as invalid:
        create(database, **new(1, product_id=1, quantity=1), **new(2, **line))
    (name,) = invalid.value.fields
    assert name == name_of("new2", 0, field)
    assert says in str(invalid.value.fields[name])
    assert contents(database) == before
    with pytest.raises(Invalid) as invalid:
        create(database, channel="shop")
    assert str(invalid.value.fields["lines"]) == "Add at least one line."


def test_postage_typed_into_an_order_is_no_product_sale(database: Database) -> None:
    postage = product(database, "POST", is_adjustment=True)
    order_id = create(database, **new(1, product_id=postage, quantity=1), **new(2, description="Gift wrap",
                      quantity=1, unit_price="2"))  # fmt: skip
    assert [one.kind for one in lines(database, order_id)] == ["adjustment", "adjustment"]


def test_lines_are_changed_added_and_removed_in_one_change_set_and_undo_brings_them_back(database: Database) -> None:
    order_id = two_lines(database)
    first, second = lines(database, order_id)
    before = contents(database)
    update(
        database, order_id, 1,
        {
            "channel": "web", name_of(first.id, 1, "quantity"): 5, name_of(second.id, 1, "is_removed"): True,
            **new(1, product_id=1, quantity=7),
        },
    )  # fmt: skip
    assert [(row[0], row[3], row[5]) for row in told(database, order_id)] == [
        (1, 5, Decimal("24.95")), (3, 7, Decimal("34.93"))
    ]  # fmt: skip
    set_id = last_set(database)
    with database.read() as session:
        (entry, _insert) = history.for_record(session=session, actor=SYSTEM, table="orders", row_id=order_id).entries
        said = order_history.line_changes(session=session, actor=SYSTEM, order_id=order_id, change_set_ids=[set_id])[
            set_id
        ]
    assert entry.is_undoable
    assert sorted((one.line_no, one.op) for one in said) == [(1, "update"), (2, "delete"), (3, "insert")]
    assert next(one for one in said if one.op == "update").fields == (("quantity", 3, 5),)
    assert take_back(database, set_id).conflicts == ()
    assert contents(database) == before
    with pytest.raises(UndoRefused):
        take_back(database, set_id)


def test_a_change_of_lines_alone_is_in_the_history_of_the_order_with_its_undo(database: Database) -> None:
    order_id = two_lines(database)
    first = lines(database, order_id)[0]
    before = contents(database)
    update(database, order_id, 1, {name_of(first.id, 1, "quantity"): 4})
    with database.read() as session:
        entries = history.for_record(session=session, actor=SYSTEM, table="orders", row_id=order_id).entries
        assert session.get_one(Order, order_id).version == 2
    assert [(entry.op, entry.fields == ()) for entry in entries] == [("update", True), ("insert", False)]
    assert entries[0].is_undoable
    take_back(database, entries[0].change_set_id)
    assert contents(database) == before
    with database.read() as session:
        entries = history.for_record(session=session, actor=SYSTEM, table="orders", row_id=order_id).entries
    assert [(entry.cause, entry.is_undone) for entry in entries] == [("undo", False), ("form", True), ("form", False)]


def test_two_who_change_two_lines_or_two_fields_of_one_line_both_succeed(database: Database) -> None:
    order_id = two_lines(database)
    first, second = lines(database, order_id)
    update(database, order_id, 1, {name_of(first.id, 1, "quantity"): 4, "channel": "web"})
    saved = update(
        database, order_id, 1,
        {name_of(first.id, 1, "discount"): "0.5", name_of(second.id, 1, "quantity"): 6, "region": "Bayern"},
    )  # fmt: skip
    assert saved.merged == ("channel",)
    assert [(row[3], row[5], row[6]) for row in told(database, order_id)] == [
        (4, Decimal("19.96"), Decimal("0.5")), (6, Decimal("1.9998"), Decimal(0))
    ]  # fmt: skip


def test_two_who_give_one_field_of_a_line_other_values_are_asked_and_lose_nothing(database: Database) -> None:
    order_id = two_lines(database)
    first, second = lines(database, order_id)
    typed = {name_of(first.id, 1, "quantity"): 8, name_of(second.id, 1, "unit_price"): "1", "channel": "phone"}
    update(database, order_id, 1, {name_of(first.id, 1, "quantity"): 4, "channel": "web"}, account(database, "Ada"))
    before = contents(database)
    with pytest.raises(Conflict) as conflict:
        update(database, order_id, 1, typed)
    assert contents(database) == before
    assert {(one.field, one.original, one.theirs, one.yours) for one in conflict.value.fields} == {
        ("channel", None, "web", "phone"), (name_of(first.id, 2, "quantity"), 3, 4, 8),
    }  # fmt: skip
    assert conflict.value.changed_by == "Ada"
    chosen = {"channel": "web", name_of(first.id, 2, "quantity"): 8}
    update(database, order_id, conflict.value.current_version, {**typed, **chosen})
    assert [(row[3], row[4]) for row in told(database, order_id)] == [(8, Decimal("4.99")), (2, Decimal(1))]


def test_a_line_somebody_else_changed_is_removed_only_when_asked_again(database: Database) -> None:
    order_id = two_lines(database)
    first = lines(database, order_id)[0]
    update(database, order_id, 1, {name_of(first.id, 1, "quantity"): 4})
    with pytest.raises(Conflict) as conflict:
        update(database, order_id, 1, {name_of(first.id, 1, "is_removed"): True})
    (asked,) = conflict.value.fields
    update(database, order_id, 2, {name_of(first.id, 1, "is_removed"): True, asked.field: False})
    assert len(lines(database, order_id)) == 2
    update(database, order_id, 2, {name_of(first.id, 1, "is_removed"): True, asked.field: True})
    assert len(lines(database, order_id)) == 1
    with pytest.raises(Invalid) as invalid:
        update(database, order_id, 2, {name_of(first.id, 1, "quantity"): 9})
    assert "was removed by somebody else" in str(invalid.value.fields[name_of(first.id, 1, "quantity")])


def test_names_of_fields_come_apart_and_what_was_chosen_later_counts() -> None:
    own, edits = apart({"channel": "x", "line.7.3.quantity": 1, "line.7.2.quantity": 5, "line.new10.0.quantity": 1,
                        "line.new9.0.quantity": 2, "line.7.2.discount": "1"})  # fmt: skip
    assert own == {"channel": "x"}
    assert [(one.key, one.seen, one.values) for one in edits] == [
        ("7", 3, {"quantity": 1, "discount": "1"}), ("new9", 0, {"quantity": 2}), ("new10", 0, {"quantity": 1}),
    ]  # fmt: skip


def test_who_may_change_orders_does_and_others_are_refused_by_every_way(database: Database) -> None:
    order_id = two_lines(database)
    for number, role in enumerate(Role):
        actor = account(database, f"P{number}", role=role)
        line = lines(database, order_id)[0]
        with database.read() as session:
            version = record_service.get(session=session, actor=actor, kind=ORDERS, row_id=order_id).version
        calls = (
            lambda actor=actor: create(database, actor, **new(1, product_id=1, quantity=1)),
            lambda actor=actor, line=line, version=version: update(
                database, order_id, version, {name_of(line.id, line.version, "quantity"): line.quantity + 1}, actor
            ),
            lambda actor=actor, line=line: refund(database, order_id, {line.id: 1}, actor),
        )
        for call in calls:
            if role == Role.MARKETING:
                with pytest.raises(PermissionDenied):
                    call()
            else:
                call()


def test_who_sees_only_their_own_customers_orders_for_no_other(database: Database) -> None:
    ada = account(database, "Ada", role=Role.STAFF, sees_only_own=True)
    order_id = two_lines(database)
    line = lines(database, order_id)[0]
    for call in (
        lambda: update(database, order_id, 1, {name_of(line.id, 1, "quantity"): 1}, ada),
        lambda: refund(database, order_id, {line.id: 1}, ada),
    ):
        with pytest.raises(NotFound):
            call()
    with pytest.raises(Invalid):
        create(database, ada, **new(1, product_id=1, quantity=1))  # of a guest: not theirs to see afterwards
    mine = customer(database, owner_id=ada.user_id)
    made = create(database, ada, customer_id=mine, **new(1, product_id=1, quantity=1))
    assert found(database, ORDERS, ada) == [made]


def test_an_imported_order_is_edited_and_the_same_file_again_says_what_the_file_says(
    database: Database, tmp_path: Path
) -> None:
    rows = "1,2024-03-01,A,Mug,2,5,C1,DE\n1,2024-03-01,B,Cup,1,3,C1,DE\n"
    take_rows(database, tmp_path, rows)
    first, second = lines(database, 1)
    update(
        database, 1, 1,
        {name_of(first.id, 1, "quantity"): 9, name_of(second.id, 1, "is_removed"): True,
         **new(1, product_id=1, quantity=1, unit_price="5")},
    )  # fmt: skip
    assert [(row[0], row[3]) for row in told(database, 1)] == [(1, 9), (3, 1)]
    again = take_rows(database, tmp_path, rows)
    assert (again.created, again.updated) == (1, 1)
    assert [(row[0], row[3]) for row in told(database, 1)] == [(1, 2), (2, 1), (3, 1)]
