"""One order: its lines in a form, what of it was refunded, and what happened to it."""

import streamlit as st

from crm_core.records import order_forms
from crm_core.records.order_kind import ORDERS
from dashboard import session, ui
from dashboard.i18n import _
from dashboard.ui import done, order_form, order_page, record_history, record_page
from dashboard.ui.records_form import field_of
from dashboard.ui.records_views import VIEWS

view = VIEWS["orders"]


@st.fragment
def new() -> None:
    added = order_form.new_form(record_page.given(view))
    if added is not None:
        page.go("order", id=added)


@st.fragment
def details() -> None:
    order_form.edit_form(order, lines)


@st.fragment
def refund() -> None:
    order_page.refund_form(order)


if st.query_params.get("id") == record_page.NEW:
    page = ui.page("order", title=_(view.new))
    session.actor().require(ORDERS.edit)
    done.notice()
    new()
    st.stop()
opened = record_page.opened(view)
if opened is None:
    st.stop()
page, order = opened
with session.workspace().read() as database_session:
    lines = order_forms.lines(session=database_session, actor=session.actor(), order_id=order.id)
order_page.subtitle(page, order)
done.notice()
may_edit = page.may(ORDERS.edit)
names = {"details": _("Details"), "refund": _("Refund"), "history": _("History")}
if not may_edit or order.refund_of_id is not None:
    del names["refund"]
chosen, content = page.tab(names, of=order.id)
with content:
    if chosen == "refund":
        refund()
    elif chosen == "history":
        fields = {spec.name: field_of(spec, getattr(order, spec.name)) for spec in ORDERS.fields}
        record_history.history_list(
            "orders", order.id, fields, by_set=True, parts=lambda sets: order_page.history_lines(order, sets)
        )
    elif may_edit:
        details()
    else:
        record_page.details(view, order)
        order_page.line_table(order)
