"""Passwords: what is kept of them, and which are refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.errors import Invalid
from crm_core.records import passwords


def refusal(password: str, email: str = "ada@example.com") -> str:
    with pytest.raises(Invalid) as refused:
        passwords.check_strength(password, email=email)
    assert list(refused.value.fields) == ["password"]
    return str(refused.value.fields["password"])


def test_a_password_is_verified_against_its_hash_and_never_kept() -> None:
    kept = passwords.hash_password("correct horse battery")
    assert kept.startswith("$argon2id$")
    assert "horse" not in kept
    assert passwords.verify(kept, "correct horse battery")
    assert not passwords.verify(kept, "correct horse batterz")


def test_two_hashes_of_one_password_differ() -> None:
    assert passwords.hash_password("correct horse battery") != passwords.hash_password("correct horse battery")


def test_the_same_text_composed_differently_is_the_same_password() -> None:
    kept = passwords.hash_password("caf\u00e9 au lait 7")  # é as one code point
    assert passwords.verify(kept, "cafe\u0301 au lait 7")  # e and an accent


def test_no_hash_and_a_broken_hash_verify_nothing() -> None:
    assert not passwords.verify(None, "the password of nobody")
    assert not passwords.verify("not a hash", "anything at all")


def test_a_hash_made_with_weaker_parameters_is_to_be_made_anew() -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash("correct horse battery")
    assert passwords.verify(weak, "correct horse battery")
    assert passwords.needs_rehash(weak)
    assert not passwords.needs_rehash(passwords.hash_password("correct horse battery"))


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "4915123456789",
        "test!x9f#2^kd",
        "我的密码是很长的十个字",
        "rapport-demo",
        "  spaces  count  ",
    ],
)
def test_a_password_is_accepted_whatever_it_is_composed_of(password: str) -> None:
    passwords.check_strength(password, email="ada@example.com")


def test_a_short_password_is_refused() -> None:
    assert refusal("Tr0ub4dor") == "The password needs at least 10 characters."


def test_a_password_too_long_to_hash_quickly_is_refused() -> None:
    assert refusal("correct horse " * 30) == "The password can have at most 256 characters."


@pytest.mark.parametrize("password", ["ada.lovelace@example.com", "x-ADA.Lovelace@example.com-x", "ada.lovelace2026"])
def test_a_password_that_holds_the_e_mail_is_refused(password: str) -> None:
    said = refusal(password, email="ada.lovelace@example.com")
    assert said == "The password contains your e-mail address. Choose one that does not."


def test_a_short_mailbox_name_may_occur_in_a_password() -> None:
    passwords.check_strength("canadian geese", email="ada@example.com")


@pytest.mark.parametrize(
    "password",
    [
        "password123",
        "P@ssw0rd123!",
        "1234567890",
        "12345678910",
        "0987654321",
        "qwertyuiop",
        "QWERTYUIOP",
        "asdfghjkl;",
        "1q2w3e4r5t",
        "aaaaaaaaaa",
        "abcabcabcabc",
        "letmein2026",
        "Summer2026!",
        "iloveyou!!",
        "adminadmin",
        "trustno1trustno1",
    ],
)
def test_a_password_guessed_first_is_refused(password: str) -> None:
    said = refusal(password)
    assert said == "This password is among the first that are guessed. Choose another; a few random words do well."


@settings(max_examples=200)
@given(st.text(max_size=300))
def test_any_text_is_judged_quickly_and_only_ever_refused_as_invalid(password: str) -> None:
    with suppress(Invalid):
        passwords.check_strength(password, email="ada@example.com")
