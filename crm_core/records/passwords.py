"""Passwords: hashed with argon2id, compared in constant time, and refused where anyone would guess them."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from crm_core.errors import FieldError, Invalid

MIN_LENGTH = 10
MAX_LENGTH = 256

_HASHER = PasswordHasher(time_cost=2, memory_cost=46 * 1024, parallelism=1, hash_len=32, salt_len=16)
"""argon2id, 46 MiB and two passes: twice the OWASP minimum of one pass; about 75 ms of one core."""

_GUESSED_FIRST = (
    "password|passwort|passw|motdepasse|contrasena|qwerty|qwertz|azerty|asdf|zxcv|qazwsx|letmein|iloveyou|welcome|"
    "willkommen|admin|administrator|changeme|default|secret|login|monkey|dragon|football|baseball|superman|princess|"
    "sunshine|shadow|master|michael|jordan|starwars|trustno|abc|test|guest|woaini|rapport|summer|winter|spring|autumn"
)
_NOTHING_BUT_WORDS = re.compile(rf"(?:[0-9\W_]{{0,6}}(?:{_GUESSED_FIRST}))+[0-9\W_]{{0,6}}")
_ONE_UNIT_OVER_AND_OVER = re.compile(r"(.{1,5}?)\1+.{0,4}", re.DOTALL)
_TAIL = re.compile(r"[0-9\W_]+$")
_LETTERS_MEANT = str.maketrans(
    {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"}
)
_ROWS = (
    *("01234567890", "1234567891011121314151617181920", "abcdefghijklmnopqrstuvwxyz"),
    *(
        "qwertyuiop[]",
        "qwertzuiopü",
        "azertyuiop",
        "asdfghjkl;'",
        "zxcvbnm,./",
        "1q2w3e4r5t6y7u8i9o0p",
        "1qaz2wsx3edc4rfv5tgb6yhn",
    ),
)


def hash_password(password: str) -> str:
    """The argon2id hash to keep, with its parameters and salt inside."""
    return _HASHER.hash(_normal(password))


def verify(password_hash: str | None, password: str) -> bool:
    """Whether the password is the one hashed; takes the same time where there is no hash to compare with."""
    try:
        return _HASHER.verify(password_hash or _nobody(), _normal(password)) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)


def check_strength(password: str, *, email: str) -> None:
    """Raise Invalid, field `password`, for one too short, too long, among the first guessed, or holding the e-mail.

    There are no rules of composition: length and not being guessed is what counts (NIST SP 800-63B, 3.1.1.2).
    """
    if len(password) < MIN_LENGTH:
        problem = FieldError("The password needs at least {minimum} characters.", {"minimum": MIN_LENGTH})
    elif len(password) > MAX_LENGTH:
        problem = FieldError("The password can have at most {maximum} characters.", {"maximum": MAX_LENGTH})
    elif _holds_email(password, email):
        problem = FieldError("The password contains your e-mail address. Choose one that does not.")
    elif _is_guessed_first(password):
        problem = FieldError(
            "This password is among the first that are guessed. Choose another; a few random words do well."
        )
    else:
        return
    raise Invalid({"password": problem})


def _normal(password: str) -> str:
    """The same password typed on another keyboard or system gives the same bytes (NIST SP 800-63B)."""
    return unicodedata.normalize("NFKC", password)


@cache
def _nobody() -> str:
    return _HASHER.hash("the password of nobody")


def _holds_email(password: str, email: str) -> bool:
    mailbox = email.partition("@")[0].casefold()
    text = password.casefold()
    return email.casefold() in text or (len(mailbox) >= 5 and mailbox in text)


def _is_guessed_first(password: str) -> bool:
    text = _normal(password).casefold()
    if _ONE_UNIT_OVER_AND_OVER.fullmatch(text) or any(_walks_along(text, row) for row in _ROWS):
        return True
    forms = (text, text.translate(_LETTERS_MEANT), _TAIL.sub("", text).translate(_LETTERS_MEANT))
    return any(_NOTHING_BUT_WORDS.fullmatch(form) is not None for form in forms)


def _walks_along(text: str, row: str) -> bool:
    """Whether the text only walks up or down one row of keys, over and over."""
    around = row * (len(text) // len(row) + 2)
    return text in around or text in around[::-1]
