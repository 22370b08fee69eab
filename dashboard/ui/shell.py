"""The frame around every page: logo, navigation's foot with person and language, sign-out."""

from __future__ import annotations

from html import escape
from pathlib import Path

import streamlit as st

from crm_core.records import users
from dashboard import nav, session
from dashboard.i18n import _, language, language_switch
from dashboard.scripts import LANGUAGE_PATH
from dashboard.ui.choices import reassert

SIGN_OUT = "all: unset; cursor: pointer; font-size: 0.875rem; opacity: 0.75; padding: 0.25rem 0"
WRAPPED = "<style>[data-testid=stMain] [data-testid=stPageLink-NavLink] *{white-space:normal;overflow:visible}</style>"
"""A link's text goes on in the next line where it is too long for a phone; without it the end is cut off."""
STATIC = Path(__file__).resolve().parent.parent / "static"
ICON = str(STATIC / "icon.svg")


def frame() -> None:
    """Draw what stays the same from page to page."""
    st.logo(str(STATIC / "logo.svg"), icon_image=ICON, size="large")
    with st.sidebar:
        st.space("stretch")
        language_switch(_save_language)
        _person()
        if session.workspace().is_demo:
            st.caption(_("Demo workspace: every name, address and order is invented."))


def _save_language(language: str) -> None:
    workspace = session.workspace()
    with workspace.database.untracked() as database_session:
        users.set_language(session=database_session, actor=session.actor(), language=language)
    reassert()


def _person() -> None:
    signed_in = session.signed_in()
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        account = nav.page("account")
        st.page_link(account, label=signed_in.actor.name, icon=":material/account_circle:")
        st.html(
            f'<form method="post" action="/sign-out"><button style="{SIGN_OUT}">{escape(_("Sign out"))}</button></form>'
            f'<script src="{LANGUAGE_PATH}" data-language="{language().replace("_", "-")}"></script>{WRAPPED}',
            unsafe_allow_javascript=True,
        )
