"""On which days each known customer bought: the ground cohorts and the time between orders stand on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from crm_core.analytics import sales
from crm_core.analytics.measures import as_number
from crm_core.analytics.periods import Period
from crm_core.analytics.purchases import EARLIEST

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

Numbers = NDArray[Any]


@dataclass(frozen=True)
class CustomerDays:
    """One row per known customer and local day with a sale or refund, by customer, then day.

    customer: number of the customer among `ids`, from 0. day: days since 1970-01-01. orders: orders with a sale.
    net_e4: net sales in ten-thousandths. ids: the customers' ids, ascending; those without any sale are not among them.
    """

    customer: Numbers
    day: Numbers
    orders: Numbers
    net_e4: Numbers
    ids: Numbers

    @property
    def first_day(self) -> Numbers:
        """The day of each customer's first sale, by number."""
        bought = self.orders > 0
        buyer = self.customer[bought]
        is_first = np.diff(buyer, prepend=-1) != 0
        return np.asarray(self.day[bought][is_first])


def customer_days(tables: Tables, until: date) -> CustomerDays:
    """What each known customer bought on each local day before `until`, from the first order on record."""
    orders = sales.orders_of(tables).select("id", "customer_id", "ordered_at")
    before = Period(EARLIEST, until)
    known = orders.filter(~nw.col("customer_id").is_null() & sales.within(before, tables.timezone))
    by_day = (
        sales.valued_orders(tables, known)
        .with_columns(day=nw.col("ordered_at").dt.date())
        .group_by("customer_id", "day")
        .agg(orders=as_number(sales.has_sale()).sum().cast(nw.Int64), net_e4=nw.col("net_e4").sum().cast(nw.Int64))
    )
    found: pa.Table = by_day.sort("customer_id", "day").collect("pyarrow").to_native()
    # Days stay whole numbers throughout: as dates, ten million of them are ten million objects.
    ids, day, bought, net = (
        found[name].cast(kind).to_numpy()
        for name, kind in (("customer_id", "int64"), ("day", "int32"), ("orders", "int64"), ("net_e4", "int64"))
    )
    buyers = np.unique(ids[bought > 0])
    is_buyer = np.isin(ids, buyers, assume_unique=False)
    return CustomerDays(
        customer=np.searchsorted(buyers, ids[is_buyer]).astype("int64"),
        day=day[is_buyer].astype("int64"),
        orders=bought[is_buyer],
        net_e4=net[is_buyer],
        ids=buyers,
    )


def number_of(day: date) -> int:
    """The number of a day as CustomerDays counts them."""
    return day.toordinal() - _EPOCH


def day_of(number: int) -> date:
    """The day of such a number."""
    return date.fromordinal(int(number) + _EPOCH)


_EPOCH = date(1970, 1, 1).toordinal()
