"""The parts of one customer's page: subtitle, lifetime figures, orders, history with undo."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from crm_core.access import Permission
from crm_core.errors import CrmError
from crm_core.records import history, orders, undo
from crm_core.records.history import HistoryEntry
from crm_core.translation import N_
from dashboard import session
from dashboard.i18n import _, fmt, ngettext
from dashboard.ui import customers
from dashboard.ui.conflict import shown
from dashboard.ui.drawing import empty
from dashboard.ui.plain import plain, plain_error

PER_PAGE = 20
CAUSES = {
    "form": N_("in the form"),
    "import": N_("by an import"),
    "undo": N_("by undoing a change"),
    "bulk_edit": N_("in a bulk edit"),
    "demo": N_("by the simulator"),
    "api": N_("through the API"),
}


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


def order_table(customer_id: int) -> None:
    """The customer's orders, newest first."""
    number = customers.page_number("customer.orders", customer_id)
    with session.workspace().read() as database_session:
        found = orders.for_customer(
            session=database_session, actor=session.actor(), customer_id=customer_id, page=number, per_page=PER_PAGE
        )
    if not found.rows:
        empty(
            _("No orders yet"),
            _("Orders of this customer appear here once they are imported."),
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
    columns = {
        "number": st.column_config.TextColumn(_("Order")),
        "at": st.column_config.TextColumn(_("Date")),
        "channel": st.column_config.TextColumn(_("Channel")),
        "lines": st.column_config.NumberColumn(_("Lines")),
        "amount": st.column_config.TextColumn(_("Amount"), alignment="right"),
    }
    st.dataframe(
        frame,
        hide_index=True,
        column_config=columns,
        key=f"orders.{number}",
        alt=_("Orders of this customer"),
        height="content",
    )
    customers.pager("customer.orders", found.pages)


def history_list(customer_id: int) -> None:
    """Every change of this customer, newest first, each with its undo."""
    number = customers.page_number("customer.history", customer_id)
    with session.workspace().read() as database_session:
        found = history.for_record(
            session=database_session, actor=session.actor(), table="customers", row_id=customer_id, page=number
        )
    names = {item.name: item for row in customers.form_rows() for item in row}
    for entry in found.entries:
        with st.container(border=True, gap="xsmall", key=f"change_{entry.change_set_id}_{entry.change_id or 0}"):
            _head(entry)
            for change in entry.fields:
                spec = names.get(change.field)
                label = spec.label if spec else change.field
                before, after = plain(shown(change.before, spec)), plain(shown(change.after, spec))
                line = f"{before} → **{after}**" if entry.op == "update" else f"**{after}**"
                st.markdown(_("{label}: {value}", label=label, value=line))
    customers.pager("customer.history", found.pages)


def _head(entry: HistoryEntry) -> None:
    verbs = {"insert": _("created"), "update": _("changed"), "delete": _("deleted")}
    cause = _(CAUSES.get(entry.cause, entry.cause))
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        what = _("{change} {how}", change=verbs[entry.op], how=cause)
        st.caption(f"{fmt().instant(entry.at)} · {plain(entry.actor_name)} · {what}")
        if entry.is_undone:
            st.badge(_("undone"), color="gray")
        elif entry.is_undoable and entry.change_id is not None:
            st.button(
                _("Undo"),
                key=f"undo_{entry.change_id}",
                icon=":material/undo:",
                type="tertiary",
                on_click=_undo,
                args=(entry,),
            )


def _undo(entry: HistoryEntry) -> None:
    assert entry.change_id is not None
    try:
        with session.workspace().write(session.actor(), "undo", cause_id=entry.change_set_id) as database_session:
            result = undo.undo_change(session=database_session, actor=session.actor(), change_id=entry.change_id)
    except CrmError as error:
        st.toast(plain_error(error), icon=":material/error:")
        return
    if result.conflicts:
        n = len(result.conflicts)
        st.toast(
            ngettext("{n} field was changed since and is kept.", "{n} fields were changed since and are kept.", n),
            icon=":material/info:",
        )
    else:
        st.toast(_("The change was undone."), icon=":material/undo:")


def may_edit() -> bool:
    """Whether this person may change customers."""
    return session.actor().may(Permission.CUSTOMERS_EDIT)
