"""Orders as a kind of record: what they hold beside their lines, and how they are found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, or_, select, union_all

from crm_core.access import Actor, Permission
from crm_core.db.base import now
from crm_core.db.history import TrackedSession
from crm_core.db.models import Customer, Order
from crm_core.errors import FieldError, Invalid
from crm_core.records.contact_fields import clean as clean_contact
from crm_core.records.field_specs import Spec, instant, line, reference
from crm_core.records.find import having_term
from crm_core.records.record_kind import Given, RecordKind
from crm_core.records.scope import orders_in
from crm_core.records.terms import parse
from crm_core.translation import N_

_HIGHEST = "\U0010ffff"
_MAX_TEXT = 64


def _found(text: str) -> Given:
    """Orders whose number begins so, as typed or in capitals, and those of the customers found by these words."""
    start = text[:_MAX_TEXT]
    beginnings = {start, start.upper()}
    numbered = or_(*((Order.number >= one) & (Order.number < one + _HIGHEST) for one in sorted(beginnings)))
    of_number = select(Order.id.label("id")).where(numbered)
    words = [having_term(clause) for clause in parse(text)]
    if not words:
        return Given(numbered, numbered, (of_number,))
    parts = []
    for word in words:
        named = word.ids.subquery()
        of_word = select(Order.id.label("id")).join(named, named.c.id == Order.customer_id)
        parts.append(select(union_all(of_number, of_word).subquery().c.id.label("id")))
    return Given(
        holds=or_(numbered, and_(*(word.holds_for(Order.customer_id) for word in words))),
        among=or_(Order.id.in_(of_number), and_(*(Order.customer_id.in_(word.ids) for word in words))),
        parts=tuple(parts),
    )


def _prepare(session: TrackedSession, actor: Actor, order: Order) -> None:  # noqa: ARG001
    """What is not said of a new order is as its customer's: the country and the region."""
    order.ordered_at = order.ordered_at or now()
    if order.customer_id is not None and order.country is None and order.region is None:
        with session.no_autoflush:
            customer = session.get(Customer, order.customer_id)
        if customer is not None:
            order.country, order.region = customer.country, customer.region


def _follow(session: TrackedSession, actor: Actor, order: Order, before: Mapping[str, Any]) -> None:  # noqa: ARG001
    if order.number is None:
        raise Invalid({"number": FieldError("An order needs a number; imports know it by that.")})


ORDERS = RecordKind(
    model=Order,
    one=N_("Order"),
    title="number",
    view=Permission.ORDERS_VIEW,
    edit=Permission.ORDERS_EDIT,
    fields=(
        line("number", N_("Number"), 64),
        reference("customer_id", N_("Customer"), "customers"),
        instant("ordered_at", N_("Ordered")),
        line("channel", N_("Channel"), 64),
        Spec("country", N_("Country"), "text", lambda value: clean_contact("country", value, {})),
        line("region", N_("Region"), 100),
    ),
    filters=("channel", "country", "customer_id"),
    sorts={"-ordered": ("-ordered_at", "-id"), "ordered": ("ordered_at", "id")},
    searched=(),
    in_scope=orders_in,
    number_prefix="O",
    unique=frozenset({"number"}),
    find=_found,
    prepare=_prepare,
    follow=_follow,
    followed=frozenset({"number"}),
)
