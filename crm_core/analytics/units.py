"""What each day, week or month of a window adds up to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import narwhals as nw
import pandas as pd

from crm_core.analytics import sales
from crm_core.analytics.measures import as_number, collected
from crm_core.analytics.periods import Bucket, Period

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

_GUEST_SUMS = ("sale_e4", "sale_lines", "refund_lines", "charged_e4", "charged_lines")


def unit_sums(tables: Tables, orders: sales.Frame, placed: sales.Frame, cut: Sequence[Bucket]) -> pd.DataFrame:
    """One row per unit of time, in order: every line measure, orders with a sale, and active, the known customers who
    placed them. `placed` are `sales.valued_orders` of these orders."""
    whole = sales.within(Period(cut[0].start, cut[-1].end), tables.timezone)
    unit = sales.which([unit.start for unit in cut], tables.timezone)
    lines = _line_sums(tables, orders.filter(whole).select("id", "customer_id", unit=unit))
    activity = _activity(placed.filter(whole & sales.has_sale()).select("customer_id", unit=unit))
    numbers = range(len(cut))
    return pd.concat([frame.reindex(numbers, fill_value=0) for frame in (lines, activity)], axis=1)


def _line_sums(tables: Tables, dated: sales.Frame) -> pd.DataFrame:
    """The line measures of each unit that has orders."""
    dated = dated.select("id", "unit", is_guest=nw.col("customer_id").is_null())
    lines = tables.order_lines.select("order_id", "kind", "quantity", "amount_e4", "discount_e4")
    # What a line is gets asked after the join: only of the lines in the window.
    inside = lines.join(dated, left_on="order_id", right_on="id", how="inner").with_columns(part=_part())
    cells = collected(
        inside.group_by("unit", "is_guest", "part").agg(
            lines=nw.len(),
            amount_e4=nw.col("amount_e4").sum().cast(nw.Int64),
            discount_e4=nw.col("discount_e4").sum().cast(nw.Int64),
            discount_lines=as_number(nw.col("discount_e4") != 0).sum().cast(nw.Int64),
        )
    )
    return _spread(cells).groupby("unit").sum()


def _activity(buyers: sales.Frame) -> pd.DataFrame:
    """Orders and known customers of each unit that has sales."""
    # By customer first: counting the groups afterwards is far cheaper than counting distinct customers.
    bought = buyers.group_by("unit", "customer_id").agg(orders=nw.len())
    is_known = ~nw.col("customer_id").is_null()
    counts = bought.group_by("unit").agg(
        orders=nw.col("orders").sum().cast(nw.Int64), active=as_number(is_known).sum().cast(nw.Int64)
    )
    return collected(counts).set_index("unit")


_PARTS = {"sale": sales.is_sale, "refund": sales.is_refund, "charged": sales.is_charged, "credited": sales.is_credited}
_SIGNS = {"sale": 1, "refund": -1, "charged": 1, "credited": -1}


def _part() -> nw.Expr:
    """Which of _PARTS an order line is, as a number from 1; 0 for none. Grouping by it beats a sum for each."""
    number = nw.lit(0)
    for i, condition in enumerate(_PARTS.values(), 1):
        number = nw.when(condition()).then(nw.lit(i)).otherwise(number)
    return number


def _spread(cells: pd.DataFrame) -> pd.DataFrame:
    """Each cell's amount and count in the columns of its part, and again in the guests' columns if it is a guest's."""
    of_guests = cells["is_guest"].astype("int64")
    spread = cells[["unit", "lines"]].copy()
    for i, name in enumerate(_PARTS, 1):
        is_part = (cells["part"] == i).astype("int64")
        spread[f"{name}_e4"] = cells["amount_e4"] * is_part * _SIGNS[name]
        spread[f"{name}_lines"] = cells["lines"] * is_part
    is_sale = (cells["part"] == 1).astype("int64")
    spread["discount_e4"] = cells["discount_e4"] * is_sale
    spread["discount_lines"] = cells["discount_lines"] * is_sale
    for name in _GUEST_SUMS:
        spread[f"guest_{name}"] = spread[name] * of_guests
    spread["guest_net_e4"] = (spread["sale_e4"] - spread["refund_e4"] - spread["discount_e4"]) * of_guests
    return spread
