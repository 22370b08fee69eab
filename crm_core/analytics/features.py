"""What each customer looked like on a day, from nothing later than that day: the features models learn from.

Every feature is computed from sales and refunds up to and including the local day `as_of`; what happened after it can
change none of them. `Histories` reads the lines once and answers for several days, which is how cut-offs walk forward.

Whole numbers are summed in the engine and divided here, so that the result does not depend on the order of addition.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_core.analytics import sales
from crm_core.analytics.measures import as_number, collected
from crm_core.analytics.periods import day_start
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

FeatureUnit: TypeAlias = Literal["days", "count", "number", "money", "share", "times", "yes"]
Ids: TypeAlias = NDArray[np.int64]

QUARTER_DAYS, YEAR_DAYS = 91, 364
"""Thirteen and fifty-two weeks, so that a span always holds each weekday equally often."""


@dataclass(frozen=True)
class Feature:
    """One feature: its column, what it is called, its unit, and the scale a linear model sees it on: the logarithm of
    one more, the logarithm, or as it is.

    A missing value means that the customer has not been around, or has not bought, long enough for it to exist.
    """

    name: str
    label: str
    unit: FeatureUnit
    scale: Literal["log1p", "log", "plain"] = "log1p"


FEATURES = (
    Feature("recency_days", N_("Time since the last purchase"), "days"),
    Feature("overdue", N_("Time since the last purchase, in usual gaps"), "times"),
    Feature("gap_days", N_("Usual gap between purchases"), "days"),
    Feature("gap_spread", N_("Irregularity of the gaps"), "times"),
    Feature("frequency", N_("Orders so far"), "count"),
    Feature("is_repeat", N_("Bought on more than one day"), "yes", scale="plain"),
    Feature("tenure_days", N_("Time since the first purchase"), "days"),
    Feature("order_value", N_("Net sales per order"), "money"),
    Feature("recent_orders", N_("Orders in the last quarter"), "count"),
    Feature("trend", N_("Last quarter against the quarters before"), "times"),
    Feature("season_orders", N_("Orders in the same season a year ago"), "count"),
    Feature("products", N_("Different products bought"), "count"),
    Feature("categories", N_("Different categories bought"), "count"),
    Feature("discount_share", N_("Discounts as a share of sales"), "share", scale="plain"),
    Feature("refund_share", N_("Refunds as a share of sales"), "share", scale="plain"),
    Feature("main_channel_share", N_("Orders through the main channel"), "share", scale="plain"),
)
"""In the order models hold them. `purchases` defines recency, frequency, tenure and net sales; these agree with it."""

NAMES = tuple(feature.name for feature in FEATURES)


@dataclass(frozen=True)
class Histories:
    """Purchases by day, and first purchases by product, of some or all known customers, up to one last day.

    days: customer_id, day (ordinal), orders, main_orders, sale_e4, net_e4, discount_e4, refund_e4, gap (days since the
        purchase day before, or null); one row per customer and day with a sale or refund.
    firsts: customer_id, product_id, category, day (of the first sale).
    """

    days: sales.Frame
    firsts: sales.Frame
    last: date

    def features(self, as_of: date, horizon: int) -> pd.DataFrame:
        """One row per customer with a sale on or before `as_of`, by customer_id: customer_id, the FEATURES,
        purchase_days, monetary_e4 (net sales so far) and year_e4 (of the last 52 weeks), these three whole numbers.

        `horizon` in days says which span a year ago is the coming season.
        """
        if as_of > self.last:
            raise ValueError(f"the histories end on {self.last}, before {as_of}")
        sums = collected(_summed(self.days, as_of.toordinal(), horizon).filter(nw.col("frequency") > 0))
        breadth = collected(_breadth(self.firsts, as_of.toordinal()))
        joined = sums.merge(breadth, on="customer_id", how="left", validate="one_to_one")
        return _derived(joined.sort_values("customer_id", ignore_index=True), as_of.toordinal())

    def buyers(self, after: date, horizon: int) -> Ids:
        """The sorted ids of the customers with a sale in the `horizon` days after the day `after`."""
        first, last = after.toordinal() + 1, after.toordinal() + horizon
        if date.fromordinal(last) > self.last:
            raise ValueError(f"the histories end on {self.last}; what follows {after} is not known yet")
        bought = self.days.filter((nw.col("day") >= first) & (nw.col("day") <= last) & (nw.col("orders") > 0))
        found = collected(bought.group_by("customer_id").agg(n=nw.len()))["customer_id"]
        return np.sort(found.to_numpy(np.int64))


def histories(
    tables: Tables, last: date, *, channel: str | None, share: float = 1.0, customer_id: int | None = None
) -> Histories:
    """The histories of all known customers up to the day `last`, of about a `share` of them (always the same ones), or
    of one customer.

    `channel` is the main one, whose orders are counted apart. Nothing is computed until it is asked for.
    """
    until = day_start(last + timedelta(days=1), tables.timezone)
    dated = tables.orders.filter(~nw.col("customer_id").is_null() & (nw.col("ordered_at") < nw.lit(until)))
    if share < 1.0:
        dated = dated.filter(_drawn() < int(share * _DRAWS))
    if customer_id is not None:
        dated = dated.filter(nw.col("customer_id") == customer_id)
    is_main = nw.lit(0) if channel is None else as_number(nw.col("channel") == channel)
    orders = dated.select("id", "customer_id", day=nw.col("ordered_at").dt.date(), is_main=is_main)
    orders = orders.with_columns(day=_ordinal())
    return Histories(_by_day(tables, orders), _first_bought(tables, orders), last)


@contextmanager
def kept_histories(tables: Tables, last: date, *, channel: str | None, share: float = 1.0) -> Iterator[Histories]:
    """The same histories, read once and held until the block ends."""
    lazy = histories(tables, last, channel=channel, share=share)
    with tables.kept(lazy.days) as days, tables.kept(lazy.firsts) as firsts:
        yield Histories(days, firsts, last)


def main_channel(tables: Tables, as_of: date) -> str | None:
    """The channel most orders of known customers up to `as_of` came through; None where no order names one."""
    until = day_start(as_of + timedelta(days=1), tables.timezone)
    named = ~nw.col("customer_id").is_null() & ~nw.col("channel").is_null() & (nw.col("ordered_at") < nw.lit(until))
    counts = tables.orders.filter(named).group_by("channel").agg(n=nw.len())
    first = collected(counts.sort("n", "channel", descending=[True, False]).head(1))["channel"]
    return None if first.empty else str(first.iloc[0])


_DRAWS = 2**32


def _drawn() -> nw.Expr:
    """A number from 0 up to 2³², spread evenly over customers and always the same for one (Knuth's multiplicative
    hashing, The Art of Computer Programming 3, 6.4)."""
    return (nw.col("customer_id") % 2**31) * 2_654_435_761 % _DRAWS


def _ordinal() -> nw.Expr:
    """Days since the first of January of the year 1, from 1: what `date.toordinal` gives (proleptic Gregorian)."""
    past = nw.col("day").dt.year().cast(nw.Int64) - 1
    return past * 365 + past // 4 - past // 100 + past // 400 + nw.col("day").dt.ordinal_day().cast(nw.Int64)


def _by_day(tables: Tables, orders: sales.Frame) -> sales.Frame:
    valued = sales.valued_orders(tables, orders)
    money = {name: nw.col(name).sum().cast(nw.Int64) for name in ("sale_e4", "net_e4", "discount_e4", "refund_e4")}
    is_order = as_number(sales.has_sale())
    counts = {"orders": is_order.sum(), "main_orders": (is_order * nw.col("is_main")).sum()}
    days = valued.group_by("customer_id", "day").agg(
        **money, **{name: count.cast(nw.Int64) for name, count in counts.items()}
    )
    # A day of refunds alone is no purchase: it neither ends a gap nor begins one.
    days = days.with_columns(is_bought=as_number(nw.col("orders") > 0))
    before = nw.col("day").shift(1).over("customer_id", "is_bought", order_by="day")
    return days.with_columns(gap=nw.when(nw.col("orders") > 0).then(nw.col("day") - before)).drop("is_bought")


def _first_bought(tables: Tables, orders: sales.Frame) -> sales.Frame:
    sold = tables.order_lines.filter(sales.is_sale() & ~nw.col("product_id").is_null())
    lines = sold.select("order_id", "product_id").join(orders, left_on="order_id", right_on="id", how="inner")
    firsts = lines.group_by("customer_id", "product_id").agg(day=nw.col("day").min())
    named = tables.products.select("id", "category")
    return firsts.join(named, left_on="product_id", right_on="id", how="left")


def _summed(days: sales.Frame, as_of: int, horizon: int) -> sales.Frame:
    day, orders = nw.col("day"), nw.col("orders")
    bought_on = nw.when(orders > 0).then(day)
    season = (day > as_of - YEAR_DAYS) & (day <= as_of - YEAR_DAYS + horizon)

    def where(condition: nw.Expr, value: nw.Expr) -> nw.Expr:
        return nw.when(condition).then(value).otherwise(nw.lit(0)).sum().cast(nw.Int64)

    sums = {
        "first_day": bought_on.min(),
        "last_day": bought_on.max(),
        "purchase_days": as_number(orders > 0).sum().cast(nw.Int64),
        "frequency": orders.sum().cast(nw.Int64),
        "main_orders": nw.col("main_orders").sum().cast(nw.Int64),
        "sale_e4": nw.col("sale_e4").sum().cast(nw.Int64),
        "monetary_e4": nw.col("net_e4").sum().cast(nw.Int64),
        "discount_e4": nw.col("discount_e4").sum().cast(nw.Int64),
        "refund_e4": nw.col("refund_e4").sum().cast(nw.Int64),
        "squares": nw.when(orders > 0).then(nw.col("gap") * nw.col("gap")).sum().cast(nw.Int64),
        "recent": where(day > as_of - QUARTER_DAYS, orders),
        "season": where(season, orders),
        "year_e4": where(day > as_of - YEAR_DAYS, nw.col("net_e4")),
    }
    return days.filter(day <= as_of).group_by("customer_id").agg(**sums)


def _breadth(firsts: sales.Frame, as_of: int) -> sales.Frame:
    by_category = firsts.filter(nw.col("day") <= as_of).group_by("customer_id", "category").agg(n=nw.len())
    return by_category.group_by("customer_id").agg(
        products=nw.col("n").sum().cast(nw.Int64),
        categories=as_number(~nw.col("category").is_null()).sum().cast(nw.Int64),
    )


def _derived(sums: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """The features of the sums of each customer; see FEATURES for what each one is."""

    def column(name: str) -> NDArray[np.float64]:
        return sums[name].to_numpy(np.float64)

    recency, tenure = as_of - column("last_day"), as_of - column("first_day")
    frequency, recent, sold = column("frequency"), column("recent"), column("sale_e4")
    n_gaps = column("purchase_days") - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = np.where(n_gaps > 0, (tenure - recency) / n_gaps, np.nan)
        variance = np.maximum(column("squares") / n_gaps - gap**2, 0.0)
        spread = np.where(n_gaps > 1, np.sqrt(variance) / gap, np.nan)
        # Half an order on either side keeps the ratio finite and draws it towards "no change" where orders are few.
        quarters = np.maximum(tenure + 1 - QUARTER_DAYS, 0) / QUARTER_DAYS
        trend = np.where(quarters >= 1, (recent + 0.5) / ((frequency - recent) / quarters + 0.5), np.nan)
        discount, refund = column("discount_e4") / sold, column("refund_e4") / sold
    return pd.DataFrame(
        {
            "customer_id": sums["customer_id"].to_numpy(np.int64),
            "recency_days": recency,
            "overdue": recency / gap,
            "gap_days": gap,
            "gap_spread": spread,
            "frequency": frequency,
            "is_repeat": (n_gaps > 0).astype(np.float64),
            "tenure_days": tenure,
            "order_value": np.maximum(column("monetary_e4"), 0.0) / 10_000 / frequency,
            "recent_orders": recent,
            "trend": trend,
            "season_orders": np.where(tenure >= YEAR_DAYS, column("season"), np.nan),
            "products": np.nan_to_num(column("products")),
            "categories": np.nan_to_num(column("categories")),
            "discount_share": discount,
            "refund_share": np.minimum(refund, 1.0),
            "main_channel_share": column("main_orders") / frequency,
            "purchase_days": sums["purchase_days"].to_numpy(np.int64),
            "monetary_e4": sums["monetary_e4"].to_numpy(np.int64),
            "year_e4": sums["year_e4"].to_numpy(np.int64),
        }
    )
