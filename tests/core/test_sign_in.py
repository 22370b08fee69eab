"""Signing in: slow for guessers, the same words for everyone else."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select, update

from crm_core.access import SYSTEM, Actor, Role
from crm_core.db.engine import Database
from crm_core.db.models import SignInAttempt, User
from crm_core.errors import Invalid, SignInFailed, TooManyTries
from crm_core.records import own_password, passwords, sessions, throttle, users
from crm_core.records.sign_in import NewSession, sign_in

PASSWORD = "correct horse battery"
START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WRONG = "The e-mail address or the password is wrong."


@pytest.fixture
def ada(database: Database) -> int:
    with database.untracked() as session:
        account = users.create(
            session=session, actor=SYSTEM, email="ada@example.com", name="Ada", role=Role.ADMIN, password=PASSWORD
        )
        return account.user_id


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost nothing, for tests that count tries instead of looking at passwords."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._nobody.cache_clear()


@pytest.fixture(autouse=True)
def _forget_the_dummy() -> Iterator[None]:
    yield
    passwords._nobody.cache_clear()


def tried(
    database: Database, email: str, at: datetime, *, password: str = "wrong", address: str = "192.0.2.1"
) -> str | int:
    """What came of a try: 'in', 'wrong', or the seconds to wait."""
    try:
        sign_in(database, email=email, password=password, address=address, at=at)
    except TooManyTries as error:
        return error.retry_after
    except SignInFailed as error:
        return "wrong" if str(error) == WRONG else str(error)
    return "in"


def test_the_right_password_signs_in_however_the_e_mail_is_written(database: Database, ada: int) -> None:
    begun = sign_in(database, email=" Ada@EXAMPLE.com ", password=PASSWORD, browser="Firefox")
    assert (begun.signed_in.actor.user_id, begun.signed_in.actor.role, begun.signed_in.email) == (
        ada,
        Role.ADMIN,
        "ada@example.com",
    )
    assert sessions.actor_for(database, begun.token) == begun.signed_in


def test_each_sign_in_gets_a_token_of_its_own_that_no_log_shows(database: Database, ada: int) -> None:
    first, second = (sign_in(database, email="ada@example.com", password=PASSWORD) for _ in range(2))
    assert first.token != second.token
    assert len(first.token) == 43, "256 bits in base64"
    assert first.token not in repr(first)


@pytest.mark.parametrize("who", ["unknown", "wrong", "disabled", "without a password"])
def test_no_failure_says_which_accounts_exist_and_each_costs_one_look_at_a_password(
    database: Database, ada: int, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[bool] = []
    verify = PasswordHasher.verify

    def counted(self: PasswordHasher, hashed: str, password: str) -> bool:
        looks.append(True)
        return verify(self, hashed, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    changes = {"disabled": {"is_active": False}, "without a password": {"password_hash": None}}
    if who in changes:
        with database.untracked() as session:
            session.execute(update(User).values(**changes[who]))
    email = "nobody@example.com" if who == "unknown" else "ada@example.com"
    with pytest.raises(SignInFailed) as refused:
        sign_in(database, email=email, password="wrong" if who == "wrong" else PASSWORD)
    assert (str(refused.value), refused.value.code) == (WRONG, "sign_in_failed")
    assert len(looks) == 1


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
def test_after_five_failures_each_further_one_doubles_the_wait(
    database: Database, ada: int, cheap: None, email: str
) -> None:
    at = START
    for _ in range(5):
        assert tried(database, email, at) == "wrong"
    for minutes in (1, 2, 4, 8, 15, 15):
        assert tried(database, email, at) == minutes * 60
        assert tried(database, email, at + minutes * MINUTE - timedelta(seconds=1)) == 1
        at += minutes * MINUTE
        assert tried(database, email, at) == "wrong"


def test_the_words_for_waiting_say_how_long(database: Database, cheap: None) -> None:
    for _ in range(5):
        tried(database, "ada@example.com", START)
    with pytest.raises(TooManyTries) as refused:
        sign_in(database, email="ada@example.com", password=PASSWORD, at=START + timedelta(seconds=20))
    assert str(refused.value) == "Too many failed sign-ins. Try again in 1 min."
    assert (refused.value.retry_after, refused.value.code) == (40, "too_many_tries")


def test_even_the_right_password_has_to_wait(database: Database, ada: int) -> None:
    for _ in range(5):
        tried(database, "ada@example.com", START)
    assert tried(database, "ada@example.com", START, password=PASSWORD) == 60
    assert tried(database, "ada@example.com", START + MINUTE, password=PASSWORD) == "in"


def test_hammering_while_waiting_does_not_make_the_wait_longer(database: Database, cheap: None) -> None:
    for _ in range(5):
        tried(database, "ada@example.com", START)
    for second in range(0, 60, 10):
        assert tried(database, "ada@example.com", START + timedelta(seconds=second)) == 60 - second
    assert tried(database, "ada@example.com", START + MINUTE) == "wrong"


def test_a_sign_in_forgets_the_failures_of_its_account(database: Database, ada: int) -> None:
    for _ in range(4):
        tried(database, "ada@example.com", START)
    assert tried(database, "ada@example.com", START, password=PASSWORD) == "in"
    for _ in range(5):
        assert tried(database, "ada@example.com", START) == "wrong"


def test_failures_are_forgotten_after_an_hour(database: Database, cheap: None) -> None:
    for _ in range(5):
        tried(database, "ada@example.com", START)
    assert tried(database, "ada@example.com", START + timedelta(hours=1, seconds=1)) == "wrong"
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(SignInAttempt)) == 1, "the old rows are removed"


def test_one_address_that_tries_many_accounts_has_to_wait_and_others_do_not(
    database: Database, ada: int, cheap: None
) -> None:
    for number in range(30):
        assert tried(database, f"guess{number}@example.com", START, address="198.51.100.7") == "wrong"
    assert tried(database, "ada@example.com", START, address="198.51.100.7") == 60
    assert tried(database, "ada@example.com", START, address="198.51.100.8") == "wrong"


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, ""),
        ("testclient", "testclient"),
    ],
)
def test_addresses_are_counted_by_who_has_them(address: str | None, counted_as: str) -> None:
    assert throttle.source("ada@example.com", address).address == counted_as


def test_tries_without_an_address_are_counted_by_account_only(database: Database, cheap: None) -> None:
    for number in range(31):
        source = throttle.source(f"guess{number}@example.com", None)
        with database.untracked() as session:
            assert not throttle.wait_needed(session, source, at=START)
            throttle.count_try(session, source, at=START)


def test_the_wait_survives_a_restart(database: Database, cheap: None) -> None:
    for _ in range(5):
        tried(database, "ada@example.com", START)
    again = Database(database.url.render_as_string())
    assert tried(again, "ada@example.com", START) == 60
    again.dispose()


def test_of_tries_side_by_side_none_escapes_counting(database: Database, cheap: None) -> None:
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda _: tried(database, "ada@example.com", START), range(24)))
    assert results.count("wrong") == 5
    assert results.count(60) == 19


def test_neither_e_mail_addresses_nor_passwords_are_kept_of_tries(database: Database, cheap: None) -> None:
    tried(database, "my password in the wrong field", START, password="hunter2-hunter2")
    with database.read() as session:
        row = session.scalars(select(SignInAttempt)).one()
    assert len(row.email_hash) == 64
    assert "password" not in repr(vars(row))


def test_a_hash_with_old_parameters_is_renewed_at_sign_in(database: Database, ada: int) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    with database.untracked() as session:
        session.execute(update(User).values(password_hash=weak))
    sign_in(database, email="ada@example.com", password=PASSWORD)
    with database.read() as session:
        kept = session.scalars(select(User.password_hash)).one()
    assert kept is not None
    assert kept != weak
    assert not passwords.needs_rehash(kept)
    assert passwords.verify(kept, PASSWORD)


def signed_in_twice(database: Database) -> tuple[NewSession, NewSession]:
    first, second = (sign_in(database, email="ada@example.com", password=PASSWORD) for _ in range(2))
    return first, second


def test_changing_ones_password_ends_the_other_sessions_and_keeps_this_one(database: Database, ada: int) -> None:
    here, elsewhere = signed_in_twice(database)
    ended = own_password.change(
        database,
        actor=here.signed_in.actor,
        old_password=PASSWORD,
        new_password="another good one",
        keep=here.signed_in.session_id,
    )
    assert ended == [elsewhere.signed_in.session_id]
    assert sessions.actor_for(database, here.token) is not None
    assert sessions.actor_for(database, elsewhere.token) is None
    assert tried(database, "ada@example.com", START) == "wrong"
    assert tried(database, "ada@example.com", START, password="another good one") == "in"


def test_changing_ones_password_takes_the_old_one_and_a_good_new_one(database: Database, ada: int) -> None:
    actor = sign_in(database, email="ada@example.com", password=PASSWORD).signed_in.actor
    with pytest.raises(Invalid) as refused:
        own_password.change(database, actor=actor, old_password="not it", new_password="another good one")
    assert str(refused.value.fields["old_password"]) == "The old password is wrong."
    with pytest.raises(Invalid) as refused:
        own_password.change(database, actor=actor, old_password=PASSWORD, new_password="short")
    assert str(refused.value.fields["password"]) == "The password needs at least 10 characters."
    assert tried(database, "ada@example.com", START, password=PASSWORD) == "in"


def test_guessing_the_old_password_is_slowed_down_like_signing_in(database: Database, ada: int, cheap: None) -> None:
    actor = Actor(ada, "Ada", Role.ADMIN)
    for _ in range(5):
        with pytest.raises(Invalid):
            own_password.change(database, actor=actor, old_password="guess", new_password="another good one", at=START)
    with pytest.raises(TooManyTries, match=r"^Too many failed sign-ins\. Try again in 1 min\.$"):
        own_password.change(database, actor=actor, old_password=PASSWORD, new_password="another good one", at=START)
