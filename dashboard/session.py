"""This run's workspace, who is signed in, and how they leave."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from crm_core.access import Actor
from crm_core.config import load_settings
from crm_core.records import sessions
from crm_core.records.sessions import SignedIn
from crm_core.workspace import Workspace
from dashboard.redirect import SIGN_IN_AGAIN, send_browser_to


@st.cache_resource(show_spinner=False, on_release=lambda workspace: workspace.close())
def workspace() -> Workspace:
    """The workspace this process serves, opened once."""
    return Workspace.open(load_settings(), create=True)


def require_signed_in() -> SignedIn:
    """Who is signed in; checked anew on every run, so that a session ended elsewhere ends here too."""
    signed_in = sessions.actor_for(workspace().database, st.context.cookies.get(sessions.COOKIE))
    if signed_in is None:
        _leave()
    before: SignedIn | None = st.session_state.get("signed_in")
    if before is not None and before.session_id != signed_in.session_id:
        st.session_state.clear()  # a tab that slept through a sign-out and the next person's sign-in keeps nothing
    st.session_state["signed_in"] = signed_in
    return signed_in


def signed_in() -> SignedIn:
    """Who is signed in, as this run found at its start."""
    found: SignedIn = st.session_state["signed_in"]
    return found


def actor() -> Actor:
    """The actor of this run's service calls."""
    return signed_in().actor


def _leave() -> NoReturn:
    st.session_state.clear()
    send_browser_to(SIGN_IN_AGAIN)
    st.stop()
