"""Take back one change, field by field, or a whole change set; the undo is itself a change set and can be undone.

Open the session with `workspace.write(actor, "undo", cause_id=<the change set>)`.
"""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_core.access import Actor, Permission
from crm_core.db.base import Tracked
from crm_core.db.history import TrackedSession, decode, encode
from crm_core.db.models import Change, ChangeRange, ChangeSet, Customer
from crm_core.errors import NotFound, PermissionDenied, UndoRefused
from crm_core.records import consent
from crm_core.records.backwards import MODELS, apply_backwards, undo_whole_row
from crm_core.records.history import HIDDEN, may_undo, visible
from crm_core.records.undo_result import CHANGED_SINCE, DELETED_SINCE, UndoConflict, UndoResult

__all__ = ["UndoConflict", "UndoResult", "apply_backwards", "undo_change", "undo_change_set"]


def undo_change(*, session: TrackedSession, actor: Actor, change_id: int) -> UndoResult:
    """Take back one change of one record.

    Fields that still hold what the change put there get what was there before; the others are listed as conflicts and
    stay. A creation is removed unless the record was changed since or others refer to it; a deletion is brought back.

    Raises:
        PermissionDenied: the change is someone else's and the role may undo only its own.
        NotFound: there is no such change, or the actor may not see the record.
        UndoRefused: it is undone already.
    """
    change = session.get(Change, change_id)
    if change is None:
        raise NotFound("There is no such change.")
    change_set = _allowed_set(session, actor, change.change_set_id)
    model = MODELS[change.table_name]
    visible(session, actor, model, change.row_id)
    row = session.scalars(
        select(model).where(model.id == change.row_id).with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if (row is None) == (change.op == "insert") and change.op != "update":
        raise UndoRefused("This change is undone already.")
    _mark_as_undo(session, change_set)
    said = consent.of_change(session, change)
    result = _undo_fields(row, model, change) if change.op == "update" else undo_whole_row(session, change, actor.scope)
    session.flush()
    if said and _is_consent_back(session, change, result):
        for written in said:
            undo_whole_row(session, written, actor.scope)
    n_changes = session.scalar(select(func.count()).where(Change.change_set_id == change_set.id))
    is_whole_set = n_changes == 1 + len(said)
    if result.removed or result.restored:
        _note_undone(session, change_set, is_whole_set=is_whole_set and not result.conflicts)
    return result


def undo_change_set(*, session: TrackedSession, actor: Actor, change_set_id: int) -> UndoResult:
    """Take back everything a change set did, row by row; rows changed since stay and are listed as conflicts.

    Raises:
        PermissionDenied: it is someone else's and the role may undo only its own.
        NotFound: there is no such change set.
        UndoRefused: it is undone already, there is nothing in it, or it is an import, which has its own undo.
    """
    change_set = _allowed_set(session, actor, change_set_id)
    if change_set.undone_by_id is not None:
        raise UndoRefused("This change is undone already.")
    has_spans = session.scalar(
        select(func.count()).where(ChangeRange.change_set_id == change_set_id, ChangeRange.n_created > 0)
    )
    if change_set.cause == "import":
        raise UndoRefused("This is import {id}; undo it among the imports.", id=change_set.cause_id)
    if has_spans:
        raise UndoRefused("Records that were created in one go cannot be undone one set at a time.")
    _mark_as_undo(session, change_set)
    result = apply_backwards(session, change_set_id, scope=actor.scope)
    if result == UndoResult():
        raise UndoRefused("There is nothing in this change that could be undone.")
    if result.removed or result.restored:
        _note_undone(session, change_set, is_whole_set=True)
    return result


def _allowed_set(session: Session, actor: Actor, change_set_id: int) -> ChangeSet:
    """The change set, locked, so that of two who undo it at once the second finds it undone."""
    change_set = session.scalars(
        select(ChangeSet)
        .where(ChangeSet.id == change_set_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if change_set is None:
        raise NotFound("There is no such change.")
    if not may_undo(actor, change_set.actor_id):
        if actor.may(Permission.HISTORY_UNDO_OWN):
            raise PermissionDenied("You may undo your own changes; this one is by {name}.", name=change_set.actor_name)
        raise PermissionDenied("The role {role} may not undo changes.", role=actor.role.value)
    return change_set


def _is_consent_back(session: Session, change: Change, result: UndoResult) -> bool:
    """Whether the undo took the customer's consent back to what it was, or brought the customer back."""
    if change.op == "update":
        customer = session.get(Customer, change.row_id)
        return customer is not None and customer.has_marketing_consent == (change.before or {}).get(consent.FIELD)
    return change.op == "delete" and result.restored > 0


def _mark_as_undo(session: TrackedSession, undone: ChangeSet) -> None:
    session.change_set.cause, session.change_set.cause_id = "undo", undone.id


def _note_undone(session: TrackedSession, undone: ChangeSet, *, is_whole_set: bool) -> None:
    if is_whole_set:
        undone.undone_by_id = session.change_set_id()
    if undone.cause == "undo" and undone.cause_id is not None:  # an undo is undone: what it undid stands again
        original = session.get(ChangeSet, undone.cause_id)
        if original is not None and original.undone_by_id == undone.id:
            original.undone_by_id = None


def _undo_fields(row: Tracked | None, model: type[Tracked], change: Change) -> UndoResult:
    before, after = change.before or {}, change.after or {}
    if row is None:
        return UndoResult(kept=1, conflicts=(UndoConflict(change.table_name, change.row_id, DELETED_SINCE),))
    names = [name for name in after if name not in HIDDEN]
    holding = [name for name in names if encode(getattr(row, name)) == after[name]]
    moved_on = [name for name in names if name not in holding and encode(getattr(row, name)) != before.get(name)]
    if not holding and not moved_on:
        raise UndoRefused("This change is undone already.")
    for name in holding:
        setattr(row, name, decode(model, name, before.get(name)))
    conflicts = tuple(
        UndoConflict(change.table_name, change.row_id, CHANGED_SINCE, fields=(name,)) for name in moved_on
    )
    return UndoResult(restored=1 if holding else 0, kept=0 if holding else 1, conflicts=conflicts)
