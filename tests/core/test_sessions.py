"""Sessions: how long they last, how they end, and what is kept of them."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from crm_core.access import Actor, Role
from crm_core.db.engine import Database
from crm_core.db.models import User, UserSession
from crm_core.errors import NotFound
from crm_core.records import sessions

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def person(database: Database, name: str = "Ada") -> Actor:
    with database.untracked() as session:
        user = User(email=f"{name.lower()}@example.com", name=name, role=Role.STAFF.value)
        session.add(user)
        session.flush()
        return Actor(user.id, name, Role.STAFF)


def begin(database: Database, actor: Actor, *, idle: timedelta = 12 * HOUR, at: datetime = START) -> tuple[str, int]:
    """A session's token and id."""
    with database.untracked() as session:
        user = session.get(User, actor.user_id)
        assert user is not None
        token, signed_in = sessions.start(session, user, idle=idle, browser="Firefox", at=at)
        return token, signed_in.session_id


def is_alive(database: Database, token: str | None, at: datetime = START) -> bool:
    return sessions.actor_for(database, token, at=at) is not None


def test_a_session_stands_for_its_person_role_and_language(database: Database) -> None:
    ada = person(database)
    token, session_id = begin(database, ada)
    assert sessions.actor_for(database, token, at=START) == sessions.SignedIn(ada, "ada@example.com", "en", session_id)


def test_only_the_digest_of_the_token_is_kept(database: Database) -> None:
    token, session_id = begin(database, person(database))
    with database.read() as session:
        row = session.get(UserSession, session_id)
        assert row is not None
        assert row.token_hash == hashlib.sha256(token.encode()).hexdigest()
        assert token not in repr(vars(row))


@pytest.mark.parametrize("token", [None, "", "x", "' OR 1=1 --", "\x00", "é" * 50, "a" * 10_000])
def test_no_token_and_garbage_stand_for_nobody(database: Database, token: str | None) -> None:
    begin(database, person(database))
    assert not is_alive(database, token)


def test_the_digest_itself_opens_nothing(database: Database) -> None:
    token, _ = begin(database, person(database))
    assert not is_alive(database, sessions.token_hash(token))


def test_a_one_time_link_is_no_session(database: Database) -> None:
    token, session_id = begin(database, person(database))
    with database.untracked() as session:
        session.execute(update(UserSession).where(UserSession.id == session_id).values(purpose="link"))
    assert not is_alive(database, token)


def test_a_session_ends_when_it_is_not_used_for_its_idle_time(database: Database) -> None:
    token, _ = begin(database, person(database), idle=12 * HOUR)
    assert is_alive(database, token, START + 12 * HOUR - timedelta(seconds=1))
    untouched, _ = begin(database, person(database, "Bo"), idle=12 * HOUR)
    assert not is_alive(database, untouched, START + 12 * HOUR)


def test_each_use_moves_the_end_on_by_the_idle_time(database: Database) -> None:
    token, _ = begin(database, person(database), idle=2 * HOUR)
    for hours in range(1, 10):
        assert is_alive(database, token, START + hours * HOUR)
    assert not is_alive(database, token, START + 11 * HOUR)


def test_no_session_lasts_longer_than_thirty_days_however_much_it_is_used(database: Database) -> None:
    token, _ = begin(database, person(database), idle=12 * HOUR)
    at = START
    while at + 6 * HOUR < START + 30 * DAY:
        at += 6 * HOUR
        assert is_alive(database, token, at)
    assert is_alive(database, token, START + 30 * DAY - timedelta(seconds=1))
    assert not is_alive(database, token, START + 30 * DAY)


def test_the_use_is_noted_at_most_once_a_minute(database: Database) -> None:
    token, session_id = begin(database, person(database))

    def seen_at() -> datetime:
        with database.read() as session:
            return session.scalars(select(UserSession.seen_at).where(UserSession.id == session_id)).one()

    assert is_alive(database, token, START + timedelta(seconds=59))
    assert seen_at() == START
    assert is_alive(database, token, START + timedelta(seconds=60))
    assert seen_at() == START + timedelta(seconds=60)


def test_a_long_import_delays_nobody_who_is_signed_in(database: Database) -> None:
    token, _ = begin(database, person(database))
    assert database.path is not None
    importing = sqlite3.connect(database.path, isolation_level=None)
    importing.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    assert is_alive(database, token, START + HOUR)
    assert time.monotonic() - started < 2, "it must not wait for the writer"
    importing.execute("ROLLBACK")
    importing.close()
    with database.untracked() as session:  # and the connection waits again as before
        assert session.connection().exec_driver_sql("PRAGMA busy_timeout").scalar() == 10_000


def test_a_disabled_person_has_no_session(database: Database) -> None:
    ada = person(database)
    token, _ = begin(database, ada)
    with database.untracked() as session:
        session.execute(update(User).values(is_active=False))
    assert not is_alive(database, token)


def test_signing_out_ends_this_session_only(database: Database) -> None:
    ada = person(database)
    (here, here_id), (elsewhere, _) = begin(database, ada), begin(database, ada)
    assert sessions.sign_out(database, here) == here_id
    assert not is_alive(database, here)
    assert is_alive(database, elsewhere)
    assert sessions.sign_out(database, here) is None
    assert sessions.sign_out(database, None) is None


def test_signing_out_everywhere_ends_all_of_ones_own_sessions_and_nobody_elses(database: Database) -> None:
    ada, bo = person(database), person(database, "Bo")
    (one, one_id), (two, two_id), (other, _) = begin(database, ada), begin(database, ada), begin(database, bo)
    with database.untracked() as session:
        ended = sessions.sign_out_everywhere(session=session, actor=ada)
    assert sorted(ended) == [one_id, two_id]
    assert not is_alive(database, one)
    assert not is_alive(database, two)
    assert is_alive(database, other)


def test_signing_out_everywhere_else_keeps_this_one(database: Database) -> None:
    ada = person(database)
    (here, here_id), (elsewhere, elsewhere_id) = begin(database, ada), begin(database, ada)
    with database.untracked() as session:
        assert sessions.sign_out_everywhere(session=session, actor=ada, keep=here_id) == [elsewhere_id]
    assert is_alive(database, here)
    assert not is_alive(database, elsewhere)


def test_one_sees_ones_own_browsers_the_one_used_last_first(database: Database) -> None:
    ada, bo = person(database), person(database, "Bo")
    _, first = begin(database, ada)
    _, second = begin(database, ada, at=START + HOUR)
    begin(database, bo)
    begin(database, ada, at=START - 2 * DAY)  # over
    with database.read() as session:
        found = sessions.list_own(session=session, actor=ada, at=START + HOUR)
    assert [(one.session_id, one.browser) for one in found] == [(second, "Firefox"), (first, "Firefox")]


def test_one_ends_ones_own_session_and_no_one_elses(database: Database) -> None:
    ada, bo = person(database), person(database, "Bo")
    (mine, mine_id), (other, other_id) = begin(database, ada), begin(database, bo)
    with database.untracked() as session, pytest.raises(NotFound, match=r"^This browser is signed out already\.$"):
        sessions.end_own(session=session, actor=ada, session_id=other_id)
    assert is_alive(database, other)
    with database.untracked() as session:
        sessions.end_own(session=session, actor=ada, session_id=mine_id)
    assert not is_alive(database, mine)


def test_of_several_sessions_those_that_ended_are_found(database: Database) -> None:
    ada, bo = person(database), person(database, "Bo")
    (token, gone), (_, stays) = begin(database, ada), begin(database, ada)
    _, over = begin(database, ada, idle=HOUR)
    _, disabled = begin(database, bo)
    sessions.sign_out(database, token)
    with database.untracked() as session:
        session.execute(update(User).where(User.name == "Bo").values(is_active=False))
    assert sessions.alive(database, {gone, stays, over, disabled, 4711}, at=START + 2 * HOUR) == {stays}


def test_rows_of_what_is_over_are_removed_and_the_others_stay(database: Database) -> None:
    ada = person(database)
    begin(database, ada, idle=HOUR)
    token, _ = begin(database, ada)
    sessions.prune(database, at=START + HOUR)
    with database.read() as session:
        assert len(session.scalars(select(UserSession)).all()) == 1
    assert is_alive(database, token, START + HOUR)
