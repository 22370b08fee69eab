"""One field of a form: its widget, what it shows and what is read back from it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from crm_core.translation import translate_field
from dashboard import session
from dashboard.i18n import _, texts
from dashboard.ui import form_numbers, form_reference
from dashboard.ui.form_state import Field, FormState, keep_draft
from dashboard.ui.plain import unlinked

PAUSE = "400ms"
"""How long the typing must pause before the draft is kept."""
EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)
ANSWERS = {True: "yes", False: "no", None: "unset"}
"""What a yes-or-no field holds, by its value; not asked is an answer one can see and choose."""


def draw(form: str, state: FormState, item: Field) -> None:
    """The field with its label, and what is wrong with it below."""
    key = key_of(form, state, item.name)
    is_typed = item.kind not in {"yes_no", "select"}  # which have an answer always where they need one
    label = f"{item.label} :red[*]" if item.is_required and is_typed else item.label
    value = state.value(item.name)
    if item.kind == "reference":
        form_reference.draw(label, key, item, value, lambda chosen: _take(form, state, item, chosen))
    else:
        common: dict[str, Any] = {"key": key, "help": item.help, "on_change": _touched}
        if key not in st.session_state:
            st.session_state[key] = _shown(item, value)
        _widget(item, label, value, common | {"args": (form, state, item, key)})
    if item.name in state.errors:
        problem = unlinked(translate_field(state.errors[item.name], texts()))
        st.markdown(f":small[:red[:material/error: {problem}]]")  # a caption would pale it


def _widget(item: Field, label: str, value: Any, common: dict[str, Any]) -> None:
    """The widget for a field of its kind."""
    if item.kind == "select":
        codes = [*(item.options or {})]
        st.selectbox(
            label,
            codes if item.is_required else [None, *codes],
            format_func=lambda code: _option(item, code),
            placeholder=_("Not set"),
            **common,
        )
    elif item.kind == "yes_no":
        said = {"yes": _("Yes"), "no": _("No")} | ({} if item.is_required else {"unset": _("Not set")})
        st.segmented_control(label, list(said), format_func=said.__getitem__, required=True, wrap=True, **common)
    elif item.kind in {"date", "day"}:
        latest = LATEST if item.kind == "day" else date.today()  # noqa: DTZ011
        st.date_input(label, min_value=EARLIEST, max_value=latest, **common)
    elif item.kind == "instant":
        earliest, latest_at = (datetime.combine(day, time()) for day in (EARLIEST, LATEST))
        st.datetime_input(label, min_value=earliest, max_value=latest_at, **common)
    elif item.kind == "long_text":
        st.text_area(label, height=90, placeholder=item.placeholder, **common)
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


def key_of(form: str, state: FormState, name: str) -> str:
    """What the field's widget is called."""
    return f"{form}.{name}.{state.epoch}"


def _shown(item: Field, value: Any) -> Any:
    if item.kind in form_numbers.KINDS:
        return form_numbers.shown(item.kind, value)
    if item.kind in {"select", "date", "day"}:
        return value
    if item.kind == "instant":
        return None if value is None else value.astimezone(_zone()).replace(tzinfo=None, second=0, microsecond=0)
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
    if item.kind == "instant" and value is not None:
        value = value.replace(tzinfo=_zone()).astimezone(UTC)
    _take(form, state, item, value)


def _take(form: str, state: FormState, item: Field, value: Any) -> None:
    """Note what the field holds now."""
    value = None if value in ("", []) else value
    original = state.original.get(item.name)
    if value == (None if original in ("", []) else original):
        state.touched.pop(item.name, None)
    else:
        state.touched[item.name] = value
    state.errors.pop(item.name, None)
    state.draft_at = None
    keep_draft(form, state)


def _zone() -> ZoneInfo:
    return ZoneInfo(session.workspace().timezone)
