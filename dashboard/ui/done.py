"""What was just done, and the way back: a notice at the top of the page with an Undo button."""

from __future__ import annotations

import streamlit as st

from crm_core.db.history import TrackedSession, store_changes
from crm_core.errors import CrmError
from crm_core.records import undo
from dashboard import session
from dashboard.i18n import _, joined, ngettext
from dashboard.ui.plain import plain, plain_error

_KEY, _WHERE = "done", "done_where"


def change_set_of(database_session: TrackedSession) -> int | None:
    """The change set of what was written so far; None where nothing was."""
    store_changes(database_session)
    return database_session.change_set_id() if database_session.n_changes else None


def note(text: str, change_set_id: int | None) -> None:
    """Say at the top of the next page drawn what was done; with a change set it can be taken back there."""
    st.session_state[_KEY] = (text, change_set_id)
    st.session_state.pop(_WHERE, None)


def notice() -> None:
    """What was done last, until it is closed, undone, followed by something else, or another page is opened."""
    place = st.empty()
    here = (st.context.url or "").partition("?")[0]
    if st.session_state.setdefault(_WHERE, here) != here:
        st.session_state.pop(_KEY, None)
    said = st.session_state.get(_KEY)
    if said is None:
        return
    text, change_set_id = said
    with (
        place.container(),
        st.container(border=True, horizontal=True, vertical_alignment="center", key="done"),
    ):
        st.markdown(f":green[:material/check_circle:] {plain(text)}", width="stretch")
        if change_set_id is not None:
            st.button(_("Undo"), key="done.undo", icon=":material/undo:", on_click=_undo_noted, args=(change_set_id,))
        st.button(
            _("Close"), key="done.close", icon=":material/close:", type="tertiary", on_click=st.session_state.pop,
            args=(_KEY, None),
        )  # fmt: skip


def undo_set(change_set_id: int) -> str | None:
    """Take a change set back; what came of it in words, None where it was refused, which is said in a toast."""
    try:
        with session.workspace().write(session.actor(), "undo", cause_id=change_set_id) as database_session:
            result = undo.undo_change_set(session=database_session, actor=session.actor(), change_set_id=change_set_id)
    except CrmError as error:
        st.toast(plain_error(error), icon=":material/error:")
        return None
    if not result.conflicts:
        return _("The change was undone.")
    kept = ngettext(
        "{n} record was changed since and is kept.", "{n} records were changed since and are kept.", result.kept
    )
    if not result.kept:
        n = len(result.conflicts)
        kept = ngettext("{n} field was changed since and is kept.", "{n} fields were changed since and are kept.", n)
    undone = _("The change was undone.") if result.removed or result.restored else ""
    return joined(undone, kept)


def _undo_noted(change_set_id: int) -> None:
    said = undo_set(change_set_id)
    if said is not None:
        note(said, None)
