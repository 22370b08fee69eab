"""Filters that survive a rerun, a change of language, leaving the page and a copied link.

A choice is kept as its code: in the widget's state while the page shows it, in `st.session_state["choices"]` while
the reader is elsewhere, and in the address so that a link opens the same view. Labels are only ever shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

import streamlit as st

_SEPARATOR = "."


def kept_choices() -> dict[str, Any]:
    """Every choice made in this browser session, by widget key."""
    kept: dict[str, Any] = st.session_state.setdefault("choices", {})
    return kept


def reassert() -> None:
    """Put every kept choice back into its widget; a translated label would otherwise reset it."""
    for key, value in kept_choices().items():
        st.session_state[key] = value


def choice(
    page: str,
    name: str,
    label: str,
    options: Mapping[str, str],
    *,
    default: str,
    kind: Literal["segmented", "select"] = "segmented",
    label_visibility: Literal["visible", "hidden", "collapsed"] = "visible",
    width: Any = None,
) -> str:
    """One of the options' codes; `options` gives the label of each."""
    key = _prepare(page, name, default, lambda code: code if code in options else None)
    common: dict[str, Any] = {
        "options": list(options),
        "format_func": lambda code: options.get(code, code),
        "key": key,
        "label_visibility": label_visibility,
    }
    if kind == "segmented":
        chosen = st.segmented_control(label, required=True, width=width or "content", wrap=True, **common)
    else:
        chosen = st.selectbox(label, width=width or "stretch", **common)
    return str(_keep(key, name, chosen or default, default))


def several(
    page: str, name: str, label: str, options: Mapping[str, str], *, default: tuple[str, ...]
) -> tuple[str, ...]:
    """Some of the options' codes, in the options' order; the default while none is chosen."""
    key, fallback = f"{page}.{name}", _SEPARATOR.join(default)
    if key not in st.session_state:
        text = kept_choices().get(key) or str(st.query_params.get(name) or fallback).split(_SEPARATOR)
        st.session_state[key] = [code for code in text if code in options] or list(default)
    st.multiselect(
        label, list(options), format_func=lambda code: options.get(code, code), key=key, placeholder=options[default[0]]
    )
    kept_choices()[key] = list(st.session_state[key])
    chosen = tuple(code for code in options if code in st.session_state[key]) or default
    _sync(name, _SEPARATOR.join(chosen), fallback)
    return chosen


def text(page: str, name: str, label: str, *, default: str, note: str) -> str:
    """A line of text, once it is entered; `note` says what belongs there."""
    key = _prepare(page, name, default, lambda typed: typed)
    return str(_keep(key, name, st.text_input(label, key=key, help=note) or default, default))


def search(page: str, name: str, label: str, placeholder: str) -> str:
    """Text as one types it."""
    key = _prepare(page, name, "", lambda text: text)
    typed = st.text_input(
        label,
        key=key,
        type="search",
        live=True,
        placeholder=placeholder,
        label_visibility="collapsed",
        icon=":material/search:",
    )
    return str(_keep(key, name, typed or "", ""))


def day_range(page: str, name: str, label: str, *, default: tuple[date, date]) -> tuple[date, date]:
    """A first and a last day, both included; the default while the second is still to be picked."""
    fallback = f"{default[0]}..{default[1]}"
    key = f"{page}.{name}"
    if key not in st.session_state:
        st.session_state[key] = _days(kept_choices().get(key) or st.query_params.get(name) or fallback) or default
    picked: Any = st.date_input(label, key=key)
    days = tuple(picked) if isinstance(picked, (tuple, list)) else ()
    if len(days) != 2:
        return default
    kept_choices()[key] = days
    _sync(name, f"{days[0]}..{days[1]}", fallback)
    return days[0], days[1]


def _prepare(page: str, name: str, default: str, accept: Any) -> str:
    key = f"{page}.{name}"
    if key in st.session_state and accept(st.session_state[key]) is None:
        del st.session_state[key]
    if key not in st.session_state:
        for candidate in (st.query_params.get(name), kept_choices().get(key), default):
            if candidate is not None and accept(candidate) is not None:
                st.session_state[key] = candidate
                break
    return key


def _keep(key: str, name: str, value: str, default: str) -> str:
    kept_choices()[key] = value
    _sync(name, value, default)
    return value


def _sync(name: str, value: str, default: str) -> None:
    shown = st.query_params.get(name)
    if value == default:
        if shown is not None:
            del st.query_params[name]
    elif shown != value:
        st.query_params[name] = value


def _days(text: Any) -> tuple[date, date] | None:
    if isinstance(text, tuple):
        return text
    try:
        first, last = (date.fromisoformat(part) for part in str(text).split(".."))
    except ValueError:
        return None
    return (first, last) if first <= last else None
