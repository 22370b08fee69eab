"""Orders with lines, typed in and refunded, for tests of their forms."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from crm_core.access import SYSTEM, Actor
from crm_core.db.engine import Database
from crm_core.db.models import ChangeSet, OrderLine
from crm_core.records import order_forms, refunds, undo
from crm_core.records.order_lines import name_of
from crm_core.records.products import PRODUCTS
from tests.core.test_records_of_each_kind import create as create_record
from tests.core.test_records_of_each_kind import customer


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
