"""Create, read and change a customer."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from crm_core.access import Actor, Role
from crm_core.db.engine import Database
from crm_core.db.models import Change, Customer
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.records import customers
from crm_core.records.customers import UpdateResult
from tests.accounts import account


def create(database: Database, actor: Actor, **values: object) -> int:
    with database.write(actor, "form") as session:
        return customers.create(session=session, actor=actor, values=values).id


def update(database: Database, actor: Actor, customer_id: int, seen_version: int, **values: object) -> UpdateResult:
    with database.write(actor, "form") as session:
        return customers.update(
            session=session, actor=actor, customer_id=customer_id, seen_version=seen_version, values=values
        )


def read(database: Database, actor: Actor, customer_id: int) -> Customer:
    with database.read() as session:
        return customers.get(session=session, actor=actor, customer_id=customer_id)


def test_a_new_customer_is_read_back_as_it_was_cleaned(database: Database, admin: Actor) -> None:
    customer_id = create(
        database,
        admin,
        name=" Ána Süß ",
        email="ana@EXAMPLE.com",
        phone="030 901820",
        country="de",
        birthday_on="1990-12-31",
        tags=["vip"],
    )
    customer = read(database, admin, customer_id)
    assert (customer.name, customer.sort_name, customer.email) == ("Ána Süß", "ana suss", "ana@example.com")
    assert (customer.phone, customer.country, customer.birthday_on) == ("+4930901820", "DE", date(1990, 12, 31))
    assert (customer.tags, customer.kind, customer.has_marketing_consent, customer.version) == (
        ["vip"],
        "person",
        None,
        1,
    )


def test_references_count_on_and_are_never_given_twice(database: Database, admin: Actor) -> None:
    first, second = (read(database, admin, create(database, admin, name="A", ref="")) for _ in range(2))
    assert (first.ref, second.ref) == ("C-000001", "C-000002")
    with database.write(admin, "form") as session:
        session.delete(session.get(Customer, second.id))
    assert read(database, admin, create(database, admin, name="B")).ref == "C-000003"


def test_a_reference_somebody_gave_is_stepped_over(database: Database, admin: Actor) -> None:
    create(database, admin, name="A", ref="C-000002")
    assert read(database, admin, create(database, admin, name="B")).ref == "C-000003"


def test_a_reference_that_is_taken_is_refused_in_words_and_nothing_else_is_lost(
    database: Database, admin: Actor
) -> None:
    create(database, admin, name="A", ref="X-1")
    with database.write(admin, "form") as session:
        customers.create(session=session, actor=admin, values={"name": "B", "ref": "X-2"})
        with pytest.raises(Invalid, match="ref: Another customer has the reference 'X-1'"):
            customers.create(session=session, actor=admin, values={"name": "C", "ref": "X-1"})
    with database.read() as session:
        assert list(session.scalars(select(Customer.name).order_by(Customer.id))) == ["A", "B"]
    with pytest.raises(Invalid, match="ref: Another customer has the reference 'X-1'"):
        update(database, admin, 2, 1, ref="X-1")


def test_a_customer_without_a_name_is_refused(database: Database, admin: Actor) -> None:
    with pytest.raises(Invalid, match="name: A name is needed"):
        create(database, admin, email="a@example.com")


def test_different_fields_of_two_people_are_both_kept(database: Database, admin: Actor) -> None:
    customer_id = create(database, admin, name="Ana", city="Bonn")
    update(database, admin, customer_id, 1, city="Berlin", phone="+4930901820")
    result = update(database, admin, customer_id, 1, name="Anna")
    assert (result.customer.name, result.customer.city, result.customer.version) == ("Anna", "Berlin", 3)
    assert sorted(result.merged) == ["city", "phone"]


def test_the_same_change_by_two_people_is_no_conflict_and_no_second_change(database: Database, admin: Actor) -> None:
    customer_id = create(database, admin, name="Ana", city="Bonn")
    update(database, admin, customer_id, 1, city="Berlin")
    result = update(database, admin, customer_id, 1, city=" Berlin ")
    assert (result.merged, result.customer.version) == ((), 2)


def test_the_same_field_with_another_value_shows_original_theirs_and_yours_and_saves_nothing(
    database: Database,
) -> None:
    ada, bob = account(database, "Ada"), account(database, "Bob")
    customer_id = create(database, ada, name="Ana", city="Bonn", birthday_on="1990-01-01")
    update(database, ada, customer_id, 1, city="Berlin", birthday_on="1990-02-02")
    with pytest.raises(Conflict) as caught:
        update(database, bob, customer_id, 1, city="Köln", birthday_on="1990-03-03", name="Anna")
    conflict = caught.value
    assert [(f.field, f.original, f.theirs, f.yours) for f in conflict.fields] == [
        ("city", "Bonn", "Berlin", "Köln"),
        ("birthday_on", date(1990, 1, 1), date(1990, 2, 2), date(1990, 3, 3)),
    ]
    assert (conflict.current_version, conflict.changed_by) == (2, "Ada")
    assert str(conflict) == "Someone else changed the same fields meanwhile: city, birthday_on"
    assert read(database, ada, customer_id).name == "Ana"
    resolved = update(database, bob, customer_id, conflict.current_version, city="Köln", name="Anna")
    assert (resolved.customer.city, resolved.customer.name) == ("Köln", "Anna")


def test_an_untouched_field_sent_back_never_overwrites_anothers_change(database: Database, admin: Actor) -> None:
    customer_id = create(database, admin, name="Ana", city="Bonn", tags=["a"])
    update(database, admin, customer_id, 1, city="Berlin", tags=["a", "b"])
    result = update(database, admin, customer_id, 1, name="Anna", city="Bonn", tags=["a"], email="", notes=None)
    assert (result.customer.city, result.customer.tags) == ("Berlin", ["a", "b"])
    assert sorted(result.merged) == ["city", "tags"]


def test_a_change_that_was_turned_back_meanwhile_is_no_conflict(database: Database, admin: Actor) -> None:
    customer_id = create(database, admin, name="Ana", city="Bonn")
    update(database, admin, customer_id, 1, city="Berlin")
    update(database, admin, customer_id, 2, city="Bonn")
    assert update(database, admin, customer_id, 1, city="Köln").customer.city == "Köln"


def test_saving_without_a_change_leaves_no_history(database: Database, admin: Actor) -> None:
    customer_id = create(database, admin, name="Ana", city="Bonn")
    assert update(database, admin, customer_id, 1, name="Ana", city="Bonn ").customer.version == 1
    with database.read() as session:
        assert list(session.scalars(select(Change.op))) == ["insert"]


def test_what_an_import_left_behind_does_not_keep_other_fields_from_being_saved(
    database: Database, admin: Actor
) -> None:
    with database.write(admin, "import") as session:
        session.add(Customer(ref="1", name="Ana", email="not an address", country="ZZ"))
    assert update(database, admin, 1, 1, city="Bonn", email="not an address", country="ZZ").customer.city == "Bonn"
    with pytest.raises(Invalid, match="email: 'neither' is not an e-mail address"):
        update(database, admin, 1, 2, email="neither")


def test_a_phone_is_read_in_the_country_the_customer_has(database: Database, admin: Actor) -> None:
    customer_id = create(database, admin, name="Ana", country="DE")
    assert update(database, admin, customer_id, 1, phone="030 901820").customer.phone == "+4930901820"


def test_emptying_a_field_stores_no_empty_text(database: Database, admin: Actor) -> None:
    customer_id = create(database, admin, name="Ana", city="Bonn")
    assert update(database, admin, customer_id, 1, city="").customer.city is None


def test_a_customer_that_is_not_there_is_not_found_in_words(database: Database, admin: Actor) -> None:
    words = "There is no customer 99, or it is not among yours."
    with pytest.raises(NotFound, match=words):
        read(database, admin, 99)
    with pytest.raises(NotFound, match=words):
        update(database, admin, 99, 1, city="Bonn")


def test_who_sees_only_their_own_customers_cannot_read_or_change_others(database: Database) -> None:
    ada = account(database, "Ada")
    sam = account(database, "Sam", Role.STAFF, sees_only_own=True)
    others, own = create(database, ada, name="Ana", owner_id=ada.user_id), create(database, sam, name="Bea")
    assert read(database, sam, own).owner_id == sam.user_id
    assert update(database, sam, own, 1, city="Bonn").customer.city == "Bonn"
    with pytest.raises(NotFound):
        read(database, sam, others)
    with pytest.raises(NotFound):
        update(database, sam, others, 1, city="Bonn")
    with pytest.raises(Invalid, match="owner_id: You see only your own customers, so you cannot give this one away"):
        update(database, sam, own, 2, owner_id=ada.user_id)
    with pytest.raises(Invalid, match="owner_id: You see only your own customers, so you cannot give this one away"):
        create(database, sam, name="Cem", owner_id=ada.user_id)
    assert update(database, ada, own, 2, owner_id=ada.user_id).customer.owner_id == ada.user_id


def test_only_an_active_account_can_own_a_customer(database: Database, admin: Actor) -> None:
    with pytest.raises(Invalid, match="owner_id: There is no active account 99 to own this"):
        create(database, admin, name="Ana", owner_id=99)
