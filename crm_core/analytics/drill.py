"""The rows behind a number: which lines, orders or customers a metric of a period rests on.

Every row says what it contributes, so that the number can be recomputed from the rows by hand:

| rows | columns that give the number |
|---|---|
| lines | the sum of `counted`; guest share: of the rows without customer ÷ of all |
| orders | their number; average order value: the sum of `sales` ÷ their number |
| customers | their number; rates: see `is_repeat`, `status`, `sales`, `sales_before`, `net_sales` |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import narwhals as nw
import pandas as pd

from crm_core.analytics import sales
from crm_core.analytics.histories import customer_history
from crm_core.analytics.kpis import KpiParams
from crm_core.analytics.measures import Windows, collected
from crm_core.analytics.metrics import METRICS
from crm_core.db.types import from_e4

if TYPE_CHECKING:
    from crm_core.warehouse import Tables


def _known() -> nw.Expr:
    return ~nw.col("customer_id").is_null()


def _discounted() -> nw.Expr:
    return sales.is_sale() & (nw.col("discount_e4") != 0)


def _net_lines() -> nw.Expr:
    return sales.is_sale() | sales.is_refund()


def _billed() -> nw.Expr:
    return sales.is_sale() | sales.is_charged()


LINES: Mapping[str, tuple[Callable[[], nw.Expr], Callable[[], nw.Expr]]] = {
    "gross_sales": (sales.is_sale, lambda: nw.col("amount_e4")),
    "refunds": (sales.is_refund, lambda: -nw.col("amount_e4")),
    "discounts": (_discounted, lambda: nw.col("discount_e4")),
    "net_sales": (_net_lines, sales.net_e4),
    "guest_share": (sales.is_sale, lambda: nw.col("amount_e4")),
    "net_sales_customers": (lambda: _net_lines() & _known(), sales.net_e4),
    "product_sales_customers": (lambda: sales.is_sale() & _known(), lambda: nw.col("amount_e4")),
    "adjustments_charged": (sales.is_charged, lambda: nw.col("amount_e4")),
    "adjustments_customers": (lambda: sales.is_charged() & _known(), lambda: nw.col("amount_e4")),
    "adjustments_credited": (sales.is_credited, lambda: -nw.col("amount_e4")),
    "billed": (_billed, lambda: nw.col("amount_e4")),
    "billed_customers": (lambda: _billed() & _known(), lambda: nw.col("amount_e4")),
    "billed_guests": (lambda: _billed() & ~_known(), lambda: nw.col("amount_e4")),
    "booked_total": (sales.has_value, lambda: nw.col("amount_e4")),
}
"""Which lines a metric counts, and what each adds to it."""

CUSTOMERS: Mapping[str, tuple[str, ...]] = {
    "active_customers": ("new", "returning", "resurrected"),
    "new_customers": ("new",),
    "returning_customers": ("returning",),
    "resurrected_customers": ("resurrected",),
    "dormant_customers": ("dormant",),
    "repeat_rate": ("new", "returning", "resurrected"),
    "churn_rate": ("returning", "dormant"),
    "nrr": ("returning", "dormant"),
    "gross_retention": ("returning", "dormant"),
    "arpc": ("new", "returning", "resurrected", "dormant", "other"),
}
"""Customers of which status a metric looks at; `other` have refunds alone in the period."""


LINE_COLUMNS = (
    "order_number", "ordered_at", "customer_ref", "customer_name", "product_code", "product_name", "kind",
    "quantity", "unit_price", "amount", "discount", "counted",
)  # fmt: skip
ORDER_COLUMNS = ("order_number", "ordered_at", "customer_ref", "customer_name", "country", "channel", "sales")
CUSTOMER_COLUMNS = (
    "customer_id", "customer_ref", "customer_name", "country", "status", "first_ordered_on", "orders", "is_repeat",
    "sales", "sales_before", "net_sales",
)  # fmt: skip


def rows_behind(
    tables: Tables, metric_id: str, params: KpiParams, *, limit: int | None, offset: int = 0
) -> tuple[pd.DataFrame, int]:
    """One page of the rows behind a metric of `params.period`, and how many rows there are in all.

    Lines come newest first: order_number, ordered_at, customer_ref, customer_name, product_code, product_name, kind,
    quantity, unit_price, amount, discount, counted. Orders newest first: order_number, ordered_at, customer_ref,
    customer_name, country, channel, sales. Customers by sales: customer_id, customer_ref, customer_name, country,
    status, first_ordered_on, orders, is_repeat, sales, sales_before, net_sales. Money is exact.

    `limit` None gives all rows. The rows obey the scope of `tables`, as the number does.

    Raises:
        KeyError: there is no such metric.
    """
    kind = METRICS[metric_id].rows
    if kind == "customers":
        return _customers(tables, metric_id, params, limit, offset)
    orders = sales.orders_of(tables, country=params.country, channel=params.channel, customers=params.customers)
    numbers = tables.orders.select("id", order_number="number")
    inside = orders.filter(sales.within(params.period, tables.timezone)).join(numbers, on="id", how="inner")
    if kind == "orders":
        return _orders(tables, inside, limit, offset)
    return _lines(tables, inside, metric_id, limit, offset)


def _lines(
    tables: Tables, orders: sales.Frame, metric_id: str, limit: int | None, offset: int
) -> tuple[pd.DataFrame, int]:
    condition, counted = LINES[metric_id]
    rows = sales.lines_of(tables, orders).filter(condition()).with_columns(counted_e4=counted())
    page, total = _page(rows, {"ordered_at": True, "order_id": True, "line_no": False}, limit, offset)
    products = tables.products.select("id", product_code="code", product_name="name")
    page = _with_customers(tables, page).join(products, left_on="product_id", right_on="id", how="left")
    found = collected(page).sort_values(["ordered_at", "order_id", "line_no"], ascending=[False, False, True])
    return _shown(found, LINE_COLUMNS), total


def _orders(tables: Tables, orders: sales.Frame, limit: int | None, offset: int) -> tuple[pd.DataFrame, int]:
    rows = (
        sales.valued_orders(tables, orders).filter(sales.has_sale()).rename({"id": "order_id", "sale_e4": "sales_e4"})
    )
    page, total = _page(rows, {"ordered_at": True, "order_id": True}, limit, offset)
    found = collected(_with_customers(tables, page)).sort_values(["ordered_at", "order_id"], ascending=False)
    return _shown(found, ORDER_COLUMNS), total


def _customers(
    tables: Tables, metric_id: str, params: KpiParams, limit: int | None, offset: int
) -> tuple[pd.DataFrame, int]:
    start, end = params.period.instants(tables.timezone)
    is_active, was_active = nw.col("sale_0") > 0, nw.col("sale_1") > 0
    is_new = is_active & (nw.col("first_at") >= nw.lit(start)) & (nw.col("first_at") < nw.lit(end))
    status = nw.lit("other")
    for name, condition in (
        ("dormant", was_active & ~is_active),
        ("resurrected", is_active & ~was_active),
        ("returning", is_active & was_active),
        ("new", is_new),
    ):
        status = nw.when(condition).then(nw.lit(name)).otherwise(status)
    placed = params.placed(tables)
    rows = customer_history(placed, Windows((params.period,)), tables.timezone).with_columns(status=status)
    rows = rows.filter(nw.col("status").is_in(CUSTOMERS[metric_id]))
    if metric_id == "arpc":
        rows = rows.filter(is_active | (nw.col("net_0") != 0))
    rows = rows.select(
        "customer_id",
        "status",
        first_ordered_on=nw.col("first_at").dt.date(),
        orders="orders_0",
        is_repeat=nw.col("orders_0") > 1,
        sales_e4="sale_0",
        sales_before_e4="sale_1",
        net_sales_e4="net_0",
    )
    by = {"sales_e4": True, "sales_before_e4": True, "customer_id": False}
    page, total = _page(rows, by, limit, offset)
    found = collected(_with_customers(tables, page)).sort_values(list(by), ascending=[False, False, True])
    return _shown(found, CUSTOMER_COLUMNS), total


def _page(rows: sales.Frame, by: Mapping[str, bool], limit: int | None, offset: int) -> tuple[sales.Frame, int]:
    """The rows from `offset` on, in no order, and how many there are. `by` says which columns descend."""
    total = int(collected(rows.select(n=nw.len()))["n"].iloc[0])
    if limit is None:
        limit = total
    # No engine-neutral way to skip rows: take the first ones, and of those the last.
    names, descending = list(by), list(by.values())
    first = rows.sort(names, descending=descending).head(offset + limit)
    last = max(0, min(limit, total - offset))
    return first.sort(names, descending=[not down for down in descending]).head(last), total


def _with_customers(tables: Tables, rows: sales.Frame) -> sales.Frame:
    named = {"customer_ref": "ref", "customer_name": "name"}
    if "country" not in rows.collect_schema().names():
        named["country"] = "country"
    people = tables.customers.select("id", **named)
    return rows.join(people, left_on="customer_id", right_on="id", how="left")


def _shown(found: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """The columns to show, money as exact Decimals."""
    for name in [name for name in found.columns if name.endswith("_e4")]:
        money = [from_e4(int(units)) for units in found[name]]
        found[name.removesuffix("_e4")] = pd.Series(money, index=found.index, dtype=object)
    return found[list(columns)].reset_index(drop=True)
