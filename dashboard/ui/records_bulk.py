"""What can be done with many records at once: give a field a value in all of them, take them away as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from crm_core.access import Permission
from crm_core.errors import CrmError, Invalid
from crm_core.records import record_list
from crm_core.records.bulk_edit import bulk_edit
from crm_core.records.record_export import cells
from crm_core.records.record_list import RecordPage, RecordQuery
from crm_core.translation import translate_fields
from dashboard import session
from dashboard.i18n import _, ngettext, texts
from dashboard.ui import done
from dashboard.ui.downloads import downloads
from dashboard.ui.form_fields import draw as draw_field
from dashboard.ui.form_state import FormState
from dashboard.ui.page import Page
from dashboard.ui.plain import plain_error, unlinked
from dashboard.ui.records_form import choices, field_of
from dashboard.ui.records_views import View

_KINDS = frozenset({"choice", "reference", "text", "day", "yes_no", "money", "share", "whole"})


def actions(page: Page, view: View, query: RecordQuery, *, total: RecordPage, ticked: Sequence[int]) -> None:
    """Below the list: bulk edit and CSV, for those who may."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if page.may(view.kind.edit) and page.may(Permission.RECORDS_BULK_EDIT):
            box = st.popover(_("Change many"), icon=":material/edit_note:", key=f"{page.name}_bulk", on_change="rerun")
            if box.open:  # what it says before the change is an exact count, which reads all that match
                with box:
                    _bulk(page, view, query, total, ticked)
        if page.may(view.kind.export):
            _download(page, view, query)


def _bulk(page: Page, view: View, query: RecordQuery, found: RecordPage, ticked: Sequence[int]) -> None:
    kind = view.kind
    whom = {"ticked": _("Those ticked ({n})", n=len(ticked)), "all": _("All that match ({n})", n=_number(found))}
    chosen = st.segmented_control(
        _("Which"), list(whom), format_func=whom.__getitem__, default="ticked" if ticked else "all", required=True,
        key=f"{page.name}.bulk.which.{bool(ticked)}", wrap=True,
    )  # fmt: skip
    names = [spec.name for spec in kind.fields if spec.kind in _KINDS and spec.name not in {kind.title, *kind.unique}]
    name = st.selectbox(
        _("Field"), names, format_func=lambda code: _(kind.specs[code].label), key=f"{page.name}.bulk.field"
    )
    form = f"{page.name}.bulk.{name}"
    state = st.session_state.setdefault(form, FormState({}, None, has_draft=False))
    draw_field(form, state, replace(field_of(kind.specs[name]), is_required=False))
    if chosen == "ticked" and not ticked:
        st.caption(_("Tick rows in the list first."))
        return
    asked = replace(query, ids=tuple(ticked)) if chosen == "ticked" else query
    with session.workspace().read() as database_session:
        n = record_list.count(session=database_session, actor=session.actor(), kind=kind, query=asked)
    st.button(
        _("Change {records}", records=view.count(n)),
        key=f"{page.name}.bulk.save",
        type="primary",
        icon=":material/check:",
        on_click=_save,
        args=(page, view, asked, name, form),
    )


def _number(found: RecordPage) -> str:
    return f"{found.total:,}" if found.is_total_exact else f"> {found.total:,}"


def _save(page: Page, view: View, query: RecordQuery, name: str, form: str) -> None:
    state: FormState = st.session_state[form]
    actor = session.actor()
    try:
        with session.workspace().write(actor, "bulk_edit") as database_session:
            result = bulk_edit(
                session=database_session, actor=actor, kind=view.kind, query=query, values={name: state.value(name)}
            )
    except Invalid as error:
        state.errors = dict(error.fields)
        if name not in error.fields:
            said = " ".join(translate_fields(error, texts()).values())
            st.toast(unlinked(said), icon=":material/error:")
        return
    except CrmError as error:
        st.toast(plain_error(error), icon=":material/error:")
        return
    del st.session_state[form]
    st.session_state[f"{page.name}.epoch"] = st.session_state.get(f"{page.name}.epoch", 0) + 1
    said = ngettext("{n} record was changed.", "{n} records were changed.", result.changed)
    done.note(said, result.change_set_id)


def _download(page: Page, view: View, query: RecordQuery) -> None:
    workspace, actor = session.workspace(), session.actor()
    titles = {spec.name: _(spec.label) for spec in view.kind.fields}
    titles |= {name: _(label) for name, label in view.columns.items() if label}
    computed = {name: compute for name, (compute, _write) in view.computed.items()}
    codes: dict[str, dict[Any, str]] = {}
    for spec in view.kind.fields:
        if spec.choices:
            codes[spec.name] = {code: _(label) for code, label in spec.choices.items()}
        elif spec.kind == "choice":
            codes[spec.name] = choices(str(spec.target))

    def make() -> pd.DataFrame:
        with workspace.read() as database_session:
            rows = cells(
                session=database_session, actor=actor, kind=view.kind, query=query, names=list(titles), codes=codes,
                computed=computed,
            )  # fmt: skip
        return pd.DataFrame(rows, columns=list(titles.values()))

    downloads(make, file_name=view.table, key=f"{page.name}.csv", permission=view.kind.export)
