"""Periods of local days, what they are compared with, and the days, weeks and months they are cut into.

A period is half-open: `[start, end)` in whole days of the workspace's time zone. A day begins at the instant its local
midnight happens, so the day a clock change shortens has 23 hours and is still one day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, Self
from zoneinfo import ZoneInfo

from crm_core.errors import FieldError, Invalid

Grain = Literal["day", "week", "month"]
Comparison = Literal["previous", "year", "none"]

EARLIEST_YEAR, LATEST_YEAR = 1900, 2199


@dataclass(frozen=True)
class Period:
    """Whole local days from `start` up to but not including `end`.

    Raises:
        Invalid: it holds no day.
    """

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise Invalid(
                {
                    "period": FieldError(
                        "The period from {start} to {end} holds no day; the end must come after the start.",
                        {"start": self.start, "end": self.end},
                    )
                }
            )

    @classmethod
    def parse(cls, start: str, end: str) -> Self:
        """The period of two dates written as 2024-12-31.

        Raises:
            Invalid: one of them is no date, or the period holds no day.
        """
        return cls(parse_day(start), parse_day(end))

    @property
    def days(self) -> int:
        """How many local days it holds."""
        return (self.end - self.start).days

    def previous(self) -> Period:
        """The period of the same length that ends where this one starts."""
        return Period(self.start - timedelta(days=self.days), self.start)

    def year_before(self) -> Period:
        """The same dates a year earlier. 29 February becomes 28 February."""
        last = self.end - timedelta(days=1)
        return Period(_a_year_before(self.start), _a_year_before(last) + timedelta(days=1))

    def compared(self, compare: Comparison) -> Period | None:
        """What this period is compared with, or None."""
        if compare == "none":
            return None
        return self.previous() if compare == "previous" else self.year_before()

    def instants(self, timezone: str) -> tuple[datetime, datetime]:
        """The first instant of the first day and the first instant after the last one, in UTC."""
        return day_start(self.start, timezone), day_start(self.end, timezone)


@dataclass(frozen=True)
class Bucket:
    """One day, week or month of a period, cut off where the period ends. `key` is the unit's own first day."""

    key: date
    start: date
    end: date
    is_whole: bool


def require_askable(period: Period) -> None:
    """Raise Invalid unless the period lies in the years 1900 to 2199, so that every earlier window is a date too."""
    if period.start.year < EARLIEST_YEAR or period.end.year > LATEST_YEAR:
        raise Invalid(
            {
                "period": FieldError(
                    "The period from {start} to {end} lies outside the years {earliest} to {latest}.",
                    {"start": period.start, "end": period.end, "earliest": EARLIEST_YEAR, "latest": LATEST_YEAR},
                )
            }
        )


def parse_day(text: str) -> date:
    """A date written as 2024-12-31; raise Invalid for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        problem = FieldError("'{value}' is not a date; write it as 2024-12-31.", {"value": text})
        raise Invalid({"date": problem}) from error


def day_start(day: date, timezone: str) -> datetime:
    """The instant a local day begins, in UTC. Where a clock change skips midnight, the day begins at the change."""
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def local_today(timezone: str) -> date:
    """The day it is now in that zone."""
    return datetime.now(ZoneInfo(timezone)).date()


def complete_until(last_day: date | None, today: date) -> date | None:
    """The day up to which (not including it) the records are whole; None where there are none.

    The day of the newest order is whole once it is over; days after it are not known yet.
    """
    return None if last_day is None else min(last_day + timedelta(days=1), today)


def buckets(period: Period, grain: Grain) -> tuple[Bucket, ...]:
    """The days, weeks (from Monday) or calendar months that touch the period, in order, cut off at its ends."""
    found: list[Bucket] = []
    key = bucket_key(period.start, grain)
    while key < period.end:
        following = _following(key, grain)
        start, end = max(key, period.start), min(following, period.end)
        found.append(Bucket(key=key, start=start, end=end, is_whole=(start, end) == (key, following)))
        key = following
    return tuple(found)


def whole(period: Period) -> Bucket:
    """The period uncut."""
    return Bucket(key=period.start, start=period.start, end=period.end, is_whole=True)


def bucket_key(day: date, grain: Grain) -> date:
    """The first day of the unit that day lies in."""
    if grain == "day":
        return day
    return day - timedelta(days=day.weekday()) if grain == "week" else day.replace(day=1)


def _following(key: date, grain: Grain) -> date:
    if grain == "month":
        return (key + timedelta(days=31)).replace(day=1)
    return key + timedelta(days=1 if grain == "day" else 7)


def _a_year_before(day: date) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if is_leap_day else day.day)
