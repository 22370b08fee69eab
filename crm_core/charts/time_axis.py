"""Time on an axis: few dates that a phone has room for, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from crm_core.charts.theme import axis
from crm_core.formats import Formats

_MOST_TICKS = 6  # what a phone has room for
_SHORTEST_MONTH, _LONGEST_MONTH = 28, 31
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120)


@dataclass(frozen=True)
class Span:
    """Local days from `start` up to, not including, `end`."""

    start: date
    end: date


def time_axis(spans: Sequence[Span], formats: Formats, dark: bool) -> dict[str, Any]:
    """At most six dates, which a phone has room for; the year stands below the first and wherever it changes."""
    if not spans:
        return axis(dark, type="date")
    is_monthly = _are_months(spans)
    places = [(span.start, middle(span)) for span in spans]
    if not is_monthly and (spans[-1].end - spans[0].start).days > 75:
        is_monthly = True
        places = [(day, day.isoformat()) for day in _month_starts(spans[0].start, spans[-1].end)]
    step = -(-len(places) // _MOST_TICKS)
    if is_monthly:
        step = next((months for months in _MONTH_STEPS if months >= step), step)
    chosen = places[::step]
    words, year = [], None
    for day, _place in chosen:
        word = formats.month(day, has_year=False) if is_monthly else formats.day(day)
        words.append(word if day.year == year else f"{word}<br>{formats.year(day)}")
        year = day.year
    return axis(
        dark,
        type="date",
        tickvals=[place for _day, place in chosen],
        ticktext=words,
        tickangle=0,
        range=[spans[0].start.isoformat(), spans[-1].end.isoformat()],
    )


def _are_months(spans: Sequence[Span]) -> bool:
    """Whether each is a calendar month, the first and the last of which may be cut off."""
    inner = all(before.end == after.start and after.start.day == 1 for before, after in pairwise(spans))
    lengths = [(span.end - span.start).days for span in spans]
    is_whole = spans[0].start.day == 1 and spans[-1].end.day == 1
    return inner and max(lengths) <= _LONGEST_MONTH and (is_whole or max(lengths) >= _SHORTEST_MONTH)


def _month_starts(start: date, end: date) -> list[date]:
    first = start.year * 12 + start.month - (1 if start.day == 1 else 0)
    last = end.year * 12 + end.month - 1
    return [day for month in range(first, last + 1) if (day := date(month // 12, month % 12 + 1, 1)) < end]


def days_of(column: Iterable[Any]) -> list[date]:
    """The days of a frame's column, whatever kind of date it holds."""
    return [value.date() if isinstance(value, datetime) else value for value in column]


def middle(span: Span) -> str:
    """Where a bar of that span stands."""
    start = datetime.combine(span.start, datetime.min.time())
    return (start + (span.end - span.start) / 2).isoformat()
