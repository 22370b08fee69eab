"""Sales in windows of time: which orders and lines an analysis looks at, and what they are worth.

What a sale, a refund and an adjustment are is decided in `warehouse.line_rules`, whose rules are here under the same
names; the snapshot has them added up per order. Money is whole ten-thousandths.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import narwhals as nw

from crm_core.analytics.periods import Period, day_start
from crm_core.warehouse.line_rules import (
    has_value,
    is_charged,
    is_credited,
    is_no_adjustment,
    is_refund,
    is_sale,
    net_e4,
)

if TYPE_CHECKING:
    from crm_core.analytics.customer_lists import CustomerList
    from crm_core.warehouse import Tables

__all__ = [
    "Frame", "has_net", "has_sale", "has_value", "is_charged", "is_credited", "is_no_adjustment", "is_refund",
    "is_sale", "lines_of", "net_e4", "order_values", "orders_of", "valued_orders", "which", "within", "within_any",
]  # fmt: skip

Frame = nw.LazyFrame[Any]


def within(period: Period, timezone: str) -> nw.Expr:
    """Whether `ordered_at` lies in the period's local days."""
    start, end = period.instants(timezone)
    return (nw.col("ordered_at") >= nw.lit(start)) & (nw.col("ordered_at") < nw.lit(end))


def within_any(periods: Sequence[Period], timezone: str) -> nw.Expr:
    """Whether `ordered_at` lies in at least one of the periods.

    Periods that touch are asked for as one: a plain range is what an engine can read its files by.
    """
    joined: list[Period] = []
    for period in sorted(periods, key=lambda period: period.start):
        if joined and period.start <= joined[-1].end:
            joined[-1] = Period(joined[-1].start, max(joined[-1].end, period.end))
        else:
            joined.append(period)
    inside = within(joined[0], timezone)
    for period in joined[1:]:
        inside = inside | within(period, timezone)
    return inside


def which(starts: Sequence[date], timezone: str) -> nw.Expr:
    """The number of the last of the sorted days that `ordered_at` is not before; −1 before the first.

    A balanced tree of comparisons: exact at clock changes whatever the engine knows about time zones, and for months
    and weeks three times as fast as its truncation.
    """
    return _search([day_start(day, timezone) for day in starts], 0)


def _search(starts: list[datetime], offset: int) -> nw.Expr:
    if not starts:
        return nw.lit(offset - 1)
    middle = len(starts) // 2
    below = _search(starts[:middle], offset)
    above = _search(starts[middle + 1 :], offset + middle + 1)
    return nw.when(nw.col("ordered_at") < nw.lit(starts[middle])).then(below).otherwise(above)


def orders_of(
    tables: Tables, *, country: str | None = None, channel: str | None = None, customers: CustomerList | None = None
) -> Frame:
    """The orders of one country and channel and of these customers, or all: id, ordered_at, customer_id, country,
    channel."""
    orders = tables.orders.select("id", "ordered_at", "customer_id", "country", "channel")
    return _only(_placed_by(orders, tables, customers), country, channel)


def lines_of(tables: Tables, orders: Frame) -> Frame:
    """The lines of these orders, each with its order's columns."""
    lines: Frame = tables.order_lines.select(
        "order_id", "line_no", "product_id", "kind", "quantity", "unit_price_e4", "amount_e4", "discount_e4"
    )
    return lines.join(orders, left_on="order_id", right_on="id", how="inner")


def order_values(
    tables: Tables, *, country: str | None = None, channel: str | None = None, customers: CustomerList | None = None
) -> Frame:
    """The orders of one country and channel and of these customers, or all, with what their lines add up to: id,
    ordered_at, customer_id, country, channel, the values of `warehouse.order_values.VALUES`, and net_e4, what they add
    to net sales."""
    return _only(_with_net(_placed_by(tables.order_values, tables, customers)), country, channel)


def valued_orders(tables: Tables, orders: Frame) -> Frame:
    """Those of these orders that have a sale or refund: their columns, sale_e4 (above 0 if they have a sale),
    discount_e4, refund_e4 and net_e4.

    Where the orders need no columns of their own, `order_values` gives the same without a join.
    """
    values = _with_net(tables.order_values).filter(has_net())
    return orders.join(values.select("id", "sale_e4", "discount_e4", "refund_e4", "net_e4"), on="id", how="inner")


def has_sale() -> nw.Expr:
    """Whether an order has a sale line; of `order_values` and `valued_orders`."""
    return nw.col("sale_e4") > 0


def has_net() -> nw.Expr:
    """Whether an order has a sale or refund line; of `order_values`."""
    return (nw.col("sale_lines") > 0) | (nw.col("refund_lines") > 0)


def _with_net(values: Frame) -> Frame:
    return values.with_columns(net_e4=nw.col("sale_e4") - nw.col("discount_e4") - nw.col("refund_e4"))


def _placed_by(orders: Frame, tables: Tables, customers: CustomerList | None) -> Frame:
    if customers is None:
        return orders
    return orders.join(tables.keys("customer_id", customers.ids()), on="customer_id", how="semi")


def _only(orders: Frame, country: str | None, channel: str | None) -> Frame:
    if country is not None:
        orders = orders.filter(nw.col("country") == country)
    if channel is not None:
        orders = orders.filter(nw.col("channel") == channel)
    return orders
