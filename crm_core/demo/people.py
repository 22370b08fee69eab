"""Who the customers are: names, addresses, e-mails and phones as in their country, and planted duplicates.

E-mail addresses end in example domains, which nobody can own. Phone numbers are valid in form and unique by number.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from crm_core.demo import chance
from crm_core.demo.chance import Bools, Floats, Ints, Stream
from crm_core.demo.names import NAMES
from crm_core.demo.person import Person, is_cjk, make_up, without_accents
from crm_core.demo.places import LOCALES

DUPLICATE_EVERY = 64
"""The last of so many customers is a second record of one of the others."""

_CONTACT_FIELDS = (6, 7, 9)  # the draws that decide whether there is an e-mail, a phone and an address


def originals(seed: int, index: Ints) -> Ints:
    """For each customer, the number of the customer this is a second record of, or −1."""
    return np.where(index % DUPLICATE_EVERY == DUPLICATE_EVERY - 1, _chosen(seed, index), -1)


def people(seed: int, index: Ints, *, has_duplicates: bool = True) -> Iterator[Person]:
    """The customers with these numbers, one by one."""
    original = originals(seed, index) if has_duplicates else np.full(len(index), -1)
    source = np.where(original >= 0, original, index)
    change = chance.uniform(seed, Stream.DUPLICATE, index, 1).tolist()
    is_complete = source == _chosen(seed, source)  # who is entered twice left something to be recognised by
    for i, number, person, u in zip(
        index.tolist(), original.tolist(), _people(seed, source, is_complete & has_duplicates), change, strict=True
    ):
        yield person if number < 0 else second_record(person, i, u)


def _chosen(seed: int, index: Ints) -> Ints:
    """The number of the customer who is entered twice among the 64 that each of these belongs to."""
    last = index // DUPLICATE_EVERY * DUPLICATE_EVERY + DUPLICATE_EVERY - 1
    u = chance.uniform(seed, Stream.DUPLICATE, last, 0)
    chosen: Ints = last - 1 - np.floor(u * (DUPLICATE_EVERY - 2)).astype(np.int64)
    return chosen


def places(u_locale: Floats, u_city: Floats) -> tuple[list[str], list[str]]:
    """Countries and regions, as customers are spread over them, for guests."""
    where = chance.choose(u_locale, [locale.share for locale in LOCALES])
    regions = [
        (cities := LOCALES[k].cities)[int(u * len(cities))].region
        for k, u in zip(where.tolist(), u_city.tolist(), strict=True)
    ]
    return [LOCALES[k].country for k in where.tolist()], regions


def second_record(person: Person, index: int, u: float) -> Person:
    """The same customer, entered once more by someone in a hurry; `u` in (0, 1) decides what differs."""
    if u < 0.3:  # a new address for e-mail, a slip in the name
        return person._replace(name=_slip(person.name, u / 0.3), email=f"kontakt{index + 1}@example.org")
    if u < 0.55:  # found again by e-mail only, in another spelling
        return person._replace(
            name=_short(person.name), email=(person.email or "").title() or None, phone=None, birthday_on=None
        )
    if u < 0.8:  # taken down by phone: no e-mail, no accents
        return person._replace(name=without_accents(person.name), email=None, language="en")
    return person._replace(name=_slip(person.name, (u - 0.8) / 0.2), phone=None, address=_abbreviated(person.address))


def _people(seed: int, index: Ints, is_complete: Bools) -> Iterator[Person]:
    """The people with these numbers as they would have written themselves; complete ones leave no contact out."""
    u = [chance.uniform(seed, Stream.PERSON, index, field) for field in range(12)]
    for field in _CONTACT_FIELDS:
        u[field] = np.where(is_complete, 0.0, u[field])
    draws = zip(*(values.tolist() for values in u), strict=True)
    where = chance.choose(chance.uniform(seed, Stream.PLACE, index), [locale.share for locale in LOCALES]).tolist()
    for i, k, drawn in zip(index.tolist(), where, draws, strict=True):
        yield make_up(i, LOCALES[k], NAMES[LOCALES[k].code], drawn)


def _slip(name: str, u: float) -> str:
    """Two neighbouring letters swapped; in Chinese and Japanese, the last sign doubled."""
    spots = [
        at
        for at in range(1, len(name) - 1)
        if name[at].islower() and name[at + 1].islower() and name[at] != name[at + 1]
    ]
    if is_cjk(name) or not spots:
        return name + name[-1]
    at = spots[int(u * len(spots))]
    return name[:at] + name[at + 1] + name[at] + name[at + 2 :]


def _short(name: str) -> str:
    first, blank, rest = name.partition(" ")
    return f"{first[0]}. {rest}" if blank and not is_cjk(name) else name


def _abbreviated(address: str | None) -> str | None:
    if address is None:
        return None
    for long, short in (
        ("straße", "str."),
        ("Street", "St"),
        ("Avenue", "Ave"),
        ("Calle", "C/"),
        ("avenue", "av."),
        ("Road", "Rd"),
    ):
        address = address.replace(long, short)
    return address
