"""Deals, the stages they pass, and when they passed them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db.base import Base, Tracked, now
from crm_core.db.types import BigId, Instant, Money, binary_string


class Outcome(StrEnum):
    """What a stage means for the deals in it."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class DealStage(Tracked, Base):
    """One row per stage of the pipeline, in the order of `position`."""

    __tablename__ = "deal_stages"

    code: Mapped[str] = mapped_column(binary_string(32), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    position: Mapped[int]
    probability_bp: Mapped[int] = mapped_column(default=0)  # of winning, in hundredths of a percent
    outcome: Mapped[str] = mapped_column(String(8), default=Outcome.OPEN.value)


class Deal(Tracked, Base):
    """One row per deal. `outcome` and `closed_at` follow its stage."""

    __tablename__ = "deals"
    __table_args__ = (
        Index(None, "customer_id", "opened_at"),
        Index(None, "outcome", "stage", "id"),
        Index(None, "expected_close_on", "id"),
        Index(None, "outcome", "expected_close_on", "id"),
        Index(None, "amount_e4", "id"),
        Index(None, "outcome", "amount_e4", "id"),
        Index(None, "owner_id", "outcome", "id"),
        Index(None, "stage", "owner_id", "expected_close_on", "id"),
        Index(None, "opened_at", "id"),
        Index(None, "closed_at", "id"),
        Base.__table_args__,
    )

    number: Mapped[str] = mapped_column(binary_string(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    customer_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("customers.id"), default=None)
    product_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("products.id"), default=None)
    stage: Mapped[str] = mapped_column(binary_string(32), ForeignKey("deal_stages.code"))
    outcome: Mapped[str] = mapped_column(String(8), default=Outcome.OPEN.value)
    amount: Mapped[Decimal | None] = mapped_column("amount_e4", Money, default=None)
    probability_bp: Mapped[int | None] = mapped_column(default=None)  # None: that of the stage
    expected_close_on: Mapped[date | None] = mapped_column(default=None)
    source: Mapped[str | None] = mapped_column(String(64), default=None)
    lost_reason: Mapped[str | None] = mapped_column(String(200), default=None)
    owner_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"), default=None)
    notes: Mapped[str | None] = mapped_column(Text, default=None)
    opened_at: Mapped[datetime] = mapped_column(Instant, default=now)
    stage_since: Mapped[datetime] = mapped_column(Instant, default=now)
    closed_at: Mapped[datetime | None] = mapped_column(Instant, default=None)


class DealMove(Tracked, Base):
    """One row per stage a deal entered, its first one included, in the order of `at` and `id`."""

    __tablename__ = "deal_moves"
    __table_args__ = (Index(None, "deal_id", "at", "id"), Base.__table_args__)

    deal_id: Mapped[int] = mapped_column(BigId, ForeignKey("deals.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(Instant, default=now)
    before: Mapped[str | None] = mapped_column(binary_string(32), default=None)
    after: Mapped[str] = mapped_column(binary_string(32))
    author_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"), default=None)
