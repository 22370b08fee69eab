"""One field of a form: its widget, what it shows and what is read back from it."""

from __future__ import annotations

from datetime import date
from typing import Any

import streamlit as st

from crm_core.translation import translate_field
from dashboard.i18n import _, texts
from dashboard.ui import form_numbers
from dashboard.ui.form_state import Field, FormState, keep_draft
from dashboard.ui.plain import unlinked

PAUSE = "400ms"
"""How long the typing must pause before the draft is kept."""
ANSWERS = {True: "yes", False: "no", None: "unset"}
"""What a yes-or-no field holds, by its value; not asked is an answer one can see and choose."""


def draw(form: str, state: FormState, item: Field) -> None:
    """The field with its label, and what is wrong with it below."""
    key = key_of(form, state, item.name)
    is_typed = item.kind != "yes_no"  # which has an answer always, and needs no mark
    label = f"{item.label} :red[*]" if item.is_required and is_typed else item.label
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
        said = {"yes": _("Yes"), "no": _("No")} | ({} if item.is_required else {"unset": _("Not set")})
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


def key_of(form: str, state: FormState, name: str) -> str:
    """What the field's widget is called."""
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
