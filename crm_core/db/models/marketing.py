"""Saved segments and campaigns: who belongs to each, and which list a campaign was sent to."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db.base import Base, Tracked, now
from crm_core.db.types import BigId, Instant, Money

_LISTED = {**Base.__table_args__, "sqlite_autoincrement": False, "sqlite_with_rowid": False}


class SegmentKind(StrEnum):
    """How a segment came to be."""

    RULE = "rule"  # conditions someone wrote
    MODEL = "model"  # a group a model found: an RFM segment, a cluster
    HAND = "hand"  # customers someone chose one by one


class CampaignStatus(StrEnum):
    """How far a campaign is."""

    DRAFT = "draft"  # nobody is listed yet; everything can be changed
    RUNNING = "running"  # the list is frozen, the arms are drawn
    ENDED = "ended"  # closed by hand


class Arm(StrEnum):
    """Which of the two a listed customer was drawn into."""

    TREATED = "treated"  # is contacted; the export holds these
    HELD_OUT = "held_out"  # is left alone, to compare with


class SavedSegment(Tracked, Base):
    """One row per saved segment. A removed one stays, marked, so that campaigns drawn from it keep their source."""

    __tablename__ = "saved_segments"
    __table_args__ = (Index(None, "is_removed", "name"), Base.__table_args__)

    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(16), default=SegmentKind.RULE.value)
    definition: Mapped[dict[str, Any] | None] = mapped_column(default=None)  # the rule; None: chosen by hand
    is_live: Mapped[bool] = mapped_column(default=True)  # False: the members are those of `list_number`
    list_number: Mapped[int] = mapped_column(default=0)  # which of its member lists holds; 0: none was kept yet
    note: Mapped[str | None] = mapped_column(Text, default=None)
    owner_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"), default=None)
    is_removed: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)


class SegmentMember(Base):
    """One row per customer on one list of a segment. A list never changes; an edit writes the next one."""

    __tablename__ = "segment_members"
    __table_args__ = (_LISTED,)

    segment_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("saved_segments.id"), primary_key=True, autoincrement=False
    )
    list_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    # No foreign key: a list stays what it was, and keys are never given out twice.
    customer_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)


class SegmentSize(Base):
    """One row per segment and day someone looked at it: how many customers belonged to it then."""

    __tablename__ = "segment_sizes"
    __table_args__ = (_LISTED,)

    segment_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("saved_segments.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    on: Mapped[date] = mapped_column("day_on", primary_key=True)
    customers: Mapped[int]


class Campaign(Tracked, Base):
    """One row per campaign."""

    __tablename__ = "campaigns"
    __table_args__ = (Index(None, "segment_id"), Base.__table_args__)

    name: Mapped[str] = mapped_column(String(120))
    segment_id: Mapped[int] = mapped_column(BigId, ForeignKey("saved_segments.id"))
    channel: Mapped[str | None] = mapped_column(String(64), default=None)
    contact_cost: Mapped[Decimal] = mapped_column("contact_cost_e4", Money, default=Decimal(0))  # of one contact
    margin_bp: Mapped[int] = mapped_column(default=10_000)  # of net sales, in hundredths of a percent
    window_days: Mapped[int] = mapped_column(default=30)  # local days, the day of the start included
    holdout_bp: Mapped[int] = mapped_column(default=1_000)  # share held out, in hundredths of a percent
    seed: Mapped[int] = mapped_column(default=1)
    is_stratified: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(String(16), default=CampaignStatus.DRAFT.value)
    list_number: Mapped[int] = mapped_column(default=0)  # which of its lists holds; 0: none was frozen yet
    frozen_at: Mapped[datetime | None] = mapped_column(Instant, default=None)
    starts_on: Mapped[date | None] = mapped_column(default=None)  # the local day of frozen_at
    ends_on: Mapped[date | None] = mapped_column(default=None)  # the local day after the window's last
    exported_at: Mapped[datetime | None] = mapped_column(Instant, default=None)  # the first time
    owner_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"), default=None)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)


class CampaignMember(Base):
    """One row per customer on one frozen list of a campaign, with the arm drawn. A list never changes."""

    __tablename__ = "campaign_members"
    __table_args__ = (_LISTED,)

    campaign_id: Mapped[int] = mapped_column(BigId, ForeignKey("campaigns.id"), primary_key=True, autoincrement=False)
    list_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    customer_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)  # no foreign key, as above
    arm: Mapped[str] = mapped_column(String(8))
