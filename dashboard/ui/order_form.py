"""The form of an order: what it holds itself, and its lines below, in one draft and one save."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

import streamlit as st

from crm_core.db.models import Order, OrderLine
from crm_core.records import order_forms, record_service
from crm_core.records.order_kind import ORDERS
from crm_core.records.order_lines import REMOVED, SPECS, name_of, parsed
from crm_core.records.products import PRODUCTS
from crm_core.translation import translate_field
from dashboard import session
from dashboard.i18n import _, fmt, language, texts
from dashboard.ui import customers, done
from dashboard.ui.form_fields import draw
from dashboard.ui.form_state import Field, FormState, keep_draft, opened
from dashboard.ui.plain import plain, unlinked
from dashboard.ui.record_form import record_form
from dashboard.ui.records_form import field_of, label_of, rows_of, started, values_of

LAYOUT = (("customer_id",), ("number", "ordered_at"), ("channel", "country", "region"))
PER_PAGE = 20
_WIDTHS = (5, 1.6, 2, 2, 2, 0.9)
_DRAWN = ("quantity", "unit_price", "discount")


def edit_form(order: Order, lines: Sequence[OrderLine]) -> None:
    """The form of an order; a save is announced with its undo, and the page drawn anew."""
    form = f"orders:{order.id}"
    original = values_of(ORDERS, order)
    for one in lines:
        original |= {name_of(one.id, one.version, name): started(SPECS[name], getattr(one, name)) for name in SPECS}

    def save(touched: dict[str, Any], version: int | None) -> bool:
        actor = session.actor()
        with session.workspace().write(actor, "form") as database_session:
            saved = order_forms.update(
                session=database_session, actor=actor, order_id=order.id, seen_version=version or order.version,
                values=touched,
            )  # fmt: skip
            done.note(_saved(saved.merged), done.change_set_of(database_session))
        return True

    state = opened(form, original, order.version)
    _align(state)
    numbers = {one.id: one.line_no for one in lines}
    if _draw(form, state, save, numbers, save_label=_("Save changes")):
        st.rerun()


def new_form(given: Mapping[str, Any]) -> int | None:
    """The form of a new order that begins with `given`; the id of the one just added, once."""
    form = "orders:new" + "".join(f":{name}={value}" for name, value in sorted(given.items()))
    values = dict.fromkeys(ORDERS.specs) | dict(given) | {name_of("new1", 0, "quantity"): 1}

    def save(touched: dict[str, Any], _version: int | None) -> int:
        actor = session.actor()
        filled = {name: value for name, value in (values | touched).items() if value is not None}
        with session.workspace().write(actor, "form") as database_session:
            made = order_forms.create(session=database_session, actor=actor, values=filled)
            done.note(_("Added."), done.change_set_of(database_session))
            return int(made.id)

    state = opened(form, values, None)
    added = _draw(form, state, save, {}, save_label=_("Add order"))
    return None if added is None else int(added)


def _draw(form: str, state: FormState, save: Any, numbers: Mapping[int, int], *, save_label: str) -> Any:
    is_new = state.original.get("number") is None
    rows = [
        [_country(item) if item.name == "country" else _hinted(item) if is_new else item for item in row]
        for row in rows_of(ORDERS, LAYOUT, state.original | state.touched)
    ]
    parts = {
        name_of(key, version, name): _part(name_of(key, version, name), name)
        for key, version in _keys(state).items()
        for name in SPECS
    }
    if state.conflict is not None:
        parts |= {one.field: _clashing(one.field, numbers) for one in state.conflict.fields if parsed(one.field)}

    def below() -> None:
        _lines(form, state, parts)

    return record_form(form, rows, state, save, save_label=save_label, parts=parts, below=below)


def _lines(form: str, state: FormState, parts: Mapping[str, Field]) -> None:
    """The lines, some at a time where there are many, and a button for one more."""
    st.markdown(f"**{_('Lines')}**")
    keys = list(_keys(state).items())
    pages = max(1, -(-len(keys) // PER_PAGE))
    number = min(customers.page_number(f"{form}.lines"), pages)
    for key, version in keys[(number - 1) * PER_PAGE : number * PER_PAGE]:
        _line(form, state, key, version, parts)
    customers.pager(f"{form}.lines", pages)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.button(_("Add a line"), key=f"{form}.lines.add", icon=":material/add:", on_click=_add, args=(form, state))
        total = sum((_amount(state, key, version) or Decimal(0) for key, version in keys), Decimal(0))
        st.markdown(_("Total {amount}", amount=f"**{fmt().money(total)}**"), width="content")
    _problem(state, "lines")


def _line(form: str, state: FormState, key: str, version: int, parts: Mapping[str, Field]) -> None:
    def named(name: str) -> str:
        return name_of(key, version, name)

    with st.container(border=True, key=f"{form}.line.{key}"):
        if state.value(named(REMOVED)):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(_("{line} is removed when you save.", line=_title(state, named)), width="stretch")
                st.button(
                    _("Keep it"), key=f"{form}.{key}.keep", icon=":material/undo:", on_click=_keep,
                    args=(form, state, named(REMOVED)),
                )  # fmt: skip
            _problem(state, named(REMOVED))
            return
        columns = st.columns(_WIDTHS, vertical_alignment="bottom")
        with columns[0]:
            draw(form, state, parts[named("product_id")])
            if state.value(named("product_id")) is None or state.value(named("description")):
                draw(form, state, parts[named("description")])
        for column, name in zip(columns[1:4], _DRAWN, strict=True):
            with column:
                item = parts[named(name)]
                usual = _usual(state, key, version) if name == "unit_price" else None
                draw(form, state, replace(item, placeholder=usual))
        amount = _amount(state, key, version)
        said = "–" if amount is None else fmt().money(amount)
        columns[4].markdown(f":small[:gray[{_('Amount')}]]  \n**{said}**")
        columns[5].button(
            "", key=f"{form}.{key}.remove", icon=":material/delete:", type="tertiary", help=_("Remove the line"),
            on_click=_remove, args=(form, state, key, version),
        )  # fmt: skip


def _problem(state: FormState, name: str) -> None:
    if name in state.errors:
        said = unlinked(translate_field(state.errors[name], texts()))
        st.markdown(f":small[:red[:material/error: {said}]]")


def _part(name: str, field_name: str) -> Field:
    return replace(field_of(SPECS[field_name]), name=name)


def _clashing(name: str, numbers: Mapping[int, int]) -> Field:
    """A field of a line where two people changed it; its label says of which line."""
    key, _version, field_name = parsed(name) or ("0", 0, REMOVED)
    number = numbers.get(int(key), 0)
    if field_name == REMOVED:
        return Field(name, _("Remove line {n}", n=number), "yes_no")
    item = field_of(SPECS[field_name])
    return replace(item, name=name, label=_("Line {n}: {field}", n=number, field=item.label))


def _keys(state: FormState) -> dict[str, int]:
    """The lines the form shows, those that are there in their order and then the new ones, with the version read."""
    found: dict[str, int] = {}
    for name in (*state.original, *state.touched):
        parts = parsed(name)
        if parts is not None:
            found[parts[0]] = parts[1]
    gone = [key for key in found if not key.isdecimal() and state.value(name_of(key, 0, REMOVED))]
    return {key: version for key, version in found.items() if key not in gone}


def _align(state: FormState) -> None:
    """A draft knows lines by the version it was typed on: give it the values of those that were changed since."""
    there = {parts[0]: parts[1] for name in state.original if (parts := parsed(name)) is not None}
    for key, version in {(parts[0], parts[1]) for name in state.touched if (parts := parsed(name)) is not None}:
        if key in there and there[key] != version:
            for name in SPECS:
                known = name_of(key, there[key], name)
                state.original.setdefault(name_of(key, version, name), state.original.pop(known, None))


def _amount(state: FormState, key: str, version: int) -> Decimal | None:
    """What the line comes to after its discount; None while that cannot be said."""
    if state.value(name_of(key, version, REMOVED)):
        return None
    typed = {name: state.value(name_of(key, version, name)) for name in _DRAWN}
    if typed["unit_price"] is None:
        typed["unit_price"] = _price(state, key, version)
    try:
        quantity, price, discount = (Decimal(str(typed[name] or 0)) for name in _DRAWN)
    except InvalidOperation:
        return None
    return quantity * price - discount


def _price(state: FormState, key: str, version: int) -> Decimal | None:
    """What the product of a new line costs: its price, where none is typed."""
    product_id = state.value(name_of(key, version, "product_id"))
    if key.isdecimal() or product_id is None:
        return None
    with session.workspace().read() as database_session:
        product = record_service.get(session=database_session, actor=session.actor(), kind=PRODUCTS, row_id=product_id)
    price: Decimal | None = product.unit_price
    return price


def _usual(state: FormState, key: str, version: int) -> str | None:
    price = _price(state, key, version)
    return None if price is None else fmt().money(price)


def _title(state: FormState, named: Any) -> str:
    product = state.value(named("product_id"))
    by_product = label_of("products", product) if product is not None else _("The line")
    text = state.value(named("description")) or by_product
    return f"**{plain(str(text))}**"


def _new(name: str) -> tuple[str, int, str] | None:
    parts = parsed(name)
    return None if parts is None or parts[0].isdecimal() else parts


def _add(form: str, state: FormState) -> None:
    numbers = [int(parts[0][3:]) for name in (*state.original, *state.touched) if (parts := _new(name)) is not None]
    state.touched[name_of(f"new{max(numbers, default=0) + 1}", 0, "quantity")] = 1
    state.errors.pop("lines", None)
    keep_draft(form, state)


def _remove(form: str, state: FormState, key: str, version: int) -> None:
    if not key.isdecimal():
        for name in [name for name in state.touched if (parts := parsed(name)) is not None and parts[0] == key]:
            del state.touched[name]
    if key.isdecimal() or name_of(key, version, "quantity") in state.original:
        state.touched[name_of(key, version, REMOVED)] = True
    keep_draft(form, state)


def _keep(form: str, state: FormState, name: str) -> None:
    state.touched.pop(name, None)
    state.errors.pop(name, None)
    keep_draft(form, state)


def _country(item: Field) -> Field:
    return Field(item.name, item.label, "select", customers.country_names(language()), said=customers.country)


def _hinted(item: Field) -> Field:
    """What a new order gets where nothing is said."""
    hints = {"number": _("Given when you save"), "region": _("As the customer's")}
    helps = {"ordered_at": _("Empty: now, when you save")}
    return replace(item, placeholder=hints.get(item.name), help=helps.get(item.name))


def _saved(merged: Sequence[str]) -> str:
    if not merged:
        return _("Saved.")
    fields = ", ".join(_(ORDERS.specs[name].label) for name in merged)
    return _("Saved. Someone else had changed {fields} meanwhile; both are kept.", fields=fields)
