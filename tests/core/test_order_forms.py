"""Orders in a form: lines with exact money, two who edit one order, refunds, undo, and what the metrics make of it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from crm_core.access import SYSTEM, Actor, Role
from crm_core.analytics.kpis import KpiParams, kpis
from crm_core.analytics.periods import Period
from crm_core.db import schema
from crm_core.db.engine import Database
from crm_core.db.models import ChangeSet, Order, OrderLine
from crm_core.errors import Conflict, Invalid, NotFound, PermissionDenied, UndoRefused
from crm_core.records import history, order_forms, order_history, record_service, refunds, undo
from crm_core.records.order_kind import ORDERS
from crm_core.records.order_lines import apart, name_of
from crm_core.records.products import PRODUCTS
from crm_core.records.refunds import Refundable
from crm_core.workspace import Workspace
from tests.accounts import account
from tests.core.changes import contents
from tests.core.order_files import take_rows
from tests.core.test_records_of_each_kind import create as create_record
from tests.core.test_records_of_each_kind import customer, found


def product(database: Database, code: str = "F-1", **values: Any) -> int:
    return create_record(database, PRODUCTS, code=code, **{"unit_price": "4.99"} | values)


def new(key: int = 1, **values: Any) -> dict[str, Any]:
    """The fields of a new line as a form names them."""
    return {name_of(f"new{key}", 0, name): value for name, value in values.items()}


def create(database: Database, actor: Actor = SYSTEM, **values: Any) -> int:
    with database.write(actor, "form") as session:
        return order_forms.create(session=session, actor=actor, values=values).id


def update(database: Database, order_id: int, seen: int, values: dict[str, Any], actor: Actor = SYSTEM) -> Any:
    with database.write(actor, "form") as session:
        return order_forms.update(session=session, actor=actor, order_id=order_id, seen_version=seen, values=values)


def refund(database: Database, order_id: int, pieces: dict[int, Any], actor: Actor = SYSTEM, **more: Any) -> int:
    with database.write(actor, "form") as session:
        return refunds.refund(session=session, actor=actor, order_id=order_id, pieces=pieces, **more).id


def take_back(database: Database, set_id: int) -> Any:
    with database.write(SYSTEM, "undo", cause_id=set_id) as session:
        return undo.undo_change_set(session=session, actor=SYSTEM, change_set_id=set_id)


def last_set(database: Database) -> int:
    with database.read() as session:
        return session.scalars(select(func.max(ChangeSet.id))).one()


def lines(database: Database, order_id: int) -> list[OrderLine]:
    with database.read() as session:
        return order_forms.lines(session=session, actor=SYSTEM, order_id=order_id)


def told(database: Database, order_id: int) -> list[tuple[Any, ...]]:
    return [
        (one.line_no, one.kind, one.product_id, one.quantity, one.unit_price, one.amount, one.discount)
        for one in lines(database, order_id)
    ]


def two_lines(database: Database) -> int:
    """An order of 3 at 4.99 less 1.00, and 2 at 0.3333."""
    first = product(database)
    return create(
        database, customer_id=customer(database, country="DE", region="Hessen"),
        **new(1, product_id=first, quantity=3, discount="1"),
        **new(2, product_id=first, quantity=2, unit_price="0.3333"),
    )  # fmt: skip


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


def test_a_refund_is_an_order_of_its_day_that_gives_back_what_was_paid_and_never_more(database: Database) -> None:
    order_id = two_lines(database)
    first, second = lines(database, order_id)
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    back = refund(database, order_id, {first.id: 1}, at=at)
    assert told(database, back) == [(1, "refund", 1, -1, Decimal("4.66"), Decimal("-4.66"), Decimal(0))]  # 13.97 / 3
    with database.read() as session:
        made = session.get_one(Order, back)
        left = refunds.refundable(session=session, actor=SYSTEM, order_id=order_id)
        assert [one.id for one in refunds.refunds_of(session=session, actor=SYSTEM, order_id=order_id)] == [back]
    assert (made.number, made.refund_of_id, made.ordered_at, made.country) == ("O-000001-R1", order_id, at, "DE")
    assert [(one.quantity, one.amount) for one in left] == [(2, Decimal("9.31")), (2, Decimal("0.6666"))]
    for pieces, amounts, field in (
        ({first.id: 3}, {}, f"pieces.{first.id}"), ({first.id: -1}, {}, f"pieces.{first.id}"),
        ({99: 1}, {}, "pieces.99"), ({second.id: 1}, {second.id: "0.67"}, f"amount.{second.id}"),
        ({}, {}, f"pieces.{first.id}"), ({first.id: "x"}, {}, f"pieces.{first.id}"),
    ):  # fmt: skip
        before = contents(database)
        with pytest.raises(Invalid) as invalid:
            refund(database, order_id, pieces, amounts=amounts)
        assert set(invalid.value.fields) == {field}
        assert contents(database) == before
    rest = refund(database, order_id, {first.id: 2, second.id: 2}, amounts={second.id: "0.5"})
    assert [row[5] for row in told(database, rest)] == [Decimal("-9.31"), Decimal("-0.5")]
    with database.read() as session:
        assert refunds.refundable(session=session, actor=SYSTEM, order_id=rest) == []
    with pytest.raises(Invalid, match="pieces"):
        refund(database, order_id, {first.id: 1})


def test_what_was_refunded_stays_in_the_order_and_undoing_the_refund_lets_it_go(database: Database) -> None:
    order_id = two_lines(database)
    first = lines(database, order_id)[0]
    before = contents(database)
    refund(database, order_id, {first.id: 2})
    set_id = last_set(database)
    for values, says in (
        ({name_of(first.id, 1, "is_removed"): True}, "was refunded, so it stays"),
        ({name_of(first.id, 1, "quantity"): 1}, "2 of this line were refunded already."),
    ):
        with pytest.raises(Invalid) as invalid:
            update(database, order_id, 1, values)
        assert says in str(next(iter(invalid.value.fields.values())))
    take_back(database, set_id)
    assert contents(database) == before
    update(database, order_id, 1, {name_of(first.id, 1, "is_removed"): True})


def test_a_share_of_a_price_is_to_the_cent_and_the_last_pieces_get_what_is_left() -> None:
    line = OrderLine(quantity=3)
    some = Refundable(line, 3, Decimal("10.00"))
    assert [some.price_of(n) for n in (1, 2, 3)] == [Decimal("3.33"), Decimal("6.67"), Decimal("10.00")]
    assert Refundable(line, 3, Decimal("0.0100")).price_of(2) == Decimal("0.01")
    assert Refundable(line, 2, Decimal("0.0099")).price_of(1) == Decimal("0.00")


def test_net_sales_and_refunds_follow_a_refund_typed_in_on_the_day_it_is_given(workspace: Workspace) -> None:
    database = workspace.database
    order_id = create(
        database, ordered_at="2026-01-10T12:00+01:00", customer_id=customer(database),
        **new(1, product_id=product(database), quantity=4, unit_price="25", discount="10"),
    )  # fmt: skip

    def measured(month: Period) -> dict[str, Any]:
        workspace.warehouse.refresh()
        report = workspace.analyses.run(kpis, KpiParams(month, compare="none"), actor=SYSTEM)
        return {name: report.metrics[name].value for name in ("gross_sales", "refunds", "net_sales", "orders")}

    january, february = Period.parse("2026-01-01", "2026-02-01"), Period.parse("2026-02-01", "2026-03-01")
    sold = measured(january)
    assert sold == {"gross_sales": Decimal(100), "refunds": Decimal(0), "net_sales": Decimal(90), "orders": 1}
    line = lines(database, order_id)[0]
    refund(database, order_id, {line.id: 1}, at=datetime(2026, 2, 5, tzinfo=UTC))
    assert measured(january) == sold
    assert measured(february) == {
        "gross_sales": Decimal(0), "refunds": Decimal("22.5"), "net_sales": Decimal("-22.5"), "orders": 0,
    }  # fmt: skip
    update(database, order_id, 1, {name_of(line.id, 1, "quantity"): 2})
    assert measured(january)["net_sales"] == Decimal(40)


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


def test_orders_are_found_by_number_and_by_customer_and_narrowed(database: Database) -> None:
    ann = customer(database, name="Ann Weiß", country="DE")
    product_id = product(database)
    for number, values in enumerate(
        ({"number": "S0001", "customer_id": ann, "channel": "web"}, {"number": "S0002", "channel": "shop"},
         {"customer_id": ann, "channel": "shop"}), 1,
    ):  # fmt: skip
        create(database, ordered_at=f"2026-01-0{number}T00:00Z", **values, **new(1, product_id=product_id, quantity=1))
    for text, wanted in (("S000", [2, 1]), ("s0002", [2]), ("weiss", [3, 1]), ("O-00", [3]), ("nobody", []), ("%", [])):
        assert found(database, ORDERS, text=text) == wanted
    assert found(database, ORDERS, filters={"channel": "shop"}) == [3, 2]
    assert found(database, ORDERS, filters={"country": "DE"}) == [3, 1]
    since = datetime(2026, 1, 2, tzinfo=UTC)
    assert found(database, ORDERS, spans={"ordered_at": (since, None)}, sort="ordered") == [2, 3]


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
