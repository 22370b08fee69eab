"""Orders typed in or changed in a form: the order and its lines as one change set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from crm_core.access import Actor
from crm_core.db.history import TrackedSession, touch
from crm_core.db.models import Order, OrderLine
from crm_core.errors import Conflict, FieldError, Invalid
from crm_core.records import record_service
from crm_core.records.order_kind import ORDERS
from crm_core.records.order_lines import apart, lines_of, save_lines
from crm_core.records.record_service import Saved


def lines(*, session: Session, actor: Actor, order_id: int) -> list[OrderLine]:
    """The lines of an order by their number.

    Raises:
        PermissionDenied: the role may not see orders.
        NotFound: there is no such order, or the actor may not see it.
    """
    record_service.get(session=session, actor=actor, kind=ORDERS, row_id=order_id)
    return lines_of(session, order_id)


def create(*, session: TrackedSession, actor: Actor, values: Mapping[str, Any]) -> Order:
    """Store a new order with its lines; `values` has fields of the order, and of lines as `order_lines` names them.

    Raises:
        PermissionDenied: the role may not change orders.
        Invalid: values that cannot be saved, by field; an order without a line is none.
    """
    own, edits = apart(values)
    if not any(not edit.is_removed for edit in edits):
        actor.require(ORDERS.edit)
        raise Invalid({"lines": FieldError("Add at least one line.")})
    order: Order = record_service.create(session=session, actor=actor, kind=ORDERS, values=own)
    save_lines(session, order, edits)
    return order


def update(
    *, session: TrackedSession, actor: Actor, order_id: int, seen_version: int, values: Mapping[str, Any]
) -> Saved:
    """Change an order and its lines, read at `seen_version`; what others changed meanwhile and this one did not stays.

    Raises:
        PermissionDenied: the role may not change orders.
        NotFound: there is no such order, or the actor may not see it.
        Invalid: values that cannot be saved, by field.
        Conflict: others gave the same fields of the order or of a line other values since; nothing is saved.
    """
    own, edits = apart(values)
    order = record_service.locked(session, actor, ORDERS, order_id)
    version = order.version
    clashes: list[Conflict] = []
    errors: dict[str, FieldError] = {}
    saved, is_changed = Saved(order), False
    try:
        saved = record_service.update(
            session=session, actor=actor, kind=ORDERS, row_id=order_id, seen_version=seen_version, values=own
        )
    except Invalid as invalid:
        errors |= invalid.fields
    except Conflict as conflict:
        clashes.append(conflict)
    try:
        is_changed = save_lines(session, order, edits)
    except Invalid as invalid:
        errors |= invalid.fields
    except Conflict as conflict:
        clashes.append(conflict)
    if errors:
        raise Invalid(errors)
    if clashes:
        fields = [one for conflict in clashes for one in conflict.fields]
        who = next((conflict.changed_by for conflict in clashes if conflict.changed_by), None)
        raise Conflict(fields, current_version=version, changed_by=who)
    if is_changed and order.version == version:
        touch(session, order)
    return saved
