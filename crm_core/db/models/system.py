"""The workspace itself, its imports and its history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db.base import Base, Keyed, now
from crm_core.db.types import BigId, Instant, binary_string


class WorkspaceRow(Base):
    """One row: what holds for the whole workspace."""

    __tablename__ = "workspace"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    uid: Mapped[str] = mapped_column(String(32))  # names the snapshot; a new database never meets an old one's files
    timezone: Mapped[str] = mapped_column(String(64))
    currency: Mapped[str] = mapped_column(String(3))
    is_demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)


class Import(Keyed, Base):
    """One row per file taken in, or tried."""

    __tablename__ = "imports"

    kind: Mapped[str] = mapped_column(String(32))
    file_name: Mapped[str] = mapped_column(String(300))
    file_sha256: Mapped[str | None] = mapped_column(String(64), default=None)
    preset: Mapped[str | None] = mapped_column(String(64), default=None)
    mapping: Mapped[dict[str, Any]] = mapped_column(default=dict)
    mode: Mapped[str] = mapped_column(String(16))
    on_error: Mapped[str] = mapped_column(String(16))
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)  # read, created, …, by_entity
    rejects_file: Mapped[str | None] = mapped_column(String(500), default=None)
    actor_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id", ondelete="SET NULL"), default=None)
    change_set_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("change_sets.id"), default=None)
    at: Mapped[datetime] = mapped_column(Instant, default=now)


class ChangeSet(Keyed, Base):
    """One row per service call that changed something: who, when, why."""

    __tablename__ = "change_sets"
    __table_args__ = (Index(None, "at"), Base.__table_args__)

    at: Mapped[datetime] = mapped_column(Instant, default=now)
    actor_id: Mapped[int | None] = mapped_column(BigId, default=None)  # no foreign key: history outlives accounts
    actor_name: Mapped[str] = mapped_column(String(200))
    cause: Mapped[str] = mapped_column(String(32))  # form, bulk_edit, import, undo, merge, api, demo
    cause_id: Mapped[int | None] = mapped_column(BigId, default=None)  # the import, or the change set undone
    undone_by_id: Mapped[int | None] = mapped_column(BigId, default=None)


class Change(Keyed, Base):
    """One row per record a change set created, changed or deleted, with the values before and after.

    An update holds the fields that changed; a creation or deletion the whole record.
    """

    __tablename__ = "changes"
    __table_args__ = (
        Index(None, "table_name", "row_id", "row_version"),
        Index(None, "change_set_id"),
        Base.__table_args__,
    )

    change_set_id: Mapped[int] = mapped_column(BigId, ForeignKey("change_sets.id"))
    table_name: Mapped[str] = mapped_column(binary_string(32))
    row_id: Mapped[int] = mapped_column(BigId)
    row_version: Mapped[int]  # the record's version after this change; of a deletion the last one it had
    op: Mapped[str] = mapped_column(String(8))  # insert, update, delete
    before: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    after: Mapped[dict[str, Any] | None] = mapped_column(default=None)


class ChangeRange(Base):
    """One row per table a change set touched: the table's new version and the span of keys it may have touched.

    A mass creation is kept as this span instead of row by row (`n_created`); its rows carry the import's id.
    """

    __tablename__ = "change_ranges"
    __table_args__ = (Index(None, "change_set_id"), Base.__table_args__ | {"sqlite_autoincrement": False})

    table_name: Mapped[str] = mapped_column(binary_string(32), primary_key=True)
    table_version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    change_set_id: Mapped[int] = mapped_column(BigId, ForeignKey("change_sets.id"))
    first_created_id: Mapped[int | None] = mapped_column(BigId, default=None)
    last_created_id: Mapped[int | None] = mapped_column(BigId, default=None)
    n_created: Mapped[int] = mapped_column(BigId, default=0)
    n_changes: Mapped[int] = mapped_column(BigId, default=0)  # rows in `changes`


class TableVersion(Base):
    """One row per tracked table; the number goes up by one with each change set that touches the table."""

    __tablename__ = "table_versions"

    table_name: Mapped[str] = mapped_column(binary_string(32), primary_key=True)
    table_version: Mapped[int] = mapped_column(default=0)
