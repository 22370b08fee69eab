"""Apply the changes of a change set backwards, row by row, never over what was changed since."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any

from sqlalchemy import Row, Table, insert, inspect, select
from sqlalchemy.exc import IntegrityError

from crm_core.access import EVERYTHING, Scope
from crm_core.db.base import Base, Tracked
from crm_core.db.history import TrackedSession, decode, touch
from crm_core.db.models import Change, Customer
from crm_core.records import consent, record_search
from crm_core.records.changed_since import differing_since
from crm_core.records.kinds import KINDS
from crm_core.records.scope import is_theirs
from crm_core.records.search import index_new
from crm_core.records.undo_fields import set_fields_back
from crm_core.records.undo_result import (
    CHANGED_SINCE,
    DELETED_SINCE,
    NOT_YOURS,
    REFERRED_TO,
    TAKEN,
    NetChange,
    UndoResult,
    kept,
)

_BATCH = 500

MODELS: dict[str, type[Tracked]] = {
    str(mapper.local_table.name): mapper.class_  # type: ignore[attr-defined]
    for mapper in Base.registry.mappers
    if issubclass(mapper.class_, Tracked)
}
"""The model of each table that keeps history."""

_TABLES = [table.name for table in Base.metadata.sorted_tables if table.name in MODELS]  # referred to before referring


_Step = Callable[[TrackedSession, type[Tracked], Sequence[NetChange], Scope], UndoResult]


def apply_backwards(session: TrackedSession, change_set_id: int, *, scope: Scope = EVERYTHING) -> UndoResult:
    """Take back what a change set did, row by row, as part of the session's own change set.

    A row that was changed since, one outside the scope, and a created one that others refer to by now stay as they are
    and are listed in `conflicts`. Deleted rows come back under their old ids. Rows created as a span of keys are not in
    `changes`, and not touched. Whether the set is undone already is the caller's to check and to note down.
    """
    result = UndoResult()
    postponed: list[tuple[_Step, type[Tracked], NetChange]] = []
    steps: tuple[tuple[_Step, Callable[[NetChange], bool], list[str]], ...] = (
        (_bring_back, _is_deletion, _TABLES),
        (_set_back, _is_update, _TABLES),
        (_remove, _is_creation, list(reversed(_TABLES))),
    )
    for step, is_concerned, tables in steps:
        for table_name in tables:
            for batch in _net_changes(session, change_set_id, table_name):
                concerned = [net for net in batch if is_concerned(net)]
                done, refused = _all_or_one_by_one(step, session, MODELS[table_name], concerned, scope)
                result += done
                postponed += [(step, MODELS[table_name], net) for net in refused]
    for step, model, net in postponed:  # what the set created may have stood in the way, and is gone now
        result += _once(step, session, model, net, scope)
    _settle(session, change_set_id)
    return result


def undo_whole_row(session: TrackedSession, change: Change, scope: Scope) -> UndoResult:
    """Take back a creation or a deletion of one record."""
    net = NetChange(change.row_id, change.row_version, change.before, change.after)
    step = _remove if change.op == "insert" else _bring_back
    return _once(step, session, MODELS[change.table_name], net, scope)


def _is_deletion(net: NetChange) -> bool:
    return net.after is None


def _is_update(net: NetChange) -> bool:
    return net.before is not None and net.after is not None


def _is_creation(net: NetChange) -> bool:
    return net.before is None


def net_change(changes: Sequence[Row[Any]]) -> NetChange | None:
    """The changes of one set to one row as one; None where it was created and deleted again."""
    first, last = changes[0], changes[-1]
    before: dict[str, Any] | None = {}
    for change in reversed(changes):
        before = None if change.before is None else {**(before or {}), **change.before}
    after: dict[str, Any] | None = {}
    for change in changes:
        after = None if change.after is None else {**(after or {}), **change.after}
    if before is None and after is None:
        return None
    return NetChange(first.row_id, last.row_version, before, after)


def _net_changes(session: TrackedSession, change_set_id: int, table_name: str) -> Iterator[list[NetChange]]:
    """What the set did to the rows of the table, in the order of keys, in batches."""
    of_table = (Change.change_set_id == change_set_id, Change.table_name == table_name)
    ids = session.scalars(select(Change.row_id).where(*of_table).distinct().order_by(Change.row_id)).all()
    for start in range(0, len(ids), _BATCH):
        changes = session.execute(
            select(Change.row_id, Change.row_version, Change.before, Change.after)
            .where(*of_table, Change.row_id.in_(ids[start : start + _BATCH]))
            .order_by(Change.row_id, Change.id)
        ).all()
        nets = (net_change(list(group)) for _, group in groupby(changes, key=lambda change: change.row_id))
        yield [net for net in nets if net is not None]


def _once(step: _Step, session: TrackedSession, model: type[Tracked], net: NetChange, scope: Scope) -> UndoResult:
    """The step on one row; where the database refuses, the row stays as it is."""
    done, refused = _all_or_one_by_one(step, session, model, [net], scope)
    return kept(model, net, TAKEN) if refused else done


def _all_or_one_by_one(
    step: _Step, session: TrackedSession, model: type[Tracked], nets: Sequence[NetChange], scope: Scope
) -> tuple[UndoResult, list[NetChange]]:
    """The step on all rows at once; where the database refuses, on each by itself. Gives the ones it refused too."""
    if not nets:
        return UndoResult(), []
    try:
        with session.begin_nested():
            return step(session, model, nets, scope), []
    except IntegrityError:
        if len(nets) == 1:
            return UndoResult(), list(nets)
    result, refused = UndoResult(), []
    for net in nets:
        done, left = _all_or_one_by_one(step, session, model, [net], scope)
        result += done
        refused += left
    return result, refused


def _bring_back(session: TrackedSession, model: type[Tracked], nets: Sequence[NetChange], scope: Scope) -> UndoResult:
    """Insert deleted rows again, under their ids and one version on: a reader of the old row must not match the new."""
    result = UndoResult()
    rows, collected = [], []
    mapper = inspect(model)
    for net in nets:
        values = net.before or {}
        if not is_theirs(session, model, values.get, scope):
            result += kept(model, net, NOT_YOURS)
            continue
        version = net.last_version + 1
        columns = {mapper.columns[name].name: decode(model, name, value) for name, value in values.items()}
        rows.append({**columns, "id": net.row_id, "version": version})
        collected.append(
            {
                "table_name": _table(model).name,
                "row_id": net.row_id,
                "row_version": version,
                "op": "insert",
                "before": None,
                "after": values,
            }
        )
    if rows:
        session.connection().execute(insert(_table(model)), rows)
        _index(session, model, rows)
    session.collected.extend(collected)
    return result + UndoResult(restored=len(rows))


def _index(session: TrackedSession, model: type[Tracked], rows: Sequence[Mapping[str, Any]]) -> None:
    """Make brought back records findable again."""
    if model is Customer:
        index_new(session, ((row["id"], row["ref"], row["name"], row["email"], row["phone"]) for row in rows))
    elif (kind := KINDS.get(_table(model).name)) is not None:
        record_search.index_new(session, kind, rows)


def _set_back(session: TrackedSession, model: type[Tracked], nets: Sequence[NetChange], scope: Scope) -> UndoResult:
    """Give changed rows the values they had before."""
    if (kind := KINDS.get(_table(model).name)) is not None:
        return set_fields_back(session, kind, nets, scope)
    result = UndoResult()
    for net, row in _untouched_since(session, model, nets):
        if isinstance(row, str):
            result += kept(model, net, row)
        elif not is_theirs(session, model, partial(getattr, row), scope):
            result += kept(model, net, NOT_YOURS)
        else:
            if not net.after:  # only its parts were changed, and are taken back each by itself
                touch(session, row)
            for name, value in (net.before or {}).items():
                setattr(row, name, decode(model, name, value))
            result += UndoResult(restored=1)
    session.flush()
    return result


def _settle(session: TrackedSession, change_set_id: int) -> None:
    """Bring into step what records hold of their parts: some of those may be gone now, or back."""
    session.flush()
    for table_name, kind in KINDS.items():
        of_table = (Change.change_set_id == change_set_id, Change.table_name == table_name)
        ids = session.scalars(select(Change.row_id).where(*of_table).distinct().order_by(Change.row_id)).all()
        for start in range(0, len(ids), _BATCH):
            rows = session.scalars(select(kind.model).where(kind.model.id.in_(ids[start : start + _BATCH]))).all()
            kind.settle(session, rows)
            session.flush()


def _remove(session: TrackedSession, model: type[Tracked], nets: Sequence[NetChange], scope: Scope) -> UndoResult:
    """Delete created rows that nothing else refers to."""
    result = UndoResult()
    referring = _referring(session, model, [net.row_id for net in nets])
    for net, row in _untouched_since(session, model, nets):
        if isinstance(row, str):
            result += kept(model, net, row)
        elif not is_theirs(session, model, partial(getattr, row), scope):
            result += kept(model, net, NOT_YOURS)
        elif tables := referring.get(net.row_id):
            result += kept(model, net, REFERRED_TO, tables=", ".join(tables))
        else:
            if model is Customer:
                consent.remove_with(session, [net.row_id])
            session.delete(row)
            result += UndoResult(removed=1)
    session.flush()
    return result


def _untouched_since(
    session: TrackedSession, model: type[Tracked], nets: Sequence[NetChange]
) -> Iterator[tuple[NetChange, Tracked | str]]:
    """Each row, locked, where it is still as the set left it; else why it is not."""
    rows = session.scalars(
        select(model)
        .where(model.id.in_([net.row_id for net in nets]))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    by_id = {row.id: row for row in rows}
    moved_on = {net.row_id: net.last_version for net in nets if _version(by_id.get(net.row_id)) != net.last_version}
    differing = differing_since(session, model, {row_id: by_id.get(row_id) for row_id in moved_on}, moved_on)
    for net in nets:
        row = by_id.get(net.row_id)
        if row is None:
            yield net, DELETED_SINCE
        else:
            yield net, CHANGED_SINCE if net.row_id in differing else row


def _version(row: Tracked | None) -> int | None:
    return row.version if row is not None else None


def _referring(session: TrackedSession, model: type[Tracked], ids: Sequence[int]) -> dict[int, list[str]]:
    """For each of the rows that others refer to, the tables that do."""
    found: dict[int, list[str]] = {}
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column.table is _table(model) and key.ondelete is None:
                for row_id in session.scalars(select(key.parent).where(key.parent.in_(ids)).distinct()):
                    found.setdefault(row_id, []).append(table.name)
    return found


def _table(model: type[Tracked]) -> Table:
    table = inspect(model).local_table
    assert isinstance(table, Table)
    return table
