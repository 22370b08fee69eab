"""Customers who may be the one being typed, and why."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from crm_core.access import SYSTEM, Actor, Role
from crm_core.db.engine import Database
from crm_core.db.models import Customer
from crm_core.records import duplicates
from crm_core.records.duplicates import Duplicate
from tests.accounts import account


def add(database: Database, *customers: dict[str, Any]) -> None:
    with database.write(SYSTEM, "form") as session:
        for number, values in enumerate(customers, 1):
            session.add(Customer(**{"id": number, "ref": f"R-{number}"} | values))


def likely(
    database: Database, actor: Actor = SYSTEM, *, exclude_id: int | None = None, **values: Any
) -> list[Duplicate]:
    with database.read() as session:
        return duplicates.likely(session=session, actor=actor, values=values, exclude_id=exclude_id)


def reasons(found: list[Duplicate]) -> list[list[str]]:
    return [[reason.template for reason in duplicate.reasons] for duplicate in found]


ANA = {"name": "Ana Maria Süß", "email": "ana@example.com", "phone": "+4930901820", "city": "Bonn", "postcode": "53111",
       "birthday_on": date(1990, 1, 2)}  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"email": " ANA@Example.com "}, ["the same e-mail address"]),
        ({"phone": "030 901820", "country": "DE"}, ["the same phone number"]),
        ({"phone": "030 901820"}, ["the same phone number"]),
        ({"phone": "+49 30 901820"}, ["the same phone number"]),
        ({"name": "ANA MARIA SUSS"}, ["the same name"]),
        ({"name": "Süß, Ana Maria"}, ["the same name"]),
        ({"name": "Anna Maria Süß"}, ["a similar name"]),
        ({"name": "Ana Maria Süs"}, ["a similar name"]),
        ({"name": "Ana Maria Süß", "city": "bonn"}, ["the same name", "the same city"]),
        ({"name": "Ana Maria Süß", "postcode": "53111"}, ["the same name", "the same postcode"]),
        ({"name": "Ana Maria Süß", "birthday_on": "1990-01-02"}, ["the same name", "the same birthday"]),
        ({"email": "ana@x.com", "name": "Ana Maria Süss"},
         ["the same e-mail name at another provider", "the same name"]),
    ],
)  # fmt: skip
def test_a_likely_duplicate_is_found_and_says_why(database: Database, typed: dict[str, Any], why: list[str]) -> None:
    add(database, ANA, {"name": "Bob Jones", "email": "bob@example.com", "phone": "+441212345678", "city": "Bonn"})
    found = likely(database, **typed)
    assert reasons(found) == [why]
    assert found[0].customer_id == 1
    assert duplicates.THRESHOLD <= found[0].score <= 1


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"name": ""},
        {"name": "Ana"},
        {"name": "Bo Maria Süß"},
        {"email": "ana@"},
        {"email": "ana@gmail.com"},
        {"phone": "901"},
        {"city": "Bonn", "postcode": "53111"},
        {"name": "Ana Maria Süß", "birthday_on": date(1971, 5, 6)},
    ],
)
def test_too_little_or_contrary_evidence_warns_of_nobody(database: Database, typed: dict[str, Any]) -> None:
    add(database, ANA)
    assert likely(database, **typed) == []


def test_more_evidence_scores_higher_and_comes_first(database: Database) -> None:
    add(database, {"name": "Ana Süß"}, {"name": "Ana Süß", "email": "ana@example.com"}, {"name": "Anna Süß"})
    found = likely(database, name="Ana Süß", email="ana@example.com")
    assert [duplicate.customer_id for duplicate in found] == [2, 1, 3]
    assert found[0].score == pytest.approx(1 - (1 - 0.9) * (1 - 0.6), abs=0.001)
    assert found[0].score > found[1].score > found[2].score


def test_a_name_that_many_have_warns_of_nobody_unless_something_else_is_the_same(database: Database) -> None:
    add(database, *({"name": "王伟"} for _ in range(12)), {"name": "王伟", "phone": "+861065529988"})
    assert likely(database, name="王伟") == []
    assert [duplicate.customer_id for duplicate in likely(database, name="王伟", phone="+86 10 6552 9988")] == [13]


def test_a_shared_mailbox_name_says_nothing(database: Database) -> None:
    add(database, {"name": "Acme", "email": "info@acme.example"})
    assert likely(database, name="Acme", email="info@other.example") != []
    assert reasons(likely(database, name="Acme", email="info@other.example")) == [["the same name"]]


def test_legal_forms_do_not_tell_companies_apart(database: Database) -> None:
    add(database, {"name": "Acme Tools GmbH", "kind": "organisation"})
    assert reasons(likely(database, name="ACME tools")) == [["the same name"]]


def test_the_customer_being_edited_is_not_its_own_duplicate(database: Database) -> None:
    add(database, ANA, ANA | {"ref": "other"})
    assert [duplicate.customer_id for duplicate in likely(database, exclude_id=1, email="ana@example.com")] == [2]


def test_who_sees_only_their_own_customers_is_warned_of_those_only(database: Database) -> None:
    sam, tom = (account(database, name, Role.STAFF, sees_only_own=True) for name in ("Sam", "Tom"))
    add(database, ANA | {"owner_id": sam.user_id})
    assert len(likely(database, sam, email="ana@example.com")) == 1
    assert likely(database, tom, email="ana@example.com") == []
