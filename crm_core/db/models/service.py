"""Teams, and tickets with what happened to them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db.base import Base, Tracked, now
from crm_core.db.types import BigId, Instant, LongText, binary_string


class TicketState(StrEnum):
    """What a ticket's status comes down to; every service metric starts from it."""

    OPEN = "open"  # the team's turn
    ON_HOLD = "on_hold"  # the customer's or a third party's turn: the time to resolve stands still
    RESOLVED = "resolved"


class Author(StrEnum):
    """Who did something to a ticket. Only a person of the team answers; neither a bot nor a note stops a clock."""

    AGENT = "agent"
    CUSTOMER = "customer"
    BOT = "bot"


class TicketEventKind(StrEnum):
    """What happened to a ticket."""

    OPENED = "opened"
    REPLY = "reply"  # public: the other side reads it
    NOTE = "note"  # internal
    STATUS = "status"  # before → after
    ASSIGNED = "assigned"  # assignee or team: before → after
    PRIORITY = "priority"
    RATED = "rated"  # the customer's answer on satisfaction
    MERGED = "merged"  # into the ticket named in `after`


class Team(Tracked, Base):
    """One row per team of accounts."""

    __tablename__ = "teams"

    name: Mapped[str] = mapped_column(binary_string(120), unique=True)
    is_active: Mapped[bool] = mapped_column(default=True)


class TeamMember(Tracked, Base):
    """One row per account in a team; an account belongs to one team at most."""

    __tablename__ = "team_members"

    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    team_id: Mapped[int] = mapped_column(BigId, ForeignKey("teams.id"), index=True)


class BusinessCalendar(Tracked, Base):
    """One row per calendar of working hours, in the workspace's time zone; the first one is the workspace's."""

    __tablename__ = "business_calendars"

    name: Mapped[str] = mapped_column(String(120))
    hours: Mapped[dict[str, Any]] = mapped_column(default=dict)  # weekday "0" (Monday) to "6" → [["09:00", "17:00"], …]
    holidays: Mapped[list[str]] = mapped_column(default=list)  # days as 2026-12-25


class TicketStatus(Tracked, Base):
    """One row per status a ticket may have: the team's own words, and the state they come down to."""

    __tablename__ = "ticket_statuses"

    code: Mapped[str] = mapped_column(binary_string(64), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    position: Mapped[int]
    state: Mapped[str] = mapped_column(String(16), default=TicketState.OPEN.value)


class SlaTarget(Tracked, Base):
    """One row per priority: how long a first answer and a resolution may take; None is no target."""

    __tablename__ = "sla_targets"

    priority: Mapped[str] = mapped_column(binary_string(16), unique=True)
    response_minutes: Mapped[int | None] = mapped_column(default=None)
    resolution_minutes: Mapped[int | None] = mapped_column(default=None)
    calendar_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("business_calendars.id"), default=None)
    # None: every hour counts, day and night


class Ticket(Tracked, Base):
    """One row per ticket. Times of first reply and resolutions follow from its events and are kept in step."""

    __tablename__ = "tickets"
    __table_args__ = (
        Index(None, "customer_id", "opened_at"),
        Index(None, "opened_at", "id"),
        Index(None, "due_at", "id"),
        Index(None, "state", "due_at", "id"),
        Index(None, "state", "assignee_id", "due_at", "id"),
        Index(None, "status", "opened_at", "id"),
        Index(None, "assignee_id", "opened_at", "id"),
        Index(None, "team_id", "opened_at", "id"),
        Index(None, "category", "opened_at", "id"),
        Index(None, "priority", "opened_at", "id"),
        Index(None, "channel", "opened_at", "id"),
        Base.__table_args__,
    )

    number: Mapped[str] = mapped_column(binary_string(64), unique=True)
    customer_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("customers.id"), default=None)
    subject: Mapped[str] = mapped_column(String(300))
    text: Mapped[str | None] = mapped_column(LongText, default=None)
    channel: Mapped[str | None] = mapped_column(String(64), default=None)
    category: Mapped[str | None] = mapped_column(String(100), default=None)
    priority: Mapped[str] = mapped_column(String(16), default="normal")
    status: Mapped[str] = mapped_column(binary_string(64), ForeignKey("ticket_statuses.code"), default="new")
    state: Mapped[str] = mapped_column(String(16), default=TicketState.OPEN.value)  # follows the status
    product_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("products.id"), default=None)
    assignee_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"), default=None)
    team_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("teams.id"), default=None)
    opened_by: Mapped[str] = mapped_column(String(16), default=Author.CUSTOMER.value)
    opened_at: Mapped[datetime] = mapped_column(Instant, default=now)
    first_replied_at: Mapped[datetime | None] = mapped_column(Instant, default=None)  # by a person, in public
    first_resolved_at: Mapped[datetime | None] = mapped_column(Instant, default=None)
    resolved_at: Mapped[datetime | None] = mapped_column(Instant, default=None)  # None again once reopened
    reopened: Mapped[int] = mapped_column(default=0)  # how many times
    response_due_at: Mapped[datetime | None] = mapped_column(Instant, default=None)
    resolution_due_at: Mapped[datetime | None] = mapped_column(Instant, default=None)  # None while on hold
    due_at: Mapped[datetime | None] = mapped_column(Instant, default=None)  # whichever comes next of the two
    is_sla_met: Mapped[bool | None] = mapped_column(default=None)  # as an imported log says; ours follow from the times
    is_satisfied: Mapped[bool | None] = mapped_column(default=None)  # None: no answer
    rated_at: Mapped[datetime | None] = mapped_column(Instant, default=None)
    merged_into_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("tickets.id"), default=None)


class TicketEvent(Tracked, Base):
    """One row per thing that happened to a ticket, in the order of `at` and `id`."""

    __tablename__ = "ticket_events"
    __table_args__ = (Index(None, "ticket_id", "at", "id"), Base.__table_args__)

    ticket_id: Mapped[int] = mapped_column(BigId, ForeignKey("tickets.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(Instant, default=now)
    kind: Mapped[str] = mapped_column(String(16))
    author: Mapped[str] = mapped_column(String(16), default=Author.AGENT.value)
    author_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"), default=None)
    text: Mapped[str | None] = mapped_column(LongText, default=None)
    before: Mapped[str | None] = mapped_column(String(64), default=None)
    after: Mapped[str | None] = mapped_column(String(64), default=None)
    state: Mapped[str | None] = mapped_column(String(16), default=None)  # the ticket's from here on, where it changes
