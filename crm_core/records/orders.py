"""Orders of a customer, what they come to over a lifetime, and one order with its lines; read only.

Money is counted as the metrics count it (analytics.sales): a sale line has kind 'sale' and quantity and amount above 0;
net sales are sales less refunds less the discounts of sale lines.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session

from crm_core.access import Actor, Permission
from crm_core.db.models import LineKind, Order, OrderLine, Product
from crm_core.db.types import Money
from crm_core.errors import NotFound
from crm_core.records import customers
from crm_core.records.scope import orders_in

_IDS_AT_ONCE = 5_000
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class OrderRow:
    """One order in a list; `amount` is what was billed: all its lines, postage and refunds too, less discounts."""

    id: int
    number: str
    ordered_at: datetime
    channel: str | None
    count_lines: int
    amount: Decimal


@dataclass(frozen=True)
class OrderPage:
    """One page of orders, newest first."""

    rows: list[OrderRow]
    total: int
    pages: int


@dataclass(frozen=True)
class Lifetime:
    """What a customer bought so far. `orders` are those with a sale line; `aov` is None before the first."""

    orders: int
    gross_sales: Decimal
    refunds: Decimal
    discounts: Decimal
    net_sales: Decimal
    first_ordered_at: datetime | None
    last_ordered_at: datetime | None
    aov: Decimal | None


@dataclass(frozen=True)
class LineRow:
    """One line of an order."""

    line_no: int
    kind: str
    product_id: int | None
    product_code: str | None
    name: str | None
    quantity: int
    unit_price: Decimal
    amount: Decimal
    discount: Decimal


@dataclass(frozen=True)
class OrderDetails:
    """One order with its lines."""

    id: int
    number: str
    ordered_at: datetime
    customer_id: int | None
    country: str | None
    channel: str | None
    amount: Decimal
    lines: list[LineRow]


def is_sale() -> ColumnElement[bool]:
    """Whether an order line is a sale."""
    return and_(OrderLine.kind == LineKind.SALE.value, OrderLine.quantity > 0, OrderLine.amount > 0)


def for_customer(*, session: Session, actor: Actor, customer_id: int, page: int = 1, per_page: int = 20) -> OrderPage:
    """A page of the customer's orders, newest first; past the last page, the last.

    Raises:
        PermissionDenied: the role may not see customers or orders.
        NotFound: there is no such customer, or the actor may not see it.
    """
    _require_customer(session, actor, customer_id)
    total = session.scalar(select(func.count()).select_from(Order).where(Order.customer_id == customer_id)) or 0
    pages = max(1, -(-total // per_page))
    shown = min(max(page, 1), pages) - 1
    some = (
        select(Order.id)
        .where(Order.customer_id == customer_id)
        .order_by(Order.ordered_at.desc(), Order.id.desc())
        .offset(shown * per_page)
        .limit(per_page)
        .subquery()
    )
    statement = (
        select(Order.id, Order.number, Order.ordered_at, Order.channel, func.count(OrderLine.id), _billed())
        .join(some, some.c.id == Order.id)
        .join(OrderLine, OrderLine.order_id == Order.id, isouter=True)
        .group_by(Order.id, Order.number, Order.ordered_at, Order.channel)
        .order_by(Order.ordered_at.desc(), Order.id.desc())
    )
    rows = [OrderRow(*row[:5], row[5] or Decimal(0)) for row in session.execute(statement)]
    return OrderPage(rows, total, pages)


def lifetime(*, session: Session, actor: Actor, customer_id: int) -> Lifetime:
    """What the customer bought since the first order, in the workspace's currency.

    Raises:
        PermissionDenied: the role may not see customers or orders.
        NotFound: there is no such customer, or the actor may not see it.
    """
    _require_customer(session, actor, customer_id)
    sale = is_sale()
    row = session.execute(
        select(
            func.count(case((sale, Order.id)).distinct()),
            _sum_where(sale, OrderLine.amount),
            _sum_where(OrderLine.kind == LineKind.REFUND.value, OrderLine.amount),
            _sum_where(sale, OrderLine.discount),
            func.min(case((sale, Order.ordered_at))),
            func.max(case((sale, Order.ordered_at))),
        )
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(Order.customer_id == customer_id)
    ).one()
    count, gross, refunds, discounts = row[0], row[1] or Decimal(0), -(row[2] or Decimal(0)), row[3] or Decimal(0)
    return Lifetime(
        orders=count,
        gross_sales=gross,
        refunds=refunds,
        discounts=discounts,
        net_sales=gross - refunds - discounts,
        first_ordered_at=row[4],
        last_ordered_at=row[5],
        aov=(gross / count).quantize(_CENT) if count else None,
    )


def net_sales_by_customer(*, session: Session, actor: Actor, customer_ids: Collection[int]) -> dict[int, Decimal]:
    """What each of the customers bought since the first order, net, as `lifetime` counts it; who bought nothing is out.

    Raises:
        PermissionDenied: the role may not see orders.
    """
    actor.require(Permission.ORDERS_VIEW)
    counted = case(
        (is_sale(), OrderLine.amount - OrderLine.discount),
        (OrderLine.kind == LineKind.REFUND.value, OrderLine.amount),
    )
    found: dict[int, Decimal] = {}
    ids = sorted(customer_ids)
    for start in range(0, len(ids), _IDS_AT_ONCE):
        statement = (
            select(Order.customer_id, func.sum(counted, type_=Money()))
            .join(OrderLine, OrderLine.order_id == Order.id)
            .where(Order.customer_id.in_(ids[start : start + _IDS_AT_ONCE]), orders_in(actor.scope))
            .group_by(Order.customer_id)
        )
        found |= {row[0]: row[1] or Decimal(0) for row in session.execute(statement)}
    return found


def get(*, session: Session, actor: Actor, order_id: int) -> OrderDetails:
    """One order with its lines.

    Raises:
        PermissionDenied: the role may not see orders.
        NotFound: there is no such order, or the actor may not see it.
    """
    actor.require(Permission.ORDERS_VIEW)
    order = session.scalars(select(Order).where(Order.id == order_id, orders_in(actor.scope))).one_or_none()
    if order is None:
        raise NotFound("There is no order {id}, or it is not of one of your customers.", id=order_id)
    found = session.execute(
        select(OrderLine, Product.code, Product.name)
        .join(Product, Product.id == OrderLine.product_id, isouter=True)
        .where(OrderLine.order_id == order_id)
        .order_by(OrderLine.line_no)
    )
    lines = [
        LineRow(
            line_no=line.line_no,
            kind=line.kind,
            product_id=line.product_id,
            product_code=code,
            name=line.description or name,
            quantity=line.quantity,
            unit_price=line.unit_price,
            amount=line.amount,
            discount=line.discount,
        )
        for line, code, name in found
    ]
    return OrderDetails(
        id=order.id,
        number=order.number,
        ordered_at=order.ordered_at,
        customer_id=order.customer_id,
        country=order.country,
        channel=order.channel,
        amount=sum((line.amount - line.discount for line in lines), Decimal(0)),
        lines=lines,
    )


def billed(*, session: Session, actor: Actor, order_ids: Sequence[int]) -> dict[int, Decimal]:
    """What each of the orders comes to, all its lines less discounts, within what the actor may see.

    Raises:
        PermissionDenied: the role may not see orders.
    """
    actor.require(Permission.ORDERS_VIEW)
    statement = (
        select(Order.id, _billed())
        .join(OrderLine, OrderLine.order_id == Order.id, isouter=True)
        .where(Order.id.in_(order_ids), orders_in(actor.scope))
        .group_by(Order.id)
    )
    return {order_id: amount or Decimal(0) for order_id, amount in session.execute(statement)}


def _require_customer(session: Session, actor: Actor, customer_id: int) -> None:
    actor.require(Permission.ORDERS_VIEW)
    customers.get(session=session, actor=actor, customer_id=customer_id)


def _billed() -> ColumnElement[Decimal]:
    return func.sum(OrderLine.amount - OrderLine.discount, type_=Money())


def _sum_where(condition: ColumnElement[bool], amount: Any) -> ColumnElement[Decimal]:
    return func.sum(case((condition, amount)), type_=Money())
