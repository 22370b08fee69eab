"""One-time links: for the first admin of a new workspace, and for setting a password.

A link is a row like a session's, with purpose 'link': the secret goes into the address, the row keeps its SHA-256. It
is deleted in the transaction that uses it, so it works once.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from crm_core.access import Actor, Permission, Role
from crm_core.db.base import now
from crm_core.db.engine import Database
from crm_core.db.models import User, UserSession
from crm_core.errors import LinkInvalid, NotFound
from crm_core.records import passwords, sessions, throttle, users
from crm_core.records.sign_in import NewSession

FIRST_ADMIN_PATH = "/first-admin"
SET_PASSWORD_PATH = "/set-password"  # noqa: S105 (a path)
FIRST_ADMIN_LIFE = timedelta(hours=1)
INVITATION_LIFE = timedelta(days=3)

_IDLE = timedelta(hours=12)
_OVER = "This link was used already or is too old. Ask for a new one."


@dataclass(frozen=True)
class Invited:
    """Whom a link for setting a password is for."""

    email: str
    name: str


def offer_first_admin(database: Database, *, at: datetime | None = None) -> str | None:
    """The token of a link that creates the first admin, or None where there is an admin. Earlier links stop working."""
    if not is_admin_missing(database):  # nothing to write then: the database may be read-only
        return None
    with database.untracked() as session:
        session.execute(delete(UserSession).where(UserSession.purpose == "link", UserSession.user_id.is_(None)))
        return None if users.has_admin(session) else _link(session, None, FIRST_ADMIN_LIFE, at or now())


def is_admin_missing(database: Database) -> bool:
    """Whether nobody can sign in as admin."""
    with database.read() as session:
        return not users.has_admin(session)


def is_first_admin_link(database: Database, token: str, *, at: datetime | None = None) -> bool:
    """Whether the token can create the first admin now."""
    with database.read() as session:
        row = _find(session, token, at or now())
        return row is not None and row.user_id is None and not users.has_admin(session)


def create_first_admin(
    database: Database,
    *,
    token: str,
    name: str,
    email: str,
    password: str,
    language: str = "en",
    browser: str | None = None,
    idle: timedelta = _IDLE,
    at: datetime | None = None,
) -> NewSession:
    """Create the first admin and sign them in.

    Raises:
        LinkInvalid: the link was used, is too old or never was one, or there is an admin meanwhile.
        Invalid: by field: name, email, password; the link can be used again.
    """
    at = at or now()
    with database.untracked() as session:
        row = _find(session, token, at)
        if row is None or row.user_id is not None or users.has_admin(session) or not _use(session, row):
            raise LinkInvalid(_OVER)
        user = users.add(session, email=email, name=name, role=Role.ADMIN, password=password, language=language)
        new_token, signed_in = sessions.start(session, user, idle=idle, browser=browser, at=at)
    return NewSession(new_token, signed_in)


def invite(*, session: Session, actor: Actor, user_id: int, at: datetime | None = None) -> str:
    """The token of a link with which this account's owner sets a password; earlier links of theirs stop working."""
    actor.require(Permission.USERS_MANAGE)
    user = session.get(User, user_id)
    if user is None or not user.is_active:
        raise NotFound("There is no such account, or it is disabled.")
    session.execute(delete(UserSession).where(UserSession.purpose == "link", UserSession.user_id == user_id))
    return _link(session, user_id, INVITATION_LIFE, at or now())


def invited(database: Database, token: str, *, at: datetime | None = None) -> Invited | None:
    """Whom a link for setting a password is for, or None where it works no longer."""
    with database.read() as session:
        row = _find(session, token, at or now())
        user = session.get(User, row.user_id) if row is not None and row.user_id is not None else None
        return Invited(user.email, user.name) if user is not None and user.is_active else None


def accept(
    database: Database,
    *,
    token: str,
    password: str,
    browser: str | None = None,
    idle: timedelta = _IDLE,
    at: datetime | None = None,
) -> NewSession:
    """Set the password the link is for and sign its owner in; their other sessions end.

    Raises:
        LinkInvalid: the link was used, is too old or never was one, or the account is disabled.
        Invalid: field `password`; the link can be used again.
    """
    at = at or now()
    with database.untracked() as session:
        row = _find(session, token, at)
        user = session.get(User, row.user_id) if row is not None and row.user_id is not None else None
        if row is None or user is None or not user.is_active:
            raise LinkInvalid(_OVER)
        passwords.check_strength(password, email=user.email)
        if not _use(session, row):
            raise LinkInvalid(_OVER)
        user.password_hash = passwords.hash_password(password)
        sessions.end_all_of(session, user.id)
        throttle.forget(session, throttle.source(user.email, None))
        new_token, signed_in = sessions.start(session, user, idle=idle, browser=browser, at=at)
    return NewSession(new_token, signed_in)


def _link(session: Session, user_id: int | None, life: timedelta, at: datetime) -> str:
    token = secrets.token_urlsafe(32)
    session.add(
        UserSession(
            token_hash=sessions.token_hash(token),
            user_id=user_id,
            purpose="link",
            created_at=at,
            seen_at=at,
            expires_at=at + life,
        )
    )
    session.flush()
    return token


def _find(session: Session, token: str, at: datetime) -> UserSession | None:
    return session.scalars(
        select(UserSession).where(
            UserSession.token_hash == sessions.token_hash(token),
            UserSession.purpose == "link",
            UserSession.expires_at > at,
        )
    ).one_or_none()


def _use(session: Session, row: UserSession) -> bool:
    """Take the link away; False where someone else took it a moment ago."""
    session.expunge(row)
    result = session.execute(delete(UserSession).where(UserSession.id == row.id))
    return bool(result.rowcount)  # type: ignore[attr-defined]
