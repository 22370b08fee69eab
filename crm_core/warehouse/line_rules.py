"""What a sale, a refund and an adjustment are: the one place every metric, segment and drill-down takes them from.

| line | counts as | money |
|---|---|---|
| kind sale, quantity and amount above 0 | a sale | amount; its discount is taken off beside it |
| kind refund | a refund | −amount |
| kind adjustment, amount above 0 | charged | amount |
| kind adjustment, amount below 0 | credited | −amount |
| anything else: price 0, write-offs | nothing | none |

A refund line's amount is what was given back, so its discount is not counted again. Money is whole ten-thousandths.

The rules lie with the snapshot because it adds them up per order when it is written (`order_values`); whoever lists
lines asks the same ones. A snapshot written by other rules is not read but written anew (`layout.LAYOUT_ID`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import narwhals as nw

from crm_core.db.models import LineKind


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


@dataclass(frozen=True)
class LinePart:
    """A kind of lines that is added up per order: which lines, and which money of theirs, with the sign it is shown
    with: `sign` × the column `money`."""

    is_part: nw.Expr
    money: Literal["amount_e4", "discount_e4"] = "amount_e4"
    sign: Literal[1, -1] = 1


def line_parts() -> dict[str, LinePart]:
    """The parts an order's values are made of; part `x` gives money `x_e4` and the number of its lines `x_lines`, named
    as in `analytics.measures.LineSums`."""
    return {
        "sale": LinePart(is_sale()),
        "refund": LinePart(is_refund(), sign=-1),
        "discount": LinePart(is_sale() & (nw.col("discount_e4") != 0), "discount_e4"),
        "charged": LinePart(is_charged()),
        "credited": LinePart(is_credited(), sign=-1),
    }
