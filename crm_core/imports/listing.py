"""The imports there were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.access import Actor, Permission
from crm_core.db.models import ChangeSet, Import, User


@dataclass(frozen=True)
class ImportEntry:
    """One import: the file, who and when, its counts, and whether it can be taken back (`is_undoable`) or was."""

    import_id: int
    at: datetime
    actor_name: str
    kind: str
    file_name: str
    preset: str | None
    mode: str
    counts: Mapping[str, Any]
    rejects_file: str | None
    is_undone: bool
    is_undoable: bool


def list_imports(*, session: Session, actor: Actor, limit: int = 200) -> list[ImportEntry]:
    """The latest imports, newest first.

    Raises:
        PermissionDenied: the actor's role does not import.
    """
    actor.require(Permission.IMPORTS_RUN)
    rows = session.execute(
        select(Import, ChangeSet.actor_name, ChangeSet.undone_by_id, User.name)
        .outerjoin(ChangeSet, ChangeSet.id == Import.change_set_id)
        .outerjoin(User, User.id == Import.actor_id)
        .order_by(Import.id.desc())
        .limit(limit)
    )
    return [
        ImportEntry(
            import_id=item.id,
            at=item.at,
            actor_name=done_by or user_name or "",
            kind=item.kind,
            file_name=item.file_name,
            preset=item.preset,
            mode=item.mode,
            counts=item.counts,
            rejects_file=item.rejects_file,
            is_undone=undone_by_id is not None,
            is_undoable=item.change_set_id is not None and undone_by_id is None,
        )
        for item, done_by, undone_by_id, user_name in rows
    ]
