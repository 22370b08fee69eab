"""The parts of the account page."""

from __future__ import annotations

import streamlit as st

from crm_core.access import Role
from crm_core.errors import CrmError, Invalid
from crm_core.records import own_password, sessions
from crm_core.translation import N_, translate_field
from dashboard import session
from dashboard.i18n import _, fmt, texts
from dashboard.ui import drawing
from dashboard.ui.plain import plain, plain_error

__all__ = ["browsers", "password_form", "plain", "role_name"]

BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
"""Signs in a User-Agent header, the most telling first: Edge also says Chrome and Safari."""
ROLES = {
    Role.ADMIN: N_("Administrator"),
    Role.MANAGER: N_("Manager"),
    Role.MARKETING: N_("Marketing"),
    Role.SUPPORT: N_("Support"),
    Role.STAFF: N_("Staff"),
}


def role_name(role: Role) -> str:
    """The role in the reader's language."""
    return _(ROLES[role])


def password_form() -> None:
    """Change one's own password, with the old one."""
    with st.form("password", clear_on_submit=True):
        old = st.text_input(_("Current password"), type="password", key="password.old", autocomplete="current-password")
        new = st.text_input(
            _("New password"),
            type="password",
            key="password.new",
            autocomplete="new-password",
            help=_("At least 10 characters; a few words work well."),
        )
        again = st.text_input(
            _("New password again"), type="password", key="password.again", autocomplete="new-password"
        )
        sent = st.form_submit_button(_("Change password"), type="primary")
    if not sent:
        return
    if new != again:
        st.error(_("The two new passwords differ."), icon=":material/error:")
        return
    try:
        own_password.change(
            session.workspace().database,
            actor=session.actor(),
            old_password=old or "",
            new_password=new or "",
            address=st.context.ip_address,
            keep=session.signed_in().session_id,
        )
    except Invalid as error:
        for problem in error.fields.values():
            st.error(translate_field(problem, texts()), icon=":material/error:")
    except CrmError as error:
        st.error(plain_error(error), icon=":material/error:")
    else:
        st.success(_("The password was changed; other browsers were signed out."), icon=":material/check_circle:")


def browsers() -> None:
    """Every browser signed in with this account, and the way to end them."""
    here = session.signed_in().session_id
    with session.workspace().read() as database_session:
        found = sessions.list_own(session=database_session, actor=session.actor())
    for item in found:
        with drawing.row(f"browser_{item.session_id}"):
            name = plain(browser_name(item.browser))
            seen = _("used {time}", time=fmt().instant(item.seen_at))
            st.markdown(f"{name}  \n:gray[{seen}]", width="content")
            if item.session_id == here:
                st.badge(_("this browser"), color="blue")
            else:
                st.button(_("Sign out"), key=f"end_{item.session_id}", on_click=_end, args=(item.session_id,))
    if len(found) > 1:
        st.button(
            _("Sign out everywhere else"), key="end_all", icon=":material/logout:", on_click=_end_all, args=(here,)
        )


def browser_name(user_agent: str | None) -> str:
    """What a person calls the browser of a User-Agent header: Firefox on Windows."""
    agent = user_agent or ""
    browser = next((name for sign, name in BROWSERS if sign in agent), None)
    system = next((name for sign, name in SYSTEMS if sign in agent), None)
    if browser is None:
        return _("Unknown browser")
    return _("{browser} on {system}", browser=browser, system=system) if system else browser


def _end(session_id: int) -> None:
    with session.workspace().database.untracked() as database_session:
        sessions.end_own(session=database_session, actor=session.actor(), session_id=session_id)


def _end_all(keep: int) -> None:
    with session.workspace().database.untracked() as database_session:
        sessions.sign_out_everywhere(session=database_session, actor=session.actor(), keep=keep)
