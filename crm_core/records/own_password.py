"""Changing one's own password."""

from __future__ import annotations

from datetime import datetime

from crm_core.access import Actor
from crm_core.db.base import now
from crm_core.db.engine import Database
from crm_core.db.models import User
from crm_core.errors import FieldError, Invalid, NotFound
from crm_core.records import passwords, sessions, throttle
from crm_core.records.sign_in import refuse_if_throttled


def change(
    database: Database,
    *,
    actor: Actor,
    old_password: str,
    new_password: str,
    address: str | None = None,
    keep: int | None = None,
    at: datetime | None = None,
) -> list[int]:
    """Change the actor's own password and end their sessions but the one to `keep`; the ended sessions' ids.

    Guesses of the old password are counted and slowed down like those at sign-in, since whoever sits at someone else's
    open browser could guess as well. It opens its own transactions for that: a refused try stays counted.

    Raises:
        Invalid: field `old_password` (wrong), field `password` (too easy).
        TooManyTries: too many wrong old passwords.
    """
    at = at or now()
    with database.read() as session:
        user = session.get(User, actor.user_id) if actor.user_id is not None else None
        if user is None:
            raise NotFound("There is no such account.")
        email, known_hash = user.email, user.password_hash
    passwords.check_strength(new_password, email=email)
    tried = throttle.source(email, address)
    refuse_if_throttled(database, tried, at=at)
    if not passwords.verify(known_hash, old_password):
        raise Invalid({"old_password": FieldError("The old password is wrong.")})
    new_hash = passwords.hash_password(new_password)
    with database.untracked() as session:
        user = session.get(User, actor.user_id)
        assert user is not None
        user.password_hash = new_hash
        throttle.forget(session, tried)
        return sessions.end_all_of(session, user.id, keep=keep)
