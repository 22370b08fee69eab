"""The parts of the Users page: an account's row, the form for a new one, the link to hand over, the table of roles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from crm_core.access import PERMISSIONS, Permission, Role
from crm_core.errors import CrmError, Invalid
from crm_core.records import links, users
from crm_core.records.users import Account
from crm_core.translation import N_, translate_field
from dashboard import session
from dashboard.i18n import _, fmt, language, texts
from dashboard.ui import drawing
from dashboard.ui.account import role_name
from dashboard.ui.plain import plain, plain_error, unlinked

LINK = "users.link"
FORM_ROUND = "users.round"
ABILITIES = {
    Permission.CUSTOMERS_EDIT: N_("See and edit customers"),
    Permission.KPIS_VIEW: N_("See key figures"),
    Permission.TARGETS_EDIT: N_("Set targets"),
    Permission.SEGMENTS_VIEW: N_("See segments"),
    Permission.CUSTOMERS_EXPORT: N_("Export customers"),
    Permission.RECORDS_EXPORT: N_("Export other lists"),
    Permission.RECORDS_BULK_EDIT: N_("Change many records at once"),
    Permission.VIEWS_SHARE: N_("Share views of lists"),
    Permission.IMPORTS_RUN: N_("Import orders"),
    Permission.HISTORY_UNDO_ANY: N_("Undo changes of others"),
    Permission.USERS_MANAGE: N_("Manage accounts"),
}
"""What tells the roles apart, in the order of the table."""


def handed_link() -> None:
    """The one-time link just made, until it is put away: it is shown nowhere else."""
    made: tuple[str, str] | None = st.session_state.get(LINK)
    if made is None:
        return
    name, address = made
    with st.container(border=True, key="users_link"):
        said = _(
            "Send this link to {name}. It sets their password, works once, and for {days} days.",
            name=plain(name),
            days=links.INVITATION_LIFE.days,
        )
        st.markdown(f":material/key: {said}")
        st.code(address, language=None, wrap_lines=True)
        st.button(
            _("Done"), key="users.link.done", icon=":material/check:", on_click=st.session_state.pop, args=(LINK,)
        )


def form_round() -> int:
    """Which new account the form is at: a new round empties it and folds it away, a refusal keeps it as it is."""
    return int(st.session_state.get(FORM_ROUND, 0))


def add_form() -> None:
    """Name, e-mail and role of a new account."""
    turn = form_round()
    with st.form(f"users.add.{turn}", border=False):
        name = st.text_input(f"{_('Name')} :red[*]", key=f"users.name.{turn}", autocomplete="off")
        email = st.text_input(
            f"{_('E-mail')} :red[*]", key=f"users.email.{turn}", autocomplete="off", placeholder="name@example.com"
        )
        role = st.selectbox(_("Role"), list(Role), index=len(Role) - 1, format_func=role_name, key=f"users.role.{turn}")
        only_own = st.checkbox(_("Sees only the customers they own"), key=f"users.own.{turn}")
        sent = st.form_submit_button(_("Add and make a link"), type="primary")
    if not sent:
        return
    try:
        with session.workspace().database.untracked() as database_session:
            account = users.create(
                session=database_session,
                actor=session.actor(),
                email=email or "",
                name=name or "",
                role=role or Role.STAFF,
                sees_only_own=only_own,
                language=language(),
            )
            token = links.invite(session=database_session, actor=session.actor(), user_id=account.user_id)
    except CrmError as error:
        _refused(error, st.error)
        return
    st.session_state[LINK] = (account.name, link_address(token))
    st.session_state[FORM_ROUND] = turn + 1
    st.rerun()


def row(account: Account, *, is_self: bool) -> None:
    """One account, and what can be done with it; one's own is changed by someone else, so that nobody locks themselves
    out by a slip."""
    with drawing.row(f"user_{account.user_id}"):
        seen = _("used {time}", time=fmt().instant(account.seen_at)) if account.seen_at else _("never signed in")
        badges = _badges(account, is_self=is_self)
        st.markdown(f"**{plain(account.name)}** {badges}  \n:gray[{plain(account.email)} · {seen}]", width="content")
        with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
            _controls(account, is_self=is_self)


def _badges(account: Account, *, is_self: bool) -> str:
    found = {
        "blue": _("you") if is_self else "",
        "gray": "" if account.is_active else _("disabled"),
        "orange": _("no password yet") if account.is_active and not account.has_password else "",
        "violet": _("own customers only") if account.sees_only_own else "",
    }
    return " ".join(f":{color}-badge[{text}]" for color, text in found.items() if text)


def _controls(account: Account, *, is_self: bool) -> None:
    key = f"users.role_of.{account.user_id}"
    st.session_state[key] = account.role  # as it is: a refused change does not stay on the screen
    st.selectbox(
        _("Role of {name}", name=plain(account.name)),
        list(Role),
        format_func=role_name,
        key=key,
        label_visibility="collapsed",
        width=160,
        disabled=is_self or not account.is_active,
        on_change=_set_role,
        args=(account.user_id, key),
    )
    if not account.is_active:
        _button(_("Enable"), ":material/lock_open:", account, users.enable, is_off=False)
        return
    st.button(
        _("New link"),
        key=f"users.link_of.{account.user_id}",
        icon=":material/key:",
        help=_("A link with which they set a new password"),
        on_click=_new_link,
        args=(account,),
    )
    _button(_("Disable"), ":material/block:", account, users.disable, is_off=is_self)


def _button(label: str, icon: str, account: Account, change: Callable[..., Any], *, is_off: bool) -> None:
    st.button(
        label,
        key=f"users.switch.{account.user_id}",
        icon=icon,
        disabled=is_off,
        on_click=_do,
        args=(change,),
        kwargs={"user_id": account.user_id},
    )


def _set_role(user_id: int, key: str) -> None:
    _do(users.set_role, user_id=user_id, role=st.session_state[key])


def _new_link(account: Account) -> None:
    token = _do(links.invite, user_id=account.user_id)
    if token is not None:
        st.session_state[LINK] = (account.name, link_address(token))


def _do(change: Callable[..., Any], **values: Any) -> Any:
    """Make one change; a refusal is said in words and changes nothing."""
    try:
        with session.workspace().database.untracked() as database_session:
            return change(session=database_session, actor=session.actor(), **values)
    except CrmError as error:
        _refused(error, st.toast)
        return None


def _refused(error: CrmError, show: Callable[..., Any]) -> None:
    said = [translate_field(item, texts()) for item in error.fields.values()] if isinstance(error, Invalid) else []
    for text in [unlinked(text) for text in said] or [plain_error(error)]:
        show(text, icon=":material/error:")


def link_address(token: str) -> str:
    """The address to hand over: where people reach this server, else where this reader does."""
    here = urlsplit(st.context.url or "")
    base = session.workspace().settings.public_url or f"{here.scheme}://{here.netloc}"
    return f"{base.rstrip('/')}{links.SET_PASSWORD_PATH}?token={token}"


def roles() -> None:
    """Which role may do what."""
    head = "| |" + "|".join(role_name(role) for role in Role) + "|\n|---|" + ":-:|" * len(Role)
    lines = [
        f"| {_(text)} |" + "|".join(":material/check:" if ability in PERMISSIONS[role] else " " for role in Role) + "|"
        for ability, text in ABILITIES.items()
    ]
    st.markdown("\n".join([head, *lines]))
