"""Your account: password, and the browsers you are signed in with."""

import streamlit as st

from dashboard import session, ui
from dashboard.i18n import _
from dashboard.ui import account as parts

ui.page("account")
signed_in = session.signed_in()
st.caption(
    f"{parts.plain(signed_in.actor.name)} · {parts.plain(signed_in.email)} · {parts.role_name(signed_in.actor.role)}"
)

left, right = st.columns(2, gap="large")
with left:
    st.subheader(_("Change your password"), anchor=False)
    parts.password_form()
with right:
    st.subheader(_("Browsers you are signed in with"), anchor=False)
    parts.browsers()
