"""Find records by words and filters, in an order, with work that is bounded however many there are.

Where few records meet one part of the question, those are read whole, the rest is looked up for each, and they are
sorted. Where every part is met by many, the index of the order is gone along, a growing stretch at a time, and the rest
is looked up for each record met: what many meet is met soon. Only a question whose every part is frequent and whose
whole is rare is left to the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, UniqueConstraint, and_, func, inspect, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm_core.db.models import RecordTerm
from crm_core.records.find import bounded_counts
from crm_core.records.record_kind import Given, RecordKind
from crm_core.records.terms import Clause, TermRange

MAX_COUNTED = 1_000
"""Of what many meet so many are counted; past it a list says "more than"."""
FEW = 2_000
"""So many records that meet one part are all read."""
_STRETCH = 250
_ENOUGH = 1_000  # records gone along once the page is full, to say how many there are
_BUDGET = 100_000  # records gone along before the database is left to find and sort all


@dataclass(frozen=True)
class Question:
    """What is asked: values of fields, words, `given` conditions that yield records by themselves, such as a scope,
    `conditions` that are looked up, and an order, of whose first attribute `spans` are."""

    kind: RecordKind
    equal: dict[str, Any]
    words: tuple[Clause, ...]
    given: tuple[Given, ...]
    conditions: tuple[ColumnElement[bool], ...]
    spans: tuple[ColumnElement[bool], ...]
    order: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """The ids of one page in their order, and how many there are: all of them, or more than `total`."""

    ids: list[int]
    total: int
    is_exact: bool
    page: int
    pages: int


def find(session: Session, question: Question, *, page: int, per_page: int) -> Found:
    """The page of records that meet the question; past the last, the last."""
    index = _leading(question)
    if index is not None and not _has_rest(question, index):
        return _along_an_index(session, question, index, page, per_page)
    if (some := _few(session, question)) is not None:
        shown, pages = _shown(page, len(some), per_page)
        return Found(some[shown * per_page :][:per_page], len(some), True, shown + 1, pages)
    if index is None:
        return _left_to_the_database(session, question, page, per_page)
    wanted, passed, is_over = min(page * per_page, MAX_COUNTED), 0, True
    ids: list[int] = []
    for stretch, n_passed in _walk(session, question, index):
        ids += stretch
        passed += n_passed
        if len(ids) > MAX_COUNTED or (len(ids) >= wanted and passed >= _ENOUGH) or passed >= _BUDGET:
            is_over = False
            break
    if not is_over and len(ids) < wanted:
        return _left_to_the_database(session, question, page, per_page)
    total = min(len(ids), MAX_COUNTED)
    shown, pages = _shown(page, total, per_page)
    is_exact = is_over and len(ids) <= MAX_COUNTED
    return Found(ids[:total][shown * per_page :][:per_page], total, is_exact, shown + 1, pages)


def ordering(kind: RecordKind, order: Sequence[str]) -> list[ColumnElement[Any]]:
    """The order in one statement; what is not set comes last either way."""
    found: list[ColumnElement[Any]] = []
    for part in order:
        attribute = kind.attribute(part.lstrip("-"))
        if _is_nullable(attribute):
            found.append(attribute.is_(None))
        found.append(attribute.desc() if part.startswith("-") else attribute.asc())
    return found


def all_of(question: Question) -> list[ColumnElement[bool]]:
    """What a record must meet, every part together."""
    kind = question.kind
    found = [_equal(kind.attribute(name), value) for name, value in question.equal.items()]
    found += [kind.model.id.in_(_with_word(kind, clause)) for clause in question.words]
    return [*(item.among for item in question.given), *found, *question.conditions, *question.spans]


def _few(session: Session, question: Question) -> list[int] | None:
    """All that match, in order, where at most FEW meet one part; else None."""
    kind = question.kind
    headed = {columns[0] for columns in _indexes(kind)}
    parts = [
        select(kind.model.id.label("id")).where(_equal(kind.attribute(name), value))
        for name, value in question.equal.items()
        if _column(kind, name) in headed
    ]
    parts += [_with_word(kind, clause) for clause in question.words]
    parts += [part for item in question.given for part in item.parts]
    counts = bounded_counts(session, parts, FEW) if parts else [FEW + 1]
    if min(counts) > FEW:
        return None
    rarest = parts[counts.index(min(counts))].distinct().subquery()
    model = kind.model
    near = select(model.id).join(rarest, rarest.c.id == model.id).where(*question.spans).order_by(*_sorted(question))
    return _met(session, question, near, list(question.equal))[0]


def _met(session: Session, question: Question, near: Select[Any], names: Sequence[str]) -> tuple[list[int], int]:
    """Those of the records `near`, in its order, that have these fields' values, every word, and meet the conditions;
    and how many were near.

    Values are compared here: a database that is given them besides the keys may go by an index of theirs, and read far
    more than these few records.
    """
    kind, model = question.kind, question.kind.model
    asked = [question.equal[name] for name in names]
    rows = session.execute(near.add_columns(*map(kind.attribute, names))).all()
    ids = [row_id for row_id, *values in rows if values == asked]
    for number, clause in enumerate(question.words):
        some = near.subquery() if number == 0 else select(model.id).where(model.id.in_(ids)).subquery()
        inside = or_(*(_in_range(RecordTerm.term.concat(""), item) for item in clause))  # so no index of terms is read
        looked_up = select(RecordTerm.row_id).join(some, some.c.id == RecordTerm.row_id)
        met = set(session.scalars(looked_up.where(RecordTerm.table_name == kind.table, inside))) if ids else set()
        ids = [row_id for row_id in ids if row_id in met]
    if ids and (conditions := [*(item.holds for item in question.given), *question.conditions]):
        met = set(session.scalars(select(model.id).where(model.id.in_(ids), *conditions)))
        ids = [row_id for row_id in ids if row_id in met]
    return ids, len(rows)


def _along_an_index(session: Session, question: Question, index: tuple[str, ...], page: int, per_page: int) -> Found:
    """One index has all that is asked and the order."""
    model = question.kind.model
    here = [*_led(question, index), *question.spans]
    some = select(model.id).where(*here).limit(MAX_COUNTED + 1)
    count = session.scalar(select(func.count()).select_from(some.subquery())) or 0
    total = min(count, MAX_COUNTED)
    shown, pages = _shown(page, total, per_page)
    start, before = shown * per_page, 0
    ids: list[int] = []
    for phase in _phases(question):
        wanted = min(per_page, total - start) - len(ids)
        if wanted <= 0:
            break
        skip = max(0, start - before)
        statement = select(model.id).where(*here, *phase).order_by(*_plain_order(question))
        got = list(session.scalars(statement.limit(wanted).offset(skip)))
        ids += got
        if not got:  # how many of this phase were skipped
            skipped = select(model.id).where(*here, *phase).limit(skip).subquery()
            before += session.scalar(select(func.count()).select_from(skipped)) or 0
        else:
            before += skip + len(got)
    return Found(ids, total, count <= MAX_COUNTED, shown + 1, pages)


def _walk(session: Session, question: Question, index: tuple[str, ...]) -> Iterator[tuple[list[int], int]]:
    """The ids that match along the index, stretch by stretch, and how many were gone along."""
    model = question.kind.model
    here = [*_led(question, index), *question.spans]
    names = [name for name in question.equal if name not in index]
    order = _plain_order(question)
    for phase in _phases(question):
        passed, stretch = 0, _STRETCH
        while True:
            along = select(model.id).where(*here, *phase).order_by(*order).limit(stretch).offset(passed)
            ids, n_near = _met(session, question, along, names)
            yield ids, n_near
            if n_near < stretch:
                break
            passed, stretch = passed + stretch, min(stretch * 2, 8_000)


def _sorted(question: Question) -> list[ColumnElement[Any]]:
    return ordering(question.kind, question.order)


def _left_to_the_database(session: Session, question: Question, page: int, per_page: int) -> Found:
    model, conditions = question.kind.model, all_of(question)
    some = select(model.id).where(*conditions).limit(MAX_COUNTED + 1)
    count = session.scalar(select(func.count()).select_from(some.subquery())) or 0
    total = min(count, MAX_COUNTED)
    shown, pages = _shown(page, total, per_page)
    statement = select(model.id).where(*conditions).order_by(*_sorted(question))
    ids = list(session.scalars(statement.limit(min(per_page, total - shown * per_page)).offset(shown * per_page)))
    return Found(ids, total, count <= MAX_COUNTED, shown + 1, pages)


def _leading(question: Question) -> tuple[str, ...] | None:
    """The filters, by attribute, that an index begins with whose next column is the order's; of most filters."""
    kind = question.kind
    key = _column(kind, question.order[0].lstrip("-"))
    by_column = {_column(kind, name): name for name in question.equal}
    best: tuple[str, ...] | None = None
    for columns in _indexes(kind):
        place = columns.index(key) if key in columns else -1
        is_better = best is None or place > len(best)
        if place >= 0 and is_better and all(column in by_column for column in columns[:place]):
            best = tuple(by_column[column] for column in columns[:place])
    return best


def _has_rest(question: Question, index: tuple[str, ...]) -> bool:
    """Whether anything is asked besides what the index has."""
    return bool(question.equal.keys() - set(index) or question.words or question.given or question.conditions)


def _led(question: Question, index: tuple[str, ...]) -> list[ColumnElement[bool]]:
    return [_equal(question.kind.attribute(name), question.equal[name]) for name in index]


def _phases(question: Question) -> list[list[ColumnElement[bool]]]:
    """Those that have what the order goes by, then those that have not: an index has either in order."""
    key = question.kind.attribute(question.order[0].lstrip("-"))
    return [[key.is_not(None)], [key.is_(None)]] if _is_nullable(key) else [[]]


def _plain_order(question: Question) -> list[ColumnElement[Any]]:
    parts = [(question.kind.attribute(part.lstrip("-")), part.startswith("-")) for part in question.order]
    return [attribute.desc() if is_down else attribute.asc() for attribute, is_down in parts]


def _indexes(kind: RecordKind) -> list[tuple[str, ...]]:
    table = inspect(kind.model).local_table
    assert isinstance(table, Table)
    unique = [constraint for constraint in table.constraints if isinstance(constraint, UniqueConstraint)]
    found = [index.columns for index in table.indexes] + [constraint.columns for constraint in unique]
    return [("id",), *(tuple(column.name for column in columns) for columns in found)]


def _column(kind: RecordKind, name: str) -> str:
    return str(kind.attribute(name).property.columns[0].name)


def _is_nullable(attribute: InstrumentedAttribute[Any]) -> bool:
    return bool(attribute.property.columns[0].nullable)


def _equal(attribute: InstrumentedAttribute[Any], value: Any) -> ColumnElement[bool]:
    return attribute.is_(None) if value is None else attribute == value


def _with_word(kind: RecordKind, clause: Clause) -> Select[Any]:
    """The ids of the records with a term in one of the clause's ranges: each range is read in sequence, for as long as
    ids are wanted."""
    of_kind = select(RecordTerm.row_id.label("id")).where(RecordTerm.table_name == kind.table)
    ranges = [of_kind.where(_in_range(RecordTerm.term, item)) for item in clause]
    return ranges[0] if len(ranges) == 1 else select(union_all(*ranges).subquery().c.id)


def _in_range(term: Any, item: TermRange) -> ColumnElement[bool]:
    return term == item.low if item.high is None else and_(term >= item.low, term < item.high)


def _shown(page: int, total: int, per_page: int) -> tuple[int, int]:
    """The page shown, counted from 0, and how many there are."""
    pages = max(1, -(-total // per_page))
    return min(page, pages) - 1, pages
