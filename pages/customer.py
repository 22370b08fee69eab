"""One customer: lifetime figures, details in a form, orders, what is done for them, and history with undo."""

import streamlit as st

from crm_core.access import Permission
from crm_core.errors import NotFound
from crm_core.records import customers, orders
from crm_core.records.customers import UpdateResult
from dashboard import session, ui
from dashboard.i18n import _
from dashboard.ui import beside, customer_standing, done, record_page
from dashboard.ui import customer as parts
from dashboard.ui import customers as shared
from dashboard.ui.customer_churn import churn_risk
from dashboard.ui.customer_consent import consent_history
from dashboard.ui.customer_timeline import timeline_list
from dashboard.ui.customer_value import outlook
from dashboard.ui.record_history import history_list

workspace, actor = session.workspace(), session.actor()
customer_id = parts.wanted()
if customer_id is None:
    text = _("Open one from the list of customers.")
    record_page.nothing(ui.page("customer"), _("No customer chosen"), text, way="customers")
    st.stop()

try:
    with workspace.read() as database_session:
        customer = customers.get(session=database_session, actor=actor, customer_id=customer_id)
        lifetime = orders.lifetime(session=database_session, actor=actor, customer_id=customer_id)
except NotFound as error:
    record_page.missing(ui.page("customer"), error, way="customers")
    st.stop()

page = ui.page("customer", title=parts.plain(customer.name))
parts.subtitle(customer, lifetime)
customer_standing.draw(page, customer, lifetime)
parts.flash()
done.notice()
parts.figures(lifetime)

FORM = f"customer:{customer_id}"


def save(values: dict[str, object], version: int | None) -> UpdateResult:
    """Save what was touched, on top of what others changed meanwhile."""
    with workspace.write(actor, "form") as database_session:
        return customers.update(
            session=database_session,
            actor=actor,
            customer_id=customer_id,
            seen_version=version or customer.version,
            values=values,
        )


@st.fragment
def details() -> None:
    state = ui.opened(FORM, shared.values_of(customer), customer.version)
    saved = ui.record_form(FORM, shared.form_rows(), state, save, save_label=_("Save changes"))
    if saved is not None:
        parts.announce(saved)
        st.rerun()


names = {"details": _("Details"), "orders": _("Orders"), "timeline": _("Timeline")} | beside.tabs(
    page, is_organisation=customer.kind == "organisation"
)
names |= {"history": _("History")}
if page.may(Permission.SEGMENTS_VIEW):
    names["outlook"] = _("Outlook")
chosen, content = page.tab(names, of=customer_id)
with content:
    if chosen == "details":
        details()
        consent_history(customer_id)
    elif chosen == "orders":
        parts.order_table(page, customer_id)
    elif chosen == "timeline":
        timeline_list(page, customer_id)
    elif chosen == "history":
        fields = {item.name: item for row in shared.form_rows() for item in row}
        history_list("customers", customer_id, fields)
    elif chosen == "outlook":
        outlook(page, customer_id, has_bought=lifetime.orders > 0)
        churn_risk(page, customer_id)
    else:
        beside.of_customer(page, chosen, customer_id)
