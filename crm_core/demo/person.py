"""One customer's contact fields, put together from the lists of a locale."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from crm_core.demo.names import NAMES, Names
from crm_core.demo.places import City, Locale

ORGANISATION_SHARE = 0.14
_FIRST_BIRTHDAY = date(1946, 1, 1)
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ı": "i", "ø": "o"})
_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"


class Person(NamedTuple):
    """The contact fields of a customer as the table has them; `birthday_on` in ISO form."""

    kind: str
    name: str
    email: str | None
    phone: str | None
    country: str
    region: str
    city: str
    address: str | None
    postcode: str | None
    birthday_on: str | None
    language: str


def make_up(i: int, locale: Locale, names: Names, u: Sequence[float]) -> Person:
    """The i-th customer, out of twelve numbers in [0, 1)."""
    given, family = int(u[0] * len(names.given)), int(u[1] * len(names.family))
    city = locale.cities[int(u[2] * len(locale.cities))]
    latin_given, latin_family = _latin(locale.code)
    fold_given, fold_family = latin_given[given], latin_family[family]
    is_person = u[3] >= ORGANISATION_SHARE
    if is_person:
        name = names.person.format(given=names.given[given], family=names.family[family])
        email = f"{_local_part(fold_given, fold_family, u[4])}{i + 1}@{locale.mail[int(u[5] * len(locale.mail))]}"
    else:
        trade = names.trades[int(u[4] * len(names.trades))]
        name = names.company.format(family=names.family[family], trade=trade, city=city.name)
        email = f"info@{fold_family}{i + 1}.example.com"
    return Person(
        kind="person" if is_person else "organisation",
        name=name,
        email=email if u[6] < 0.93 else None,
        phone=_phone(locale, city, i) if u[7] < 0.8 else None,
        country=locale.country,
        region=city.region,
        city=city.name,
        address=_address(locale, u[8]) if u[9] < 0.95 else None,
        postcode=_filled(city.postcode, i, u[8]) if u[9] < 0.95 else None,
        birthday_on=(_FIRST_BIRTHDAY + timedelta(days=int(u[10] * 22_000))).isoformat()
        if is_person and u[11] < 0.6
        else None,
        language=locale.language,
    )


def _local_part(given: str, family: str, u: float) -> str:
    if u < 0.5:
        return f"{given}.{family}"
    if u < 0.7:
        return f"{given[0]}.{family}"
    return f"{family}.{given}" if u < 0.85 else f"{given}{family[0]}"


def _phone(locale: Locale, city: City, i: int) -> str:
    start, digits = locale.phone.rstrip("#"), locale.phone.count("#")
    if city.area:  # North American numbers begin with 2 … 9
        return start.format(area=city.area) + str(2_000_000 + (i * 6_180_339 + 314_159) % 8_000_000)
    return start + str((i * 61_803_399 + 27_182_818) % 10**digits).zfill(digits)


def _address(locale: Locale, u: float) -> str:
    scaled = u * len(locale.streets)
    rest = scaled - int(scaled)
    return locale.address.format(
        street=locale.streets[int(scaled)],
        number=1 + int(rest * 140),
        long_number=100 + int(rest * 9800),
        block=1 + int(rest * 7),
        flat=101 + 100 * (int(rest * 1000) % 18) + int(rest * 10_000) % 4,
    )


def _filled(pattern: str, i: int, u: float) -> str:
    state = int(u * 2**40) + i
    out = []
    for character in pattern:
        state = (state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 2**64
        if character == "#":
            out.append(str((state >> 33) % 10))
        elif character == "@":
            out.append(_LETTERS[(state >> 33) % len(_LETTERS)])
        else:
            out.append(character)
    return "".join(out)


@lru_cache
def _latin(code: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Given and family names as they stand in e-mail addresses."""
    names = NAMES[code]
    return tuple(map(_folded, names.latin_given or names.given)), tuple(
        map(_folded, names.latin_family or names.family)
    )


def _folded(name: str) -> str:
    return "".join(c for c in without_accents(name.casefold().translate(_GERMAN)) if "a" <= c <= "z")


def without_accents(name: str) -> str:
    return (
        "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
        if not is_cjk(name)
        else name
    )


def is_cjk(name: str) -> bool:
    return any(ord(c) > 0x2E80 for c in name)
