"""What each day, week or month of a window adds up to."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw
import pandas as pd

from crm_core.analytics import sales
from crm_core.analytics.measures import as_number, collected
from crm_core.analytics.periods import Bucket, Period
from crm_core.warehouse.order_values import VALUES

_GUEST_SUMS = ("sale_e4", "sale_lines", "refund_lines", "charged_e4", "charged_lines", "net_e4")


def unit_sums(placed: sales.Frame, cut: Sequence[Bucket], timezone: str) -> pd.DataFrame:
    """One row per unit of time, in order: every line measure, orders with a sale, and active, the known customers who
    placed them. `placed` are `sales.order_values`."""
    inside = placed.filter(sales.within(Period(cut[0].start, cut[-1].end), timezone))
    dated = inside.with_columns(unit=sales.which([unit.start for unit in cut], timezone))
    numbers = range(len(cut))
    return pd.concat([frame.reindex(numbers, fill_value=0) for frame in (_sums(dated), _active(dated))], axis=1)


def _sums(dated: sales.Frame) -> pd.DataFrame:
    """The line measures of each unit that has orders, and its orders with a sale."""
    wanted = {name: nw.col(name).sum().cast(nw.Int64) for name in (*VALUES, "net_e4")}
    by_buyer = dated.with_columns(is_guest=nw.col("customer_id").is_null()).group_by("unit", "is_guest")
    cells = collected(by_buyer.agg(**wanted, orders=as_number(sales.has_sale()).sum().cast(nw.Int64)))
    of_guests = cells["is_guest"].astype("int64")
    for name in _GUEST_SUMS:
        cells[f"guest_{name}"] = cells[name] * of_guests
    return cells.drop(columns=["is_guest", "net_e4"]).groupby("unit").sum()


def _active(dated: sales.Frame) -> pd.DataFrame:
    """The known customers with a sale in each unit that has some."""
    bought = dated.filter(sales.has_sale() & ~nw.col("customer_id").is_null())
    # By customer first: counting the groups afterwards is far cheaper than counting distinct customers.
    pairs = bought.group_by("unit", "customer_id").agg(orders=nw.len())
    return collected(pairs.group_by("unit").agg(active=nw.len())).set_index("unit")
