"""The list of any kind of record: searched, filtered, sorted and paged in the database, within the viewer's scope."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from crm_core.access import Actor, Scope
from crm_core.db.models import BusinessCalendar, Customer, Deal, Product, Team, Ticket, User
from crm_core.records import record_find
from crm_core.records.record_find import Question, all_of, find
from crm_core.records.record_kind import Given, RecordKind
from crm_core.records.terms import parse

MAX_PER_PAGE = 200

_LABELS: Mapping[str, tuple[type[Any], str]] = {
    "customers": (Customer, "name"), "products": (Product, "name"), "users": (User, "name"), "teams": (Team, "name"),
    "deals": (Deal, "name"), "tickets": (Ticket, "number"), "business_calendars": (BusinessCalendar, "name"),
}  # fmt: skip
"""By what a reference is shown."""


@dataclass(frozen=True)
class RecordQuery:
    """What a list shows. `filters` gives for a field the value, or the values, it must have (None: it is not set),
    `spans` the least and the first too large value of a field that orders a list (None: no bound); pages count from 1;
    `sort` is one of the kind's, empty for the usual one."""

    text: str = ""
    filters: Mapping[str, Any] = field(default_factory=dict)
    sort: str = ""
    page: int = 1
    per_page: int = 25
    ids: tuple[int, ...] | None = None
    spans: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.page < 1 or not 1 <= self.per_page <= MAX_PER_PAGE:
            raise ValueError(f"pages count from 1 and hold 1 to {MAX_PER_PAGE} rows")


@dataclass(frozen=True)
class RecordPage:
    """One page: the rows, what their references are called by (table, id), and how many there are in all."""

    rows: list[Any]
    labels: Mapping[tuple[str, int], str]
    total: int
    is_total_exact: bool
    page: int
    pages: int


def page(*, session: Session, actor: Actor, kind: RecordKind, query: RecordQuery) -> RecordPage:
    """One page of the records the actor may see; past the last page, the last.

    Raises:
        PermissionDenied: the role may not see records of this kind.
        ValueError: a filter or an order the kind does not have.
    """
    actor.require(kind.view)
    found = find(session, question(kind, query, actor.scope), page=query.page, per_page=query.per_page)
    by_id = {row.id: row for row in session.scalars(select(kind.model).where(kind.model.id.in_(found.ids)))}
    rows = [by_id[row_id] for row_id in found.ids if row_id in by_id]
    return RecordPage(rows, labels_of(session, kind, rows), found.total, found.is_exact, found.page, found.pages)


def count(*, session: Session, actor: Actor, kind: RecordKind, query: RecordQuery) -> int:
    """How many records match, all counted.

    Raises:
        PermissionDenied: the role may not see records of this kind.
    """
    actor.require(kind.view)
    matching = conditions(kind, query, actor.scope)
    return session.scalar(select(func.count()).select_from(kind.model).where(*matching)) or 0


def ids(*, session: Session, actor: Actor, kind: RecordKind, query: RecordQuery) -> list[int]:
    """The ids of all that match, ascending.

    Raises:
        PermissionDenied: the role may not see records of this kind.
    """
    actor.require(kind.view)
    statement = select(kind.model.id).where(*conditions(kind, query, actor.scope)).order_by(kind.model.id)
    return list(session.scalars(statement))


def conditions(kind: RecordKind, query: RecordQuery, scope: Scope) -> list[ColumnElement[bool]]:
    """What a record must meet to be in the list."""
    return all_of(question(kind, query, scope))


def question(kind: RecordKind, query: RecordQuery, scope: Scope) -> Question:
    """The query as it is looked for.

    Raises:
        ValueError: a filter, a span or an order the kind does not have.
    """
    equal: dict[str, Any] = {}
    others: list[ColumnElement[bool]] = []
    for name, value in query.filters.items():
        if name not in kind.filters:
            raise ValueError(f"a list of {kind.table} is filtered by {', '.join(kind.filters)}, not by {name}")
        if isinstance(value, (list, tuple, set, frozenset)):
            others.append(kind.attribute(name).in_(list(value)))
        else:
            equal[name] = value
    ordered = {part.lstrip("-") for parts in kind.sorts.values() for part in parts}
    spans: list[ColumnElement[bool]] = []
    for name, (least, beyond) in query.spans.items():
        if name not in ordered:
            raise ValueError(f"a list of {kind.table} has spans of {', '.join(sorted(ordered))}, not of {name}")
        attribute = kind.attribute(name)
        spans += [] if least is None else [attribute >= least]
        spans += [] if beyond is None else [attribute < beyond]
    given = [] if scope.is_everything else [_given(kind, kind.in_scope(scope))]
    if query.ids is not None:
        given.append(_given(kind, kind.model.id.in_(query.ids)))
    if kind.find is not None and query.text.strip():
        given.append(kind.find(query.text.strip()))
    return Question(
        kind=kind,
        equal=equal,
        words=parse(query.text) if kind.find is None else (),
        given=tuple(given),
        conditions=tuple(others),
        spans=tuple(spans),
        order=_order(kind, query.sort),
    )


def _given(kind: RecordKind, condition: ColumnElement[bool]) -> Given:
    return Given(condition, condition, (select(kind.model.id.label("id")).where(condition),))


def ordering(kind: RecordKind, sort: str) -> list[ColumnElement[Any]]:
    """The order of the list; what is not set comes last either way."""
    return record_find.ordering(kind, _order(kind, sort))


def _order(kind: RecordKind, sort: str) -> tuple[str, ...]:
    name = sort or next(iter(kind.sorts))
    if name not in kind.sorts:
        raise ValueError(f"a list of {kind.table} is sorted by {', '.join(kind.sorts)}, not by {name}")
    return kind.sorts[name]


def labels_of(session: Session, kind: RecordKind, rows: Sequence[Any]) -> dict[tuple[str, int], str]:
    """What the references of these rows are called; a name says no more than the row itself does."""
    labels: dict[tuple[str, int], str] = {}
    for spec in kind.fields:
        if spec.kind != "reference" or spec.target is None:
            continue
        wanted = {getattr(row, spec.name) for row in rows} - {None}
        labels.update({(spec.target, row_id): text for row_id, text in names_of(session, spec.target, wanted).items()})
    return labels


def names_of(session: Session, table: str, ids: Collection[int]) -> dict[int, str]:
    """What rows of a table that references point to are called, closed accounts and old products too."""
    if not ids:
        return {}
    model, attribute = _LABELS[table]
    found: Select[Any] = select(model.id, getattr(model, attribute)).where(model.id.in_(ids))
    return dict(session.execute(found).all())


def label_of(session: Session, table: str, row_id: int) -> str:
    """What one row of a table that references point to is called; its number where it is gone."""
    model, attribute = _LABELS[table]
    found = session.scalar(select(getattr(model, attribute)).where(model.id == row_id))
    return str(row_id) if found is None else str(found)
