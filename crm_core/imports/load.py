"""Write what was planned: new records in bulk, changed ones row by row with their history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

import pyarrow as pa
from sqlalchemy import Table, inspect, select

from crm_core.db.base import Tracked, now
from crm_core.db.bulk import BulkInserter
from crm_core.db.history import TrackedSession, store_changes
from crm_core.db.models import Customer, Order, OrderLine, Product
from crm_core.db.types import from_e4, from_micros, to_micros
from crm_core.imports.mapping import Rules
from crm_core.imports.staging import Staging
from crm_core.records import record_search
from crm_core.records.products import PRODUCTS
from crm_core.records.search import index_new, sort_key

_Record = TypeVar("_Record", bound=Tracked)

UPDATES = 500
"""So many changed records are in memory at a time."""


def load(
    session: TrackedSession, staged: Staging, *, import_id: int, rules: Rules, report: Callable[[int], None]
) -> None:
    """Create and update products, customers, orders and order lines as `plan` decided.

    `report` gets the number of lines created so far.
    """
    _create_products(session, staged, import_id, rules)
    _create_customers(session, staged, import_id)
    _fill_products(session, staged)
    _fill_customers(session, staged)
    _create_orders(session, staged, import_id)
    _update_orders(session, staged)
    _create_lines(session, staged, import_id, report)
    _update_lines(session, staged)


def _create_products(session: TrackedSession, staged: Staging, import_id: int, rules: Rules) -> None:
    columns = ("id", "code", "name", "category", "is_active", "is_adjustment", "version", "import_id")

    def rows(ids: range, chunk: list[Any]) -> Iterator[tuple[Any, ...]]:
        for id_, (code, name, category) in zip(ids, chunk, strict=True):
            yield id_, code, name, category, True, rules.is_adjustment_code(code), 1, import_id

    def index(ids: range, chunk: list[Any]) -> None:
        named = (
            {"id": id_, "code": code, "name": name, "category": category}
            for id_, (code, name, category) in zip(ids, chunk, strict=True)
        )
        record_search.index_new(session, PRODUCTS, named)

    sql = "SELECT code, name, category FROM new_products ORDER BY nth"
    spans = _create(session, staged, Product, columns, sql, rows, after=index)
    _give_ids(staged, spans, "products", "new_products", "code")


def _create_customers(session: TrackedSession, staged: Staging, import_id: int) -> None:
    columns = (
        "id", "ref", "kind", "name", "sort_name", "email", "country", "region", "tags", "custom", "created_at",
        "version", "import_id",
    )  # fmt: skip
    created_at = to_micros(now())

    def rows(ids: range, chunk: list[Any]) -> Iterator[tuple[Any, ...]]:
        for id_, (ref, name, email, country, region) in zip(ids, chunk, strict=True):
            yield (
                id_, ref, "person", name, sort_key(name), email, country, region, "[]", "{}", created_at, 1, import_id,
            )  # fmt: skip

    def index(ids: range, chunk: list[Any]) -> None:
        known_by = ((id_, ref, name, email, None) for id_, (ref, name, email, *_) in zip(ids, chunk, strict=True))
        index_new(session, known_by)

    sql = "SELECT ref, name, email, country, region FROM new_customers ORDER BY nth"
    spans = _create(session, staged, Customer, columns, sql, rows, after=index)
    _give_ids(staged, spans, "customers", "new_customers", "ref")


def _create_orders(session: TrackedSession, staged: Staging, import_id: int) -> None:
    columns = ("id", "number", "ordered_at", "customer_id", "country", "region", "channel", "version", "import_id")
    sql = f"""SELECT o.number, o.ordered_at, c.id, o.country, o.region, o.channel, 1, {import_id}
              FROM new_orders o LEFT JOIN customers c ON c.ref = o.customer_ref ORDER BY o.nth"""  # noqa: S608
    spans = _create(session, staged, Order, columns, sql, _with_ids)
    _give_ids(staged, spans, "orders", "new_orders", "number")


def _create_lines(session: TrackedSession, staged: Staging, import_id: int, report: Callable[[int], None]) -> None:
    columns = (
        "id", "order_id", "line_no", "product_id", "description", "kind", "quantity", "unit_price_e4", "amount_e4",
        "discount_e4", "version", "import_id",
    )  # fmt: skip
    written = 0

    def count(ids: range, _chunk: list[Any]) -> None:
        nonlocal written
        written += len(ids)
        report(written)

    sql = f"""SELECT o.id, l.line_no, p.id, l.description, l.kind, l.quantity, l.unit_price_e4, l.amount_e4,
                     l.discount_e4, 1, {import_id}
              FROM lines l JOIN orders o ON o.number = l.order_number LEFT JOIN products p ON p.code = l.product_code
              WHERE l.status = 'created' ORDER BY l.row"""  # noqa: S608
    _create(session, staged, OrderLine, columns, sql, _with_ids, after=count)


_Rows = Callable[[range, list[Any]], Iterator[tuple[Any, ...]]]


def _with_ids(ids: range, chunk: list[Any]) -> Iterator[tuple[Any, ...]]:
    return ((id_, *row) for id_, row in zip(ids, chunk, strict=True))


def _create(
    session: TrackedSession,
    staged: Staging,
    model: type[Tracked],
    columns: tuple[str, ...],
    sql: str,
    rows: _Rows,
    after: Callable[[range, list[Any]], None] | None = None,
) -> list[tuple[int, int, int]]:
    """Insert the query's rows; returns spans (first, last, shift): the nth row of a span has the id nth + shift."""
    inserter = BulkInserter(session, cast(Table, inspect(model).local_table), columns)
    spans: list[tuple[int, int, int]] = []
    nth = 1
    for chunk in staged.chunks(sql):
        ids = inserter.reserve(len(chunk))
        inserter.insert(rows(ids, chunk))
        if after is not None:
            after(ids, chunk)
        spans.append((nth, nth + len(chunk) - 1, ids.start - nth))
        nth += len(chunk)
    inserter.close()
    return spans


def _give_ids(staged: Staging, spans: list[tuple[int, int, int]], table: str, new: str, key: str) -> None:
    """Enter the ids of created records in the plan, so that what refers to them finds them."""
    whole = pa.int64()
    staged.run("CREATE OR REPLACE TEMP TABLE spans (first BIGINT, last BIGINT, shift BIGINT)")
    staged.add_rows("spans", {"first": whole, "last": whole, "shift": whole}, spans)
    staged.run(
        f"""UPDATE {table} SET id = ids.id
            FROM (SELECT n.{key} AS key, n.nth + s.shift AS id
                  FROM {new} n JOIN spans s ON n.nth BETWEEN s.first AND s.last) ids
            WHERE {table}.{key} = ids.key"""  # noqa: S608
    )


def _fill_products(session: TrackedSession, staged: Staging) -> None:
    def fill(product: Product, name: str, category: str | None) -> None:
        if product.name == product.code:
            product.name = name
        product.category = product.category or category

    _update(session, staged, Product, "SELECT id, name, category FROM products WHERE is_changed ORDER BY id", fill)


def _fill_customers(session: TrackedSession, staged: Staging) -> None:
    def fill(customer: Customer, name: str, email: str | None, country: str | None, region: str | None) -> None:
        if customer.name == customer.ref:
            customer.name = name
        customer.email = customer.email or email
        customer.country = customer.country or country
        if customer.country == country:
            customer.region = customer.region or region

    sql = "SELECT id, name, email, country, region FROM customers WHERE is_changed ORDER BY id"
    _update(session, staged, Customer, sql, fill)


def _update_orders(session: TrackedSession, staged: Staging) -> None:
    def change(order: Order, ordered_at: int, customer_id: int | None, *where: str | None) -> None:
        order.ordered_at, order.customer_id = from_micros(ordered_at), customer_id
        order.country, order.region, order.channel = where

    sql = """SELECT o.id, o.ordered_at, CASE WHEN o.customer_ref IS NULL THEN o.known_customer_id ELSE c.id END,
                    o.country, o.region, o.channel
             FROM orders o LEFT JOIN customers c ON c.ref = o.customer_ref WHERE o.is_changed ORDER BY o.id"""
    _update(session, staged, Order, sql, change)


def _update_lines(session: TrackedSession, staged: Staging) -> None:
    def change(
        line: OrderLine, product_id: int | None, description: str | None, kind: str, quantity: int, *money: int
    ) -> None:
        line.product_id, line.description, line.kind, line.quantity = product_id, description, kind, quantity
        line.unit_price, line.amount, line.discount = map(from_e4, money)

    sql = """SELECT l.line_id, CASE WHEN l.product_code IS NULL THEN l.known_product_id ELSE p.id END, l.description,
                    l.kind, l.quantity, l.unit_price_e4, l.amount_e4, l.discount_e4
             FROM lines l LEFT JOIN products p ON p.code = l.product_code WHERE l.is_changed ORDER BY l.line_id"""
    _update(session, staged, OrderLine, sql, change)


def _update(
    session: TrackedSession, staged: Staging, model: type[_Record], sql: str, change: Callable[..., None]
) -> None:
    """Change the records the query names (id first), each with its history; memory holds `UPDATES` at a time."""
    for chunk in staged.chunks(sql, UPDATES):
        wanted = select(model).where(model.id.in_([row[0] for row in chunk])).with_for_update()
        found = {record.id: record for record in session.scalars(wanted)}
        for id_, *values in chunk:
            if id_ in found:  # else it was deleted since it was matched, which is newer than this file
                change(found[id_], *values)
        store_changes(session)
        for record in found.values():
            session.expunge(record)
