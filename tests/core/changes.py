"""Make changes and take them back, for tests of history and undo."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, inspect, select

from crm_core.access import SYSTEM, Actor
from crm_core.db.engine import Database
from crm_core.db.models import Change, Customer, CustomerTerm, RecordTerm
from crm_core.records import history, undo
from crm_core.records.backwards import MODELS
from crm_core.records.history import HistoryEntry
from crm_core.records.undo import UndoResult


def write(database: Database, actor: Actor, work: Any, cause: str = "form") -> int:
    """Do the work in one change set; its id."""
    with database.write(actor, cause) as session:
        work(session)
        return session.change_set_id()


def edit(database: Database, actor: Actor, row_id: int = 1, **values: Any) -> int:
    def work(session: Any) -> None:
        for name, value in values.items():
            setattr(session.get(Customer, row_id), name, value)

    return write(database, actor, work)


def create(database: Database, actor: Actor = SYSTEM, **values: Any) -> int:
    return write(
        database, actor, lambda session: session.add(Customer(**{"ref": "C-1", "name": "Ana", "city": "Bonn"} | values))
    )


def undo_change(database: Database, actor: Actor, change_id: int) -> UndoResult:
    with database.write(actor, "undo") as session:
        return undo.undo_change(session=session, actor=actor, change_id=change_id)


def undo_set(database: Database, actor: Actor, set_id: int) -> UndoResult:
    with database.write(actor, "undo") as session:
        return undo.undo_change_set(session=session, actor=actor, change_set_id=set_id)


def entries(database: Database, actor: Actor = SYSTEM, row_id: int = 1) -> list[HistoryEntry]:
    with database.read() as session:
        return history.for_record(session=session, actor=actor, table="customers", row_id=row_id).entries


def last_change(database: Database) -> int:
    with database.read() as session:
        return session.scalars(select(func.max(Change.id))).one()


def customer(database: Database, row_id: int = 1) -> Customer | None:
    with database.read() as session:
        return session.get(Customer, row_id)


def contents(database: Database) -> dict[str, list[Any]]:
    """Every record of every kind and its search terms, all columns but the version, which counts on."""
    tables = [*(model.__table__ for model in MODELS.values()), CustomerTerm.__table__, RecordTerm.__table__]
    with database.read() as session:
        return {
            table.name: session.execute(
                select(*(column for column in table.columns if column.name != "version")).order_by(
                    *inspect(table).primary_key
                )
            ).all()
            for table in tables
        }
