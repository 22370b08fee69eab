"""Whose customers a statement may read: the one place that turns a scope into SQL."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select, true

from crm_core.access import Scope
from crm_core.db.models import Customer, Order


def customers_in(scope: Scope) -> ColumnElement[bool]:
    """The condition on customers that the scope sets."""
    return true() if scope.is_everything else Customer.owner_id == scope.owner_id


def orders_in(scope: Scope) -> ColumnElement[bool]:
    """The condition on orders that the scope sets: those of its customers, and guests' only for who sees everything."""
    if scope.is_everything:
        return true()
    return Order.customer_id.in_(select(Customer.id).where(Customer.owner_id == scope.owner_id))
