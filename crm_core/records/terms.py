"""The terms a customer is found by, and what a typed query asks of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

MAX_TERM = 64
"""Longest term kept; a longer word is found by its first 64 characters."""

MIN_LAST_DIGITS = 4
"""So many digits are looked for at the end of a phone number too, not only at its beginning."""

_HIGHEST = "\U0010ffff"  # sorts after every character: x <= term < x + HIGHEST are the terms that begin with x
_BACKWARDS = "<"  # marks phone digits written backwards, so that the last digits are found as a prefix
_MAX_QUERY = 200
_MAX_CLAUSES = 10  # what is typed beyond narrows nothing down any more
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"})
_APOSTROPHES = re.compile("['’‘ʼ`´]")
# Letters and digits, and the vowel signs of Indic and South-East Asian scripts, which are marks and not letters.
_WORD = re.compile("(?:[^\\W_]|[\u0900-\u0dff\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff])+")
# Written without blanks between words: Han with its extensions, Hiragana, Katakana.
_UNSPACED = re.compile(
    "([\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]+)"
)
_PHONE_PART = re.compile(r"[+(]*[0-9][0-9().\-/]*")
_NOT_DIGITS = re.compile(r"[^0-9]+")
_CALLING_CODES = frozenset(str(code) for code in COUNTRY_CODE_TO_REGION_CODE)


@dataclass(frozen=True)
class TermRange:
    """Terms from `low` up to, not including, `high`; with `high` None the one term `low`."""

    low: str
    high: str | None = None


Clause = tuple[TermRange, ...]
"""A customer meets a clause by a term in any of its ranges, and a query by meeting all its clauses."""


def fold(text: str) -> str:
    """The text as it is compared: casefolded, without accents, compatibility forms as their plain ones."""
    if text.isascii():
        return text.casefold()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return unicodedata.normalize("NFC", bare.casefold()).translate(_PLAIN)


def sort_key(name: str) -> str:
    """What a customer is sorted by: the name folded, blanks made single, at most 200 characters."""
    return " ".join(fold(name).split())[:200]


def terms_of(*, ref: str, name: str, email: str | None, phone: str | None) -> set[str]:
    """The terms of one customer, each at most 64 characters."""
    terms = set(_name_terms(fold(_storable(name))))
    terms.update(_ref_terms(fold(ref)))
    if email:
        whole = fold(email)
        terms.add(whole)  # the part before the @ is found as its beginning
        terms.add(whole.rpartition("@")[2])
    if phone:
        terms.update(_phone_terms(phone))
    return {_storable(term)[:MAX_TERM] for term in terms} - {""}


def words_of(text: str) -> Iterator[str]:
    """The terms of a text, in its order: its words, and every pair of neighbours in scripts without blanks."""
    for term in _name_terms(fold(_storable(text))):
        yield term[:MAX_TERM]


def reference_terms(number: str) -> Iterator[str]:
    """The terms of a number or reference: the whole, and its digits without leading zeros."""
    for term in _ref_terms(fold(number)):
        if term:
            yield term[:MAX_TERM]


def beginning_with(start: str) -> TermRange:
    """The terms that begin so."""
    start = start[:MAX_TERM]
    return TermRange(start, start + _HIGHEST)


def phone_ending(digits: str) -> TermRange:
    """The terms of phone numbers that end so."""
    return beginning_with(_BACKWARDS + digits[::-1])


def name_words(name: str) -> list[str]:
    """The words of a name as they are indexed, in their order."""
    return list(_name_terms(fold(_storable(name))))


def parse(text: str) -> tuple[Clause, ...]:
    """What a typed text asks for: every word as the beginning of a term. No clauses where nothing was typed."""
    tokens = fold(_storable(text[:_MAX_QUERY])).split()
    clauses: list[Clause] = []
    for group in _grouped(tokens):
        joined = _NOT_DIGITS.sub("", "".join(group)) if _PHONE_PART.fullmatch(group[0]) else ""
        # A phone number is typed with blanks and signs between its digits, but '12 34' may also be two words.
        as_phone = _number_ranges(joined) if len(joined) >= MIN_LAST_DIGITS else ()
        for token in group:
            clauses += [_merged(clause, as_phone) for clause in _token_clauses(token)]
    if not clauses and tokens:
        clauses = [(beginning_with(" ".join(tokens)),)]  # nothing but signs: a customer may be called just that
    return tuple(dict.fromkeys(clauses))[:_MAX_CLAUSES]


def _grouped(tokens: list[str]) -> Iterator[list[str]]:
    """The tokens, with neighbours that look like parts of a phone number together."""
    group: list[str] = []
    for token in tokens:
        if _PHONE_PART.fullmatch(token):
            group.append(token)
            continue
        if group:
            yield group
            group = []
        yield [token]
    if group:
        yield group


def _token_clauses(token: str) -> list[Clause]:
    if "@" in token:
        return [(beginning_with(token.lstrip("@")),)] if token.strip("@") else []
    words = [word for run in _WORD.findall(_APOSTROPHES.sub("", token)) for word in _UNSPACED.split(run) if word]
    clauses: list[Clause] = []
    for word in words:
        if _UNSPACED.fullmatch(word):
            pairs = [word[start : start + 2] for start in range(len(word) - 1)]
            clauses += [(TermRange(pair),) for pair in pairs] or [(beginning_with(word),)]
        elif word.isascii() and word.isdigit():
            clauses.append(_number_ranges(word, is_reference=any(map(str.isalpha, token))))
        else:
            clauses.append((beginning_with(word),))
    start = _WORD.search(token)
    if (
        start and token[start.start() :] != words[0]
    ):  # a reference, domain or e-mail as it is written: c-000123, acme.de
        return [_merged(clause, (beginning_with(token[start.start() :]),)) for clause in clauses]
    return clauses


def _number_ranges(digits: str, *, is_reference: bool = False) -> Clause:
    """The terms a run of digits asks for; `is_reference` says that letters stand beside them, as in T-005000."""
    ranges = [beginning_with(digits)]
    bare = digits.lstrip("0")  # 0049 30… and 030… are phones without their zeros, 000123 is the reference 123
    if bare and bare != digits:
        # Zeros before a reference fill it up: T-005000 begins no longer one, as the phone 0301234 does.
        is_begun = len(bare) >= MIN_LAST_DIGITS and not is_reference
        ranges.append(beginning_with(bare) if is_begun else TermRange(bare))
    if len(digits) >= MIN_LAST_DIGITS:
        ranges.append(phone_ending(digits))
    return tuple(ranges)


def _merged(first: Clause, second: Clause) -> Clause:
    return tuple(dict.fromkeys(first + second))


def _name_terms(name: str) -> Iterator[str]:
    found = False
    for token in name.split():
        for run in _WORD.findall(_APOSTROPHES.sub("", token)):
            found = True
            yield from _run_terms(run)
        if "@" in token:  # some customers are called by their e-mail address
            yield token.lstrip("@")
        if _APOSTROPHES.search(token):  # O'Brien is found by 'brien' too
            for run in _WORD.findall(token):
                yield from _run_terms(run)
    if not found:
        yield " ".join(name.split())


def _run_terms(run: str) -> Iterator[str]:
    if run.isascii():
        yield run
        return
    for word in _UNSPACED.split(run):
        if word and _UNSPACED.fullmatch(word):
            # Every pair, and the last character: each character then begins exactly one term.
            yield from (word[start : start + 2] for start in range(len(word)))
        elif word:
            yield word


def _ref_terms(ref: str) -> Iterator[str]:
    yield ref
    for match in _WORD.finditer(ref):
        word = match[0]
        if word.isascii() and word.isdigit():
            yield word.lstrip("0")
        elif match.start() and len(word) > 1:  # the first word is found as the beginning of the whole
            yield word


def _phone_terms(phone: str) -> Iterator[str]:
    digits = _NOT_DIGITS.sub("", phone)
    yield digits
    yield _BACKWARDS + digits[::-1]
    if phone.startswith("+"):  # calling codes have one to three digits, and none begins with another
        yield next((digits[n:] for n in (1, 2, 3) if digits[:n] in _CALLING_CODES), digits)
    else:
        yield digits.lstrip("0")


def _storable(text: str) -> str:
    """The text without characters a database cannot keep or that nobody can type."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
