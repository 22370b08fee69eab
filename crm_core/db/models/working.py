"""What makes work quick: words records are found by, saved views of lists, targets of metrics."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db.base import Base, Tracked, now
from crm_core.db.types import BigId, Instant, Money, binary_string


class RecordTerm(Base):
    """One row per word a record is found by; kept in step by records.record_search, never edited."""

    __tablename__ = "record_terms"
    __table_args__ = (
        Index(None, "table_name", "row_id", "term"),
        {**Base.__table_args__, "sqlite_autoincrement": False, "sqlite_with_rowid": False},
    )

    table_name: Mapped[str] = mapped_column(binary_string(32), primary_key=True)
    term: Mapped[str] = mapped_column(binary_string(64), primary_key=True)
    row_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)


class SavedView(Tracked, Base):
    """One row per view of a list that someone named: its search, filters and order."""

    __tablename__ = "saved_views"
    __table_args__ = (Index(None, "list_name", "owner_id"), Base.__table_args__)

    list_name: Mapped[str] = mapped_column(String(32))  # the table it is a view of
    name: Mapped[str] = mapped_column(String(120))
    query: Mapped[dict[str, Any]]
    owner_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"), default=None)
    is_shared: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)


class DefaultView(Base):
    """One row per account and list: the view the list begins with for that account."""

    __tablename__ = "default_views"
    __table_args__ = Base.__table_args__ | {"sqlite_autoincrement": False}

    user_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    list_name: Mapped[str] = mapped_column(binary_string(32), primary_key=True)
    view_id: Mapped[int] = mapped_column(BigId, ForeignKey("saved_views.id", ondelete="CASCADE"), index=True)


class MetricTarget(Tracked, Base):
    """One row per metric that has a target: what a period of this length should reach."""

    __tablename__ = "metric_targets"
    __table_args__ = (UniqueConstraint("metric", "grain"), Base.__table_args__)

    metric: Mapped[str] = mapped_column(binary_string(64))
    grain: Mapped[str] = mapped_column(binary_string(8))  # week, month, quarter, year
    target: Mapped[Decimal] = mapped_column("target_e4", Money)  # of any unit, to four decimals
