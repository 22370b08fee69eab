"""Accounts: who may manage them, and what can never happen to them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crm_core.access import SYSTEM, Actor, Role
from crm_core.db.engine import Database
from crm_core.db.models import User
from crm_core.errors import Invalid, NotFound, PermissionDenied
from crm_core.records import links, sessions, users
from crm_core.records.sign_in import sign_in
from crm_core.records.users import Account

PASSWORD = "correct horse battery"


def add(database: Database, email: str, role: Role = Role.STAFF, *, password: str | None = PASSWORD) -> Account:
    with database.untracked() as session:
        return users.create(
            session=session,
            actor=SYSTEM,
            email=email,
            name=email.partition("@")[0].title(),
            role=role,
            password=password,
        )


def acting(account: Account) -> Actor:
    return Actor(account.user_id, account.name, account.role)


def test_an_account_is_added_with_its_e_mail_in_lower_case(database: Database) -> None:
    account = add(database, "Ada@Example.COM", Role.MANAGER)
    assert (account.email, account.name, account.role) == ("ada@example.com", "Ada", Role.MANAGER)
    assert (account.is_active, account.has_password, account.sees_only_own) == (True, True, False)


def test_what_is_wrong_with_a_new_account_is_said_by_field(database: Database) -> None:
    with database.untracked() as session, pytest.raises(Invalid) as refused:
        users.create(session=session, actor=SYSTEM, email="ada at home", name=" ", password="short", language="xx")
    assert {name: str(problem) for name, problem in refused.value.fields.items()} == {
        "email": "'ada at home' is not an e-mail address.",
        "name": "A name is required.",
        "language": "Rapport does not speak 'xx'.",
        "password": "The password needs at least 10 characters.",
    }


def test_an_e_mail_address_belongs_to_one_account_however_it_is_written(database: Database) -> None:
    add(database, "ada@example.com")
    with pytest.raises(Invalid) as refused:
        add(database, " ADA@example.com ")
    said = "There is an account with the e-mail address ada@example.com already."
    assert str(refused.value.fields["email"]) == said


def test_the_list_names_everyone_and_when_they_were_last_here(database: Database) -> None:
    add(database, "bo@example.com", password=None)
    add(database, "ada@example.com")
    begun = sign_in(database, email="ada@example.com", password=PASSWORD)
    with database.read() as session:
        listed = users.list_all(session=session, actor=SYSTEM)
    assert [(account.email, account.has_password, account.seen_at is not None) for account in listed] == [
        ("ada@example.com", True, True),
        ("bo@example.com", False, False),
    ]
    assert begun.signed_in.email == "ada@example.com"


MANAGING: dict[str, Callable[[Database, Actor, int], object]] = {
    "list": lambda db, actor, _: _in(db, lambda s: users.list_all(session=s, actor=actor)),
    "find": lambda db, actor, _: _in(db, lambda s: users.get_by_email(session=s, actor=actor, email="bo@example.com")),
    "add": lambda db, actor, _: _in(
        db, lambda s: users.create(session=s, actor=actor, email="cy@example.com", name="Cy")
    ),
    "role": lambda db, actor, uid: _in(
        db, lambda s: users.set_role(session=s, actor=actor, user_id=uid, role=Role.SUPPORT)
    ),
    "scope": lambda db, actor, uid: _in(
        db, lambda s: users.set_sees_only_own(session=s, actor=actor, user_id=uid, sees_only_own=True)
    ),
    "invite": lambda db, actor, uid: _in(db, lambda s: links.invite(session=s, actor=actor, user_id=uid)),
    "disable": lambda db, actor, uid: _in(db, lambda s: users.disable(session=s, actor=actor, user_id=uid)),
    "enable": lambda db, actor, uid: _in(db, lambda s: users.enable(session=s, actor=actor, user_id=uid)),
}


def _in(database: Database, work: Callable[..., object]) -> object:
    with database.untracked() as session:
        return work(session)


@pytest.mark.parametrize("role", [Role.MANAGER, Role.MARKETING, Role.SUPPORT, Role.STAFF])
def test_only_an_admin_manages_accounts(database: Database, role: Role) -> None:
    bo = add(database, "bo@example.com", password=None)
    for what, manage in MANAGING.items():
        with pytest.raises(PermissionDenied) as refused:
            manage(database, Actor(99, "Somebody", role), bo.user_id)
        assert str(refused.value) == f"The role {role} may not do this (users.manage).", what


def test_an_admin_manages_accounts(database: Database, admin: Actor) -> None:
    bo = add(database, "bo@example.com", password=None)
    for manage in MANAGING.values():
        manage(database, admin, bo.user_id)


def test_disabling_an_account_ends_its_sessions_and_keeps_it_out(database: Database) -> None:
    add(database, "ada@example.com", Role.ADMIN)
    bo = add(database, "bo@example.com")
    begun = sign_in(database, email="bo@example.com", password=PASSWORD)
    assert sessions.actor_for(database, begun.token) is not None
    with database.untracked() as session:
        assert not users.disable(session=session, actor=SYSTEM, user_id=bo.user_id).is_active
    assert sessions.actor_for(database, begun.token) is None
    with database.untracked() as session:
        users.enable(session=session, actor=SYSTEM, user_id=bo.user_id)
    assert sessions.actor_for(database, begun.token) is None, "the old session must not come back to life"
    assert sign_in(database, email="bo@example.com", password=PASSWORD).signed_in.actor.name == "Bo"


def test_the_last_active_admin_can_neither_be_disabled_nor_demoted(database: Database) -> None:
    ada = add(database, "ada@example.com", Role.ADMIN)
    add(database, "never-came@example.com", Role.ADMIN, password=None)  # cannot sign in, so does not count
    said = "Ada is the last active admin. Make someone else an admin first."
    with database.untracked() as session:
        with pytest.raises(Invalid) as refused:
            users.disable(session=session, actor=acting(ada), user_id=ada.user_id)
        assert str(refused.value.fields["role"]) == said
        with pytest.raises(Invalid) as refused:
            users.set_role(session=session, actor=acting(ada), user_id=ada.user_id, role=Role.STAFF)
        assert str(refused.value.fields["role"]) == said


def test_one_of_two_admins_can_be_disabled_and_then_the_other_cannot(database: Database) -> None:
    ada, bo = add(database, "ada@example.com", Role.ADMIN), add(database, "bo@example.com", Role.ADMIN)
    with database.untracked() as session:
        users.disable(session=session, actor=acting(ada), user_id=bo.user_id)
        with pytest.raises(Invalid):
            users.disable(session=session, actor=acting(ada), user_id=ada.user_id)


def test_an_account_that_is_not_there_is_said_to_be_missing(database: Database, admin: Actor) -> None:
    with database.untracked() as session:
        with pytest.raises(NotFound) as refused:
            users.get_by_email(session=session, actor=admin, email="nobody@example.com")
        assert str(refused.value) == "There is no account with the e-mail address nobody@example.com."
        with pytest.raises(NotFound, match=r"^There is no such account\.$"):
            users.disable(session=session, actor=admin, user_id=4711)


def test_everyone_sets_their_own_language_and_only_one_of_ours(database: Database) -> None:
    bo = add(database, "bo@example.com")
    begun = sign_in(database, email="bo@example.com", password=PASSWORD)
    with database.untracked() as session:
        users.set_language(session=session, actor=acting(bo), language="zh_CN")
    signed_in = sessions.actor_for(database, begun.token)
    assert signed_in is not None
    assert signed_in.language == "zh_CN"
    with database.untracked() as session, pytest.raises(Invalid) as refused:
        users.set_language(session=session, actor=acting(bo), language="tlh")
    assert str(refused.value.fields["language"]) == "Rapport does not speak 'tlh'."


def test_an_account_that_sees_only_its_own_customers_acts_within_that_scope(database: Database) -> None:
    bo = add(database, "bo@example.com")
    with database.untracked() as session:
        users.set_sees_only_own(session=session, actor=SYSTEM, user_id=bo.user_id, sees_only_own=True)
    begun = sign_in(database, email="bo@example.com", password=PASSWORD)
    assert begun.signed_in.actor.scope.owner_id == bo.user_id


def test_the_hash_of_a_password_never_leaves_the_accounts_table(database: Database) -> None:
    account = add(database, "ada@example.com")
    with database.read() as session:
        user = session.get(User, account.user_id)
        assert user is not None
        assert user.password_hash is not None
        assert user.password_hash not in repr(users.list_all(session=session, actor=SYSTEM))
