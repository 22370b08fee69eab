"""The lines of an order in a form: each field under a name of its own, checked, and merged with what others changed.

A field of a line is called `line.<id>.<version>.<field>`, the version being that of the line as it was read; of a new
line `line.new<number>.0.<field>`. So an edit says what it was made on, in a draft too, and two people who change two
lines of one order, or two fields of one line, both succeed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_core.db.history import TrackedSession
from crm_core.db.models import LineKind, Order, OrderLine, Product
from crm_core.errors import Conflict, FieldConflict, FieldError, Invalid
from crm_core.records.contact_fields import Refused
from crm_core.records.edits import fitted_edit
from crm_core.records.field_specs import Spec, line, money, reference, whole
from crm_core.translation import N_

MAX_QUANTITY = 1_000_000
MAX_AMOUNT = Decimal(10) ** 12
REMOVED = "is_removed"
SPECS: Mapping[str, Spec] = {
    spec.name: spec
    for spec in (
        reference("product_id", N_("Product"), "products"),
        line("description", N_("Description"), 300),
        whole("quantity", N_("Quantity"), -MAX_QUANTITY, MAX_QUANTITY),
        money("unit_price", N_("Unit price")),
        money("discount", N_("Discount")),
    )
}
"""The fields of a line that people change; its kind and its amount follow."""

_NAME = re.compile(r"line\.(\w+)\.(\d+)\.(\w+)")


@dataclass
class LineEdit:
    """What one form says of one line: `key` is its id, or new1, new2, …; `seen` the version the edit was made on."""

    key: str
    seen: int = 0
    values: dict[str, Any] = field(default_factory=dict)
    is_removed: bool = False

    @property
    def line_id(self) -> int | None:
        return int(self.key) if self.key.isdecimal() else None


def name_of(key: Any, version: int, field_name: str) -> str:
    """What a field of a line is called in a form."""
    return f"line.{key}.{version}.{field_name}"


def parsed(name: str) -> tuple[str, int, str] | None:
    """The key of the line, its version and the field a name means; None for fields of the order itself."""
    match = _NAME.fullmatch(name)
    return None if match is None else (match[1], int(match[2]), match[3])


def apart(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[LineEdit]]:
    """The values of the order itself, and those of its lines, new ones last.

    Where a conflict was settled, what was chosen has a later version than what was typed before, and counts.
    """
    own: dict[str, Any] = {}
    found: dict[str, LineEdit] = {}
    for name, value in sorted(values.items(), key=lambda item: (parsed(item[0]) or ("", 0, ""))[1]):
        parts = parsed(name)
        if parts is None:
            own[name] = value
            continue
        key, version, field_name = parts
        edit = found.setdefault(key, LineEdit(key))
        edit.seen = max(edit.seen, version)
        if field_name == REMOVED:
            edit.is_removed = bool(value)
        else:
            edit.values[field_name] = value
    order = sorted(found.values(), key=lambda edit: (edit.line_id is None, edit.line_id or int(edit.key[3:] or 0)))
    return own, order


def lines_of(session: Session, order_id: int, *, for_update: bool = False) -> list[OrderLine]:
    """The lines of an order by number; locked until the commit where they may be changed."""
    statement = select(OrderLine).where(OrderLine.order_id == order_id).order_by(OrderLine.line_no)
    if for_update:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return list(session.scalars(statement))


def refunded(session: Session, order_id: int) -> dict[int, tuple[int, Decimal]]:
    """By number of a line, how many pieces and how much of it orders of refunds have given back."""
    statement = (
        select(OrderLine.line_no, OrderLine.quantity, OrderLine.amount)
        .join(Order, Order.id == OrderLine.order_id)
        .where(Order.refund_of_id == order_id, OrderLine.kind == LineKind.REFUND.value)
    )
    found: dict[int, tuple[int, Decimal]] = {}
    for line_no, quantity, amount in session.execute(statement):
        pieces, money_back = found.get(line_no, (0, Decimal(0)))
        found[line_no] = (pieces - quantity, money_back - amount)
    return found


def save_lines(session: TrackedSession, order: Order, edits: Iterable[LineEdit]) -> bool:
    """Apply the edits to the lines of a locked order, all or none; whether anything changed.

    Raises:
        Invalid: values that cannot be saved, by name of the field in the form.
        Conflict: others gave the same fields of a line other values since; fields are named on its present version.
    """
    there = {one.id: one for one in lines_of(session, order.id, for_update=True)}
    back = refunded(session, order.id)
    number = max([one.line_no for one in there.values()] + [_highest_number(session, order.refund_of_id)])
    errors: dict[str, FieldError] = {}
    clashes: list[FieldConflict] = []
    who: str | None = None
    is_changed = False
    for edit in edits:
        try:
            if edit.line_id is None and edit.is_removed:
                continue
            if edit.line_id is None:
                number += 1
                _add(session, order, edit, number)
                is_changed = True
            else:
                is_changed |= _change(session, there.get(edit.line_id), edit, back)
        except Invalid as invalid:
            errors |= {name_of(edit.key, edit.seen, name): error for name, error in invalid.fields.items()}
        except Conflict as conflict:
            clashes, who = [*clashes, *conflict.fields], conflict.changed_by
    if errors:
        raise Invalid(errors)
    if clashes:
        raise Conflict(clashes, current_version=order.version, changed_by=who)
    session.flush()
    return is_changed


def _highest_number(session: Session, order_id: int | None) -> int:
    """Of a refund, the last number of the order it takes back: a line added to it takes back none of those."""
    if order_id is None:
        return 0
    return session.scalar(select(func.max(OrderLine.line_no)).where(OrderLine.order_id == order_id)) or 0


def _add(session: TrackedSession, order: Order, edit: LineEdit, number: int) -> None:
    values = dict.fromkeys(SPECS) | _cleaned(session, edit.values)
    product = None if values["product_id"] is None else session.get(Product, values["product_id"])
    if product is None and values["description"] is None:
        raise Invalid({"product_id": FieldError("Choose a product, or describe what this line is for.")})
    if values["unit_price"] is None:
        values["unit_price"] = None if product is None else product.unit_price
    is_adjustment = product is None or product.is_adjustment
    kind = LineKind.ADJUSTMENT if is_adjustment else LineKind.REFUND if order.refund_of_id else LineKind.SALE
    made = OrderLine(order_id=order.id, line_no=number, kind=kind.value)
    _set(made, values | {"discount": values["discount"] or Decimal(0)}, is_counted=True)
    session.add(made)


def _change(
    session: TrackedSession, found: OrderLine | None, edit: LineEdit, back: Mapping[int, tuple[int, Decimal]]
) -> bool:
    if found is None:
        if edit.is_removed:
            return False  # somebody was first
        gone = FieldError("This line was removed by somebody else meanwhile; leave it out, or add it anew.")
        raise Invalid(dict.fromkeys(edit.values, gone))
    pieces = back.get(found.line_no, (0, Decimal(0)))[0]
    if edit.is_removed:
        if found.version != edit.seen:
            _ask_again(found)
        if pieces:
            raise Invalid({REMOVED: FieldError("A part of this line was refunded, so it stays.")})
        session.delete(found)
        return True
    try:
        fitted = fitted_edit(
            session, found, fields=tuple(SPECS), seen_version=edit.seen, values=edit.values,
            clean=lambda touched, _seen: _cleaned(session, touched),
        )  # fmt: skip
    except Conflict as conflict:
        named = [
            FieldConflict(name_of(found.id, found.version, one.field), one.original, one.theirs, one.yours)
            for one in conflict.fields
        ]
        raise Conflict(named, current_version=found.version, changed_by=conflict.changed_by) from conflict
    changed = {name: value for name, value in fitted.apply.items() if getattr(found, name) != value}
    if changed:
        _set(found, changed, is_counted=bool(changed.keys() & {"quantity", "unit_price"}))
    if pieces > found.quantity >= 0:
        raise Invalid({"quantity": FieldError("{n} of this line were refunded already.", {"n": pieces})})
    return bool(changed)


def _ask_again(found: OrderLine) -> None:
    name = name_of(found.id, found.version, REMOVED)
    raise Conflict([FieldConflict(name, original=False, theirs=False, yours=True)], current_version=found.version)


def _cleaned(session: Session, values: Mapping[str, Any]) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    errors: dict[str, FieldError] = {}
    for name, value in values.items():
        try:
            cleaned[name] = SPECS[name].clean(value)
        except Refused as refused:
            errors[name] = refused.error
    product_id = cleaned.get("product_id")
    if product_id is not None and session.get(Product, product_id) is None:
        errors["product_id"] = FieldError("There is no number {id} to choose here", {"id": product_id})
    if errors:
        raise Invalid(errors)
    return cleaned


def _set(one: OrderLine, values: Mapping[str, Any], *, is_counted: bool) -> None:
    """Set cleaned values; the amount is quantity × unit price from then on where `is_counted`."""
    for name, value in values.items():
        setattr(one, name, value)
    one.discount = one.discount or Decimal(0)
    if one.quantity is None or (one.quantity == 0 and "quantity" in values):
        raise Invalid({"quantity": FieldError("Say how many.")})
    if one.unit_price is None:
        raise Invalid({"unit_price": FieldError("Say at what price.")})
    if is_counted:
        one.amount = one.quantity * one.unit_price
    if abs(one.amount) > MAX_AMOUNT:
        raise Invalid({"quantity": FieldError("This comes to more than an order can hold.")})
    if (one.kind == LineKind.REFUND and one.quantity > 0) or (one.kind == LineKind.SALE and one.quantity < 0):
        of_refund = FieldError("A line of a refund counts what came back: a number below 0.")
        wanted = of_refund if one.kind == LineKind.REFUND else FieldError("Use Refund for what comes back.")
        raise Invalid({"quantity": wanted})
    if one.kind == LineKind.SALE and one.discount > one.amount:
        raise Invalid({"discount": FieldError("The discount is more than the line comes to.")})
