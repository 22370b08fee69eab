"""Customers: find one as you type, filter, sort, open."""

import streamlit as st

from crm_core.access import Permission
from crm_core.records import customer_list
from crm_core.records.customer_list import CustomerQuery
from dashboard import session, ui
from dashboard.i18n import _
from dashboard.ui import by_hand, done, segment_filter
from dashboard.ui import customers as parts
from dashboard.ui.list_views import ListViews

page = ui.page("customers")
actor = session.actor()
done.notice()
views = ListViews(page, "customers", parts.CHOICES)
views.begin()

with st.container(horizontal=True, vertical_alignment="center"):
    text = page.search("q", _("Search"), _("Name, e-mail, phone or reference"))
    with st.popover(_("Filters"), icon=":material/tune:", key="customers_filters"):
        filters = parts.filters(page)
        segment_id = segment_filter.choice(page)
    sort = page.choice(
        "sort", _("Sort by"), parts.sorts(), default="name", kind="select", label_visibility="collapsed", width=190
    )
    place = st.container(width="content")
    if page.may(Permission.CUSTOMERS_EDIT):
        add = st.button(_("New customer"), key="customers_new", icon=":material/person_add:", type="primary")
        if add:
            page.go("new_customer")

columns = views.menu(place, parts.titles())
among = segment_filter.narrowed(page, segment_id)
number = parts.page_number("customers", (text, filters, segment_id, sort))
query = CustomerQuery(
    text=text,
    sort=sort.removeprefix("-"),
    descending=sort.startswith("-"),
    page=number,
    per_page=parts.PER_PAGE,
    ids=None if among.customers is None else tuple(among.customers.ids().tolist()),
    **filters,
)
with session.workspace().read() as database_session:
    found = customer_list.page(session=database_session, actor=actor, query=query)

if found.rows:
    st.caption(parts.count(found.total, found.is_total_exact, filters, among.words))
    by_hand.remember(
        found.rows,
        parts.table(found.rows, key=by_hand.table_key(found.rows), ticked=by_hand.ticked(found.rows), columns=columns),
    )
    parts.pager("customers", found.pages)
    by_hand.chosen()
    parts.download(query)
elif text or segment_id is not None or any(value is not None for value in filters.values()):
    ui.empty(
        _("Nobody found"),
        _("No customer matches. Try fewer letters, or clear the filters."),
        icon=":material/search_off:",
    )
else:
    ui.empty(
        _("No customers yet"),
        _("Add one with “New customer”, or import orders on the Data page; their buyers appear here."),
    )
