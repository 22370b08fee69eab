"""What happened to a record, newest first, each change with its undo."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from crm_core.access import SYSTEM
from crm_core.errors import CrmError
from crm_core.records import history, undo
from crm_core.records.history import HistoryEntry
from crm_core.translation import N_
from dashboard import session
from dashboard.i18n import _, fmt, ngettext
from dashboard.ui import customers, done
from dashboard.ui.conflict import shown
from dashboard.ui.form_state import Field
from dashboard.ui.plain import plain, plain_error

CAUSES = {
    "form": N_("in the form"),
    "import": N_("by an import"),
    "undo": N_("by undoing a change"),
    "bulk_edit": N_("in a bulk edit"),
    "demo": N_("by the simulator"),
    "api": N_("through the API"),
}


def history_list(
    table: str,
    row_id: int,
    fields: Mapping[str, Field],
    *,
    by_set: bool = False,
    parts: Callable[[Sequence[int]], Mapping[int, Sequence[str]]] | None = None,
) -> None:
    """Every change of the record, with what each was before and after.

    `fields` says how the fields read; the others are the database's own and are not shown. `by_set` undoes all that
    was done at once, where a change has written more than the record itself; `parts` says of change sets what they
    did to the parts of the record.
    """
    name = f"{table}.history"
    number = customers.page_number(name, row_id)
    with session.workspace().read() as database_session:
        found = history.for_record(
            session=database_session, actor=session.actor(), table=table, row_id=row_id, page=number
        )
    of_parts = parts([entry.change_set_id for entry in found.entries]) if parts is not None else {}
    for entry in found.entries:
        with st.container(border=True, gap="xsmall", key=f"change_{entry.change_set_id}_{entry.change_id or 0}"):
            _head(entry, _undo_set if by_set else _undo)
            for change in entry.fields:
                spec = fields.get(change.field)
                if spec is None:
                    continue
                before, after = plain(shown(change.before, spec)), plain(shown(change.after, spec))
                line = f"{before} → **{after}**" if entry.op == "update" else f"**{after}**"
                st.markdown(_("{label}: {value}", label=spec.label, value=line))
            for line in of_parts.get(entry.change_set_id, ()):
                st.markdown(line)
    customers.pager(name, found.pages)


def _head(entry: HistoryEntry, undo_it: Callable[[HistoryEntry], Any]) -> None:
    verbs = {"insert": _("created"), "update": _("changed"), "delete": _("deleted")}
    cause = _(CAUSES.get(entry.cause, entry.cause))
    name = _("Rapport") if entry.actor_name == SYSTEM.name else plain(entry.actor_name)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        what = _("{change} {how}", change=verbs[entry.op], how=cause)
        st.caption(f"{fmt().instant(entry.at)} · {name} · {what}")
        if entry.is_undone:
            st.badge(_("undone"), color="gray")
        elif entry.is_undoable and entry.change_id is not None:
            st.button(
                _("Undo"),
                key=f"undo_{entry.change_id}",
                icon=":material/undo:",
                type="tertiary",
                on_click=undo_it,
                args=(entry,),
            )


def _undo_set(entry: HistoryEntry) -> None:
    said = done.undo_set(entry.change_set_id)
    if said is not None:
        st.toast(said, icon=":material/undo:")


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
