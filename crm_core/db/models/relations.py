"""What is kept about customers besides what they buy: contacts, consent, needs, activities and tasks."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db.base import Base, Tracked, now
from crm_core.db.types import BigId, Instant, Money


class NeedStatus(StrEnum):
    """How far a need is on its way into a product."""

    NEW = "new"
    CONSIDERED = "considered"
    PLANNED = "planned"
    DONE = "done"
    DECLINED = "declined"


class ActivityKind(StrEnum):
    """What kind of contact an activity was."""

    CALL = "call"
    EMAIL = "email"
    MEETING = "meeting"
    NOTE = "note"


class Contact(Tracked, Base):
    """One row per person at an organisation that is a customer."""

    __tablename__ = "contacts"
    __table_args__ = (Index(None, "customer_id", "name"), Index(None, "name", "id"), Base.__table_args__)

    customer_id: Mapped[int] = mapped_column(BigId, ForeignKey("customers.id"))
    name: Mapped[str] = mapped_column(String(200))
    position: Mapped[str | None] = mapped_column(String(100), default=None)
    email: Mapped[str | None] = mapped_column(String(254), default=None)
    phone: Mapped[str | None] = mapped_column(String(32), default=None)  # E.164
    is_main: Mapped[bool] = mapped_column(default=False)
    notes: Mapped[str | None] = mapped_column(Text, default=None)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)


class ConsentEvent(Tracked, Base):
    """One row per time a customer agreed to marketing or refused it, or it was asked of nobody any more."""

    __tablename__ = "consent_events"
    __table_args__ = (Index(None, "customer_id", "at", "id"), Base.__table_args__)

    customer_id: Mapped[int] = mapped_column(BigId, ForeignKey("customers.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(Instant, default=now)
    has_consent: Mapped[bool | None] = mapped_column(default=None)
    how: Mapped[str | None] = mapped_column(String(64), default=None)  # form, import, e-mail, phone…
    by: Mapped[str] = mapped_column("said_by", String(200), default="")  # who wrote it down
    author_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"), default=None)


class Need(Tracked, Base):
    """One row per thing a customer wants: the seed of product development."""

    __tablename__ = "needs"
    __table_args__ = (
        Index(None, "customer_id", "created_at"),
        Index(None, "created_at", "id"),
        Index(None, "value_e4", "id"),
        Index(None, "status", "created_at", "id"),
        Index(None, "product_id", "status"),
        Base.__table_args__,
    )

    customer_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("customers.id"), default=None)
    title: Mapped[str] = mapped_column(String(200))
    text: Mapped[str | None] = mapped_column(Text, default=None)
    product_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("products.id"), default=None)
    priority: Mapped[str] = mapped_column(String(16), default="normal")
    status: Mapped[str] = mapped_column(String(16), default=NeedStatus.NEW.value)
    value: Mapped[Decimal | None] = mapped_column("value_e4", Money, default=None)  # what it would be worth a year
    owner_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"), default=None)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    closed_at: Mapped[datetime | None] = mapped_column(Instant, default=None)  # done or declined


class Activity(Tracked, Base):
    """One row per call, e-mail, meeting or note."""

    __tablename__ = "activities"
    __table_args__ = (
        Index(None, "customer_id", "at"),
        Index(None, "deal_id", "at"),
        Index(None, "at", "id"),
        Index(None, "owner_id", "at", "id"),
        Base.__table_args__,
    )

    kind: Mapped[str] = mapped_column(String(16), default=ActivityKind.NOTE.value)
    at: Mapped[datetime] = mapped_column(Instant, default=now)
    subject: Mapped[str] = mapped_column(String(200))
    text: Mapped[str | None] = mapped_column(Text, default=None)
    customer_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("customers.id"), default=None)
    deal_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("deals.id"), default=None)
    owner_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"), default=None)
    minutes: Mapped[int | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)


class Task(Tracked, Base):
    """One row per thing someone has to do."""

    __tablename__ = "tasks"
    __table_args__ = (
        Index(None, "owner_id", "is_done", "due_on", "id"),
        Index(None, "due_on", "id"),
        Index(None, "is_done", "due_on", "id"),
        Index(None, "created_at", "id"),
        Index(None, "customer_id", "due_on"),
        Index(None, "deal_id"),
        Base.__table_args__,
    )

    title: Mapped[str] = mapped_column(String(200))
    text: Mapped[str | None] = mapped_column(Text, default=None)
    due_on: Mapped[date | None] = mapped_column(default=None)
    priority: Mapped[str] = mapped_column(String(16), default="normal")
    owner_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"), default=None)
    customer_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("customers.id"), default=None)
    deal_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("deals.id"), default=None)
    ticket_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("tickets.id"), default=None)
    is_done: Mapped[bool] = mapped_column(default=False)
    done_at: Mapped[datetime | None] = mapped_column(Instant, default=None)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
