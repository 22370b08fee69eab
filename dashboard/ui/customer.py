"""The parts of one customer's page: subtitle, lifetime figures, orders."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from crm_core.access import Permission
from crm_core.records import orders
from dashboard import session
from dashboard.i18n import _, fmt
from dashboard.ui import customers, records_list
from dashboard.ui.drawing import empty
from dashboard.ui.opening import opening_column
from dashboard.ui.page import Page
from dashboard.ui.plain import plain
from dashboard.ui.records_views import VIEWS

PER_PAGE = 20


def wanted() -> int | None:
    """The customer the address names; the last one opened where it names none."""
    given = st.query_params.get("id")
    if given is None and "customer.id" in st.session_state:
        given = str(st.session_state["customer.id"])
        st.query_params["id"] = given
    if given is None or not given.isdigit():
        return None
    st.session_state["customer.id"] = int(given)
    return int(given)


def subtitle(customer: Any, lifetime: orders.Lifetime) -> None:
    """Reference, kind, place, since when and until when, in one quiet line."""
    place = ", ".join(part for part in (customer.city, customers.country(customer.country)) if part)
    since = _("customer since {day}", day=fmt().on(customer.created_at))
    last = _("last order {day}", day=fmt().on(lifetime.last_ordered_at)) if lifetime.last_ordered_at else ""
    parts = [customer.ref, customers.kinds().get(customer.kind, customer.kind), place, since, last]
    st.caption(plain(" · ".join(part for part in parts if part)))


def flash() -> None:
    """What just happened, once, with the way back."""
    message = st.session_state.pop("flash", None)
    if message:
        st.toast(message, icon=":material/check_circle:")


def announce(result: Any) -> None:
    """Say that the form was saved, and what someone else had changed meanwhile."""
    text = _("Saved.")
    if result.merged:
        names = {item.name: item.label for row in customers.form_rows() for item in row}
        fields = ", ".join(names.get(name, name) for name in result.merged)
        text = _("Saved. Someone else had changed {fields} meanwhile; both are kept.", fields=fields)
    st.session_state["flash"] = text


def figures(lifetime: orders.Lifetime) -> None:
    """What the customer bought so far."""
    money = fmt().money
    with st.grid(4, min_column_width=150, gap="small", key="lifetime"):
        st.metric(_("Orders"), fmt().number(lifetime.orders), border=True)
        st.metric(_("Net sales"), money(lifetime.net_sales), border=True)
        st.metric(_("Average order"), money(lifetime.aov), border=True)
        st.metric(_("Refunds"), money(lifetime.refunds), border=True)


def order_table(page: Page, customer_id: int) -> None:
    """The customer's orders, newest first; clicking a number opens the order."""
    records_list.new_button(page, VIEWS["orders"], customer_id=customer_id)
    number = customers.page_number("customer.orders", customer_id)
    with session.workspace().read() as database_session:
        found = orders.for_customer(
            session=database_session, actor=session.actor(), customer_id=customer_id, page=number, per_page=PER_PAGE
        )
    if not found.rows:
        empty(
            _("No orders yet"),
            _("Orders of this customer appear here once they are added or imported."),
            icon=":material/receipt_long:",
        )
        return
    frame = pd.DataFrame(
        {
            "number": [row.number for row in found.rows],
            "at": [fmt().instant(row.ordered_at) for row in found.rows],
            "channel": [row.channel or "" for row in found.rows],
            "lines": [row.count_lines for row in found.rows],
            "amount": [fmt().money(row.amount) for row in found.rows],
        }
    )
    key = f"customer.orders.{customer_id}.{number}"
    columns: dict[str, Any] = {
        "number": opening_column(
            _("Order"), key=key, page="order", ids=[row.id for row in found.rows], is_pinned=False
        ),
        "at": st.column_config.TextColumn(_("Date")),
        "channel": st.column_config.TextColumn(_("Channel")),
        "lines": st.column_config.NumberColumn(_("Lines")),
        "amount": st.column_config.TextColumn(_("Amount"), alignment="right"),
    }
    st.dataframe(
        frame,
        hide_index=True,
        column_config=columns,
        key=key,
        lazy=False,
        alt=_("Orders of this customer"),
        height="content",
    )
    customers.pager("customer.orders", found.pages)


def may_edit() -> bool:
    """Whether this person may change customers."""
    return session.actor().may(Permission.CUSTOMERS_EDIT)
