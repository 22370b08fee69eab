"""New customer: a form that warns of likely duplicates while one types."""

import streamlit as st

from crm_core.records import customers, duplicates
from dashboard import session, ui
from dashboard.i18n import _
from dashboard.ui import customers as parts

FORM = "customer:new"
page = ui.page("new_customer")
workspace, actor = session.workspace(), session.actor()


def save(values: dict[str, object], _version: int | None) -> int:
    """Create the customer; the new one's id."""
    with workspace.write(actor, "form") as database_session:
        return customers.create(session=database_session, actor=actor, values=values).id


def likely(values: dict[str, object]) -> None:
    """Warn of customers who may be the one being typed."""
    with workspace.read() as database_session:
        alike = duplicates.likely(session=database_session, actor=actor, values=values) if values else []
    parts.duplicate_warnings(alike)


@st.fragment
def form() -> None:
    state = ui.opened(FORM, {"kind": "person"}, None)
    added = ui.record_form(
        FORM, parts.form_rows(), state, save, save_label=_("Add customer"), aside=lambda: likely(state.touched)
    )
    if added is not None:
        st.session_state["flash"] = _("The customer was added.")
        page.go("customer", id=added)


form()
