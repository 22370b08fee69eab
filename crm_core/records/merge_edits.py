"""Two people edited one record: which of the later edits go in, which fields stay the other's, which clash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.db.models import Change, ChangeSet


@dataclass(frozen=True)
class OthersEdits:
    """What others changed in a record since a version: each field's value at that version, and who changed it last.

    Values are JSON-encoded, as in `changes`.
    """

    originals: Mapping[str, Any] = field(default_factory=dict)
    changed_by: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Merge:
    """How edits fit onto the record as it is now."""

    apply: Mapping[str, Any]  # what goes in
    kept: tuple[str, ...]  # fields others changed and this editor did not: theirs stay
    clashes: tuple[str, ...]  # fields both changed, to different values


def others_edits(session: Session, table_name: str, row_id: int, *, since_version: int) -> OthersEdits:
    """What others changed in the record after the version; read where the record is locked."""
    changes = session.execute(
        select(Change.before, Change.after, ChangeSet.actor_name)
        .join(ChangeSet, ChangeSet.id == Change.change_set_id)
        .where(Change.table_name == table_name, Change.row_id == row_id, Change.row_version > since_version)
        .order_by(Change.row_version)
    )
    originals: dict[str, Any] = {}
    changed_by: dict[str, str] = {}
    for before, after, actor_name in changes:
        if before is None or after is None:
            continue  # deleted and brought back as it was: no field changed
        for name in after:
            originals.setdefault(name, before.get(name))
            changed_by[name] = actor_name
    return OthersEdits(originals, changed_by)


def merge(*, current: Mapping[str, Any], originals: Mapping[str, Any], edits: Mapping[str, Any]) -> Merge:
    """Fit edits made on an older version onto the current one, field by field. All values are JSON-encoded.

    `originals` holds the fields others changed, with the values both started from. An edit that gives a field the value
    it started from is none. The same field changed to the same value is fine; to different values it clashes.
    """
    apply: dict[str, Any] = {}
    clashes: list[str] = []
    for name, wanted in edits.items():
        now = current[name]
        if wanted == originals.get(name, now) or wanted == now:
            continue
        if name in originals and now != originals[name]:
            clashes.append(name)
        else:
            apply[name] = wanted
    kept = tuple(
        name
        for name, original in originals.items()
        if name not in apply and name not in clashes and current[name] not in (original, edits.get(name, original))
    )
    return Merge(apply, kept, tuple(clashes))
