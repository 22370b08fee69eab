"""Which windows a cohort is followed through, and how much of them is known.

The units of a period, calendar months or weeks from Monday, are its cohorts. A window is one step of the time after
the entry; the entry itself lies in window 0.

| windows | months | window k of a customer who entered on day d |
|---|---|---|
| calendar | calendar | the k-th calendar month after the one d lies in |
| calendar | 30 days | the k-th block of 30 days after the one d lies in; blocks are counted from the period's first day, and are the cohorts too |
| rolling | calendar | from d moved on by k months up to d moved on by k + 1; a day the month does not have becomes its last |
| rolling | 30 days | the 30 days from d + 30 k |

Weeks are 7 days in both, from Monday or from d.
"""  # noqa: E501

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from crm_core.analytics.customer_days import number_of
from crm_core.analytics.periods import Bucket, Period, buckets
from crm_core.errors import AnalysisRefused

Numbers = NDArray[Any]
Unit = Literal["month", "week"]
Month = Literal["calendar", "30-days"]
WindowKind = Literal["calendar", "rolling"]

DAYS_OF_30 = 30
MOST_UNITS = 260
"""Five years of weeks."""


@dataclass(frozen=True)
class CohortGrid:
    """The cohorts of a period and their windows.

    units: the cohorts, in order. step: days of a rolling window; None for calendar months. Records reach up to, not
    including, `shown_until`; they are whole up to, not including, `known_until`.
    """

    units: tuple[Bucket, ...]
    is_rolling: bool
    step: int | None
    shown_until: date
    known_until: date

    @cached_property
    def starts(self) -> Numbers:
        """The first day of each unit, as CustomerDays counts days."""
        return np.array([number_of(unit.start) for unit in self.units], dtype="int64")

    def unit_of(self, day: Numbers) -> Numbers:
        """The number of the unit each day lies in; −1 before the first, after the last the number of units."""
        if not self.units:
            return np.full(day.shape, -1)
        found = np.searchsorted(self.starts, day, side="right") - 1
        return np.where(day < number_of(self.units[-1].end), found, len(self.units))

    def offsets(self, day: Numbers) -> Callable[[int, Numbers, Numbers], Numbers]:
        """A function `(cohort, entries, rows)`: the window in which the day of each row lies, of a customer who entered
        that cohort on the day of the entry beside it; both are places in `day`."""
        if not self.is_rolling:
            unit = self.unit_of(day)
            return lambda cohort, entries, rows: unit[rows] - cohort  # noqa: ARG005
        if self.step is not None:
            step = self.step
            return lambda cohort, entries, rows: (day[rows] - day[entries]) // step  # noqa: ARG005
        first = day.min(initial=0)
        calendar, place = _calendar(np.arange(first, day.max(initial=0) + 1)), day - first
        return lambda cohort, entries, rows: _months(calendar, place[entries], place[rows])  # noqa: ARG005

    def windows_begun(self, cohort: int) -> int:
        """How many windows have begun for at least the first who could enter; at least 1."""
        if not self.is_rolling:
            return len(self.units) - cohort
        first, count = self.units[cohort].start, 1
        while self._begins(first, count) < self.shown_until:
            count += 1
        return count

    def is_complete(self, cohort: int, offset: int) -> bool:
        """Whether the cohort has all its members and this window is over for the last who could enter."""
        unit = self.units[cohort]
        if not unit.is_whole or unit.end > self.known_until:
            return False
        if not self.is_rolling:
            window = self.units[cohort + offset]
            return window.is_whole and window.end <= self.known_until
        return self._begins(unit.end - timedelta(days=1), offset + 1) <= self.known_until

    def _begins(self, entry: date, offset: int) -> date:
        """The first day of a rolling window."""
        return months_later(entry, offset) if self.step is None else entry + timedelta(days=self.step * offset)


def cohort_grid(
    period: Period, unit: Unit, window: WindowKind, month: Month, *, first: date | None, shown_until: date, known: date
) -> CohortGrid:
    """The grid of a period: its units from the one `first` (the day of the first sale to a known customer) lies in to
    the one the records end in. `known` is the day before which records are whole."""
    is_thirty = unit == "month" and month == "30-days"
    cut = _blocks(period) if is_thirty and window == "calendar" else buckets(period, unit)
    units = tuple(bucket for bucket in cut if first is not None and bucket.end > first and bucket.start < shown_until)
    step = 7 if unit == "week" else DAYS_OF_30 if is_thirty else None
    shown = min(period.end, shown_until)
    return CohortGrid(units, window == "rolling", step, shown, min(shown, known))


def require_few(units: int, period: Period) -> None:
    """Raise AnalysisRefused if the period holds more units than can stand side by side."""
    if units > MOST_UNITS:
        raise AnalysisRefused(
            "The period from {start} to {end} holds {n} steps; at most {most} can stand side by side. Choose months or "
            "a shorter period.",
            start=period.start,
            end=period.end,
            n=units,
            most=MOST_UNITS,
        )


def months_between(start: Numbers, day: Numbers) -> Numbers:
    """How many whole months lie between two days, each counted from 1970-01-01; a day the month does not have is taken
    for its last: one month after 31 January is 29 February in a leap year."""
    places = np.arange(len(start))
    return _months(_calendar(np.concatenate([start, day])), places, places + len(start))


def _months(calendar: tuple[Numbers, Numbers, Numbers], starts: Numbers, days: Numbers) -> Numbers:
    """The same of days at two places of `_calendar`."""
    month, at, length = calendar
    is_short = at[days] < np.minimum(at[starts], length[days] - 1)
    return np.asarray(month[days] - month[starts] - is_short)


def months_later(day: date, n: int) -> date:
    """The same day n months later, or that month's last where it has no such day."""
    months = day.year * 12 + day.month - 1 + n
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _calendar(day: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """The number of each day's month, the day's place in it from 0, and the month's length in days."""
    days = day.astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    begins, ends = months.astype("datetime64[D]"), (months + 1).astype("datetime64[D]")
    return months.astype("int64"), (days - begins).astype("int64"), (ends - begins).astype("int64")


def _blocks(period: Period) -> tuple[Bucket, ...]:
    """Blocks of 30 days from the period's first day; the last one cut off where the period ends."""
    found: list[Bucket] = []
    start = period.start
    while start < period.end:
        full = start + timedelta(days=DAYS_OF_30)
        found.append(Bucket(key=start, start=start, end=min(full, period.end), is_whole=full <= period.end))
        start = full
    return tuple(found)
