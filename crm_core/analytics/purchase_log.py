"""On which days each known customer bought, and for how much: what forecasts of purchases and spend start from.

Several orders of one customer on one local day are one purchase, as in the studies the models come from.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

import narwhals as nw
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from crm_core.analytics import sales
from crm_core.analytics.maximum_likelihood import Floats
from crm_core.analytics.purchases import up_to

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

Ints: TypeAlias = NDArray[np.int64]
EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, eq=False)
class PurchaseLog:
    """One row per customer and day with a purchase, by customer and day.

    customers: the customers' ids, ascending, shape (n,).
    owner: whose purchase it is, as a position in `customers`, shape (purchases,).
    day: days since 1970, shape (purchases,).
    spend_e4: what was paid that day, in ten-thousandths, shape (purchases,).
    """

    customers: Ints
    owner: Ints
    day: Ints
    spend_e4: Ints

    @property
    def first_day(self) -> int:
        """The day of the first purchase of all."""
        return int(self.day.min())

    @property
    def last_day(self) -> int:
        """The day of the last purchase of all."""
        return int(self.day.max())

    def purchases(self, after: int, until: int) -> Ints:
        """How many purchases each customer made later than the one day and up to the other, shape (n,)."""
        inside = (self.day > after) & (self.day <= until)
        return np.bincount(self.owner[inside], minlength=len(self.customers)).astype(np.int64)

    def spent_e4(self, after: int, until: int) -> Ints:
        """What each customer paid later than the one day and up to the other, in ten-thousandths, shape (n,)."""
        inside = (self.day > after) & (self.day <= until)
        total = np.zeros(len(self.customers), dtype=np.int64)
        np.add.at(total, self.owner[inside], self.spend_e4[inside])
        return total


@dataclass(frozen=True, eq=False)
class Histories:
    """What the models need of each customer with a purchase up to a day; arrays of shape (customers,), times in days.

    owner: the customer, as a position in the log's `customers`.
    first: the day of the first purchase, in days since 1970.
    x, t_x, age: see `bgnbd`.
    mean_spend: what the purchases after the first cost on average, in money, at least 0; 0 where there is none.
    spent_e4: all purchases so far, in ten-thousandths.
    """

    owner: Ints
    first: Ints
    x: Floats
    t_x: Floats
    age: Floats
    mean_spend: Floats
    spent_e4: Ints

    def __len__(self) -> int:
        return len(self.owner)


def purchase_log(tables: Tables, as_of: date, *, customer_id: int | None = None) -> PurchaseLog:
    """The purchases of known customers, or of one of them, up to and with the local day: orders with a sale, worth
    their net sales."""
    is_asked = ~nw.col("customer_id").is_null() if customer_id is None else nw.col("customer_id") == customer_id
    orders = tables.orders.filter(is_asked & sales.within(up_to(as_of), tables.timezone))
    sold = sales.valued_orders(tables, orders.select("id", "customer_id", "ordered_at")).filter(sales.has_sale())
    by_day = (
        sold.with_columns(day=nw.col("ordered_at").dt.date())
        .group_by("customer_id", "day")
        .agg(spend_e4=nw.col("net_e4").sum().cast(nw.Int64))
    )
    rows = by_day.collect("pyarrow").to_native()
    days = rows["day"].cast(pa.int32()).to_numpy()
    return log_of(rows["customer_id"].to_numpy(), days, rows["spend_e4"].to_numpy())


def log_of(customer: Ints, day: Ints, spend_e4: Ints) -> PurchaseLog:
    """The log of these purchases, in any order; those of one customer and day are added up."""
    order = np.lexsort((day, customer))
    customer, day, spend_e4 = (column[order].astype(np.int64) for column in (customer, day, spend_e4))
    is_new = np.ones(len(order), dtype=bool)
    is_new[1:] = (customer[1:] != customer[:-1]) | (day[1:] != day[:-1])
    starts = np.flatnonzero(is_new)
    spend = np.add.reduceat(spend_e4, starts) if len(starts) else spend_e4
    customers, owner = np.unique(customer[starts], return_inverse=True)
    return PurchaseLog(customers, owner.astype(np.int64), day[starts], spend)


def histories(log: PurchaseLog, until: int) -> Histories:
    """Every customer with a purchase up to and with that day, as of that day; what came later does not exist."""
    seen = log.day <= until
    owner, day, spend = log.owner[seen], log.day[seen], log.spend_e4[seen]
    is_first = np.ones(len(owner), dtype=bool)
    is_first[1:] = owner[1:] != owner[:-1]
    starts = np.flatnonzero(is_first)
    count = np.diff(np.append(starts, len(owner)))
    first, last = day[starts], day[starts + count - 1]
    total = np.add.reduceat(spend, starts) if len(starts) else spend
    x = count - 1
    repeat_spend = np.maximum(total - spend[starts], 0) / 10_000
    return Histories(
        owner=owner[starts],
        first=first,
        x=x.astype(np.float64),
        t_x=(last - first).astype(np.float64),
        age=(until - first).astype(np.float64),
        mean_spend=np.where(x > 0, repeat_spend / np.maximum(x, 1), 0.0),
        spent_e4=total,
    )


def chosen(known: Histories, rows: Ints) -> Histories:
    """The customers at these positions, in this order."""
    return Histories(*(getattr(known, field.name)[rows] for field in fields(Histories)))


def day_number(day: date) -> int:
    """Days since 1970."""
    return day.toordinal() - EPOCH


def day_of(number: int) -> date:
    """The date so many days after 1 January 1970."""
    return date.fromordinal(number + EPOCH)
