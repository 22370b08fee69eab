"""Which record a page is about: the one its address names, or the one opened last."""

from __future__ import annotations

import streamlit as st


def wanted(page: str) -> int | None:
    """The key in the address; the last one opened on this page where it names none; None before the first."""
    given = st.query_params.get("id")
    if given is None and f"{page}.id" in st.session_state:
        given = str(st.session_state[f"{page}.id"])
        st.query_params["id"] = given
    if given is None or not given.isdecimal():
        return None
    st.session_state[f"{page}.id"] = int(given)
    return int(given)
