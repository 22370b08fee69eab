"""Users: who may sign in, in which role; add, change, disable."""

import streamlit as st

from crm_core.records import users
from dashboard import session, ui
from dashboard.i18n import _, ngettext
from dashboard.ui import users as parts

page = ui.page("users")
actor = session.actor()

with session.workspace().read() as database_session:
    accounts = users.list_all(session=database_session, actor=actor)

parts.handed_link()
active = sum(account.is_active for account in accounts)
with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
    st.caption(ngettext("{n} active account", "{n} active accounts", active), width="content")
    with st.popover(
        _("Add an account"), icon=":material/person_add:", type="primary", key=f"users_add_{parts.form_round()}"
    ):
        parts.add_form()

for account in accounts:
    parts.row(account, is_self=account.user_id == actor.user_id)

with st.expander(_("What each role may do"), icon=":material/key:"):
    parts.roles()
