"""Refunds of orders: an order of its own that takes back lines of another, all of them or a part.

A refund counts on the day it is given, which is its order's; each of its lines has the number of the line it takes
back, so what may still be refunded is what was sold less what these lines add up to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_core.access import Actor
from crm_core.db.base import now
from crm_core.db.history import TrackedSession
from crm_core.db.models import LineKind, Order, OrderLine
from crm_core.db.types import MONEY_SCALE
from crm_core.errors import FieldError, Invalid
from crm_core.records import record_service
from crm_core.records.contact_fields import Refused
from crm_core.records.field_specs import money, whole
from crm_core.records.order_kind import ORDERS
from crm_core.records.order_lines import lines_of, refunded
from crm_core.records.scope import orders_in

_CENT = Decimal("0.01")
_MAX_STEM = 56


@dataclass(frozen=True)
class Refundable:
    """What of a line may still be refunded: pieces, and what they cost after the discount."""

    line: OrderLine
    quantity: int
    amount: Decimal

    def price_of(self, quantity: int) -> Decimal:
        """What so many pieces cost: a share to the cent, and for all that are left, all that is left."""
        if quantity >= self.quantity:
            return self.amount
        share = self.amount * quantity / self.quantity
        return min(share.quantize(_CENT, ROUND_HALF_EVEN), self.amount)


def refundable(*, session: Session, actor: Actor, order_id: int) -> list[Refundable]:
    """The sale lines of the order of which something may still be refunded, by number.

    Raises:
        PermissionDenied: the role may not see orders.
        NotFound: there is no such order, or the actor may not see it.
    """
    order = record_service.get(session=session, actor=actor, kind=ORDERS, row_id=order_id)
    return _left(session, order)


def refunds_of(*, session: Session, actor: Actor, order_id: int) -> list[Order]:
    """The orders that refund lines of this one, the oldest first; raises as `refundable`."""
    record_service.get(session=session, actor=actor, kind=ORDERS, row_id=order_id)
    statement = select(Order).where(Order.refund_of_id == order_id, orders_in(actor.scope))
    return list(session.scalars(statement.order_by(Order.ordered_at, Order.id)))


def refund(
    *,
    session: TrackedSession,
    actor: Actor,
    order_id: int,
    pieces: Mapping[int, Any],
    amounts: Mapping[int, Any] | None = None,
    at: datetime | None = None,
) -> Order:
    """Refund so many pieces of lines (by id); `amounts` says what is given back where it is not what they cost.

    The order that is refunded is locked, so that of two who refund it at once none gives back what is gone already.

    Raises:
        PermissionDenied: the role may not change orders.
        NotFound: there is no such order, or the actor may not see it.
        Invalid: more than was sold and not yet refunded, or nothing at all; by `pieces.<id>` and `amount.<id>`.
    """
    order: Order = record_service.locked(session, actor, ORDERS, order_id)
    left = {one.line.id: one for one in _left(session, order)}
    wanted = _checked(left, {line_id: count for line_id, count in pieces.items() if count}, amounts or {})
    if not wanted:
        raise Invalid({f"pieces.{next(iter(left), 0)}": FieldError("Say of which line how many come back.")})
    made = Order(
        number=_next_number(session, order), ordered_at=at or now(), customer_id=order.customer_id,
        country=order.country, region=order.region, channel=order.channel, refund_of_id=order.id,
    )  # fmt: skip
    session.add(made)
    session.flush()
    for line_id, (quantity, amount) in wanted.items():
        session.add(_line(made, left[line_id], quantity, amount))
    session.flush()
    return made


def _left(session: Session, order: Order) -> list[Refundable]:
    if order.refund_of_id is not None:
        return []
    back = refunded(session, order.id)
    found = []
    for one in lines_of(session, order.id):
        if one.kind == LineKind.SALE and one.quantity > 0:
            pieces, money_back = back.get(one.line_no, (0, Decimal(0)))
            if one.quantity > pieces:
                paid = max(one.amount - one.discount - money_back, Decimal(0))
                found.append(Refundable(one, one.quantity - pieces, paid))
    return found


def _checked(
    left: Mapping[int, Refundable], pieces: Mapping[int, Any], amounts: Mapping[int, Any]
) -> dict[int, tuple[int, Decimal]]:
    """The pieces and the money to give back, by line."""
    checked: dict[int, tuple[int, Decimal]] = {}
    errors: dict[str, FieldError] = {}
    for line_id, typed in pieces.items():
        one = left.get(line_id)
        if one is None:
            errors[f"pieces.{line_id}"] = FieldError("There is nothing of this line left to refund.")
            continue
        try:
            quantity = whole("pieces", "", 1, one.quantity).clean(typed)
        except Refused as refused:
            errors[f"pieces.{line_id}"] = refused.error
            continue
        try:
            given = money("amount", "").clean(amounts.get(line_id))
        except Refused as refused:
            errors[f"amount.{line_id}"] = refused.error
            continue
        amount = one.price_of(quantity) if given is None else given
        if amount > one.amount:
            most = {"amount": f"{one.amount.normalize():f}"}
            errors[f"amount.{line_id}"] = FieldError("At most {amount} was paid and not yet given back.", most)
        checked[line_id] = (quantity, amount)
    if errors:
        raise Invalid(errors)
    return checked


def _line(made: Order, left: Refundable, quantity: int, amount: Decimal) -> OrderLine:
    """The total is kept as it is given back; the unit price is what it comes to a piece, as for imported totals."""
    price = (amount / quantity).quantize(Decimal(1).scaleb(-MONEY_SCALE), ROUND_HALF_EVEN)
    return OrderLine(
        order_id=made.id, line_no=left.line.line_no, product_id=left.line.product_id,
        description=left.line.description, kind=LineKind.REFUND.value, quantity=-quantity, unit_price=price,
        amount=-amount, discount=Decimal(0),
    )  # fmt: skip


def _next_number(session: Session, order: Order) -> str:
    stem = f"{order.number[:_MAX_STEM]}-R"
    count = session.scalar(select(func.count()).select_from(Order).where(Order.refund_of_id == order.id)) or 0
    while True:
        count += 1
        if session.scalar(select(Order.id).where(Order.number == f"{stem}{count}")) is None:
            return f"{stem}{count}"
