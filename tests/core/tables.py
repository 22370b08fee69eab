"""Tables of a few literal rows for tests of analyses: no database, no snapshot on disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import duckdb
import narwhals as nw
import pyarrow as pa

from crm_core.access import EVERYTHING
from crm_core.db.types import to_e4
from crm_core.warehouse import Tables
from crm_core.warehouse.layout import TABLES
from crm_core.warehouse.order_values import sums_of, totals, with_values

SCHEMAS = {
    "customers": {
        "id": "int", "ref": "text", "kind": "text", "name": "text", "email": "text", "phone": "text", "country": "text",
        "region": "text", "city": "text", "language": "text", "source": "text", "owner_id": "int",
        "has_marketing_consent": "bool", "created_at": "instant",
    },
    "products": {
        "id": "int", "code": "text", "name": "text", "category": "text", "unit_price_e4": "int", "is_active": "bool",
        "is_adjustment": "bool",
    },
    "orders": {
        "id": "int", "number": "text", "ordered_at": "instant", "customer_id": "int", "country": "text",
        "region": "text", "channel": "text",
    },
    "order_lines": {
        "id": "int", "order_id": "int", "line_no": "int", "product_id": "int", "kind": "text", "quantity": "int",
        "unit_price_e4": "int", "amount_e4": "int", "discount_e4": "int",
    },
}  # fmt: skip
TYPES = {"int": pa.int64(), "text": pa.string(), "bool": pa.bool_(), "instant": pa.timestamp("us", tz="UTC")}


@dataclass(frozen=True)
class Line:
    """One order line as a test writes it; a negative amount needs a negative quantity."""

    order: int
    amount: str
    kind: str = "sale"
    quantity: int = 1
    discount: str = "0"
    product: int | None = None


@dataclass(frozen=True)
class Order:
    """One order as a test writes it; `at` is local time of the tables' zone unless it names an offset."""

    id: int
    at: str
    customer: int | None = None
    country: str | None = None
    channel: str | None = None


@dataclass(frozen=True)
class Product:
    id: int
    category: str | None = None


def make_tables(
    orders: Iterable[Order] = (),
    lines: Iterable[Line] = (),
    products: Iterable[Product] = (),
    *,
    timezone: str = "Europe/Berlin",
    customers: Iterable[Mapping[str, object]] = (),
) -> Tables:
    """The tables of these rows; customers, whose rows need an id, are made for the orders that name them too."""
    orders, lines = list(orders), list(lines)
    known = {o.customer: {} for o in orders if o.customer is not None} | {c["id"]: c for c in customers}
    rows = {
        "orders": [
            {
                "id": o.id, "number": f"O{o.id}", "ordered_at": instant(o.at, timezone), "customer_id": o.customer,
                "country": o.country, "channel": o.channel,
            }
            for o in orders
        ],
        "order_lines": [_line_row(i, line) for i, line in enumerate(lines, 1)],
        "products": [
            {"id": p.id, "code": f"P{p.id}", "name": f"Product {p.id}", "category": p.category} for p in products
        ],
        "customers": [
            {"id": c, "ref": f"C{c}", "name": f"Customer {c}", "email": f"c{c}@example.org", "country": "DE"} | known[c]
            for c in sorted(known)
        ],
    }  # fmt: skip
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(f"SET TimeZone = '{timezone}'")
    arrow = {
        name: pa.table(
            {column: pa.array([row.get(column) for row in rows[name]], TYPES[kind]) for column, kind in schema.items()}
        )
        for name, schema in SCHEMAS.items()
    }
    arrow["order_lines"] = TABLES["order_lines"].complete(arrow["order_lines"])
    arrow["order_values"] = _values(arrow["orders"], arrow["order_lines"])
    frames = {name: nw.from_native(connection.from_arrow(table)).lazy() for name, table in arrow.items()}
    return Tables(frames.__getitem__, scope=EVERYTHING, timezone=timezone, snapshot=None, cursor=connection)


def _values(orders: pa.Table, lines: pa.Table) -> pa.Table:
    end = 1 + max(orders["id"].to_pylist(), default=0)
    return with_values(orders, 0, totals(0, end, [sums_of(lines)]))


def instant(text: str, timezone: str) -> datetime:
    """The instant of a local time such as 2024-01-31 23:30, or of one with its own offset."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(timezone))).astimezone(UTC)


def _line_row(number: int, line: Line) -> dict[str, object]:
    amount = Decimal(line.amount)
    return {
        "id": number, "order_id": line.order, "line_no": number, "product_id": line.product, "kind": line.kind,
        "quantity": line.quantity, "unit_price_e4": to_e4(amount) // line.quantity if line.quantity else 0,
        "amount_e4": to_e4(amount), "discount_e4": to_e4(Decimal(line.discount)),
    }  # fmt: skip
