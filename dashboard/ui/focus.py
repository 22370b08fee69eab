"""Put the cursor into a field, which Streamlit has no parameter for."""

from __future__ import annotations

import re
from html import escape

import streamlit as st

from dashboard.scripts import FOCUS_PATH


def focus(key: str) -> None:
    """Put the cursor into the widget with this key, and the widget where it can be seen.

    The script is a file of this server, since the security policy allows no inline ones; it reads which widget from
    its own tag.
    """
    name = re.sub(r"[^a-zA-Z0-9_-]", "-", key.strip())  # as Streamlit writes a key into the class of its element
    st.html(f'<script src="{FOCUS_PATH}" data-field="st-key-{escape(name)}"></script>', unsafe_allow_javascript=True)
