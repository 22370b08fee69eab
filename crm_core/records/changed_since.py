"""Whether records are still what they were at an earlier version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from crm_core.db.base import Tracked
from crm_core.db.history import encode
from crm_core.db.models import Change


def differing_since(
    session: Session, model: type[Tracked], rows: Mapping[int, Tracked | None], versions: Mapping[int, int]
) -> set[int]:
    """Which of the rows differ from what they were at these versions.

    A change that was undone counts as none: a row that has all its values again is as it was, whatever its version.
    """
    differing = {row_id for row_id, row in rows.items() if row is None}
    changes = session.execute(
        select(Change.row_id, Change.row_version, Change.before, Change.after)
        .where(Change.table_name == inspect(model).local_table.name, Change.row_id.in_(list(rows)))
        .order_by(Change.row_id, Change.row_version)
    )
    then: dict[int, dict[str, Any]] = {}
    for row_id, version, before, after in changes:
        if version > versions[row_id] and before is not None and after is not None:
            for name in after:
                then.setdefault(row_id, {}).setdefault(name, before.get(name))
    for row_id, row in rows.items():
        if row is not None and any(encode(getattr(row, name)) != value for name, value in then.get(row_id, {}).items()):
            differing.add(row_id)
    return differing
