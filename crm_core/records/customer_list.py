"""The list of customers: searched, filtered, sorted and paged in the database, within the viewer's scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm_core.access import Actor, Permission, Scope
from crm_core.db.models import Customer, User
from crm_core.records.distinct import distinct_values
from crm_core.records.find import MAX_FOUND, Found, Source, find, find_all, having_term, having_value
from crm_core.records.terms import beginning_with, parse, sort_key

Sort = Literal["name", "created_at", "ref"]
SORTS: dict[str, InstrumentedAttribute[Any]] = {
    "name": Customer.sort_name,
    "created_at": Customer.created_at,
    "ref": Customer.ref,
}
_MAX_PER_PAGE = 200
_MAX_IDS_AT_ONCE = 5_000
_STRETCH = 1_000  # customers gone through first, where a filter is looked for along an order
_BUDGET = 100_000  # customers gone through before the database is left to find and sort all who pass the filter


@dataclass(frozen=True)
class CustomerQuery:
    """What a list shows: None is no filter, `ids` narrows it to these customers, pages count from 1."""

    text: str = ""
    country: str | None = None
    kind: str | None = None
    owner_id: int | None = None
    source: str | None = None
    has_consent: bool | None = None
    sort: Sort = "name"
    descending: bool = False
    page: int = 1
    per_page: int = 25
    ids: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.sort not in SORTS:
            raise ValueError(f"a list is sorted by {', '.join(SORTS)}, not by {self.sort}")
        if self.page < 1 or not 1 <= self.per_page <= _MAX_PER_PAGE:
            raise ValueError(f"pages count from 1 and hold 1 to {_MAX_PER_PAGE} rows")


@dataclass(frozen=True)
class CustomerRow:
    """One line of the list."""

    id: int
    ref: str
    kind: str
    name: str
    email: str | None
    phone: str | None
    country: str | None
    city: str | None
    source: str | None
    owner_id: int | None
    owner_name: str | None
    created_at: datetime


@dataclass(frozen=True)
class CustomerPage:
    """One page; where `is_total_exact` is False, `total` customers can be paged through and there are more."""

    rows: list[CustomerRow]
    total: int
    is_total_exact: bool
    pages: int


@dataclass(frozen=True)
class FilterValues:
    """What there is to filter by: countries and sources in their order, owners by id."""

    countries: tuple[str, ...]
    sources: tuple[str, ...]
    owners: Mapping[int, str]


def page(*, session: Session, actor: Actor, query: CustomerQuery) -> CustomerPage:
    """One page of the customers the actor may see. At most the first 1,000 matches can be paged through.

    A text that very many match (one word more than 500, several words more than 20,000 each) gives some of them: by
    name those whose name begins with it, then others. Without a text the rows are the first in the order asked for. A
    page past the last is the last.

    Raises:
        PermissionDenied: the role may not see customers.
    """
    actor.require(Permission.CUSTOMERS_VIEW)
    words = [having_term(clause) for clause in parse(query.text)]
    filters = sources_of(query, actor.scope)
    key = SORTS[query.sort]
    if query.ids is not None:
        return _paged(session, query, Found(_among(session, query.ids, [*words, *filters], key), is_complete=True))
    if words:
        first = _beginning_so(query.text, filters) if query.sort == "name" else None
        return _paged(session, query, find(session, [*words, *filters], key, first=first))
    if len(filters) > 1 or (filters and query.sort != "name"):  # otherwise one index has both the filter and the order
        found = find_all(session, filters, key)
        if found is not None and found.is_complete:
            return _paged(session, query, found)
    return _browse(session, filters, query)


def filter_values(*, session: Session, actor: Actor) -> FilterValues:
    """The countries, sources and owners that customers of the actor's scope have; each is one step in an index."""
    actor.require(Permission.CUSTOMERS_VIEW)
    is_theirs = None if actor.scope.is_everything else Customer.owner_id == actor.scope.owner_id
    owned = exists().where(Customer.owner_id == User.id).correlate(User)
    owners = session.execute(
        select(User.id, User.name).where(customers_of_user(actor.scope), owned).order_by(User.name, User.id)
    )
    return FilterValues(
        countries=tuple(distinct_values(session, Customer.country, is_theirs)),
        sources=tuple(distinct_values(session, Customer.source, is_theirs)),
        owners={row.id: row.name for row in owners},
    )


def owner_choices(*, session: Session, actor: Actor) -> dict[int, str]:
    """The accounts a customer can be given to, by id, in the order of their names."""
    actor.require(Permission.CUSTOMERS_VIEW)
    owners = session.execute(
        select(User.id, User.name).where(User.is_active, customers_of_user(actor.scope)).order_by(User.name, User.id)
    )
    return {row.id: row.name for row in owners}


def customers_of_user(scope: Scope) -> ColumnElement[bool]:
    """The condition on accounts: who sees only their own customers sees only themselves as owner."""
    return User.id.is_not(None) if scope.is_everything else User.id == scope.owner_id


def sources_of(query: CustomerQuery, scope: Scope) -> list[Source]:
    """The filters of the query and the scope; each column begins an index."""
    wanted = (
        (Customer.owner_id, scope.owner_id),
        (Customer.country, query.country),
        (Customer.kind, query.kind),
        (Customer.owner_id, query.owner_id),
        (Customer.source, query.source),
        (Customer.has_marketing_consent, query.has_consent),
    )
    return [having_value(column, value) for column, value in wanted if value is not None]


def _beginning_so(text: str, filters: Sequence[Source]) -> Select[str, int]:
    """Those whose name begins with what is typed, in order: of very many matches they are what is looked for."""
    start = beginning_with(sort_key(text))
    conditions = [
        Customer.sort_name >= start.low,
        Customer.sort_name < start.high,
        *(item.holds_for(Customer.id) for item in filters),
    ]
    return select(Customer.sort_name, Customer.id).where(*conditions).order_by(Customer.sort_name, Customer.id)


def _paged(session: Session, query: CustomerQuery, found: Found) -> CustomerPage:
    """The page of customers that are all known."""
    keys = sorted(found.keys, reverse=query.descending)
    start = _shown_page(query, len(keys)) * query.per_page
    rows = _rows(session, [row_id for _, row_id in keys[start : start + query.per_page]])
    return CustomerPage(rows, len(keys), found.is_complete, _pages(query, len(keys)))


def _browse(session: Session, filters: Sequence[Source], query: CustomerQuery) -> CustomerPage:
    """The page of very many customers, from the beginning of the order."""
    some = select(Customer.id).where(*(item.holds_for(Customer.id) for item in filters)).limit(MAX_FOUND + 1)
    count = session.scalar(select(func.count()).select_from(some.subquery())) or 0
    total = min(count, MAX_FOUND)
    start = _shown_page(query, total) * query.per_page
    ids = _in_order(session, filters, query, start, min(query.per_page, total - start))
    return CustomerPage(_rows(session, ids), total, count <= MAX_FOUND, _pages(query, total))


def _in_order(session: Session, filters: Sequence[Source], query: CustomerQuery, start: int, count: int) -> list[int]:
    """Ids of the customers who pass the filters, from `start` on, in order."""
    key = SORTS[query.sort]
    order = (key.desc(), Customer.id.desc()) if query.descending else (key.asc(), Customer.id.asc())
    statement = (
        select(Customer.id)
        .where(*(item.holds_for(Customer.id) for item in filters))
        .order_by(*order)
        .offset(start)
        .limit(count)
    )
    if not filters or (len(filters) == 1 and query.sort == "name"):
        return list(session.scalars(statement))  # one index has the filter and the order
    # Those who pass are frequent: go along the order, a growing stretch at a time, until enough are met.
    ids: list[int] = []
    passed, stretch = 0, _STRETCH
    while passed < _BUDGET:
        near = select(Customer.id).order_by(*order).offset(passed).limit(stretch).subquery()
        met = (
            select(key, Customer.id)
            .join(near, near.c.id == Customer.id)
            .where(*(item.holds_for(Customer.id) for item in filters))
        )
        ids += [row[1] for row in sorted(((row[0], row[1]) for row in session.execute(met)), reverse=query.descending)]
        if len(ids) >= start + count:
            return ids[start : start + count]
        passed, stretch = passed + stretch, stretch * 3
    return list(session.scalars(statement))


def _among(
    session: Session, ids: Sequence[int], sources: Sequence[Source], key: InstrumentedAttribute[Any]
) -> list[tuple[Any, int]]:
    """Those of the given customers who meet every part, as (key, id)."""
    keys: list[tuple[Any, int]] = []
    wanted = sorted(set(ids))
    statement = select(key, Customer.id).where(*(source.holds_for(Customer.id) for source in sources))
    for start in range(0, len(wanted), _MAX_IDS_AT_ONCE):
        some = statement.where(Customer.id.in_(wanted[start : start + _MAX_IDS_AT_ONCE]))
        keys += [(row[0], row[1]) for row in session.execute(some)]
    return keys


def _rows(session: Session, ids: Sequence[int]) -> list[CustomerRow]:
    """The lines of these customers, in this order."""
    if not ids:
        return []
    columns = (
        Customer.id, Customer.ref, Customer.kind, Customer.name, Customer.email, Customer.phone, Customer.country,
        Customer.city, Customer.source, Customer.owner_id, User.name, Customer.created_at,
    )  # fmt: skip
    found = session.execute(
        select(*columns).join(User, User.id == Customer.owner_id, isouter=True).where(Customer.id.in_(ids))
    )
    by_id = {row[0]: CustomerRow(*tuple[Any, ...](row)) for row in found}
    return [by_id[row_id] for row_id in ids]


def _pages(query: CustomerQuery, total: int) -> int:
    return max(1, -(-total // query.per_page))


def _shown_page(query: CustomerQuery, total: int) -> int:
    """The page shown, counted from 0."""
    return min(query.page, _pages(query, total)) - 1
