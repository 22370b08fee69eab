"""Working hours: how much of them lies between two instants, and when so much of them will have passed.

Working time up to an instant is a function that rises by a microsecond per microsecond within working hours and stands
still outside; both questions are read off it. The hours are local: on the day clocks change they begin and end as the
clock on the wall says, and a spell that the change cuts short or draws out counts as long as it really lasts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from crm_core.db.types import from_micros, to_micros

Micros: TypeAlias = NDArray[np.int64]

MINUTE = 60_000_000
_SLACK_DAYS = 400


@dataclass(frozen=True)
class WorkingHours:
    """Spells of work, in microseconds since 1970 UTC: `starts` and `ends`, and the working time before each start."""

    starts: Micros
    ends: Micros
    before: Micros

    def elapsed(self, instants: Micros) -> Micros:
        """Working time from the first spell up to each instant."""
        at = np.searchsorted(self.starts, instants, side="right") - 1
        inside = np.minimum(instants, self.ends[np.maximum(at, 0)]) - self.starts[np.maximum(at, 0)]
        found: Micros = np.where(at >= 0, self.before[np.maximum(at, 0)] + inside, 0)
        return found

    def between(self, starts: Micros, ends: Micros) -> Micros:
        """Working time between pairs of instants, in microseconds; never below 0."""
        found: Micros = np.maximum(self.elapsed(ends) - self.elapsed(starts), 0)
        return found

    def after(self, instants: Micros, work: Micros | int) -> Micros:
        """The instants at which so much working time will have passed since these."""
        wanted = self.elapsed(instants) + work
        at = np.searchsorted(self.before, wanted, side="left") - 1
        found: Micros = self.starts[np.maximum(at, 0)] + wanted - self.before[np.maximum(at, 0)]
        return found


def working_hours(
    hours: Mapping[str, Any], holidays: Sequence[str], timezone: str, first: date, last: date
) -> WorkingHours:
    """The spells of all days from `first` to `last` and a year beyond.

    `hours` gives for each weekday "0" (Monday) to "6" its spells as ["09:00", "17:00"]; "24:00" ends a day.

    Raises:
        ValueError: a spell that ends before it begins, or overlaps the one before, or no working time at all.
    """
    spells = tuple((weekday, tuple(map(tuple, hours.get(str(weekday), ())))) for weekday in range(7))
    return _built(spells, frozenset(holidays), timezone, first, last)


@lru_cache(maxsize=16)
def _built(
    spells: tuple[tuple[int, tuple[tuple[str, str], ...]], ...],
    holidays: frozenset[str],
    timezone: str,
    first: date,
    last: date,
) -> WorkingHours:
    zone = ZoneInfo(timezone)
    by_weekday = dict(spells)
    bounds: list[tuple[int, int]] = []
    for number in range((last - first).days + _SLACK_DAYS):
        on = first + timedelta(days=number)
        if on.isoformat() in holidays:
            continue
        for begin, end in by_weekday[on.weekday()]:
            start, stop = _instant(on, begin, zone), _instant(on, end, zone)
            if start >= stop or (bounds and start < bounds[-1][1]):
                raise ValueError(f"working hours {begin} to {end} on weekday {on.weekday()} cannot be")
            bounds.append((start, stop))
    if not bounds:
        raise ValueError("a calendar without working hours never gets anything done")
    starts, ends = (np.array(column, dtype=np.int64) for column in zip(*bounds, strict=True))
    lengths = ends - starts
    return WorkingHours(starts, ends, np.cumsum(lengths) - lengths)


def _instant(on: date, clock: str, zone: ZoneInfo) -> int:
    if clock == "24:00":
        return to_micros(datetime.combine(on + timedelta(days=1), time(0), zone))
    return to_micros(datetime.combine(on, time.fromisoformat(clock), zone))


def due(
    start: datetime, minutes: int, hours: Mapping[str, Any] | None, holidays: Sequence[str], timezone: str
) -> datetime:
    """When so many minutes will have passed since `start`: working ones, or all where `hours` is None."""
    if hours is None:
        return start + timedelta(minutes=minutes)
    local = start.astimezone(ZoneInfo(timezone)).date()
    first = date(local.year, 1, 1)
    spells = working_hours(hours, holidays, timezone, first, date(local.year, 12, 31))
    return from_micros(int(spells.after(np.array([to_micros(start)]), minutes * MINUTE)[0]))
