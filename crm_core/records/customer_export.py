"""All customers that match a list, as the cells of a table to take away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.access import Actor, Permission
from crm_core.db.models import Customer, User
from crm_core.records.customer_list import SORTS, CustomerQuery, sources_of
from crm_core.records.find import having_term
from crm_core.records.record_export import MAX_EXPORTED
from crm_core.records.terms import parse

COLUMNS = (
    "ref", "kind", "name", "email", "phone", "address", "postcode", "city", "region", "country", "language", "source",
    "owner", "has_marketing_consent", "created_at",
)  # fmt: skip
"""The columns of the table, in their order."""
_BATCH = 5_000


def cells(*, session: Session, actor: Actor, query: CustomerQuery) -> Iterator[list[Any]]:
    """The customers that match, of every page, in the order of the list, at most MAX_EXPORTED: of each the COLUMNS.

    Raises:
        PermissionDenied: the role may not see customers, or not export them; when the first is asked for.
    """
    actor.require(Permission.CUSTOMERS_VIEW)
    actor.require(Permission.CUSTOMERS_EXPORT)
    conditions = [source.holds_for(Customer.id) for source in sources_of(query, actor.scope)]
    conditions += [Customer.id.in_(having_term(clause).ids) for clause in parse(query.text)]
    key = SORTS[query.sort]
    order = (key.desc(), Customer.id.desc()) if query.descending else (key.asc(), Customer.id.asc())
    wanted = None if query.ids is None else frozenset(query.ids)
    columns = [Customer.id, *(User.name if name == "owner" else getattr(Customer, name) for name in COLUMNS)]
    statement = select(*columns).join(User, User.id == Customer.owner_id, isouter=True).where(*conditions)
    found = session.execute(statement.order_by(*order).execution_options(yield_per=_BATCH))
    written = 0
    for customer_id, *row in found:
        if written == MAX_EXPORTED:
            return
        if wanted is None or customer_id in wanted:
            written += 1
            yield row
