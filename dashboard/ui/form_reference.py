"""A field that points to another record: found by typing, taken back with one click."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from crm_core.records import choosable
from dashboard import session
from dashboard.i18n import _
from dashboard.ui.form_state import Field
from dashboard.ui.plain import plain

PAUSE = "300ms"


def draw(label: str, key: str, item: Field, value: Any, take: Callable[[Any], None]) -> None:
    """The record chosen, or a search for one with what it finds below; `take` gets the id chosen, None for none."""
    assert item.target is not None
    if value is not None:
        chosen = f"{key}.chosen.{value}"
        st.session_state[chosen] = value
        st.selectbox(
            label,
            [value] if item.is_required else [None, value],
            format_func=lambda code: _("Not set") if code is None else (item.said(code) if item.said else str(code)),
            key=chosen,
            help=item.help,
            on_change=lambda: take(st.session_state[chosen]),
        )
        if item.is_required:
            st.button(_("Choose another"), key=f"{key}.other", type="tertiary", on_click=take, args=(None,))
        return
    typed = st.text_input(
        label, key=f"{key}.typed", type="search", live=PAUSE, placeholder=_hint(item.target), help=item.help
    )
    if not typed:
        return
    with session.workspace().read() as database_session:
        found = choosable.found(session=database_session, actor=session.actor(), table=item.target, text=typed)
    with st.container(gap="xxsmall", key=f"{key}.found"):
        for row_id, name in found.items():
            st.button(
                plain(name),
                key=f"{key}.take.{row_id}",
                type="tertiary",
                icon=":material/add:",
                on_click=_pick,
                args=(f"{key}.typed", take, row_id),
            )
        if not found:
            st.caption(_("Nothing found"))


def _pick(typed: str, take: Callable[[Any], None], row_id: int) -> None:
    st.session_state[typed] = ""
    take(row_id)


def _hint(table: str) -> str:
    return {
        "customers": _("Name, e-mail, phone or reference"),
        "products": _("Name or code"),
    }.get(table, _("Number or words of it"))
