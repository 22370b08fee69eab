"""Records to take snapshots of, and what a snapshot and its database hold, in comparable form."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.access import EVERYTHING, SYSTEM, Scope
from crm_core.db.engine import Database
from crm_core.db.models import (
    Activity,
    Customer,
    Deal,
    DealMove,
    Need,
    Order,
    OrderLine,
    Product,
    Ticket,
    TicketEvent,
    User,
)
from crm_core.warehouse import Warehouse
from crm_core.warehouse.layout import BLOCK_KEYS, TABLES

AT = datetime(2024, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
SECOND_BLOCK = BLOCK_KEYS + 1
"""The first key but one of the second block: two rows are enough for two blocks."""


def customer(key: int, **values: Any) -> Customer:
    values = {"name": f"Customer {key}"} | values
    return Customer(id=key, ref=f"C{key}", sort_name=values["name"].casefold(), created_at=AT, **values)


def product(key: int, **values: Any) -> Product:
    return Product(id=key, **({"code": f"P{key}", "name": f"Product {key}", "unit_price": Decimal("2.55")} | values))


def order(key: int, **values: Any) -> Order:
    return Order(id=key, **({"number": f"N{key}", "ordered_at": AT} | values))


def line(key: int, order_id: int, **values: Any) -> OrderLine:
    price = Decimal("0.001")
    values = {"line_no": key, "quantity": 3, "unit_price": price, "amount": 3 * price} | values
    return OrderLine(id=key, order_id=order_id, **values)


def add(database: Database, *rows: Any) -> None:
    """Save rows in one change set, in the order given."""
    with database.write(SYSTEM, "form") as session:
        for row in rows:
            session.add(row)
            session.flush()


def user(key: int) -> User:
    return User(id=key, email=f"u{key}@example.org", name=f"User {key}", role="staff", password_hash=None)


def small_shop(database: Database) -> None:
    """Two owners with a customer each, a customer of nobody and a guest, in two blocks of each table."""
    with database.untracked() as session:
        session.add_all([user(7), user(8)])
    far = SECOND_BLOCK
    add(
        database,
        customer(1, owner_id=7, email="a@example.org", country="DE", has_marketing_consent=True),
        customer(2, owner_id=8, name="Zoë 'Z' 王\n", has_marketing_consent=False),
        customer(far),
        product(1, category="tools"),
        product(far, unit_price=None, is_active=False, is_adjustment=True),
        order(1, customer_id=1, country="DE", region="Hessen", channel="web"),
        order(2, customer_id=2),
        order(3, customer_id=None),
        order(far, customer_id=far, ordered_at=datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        line(1, 1, product_id=1),
        line(2, 2, product_id=1, kind="refund", quantity=-3, amount=Decimal("-0.003")),
        line(3, 3, product_id=far, kind="adjustment", discount=Decimal("0.0001")),
        line(far, far, unit_price=Decimal("99999999999.9999"), amount=Decimal("299999999999.9997")),
    )


def service_and_sales(database: Database) -> None:
    """In the small shop: a ticket, deal, need and activity of customer 1, of no customer but owner 8, of nobody."""
    day = date(2024, 2, 29)
    for key, customer_id, owner_id in ((1, 1, None), (2, None, 8), (3, None, None)):
        add(
            database,
            Ticket(id=key, number=f"T{key}", subject="王", customer_id=customer_id, assignee_id=owner_id, opened_at=AT),
            TicketEvent(id=key, ticket_id=key, kind="status", at=AT, before="new", after="closed", state="resolved"),
            Deal(
                id=key, number=f"D{key}", name="D", customer_id=customer_id, owner_id=owner_id, stage="won",
                outcome="won", amount=Decimal("0.0001"), expected_close_on=day, opened_at=AT, stage_since=AT,
            ),
            DealMove(id=key, deal_id=key, at=AT, after="won"),
            Need(id=key, title="N", customer_id=customer_id, owner_id=owner_id, created_at=AT),
            Activity(id=key, subject="A", customer_id=customer_id, owner_id=owner_id, at=AT, created_at=AT),
        )  # fmt: skip


def edit(database: Database, model: type[Any], key: int, **values: Any) -> None:
    """Change one row as a form does."""
    with database.write(SYSTEM, "form") as session:
        row = session.get_one(model, key)
        for name, value in values.items():
            setattr(row, name, value)


def recorded(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of the database, as a snapshot should hold them."""
    with database.read() as session:
        return {name: _recorded(session, name) for name in TABLES}


def _recorded(session: Session, name: str) -> list[tuple[Any, ...]]:
    layout = TABLES[name]
    days = {field.name for field in layout.schema if pa.types.is_date(field.type)}
    flags = {field.name for field in layout.schema if pa.types.is_boolean(field.type)}
    columns = ", ".join(map(session.get_bind().dialect.identifier_preparer.quote, layout.columns))
    rows = session.execute(text(f"SELECT {columns} FROM {name} ORDER BY id"))
    return [
        tuple(
            bool(value) if column in flags and value is not None else _day(value) if column in days else value
            for column, value in zip(layout.columns, row, strict=True)
        )
        for row in rows
    ]


def _day(value: Any) -> Any:
    return date.fromisoformat(value) if isinstance(value, str) else value  # SQLite keeps days as text


def snapshot_rows(warehouse: Warehouse, scope: Scope = EVERYTHING) -> dict[str, list[tuple[Any, ...]]]:
    """The records of the newest snapshot within a scope; instants as microseconds."""
    with warehouse.open() as snapshot:
        tables = snapshot.tables(scope)
        return {name: frame_rows(getattr(tables, name).select(*layout.columns)) for name, layout in TABLES.items()}


def value_rows(warehouse: Warehouse, scope: Scope = EVERYTHING) -> list[tuple[Any, ...]]:
    """The values of orders in the newest snapshot within a scope; instants as microseconds."""
    with warehouse.open() as snapshot:
        return frame_rows(snapshot.tables(scope).order_values)


def frame_rows(frame: Any) -> list[tuple[Any, ...]]:
    """The rows of one frame by key; instants as microseconds."""
    table: pa.Table = frame.sort("id").collect().to_native()
    columns = [
        (column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column).to_pylist()
        for column in table.columns
    ]
    return list(zip(*columns, strict=True))
