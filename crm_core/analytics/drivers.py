"""Which countries, product categories and channels moved net sales most."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import narwhals as nw
import pandas as pd

from crm_core.analytics import sales
from crm_core.analytics.measures import Windows, collected
from crm_core.db.types import from_e4

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

DIMENSIONS = ("country", "category", "channel")
SHOWN = 10
"""How many values of a dimension are listed."""


@dataclass(frozen=True)
class Driver:
    """The value of a dimension that moved net sales most."""

    dimension: str
    value: str | None
    change: Decimal


def drivers_of(tables: Tables, placed: sales.Frame, windows: Windows) -> pd.DataFrame:
    """Net sales of each country, category and channel: dimension, value (None: not known), current, previous, change.

    The ten that changed most of each dimension, most first; without a compared period the ten largest, previous and
    change None. Money is exact. `placed` are the `sales.order_values` of the orders to look at.
    """
    zone = tables.timezone
    edges = sorted({day for period in windows.shown for day in (period.start, period.end)})
    inside = placed.filter(sales.within_any(windows.shown, zone))
    dated = inside.with_columns(stretch=sales.which(edges, zone))
    net = nw.col("net_e4").sum().cast(nw.Int64)
    by_place = collected(dated.group_by("country", "channel", "stretch").agg(net_e4=net))
    lines = tables.order_lines.select("order_id", "product_id", "net_e4").filter(nw.col("net_e4") != 0)
    of_orders = dated.select("id", "stretch")
    sold = lines.join(of_orders, left_on="order_id", right_on="id", how="inner")
    # By product first: some thousand products get their category, not millions of lines.
    by_product = sold.group_by("product_id", "stretch").agg(net_e4=net)
    categories = tables.products.select("id", "category")
    named = by_product.join(categories, left_on="product_id", right_on="id", how="left")
    by_category = collected(named.group_by("category", "stretch").agg(net_e4=net))
    for cells in (by_place, by_category):
        for i, period in enumerate(windows.shown):
            first, end = edges.index(period.start), edges.index(period.end)
            cells[f"net_{i}"] = cells["net_e4"].where(cells["stretch"].between(first, end - 1), 0)
    sums = {"country": by_place, "category": by_category, "channel": by_place}
    moves = [_moves(dimension, sums[dimension], len(windows.shown) > 1) for dimension in DIMENSIONS]
    return pd.concat(moves, ignore_index=True)


def _moves(dimension: str, cells: pd.DataFrame, has_compared: bool) -> pd.DataFrame:
    names = ["net_0", "net_1"] if has_compared else ["net_0"]
    rows = cells.groupby(dimension, dropna=False, sort=True)[names].sum()
    rows = rows[(rows != 0).any(axis=1)]
    moved = rows["net_0"] - rows["net_1"] if has_compared else rows["net_0"]
    rows = rows.loc[moved.abs().sort_values(ascending=False, kind="stable").index[:SHOWN]]
    current = [from_e4(int(value)) for value in rows["net_0"]]
    previous = [from_e4(int(value)) for value in rows["net_1"]] if has_compared else [None] * len(rows)
    change = [now - then if then is not None else None for now, then in zip(current, previous, strict=True)]
    return pd.DataFrame(
        {
            "dimension": pd.Series([dimension] * len(rows), dtype="str"),
            "value": pd.Series([None if pd.isna(value) else value for value in rows.index], dtype=object),
            "current": pd.Series(current, dtype=object),
            "previous": pd.Series(previous, dtype=object),
            "change": pd.Series(change, dtype=object),
        }
    )


def leading_driver(drivers: pd.DataFrame, change: Decimal) -> Driver | None:
    """What moved most in the direction of the change, of dimensions with two values or more; None without one."""
    best: Driver | None = None
    for dimension, rows in drivers.groupby("dimension", sort=False):
        if len(rows) < 2:
            continue  # the only country of a shop explains nothing
        for value, moved in zip(rows["value"], rows["change"], strict=True):
            if moved is not None and moved * change > 0 and (best is None or abs(moved) > abs(best.change)):
                best = Driver(str(dimension), value, moved)
    return best
