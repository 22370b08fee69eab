"""Find customers by what is being typed and by filters, with work that is bounded however many there are.

Every typed word and every filter is a range of an index that yields ids of customers, cheaply and in sequence; looking
something up per customer is what costs. So a rare word is read whole and the rest is looked up for its few customers;
otherwise the ids of each range are read, up to 20,000, and intersected.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, intersect, literal, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm_core.db.models import Customer, CustomerTerm
from crm_core.records.terms import Clause, TermRange

MAX_FOUND = 1_000
"""So many matches are looked at; what is typed further narrows them down."""

_RARE = 300  # customers for whom the rest of the question is looked up one by one
_FEW = 500  # customers with a word who are all shown where it is all that was typed; of more, some are
_NAMESAKES = 2_000  # ids of one part that are read to look for duplicates while someone types
_LOOK_UP = 5  # what looking one customer up costs, in ids read in sequence
_BUDGET = 20_000  # ids of one word or filter that are read to be intersected with others'


@dataclass(frozen=True, eq=False)
class Source:
    """One part of a question: the statement that yields ids of the customers who meet it, and the condition itself."""

    ids: Select[Any]
    holds_for: Callable[[Any], ColumnElement[bool]]  # of a customer's id, in a statement on customers


@dataclass(frozen=True)
class Found:
    """Customers that match, as (key to sort by, id), in no order: all of them, or some MAX_FOUND."""

    keys: list[tuple[Any, int]]
    is_complete: bool


def having_term(clause: Clause) -> Source:
    """The customers with a term in one of the clause's ranges."""
    ranges = [select(CustomerTerm.customer_id.label("id")).where(_in_range(item)) for item in clause]
    ids = ranges[0] if len(ranges) == 1 else select(union_all(*ranges).subquery().c.id)
    inside = or_(*map(_in_range, clause))

    def holds_for(customer_id: Any) -> ColumnElement[bool]:
        return (
            select(literal(1)).select_from(CustomerTerm).where(CustomerTerm.customer_id == customer_id, inside).exists()
        )

    return Source(ids, holds_for)


def having_value(column: InstrumentedAttribute[Any], value: Any) -> Source:
    """The customers with this value in a column that begins an index."""
    return Source(select(Customer.id).where(column == value), lambda _: column == value)


def find(
    session: Session,
    sources: Sequence[Source],
    key: InstrumentedAttribute[Any],
    *,
    first: Select[Any, int] | None = None,
) -> Found:
    """The customers who meet every part, at most MAX_FOUND.

    All of them are found where at most 500 meet the only part, or at most 20,000 meet one of several. Otherwise some
    are; `first`, a statement that yields (key, id), says which of them to take before others.
    """
    if (found := find_all(session, sources, key)) is not None:
        return found
    keys = [] if first is None else [(row[0], row[1]) for row in session.execute(first.limit(MAX_FOUND))]
    if len(keys) < _FEW:
        some = _matching(session, sources[:1], sources[1:], key, ids=_FEW)
        keys = list({row_id: (value, row_id) for value, row_id in (*keys, *some.keys)}.values())
    return Found(keys[:MAX_FOUND], is_complete=False)


def find_all(
    session: Session, sources: Sequence[Source], key: InstrumentedAttribute[Any], *, budget: int | None = None
) -> Found | None:
    """The customers who meet every part, or None where more than the budget meet each part."""
    budget = _BUDGET if budget is None else budget
    counts = bounded_counts(session, [source.ids for source in sources], _FEW)
    rarest, count = min(zip(sources, counts, strict=True), key=lambda pair: pair[1])
    if count <= _RARE or (count <= _FEW and len(sources) == 1):
        return _matching(session, [rarest], [source for source in sources if source is not rarest], key, ids=_FEW)
    if len(sources) == 1:
        return None
    counts = bounded_counts(session, [source.ids for source in sources], budget)
    pairs = sorted(zip(sources, counts, strict=True), key=lambda pair: pair[1])
    whole = [(source, number) for source, number in pairs if number <= budget]
    if not whole:
        return None
    is_quicker_read = sum(number for _, number in whole) < _LOOK_UP * whole[0][1]
    read = [source for source, _ in (whole if is_quicker_read else whole[:1])]
    return _matching(session, read, [source for source, _ in pairs if source not in read], key, ids=budget)


def collect(session: Session, clauses: Sequence[Clause], *, limit: int) -> list[int]:
    """Ids of customers who meet every clause, at most `limit`; none where each clause is met by very many."""
    found = find_all(session, [having_term(clause) for clause in clauses], Customer.id, budget=_NAMESAKES)
    return [row_id for _, row_id in found.keys[:limit]] if found is not None else []


def _matching(
    session: Session, read: Sequence[Source], others: Sequence[Source], key: InstrumentedAttribute[Any], *, ids: int
) -> Found:
    """The customers among the first `ids` ids of each part that is read who meet the other parts too."""
    lists = [select(source.ids.limit(ids).subquery().c.id) for source in read]
    some = (lists[0].distinct() if len(lists) == 1 else intersect(*lists)).subquery()
    statement = (
        select(key, Customer.id)
        .join(some, some.c.id == Customer.id)
        .where(*(source.holds_for(some.c.id) for source in others))
        .limit(MAX_FOUND + 1)
    )
    keys = [(row[0], row[1]) for row in session.connection().execute(statement)]
    return Found(keys[:MAX_FOUND], is_complete=len(keys) <= MAX_FOUND)


def bounded_counts(session: Session, ids: Sequence[Select[Any]], bound: int) -> list[int]:
    """How many ids each part yields, counted up to one past the bound."""
    counts = [
        select(func.count()).select_from(some.limit(bound + 1).subquery()).scalar_subquery().label(f"n{place}")
        for place, some in enumerate(ids)
    ]
    return list(session.execute(select(*counts)).one())


def _in_range(item: TermRange) -> ColumnElement[bool]:
    if item.high is None:
        return CustomerTerm.term == item.low
    return and_(CustomerTerm.term >= item.low, CustomerTerm.term < item.high)
