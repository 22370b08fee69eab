"""The column of a table whose words open the record of their row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard import nav


def opening_column(
    label: str, *, key: str, page: str, ids: Sequence[int], is_pinned: bool = True, width: int | None = None
) -> Any:
    """A column of buttons; a click opens `page` with the id of its row.

    Args:
        key: of the table; the click is kept under `key.open`.
        ids: of the rows, in the table's order.
    """
    return st.column_config.ButtonColumn(
        label,
        on_click=_open,
        args=(f"{key}.open", page, ids),
        key=f"{key}.open",
        type="tertiary",
        alignment="left",
        pinned=is_pinned,
        width=width,
    )


def _open(click_key: str, page: str, ids: Sequence[int]) -> None:
    click = st.session_state[click_key]
    if click is not None:
        st.switch_page(nav.page(page), query_params={"id": str(ids[click.row])})
