"""One form for every record: nothing typed is lost, errors stand beside their field, conflicts are chosen, not guessed.

What the reader changes is kept as a draft on the server while they type, so it survives leaving the page, an expired
session and a restart. Saving sends only the fields that were touched, with the version they were read at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

import streamlit as st

from crm_core.errors import Conflict, CrmError, FieldError, Invalid, StorageBusy
from crm_core.records import drafts
from crm_core.translation import translate_field
from dashboard import session
from dashboard.i18n import _, fmt, joined, ngettext, texts
from dashboard.ui import form_numbers
from dashboard.ui.conflict import choose
from dashboard.ui.focus import focus
from dashboard.ui.plain import plain_error, unlinked

Kind = Literal["text", "email", "phone", "long_text", "select", "date", "tags", "yes_no", "whole", "percent", "amount"]
PAUSE = "400ms"
"""How long the typing must pause before the draft is kept."""
DRAFT_PATIENCE = 1.0
"""Seconds a draft waits for another writer; typing must not stand still while an import is saved."""
ANSWERS = {True: "yes", False: "no", None: "unset"}
"""What a yes-or-no field holds, by its value; not asked is an answer one can see and choose."""


@dataclass(frozen=True)
class Field:
    """One field of a form; `options` gives the label of each code of a select."""

    name: str
    label: str
    kind: Kind = "text"
    options: Mapping[Any, str] | None = None
    is_required: bool = False
    help: str | None = None
    placeholder: str | None = None


@dataclass
class FormState:
    """What one open form knows between reruns.

    `epoch` names its widgets anew when their values must be replaced; `focus` is the refused field that has had the
    cursor; `is_kept` says whether the server holds what was typed.
    """

    original: dict[str, Any]
    seen_version: int | None
    touched: dict[str, Any] = field(default_factory=dict)
    draft_at: datetime | None = None
    errors: dict[str, FieldError] = field(default_factory=dict)
    conflict: Conflict | None = None
    problem: CrmError | None = None
    epoch: int = 0
    focus: str | None = None
    is_kept: bool = True

    def value(self, name: str) -> Any:
        """What the field shows."""
        return self.touched.get(name, self.original.get(name))


def opened(form: str, original: Mapping[str, Any], version: int | None) -> FormState:
    """The form's state: as left in this browser session, else with this person's draft, else the record as it is."""
    states: dict[str, FormState] = st.session_state.setdefault("forms", {})
    state = states.get(form)
    if state is None or (not state.touched and state.seen_version != version):
        epoch = state.epoch + 1 if state else 0
        state = FormState(dict(original), version, epoch=epoch)
        with session.workspace().read() as database_session:
            draft = drafts.load(session=database_session, actor=session.actor(), form=form)
        if draft is not None:
            state.touched = dict(draft.values)
            state.seen_version = draft.seen_version
            state.draft_at = draft.updated_at
        states[form] = state
    return state


def record_form(
    form: str,
    rows: Sequence[Sequence[Field]],
    state: FormState,
    save: Callable[[dict[str, Any], int | None], Any],
    *,
    save_label: str,
) -> Any:
    """Draw the form; `save` gets the touched values and their version, and may raise Invalid or Conflict.

    Returns what `save` returned, once, in the run after a save; else None.
    """
    fields = {item.name: item for row in rows for item in row}
    notices = st.empty()  # one place, drawn or not: whoever types below keeps the cursor when a notice comes or goes
    if state.problem is not None or state.conflict is not None or (state.draft_at is not None and state.touched):
        with notices.container():
            _notices(form, state, save, fields)
    for row in rows:
        for column, item in zip(st.columns(len(row)), row, strict=True):
            with column:
                _draw(form, state, item)
    _foot(form, state, save, save_label)
    if state.errors and state.focus is None:
        first = next((item.name for row in rows for item in row if item.name in state.errors), None)
        if first is not None:
            focus(_key(form, state, first))
        state.focus = first  # once: whoever reads on or types elsewhere is not called back
    return st.session_state.pop(f"{form}.saved", None)


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


def _draw(form: str, state: FormState, item: Field) -> None:
    key = _key(form, state, item.name)
    label = f"{item.label} :red[*]" if item.is_required else item.label
    value = state.value(item.name)
    common: dict[str, Any] = {"key": key, "help": item.help, "on_change": _touched, "args": (form, state, item, key)}
    if key not in st.session_state:
        st.session_state[key] = _shown(item, value)
    if item.kind == "select":
        st.selectbox(
            label,
            [None, *(item.options or {})],
            format_func=lambda code: _option(item, code),
            placeholder=_("Not set"),
            **common,
        )
    elif item.kind == "yes_no":
        said = {"yes": _("Yes"), "no": _("No"), "unset": _("Not set")}
        st.segmented_control(label, list(said), format_func=said.__getitem__, required=True, wrap=True, **common)
    elif item.kind == "date":
        st.date_input(label, min_value=date(1900, 1, 1), max_value=date.today(), **common)  # noqa: DTZ011
    elif item.kind == "long_text":
        st.text_area(label, height=90, **common)
    elif item.kind == "tags":
        st.multiselect(
            label,
            sorted({*(item.options or {}), *(value or [])}),
            accept_new_options=True,
            placeholder=_("Add a tag"),
            **common,
        )
    else:
        kind: Any = {"email": "email", "phone": "phone"}.get(item.kind, "default")
        st.text_input(
            label, type=kind, placeholder=item.placeholder, live=PAUSE, autocomplete="off", validate="", **common
        )
    if item.name in state.errors:
        problem = unlinked(translate_field(state.errors[item.name], texts()))
        st.markdown(f":small[:red[:material/error: {problem}]]")  # a caption would pale it


def _key(form: str, state: FormState, name: str) -> str:
    return f"{form}.{name}.{state.epoch}"


def _shown(item: Field, value: Any) -> Any:
    if item.kind in form_numbers.KINDS:
        return form_numbers.shown(item.kind, value)
    if item.kind in {"select", "date"}:
        return value
    if item.kind == "yes_no":
        return ANSWERS.get(value, "unset")
    if item.kind == "tags":
        return list(value or [])
    return value or ""


def _option(item: Field, code: Any) -> str:
    return _("Not set") if code is None else (item.options or {}).get(code, str(code))


def _touched(form: str, state: FormState, item: Field, key: str) -> None:
    value = st.session_state[key]
    if item.kind == "yes_no":
        value = next((answer for answer, code in ANSWERS.items() if code == value), None)
    if item.kind in form_numbers.KINDS:
        value = form_numbers.read(item.kind, value)
    value = None if value in ("", []) else value
    original = state.original.get(item.name)
    if value == (None if original in ("", []) else original):
        state.touched.pop(item.name, None)
    else:
        state.touched[item.name] = value
    state.errors.pop(item.name, None)
    state.draft_at = None
    keep_draft(form, state)


def keep_draft(form: str, state: FormState) -> None:
    """Keep what is typed on the server, or forget the draft when nothing differs any more.

    Where the server cannot keep it, the form says so; what was typed stays in the form.
    """
    try:
        with session.workspace().database.untracked_if_free(within=DRAFT_PATIENCE) as database_session:
            if state.touched:
                drafts.save(
                    session=database_session,
                    actor=session.actor(),
                    form=form,
                    values=state.touched,
                    seen_version=state.seen_version,
                )
            else:
                drafts.discard(session=database_session, actor=session.actor(), form=form)
    except CrmError as error:
        state.is_kept, state.problem = False, error
    else:
        if not state.is_kept:
            state.is_kept, state.problem = True, None


def _forget(form: str, state: FormState) -> None:
    """Forget the form and its draft; where the draft cannot be deleted, it is shown again at the next opening."""
    st.session_state["forms"][form] = FormState(dict(state.original), None, epoch=state.epoch + 1)
    with session.workspace().database.untracked() as database_session:
        drafts.discard(session=database_session, actor=session.actor(), form=form)


def _discard(form: str, state: FormState) -> None:
    try:
        _forget(form, state)
    except CrmError as error:
        st.session_state["forms"][form] = state
        state.problem = error


def _foot(form: str, state: FormState, save: Callable[[dict[str, Any], int | None], Any], label: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            label,
            key=f"{form}.save",
            type="primary",
            icon=":material/check:",
            shortcut="Ctrl+Enter",
            on_click=_try_save,
            args=(form, state, save, None, None),
        )
        if state.touched:
            st.button(
                _("Discard"), key=f"{form}.discard", icon=":material/undo:", on_click=_discard, args=(form, state)
            )
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
            _forget(form, state)
        except CrmError as error:  # the record is saved; only its draft is left
            st.session_state["forms"][form].problem = error
