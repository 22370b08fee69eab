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
    """Each cohort of the grid in order, followed to the end of what is on record.

    first: a customer enters with the first ever sale; those who did before the grid begins are in no cohort. recurring:
    in every unit with a sale, on the day of the first one in it.
    """
    rows, cohort = _entries(grid, days, entry)
    offsets = grid.offsets(days.day)
    ends = np.cumsum(np.bincount(days.customer, minlength=len(days.ids)))
    bounds = np.searchsorted(cohort, range(len(grid.units) + 1))
    for number in range(len(grid.units)):
        entered = rows[bounds[number] : bounds[number + 1]]
        members = days.customer[entered]
        # A customer's rows lie together by day: all from that of the entry on are followed, so that a refund before
        # the first sale on record, of something bought before it, is not.
        count = ends[members] - entered
        own = np.arange(count.sum()) + np.repeat(entered - (np.cumsum(count) - count), count)
        yield Followed(
            cohort=number,
            members=members,
            customer=days.customer[own],
            offset=offsets(number, np.repeat(entered, count), own),
            orders=days.orders[own],
            net_e4=days.net_e4[own],
        )


def _entries(grid: CohortGrid, days: CustomerDays, entry: Entry) -> tuple[Numbers, Numbers]:
    """The rows members enter with and the cohorts they enter, by cohort, then customer."""
    bought = np.flatnonzero(days.orders > 0)
    unit = grid.unit_of(days.day[bought])
    is_entry = np.diff(days.customer[bought], prepend=-1) != 0
    if entry == "recurring":
        is_entry |= np.diff(unit, prepend=-1) != 0
    is_entry &= (unit >= 0) & (unit < len(grid.units))
    rows, cohort = bought[is_entry], unit[is_entry]
    order = np.argsort(cohort, kind="stable")
    return rows[order], cohort[order]
