"""Ways to part customers into groups that were kept, so that the same yardstick can be laid on later days."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db.base import Base, Tracked, now
from crm_core.db.types import BigId, Instant


class KeptClustering(Tracked, Base):
    """One row per clustering that was kept. What it holds never changes; a removed one stays, marked."""

    __tablename__ = "kept_clusterings"
    __table_args__ = (Index(None, "is_removed", "name"), Base.__table_args__)

    name: Mapped[str] = mapped_column(String(120))
    found_on: Mapped[date]  # the day on whose customers the groups were found
    definition: Mapped[dict[str, Any]]  # features, scaling, centres or shapes, names: `analytics.clustering`
    owner_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id"), default=None)
    is_removed: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
