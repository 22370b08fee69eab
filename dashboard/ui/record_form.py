"""One form for every record: nothing typed is lost, errors stand beside their field, conflicts are chosen, not guessed.

What the reader changes is kept as a draft on the server while they type, so it survives leaving the page, an expired
session and a restart. Saving sends only the fields that were touched, with the version they were read at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from crm_core.errors import Conflict, CrmError, Invalid, StorageBusy
from dashboard.i18n import _, fmt, joined, ngettext
from dashboard.ui.conflict import choose
from dashboard.ui.focus import focus
from dashboard.ui.form_fields import draw, key_of
from dashboard.ui.form_state import Field, FormState, discard, forget
from dashboard.ui.plain import plain_error

ASIDE_BESIDE = 3
"""So many rows of fields stand beside what is shown aside; the others follow below."""
_WIDTHS = (5, 3)


def record_form(
    form: str,
    rows: Sequence[Sequence[Field]],
    state: FormState,
    save: Callable[[dict[str, Any], int | None], Any],
    *,
    save_label: str,
    aside: Callable[[], None] | None = None,
    parts: Mapping[str, Field] | None = None,
    below: Callable[[], None] | None = None,
    shortcut: str | None = "Ctrl+Enter",
) -> Any:
    """Draw the form; `save` gets the touched values and their version, and may raise Invalid or Conflict.

    `aside` draws what is to be seen while the first fields are typed: beside them, on a phone right below them.
    `below` draws what else belongs to the record under its fields; `parts` are the fields it draws, by name.
    One form of a page has the `shortcut`. Returns what `save` returned, once, in the run after a save; else None.
    """
    fields = {item.name: item for row in rows for item in row} | dict(parts or {})
    notices = st.empty()  # one place, drawn or not: whoever types below keeps the cursor when a notice comes or goes
    if state.problem is not None or state.conflict is not None or (state.draft_at is not None and state.touched):
        with notices.container():
            _notices(form, state, save, fields)
    if aside is None:
        _fields(form, rows, state)
        if below is not None:
            below()
        _foot(form, state, save, save_label, shortcut)
    else:
        left, right = st.columns(_WIDTHS, gap="large")
        with left:
            _fields(form, rows[:ASIDE_BESIDE], state)
        with right:
            aside()
        with st.columns(_WIDTHS, gap="large")[0]:
            _fields(form, rows[ASIDE_BESIDE:], state)
            _foot(form, state, save, save_label, shortcut)
    if state.errors and state.focus is None:
        first = next((item.name for row in rows for item in row if item.name in state.errors), None)
        if first is not None:
            focus(key_of(form, state, first))
        state.focus = first  # once: whoever reads on or types elsewhere is not called back
    return st.session_state.pop(f"{form}.saved", None)


def _fields(form: str, rows: Sequence[Sequence[Field]], state: FormState) -> None:
    for row in rows:
        for column, item in zip(st.columns(len(row)), row, strict=True):
            with column:
                draw(form, state, item)


def _notices(
    form: str,
    state: FormState,
    save: Callable[[dict[str, Any], int | None], Any],
    fields: Mapping[str, Field],
) -> None:
    if state.draft_at is not None and state.touched and state.conflict is None:
        st.info(
            _(
                "You have unsaved changes from {time}. They are below; save or discard them.",
                time=fmt().instant(state.draft_at),
            ),
            icon=":material/edit_note:",
        )
    if isinstance(state.problem, StorageBusy):
        kept = _("What you typed stays in the form.")
        st.warning(joined(plain_error(state.problem), kept), icon=":material/hourglass_top:")
    elif state.problem is not None:
        st.error(plain_error(state.problem), icon=":material/error:")
    if state.conflict is not None:
        choose(
            form,
            state.conflict,
            fields,
            lambda chosen, version: _try_save(form, state, save, {**state.touched, **chosen}, version),
        )


def _foot(
    form: str,
    state: FormState,
    save: Callable[[dict[str, Any], int | None], Any],
    label: str,
    shortcut: str | None,
) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            label,
            key=f"{form}.save",
            type="primary",
            icon=":material/check:",
            shortcut=shortcut,
            on_click=_try_save,
            args=(form, state, save, None, None),
        )
        if state.touched:
            st.button(_("Discard"), key=f"{form}.discard", icon=":material/undo:", on_click=discard, args=(form, state))
            count = len(state.touched)
            unsaved = (
                ngettext("{n} unsaved change, kept as a draft", "{n} unsaved changes, kept as a draft", count)
                if state.is_kept
                else ngettext("{n} unsaved change, only on this page", "{n} unsaved changes, only on this page", count)
            )
            st.caption(f":orange[:material/edit:] {unsaved}")


def _try_save(
    form: str,
    state: FormState,
    save: Callable[[dict[str, Any], int | None], Any],
    values: dict[str, Any] | None,
    version: int | None,
) -> None:
    if values is None and not state.touched and state.seen_version is not None:
        return  # nothing was changed
    state.errors, state.problem, conflict = {}, None, state.conflict
    state.conflict = None
    try:
        saved = save(
            dict(state.touched if values is None else values), state.seen_version if version is None else version
        )
    except Invalid as error:
        state.errors, state.conflict, state.focus = error.fields, conflict, None
    except Conflict as error:
        state.conflict = error
    except CrmError as error:
        state.problem, state.conflict = error, conflict
    else:
        st.session_state[f"{form}.saved"] = saved
        try:
            forget(form, state)
        except CrmError as error:  # the record is saved; only its draft is left
            st.session_state["forms"][form].problem = error
