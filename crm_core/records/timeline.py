"""All that happened with a customer in one order: purchases, tickets, deals, needs, activities, tasks, consent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm_core.access import Actor, Permission
from crm_core.db.models import Activity, ConsentEvent, Deal, Need, Order, Task, Ticket
from crm_core.records import customers

_Part = tuple[Permission, type[Any], InstrumentedAttribute[Any], Any]

_SAID = case((ConsentEvent.has_consent.is_(True), literal("yes")), (ConsentEvent.has_consent.is_(False), literal("no")))
_PARTS: Mapping[str, _Part] = {
    "orders": (Permission.ORDERS_VIEW, Order, Order.ordered_at, Order.number),
    "tickets": (Permission.TICKETS_VIEW, Ticket, Ticket.opened_at, Ticket.subject),
    "deals": (Permission.DEALS_VIEW, Deal, Deal.opened_at, Deal.name),
    "needs": (Permission.NEEDS_VIEW, Need, Need.created_at, Need.title),
    "activities": (Permission.ACTIVITIES_VIEW, Activity, Activity.at, Activity.subject),
    "tasks": (Permission.ACTIVITIES_VIEW, Task, Task.created_at, Task.title),
    "consent_events": (Permission.CUSTOMERS_VIEW, ConsentEvent, ConsentEvent.at, _SAID),
}  # fmt: skip
"""By table: what it takes to see it, when it happened, and what says which it was."""

TABLES = tuple(_PARTS)


@dataclass(frozen=True)
class Moment:
    """One thing that happened; `title` is an order's number, a record's title, yes, no or None of consent."""

    table: str
    row_id: int
    at: datetime
    title: str | None


@dataclass(frozen=True)
class TimelinePage:
    """A page of the timeline, the latest first."""

    moments: list[Moment]
    total: int
    pages: int


def timeline(
    *,
    session: Session,
    actor: Actor,
    customer_id: int,
    tables: Collection[str] = TABLES,
    page: int = 1,
    per_page: int = 20,
) -> TimelinePage:
    """A page of what happened with the customer, of the tables wanted that the actor may see; past the last, the last.

    Raises:
        PermissionDenied: the role may not see customers.
        NotFound: there is no such customer, or the actor may not see it.
        ValueError: a table that has no place here.
    """
    customers.get(session=session, actor=actor, customer_id=customer_id)
    if unknown := set(tables) - set(TABLES):
        raise ValueError(f"a timeline holds {', '.join(TABLES)}, not {', '.join(sorted(unknown))}")
    parts = [_part(name, customer_id) for name in TABLES if name in tables and actor.may(_PARTS[name][0])]
    if not parts:
        return TimelinePage([], 0, 1)
    rows = union_all(*parts).subquery()
    total = session.scalar(select(func.count()).select_from(rows)) or 0
    pages = max(1, -(-total // per_page))
    start = (min(max(page, 1), pages) - 1) * per_page
    statement = select(rows).order_by(rows.c.at.desc(), rows.c.kind, rows.c.id.desc()).limit(per_page).offset(start)
    return TimelinePage([Moment(*row) for row in session.execute(statement)], total, pages)


def _part(name: str, customer_id: int) -> Select[Any]:
    _permission, model, at, title = _PARTS[name]
    columns = (literal(name).label("kind"), model.id.label("id"), at.label("at"), title.label("title"))
    return select(*columns).where(model.customer_id == customer_id)
