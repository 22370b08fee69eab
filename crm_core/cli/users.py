"""`rapport users`: who may sign in."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from crm_core.access import SYSTEM, Role
from crm_core.cli.app import app
from crm_core.cli.output import JsonOption, emit, opened
from crm_core.cli.serve import public_address
from crm_core.config import Settings
from crm_core.records import links, users
from crm_core.records.users import Account

users_app = typer.Typer(help="Add, list and disable accounts.", no_args_is_help=True)
app.add_typer(users_app, name="users")

_HOW_LONG = f"works once, for {links.INVITATION_LIFE.days} days"


@users_app.command()
def add(
    email: Annotated[str, typer.Argument(help="The address to sign in with.")],
    name: Annotated[str, typer.Option(help="How they are called here.")],
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.STAFF,
    sees_only_own: Annotated[
        bool, typer.Option("--own-customers", help="Show them only the customers they own.")
    ] = False,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read a password from standard input.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Add an account; without a password, print a link with which its owner sets one."""
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    with opened() as workspace:
        with workspace.database.untracked() as session:
            account = users.create(
                session=session, actor=SYSTEM, email=email, name=name, role=role,
                password=password, sees_only_own=sees_only_own,
            )  # fmt: skip
            token = links.invite(session=session, actor=SYSTEM, user_id=account.user_id) if password is None else None
        link = _link(workspace.settings, token) if token is not None else None
    text = f"{account.name} can sign in as {account.email} ({account.role})."
    if link is not None:
        text = f"{account.name} sets a password here ({_HOW_LONG}):\n{link}"
    emit({**_plain(account), "link": link}, as_json=as_json, text=text)


@users_app.command("list")
def list_all(as_json: JsonOption = False) -> None:
    """List every account."""
    with opened() as workspace, workspace.read() as session:
        accounts = users.list_all(session=session, actor=SYSTEM)
    lines = [f"{account.email:<40} {account.role:<10} {_state(account):<14} {account.name}" for account in accounts]
    emit(
        {"users": [_plain(account) for account in accounts]},
        as_json=as_json,
        text="\n".join(lines) or "No accounts yet.",
    )


@users_app.command()
def disable(email: Annotated[str, typer.Argument(help="Whose account.")], as_json: JsonOption = False) -> None:
    """Keep an account from signing in and end its sessions."""
    with opened() as workspace, workspace.database.untracked() as session:
        account = users.get_by_email(session=session, actor=SYSTEM, email=email)
        account = users.disable(session=session, actor=SYSTEM, user_id=account.user_id)
    emit(_plain(account), as_json=as_json, text=f"{account.email} can no longer sign in.")


@users_app.command()
def enable(email: Annotated[str, typer.Argument(help="Whose account.")], as_json: JsonOption = False) -> None:
    """Let a disabled account sign in again."""
    with opened() as workspace, workspace.database.untracked() as session:
        account = users.get_by_email(session=session, actor=SYSTEM, email=email)
        account = users.enable(session=session, actor=SYSTEM, user_id=account.user_id)
    emit(_plain(account), as_json=as_json, text=f"{account.email} can sign in again.")


@users_app.command()
def link(email: Annotated[str, typer.Argument(help="Whose account.")], as_json: JsonOption = False) -> None:
    """Print a link with which the account's owner sets a new password."""
    with opened() as workspace:
        with workspace.database.untracked() as session:
            account = users.get_by_email(session=session, actor=SYSTEM, email=email)
            token = links.invite(session=session, actor=SYSTEM, user_id=account.user_id)
        address = _link(workspace.settings, token)
    text = f"{account.name} sets a password here ({_HOW_LONG}):\n{address}"
    emit({**_plain(account), "link": address}, as_json=as_json, text=text)


def _plain(account: Account) -> dict[str, Any]:
    return {
        "user_id": account.user_id,
        "email": account.email,
        "name": account.name,
        "role": account.role.value,
        "is_active": account.is_active,
        "has_password": account.has_password,
        "sees_only_own": account.sees_only_own,
        "created_at": account.created_at,
        "seen_at": account.seen_at,
    }


def _state(account: Account) -> str:
    if not account.is_active:
        return "disabled"
    return "active" if account.has_password else "no password"


def _link(settings: Settings, token: str) -> str:
    return f"{public_address(settings)}{links.SET_PASSWORD_PATH}?token={token}"
