"""The overview's numbers as a page without a warehouse would get them: tables into pandas, merges and groupbys."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sqlalchemy import text

from crm_core.analytics.overview import OverviewParams
from crm_core.analytics.periods import Period
from crm_core.workspace import Workspace

Numbers = dict[str, Any]
DIMENSIONS = ("country", "category", "channel")


def by_pandas(workspace: Workspace, params: OverviewParams) -> Numbers:
    """Key figures, course by months, bridge and drivers; money in ten-thousandths, pairs of this and the compared."""
    compared = params.compared
    assert compared is not None
    rows = _rows(workspace)
    sold = rows[rows["is_sale"]]
    first = sold.groupby("customer_id")["day"].min()
    periods = (params.period, compared)
    windows = [_inside(rows, period) for period in periods]
    now, then = (_values(window, sold, first, period) for window, period in zip(windows, periods, strict=True))
    return {
        **{name: (now[name], then[name]) for name in now},
        "series": [_course(window, first, period) for window, period in zip(windows, periods, strict=True)],
        "bridge": _bridge(windows, first, pd.Timestamp(compared.end)),
        "drivers": _drivers(windows),
    }


def _rows(workspace: Workspace) -> pd.DataFrame:
    with workspace.database.engine.connect() as connection:  # as every page reaches the database, of whatever kind
        orders = pd.read_sql(text("SELECT id, ordered_at, customer_id, country, channel FROM orders"), connection)
        lines = pd.read_sql(
            text("SELECT order_id, product_id, kind, quantity, amount_e4, discount_e4 FROM order_lines"), connection
        )
        products = pd.read_sql(text("SELECT id AS product_id, category FROM products"), connection)
    instants = pd.to_datetime(orders["ordered_at"], unit="us", utc=True).dt.tz_convert(workspace.timezone)
    orders["day"] = instants.dt.tz_localize(None).dt.normalize()
    rows = lines.merge(orders, left_on="order_id", right_on="id").merge(products, on="product_id", how="left")
    rows["is_sale"] = (rows["kind"] == "sale") & (rows["quantity"] > 0) & (rows["amount_e4"] > 0)
    refunds = rows["amount_e4"].where(rows["kind"] == "refund", 0)
    rows["net_e4"] = (rows["amount_e4"] - rows["discount_e4"]).where(rows["is_sale"], refunds)
    return rows


def _inside(rows: pd.DataFrame, period: Period) -> pd.DataFrame:
    return rows[(rows["day"] >= pd.Timestamp(period.start)) & (rows["day"] < pd.Timestamp(period.end))]


def _values(window: pd.DataFrame, sold: pd.DataFrame, first: pd.Series, period: Period) -> dict[str, int]:
    now, before = window[window["is_sale"]], _inside(sold, period.previous())
    other = window.loc[window["kind"] == "adjustment", "amount_e4"]
    active, past = set(now["customer_id"].dropna()), set(before["customer_id"].dropna())
    new = set(first.index[(first >= pd.Timestamp(period.start)) & (first < pd.Timestamp(period.end))])
    guests = window[window["customer_id"].isna()]
    is_billed = guests["is_sale"] | ((guests["kind"] == "adjustment") & (guests["amount_e4"] > 0))
    return {
        "gross_sales": int(now["amount_e4"].sum()),
        "refunds": int(-window.loc[window["kind"] == "refund", "amount_e4"].sum()),
        "discounts": int(now["discount_e4"].sum()),
        "orders": int(now["order_id"].nunique()),
        "active_customers": len(active),
        "new_customers": len(new),
        "returning_customers": len(active & past),
        "resurrected_customers": len(active - past - new),
        "dormant_customers": len(past - active),
        "adjustments_charged": int(other[other > 0].sum()),
        "adjustments_credited": int(-other[other < 0].sum()),
        "billed_guests": int(guests.loc[is_billed, "amount_e4"].sum()),
    }


def _course(window: pd.DataFrame, first: pd.Series, period: Period) -> list[tuple[Any, ...]]:
    now, returned = window[window["is_sale"]], window[window["kind"] == "refund"]
    gained = first[(first >= pd.Timestamp(period.start)) & (first < pd.Timestamp(period.end))]
    by_month = now.groupby(now["day"].dt.to_period("M"))
    course = pd.DataFrame(
        {
            "gross": by_month["amount_e4"].sum(),
            "refunds": -returned.groupby(returned["day"].dt.to_period("M"))["amount_e4"].sum(),
            "discounts": by_month["discount_e4"].sum(),
            "orders": by_month["order_id"].nunique(),
            "active": by_month["customer_id"].nunique(),
            "new": gained.groupby(gained.dt.to_period("M")).size(),
        }
    )
    course = course.fillna(0).astype("int64")
    return [(max(row[0].start_time.date(), period.start), *row[1:]) for row in course.itertuples()]


def _bridge(windows: list[pd.DataFrame], first: pd.Series, compared_end: pd.Timestamp) -> Numbers:
    nets = [window.groupby("customer_id")["net_e4"].sum() for window in windows]
    both = pd.concat(nets, axis=1, keys=["now", "then"]).fillna(0).astype("int64")
    buys, bought = (both.index.isin(window.loc[window["is_sale"], "customer_id"]) for window in windows)
    change, gained = both["now"] - both["then"], first.reindex(both.index) >= compared_end
    components = {
        "new": buys & ~bought & gained,
        "resurrected": buys & ~bought & ~gained,
        "expansion": (buys == bought) & (change > 0),
        "contraction": (buys == bought) & (change < 0),
        "dormant": bought & ~buys,
    }
    guests = [int(window.loc[window["customer_id"].isna(), "net_e4"].sum()) for window in windows]
    found = {name: (int(change[chosen].sum()), int(chosen.sum())) for name, chosen in components.items()}
    return found | {"guests": (guests[0] - guests[1], 0)}


def _drivers(windows: list[pd.DataFrame]) -> Numbers:
    found: Numbers = {}
    for dimension in DIMENSIONS:
        nets = [window.groupby(dimension, dropna=False)["net_e4"].sum() for window in windows]
        both = pd.concat(nets, axis=1, keys=["now", "then"]).fillna(0).astype("int64")
        both = both[(both != 0).any(axis=1)]
        order = (both["now"] - both["then"]).abs().sort_values(ascending=False)
        for value in order.index[:10]:
            pair = (int(both.loc[value, "now"]), int(both.loc[value, "then"]))
            found[dimension, None if pd.isna(value) else value] = pair
    return found
