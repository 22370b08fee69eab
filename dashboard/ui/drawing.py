"""Charts and tables on a page: the reader's language and theme, alternative text, the numbers behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.i18n import _, language, plotly_config


def is_dark() -> bool:
    """Whether the reader's theme is dark."""
    return st.context.theme.type == "dark"


def chart(
    figure: Any,
    *,
    key: str,
    alt: str,
    table: pd.DataFrame | None = None,
    on_select: Any = None,
    least_width: int | None = None,
) -> Any:
    """A chart; with `table`, its numbers can be opened below it: words in the first column, numbers in the others.

    On a screen narrower than `least_width` pixels it keeps that width and moves inside its own box.
    """
    if least_width is not None:
        box = f".st-key-{key}"
        st.html(
            f"<style>{box}{{overflow-x:auto}}{box}>[data-testid=stFullScreenFrame]{{min-width:{least_width}px}}</style>"
        )
    selection: dict[str, Any] = {} if on_select is None else {"on_select": on_select, "selection_mode": "points"}
    state = st.plotly_chart(figure, key=key, config=plotly_config(language()), theme=None, alt=alt, **selection)
    if table is not None:
        with st.popover(_("Numbers"), icon=":material/table:", type="tertiary", key=f"{key}_numbers"):
            grid(table, key=f"{key}_table", alt=alt, right=table.columns[1:])
    return state


def grid(
    frame: pd.DataFrame,
    *,
    key: str,
    alt: str,
    columns: Mapping[str, Any] | None = None,
    right: Iterable[str] = (),
    height: Any = "auto",
) -> Any:
    """A table; the columns named in `right` hold numbers already put into words, and are aligned as numbers are."""
    config = {name: st.column_config.TextColumn(alignment="right") for name in right} | dict(columns or {})
    return st.dataframe(frame, key=key, alt=alt, hide_index=True, column_config=config, height=height, lazy=False)


def row(key: str) -> Any:
    """A bordered row of a list: what it is at the left, what can be done with it at the right."""
    return st.container(
        border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key=key
    )


def empty(title: str, text: str, *, icon: str = ":material/inbox:") -> Any:
    """What would be here, and how to get it; the container returned takes the way there."""
    box = st.container(border=True, horizontal_alignment="center", gap="xsmall")
    with box:
        st.markdown(f"#### {icon} {title}", text_alignment="center")
        st.markdown(text, text_alignment="center")
    return box
