"""The reader's language on the screen: texts, errors, dates and numbers, and the switch between languages.

The language is read from `st.session_state` at every call: a ContextVar would fall back to its default in the rerun of
a fragment.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Literal

import streamlit as st

from crm_core.charts.config import plotly_config
from crm_core.errors import CrmError
from crm_core.formats import Formats
from crm_core.translation import (
    DEFAULT_LANGUAGE,
    LANGUAGES,
    Translator,
    match_language,
    translate_error,
    translator,
)
from dashboard import session

__all__ = [
    "_",
    "column_format",
    "error_text",
    "fmt",
    "joined",
    "language",
    "language_switch",
    "ngettext",
    "plotly_config",
    "set_language",
    "texts",
]

_LANGUAGE = "language"
_SWITCH = "language_switch"


def language() -> str:
    """The code of the language this browser session is shown in; before anything set it, what the browser asks for."""
    found = st.session_state.get(_LANGUAGE)
    if found in LANGUAGES:
        return str(found)
    return match_language(st.context.headers.get("Accept-Language") or DEFAULT_LANGUAGE)


def set_language(code: str | None) -> None:
    """Show this browser session in a language of `LANGUAGES`; None leaves it to the browser."""
    st.session_state[_LANGUAGE] = code


def texts() -> Translator:
    """The translator of this browser session, for what is not written on the page itself (charts, reports)."""
    return translator(language())


def _(template: str, /, **params: Any) -> str:
    """The text in the reader's language, filled with `params`."""
    return texts()(template, **params)


def ngettext(one: str, many: str, n: int, /, **params: Any) -> str:
    """The form of the text that fits the count `n`; `{n}` shows it with thousands separators."""
    return texts().ngettext(one, many, n, **params)


def joined(*sentences: str) -> str:
    """Sentences one after the other; Chinese has no blank between them."""
    return ("" if language() == "zh_CN" else " ").join(sentence for sentence in sentences if sentence)


def error_text(error: CrmError) -> str:
    """An error's sentence in the reader's language."""
    return translate_error(error, texts())


def fmt() -> Formats:
    """Dates, numbers and money for this reader, in the workspace's currency and time zone."""
    workspace = session.workspace()
    return _formats(language(), workspace.currency, workspace.timezone)


@cache
def _formats(language: str, currency: str, timezone: str) -> Formats:
    return Formats(language, currency, timezone)


_DAY_FORMATS = {"en": "MMM D, YYYY", "zh_CN": "YYYY年M月D日"}


def column_format(kind: Literal["money", "price", "count", "number", "percent", "day", "instant"]) -> str:
    """The `format` of a number, date or datetime column of st.dataframe in the reader's language.

    Columns sort by their value, so numbers stay numbers: money and prices are floats or Decimals in the workspace's
    currency, percentages shares of one. Give a datetime column `timezone=fmt().timezone` beside the format.
    """
    formats = fmt()
    symbol = formats.currency_symbol.replace("%", "%%")
    day = _DAY_FORMATS[language()]
    return {
        "money": f"{symbol}%,.{formats.currency_digits}f",
        "price": f"{symbol}%,.4f",
        "count": "%,d",
        "number": "%,.2f",
        "percent": "percent",
        "day": day,
        "instant": f"{day} HH:mm",
    }[kind]


def language_switch(save: Callable[[str], None]) -> None:
    """The switch between languages; `save(code)` runs before the page is drawn anew.

    `save` keeps the choice for the person, and puts the values of widgets with translated labels back into
    `st.session_state`: Streamlit tells such a widget's choice by its label and would reset it.
    """
    st.session_state[_SWITCH] = language()
    st.segmented_control(
        _("Language"),
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        key=_SWITCH,
        required=True,
        label_visibility="collapsed",
        width="stretch",
        on_change=_switch,
        args=(save,),
    )


def _switch(save: Callable[[str], None]) -> None:
    code = st.session_state[_SWITCH]
    if code in LANGUAGES and code != language():
        set_language(code)
        save(code)
