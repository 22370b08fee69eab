"""What customers want most: the needs of the same title together, by who asks and what they bring."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.access import Actor, Permission
from crm_core.db.models import Need
from crm_core.records.orders import net_sales_by_customer
from crm_core.records.scope import needs_in

Order = Literal["customers", "value", "sales"]
MAX_READ = 50_000


@dataclass(frozen=True)
class RankedNeed:
    """Needs of one title, upper and lower case and blanks aside.

    Attributes:
        title: as most of them write it.
        count: how many there are.
        customers: how many different customers ask.
        value: what it would be worth a year, as far as it was said.
        sales: what those customers have bought so far, net; None where the role may not see orders.
    """

    title: str
    count: int
    customers: int
    value: Decimal
    sales: Decimal | None


@dataclass
class _Group:
    titles: Counter[str] = field(default_factory=Counter)
    customers: set[int] = field(default_factory=set)
    value: Decimal = Decimal(0)


def ranked(
    *, session: Session, actor: Actor, statuses: Collection[str], order: Order = "customers", limit: int = 50
) -> list[RankedNeed]:
    """The needs with these statuses that most customers ask for, or that are worth most, first.

    Raises:
        PermissionDenied: the role may not see needs.
    """
    actor.require(Permission.NEEDS_VIEW)
    statement = select(Need.title, Need.customer_id, Need.value).where(
        Need.status.in_(list(statuses)), needs_in(actor.scope)
    )
    groups: dict[str, _Group] = defaultdict(_Group)
    for title, customer_id, value in session.execute(statement.order_by(Need.id.desc()).limit(MAX_READ)):
        group = groups[" ".join(title.casefold().split())]
        group.titles[title] += 1
        group.value += value or Decimal(0)
        if customer_id is not None:
            group.customers.add(customer_id)
    asking = {customer_id for group in groups.values() for customer_id in group.customers}
    sales = (
        net_sales_by_customer(session=session, actor=actor, customer_ids=asking)
        if actor.may(Permission.ORDERS_VIEW)
        else None
    )
    found = [_ranked(group, sales) for group in groups.values()]
    keys = {
        "customers": lambda need: (need.customers, need.count, need.value),
        "value": lambda need: (need.value, need.customers, need.count),
        "sales": lambda need: (need.sales or Decimal(0), need.customers, need.count),
    }
    found.sort(key=lambda need: need.title)
    found.sort(key=keys[order], reverse=True)
    return found[:limit]


def _ranked(group: _Group, sales: dict[int, Decimal] | None) -> RankedNeed:
    brought = None if sales is None else sum((sales.get(key, Decimal(0)) for key in group.customers), Decimal(0))
    title = group.titles.most_common(1)[0][0]
    return RankedNeed(title, group.titles.total(), len(group.customers), group.value, brought)
