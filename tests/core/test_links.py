"""One-time links: the first admin's and those that set a password."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crm_core.access import SYSTEM, Role
from crm_core.db.engine import Database
from crm_core.errors import Invalid, LinkInvalid, NotFound, SignInFailed
from crm_core.records import links, sessions, users
from crm_core.records.sign_in import NewSession, sign_in

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PASSWORD = "correct horse battery"
OVER = r"^This link was used already or is too old\. Ask for a new one\.$"


def create(database: Database, token: str, *, email: str = "ada@example.com", at: datetime = START) -> NewSession:
    return links.create_first_admin(database, token=token, name="Ada", email=email, password=PASSWORD, at=at)


def offer(database: Database, at: datetime = START) -> str:
    token = links.offer_first_admin(database, at=at)
    assert token is not None
    return token


def test_the_first_admin_is_created_by_the_link_and_signed_in(database: Database) -> None:
    assert links.is_admin_missing(database)
    begun = create(database, offer(database))
    signed_in = sessions.actor_for(database, begun.token, at=START)
    assert signed_in is not None
    assert (signed_in.actor.name, signed_in.actor.role) == ("Ada", Role.ADMIN)
    assert not links.is_admin_missing(database)


def test_the_first_admins_link_works_once(database: Database) -> None:
    token = offer(database)
    assert links.is_first_admin_link(database, token, at=START)
    create(database, token)
    assert not links.is_first_admin_link(database, token, at=START)
    with pytest.raises(LinkInvalid, match=OVER):
        create(database, token, email="eve@example.com")


def test_the_first_admins_link_works_for_an_hour(database: Database) -> None:
    token = offer(database)
    assert links.is_first_admin_link(database, token, at=START + HOUR - timedelta(seconds=1))
    assert not links.is_first_admin_link(database, token, at=START + HOUR)
    with pytest.raises(LinkInvalid, match=OVER):
        create(database, token, at=START + HOUR)


def test_each_start_makes_the_earlier_link_useless(database: Database) -> None:
    first, second = offer(database), offer(database)
    assert not links.is_first_admin_link(database, first, at=START)
    assert links.is_first_admin_link(database, second, at=START)


def test_where_there_is_an_admin_no_link_is_offered_and_none_works(database: Database) -> None:
    token = offer(database)
    with database.untracked() as session:
        users.create(
            session=session, actor=SYSTEM, email="bo@example.com", name="Bo", role=Role.ADMIN, password=PASSWORD
        )
    assert not links.is_first_admin_link(database, token, at=START)
    with pytest.raises(LinkInvalid, match=OVER):
        create(database, token)
    assert links.offer_first_admin(database, at=START) is None


def test_an_admin_who_was_disabled_or_never_set_a_password_does_not_count(database: Database) -> None:
    with database.untracked() as session:
        users.create(session=session, actor=SYSTEM, email="bo@example.com", name="Bo", role=Role.ADMIN)
    assert links.offer_first_admin(database, at=START) is not None


def test_a_mistake_in_the_form_leaves_the_link_usable(database: Database) -> None:
    token = offer(database)
    with pytest.raises(Invalid) as refused:
        links.create_first_admin(database, token=token, name="", email="ada", password="short", at=START)
    assert set(refused.value.fields) == {"name", "email", "password"}
    create(database, token)


@pytest.mark.parametrize("token", ["", "x", "0" * 43])
def test_what_never_was_a_link_opens_nothing(database: Database, token: str) -> None:
    offer(database)
    assert not links.is_first_admin_link(database, token, at=START)
    assert links.invited(database, token, at=START) is None
    with pytest.raises(LinkInvalid, match=OVER):
        create(database, token)
    with pytest.raises(LinkInvalid, match=OVER):
        links.accept(database, token=token, password=PASSWORD, at=START)


def invite(database: Database, email: str = "bo@example.com", at: datetime = START) -> tuple[int, str]:
    with database.untracked() as session:
        account = users.create(session=session, actor=SYSTEM, email=email, name="Bo")
        return account.user_id, links.invite(session=session, actor=SYSTEM, user_id=account.user_id, at=at)


def test_who_is_invited_sets_a_password_and_is_signed_in(database: Database) -> None:
    _, token = invite(database)
    assert links.invited(database, token, at=START) == links.Invited("bo@example.com", "Bo")
    begun = links.accept(database, token=token, password=PASSWORD, at=START)
    assert begun.signed_in.actor.name == "Bo"
    assert sign_in(database, email="bo@example.com", password=PASSWORD).signed_in.email == "bo@example.com"


def test_an_invitation_works_once_and_for_three_days(database: Database) -> None:
    _, token = invite(database)
    assert links.invited(database, token, at=START + timedelta(days=3)) is None
    links.accept(database, token=token, password=PASSWORD, at=START + timedelta(days=3) - timedelta(seconds=1))
    assert links.invited(database, token, at=START) is None
    with pytest.raises(LinkInvalid, match=OVER):
        links.accept(database, token=token, password="another good one", at=START)


def test_a_new_link_makes_the_earlier_one_useless_and_the_password_set_by_it_ends_all_sessions(
    database: Database,
) -> None:
    user_id, first = invite(database)
    begun = links.accept(database, token=first, password=PASSWORD, at=START)
    with database.untracked() as session:
        second = links.invite(session=session, actor=SYSTEM, user_id=user_id, at=START)
        third = links.invite(session=session, actor=SYSTEM, user_id=user_id, at=START)
    assert links.invited(database, second, at=START) is None
    links.accept(database, token=third, password="another good one", at=START)
    assert sessions.actor_for(database, begun.token, at=START) is None
    with pytest.raises(SignInFailed):
        sign_in(database, email="bo@example.com", password=PASSWORD)


def test_an_easy_password_is_refused_and_the_invitation_stays(database: Database) -> None:
    _, token = invite(database)
    with pytest.raises(Invalid) as refused:
        links.accept(database, token=token, password="password123", at=START)
    assert set(refused.value.fields) == {"password"}
    links.accept(database, token=token, password=PASSWORD, at=START)


def test_a_disabled_account_can_neither_be_invited_nor_use_its_invitation(database: Database) -> None:
    user_id, token = invite(database)
    with database.untracked() as session:
        users.disable(session=session, actor=SYSTEM, user_id=user_id)
    assert links.invited(database, token, at=START) is None
    with pytest.raises(LinkInvalid, match=OVER):
        links.accept(database, token=token, password=PASSWORD, at=START)
    with database.untracked() as session, pytest.raises(NotFound) as refused:
        links.invite(session=session, actor=SYSTEM, user_id=user_id, at=START)
    assert str(refused.value) == "There is no such account, or it is disabled."


def test_the_two_kinds_of_link_do_not_open_each_other(database: Database) -> None:
    admin_token = offer(database)
    _, invitation = invite(database)
    assert links.invited(database, admin_token, at=START) is None
    assert not links.is_first_admin_link(database, invitation, at=START)
    with pytest.raises(LinkInvalid, match=OVER):
        links.accept(database, token=admin_token, password=PASSWORD, at=START)
    with pytest.raises(LinkInvalid, match=OVER):
        create(database, invitation)
    assert sessions.actor_for(database, invitation, at=START) is None
