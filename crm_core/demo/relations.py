"""People at organisations, and what customers said about marketing when they came; from numbers of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from crm_core.access import SYSTEM
from crm_core.demo import chance
from crm_core.demo.chance import Ints, Stream
from crm_core.demo.names import NAMES
from crm_core.demo.person import Person
from crm_core.demo.places import LOCALES
from crm_core.demo.rows import Row

CONTACT_COLUMNS = ("id", "customer_id", "name", "position", "email", "is_main", "created_at")
CONSENT_COLUMNS = ("id", "customer_id", "at", "has_consent", "how", "said_by")
POSITIONS = ("Purchasing", "Management", "Accounting", "Reception")
MOST = 3
"""An organisation has one to so many contacts; the first one is the main one."""

_GIVEN, _FAMILY, _COUNT = 1, 2, 3
_SHARES = (0.55, 0.3, 0.15)


def counts(seed: int, index: Ints, persons: Sequence[Person]) -> Ints:
    """How many contacts each customer has; people have none."""
    drawn = 1 + chance.choose(chance.uniform(seed, Stream.CONTACT, index, _COUNT), _SHARES)
    found: Ints = np.where([person.kind == "organisation" for person in persons], drawn, 0).astype(np.int64)
    return found


def contact_rows(
    ids: Sequence[int], seed: int, index: Ints, persons: Sequence[Person], *, customer_ids: Ints,
    created_at: Sequence[int],
) -> Iterator[Row]:  # fmt: skip
    """The contacts of the organisations among these customers, by customer; `created_at` in microseconds."""
    where = chance.choose(chance.uniform(seed, Stream.PLACE, index), [locale.share for locale in LOCALES])
    numbers = iter(ids)
    of_each = counts(seed, index, persons).tolist()
    for place in np.flatnonzero(of_each).tolist():
        names = NAMES[LOCALES[int(where[place])].code]
        domain = (persons[place].email or "info@example.com").rpartition("@")[2]
        for nth in range(of_each[place]):
            point = (index[place : place + 1], nth)
            given, family = (
                float(chance.uniform(seed, Stream.CONTACT, *point, field)[0]) for field in (_GIVEN, _FAMILY)
            )
            name = names.person.format(
                given=names.given[int(given * len(names.given))], family=names.family[int(family * len(names.family))]
            )
            position = POSITIONS[nth if nth else int(family * 2)]
            address = f"{position.lower()}{nth + 1}@{domain}"
            yield (next(numbers), int(customer_ids[place]), name, position, address, nth == 0, created_at[place])


def consent_rows(
    ids: Sequence[int], customer_ids: Sequence[int], consents: Sequence[bool | None], created_at: Sequence[int]
) -> Iterator[Row]:
    """What each customer who was asked said when they came."""
    asked = [n for n, said in enumerate(consents) if said is not None]
    for row_id, n in zip(ids, asked, strict=True):
        yield row_id, customer_ids[n], created_at[n], consents[n], "demo", SYSTEM.name
