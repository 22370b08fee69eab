"""What one asks of tickets: which period, which tickets, in which hours, as of when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import narwhals as nw
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.analytics.periods import Comparison, Grain, Period, require_askable
from crm_core.db.models import BusinessCalendar

Frame = nw.LazyFrame[Any]

NOT_SET = ""
"""The value of a filter that lets through the tickets without one; of teams and people it is 0."""


@dataclass(frozen=True)
class TicketFilter:
    """Only tickets of these values; None lets all through, NOT_SET (or 0) those without a value. Category, team and so
    on are those the ticket has now."""

    category: str | None = None
    channel: str | None = None
    priority: str | None = None
    team_id: int | None = None
    assignee_id: int | None = None

    def narrowed(self, tickets: Frame) -> Frame:
        """The tickets it lets through."""
        for name in ("category", "channel", "priority", "team_id", "assignee_id"):
            value = getattr(self, name)
            if value is not None:
                column = nw.col(name)
                tickets = tickets.filter(column == value if value not in (NOT_SET, 0) else column.is_null())
        return tickets


@dataclass(frozen=True)
class BusinessHours:
    """Working hours: for each weekday from Monday its spells as ("09:00", "17:00"), and days off as 2026-12-25."""

    week: tuple[tuple[tuple[str, str], ...], ...]
    holidays: tuple[str, ...] = ()

    @classmethod
    def of(cls, hours: Mapping[str, Any], holidays: Sequence[str]) -> BusinessHours:
        """The hours as a calendar keeps them."""
        week = tuple(tuple((str(start), str(end)) for start, end in hours.get(str(day), ())) for day in range(7))
        return cls(week, tuple(holidays))


def workspace_hours(session: Session) -> BusinessHours | None:
    """The working hours of the workspace's calendar; None where it has none."""
    calendar = session.scalar(select(BusinessCalendar).order_by(BusinessCalendar.id).limit(1))
    found = None if calendar is None else BusinessHours.of(calendar.hours, calendar.holidays)
    return found if found is not None and any(found.week) else None


def workspace_days_off(session: Session) -> tuple[str, ...]:
    """The days off of the workspace's calendar."""
    calendar = session.scalar(select(BusinessCalendar).order_by(BusinessCalendar.id).limit(1))
    return () if calendar is None else tuple(sorted(calendar.holidays))


@dataclass(frozen=True)
class ServiceParams:
    """Which period, compared with what, of which tickets.

    hours: durations within these working hours; None: by the clock, day and night.
    at: what is late and what is still open is decided as of this instant; None is now.
    days_off: days like 2026-12-25 on which no usual number of tickets is expected.
    grain: whether the course is cut into days, weeks (from Monday) or calendar months.

    Raises:
        Invalid: the period lies outside the years 1900 to 2199.
    """

    period: Period
    compare: Comparison = "previous"
    only: TicketFilter = field(default_factory=TicketFilter)
    hours: BusinessHours | None = None
    at: datetime | None = None
    grain: Grain = "day"
    days_off: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_askable(self.period)

    @property
    def compared(self) -> Period | None:
        """The period compared with, or None."""
        return self.period.compared(self.compare)

    @property
    def now(self) -> datetime:
        """The instant everything is as of."""
        return self.at or datetime.now(UTC)
