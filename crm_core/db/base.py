"""What every table shares: names of constraints, keys, row versions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from crm_core.db.types import BigId

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Declarative base of all tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {dict[str, Any]: JSON, list[str]: JSON}  # noqa: RUF012
    __table_args__: Any = {  # noqa: RUF012
        "sqlite_autoincrement": True,  # keys are never given out twice: history and snapshots rely on it
        "mysql_collate": "utf8mb4_bin",
        "mariadb_collate": "utf8mb4_nopad_bin",  # 'm' and 'M' are two product codes, 'a' and 'a ' two names
    }


class Keyed:
    """A table with a 64-bit key that is never given out twice."""

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True, sort_order=-10)


class Tracked(Keyed):
    """A table whose changes are kept in history, with versioned rows."""

    version: Mapped[int] = mapped_column(default=1, server_default="1", sort_order=90)
    import_id: Mapped[int | None] = mapped_column(BigId, default=None, sort_order=91)  # the import that created the row

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.__table__.c.version}  # type: ignore[attr-defined]


def now() -> datetime:
    """This instant, in UTC."""
    return datetime.now(UTC)
