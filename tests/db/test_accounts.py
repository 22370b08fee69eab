"""Accounts, sessions and throttling are the same on every database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crm_core.access import SYSTEM, Role
from crm_core.db.engine import Database
from crm_core.errors import Invalid, LinkInvalid, SignInFailed, TooManyTries
from crm_core.records import links, sessions, users
from crm_core.records.sign_in import sign_in

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"


def test_from_the_first_admin_to_the_last_session(any_database: Database) -> None:
    database = any_database
    token = links.offer_first_admin(database, at=START)
    assert token is not None
    made = links.create_first_admin(
        database, token=token, name="Ada 阿达", email="Ada@example.com", password=PASSWORD, at=START
    )
    with pytest.raises(LinkInvalid):
        links.create_first_admin(
            database, token=token, name="Eve", email="eve@example.com", password=PASSWORD, at=START
        )
    begun = sign_in(database, email="ada@example.com", password=PASSWORD, address="192.0.2.1", at=START)
    later = START + timedelta(minutes=5)
    assert sessions.actor_for(database, begun.token, at=later) == begun.signed_in
    with database.read() as session:
        seen = sessions.list_own(session=session, actor=begun.signed_in.actor, at=later)
    assert [one.seen_at for one in seen] == [later, START]
    assert sessions.alive(database, {begun.signed_in.session_id, made.signed_in.session_id}, at=later) == {
        begun.signed_in.session_id,
        made.signed_in.session_id,
    }
    with database.untracked() as session:
        with pytest.raises(Invalid):
            users.disable(session=session, actor=SYSTEM, user_id=begun.signed_in.actor.user_id or 0)
        sessions.sign_out_everywhere(session=session, actor=begun.signed_in.actor)
    assert sessions.actor_for(database, begun.token, at=later) is None


def test_failures_are_counted_and_slowed_down(any_database: Database) -> None:
    for _ in range(5):
        with pytest.raises(SignInFailed):
            sign_in(any_database, email="ada@example.com", password="wrong", address="192.0.2.1", at=START)
    with pytest.raises(TooManyTries) as refused:
        sign_in(any_database, email="ada@example.com", password="wrong", address="192.0.2.1", at=START)
    assert refused.value.retry_after == 60


def test_an_e_mail_address_belongs_to_one_account(any_database: Database) -> None:
    with any_database.untracked() as session:
        users.create(session=session, actor=SYSTEM, email="ada@example.com", name="Ada", role=Role.STAFF)
    with any_database.untracked() as session, pytest.raises(Invalid):
        users.create(session=session, actor=SYSTEM, email="ADA@example.com", name="Ada", role=Role.STAFF)
