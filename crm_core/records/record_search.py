"""Keep every record's search terms in step with it, in English, Chinese and whatever else people write.

The table record_terms holds (table, term, row); a typed word is a range of it, as it is for customers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from sqlalchemy import delete, event, insert, select
from sqlalchemy.orm import Session, UOWTransaction
from sqlalchemy.orm.attributes import instance_state

from crm_core.db.history import TrackedSession
from crm_core.db.models import RecordTerm
from crm_core.records.kinds import KINDS
from crm_core.records.record_kind import RecordKind
from crm_core.records.terms import reference_terms, words_of

MAX_TERMS = 400
"""So many different words of one record are kept; what a very long text says at its end is not found by it."""

_BY_MODEL: Mapping[type[Any], RecordKind] = {kind.model: kind for kind in KINDS.values()}
_BATCH = 10_000
_REFERENCES = frozenset({"number", "code"})


def terms_of(kind: RecordKind, values: Mapping[str, Any]) -> set[str]:
    """The terms of one record from the attributes it is found by."""
    terms: dict[str, None] = {}
    for name in kind.searched:
        text = values.get(name)
        if text:
            found = reference_terms(text) if name in _REFERENCES else words_of(text)
            terms.update(dict.fromkeys(found))
    return set(islice(terms, MAX_TERMS))


def index_new(session: Session, kind: RecordKind, rows: Iterable[Mapping[str, Any]]) -> None:
    """Store the terms of new records, given with their id and searched attributes, in any number."""
    connection = session.connection()
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    statement = f"INSERT INTO record_terms (table_name, term, row_id) VALUES ({', '.join([mark] * 3)})"  # noqa: S608
    source = iter(rows)
    cursor = connection.connection.cursor()
    try:
        while batch := list(islice(source, _BATCH)):
            found = [(kind.table, term, row["id"]) for row in batch for term in terms_of(kind, row)]
            found.sort()  # neighbours in the index are written together
            if found:
                cursor.executemany(statement, found)
    finally:
        cursor.close()


def forget_gone(session: Session, table: str, first: int, last: int) -> None:
    """Remove the terms of records of a table that are no longer there, between two keys."""
    kind = KINDS.get(table)
    if kind is not None:
        inside = (RecordTerm.table_name == table, RecordTerm.row_id >= first, RecordTerm.row_id <= last)
        is_there = select(kind.model.id).where(kind.model.id == RecordTerm.row_id).exists()
        session.connection().execute(delete(RecordTerm).where(*inside, ~is_there))


@event.listens_for(TrackedSession, "after_flush")
def _follow_changes(session: TrackedSession, _context: UOWTransaction) -> None:
    connection = session.connection()
    for item in session.new:
        if kind := _BY_MODEL.get(type(item)):
            index_new(session, kind, [_values(kind, item)])
    for item in session.deleted:
        if kind := _BY_MODEL.get(type(item)):
            gone = delete(RecordTerm).where(RecordTerm.table_name == kind.table, RecordTerm.row_id == item.id)
            connection.execute(gone)
    for item in session.dirty:
        kind = _BY_MODEL.get(type(item))
        if kind is None or not _is_written_anew(kind, item):
            continue
        before, after = terms_of(kind, _values(kind, item, was=True)), terms_of(kind, _values(kind, item))
        if lost := before - after:
            of_row = (RecordTerm.table_name == kind.table, RecordTerm.row_id == item.id)
            connection.execute(delete(RecordTerm).where(*of_row, RecordTerm.term.in_(sorted(lost))))
        if added := after - before:
            rows = [{"table_name": kind.table, "term": term, "row_id": item.id} for term in sorted(added)]
            connection.execute(insert(RecordTerm), rows)


def _is_written_anew(kind: RecordKind, item: Any) -> bool:
    """Whether anything changed of what it is found by."""
    attributes = instance_state(item).attrs
    return any(attributes[name].history.has_changes() for name in kind.searched)


def _values(kind: RecordKind, item: Any, *, was: bool = False) -> dict[str, Any]:
    values: dict[str, Any] = {"id": item.id}
    for name in kind.searched:
        deleted = instance_state(item).attrs[name].history.deleted if was else ()
        values[name] = deleted[0] if deleted else getattr(item, name)
    return values
