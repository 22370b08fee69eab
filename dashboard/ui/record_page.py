"""The page of one record of any kind: a new one's form, or the record with its form and its history."""

from __future__ import annotations

from typing import Any

import streamlit as st

from crm_core.errors import NotFound
from crm_core.records import record_service
from dashboard import session, ui
from dashboard.i18n import _, error_text
from dashboard.page_specs import BY_NAME
from dashboard.ui import done, record_history
from dashboard.ui.addressed import wanted
from dashboard.ui.conflict import shown
from dashboard.ui.page import Page
from dashboard.ui.plain import plain
from dashboard.ui.records_form import edit_form, field_of, label_of, new_form
from dashboard.ui.records_views import View

NEW = "new"
_PAGES = {"customers": "customer", "deals": "deal", "tickets": "ticket"}


def opened(view: View) -> tuple[Page, Any] | None:
    """The page and the record its address names; None where it says or does something else, and is drawn."""
    name = view.pages[1]
    if st.query_params.get("id") == NEW:
        _new(ui.page(name, title=_(view.new)), view)
        return None
    row_id = wanted(name)
    if row_id is None:
        nothing(ui.page(name), _("Nothing chosen"), _("Open one from the list."), way=view.pages[0])
        return None
    try:
        with session.workspace().read() as database_session:
            row = record_service.get(session=database_session, actor=session.actor(), kind=view.kind, row_id=row_id)
    except NotFound as error:
        missing(ui.page(name), error, way=view.pages[0])
        return None
    page = ui.page(name, title=plain(getattr(row, view.kind.title)))
    return page, row


def nothing(page: Page, title: str, text: str, *, way: str) -> None:
    """A page without a record, and the way to the list of them."""
    with ui.empty(title, text, icon=BY_NAME[way].icon):
        page.link(way, _("To the list"), icon=BY_NAME[way].icon)


def missing(page: Page, error: NotFound, *, way: str) -> None:
    """The page of an address whose record is not there, or not among this person's."""
    nothing(page, error_text(error), _("It may have been removed, or the link may be wrong."), way=way)


def plain_page(view: View) -> None:
    """A page with nothing but the record's form and its history."""
    found = opened(view)
    if found is None:
        return
    page, row = found
    _belonging(page, view, row)
    done.notice()
    tab, content = page.tab({"details": _("Details"), "history": _("History")}, of=row.id)
    with content:
        if tab == "history":
            history(view, row)
        else:
            details(view, row)


def _belonging(page: Page, view: View, row: Any) -> None:
    """The ways to the list, and to the customer, deal and ticket it belongs to."""
    with st.container(horizontal=True, vertical_alignment="center"):
        page.link(view.pages[0], _(BY_NAME[view.pages[0]].title), icon=view.icon)
        for name, spec in view.kind.specs.items():
            target = _PAGES.get(spec.target or "")
            row_id = getattr(row, name)
            if target is not None and row_id is not None:
                page.link(target, plain(label_of(str(spec.target), row_id)), icon=BY_NAME[target].icon, id=row_id)


def details(view: View, row: Any, *, shortcut: str | None = "Ctrl+Enter") -> None:
    """The form of the record; what it holds, for those who may not change it."""
    if not session.actor().may(view.kind.edit):
        _read(view, row)
        return

    @st.fragment
    def form() -> None:
        edit_form(view.kind, row, view.layout, shortcut=shortcut)

    form()


def _read(view: View, row: Any) -> None:
    for spec in view.kind.fields:
        said = plain(shown(getattr(row, spec.name), field_of(spec, getattr(row, spec.name))))
        st.markdown(_("{label}: {value}", label=_(spec.label), value=f"**{said}**"))


def history(view: View, row: Any) -> None:
    """What happened to the record; undoing goes by all that was done at once."""
    fields = {spec.name: field_of(spec, getattr(row, spec.name)) for spec in view.kind.fields}
    record_history.history_list(view.table, row.id, fields, by_set=True)


def given(view: View) -> dict[str, Any]:
    """What the address says a new record begins with: references, by their id."""
    found = {name: st.query_params.get(name, "") for name, spec in view.kind.specs.items() if spec.kind == "reference"}
    return {name: int(text) for name, text in found.items() if text.isdecimal()}


def _new(page: Page, view: View) -> None:
    session.actor().require(view.kind.edit)

    @st.fragment
    def form() -> None:
        added = new_form(view.kind, view.layout, given(view), save_label=_(view.added))
        if added is not None:
            page.go(view.pages[1], id=added)

    done.notice()
    form()
