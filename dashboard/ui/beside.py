"""The records of another one, on its page: those that belong to it, and one more added in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from crm_core.records import record_list
from crm_core.records.record_list import RecordQuery
from dashboard import session
from dashboard.i18n import _
from dashboard.page_specs import BY_NAME
from dashboard.ui import customers, records_list, tasks
from dashboard.ui.page import Page
from dashboard.ui.records_form import new_form
from dashboard.ui.records_list import Step
from dashboard.ui.records_views import VIEWS, View

PER_PAGE = 10
OF_CUSTOMER = ("contacts", "tickets", "deals", "needs", "tasks", "activities")


def tabs(page: Page, *, is_organisation: bool) -> dict[str, str]:
    """What the tabs of a customer's records are called, by table, those one may see; people have no contacts."""
    return {
        table: _(BY_NAME[VIEWS[table].pages[0]].title)
        for table in OF_CUSTOMER
        if page.may(VIEWS[table].kind.view) and (table != "contacts" or is_organisation)
    }


def of_customer(page: Page, table: str, customer_id: int) -> None:
    """The customer's records of one kind; a new activity is a call unless it is said otherwise."""
    given = {"customer_id": customer_id} | ({"kind": "call"} if table == "activities" else {})
    step = tasks.step(_("Done")) if table == "tasks" else None
    records(page, VIEWS[table], by="customer_id", given=given, step=step)


def records(page: Page, view: View, *, by: str, given: Mapping[str, Any], step: Step | None = None) -> None:
    """The records whose field `by` is that of `given`, and a form for a new one that begins with `given`."""
    name = f"{page.name}.{view.table}"
    if page.may(view.kind.edit):
        _add(view, name, {key: value for key, value in given.items() if value is not None})
    number = customers.page_number(name, given[by])
    query = RecordQuery(filters={by: given[by]}, page=number, per_page=PER_PAGE)
    with session.workspace().read() as database_session:
        found = record_list.page(session=database_session, actor=session.actor(), kind=view.kind, query=query)
    if not found.rows:
        st.caption(_(view.nothing[0]))
        return
    columns = {attribute: label for attribute, label in view.columns.items() if attribute != by}
    records_list.table(name, replace(view, columns=columns), found, is_ticked=False, step=step)
    customers.pager(name, found.pages)


def _add(view: View, name: str, given: Mapping[str, Any]) -> None:
    box = st.expander(_(view.new), icon=":material/add:", key=f"{name}.add", on_change="rerun")
    if not box.open:
        return

    @st.fragment
    def form() -> None:
        if new_form(view.kind, view.layout, given, save_label=_(view.added)) is not None:
            st.rerun()

    with box:
        form()
