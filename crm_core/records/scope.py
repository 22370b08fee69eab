"""Whose records a statement may read: the one place that turns a scope into SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm_core.access import Scope
from crm_core.db.base import Tracked
from crm_core.db.models import (
    Activity,
    ConsentEvent,
    Contact,
    Customer,
    Deal,
    DealMove,
    Need,
    Order,
    OrderLine,
    SavedView,
    Task,
    Ticket,
    TicketEvent,
)

InScope: TypeAlias = Callable[[Scope], ColumnElement[bool]]


def customers_in(scope: Scope) -> ColumnElement[bool]:
    """The condition on customers that the scope sets."""
    return true() if scope.is_everything else Customer.owner_id == scope.owner_id


def _of_own_customers(customer_id: InstrumentedAttribute[Any], owner_id: Any = None) -> InScope:
    """A condition on records that belong to a customer: those of one's own customers, and those one owns oneself."""

    def in_scope(scope: Scope) -> ColumnElement[bool]:
        if scope.is_everything:
            return true()
        mine = customer_id.in_(select(Customer.id).where(Customer.owner_id == scope.owner_id))
        return mine if owner_id is None else mine | (owner_id == scope.owner_id)

    return in_scope


def _of_parent(parent_id: InstrumentedAttribute[Any], model: type[Tracked], in_scope: InScope) -> InScope:
    """A condition on the parts of records: those whose whole is in scope."""
    return lambda scope: true() if scope.is_everything else parent_id.in_(select(model.id).where(in_scope(scope)))


orders_in = _of_own_customers(Order.customer_id)
"""Orders of the scope's customers, and guests' only for who sees everything."""
tickets_in = _of_own_customers(Ticket.customer_id, Ticket.assignee_id)
deals_in = _of_own_customers(Deal.customer_id, Deal.owner_id)
needs_in = _of_own_customers(Need.customer_id, Need.owner_id)
activities_in = _of_own_customers(Activity.customer_id, Activity.owner_id)
tasks_in = _of_own_customers(Task.customer_id, Task.owner_id)
contacts_in = _of_own_customers(Contact.customer_id)


def views_in(scope: Scope) -> ColumnElement[bool]:
    """The condition on views of lists: one's own, and those that are shared."""
    return true() if scope.is_everything else SavedView.is_shared | (SavedView.owner_id == scope.owner_id)


SCOPES: Mapping[type[Tracked], InScope] = {
    Customer: customers_in,
    Order: orders_in,
    OrderLine: _of_parent(OrderLine.order_id, Order, orders_in),
    Ticket: tickets_in,
    TicketEvent: _of_parent(TicketEvent.ticket_id, Ticket, tickets_in),
    Deal: deals_in,
    DealMove: _of_parent(DealMove.deal_id, Deal, deals_in),
    Need: needs_in,
    Activity: activities_in,
    Task: tasks_in,
    Contact: contacts_in,
    ConsentEvent: _of_own_customers(ConsentEvent.customer_id),
    SavedView: views_in,
}
"""The conditions by model; records of other models are everyone's."""

PARTS: Mapping[type[Tracked], tuple[str, type[Tracked]]] = {
    OrderLine: ("order_id", Order),
    TicketEvent: ("ticket_id", Ticket),
    DealMove: ("deal_id", Deal),
}
"""Models whose rows are parts of another record and share its scope: the attribute that names it, and its model."""


def is_theirs(session: Session, model: type[Tracked], value: Callable[[str, None], Any], scope: Scope) -> bool:
    """Whether a record with these values is in scope: owned by them, of their customer, or part of such a record."""
    if scope.is_everything:
        return True
    if model is Customer:
        return bool(value("owner_id", None) == scope.owner_id)
    if (part := PARTS.get(model)) is not None:
        parent_key, parent = part
        statement = select(parent.id).where(parent.id == value(parent_key, None), SCOPES[parent](scope))
        return session.scalar(statement) is not None
    if model not in SCOPES:
        return False
    if scope.owner_id in (value("owner_id", None), value("assignee_id", None)):
        return True
    customer_id = value("customer_id", None)
    owner = select(Customer.owner_id).where(Customer.id == customer_id)
    return customer_id is not None and session.scalar(owner) == scope.owner_id
