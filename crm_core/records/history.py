"""What happened to a record: who changed what from what to what, when and why, and what can be taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from crm_core.access import Actor, Permission
from crm_core.db.base import Tracked
from crm_core.db.history import decode, encode
from crm_core.db.models import Campaign, Change, ChangeRange, ChangeSet, MetricTarget, SavedSegment, SavedView
from crm_core.errors import NotFound
from crm_core.records.backwards import MODELS
from crm_core.records.changed_since import differing_since
from crm_core.records.kinds import KINDS
from crm_core.records.scope import SCOPES

HIDDEN = frozenset({"sort_name", "import_id", "created_at"})
"""What the database keeps for itself; nobody typed it."""

_NEEDED: Mapping[type[Tracked], Permission] = {
    SavedSegment: Permission.SEGMENTS_VIEW,
    Campaign: Permission.CAMPAIGNS_VIEW,
    MetricTarget: Permission.KPIS_VIEW,
    **{kind.model: kind.view for kind in KINDS.values()},
}
"""Records that not every role may see, and what it takes."""


@dataclass(frozen=True)
class FieldChange:
    """One field, before and after."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class HistoryEntry:
    """One change of the record. A creation among many at once has no `change_id`, and no fields."""

    change_set_id: int
    change_id: int | None
    at: datetime
    actor_name: str
    cause: str
    cause_id: int | None
    op: str
    fields: tuple[FieldChange, ...]
    is_undone: bool
    is_undoable: bool


@dataclass(frozen=True)
class HistoryPage:
    """A page of the record's history, newest first."""

    entries: list[HistoryEntry]
    total: int
    pages: int


def for_record(
    *, session: Session, actor: Actor, table: str, row_id: int, page: int = 1, per_page: int = 20
) -> HistoryPage:
    """A page of what happened to one record, newest first, down to its creation; past the last page, the last.

    Raises:
        PermissionDenied: the role may not see history.
        NotFound: there is and was no such record, or the actor may not see it.
    """
    actor.require(Permission.HISTORY_VIEW)
    model = MODELS[table]
    record = visible(session, actor, model, row_id)
    sets = session.execute(
        select(Change.id, Change.change_set_id, Change.op, ChangeSet.cause, ChangeSet.cause_id)
        .join(ChangeSet, ChangeSet.id == Change.change_set_id)
        .where(Change.table_name == table, Change.row_id == row_id)
        .order_by(Change.row_version.desc(), Change.id.desc())
    ).all()
    creation = (
        None if any(row.op == "insert" for row in sets[-1:]) else _created_in_span(session, table, row_id, record)
    )
    if record is None and not sets:
        raise NotFound("There is no such record, and there never was.")
    total = len(sets) + (creation is not None)
    pages = max(1, -(-total // per_page))
    start = (min(max(page, 1), pages) - 1) * per_page
    undone = undone_sets(sets)
    entries = _entries(session, actor, model, record, [row.id for row in sets[start : start + per_page]], undone)
    if creation is not None and start + per_page >= total:
        entries.append(creation)
    return HistoryPage(entries, total, pages)


def visible(session: Session, actor: Actor, model: type[Tracked], row_id: int) -> Tracked | None:
    """The record if it is there, None if it was deleted.

    Raises:
        PermissionDenied: the role may not see records of this kind.
        NotFound: the actor may not see it; who sees only their own customers sees no deleted ones.
    """
    if model in _NEEDED:
        actor.require(_NEEDED[model])
    statement = select(model).where(model.id == row_id)
    if model in SCOPES:
        statement = statement.where(SCOPES[model](actor.scope))
    record = session.scalars(statement).one_or_none()
    if isinstance(record, SavedView) and not record.is_shared and record.owner_id != actor.user_id:
        raise NotFound("There is no such record, or it is not of one of your customers.")
    if record is None and not actor.scope.is_everything:
        raise NotFound("There is no such record, or it is not of one of your customers.")
    return record


def may_undo(actor: Actor, set_actor_id: int | None) -> bool:
    """Whether the actor may take back what that account did."""
    is_own = actor.user_id is not None and actor.user_id == set_actor_id
    return actor.may(Permission.HISTORY_UNDO_ANY) or (is_own and actor.may(Permission.HISTORY_UNDO_OWN))


def undone_sets(sets: Sequence[Row[*tuple[Any, ...]]]) -> set[int]:
    """Which of a record's change sets are undone, an undo that is undone itself not counting.

    `sets` are the record's changes, newest first: an undo comes before what it undid.
    """
    undone: set[int] = set()
    for row in sets:
        if row.cause == "undo" and row.cause_id is not None and row.change_set_id not in undone:
            undone.add(row.cause_id)
    return undone


def _entries(
    session: Session, actor: Actor, model: type[Tracked], record: Tracked | None, ids: Sequence[int], undone: set[int]
) -> list[HistoryEntry]:
    rows = session.execute(
        select(Change, ChangeSet)
        .join(ChangeSet, ChangeSet.id == Change.change_set_id)
        .where(Change.id.in_(ids))
        .order_by(Change.row_version.desc(), Change.id.desc())
    )
    return [
        HistoryEntry(
            change_set_id=change_set.id,
            change_id=change.id,
            at=change_set.at,
            actor_name=change_set.actor_name,
            cause=change_set.cause,
            cause_id=change_set.cause_id,
            op=change.op,
            fields=_fields(model, change),
            is_undone=change_set.id in undone,
            is_undoable=change_set.id not in undone
            and may_undo(actor, change_set.actor_id)
            and _has_effect(session, model, record, change),
        )
        for change, change_set in rows
    ]


def _fields(model: type[Tracked], change: Change) -> tuple[FieldChange, ...]:
    """The fields a person sees; of a creation or deletion those that hold something."""
    before: Mapping[str, Any] = change.before or {}
    after: Mapping[str, Any] = change.after or {}
    return tuple(
        FieldChange(name, decode(model, name, before.get(name)), decode(model, name, after.get(name)))
        for name in (after or before)
        if name not in HIDDEN and (before.get(name) or after.get(name) or change.op == "update")
    )


def _has_effect(session: Session, model: type[Tracked], record: Tracked | None, change: Change) -> bool:
    """Whether anything of the change still stands, to be taken back."""
    if record is None or change.op == "delete":
        return record is None and change.op == "delete"
    if change.op == "insert":
        return not differing_since(session, model, {record.id: record}, {record.id: change.row_version})
    if not change.after:  # parts of it were changed
        return True
    return any(
        encode(getattr(record, name)) == value for name, value in (change.after or {}).items() if name not in HIDDEN
    )


def _created_in_span(session: Session, table: str, row_id: int, record: Tracked | None) -> HistoryEntry | None:
    """The creation of a record that was created together with many others."""
    statement = (
        select(ChangeSet)
        .join(ChangeRange, ChangeRange.change_set_id == ChangeSet.id)
        .where(
            ChangeRange.table_name == table,
            ChangeRange.n_created > 0,
            ChangeRange.first_created_id <= row_id,
            ChangeRange.last_created_id >= row_id,
        )
        .order_by(ChangeRange.table_version)
        .limit(1)
    )
    if record is not None and record.import_id is not None:
        statement = statement.where(func.coalesce(ChangeSet.cause_id, record.import_id) == record.import_id)
    change_set = session.scalars(statement).one_or_none()
    if change_set is None:
        return None
    return HistoryEntry(
        change_set_id=change_set.id,
        change_id=None,
        at=change_set.at,
        actor_name=change_set.actor_name,
        cause=change_set.cause,
        cause_id=change_set.cause_id,
        op="insert",
        fields=(),
        is_undone=change_set.undone_by_id is not None and record is None,
        is_undoable=False,
    )
