"""What a sale, a refund and an adjustment are: the one place every metric, segment and drill-down takes them from.

| line | counts as | money |
|---|---|---|
| kind sale, quantity and amount above 0 | a sale | amount; its discount is taken off beside it |
| kind refund | a refund | −amount |
| kind adjustment, amount above 0 | charged | amount |
| kind adjustment, amount below 0 | credited | −amount |
| anything else: price 0, write-offs | nothing | none |

A refund line's amount is what was given back, so its discount is not counted again. Money is whole ten-thousandths.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import narwhals as nw

from crm_core.analytics.periods import Period, day_start
from crm_core.db.models import LineKind

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

Frame = nw.LazyFrame[Any]


def is_sale() -> nw.Expr:
    """Whether an order line is a sale: a product line with quantity and amount above 0."""
    return (nw.col("kind") == LineKind.SALE.value) & (nw.col("quantity") > 0) & (nw.col("amount_e4") > 0)


def is_refund() -> nw.Expr:
    """Whether an order line is a refund: cancelled or returned."""
    return nw.col("kind") == LineKind.REFUND.value


def is_charged() -> nw.Expr:
    """Whether an order line is an adjustment the buyer pays: postage, fees."""
    return (nw.col("kind") == LineKind.ADJUSTMENT.value) & (nw.col("amount_e4") > 0)


def is_credited() -> nw.Expr:
    """Whether an order line is an adjustment in the buyer's favour: bad debt written off."""
    return (nw.col("kind") == LineKind.ADJUSTMENT.value) & (nw.col("amount_e4") < 0)


def is_no_adjustment() -> nw.Expr:
    """Whether an order line may be a sale or refund: what is neither is worth nothing in both.

    A coarse filter the engine reads the files by; the exact rules are costly to ask of every line first.
    """
    return nw.col("kind") != LineKind.ADJUSTMENT.value


def has_value() -> nw.Expr:
    """Whether an order line counts in any metric at all."""
    return is_sale() | is_refund() | is_charged() | is_credited()


def net_e4() -> nw.Expr:
    """What a line adds to net sales: amount − discount of a sale, the (negative) amount of a refund, else 0."""
    return (
        nw.when(is_sale())
        .then(nw.col("amount_e4") - nw.col("discount_e4"))
        .otherwise(nw.when(is_refund()).then(nw.col("amount_e4")).otherwise(nw.lit(0)))
    )


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


def orders_of(tables: Tables, *, country: str | None = None, channel: str | None = None) -> Frame:
    """The orders of one country and channel, or all: id, ordered_at, customer_id, country, channel."""
    orders: Frame = tables.orders.select("id", "ordered_at", "customer_id", "country", "channel")
    if country is not None:
        orders = orders.filter(nw.col("country") == country)
    if channel is not None:
        orders = orders.filter(nw.col("channel") == channel)
    return orders


def lines_of(tables: Tables, orders: Frame) -> Frame:
    """The lines of these orders, each with its order's columns."""
    lines: Frame = tables.order_lines.select(
        "order_id", "line_no", "product_id", "kind", "quantity", "unit_price_e4", "amount_e4", "discount_e4"
    )
    return lines.join(orders, left_on="order_id", right_on="id", how="inner")


def valued_orders(tables: Tables, orders: Frame, **parts: nw.Expr) -> Frame:
    """Those of these orders that have more than adjustments: their columns, sale_e4 (above 0 if they have a sale),
    net_e4, and the sums of further `parts` of their lines, whole numbers.

    Lines are added up before their orders are joined to them: that halves the work of a pass over all of them.
    """
    sale = nw.when(is_sale()).then(nw.col("amount_e4")).otherwise(nw.lit(0))
    lines = {"sale_e4": sale, "net_e4": net_e4(), **parts}
    valued = tables.order_lines.filter(is_no_adjustment()).select("order_id", **lines)
    values = valued.group_by("order_id").agg(**{name: nw.col(name).sum().cast(nw.Int64) for name in lines})
    return orders.join(values, left_on="id", right_on="order_id", how="inner")


def has_sale() -> nw.Expr:
    """Whether one of `valued_orders` has a sale line."""
    return nw.col("sale_e4") > 0
