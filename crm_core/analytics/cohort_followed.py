"""Cohorts and what their members did after they entered, window by window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from crm_core.analytics.cohort_grid import CohortGrid, Numbers
from crm_core.analytics.customer_days import CustomerDays

Entry = Literal["first", "recurring"]
Criterion = Literal["on", "on-or-after"]


@dataclass(frozen=True)
class Followed:
    """One cohort. members: numbers of its customers, ascending. The others have one row per member and day with a sale
    or refund from the day of entry on, by customer, then day: customer, offset (the window), orders, net_e4."""

    cohort: int
    members: Numbers
    customer: Numbers
    offset: Numbers
    orders: Numbers
    net_e4: Numbers

    @cached_property
    def _visits(self) -> tuple[Numbers, Numbers]:
        """Each member and window with a sale once, by customer, then window."""
        bought = self.orders > 0
        customer, offset = self.customer[bought], self.offset[bought]
        is_other = (np.diff(customer, prepend=-1) != 0) | (np.diff(offset, prepend=-1) != 0)
        return customer[is_other], offset[is_other]

    @property
    def _last_windows(self) -> tuple[Numbers, Numbers]:
        """Each member and the last window with a sale."""
        customer, offset = self._visits
        is_last = np.diff(customer, append=-1) != 0
        return customer[is_last], offset[is_last]

    def counts(self, windows: int, criterion: Criterion) -> Numbers:
        """How many members are retained in each of the first windows."""
        if criterion == "on":
            return np.bincount(self._visits[1], minlength=windows)
        last = np.bincount(self._last_windows[1], minlength=windows)
        return np.asarray(last[::-1].cumsum()[::-1])

    def retained(self, offset: int, criterion: Criterion) -> Numbers:
        """The members retained in that window, by number."""
        if criterion == "on":
            customer, offsets = self._visits
            return np.asarray(customer[offsets == offset])
        customer, last = self._last_windows
        return np.asarray(customer[last >= offset])

    def net_sales_e4(self, windows: int) -> Numbers:
        """Net sales of all members from their entry to the end of each of the first windows, in ten-thousandths."""
        sums = np.zeros(windows, dtype="int64")
        np.add.at(sums, self.offset, self.net_e4)  # whole numbers: a bincount with weights would add floats
        return sums.cumsum()


def followed(grid: CohortGrid, days: CustomerDays, entry: Entry) -> Iterator[Followed]:
    """Each cohort of the grid in order, followed to the end of what is on record."""
    return _first(grid, days) if entry == "first" else _recurring(grid, days)


def _first(grid: CohortGrid, days: CustomerDays) -> Iterator[Followed]:
    """A customer enters with the first ever sale; those who did before the grid begins are in no cohort."""
    entered = days.first_day
    cohort = grid.unit_of(entered)
    # Rows of one cohort next to each other: each cohort then reads its own alone.
    rows = np.argsort(cohort[days.customer], kind="stable")
    bounds = np.searchsorted(cohort[days.customer][rows], range(len(grid.units) + 1))
    for number in range(len(grid.units)):
        own = rows[bounds[number] : bounds[number + 1]]
        yield _group(grid, days, number, np.flatnonzero(cohort == number), entered[days.customer[own]], own)


def _recurring(grid: CohortGrid, days: CustomerDays) -> Iterator[Followed]:
    """A customer enters in every unit with a sale, on the day of the first one in it."""
    unit = np.where(days.orders > 0, grid.unit_of(days.day), -1)
    for number in range(len(grid.units)):
        inside = unit == number
        members, first = np.unique(days.customer[inside], return_index=True)
        entered = np.full(len(days.ids), np.iinfo("int64").max)
        entered[members] = days.day[inside][first]
        own = np.flatnonzero(days.day >= entered[days.customer])
        yield _group(grid, days, number, members, entered[days.customer[own]], own)


def _group(
    grid: CohortGrid, days: CustomerDays, number: int, members: Numbers, entered: Numbers, rows: Numbers
) -> Followed:
    """The cohort of these members; `entered` is the day of entry of the customer of each of the rows."""
    since = days.day[rows] >= entered  # a refund before the first sale on record is of something bought before it
    own = rows[since]
    return Followed(
        cohort=number,
        members=members,
        customer=days.customer[own],
        offset=grid.offsets(number, entered[since], days.day[own]),
        orders=days.orders[own],
        net_e4=days.net_e4[own],
    )
