"""Filters that survive a rerun, a change of language, leaving the page and a copied link.

A choice is kept as its code: in the widget's state while the page shows it, in `st.session_state["choices"]` while
the reader is elsewhere, and in the address so that a link opens the same view. Labels are only ever shown. Where the
reader goes back or forward in the browser, or follows a link to the page they are on, the address has the last word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from time import monotonic
from typing import Any, Literal

import streamlit as st

_SEPARATOR = "."
_LAG_SECONDS = 2.0
"""For so long after the address was changed a browser may still send the one before."""


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
    page: str,
    name: str,
    label: str,
    options: Mapping[str, str],
    *,
    default: tuple[str, ...] = (),
    placeholder: str | None = None,
    label_visibility: Literal["visible", "hidden", "collapsed"] = "visible",
) -> tuple[str, ...]:
    """Some of the options' codes, in the options' order; the default while none is chosen.

    `placeholder` says what that is, in place of the first option of the default.
    """
    key, fallback = f"{page}.{name}", _SEPARATOR.join(default)
    _readdressed(key, name)
    if key not in st.session_state:
        addressed = st.query_params.get(name)
        text = addressed.split(_SEPARATOR) if addressed else kept_choices().get(key) or list(default)
        st.session_state[key] = [code for code in text if code in options] or list(default)
    st.multiselect(
        label, list(options), format_func=lambda code: options.get(code, code), key=key,
        placeholder=placeholder or options[default[0]], label_visibility=label_visibility,
    )  # fmt: skip
    kept_choices()[key] = list(st.session_state[key])
    chosen = tuple(code for code in options if code in st.session_state[key]) or default
    _sync(key, name, _SEPARATOR.join(chosen), fallback)
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
    _readdressed(key, name)
    if key not in st.session_state:
        st.session_state[key] = _days(st.query_params.get(name) or kept_choices().get(key) or fallback) or default
    picked: Any = st.date_input(label, key=key)
    days = tuple(picked) if isinstance(picked, (tuple, list)) else ()
    if len(days) != 2:
        return default
    kept_choices()[key] = days
    _sync(key, name, f"{days[0]}..{days[1]}", fallback)
    return days[0], days[1]


def tab(page: str, labels: Mapping[str, str], of: object = None) -> tuple[str, Any]:
    """The code of the open tab, kept in the address, and where its content goes; `of` tells apart records of a page."""
    own, first = f"{page}.tab", next(iter(labels))
    key = f"{page}.tabs" if of is None else f"{page}.tabs.{of}"
    is_readdressed = _readdressed(own, "tab")
    st.session_state[f"{own}.key"] = key
    if is_readdressed or st.session_state.get(key) not in labels.values():
        st.session_state[key] = labels.get(st.query_params.get("tab", first), labels[first])
    tabs = dict(zip(labels, st.tabs(list(labels.values()), key=key, on_change="rerun"), strict=True))
    chosen = next((code for code, container in tabs.items() if container.open), first)
    _sync(own, "tab", chosen, first)
    return chosen, tabs[chosen]


def page_number(page: str, name: str, question: Any) -> tuple[str, int]:
    """The key of a list's pager and the page it is on, kept in the address; another question starts at the first."""
    key, own = f"{page}.{name}.{question!r}", f"{page}.{name}"
    before = st.session_state.get(f"{own}.key")
    st.session_state[f"{own}.key"] = key
    is_readdressed = before in st.session_state and _readdressed(own, name)
    if key not in st.session_state or is_readdressed:
        is_other_question = before is not None and before != key and before in st.session_state and not is_readdressed
        given = "" if is_other_question else st.query_params.get(name, "")
        st.session_state[key] = int(given) if given.isdecimal() and 0 < len(given) < 7 and int(given) > 0 else 1
    if before is not None and before != key:
        st.session_state.pop(before, None)
    number = int(st.session_state[key])
    _sync(own, name, str(number), "1")
    return key, number


def at_most(page: str, name: str, key: str, pages: int) -> None:
    """Put the pager on the last page where it is past it."""
    if int(st.session_state.get(key, 1)) > pages:
        st.session_state[key] = pages
        _sync(f"{page}.{name}", name, str(pages), "1")


def address(names: Iterable[str]) -> dict[str, str]:
    """What the address says of these choices; those that are as usual are not in it."""
    return {name: st.query_params[name] for name in names if name in st.query_params}


def readdress(page: str, names: Iterable[str], address: Mapping[str, str]) -> None:
    """Make these choices anew as the address given says; before they are drawn."""
    for name in names:
        key = f"{page}.{name}"
        for held in (st.session_state, kept_choices(), _written()):
            held.pop(key, None)
        if name in address:
            st.query_params[name] = address[name]
        elif name in st.query_params:
            del st.query_params[name]


def is_fresh(page: str, names: Iterable[str]) -> bool:
    """Whether the page is opened, and not drawn again: none of these choices is on the screen."""
    return not any(f"{page}.{name}" in st.session_state for name in names)


def is_chosen(page: str, names: Iterable[str]) -> bool:
    """Whether any of these choices was made before in this browser session."""
    return any(f"{page}.{name}" in kept_choices() for name in names)


def _prepare(page: str, name: str, default: str, accept: Any) -> str:
    key = f"{page}.{name}"
    _readdressed(key, name)
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
    _sync(key, name, value, default)
    return value


def _written() -> dict[str, tuple[str | None, float]]:
    """What was written into the address last, and when it was changed, by the choice's key."""
    written: dict[str, tuple[str | None, float]] = st.session_state.setdefault("addressed", {})
    return written


def _readdressed(key: str, name: str) -> bool:
    """Forget a choice on the screen where the address says another since it was written; whether it does."""
    text, at = _written().get(key, (None, 0.0))
    if key not in _written() or st.query_params.get(name) == text or monotonic() - at < _LAG_SECONDS:
        return False
    if key not in st.session_state and f"{key}.key" not in st.session_state:
        return False  # the page was left meanwhile: what was chosen on it is kept
    st.session_state.pop(key, None)
    kept_choices().pop(key, None)
    return True


def _sync(key: str, name: str, value: str, default: str) -> None:
    shown, wanted = st.query_params.get(name), None if value == default else value
    if shown != wanted:
        if wanted is None:
            del st.query_params[name]
        else:
            st.query_params[name] = wanted
    if _written().get(key, ("", 0.0))[0] != wanted:
        _written()[key] = (wanted, monotonic() if shown != wanted else 0.0)


def _days(text: Any) -> tuple[date, date] | None:
    if isinstance(text, tuple):
        return text
    try:
        first, last = (date.fromisoformat(part) for part in str(text).split(".."))
    except ValueError:
        return None
    return (first, last) if first <= last else None
