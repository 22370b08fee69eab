"""Take back changed records field by field, where what follows from their fields can be worked out anew."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy import select

from crm_core.access import Scope
from crm_core.db.history import TrackedSession, decode, encode, touch
from crm_core.records.record_kind import RecordKind
from crm_core.records.scope import is_theirs
from crm_core.records.undo_result import (
    CHANGED_SINCE,
    DELETED_SINCE,
    NOT_YOURS,
    NetChange,
    UndoConflict,
    UndoResult,
    kept,
)


def set_fields_back(session: TrackedSession, kind: RecordKind, nets: Sequence[NetChange], scope: Scope) -> UndoResult:
    """Give each field that still holds what the set put there what it held before; what follows from it is settled."""
    result = UndoResult()
    statement = select(kind.model).where(kind.model.id.in_([net.row_id for net in nets])).with_for_update()
    by_id = {row.id: row for row in session.scalars(statement.execution_options(populate_existing=True))}
    for net in nets:
        row = by_id.get(net.row_id)
        if row is None:
            result += kept(kind.model, net, DELETED_SINCE)
            continue
        if not is_theirs(session, kind.model, partial(getattr, row), scope):
            result += kept(kind.model, net, NOT_YOURS)
            continue
        before, after = net.before or {}, net.after or {}
        if not after:  # only its parts were changed, and are taken back each by itself
            touch(session, row)
        names = [name for name in after if name in kind.specs]
        holding = [name for name in names if encode(getattr(row, name)) == after[name]]
        moved_on = [name for name in names if name not in holding and encode(getattr(row, name)) != before.get(name)]
        also = [name for name in kind.restored & after.keys() if encode(getattr(row, name)) == after[name]]
        for name in (*holding, *also):
            setattr(row, name, decode(kind.model, name, before.get(name)))
        conflicts = tuple(UndoConflict(kind.table, net.row_id, CHANGED_SINCE, fields=(name,)) for name in moved_on)
        # Of a row in which the set changed no field, only what followed, such as a reply's time, is taken back.
        is_restored = bool(holding) or not names
        result += UndoResult(restored=int(is_restored), kept=int(not is_restored), conflicts=conflicts)
    session.flush()
    return result
