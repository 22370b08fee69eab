"""The parts of an order's page: where it belongs, its lines as they stand, refunds, and what happened to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from crm_core.db.models import Order
from crm_core.records import order_history, orders, refunds
from crm_core.records.order_history import LineChange
from crm_core.records.order_lines import SPECS
from crm_core.records.refunds import Refundable
from dashboard import session
from dashboard.i18n import _, fmt
from dashboard.page_specs import BY_NAME
from dashboard.ui import done
from dashboard.ui.conflict import shown
from dashboard.ui.form_state import Field, FormState, keep_draft, opened
from dashboard.ui.page import Page
from dashboard.ui.plain import plain, shortened
from dashboard.ui.record_form import record_form
from dashboard.ui.records_form import field_of, label_of
from dashboard.ui.rows import KINDS

_LONGEST = 60


def subtitle(page: Page, order: Order) -> None:
    """When it was ordered and by whom, what it comes to, and the orders it refunds or is refunded by."""
    with session.workspace().read() as database_session:
        who: dict[str, Any] = {"session": database_session, "actor": session.actor()}
        found = orders.get(**who, order_id=order.id)
        back = refunds.refunds_of(**who, order_id=order.id)
        amounts = orders.billed(**who, order_ids=[one.id for one in back])
        whole = None if order.refund_of_id is None else orders.get(**who, order_id=order.refund_of_id)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(plain(f"{fmt().instant(order.ordered_at)} · {fmt().money(found.amount)}"), width="content")
        if order.customer_id is not None:
            page.link(
                "customer", plain(label_of("customers", order.customer_id)), icon=BY_NAME["customer"].icon,
                id=order.customer_id,
            )  # fmt: skip
        else:
            st.badge(_("Guest"), color="gray")
        if whole is not None:
            page.link("order", plain(_("Refund of {number}", number=whole.number)), icon=":material/undo:", id=whole.id)
        for one in back:
            said = _("Refunded {amount}: {number}", amount=fmt().money(-amounts[one.id]), number=one.number)
            page.link("order", plain(said), icon=":material/undo:", id=one.id)


def line_table(order: Order) -> None:
    """The lines as they stand, for those who may not change them."""
    with session.workspace().read() as database_session:
        found = orders.get(session=database_session, actor=session.actor(), order_id=order.id)
    frame = pd.DataFrame(
        {
            _("Product"): [line.name or line.product_code or "" for line in found.lines],
            _("Kind"): [_(KINDS.get(line.kind, line.kind)) for line in found.lines],
            _("Quantity"): [fmt().number(line.quantity) for line in found.lines],
            _("Unit price"): [fmt().money(line.unit_price) for line in found.lines],
            _("Discount"): [fmt().money(line.discount) for line in found.lines],
            _("Amount"): [fmt().money(line.amount - line.discount) for line in found.lines],
        }
    )
    right = {
        name: st.column_config.TextColumn(alignment="right")
        for name in (_("Quantity"), _("Unit price"), _("Discount"), _("Amount"))
    }
    st.dataframe(frame, hide_index=True, alt=_("Lines"), key=f"order.lines.{order.id}", column_config=right, lazy=False)


def refund_form(order: Order) -> None:
    """How many of each line come back, and what is given back for them; one draft and one save."""
    with session.workspace().read() as database_session:
        left = refunds.refundable(session=database_session, actor=session.actor(), order_id=order.id)
    if not left:
        st.caption(_("There is nothing left to refund."))
        return
    form = f"refund:{order.id}"

    def save(touched: dict[str, Any], _version: int | None) -> bool:
        actor = session.actor()
        with session.workspace().write(actor, "form") as database_session:
            made = refunds.refund(
                session=database_session, actor=actor, order_id=order.id, pieces=_typed(left, touched, "pieces"),
                amounts=_typed(left, touched, "amount"),
            )  # fmt: skip
            done.note(_("Refunded as {number}.", number=made.number), done.change_set_of(database_session))
        return True

    state = opened(form, {}, None)
    rows = [[_pieces(one), _money_back(one, state)] for one in left]
    st.caption(_("A refund is an order of its own, of today: it lowers net sales on the day it is given."))
    st.button(_("Everything"), key=f"{form}.all", icon=":material/select_all:", on_click=_all, args=(form, state, left))
    if record_form(form, rows, state, save, save_label=_("Refund"), shortcut=None):
        st.rerun()


def _typed(left: Sequence[Refundable], touched: dict[str, Any], name: str) -> dict[int, Any]:
    return {one.line.id: touched[key] for one in left if (key := f"{name}.{one.line.id}") in touched}


def _all(form: str, state: FormState, left: Sequence[Refundable]) -> None:
    """Every piece that is left comes back, for what is left of its price."""
    state.touched = {f"pieces.{one.line.id}": one.quantity for one in left}
    state.epoch += 1
    keep_draft(form, state)


def _pieces(one: Refundable) -> Field:
    line = one.line
    name = line.description or ("" if line.product_id is None else label_of("products", line.product_id))
    left = _("{n} of {count} left", n=fmt().number(one.quantity), count=fmt().number(line.quantity))
    return Field(f"pieces.{line.id}", plain(f"{shortened(name, _LONGEST)} · {left}"), "whole")


def _money_back(one: Refundable, state: FormState) -> Field:
    typed = state.value(f"pieces.{one.line.id}")
    pieces = typed if isinstance(typed, int) and 0 < typed <= one.quantity else one.quantity
    usual = fmt().money(one.price_of(pieces))
    return Field(f"amount.{one.line.id}", _("Given back"), "amount", placeholder=usual)


def history_lines(order: Order, change_set_ids: Sequence[int]) -> dict[int, list[str]]:
    """What was done to the lines, in words, by change set."""
    with session.workspace().read() as database_session:
        found = order_history.line_changes(
            session=database_session, actor=session.actor(), order_id=order.id, change_set_ids=change_set_ids
        )
    return {set_id: [_said(change) for change in changes] for set_id, changes in found.items()}


def _said(change: LineChange) -> str:
    fields = {name: field_of(spec) for name, spec in SPECS.items()}
    parts = []
    for name, before, after in change.fields:
        was, now = plain(shown(before, fields[name])), plain(shown(after, fields[name]))
        value = {"update": f"{was} → **{now}**", "insert": f"**{now}**", "delete": was}[change.op]
        parts.append(_("{label}: {value}", label=_(SPECS[name].label), value=value))
    heads = {
        "insert": _("Line {n} added", n=change.line_no),
        "update": _("Line {n}", n=change.line_no),
        "delete": _("Line {n} removed", n=change.line_no),
    }
    return f"{heads[change.op]} · " + " · ".join(parts)


def spans(page: Page) -> dict[str, tuple[datetime | None, datetime | None]]:
    """The days a list of orders is narrowed to, as instants of the workspace's time zone."""
    words = {
        "all": _("Any time"), "today": _("Today"), "7": _("Last 7 days"), "30": _("Last 30 days"),
        "365": _("Last 365 days"),
    }  # fmt: skip
    chosen = page.choice(
        "when", _("Ordered"), words, default="all", kind="select", width=170, label_visibility="collapsed"
    )
    if chosen == "all":
        return {}
    zone = ZoneInfo(session.workspace().timezone)
    today: date = datetime.now(zone).date()
    first = today - timedelta(days=0 if chosen == "today" else int(chosen) - 1)
    return {"ordered_at": (datetime.combine(first, time(), zone), None)}
