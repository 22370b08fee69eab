"""Alerts: which metrics someone watches, when they fired, and who has seen it; personal settings without history."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Date, Float, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db.base import Base, Keyed, now
from crm_core.db.types import BigId, Instant, Money, binary_string


class AlertRule(Keyed, Base):
    """One row per metric that someone watches, and what they want to be told."""

    __tablename__ = "alert_rules"
    __table_args__ = (Index(None, "owner_id"), Base.__table_args__)

    metric: Mapped[str] = mapped_column(binary_string(64))
    grain: Mapped[str] = mapped_column(binary_string(8))  # week, month, quarter
    kind: Mapped[str] = mapped_column(binary_string(8))  # above, below, unusual
    threshold: Mapped[Decimal | None] = mapped_column("threshold_e4", Money, default=None)  # None: unusual
    owner_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id", ondelete="CASCADE"), default=None)
    is_shared: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)


class AlertFiring(Keyed, Base):
    """One row per rule and period it fired for; it never fires again for the same one."""

    __tablename__ = "alert_firings"
    __table_args__ = (UniqueConstraint("rule_id", "period_start"), Base.__table_args__)

    rule_id: Mapped[int] = mapped_column(BigId, ForeignKey("alert_rules.id", ondelete="CASCADE"))
    period_start: Mapped[date] = mapped_column(Date)
    value: Mapped[float] = mapped_column(Float(53))
    low: Mapped[float | None] = mapped_column(Float(53), default=None)  # what was to be expected, of unusual values
    high: Mapped[float | None] = mapped_column(Float(53), default=None)
    fired_at: Mapped[datetime] = mapped_column(Instant, default=now)


class AlertSeen(Base):
    """One row per firing that an account has seen."""

    __tablename__ = "alert_seen"
    __table_args__ = Base.__table_args__ | {"sqlite_autoincrement": False}

    user_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    firing_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("alert_firings.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
