"""Change the same fields of many records at once, as one change set that can be taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, select, update

from crm_core.access import Actor, Permission
from crm_core.db.history import TrackedSession, encode
from crm_core.errors import FieldError, Invalid
from crm_core.records import record_list
from crm_core.records.record_kind import RecordKind
from crm_core.records.record_list import RecordQuery
from crm_core.records.record_service import change, check_references, validate

_BATCH = 5_000
_HISTORY = ("change_set_id", "table_name", "row_id", "row_version", "op", "before", "after")


@dataclass(frozen=True)
class BulkResult:
    """What a bulk edit did; `change_set_id` takes it back (None: nothing was changed)."""

    matched: int
    changed: int
    change_set_id: int | None


def bulk_edit(
    *, session: TrackedSession, actor: Actor, kind: RecordKind, query: RecordQuery, values: Mapping[str, Any]
) -> BulkResult:
    """Give these fields these values in every record that matches, all or none.

    Open the session with `workspace.write(actor, "bulk_edit")`. Count before with `record_list.count`.

    Raises:
        PermissionDenied: the role may not change records of this kind, or not many at once.
        Invalid: values that cannot be saved, by field; nothing is changed.
    """
    actor.require(kind.edit)
    actor.require(Permission.RECORDS_BULK_EDIT)
    if not values:
        raise Invalid({})
    if own := kind.unique & values.keys():
        raise Invalid({name: FieldError("Each record has its own; change it there.") for name in own})
    cleaned = validate(kind, values)
    check_references(session, actor, kind, cleaned)
    matched = record_list.ids(session=session, actor=actor, kind=kind, query=query)
    means_more = bool(cleaned.keys() & (kind.followed | set(kind.searched)))
    changed = 0
    for batch in _batches(matched):
        changed += (
            _one_by_one(session, actor, kind, batch, cleaned) if means_more else _at_once(session, kind, batch, cleaned)
        )
    return BulkResult(len(matched), changed, session.change_set_id() if changed else None)


def _batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _BATCH):
        yield ids[start : start + _BATCH]


def _one_by_one(
    session: TrackedSession, actor: Actor, kind: RecordKind, ids: Sequence[int], values: Mapping[str, Any]
) -> int:
    """For fields whose change means more: each record as its form would save it."""
    statement = select(kind.model).where(kind.model.id.in_(ids)).with_for_update()
    rows = session.scalars(statement.execution_options(populate_existing=True)).all()
    changed = sum(change(session, actor, kind, row, values) for row in rows)
    session.flush()
    for row in rows:
        session.expunge(row)
    return changed


def _at_once(session: TrackedSession, kind: RecordKind, ids: Sequence[int], values: Mapping[str, Any]) -> int:
    """For fields that mean nothing else: one statement for the rows, one for their history."""
    model, names = kind.model, list(values)
    columns = [kind.attribute(name) for name in names]
    connection = session.connection()  # past the ORM, which costs more than the statements
    rows = connection.execute(
        select(model.id, model.version, *columns).where(model.id.in_(ids)).with_for_update()
    ).all()
    after = {name: encode(value) for name, value in values.items()}
    set_id = session.change_set_id()
    history: list[tuple[Any, ...]] = []
    for row_id, version, *current in rows:
        before = {name: encode(value) for name, value in zip(names, current, strict=True)}
        differing = tuple(name for name in names if before[name] != after[name])
        if differing:
            was, is_now = (_json(tuple((name, held[name]) for name in differing)) for held in (before, after))
            history.append((set_id, kind.table, row_id, version + 1, "update", was, is_now))
    if not history:
        return 0
    _write(connection, history)
    session.execute(
        update(model)
        .where(model.id.in_([item[2] for item in history]))
        .values({**values, "version": model.version + 1}),
        execution_options={"history_kept": True, "synchronize_session": False},
    )
    session.n_changes[kind.table] += len(history)
    return len(history)


@lru_cache(maxsize=10_000)
def _json(values: tuple[tuple[str, Any], ...]) -> str:
    """The values as history holds them; many rows of a bulk edit hold the same ones."""
    return json.dumps(dict(values))


def _write(connection: Connection, history: Sequence[tuple[Any, ...]]) -> None:
    """Insert the changes past the ORM: what it does for each would cost twice what the database does."""
    dialect = connection.dialect
    mark = "?" if dialect.name == "sqlite" else "%s"
    columns = ", ".join(map(dialect.identifier_preparer.quote, _HISTORY))
    statement = f"INSERT INTO changes ({columns}) VALUES ({', '.join([mark] * len(_HISTORY))})"  # noqa: S608
    cursor = connection.connection.cursor()
    try:
        cursor.executemany(statement, history)
    finally:
        cursor.close()
