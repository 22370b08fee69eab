"""Days on which more or fewer tickets came than chance explains, of all tickets and of each category.

Each flag is one event, however many windows of days it shows in: it says which days were the most unlikely ones, and on
which day that could first be said. How days are judged: `volume_scan`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_core.analytics.periods import Period, day_start
from crm_core.analytics.service_values import Course
from crm_core.analytics.volume_scan import NEEDED_DAYS, Scan, scan
from crm_core.db.types import to_micros

COLUMNS = ("category", "start", "end", "flagged_on", "opened", "expected", "low", "high", "is_more", "p")


def judged_from(course: Course) -> date | None:
    """The first day that there is enough history to judge; None where there is not."""
    if course.known_from is None or course.known_until is None:
        return None
    first = course.known_from + timedelta(days=NEEDED_DAYS)
    return first if first < course.known_until else None


def flags_of(course: Course, period: Period, days_off: Collection[str] = ()) -> pd.DataFrame:
    """What was out of the ordinary on days of the period, by start.

    Columns: category (None: all tickets), start and end (half-open), flagged_on (the first day it could be told),
    opened, expected, low and high (the least and the most that chance explains), is_more, p.
    """
    if judged_from(course) is None:
        return pd.DataFrame(columns=list(COLUMNS))
    first, until = course.known_from, course.known_until
    assert first is not None
    assert until is not None
    days = [first + timedelta(days=number) for number in range((until - first).days)]
    names, counts = _counted(course, days)
    weekday = np.array([day.weekday() for day in days], dtype=np.int64)
    found = scan(counts, weekday, np.array([str(day) in days_off for day in days], dtype=bool))
    rows = [
        {"category": name, **_told(found, row, best, begun, days)}
        for row, name in enumerate(names)
        for begun, best in events(found, row)
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"category": object})
    is_shown = [row["start"] < period.end and row["end"] > period.start for row in rows]
    shown = frame[np.array(is_shown, dtype=bool)].sort_values(["start", "p"], kind="stable")
    return shown.astype({"opened": "int64", "is_more": "bool"}).reset_index(drop=True)


def events(found: Scan, row: int) -> Iterator[tuple[int, int]]:
    """Flagged windows of a series that overlap and lie off in the same direction are one event: the day it was first
    flagged, and the day its most unlikely window ends."""
    group: list[int] = []
    is_more = found.opened[row] > found.expected[row]
    for day in np.flatnonzero(found.is_flagged[row]):
        if group and (day - found.window[row, day] >= group[-1] or is_more[day] != is_more[group[-1]]):
            yield _event(found, row, group)
            group = []
        group.append(int(day))
    if group:
        yield _event(found, row, group)


def _event(found: Scan, row: int, group: list[int]) -> tuple[int, int]:
    return group[0], group[int(np.argmin(found.p[row, group]))]


def _told(found: Scan, row: int, best: int, begun: int, days: list[date]) -> dict[str, Any]:
    end = days[best] + timedelta(days=1)
    names = ("opened", "expected", "low", "high", "p")
    return {
        "start": end - timedelta(days=int(found.window[row, best])),
        "end": end,
        "flagged_on": days[begun],
        "is_more": bool(found.opened[row, best] > found.expected[row, best]),
        **{name: float(getattr(found, name)[row, best]) for name in names},
    }


def _counted(course: Course, days: list[date]) -> tuple[list[str | None], NDArray[np.int64]]:
    """Tickets opened on each day: of all, then of each category where there are several."""
    edges = [to_micros(day_start(day, course.facts.timezone)) for day in [*days, days[-1] + timedelta(days=1)]]
    rows = course.occurrences["opened"]
    place = np.searchsorted(edges, rows.at, side="right") - 1
    of_tickets, values = pd.factorize(course.facts.tickets["category"])
    codes = of_tickets[rows.ticket]
    is_in = (place >= 0) & (place < len(days))
    n_series = len(values) + 1
    counts = np.zeros((n_series, len(days)), dtype=np.int64)
    np.add.at(
        counts, (codes[is_in] + 1, place[is_in]), 1
    )  # a ticket without a category lands in row 0 and counts there
    if n_series <= 2:
        return [None], counts.sum(axis=0, keepdims=True)
    counts[0] = counts.sum(axis=0)
    return [None, *(str(value) for value in values)], counts
