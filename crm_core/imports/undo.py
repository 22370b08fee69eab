"""Take an import back: what it changed is changed back and what it created removed, unless it was built on since."""

from __future__ import annotations

from typing import cast

from sqlalchemy import ColumnElement, Table, and_, delete, exists, func, inspect, select

from crm_core.access import Actor, Permission
from crm_core.db.base import Base, Tracked
from crm_core.db.engine import Database
from crm_core.db.history import TrackedSession, record_deleted_range
from crm_core.db.models import (
    ChangeRange,
    ChangeSet,
    Customer,
    Deal,
    DealMove,
    Import,
    Need,
    Order,
    OrderLine,
    Product,
    Team,
    Ticket,
    TicketEvent,
)
from crm_core.errors import NotFound, PermissionDenied, UndoRefused
from crm_core.records import record_search
from crm_core.records.undo import UndoConflict, UndoResult, apply_backwards
from crm_core.records.undo_result import CHANGED_SINCE, MAX_LISTED, REFERRED_TO

_CREATED: tuple[type[Tracked], ...] = (
    TicketEvent, DealMove, OrderLine, Order, Ticket, Deal, Need, Team, Product, Customer,
)  # fmt: skip
"""What imports create, the referring before the referred to."""

UNTOUCHED = 1
"""The version of a record that nobody has changed since it was created."""


def undo_import(*, database: Database, actor: Actor, import_id: int) -> UndoResult:
    """Take an import back, in one transaction that is a change set of its own.

    Records it changed get their values back, records it created are removed. Of both, those changed since stay as they
    are, and so do created ones that others refer to; all are counted in `kept` and the first thousand listed.

    Raises:
        NotFound: there is no such import.
        PermissionDenied: it is someone else's and the role may undo only its own.
        UndoRefused: it is undone already, or it changed nothing.
    """
    with database.write(actor, "undo") as session:
        change_set = _allowed_set(session, actor, import_id)
        session.change_set.cause_id = change_set.id
        result = apply_backwards(session, change_set.id)
        for model in _CREATED:
            result += _remove_created(session, model, import_id, change_set.id)
        change_set.undone_by_id = session.change_set_id()
    return result


def _allowed_set(session: TrackedSession, actor: Actor, import_id: int) -> ChangeSet:
    record = session.get(Import, import_id)
    if record is None:
        raise NotFound("There is no import {id}.", id=import_id)
    require_undo(actor, record.actor_id)
    if record.change_set_id is None:
        raise UndoRefused("Import {id} changed nothing, so there is nothing to take back.", id=import_id)
    locked = select(ChangeSet).where(ChangeSet.id == record.change_set_id).with_for_update()
    change_set = session.scalars(locked).one()
    if change_set.undone_by_id is not None:
        raise UndoRefused("Import {id} is taken back already.", id=import_id)
    return change_set


def require_undo(actor: Actor, owner_id: int | None) -> None:
    """Raise PermissionDenied unless the actor may take back an import by that user."""
    if actor.may(Permission.HISTORY_UNDO_ANY) and actor.scope.is_everything:
        return
    actor.require(Permission.HISTORY_UNDO_OWN)
    if owner_id is None or actor.user_id != owner_id:
        raise PermissionDenied("You may take back your own imports only; this one is someone else's.")


def _remove_created(session: TrackedSession, model: type[Tracked], import_id: int, change_set_id: int) -> UndoResult:
    """Delete the created records nobody has touched and nothing refers to; the rest are kept and listed."""
    table_name = _table(model).name
    span = session.scalars(
        select(ChangeRange).where(
            ChangeRange.change_set_id == change_set_id, ChangeRange.table_name == table_name, ChangeRange.n_created > 0
        )
    ).one_or_none()
    if span is None:
        return UndoResult()
    first, last = span.first_created_id, span.last_created_id
    assert first is not None
    assert last is not None
    created = and_(model.id >= first, model.id <= last, model.import_id == import_id)
    references = _references_to(model)
    is_free = and_(model.version == UNTOUCHED, *(~reference for reference in references.values()))
    removal = delete(model).where(created, is_free).execution_options(history_kept=True, synchronize_session=False)
    removed: int = session.execute(removal).rowcount  # type: ignore[attr-defined]
    record_deleted_range(session, table_name, first, last, removed)
    record_search.forget_gone(session, table_name, first, last)
    return UndoResult(removed=removed) + _kept(session, model, created, references)


def _references_to(model: type[Tracked]) -> dict[str, ColumnElement[bool]]:
    """For each table that refers to the model's and does not go with it: whether one of its rows refers to a record."""
    references: dict[str, ColumnElement[bool]] = {}
    for mapper in Base.registry.mappers:
        table = cast(Table, mapper.local_table)
        for column in table.columns:
            for key in column.foreign_keys:
                if key.column is _table(model).c.id and key.ondelete != "CASCADE":
                    references[table.name] = exists().where(column == _table(model).c.id)
    return references


def _kept(
    session: TrackedSession,
    model: type[Tracked],
    created: ColumnElement[bool],
    references: dict[str, ColumnElement[bool]],
) -> UndoResult:
    kept = session.execute(select(func.count()).select_from(model).where(created)).scalar_one()
    if not kept:
        return UndoResult()
    conflicts: list[UndoConflict] = []
    flags = [reference.label(name) for name, reference in references.items()]
    for row in session.execute(
        select(model.id, model.version, *flags).where(created).order_by(model.id).limit(MAX_LISTED)
    ):
        referring = [name for name, is_referring in zip(references, row[2:], strict=True) if is_referring]
        if row.version != UNTOUCHED or not referring:
            conflicts.append(UndoConflict(_table(model).name, row.id, CHANGED_SINCE))
        else:
            conflicts.append(UndoConflict(_table(model).name, row.id, REFERRED_TO, {"tables": ", ".join(referring)}))
    return UndoResult(kept=kept, conflicts=tuple(conflicts))


def _table(model: type[Tracked]) -> Table:
    return cast(Table, inspect(model).local_table)
