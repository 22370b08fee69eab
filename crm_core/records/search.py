"""Keep every customer's search terms in step with the customer, and find customers by what is being typed.

The table customer_terms holds (term, customer), ordered by term; a typed word is a range of it. That works the same on
SQLite, PostgreSQL and MariaDB, needs no extension, and the terms are decided here, in one place (records.terms).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from sqlalchemy import delete, event, insert
from sqlalchemy.orm import Session, UOWTransaction, attributes
from sqlalchemy.orm.attributes import instance_state

from crm_core.db.history import TrackedSession
from crm_core.db.models import Customer, CustomerTerm
from crm_core.records.terms import sort_key, terms_of

__all__ = ["index_new", "sort_key"]

_INDEXED = ("ref", "name", "email", "phone")
_BATCH = 10_000  # customers whose terms are sorted and inserted together


def index_new(session: Session, rows: Iterable[tuple[int, str, str, str | None, str | None]]) -> None:
    """Store the search terms of new customers, given as (id, ref, name, email, phone), in any number."""
    connection = session.connection()
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    statement = f"INSERT INTO customer_terms (term, customer_id) VALUES ({mark}, {mark})"  # noqa: S608
    source = iter(rows)
    cursor = connection.connection.cursor()
    try:
        while batch := list(islice(source, _BATCH)):
            pairs = [
                (term, customer_id)
                for customer_id, ref, name, email, phone in batch
                for term in terms_of(ref=ref, name=name, email=email, phone=phone)
            ]
            pairs.sort()  # neighbours in the index are written together
            cursor.executemany(statement, pairs)
    finally:
        cursor.close()


@event.listens_for(Customer.name, "set", propagate=True)
def _follow_name(customer: Customer, name: str, _previous: Any, _initiator: attributes.AttributeEventToken) -> None:
    customer.sort_name = sort_key(name)


@event.listens_for(TrackedSession, "after_flush")
def _follow_changes(session: TrackedSession, _context: UOWTransaction) -> None:
    """Bring the terms of customers written through the ORM into step; those of deleted ones go with the customer."""
    connection = session.connection()
    created = [item for item in session.new if isinstance(item, Customer)]
    if created:
        index_new(session, ((item.id, item.ref, item.name, item.email, item.phone) for item in created))
    for item in session.dirty:
        if not isinstance(item, Customer):
            continue
        before, after = _terms_before(item), terms_of(ref=item.ref, name=item.name, email=item.email, phone=item.phone)
        if gone := before - after:
            connection.execute(
                delete(CustomerTerm).where(CustomerTerm.customer_id == item.id, CustomerTerm.term.in_(sorted(gone)))
            )
        if added := after - before:
            connection.execute(insert(CustomerTerm), [{"term": term, "customer_id": item.id} for term in sorted(added)])


def _terms_before(item: Customer) -> set[str]:
    values: dict[str, Any] = {}
    for field in _INDEXED:
        history = instance_state(item).attrs[field].history
        values[field] = history.deleted[0] if history.deleted else getattr(item, field)
    return terms_of(**values)
