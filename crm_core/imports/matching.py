"""The records a file's rows may already be, fetched by key into the staging."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import BigInteger, ColumnElement, exists, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm_core.db.models import Customer, Order, OrderLine, Product
from crm_core.imports.staging import Staging

KEYS = 1_000
"""So many keys go into one query; an order has some dozens of lines."""

_TEXT, _WHOLE, _FLAG = pa.string(), pa.int64(), pa.bool_()


def _raw(column: InstrumentedAttribute[Any]) -> ColumnElement[int]:
    """Money and instants as the whole numbers the database keeps."""
    return type_coerce(column, BigInteger)


def fetch_known(session: Session, staged: Staging) -> None:
    """Make known_products, known_customers, known_orders and known_lines of the records with the file's keys."""
    _fetch(
        session, staged, "known_products", "SELECT code, seq FROM file_products", Product.code,
        {
            "code": (Product.code, _TEXT), "id": (Product.id, _WHOLE), "name": (Product.name, _TEXT),
            "category": (Product.category, _TEXT), "is_adjustment": (Product.is_adjustment, _FLAG),
        },
    )  # fmt: skip
    _fetch(
        session, staged, "known_customers", "SELECT ref, seq FROM file_customers", Customer.ref,
        {
            "ref": (Customer.ref, _TEXT), "id": (Customer.id, _WHOLE), "name": (Customer.name, _TEXT),
            "email": (Customer.email, _TEXT), "country": (Customer.country, _TEXT), "region": (Customer.region, _TEXT),
        },
    )  # fmt: skip
    _fetch(
        session, staged, "known_orders", "SELECT number, seq FROM file_orders", Order.number,
        {
            "number": (Order.number, _TEXT), "id": (Order.id, _WHOLE), "ordered_at": (_raw(Order.ordered_at), _WHOLE),
            "customer_id": (Order.customer_id, _WHOLE), "country": (Order.country, _TEXT),
            "region": (Order.region, _TEXT), "channel": (Order.channel, _TEXT),
        },
    )  # fmt: skip
    _fetch(
        session, staged, "known_lines", "SELECT id, row_number() OVER (ORDER BY id) FROM known_orders",
        OrderLine.order_id,
        {
            "id": (OrderLine.id, _WHOLE), "order_id": (OrderLine.order_id, _WHOLE),
            "line_no": (OrderLine.line_no, _WHOLE), "product_id": (OrderLine.product_id, _WHOLE),
            "description": (OrderLine.description, _TEXT), "kind": (OrderLine.kind, _TEXT),
            "quantity": (OrderLine.quantity, _WHOLE),
            "unit_price_e4": (_raw(OrderLine.unit_price), _WHOLE), "amount_e4": (_raw(OrderLine.amount), _WHOLE),
            "discount_e4": (_raw(OrderLine.discount), _WHOLE),
        },
    )  # fmt: skip


def _fetch(
    session: Session,
    staged: Staging,
    table: str,
    keys_sql: str,
    key: InstrumentedAttribute[Any],
    columns: dict[str, tuple[Any, pa.DataType]],
) -> None:
    types = {name: type_ for name, (_column, type_) in columns.items()}
    sql_types = {_TEXT: "VARCHAR", _WHOLE: "BIGINT", _FLAG: "BOOLEAN"}
    staged.run(
        f"CREATE OR REPLACE TABLE {table} ({', '.join(f'{name} {sql_types[type_]}' for name, type_ in types.items())})"
    )
    if not session.execute(select(exists().where(key.is_not(None)))).scalar():
        return  # nothing there yet: no need to ask for each key
    staged.run(f"CREATE TEMP TABLE wanted AS SELECT * FROM ({keys_sql}) AS keys (key, seq) ORDER BY seq")  # noqa: S608
    query = select(*(column for column, _type in columns.values()))
    for start in range(0, staged.count("SELECT count(*) FROM wanted"), KEYS):
        wanted = staged.all(f"SELECT key FROM wanted WHERE seq > {start} AND seq <= {start + KEYS}")  # noqa: S608
        rows: Sequence[Any] = session.execute(query.where(key.in_([value for (value,) in wanted]))).all()
        staged.add_rows(table, types, rows)
    staged.run("DROP TABLE wanted")
