"""Expected value by band of customers, by when they were acquired and through which channel."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal

import narwhals as nw
import numpy as np
import pandas as pd

from crm_core.analytics import sales, value_model
from crm_core.analytics.maximum_likelihood import Floats
from crm_core.analytics.measures import collected
from crm_core.analytics.purchase_log import Histories, Ints, day_of
from crm_core.analytics.purchases import up_to
from crm_core.analytics.value_model import Forecast, ValueModel
from crm_core.db.types import from_e4
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

BANDS = {N_("High value"): 0.5, N_("Middle value"): 0.8, N_("Low value"): 1.0}
"""Bands of customers, and up to which share of all expected value each reaches, most valuable customers first."""

CohortUnit = Literal["month", "quarter", "year"]
_MONTHS: dict[CohortUnit, int] = {"month": 1, "quarter": 3, "year": 12}
_LONGEST_DAYS: dict[CohortUnit, int] = {"month": 2 * 366, "quarter": 8 * 366}


def banded(ahead: Forecast) -> Ints:
    """The band of each customer, as a position in BANDS, shape (customers,).

    The customers who together make the first half of all expected value are of high value, those who make the next
    three tenths of middle value. Equal customers are told apart by their order.
    """
    worth = ahead.value_e4
    order = np.argsort(-worth, kind="stable")
    before = np.cumsum(worth[order]) - worth[order]
    limits = np.array([share * int(worth.sum()) for share in list(BANDS.values())[:-1]])
    bands = np.empty(len(worth), dtype=np.int64)
    bands[order] = np.searchsorted(limits, before, side="right")
    return bands


def cohort_unit(days: int) -> CohortUnit:
    """The unit that cuts a history of so many days into a few dozen cohorts at most."""
    return next((unit for unit, longest in _LONGEST_DAYS.items() if days <= longest), "year")


def cohort_starts(known: Histories, unit: CohortUnit) -> tuple[list[date], Ints]:
    """The first day of each month, quarter or year in which someone came, and which is each customer's."""
    months = known.first.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    starts, which = np.unique(months // _MONTHS[unit] * _MONTHS[unit], return_inverse=True)
    days = starts.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return [day_of(int(day)) for day in days], which.astype(np.int64)


def grouped_value(model: ValueModel, known: Histories, ahead: Forecast, group: Ints, n_groups: int) -> pd.DataFrame:
    """One row a group: customers, share, sales, purchases, purchases_low, purchases_high, value, value_low, value_high,
    value_share, value_per_customer."""
    sums = value_model.summed(model, ahead, group, n_groups)
    customers = np.bincount(group, minlength=n_groups).astype(np.int64)
    worth, so_far = np.zeros(n_groups, dtype=np.int64), np.zeros(n_groups, dtype=np.int64)
    np.add.at(worth, group, ahead.value_e4)
    np.add.at(so_far, group, known.spent_e4)
    total = int(worth.sum())
    return pd.DataFrame(
        {
            "customers": customers,
            "share": customers / len(group),
            "sales": pd.Series([from_e4(int(amount)) for amount in so_far], dtype=object),
            "purchases": sums.purchases,
            "purchases_low": sums.purchases_low,
            "purchases_high": sums.purchases_high,
            "value": pd.Series([from_e4(int(amount)) for amount in worth], dtype=object),
            "value_low": _amounts(sums.value_low),
            "value_high": _amounts(sums.value_high),
            "value_share": worth / total if total else np.zeros(n_groups),
            "value_per_customer": _amounts(np.divide(worth, np.maximum(customers, 1)) / 10_000),
        }
    )


def acquisition_channels(tables: Tables, as_of: date) -> pd.DataFrame:
    """The channel of each known customer's first order with a sale: customer_id, channel; no row where it has none."""
    orders = tables.orders.filter(~nw.col("customer_id").is_null() & sales.within(up_to(as_of), tables.timezone))
    dated = orders.select("id", "customer_id", "ordered_at", "channel")
    sold = sales.valued_orders(tables, dated).filter(sales.has_sale())
    first = sold.group_by("customer_id").agg(ordered_at=nw.col("ordered_at").min())
    at_first = sold.select("customer_id", "ordered_at", "channel").join(
        first, on=["customer_id", "ordered_at"], how="inner"
    )
    # Two orders of one instant: the same one of their channels every time.
    return collected(at_first.group_by("customer_id").agg(channel=nw.col("channel").min()))


def channels_of(customers: Ints, acquired: pd.DataFrame) -> tuple[list[str | None], Ints]:
    """The channels, unknown last, and which is each customer's, as a position among them."""
    channel = acquired.set_index("customer_id")["channel"].reindex(customers)
    codes, names = pd.factorize(channel, sort=True)
    found: list[str | None] = [str(name) for name in names]
    which = np.asarray(codes, dtype=np.int64)
    if (which < 0).any():
        which = np.where(which < 0, len(found), which)
        found.append(None)
    return found, which


def refund_share(tables: Tables, as_of: date) -> float | None:
    """Refunds booked apart from an order with a sale, as a share of sales to known customers; None without sales."""
    orders = tables.orders.filter(~nw.col("customer_id").is_null() & sales.within(up_to(as_of), tables.timezone))
    valued = sales.valued_orders(tables, orders.select("id"))
    is_sold = sales.has_sale()
    sums = collected(
        valued.select(
            sold=nw.when(is_sold).then(nw.col("net_e4")).otherwise(nw.lit(0)).sum().cast(nw.Int64),
            all=nw.col("net_e4").sum().cast(nw.Int64),
        )
    )
    if not len(sums) or pd.isna(sums["sold"].iloc[0]) or int(sums["sold"].iloc[0]) <= 0:
        return None
    return 1 - int(sums["all"].iloc[0]) / int(sums["sold"].iloc[0])


def _amounts(values: Floats) -> pd.Series:
    return pd.Series([None if np.isnan(v) else from_e4(round(float(v) * 10_000)) for v in values], dtype=object)
