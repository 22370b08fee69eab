"""Retention and life cycle as a page without a warehouse would get them: tables into pandas, merges and groupbys."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import text

from crm_core.analytics.periods import Period
from crm_core.workspace import Workspace


def rows_of(workspace: Workspace) -> pd.DataFrame:
    """The lines of known customers, only the columns needed: customer_id, day, is_sale, net_e4 (whole numbers)."""
    with workspace.database.engine.connect() as connection:
        orders = pd.read_sql(
            text("SELECT id AS order_id, ordered_at, customer_id FROM orders WHERE customer_id IS NOT NULL"), connection
        )
        lines = pd.read_sql(
            text("SELECT order_id, kind, quantity, amount_e4, discount_e4 FROM order_lines WHERE kind <> 'adjustment'"),
            connection,
        )
    instants = pd.to_datetime(orders["ordered_at"], unit="us", utc=True).dt.tz_convert(workspace.timezone)
    orders["day"] = instants.dt.tz_localize(None).dt.normalize()
    rows = lines.merge(orders, on="order_id")
    rows["is_sale"] = (rows["kind"] == "sale") & (rows["quantity"] > 0) & (rows["amount_e4"] > 0)
    refunds = rows["amount_e4"].where(rows["kind"] == "refund", 0)
    rows["net_e4"] = (rows["amount_e4"] - rows["discount_e4"]).where(rows["is_sale"], refunds)
    return rows[["customer_id", "day", "is_sale", "net_e4"]]


def triangle_of(rows: pd.DataFrame, period: Period) -> dict[tuple[date, int], tuple[int, int]]:
    """Customers retained and net sales so far, by cohort (month of the first sale) and months since."""
    known = rows[rows["day"] < pd.Timestamp(period.end)]
    sales = known[known["is_sale"]]
    first = sales.groupby("customer_id")["day"].min().rename("first")
    known = known.join(first, on="customer_id", how="inner")
    known = known[known["day"] >= known["first"]]
    month, cohort = (known[name].dt.year * 12 + known[name].dt.month - 1 for name in ("day", "first"))
    known = known.assign(cohort=cohort, offset=month - cohort)
    start, last = period.start.year * 12 + period.start.month - 1, int(month.max())
    known = known[known["cohort"] >= start]
    visits = known[known["is_sale"]].drop_duplicates(["customer_id", "offset"])
    retained = visits.groupby(["cohort", "offset"]).size().unstack(fill_value=0)
    net = known.groupby(["cohort", "offset"])["net_e4"].sum().unstack(fill_value=0).cumsum(axis=1)
    wide = {"columns": range(last - start + 1), "index": range(start, last + 1)}
    retained, net = retained.reindex(**wide, fill_value=0), net.reindex(**wide).ffill(axis=1)
    return {
        (date(month // 12, month % 12 + 1, 1), offset): (int(retained.loc[month, offset]), int(net.loc[month, offset]))
        for month in range(start, last + 1)
        for offset in range(last - month + 1)
    }


def course_of(rows: pd.DataFrame, period: Period) -> list[tuple[Any, ...]]:
    """New, returning, resurrected and dormant customers of each month, beside as many days just before it."""
    sales = rows.loc[rows["is_sale"], ["customer_id", "day"]].drop_duplicates()
    first = sales.groupby("customer_id")["day"].min()
    found: list[tuple[Any, ...]] = []
    for start in pd.date_range(period.start, period.end, freq="MS", inclusive="left"):
        end = start + pd.offsets.MonthBegin()
        now = sales.loc[(sales["day"] >= start) & (sales["day"] < end), "customer_id"].unique()
        past = (sales["day"] >= start - (end - start)) & (sales["day"] < start)
        before = sales.loc[past, "customer_id"].unique()
        n_new = int(((first >= start) & (first < end)).sum())
        n_both = len(np.intersect1d(now, before, assume_unique=True))
        row = (n_new, n_both, len(now) - n_both - n_new, len(before) - n_both)
        found.append((start.date(), *row))
    return found
