"""Signed-in browsers: a random token in a cookie, its SHA-256 in a row; who it stands for, and how it ends.

A session ends 30 days after sign-in at the latest, and earlier when it is not used for as long as the workspace allows
(`Settings.session_hours`). The row keeps the end of its current allowance in `expires_at`; each use moves it on by the
same length, so one comparison says whether a session is alive.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from crm_core.access import EVERYTHING, Actor, Role, Scope
from crm_core.db.base import now
from crm_core.db.engine import Database
from crm_core.db.models import User, UserSession
from crm_core.errors import NotFound, StorageFailed

COOKIE = "rapport_session"
LONGEST = timedelta(days=30)
TOUCH_EVERY = timedelta(minutes=1)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SignedIn:
    """Who a session stands for."""

    actor: Actor
    email: str
    language: str
    session_id: int


@dataclass(frozen=True)
class OpenSession:
    """One browser a person is signed in with."""

    session_id: int
    browser: str | None
    created_at: datetime
    seen_at: datetime


def token_hash(token: str) -> str:
    """What is kept of a token. It is random, so one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def start(session: Session, user: User, *, idle: timedelta, browser: str | None, at: datetime) -> tuple[str, SignedIn]:
    """Begin a session of this user that ends after `idle` without use; the cookie's token, and who it stands for."""
    token = secrets.token_urlsafe(32)
    row = UserSession(
        token_hash=token_hash(token),
        user_id=user.id,
        created_at=at,
        seen_at=at,
        expires_at=min(at + idle, at + LONGEST),
        browser=(browser or "")[:200] or None,
    )
    session.add(row)
    session.flush()
    return token, _signed_in(user, row.id)


def actor_for(database: Database, token: str | None, *, at: datetime | None = None) -> SignedIn | None:
    """Who this cookie's session stands for, or None where it is missing, unknown, ended, too old or disabled.

    One query by a unique key; at most once a minute the row notes that it was used.
    """
    if not token:
        return None
    at = at or now()
    with database.read() as session:
        found = session.execute(
            select(UserSession, User)
            .join(User, User.id == UserSession.user_id)
            .where(
                UserSession.token_hash == token_hash(token),
                UserSession.purpose == "session",
                UserSession.expires_at > at,
                User.is_active.is_(True),
            )
        ).one_or_none()
        if found is None:
            return None
        row, user = found
        signed_in = _signed_in(user, row.id)
    if at - row.seen_at >= TOUCH_EVERY:
        _touch(database, row, at)
    return signed_in


def alive(database: Database, session_ids: Collection[int], *, at: datetime | None = None) -> set[int]:
    """Those of these sessions that still stand for someone."""
    with database.read() as session:
        return set(
            session.scalars(
                select(UserSession.id)
                .join(User, User.id == UserSession.user_id)
                .where(
                    UserSession.id.in_(session_ids),
                    UserSession.expires_at > (at or now()),
                    User.is_active.is_(True),
                )
            )
        )


def sign_out(database: Database, token: str | None) -> int | None:
    """End the cookie's session; its id, or None where it had ended already."""
    if not token:
        return None
    with database.untracked() as session:
        row = session.scalars(
            select(UserSession).where(UserSession.token_hash == token_hash(token), UserSession.purpose == "session")
        ).one_or_none()
        if row is None:
            return None
        session.delete(row)
        return row.id


def sign_out_elsewhere(database: Database, token: str | None) -> list[int]:
    """End every other session of the person this cookie's session stands for; their ids."""
    signed_in = actor_for(database, token)
    if signed_in is None:
        return []
    with database.untracked() as session:
        return sign_out_everywhere(session=session, actor=signed_in.actor, keep=signed_in.session_id)


def list_own(*, session: Session, actor: Actor, at: datetime | None = None) -> list[OpenSession]:
    """The browsers the actor is signed in with, the one used last first."""
    rows = session.scalars(
        select(UserSession)
        .where(
            UserSession.user_id == actor.user_id,
            UserSession.purpose == "session",
            UserSession.expires_at > (at or now()),
        )
        .order_by(UserSession.seen_at.desc(), UserSession.id.desc())
    )
    return [OpenSession(row.id, row.browser, row.created_at, row.seen_at) for row in rows]


def end_own(*, session: Session, actor: Actor, session_id: int) -> None:
    """Sign one of the actor's browsers out; raise NotFound for a session that is not theirs."""
    row = session.get(UserSession, session_id)
    if row is None or row.user_id != actor.user_id or row.purpose != "session":
        raise NotFound("This browser is signed out already.")
    session.delete(row)
    session.flush()


def sign_out_everywhere(*, session: Session, actor: Actor, keep: int | None = None) -> list[int]:
    """End every session of the actor but the one to `keep`; their ids."""
    assert actor.user_id is not None, "the command line has no sessions"
    return end_all_of(session, actor.user_id, keep=keep)


def end_all_of(session: Session, user_id: int, *, keep: int | None = None) -> list[int]:
    """End every session and one-time link of a user; the sessions' ids."""
    rows = session.scalars(
        select(UserSession).where(UserSession.user_id == user_id, UserSession.id != (keep or 0))
    ).all()
    for row in rows:
        session.delete(row)
    session.flush()
    return [row.id for row in rows if row.purpose == "session"]


def prune(database: Database, *, at: datetime | None = None) -> None:
    """Remove the rows of sessions and links that are over."""
    with database.untracked() as session:
        session.execute(delete(UserSession).where(UserSession.expires_at <= (at or now())))


def _signed_in(user: User, session_id: int) -> SignedIn:
    scope = Scope(owner_id=user.id) if user.sees_only_own else EVERYTHING
    actor = Actor(user_id=user.id, name=user.name, role=Role(user.role), scope=scope)
    return SignedIn(actor=actor, email=user.email, language=user.language, session_id=session_id)


def _touch(database: Database, row: UserSession, at: datetime) -> None:
    """Note the use. A long import or a read-only disk may prevent it; reading goes on and the next use tries again."""
    expires_at = min(at + (row.expires_at - row.seen_at), row.created_at + LONGEST)
    try:
        with database.untracked_if_free() as session:
            session.execute(
                update(UserSession).where(UserSession.id == row.id).values(seen_at=at, expires_at=expires_at)
            )
    except StorageFailed as error:
        _log.info("the use of session %s is not noted: %s", row.id, error)
