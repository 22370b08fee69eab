"""On which days each known customer bought: the ground cohorts and the time between orders stand on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from crm_core.analytics import sales
from crm_core.analytics.measures import as_number
from crm_core.analytics.periods import Period, day_start
from crm_core.analytics.purchases import EARLIEST
from crm_core.errors import AnalysisRefused

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
    """What each known customer bought on each local day before `until`, from the first order on record.

    Raises:
        AnalysisRefused: the amounts add up to more than 64 bits hold, so that sums over them could be wrong.
    """
    before = Period(EARLIEST, until)
    is_asked = ~nw.col("customer_id").is_null() & sales.within(before, tables.timezone) & sales.has_net()
    asked = sales.order_values(tables).filter(is_asked)
    found: pa.Table = (
        asked.select("customer_id", "ordered_at", "net_e4", is_sale=as_number(sales.has_sale()))
        .collect("pyarrow")
        .to_native()
    )
    # Added up here and not by the engine: cutting an instant at local midnight costs it a calendar's work a row.
    number, ids = pd.factorize(found["customer_id"].to_numpy(), sort=True)
    day = local_days(found["ordered_at"].cast("int64").to_numpy(), tables.timezone)
    if not len(day):
        return CustomerDays(*(np.empty(0, dtype=np.int64) for _ in range(5)))
    net_e4 = found["net_e4"].to_numpy()
    if np.abs(net_e4.astype(np.float64)).sum() >= _SAFE:  # whole numbers overflow in silence
        raise AnalysisRefused("The amounts of these orders add up to more than can be counted exactly.")
    return _by_day(number, day, found["is_sale"].to_numpy(), net_e4, ids)


def _by_day(number: Numbers, day: Numbers, is_sale: Numbers, net_e4: Numbers, ids: Numbers) -> CustomerDays:
    """The orders of each customer and day together, without customers who never bought."""
    bought = np.bincount(number, weights=is_sale, minlength=len(ids)) > 0
    first, span = day.min(), day.max() - day.min() + 1
    key = number * span + (day - first)
    order = np.argsort(key)  # equal keys are added up, so their order does not matter
    key = key[order]
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    orders, net = (np.add.reduceat(column[order].astype(np.int64), starts) for column in (is_sale, net_e4))
    owner, at = np.divmod(key[starts], span)
    kept = bought[owner]
    place = np.cumsum(bought) - 1
    return CustomerDays(
        customer=place[owner[kept]], day=at[kept] + first, orders=orders[kept], net_e4=net[kept], ids=ids[bought]
    )


def local_days(instants: Numbers, timezone: str) -> Numbers:
    """The local day of each instant (microseconds since 1970 UTC), days since 1970 too; where a clock change skips
    midnight, the day begins at the change."""
    if not len(instants):
        return np.empty(0, dtype=np.int64)
    first, last = (int(ends) // _DAY_US for ends in (instants.min(), instants.max()))
    days = range(first - 1, last + 3)  # local days lie within a day of those of UTC
    starts = [day_start(day_of(day), timezone) for day in days]
    begins = np.array([(start - _ZERO) // _MICROSECOND for start in starts], dtype=np.int64)
    return np.searchsorted(begins, instants, side="right") - 1 + days.start


def number_of(day: date) -> int:
    """The number of a day as CustomerDays counts them."""
    return day.toordinal() - _EPOCH


def day_of(number: int) -> date:
    """The day of such a number."""
    return date.fromordinal(int(number) + _EPOCH)


_EPOCH = date(1970, 1, 1).toordinal()
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY_US = 86_400_000_000
_SAFE = 2.0**62
