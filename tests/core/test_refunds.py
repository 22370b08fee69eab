"""Refunds typed in: orders of their own, never more than was paid, and what metrics make of them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from crm_core.access import SYSTEM
from crm_core.analytics.kpis import KpiParams, kpis
from crm_core.analytics.periods import Period
from crm_core.db.engine import Database
from crm_core.db.models import Order, OrderLine
from crm_core.errors import Invalid
from crm_core.records import refunds
from crm_core.records.order_lines import name_of
from crm_core.records.refunds import Refundable
from crm_core.workspace import Workspace
from tests.core.changes import contents
from tests.core.order_records import create, last_set, lines, new, product, refund, take_back, told, two_lines, update
from tests.core.test_records_of_each_kind import customer


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
