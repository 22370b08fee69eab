"""Change sets: one transaction writes the rows, what they were before, who did it and why, and the table versions.

The one mechanism behind history, audit, undo and the warehouse's knowledge of what is stale. A session collects every
insert, update and delete of a tracked table as it flushes; `write_history` stores them just before the commit.
Statements that bypass the session must say how their history is kept (`record_created_range`), else they are refused.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Date, Engine, and_, event, insert, inspect, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction
from sqlalchemy.orm.attributes import instance_state, set_committed_value

from crm_core.access import Actor
from crm_core.db.base import Tracked, now
from crm_core.db.models import Change, ChangeRange, ChangeSet, TableVersion
from crm_core.db.types import Instant, Money

UNTRACKED_COLUMNS = frozenset({"id", "version"})
"""Columns a change does not list: the key never changes and the version is kept beside."""


@dataclass
class CreatedRange:
    """Rows of one table created in one go, kept in history as a span of keys."""

    table_name: str
    first_id: int
    last_id: int
    count: int


class TrackedSession(Session):
    """A session whose flushes are collected into one change set."""

    def __init__(self, bind: Engine, *, actor: Actor, cause: str, cause_id: int | None = None) -> None:
        super().__init__(bind, expire_on_commit=False)
        self.actor = actor
        self.change_set = ChangeSet(
            actor_id=actor.user_id, actor_name=actor.name, cause=cause, cause_id=cause_id, at=now()
        )
        self.collected: list[dict[str, Any]] = []
        self.n_changes: dict[str, int] = defaultdict(int)  # by table, of what is stored already
        self.created_ranges: list[CreatedRange] = []
        self.is_history_written = False

    def change_set_id(self) -> int:
        """The id of this transaction's change set, stored now if it is not yet."""
        if inspect(self.change_set).transient:
            self.add(self.change_set)
            self.flush()
        return self.change_set.id


def record_created_range(session: TrackedSession, table_name: str, first_id: int, last_id: int, count: int) -> None:
    """Keep rows that were inserted past the ORM as one span of keys."""
    if count:
        session.created_ranges.append(CreatedRange(table_name, first_id, last_id, count))


def record_deleted_range(session: TrackedSession, table_name: str, first_id: int, last_id: int, count: int) -> None:
    """Note that rows of one table were deleted past the ORM between these keys; the warehouse reads them anew."""
    if count:
        session.created_ranges.append(CreatedRange(table_name, first_id, last_id, 0))


def store_changes(session: TrackedSession) -> None:
    """Store what was collected so far, so that a transaction with very many changes need not hold them in memory."""
    session.flush()
    if not session.collected:
        return
    change_set_id = session.change_set_id()
    session.execute(insert(Change), [{"change_set_id": change_set_id, **row} for row in session.collected])
    for row in session.collected:
        session.n_changes[row["table_name"]] += 1
    session.collected.clear()


def touch(session: TrackedSession, row: Tracked) -> None:
    """Count a change of a record's parts as one of the record, which is locked: a version more, and an entry."""
    session.flush()
    table, version = inspect(type(row)).local_table, row.version
    found = and_(table.c.id == row.id, table.c.version == version)
    session.connection().execute(update(table).where(found).values(version=version + 1))
    set_committed_value(row, "version", version + 1)
    session.collected.append(
        {
            "table_name": table.name,
            "row_id": row.id,
            "row_version": version + 1,
            "op": "update",
            "before": {},
            "after": {},
        }
    )


def write_history(session: TrackedSession) -> None:
    """Store the collected changes and bump the version of every table they touch.

    The version rows are locked last and in the order of their names, so that writers wait for each other briefly and
    never in a circle; the numbers come out in the order of the commits.
    """
    store_changes(session)
    if session.n_changes or session.created_ranges:
        _write_ranges(session, session.change_set_id())
    session.is_history_written = True


def _write_ranges(session: TrackedSession, change_set_id: int) -> None:
    created: dict[str, list[CreatedRange]] = defaultdict(list)
    for item in session.created_ranges:
        created[item.table_name].append(item)
    for table_name in sorted({*session.n_changes, *created}):
        spans = created.get(table_name, [])
        session.add(
            ChangeRange(
                table_name=table_name,
                table_version=bump_table_version(session, table_name),
                change_set_id=change_set_id,
                first_created_id=min((span.first_id for span in spans), default=None),
                last_created_id=max((span.last_id for span in spans), default=None),
                n_created=sum(span.count for span in spans),
                n_changes=session.n_changes.get(table_name, 0),
            )
        )
    session.flush()


def bump_table_version(session: Session, table_name: str) -> int:
    """Raise a table's version by one and return it; holds the version's row until the commit."""
    result = session.execute(
        update(TableVersion)
        .where(TableVersion.table_name == table_name)
        .values(table_version=TableVersion.table_version + 1)
        .execution_options(synchronize_session=False)
    )
    if result.rowcount == 0:  # type: ignore[attr-defined]
        try:
            with session.begin_nested():
                session.add(TableVersion(table_name=table_name, table_version=1))
        except IntegrityError:  # another writer was the table's first at the same moment
            return bump_table_version(session, table_name)
        return 1
    return session.execute(select(TableVersion.table_version).where(TableVersion.table_name == table_name)).scalar_one()


def encode(value: Any) -> Any:
    """A column's value as JSON can hold it, without losing a digit."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return value


def decode(model: type[Tracked], attribute: str, value: Any) -> Any:
    """The value `encode` made JSON of, back in the type of the model's column."""
    if value is None:
        return None
    column_type = getattr(model, attribute).type
    if isinstance(column_type, Money):
        return Decimal(value)
    if isinstance(column_type, Instant):
        return datetime.fromisoformat(value)
    if isinstance(column_type, Date):
        return date.fromisoformat(value)
    return value


@event.listens_for(TrackedSession, "after_flush")
def _collect(session: TrackedSession, _context: UOWTransaction) -> None:
    for op, objects in (("insert", session.new), ("update", session.dirty), ("delete", session.deleted)):
        for item in objects:
            if isinstance(item, Tracked) and (row := _change_of(item, op)):
                session.collected.append(row)


def _change_of(item: Tracked, op: str) -> dict[str, Any] | None:
    state = instance_state(item)
    names = [attribute.key for attribute in state.mapper.column_attrs if attribute.key not in UNTRACKED_COLUMNS]
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    if op == "update":
        before, after = {}, {}
        for name in names:
            if name not in state.committed_state:  # it was never set; asking for its history costs more
                continue
            history = state.attrs[name].history
            if history.has_changes():
                before[name] = encode(history.deleted[0]) if history.deleted else None
                after[name] = encode(history.added[0]) if history.added else None
        if not after:
            return None
    else:
        values = {name: encode(getattr(item, name)) for name in names}
        before, after = (None, values) if op == "insert" else (values, None)
    return {
        "table_name": state.mapper.local_table.name,  # type: ignore[attr-defined]
        "row_id": item.id,
        "row_version": item.version,
        "op": op,
        "before": before,
        "after": after,
    }


@event.listens_for(TrackedSession, "do_orm_execute")
def _refuse_silent_writes(state: ORMExecuteState) -> None:
    if not (state.is_insert or state.is_update or state.is_delete) or state.execution_options.get("history_kept"):
        return
    mapper = state.bind_mapper
    if mapper is not None and issubclass(mapper.class_, Tracked):
        raise RuntimeError(f"a bulk statement on {mapper.local_table} would leave no history; say how it is kept")


@event.listens_for(TrackedSession, "before_commit")
def _refuse_commit_without_history(session: Session) -> None:
    assert isinstance(session, TrackedSession)
    if not session.is_history_written and not session.in_nested_transaction():
        raise RuntimeError("commit through Database.write, which writes the history first")
