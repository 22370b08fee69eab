"""The deals of one period: which were opened, won and lost in it, and which are open, late and stuck at its end.

Whatever counts deals or lists them asks here, so that a number and the deals behind it are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from crm_core.analytics.customer_days import number_of
from crm_core.analytics.deal_book import DAY_US, NEVER, Days, DealBook, Flags, Numbers
from crm_core.analytics.periods import Period
from crm_core.analytics.pipeline_stages import Stuck, reached, stuck


@dataclass(frozen=True)
class DealWindow:
    """A period of the book as seen on the day `today`; every attribute has one entry a deal."""

    book: DealBook
    period: Period
    today: date

    @property
    def day(self) -> date:
        """The day at whose beginning it is measured how late and how idle deals are: the end, or today before it."""
        return min(self.period.end, self.today)

    @cached_property
    def on_record(self) -> Flags:
        return np.asarray(self.book.opened < self.book.instant(self.period.end))

    @cached_property
    def opened(self) -> Flags:
        return np.asarray(self.on_record & (self.book.opened >= self.book.instant(self.period.start)))

    @cached_property
    def closed(self) -> Flags:
        return self.book.closed_within(self.period.start, self.period.end)

    @cached_property
    def won(self) -> Flags:
        return self.closed & self.book.is_won

    @cached_property
    def lost(self) -> Flags:
        return self.closed & self.book.is_lost

    @cached_property
    def cycles(self) -> Flags:
        """Deals won that did not close before they were opened."""
        return np.asarray(self.won & (self.book.closed >= self.book.opened))

    @cached_property
    def cycle_days(self) -> Days:
        """Days of 24 hours from opening to closing; NaN of deals that have not both, in this order."""
        both = (self.book.closed != NEVER) & (self.book.closed >= self.book.opened)
        return np.where(both, np.where(both, self.book.closed - self.book.opened, 0) / DAY_US, np.nan)

    @cached_property
    def open(self) -> Flags:
        return self.book.open_at_end_of(self.period.end)

    @cached_property
    def stage(self) -> Numbers:
        """The open stage each deal was in at the end, by number."""
        return self.book.stage_at(self.period.end)

    @cached_property
    def expected(self) -> Flags:
        """Open deals that say when they are expected to close."""
        return np.asarray(self.open & (self.book.expected_day != NEVER))

    @cached_property
    def slipping(self) -> Flags:
        """Open deals that should have closed before the day."""
        return np.asarray(self.open & (self.book.expected_day < number_of(self.day)))

    @cached_property
    def days_late(self) -> Numbers:
        """Days since each deal should have closed, 0 where that has not passed."""
        return np.maximum(number_of(self.day) - self.book.expected_day, 0)

    @cached_property
    def stuck(self) -> Stuck:
        return stuck(self.book, self.open, self.stage, self.period.end, self.day)

    @cached_property
    def reached(self) -> Numbers:
        """When each deal first reached each open stage and, last, was won."""
        return reached(self.book)

    def entered(self, rung: int) -> Flags:
        """Deals that first reached the open stage in the period."""
        when, start, end = self.reached[:, rung], *(self.book.instant(d) for d in (self.period.start, self.period.end))
        return np.asarray((when >= start) & (when < end))


BEHIND: Mapping[str, Callable[[DealWindow], Flags]] = {
    "win_rate": lambda w: w.closed,
    "win_rate_value": lambda w: w.closed & w.book.is_priced,
    "won_deals": lambda w: w.won,
    "lost_deals": lambda w: w.lost,
    "won_value": lambda w: w.won & w.book.is_priced,
    "average_won_value": lambda w: w.won & w.book.is_priced,
    "cycle_median": lambda w: w.cycles,
    "cycle_p90": lambda w: w.cycles,
    "opened_deals": lambda w: w.opened,
    "open_deals": lambda w: w.open,
    "open_value": lambda w: w.open & w.book.is_priced,
    "weighted": lambda w: w.open & w.book.is_priced,
    "velocity": lambda w: w.open | w.closed,
    "forecast": lambda w: (w.won | w.open) & w.book.is_priced,
    "slipping_deals": lambda w: w.expected,
    "stale_deals": lambda w: w.stuck.judged,
}
"""The deals a metric rests on: as many as its n."""
