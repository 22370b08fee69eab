"""Simulated customers: valid where they should be, and second records of some of them."""

from collections import Counter

import numpy as np
import phonenumbers
import pytest
from babel import Locale
from email_validator import validate_email

from crm_core.demo.people import DUPLICATE_EVERY, originals, people, second_record
from crm_core.demo.person import Person
from crm_core.demo.places import LOCALES

N = 4096


@pytest.fixture(scope="module")
def crowd() -> list[Person]:
    return list(people(7, np.arange(N)))


def test_every_e_mail_address_is_valid_and_in_a_domain_nobody_can_own(crowd: list[Person]) -> None:
    emails = [person.email for person in crowd if person.email]
    assert len(emails) > 0.85 * N
    for email in emails:
        domain = validate_email(email, check_deliverability=False).domain
        assert domain.endswith((".example", "example.com", "example.org", "example.net"))


def test_every_phone_number_is_valid_in_the_customers_country(crowd: list[Person]) -> None:
    phones = [(person.phone, person.country) for person in crowd if person.phone]
    assert len(phones) > 0.7 * N
    for phone, country in phones:
        number = phonenumbers.parse(phone)
        assert phonenumbers.is_valid_number(number)
        assert phonenumbers.region_code_for_number(number) == country
        assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == phone


def test_e_mails_and_phones_belong_to_one_customer_unless_planted(crowd: list[Person]) -> None:
    first_records = [person for n, person in enumerate(crowd) if n % DUPLICATE_EVERY != DUPLICATE_EVERY - 1]
    for field in ("email", "phone"):
        values = [value for person in first_records if (value := getattr(person, field))]
        assert len(set(values)) == len(values)


def test_all_locales_are_there_in_their_shares(crowd: list[Person]) -> None:
    count = Counter(person.country for person in crowd)
    for locale in LOCALES:
        assert count[locale.country] / N == pytest.approx(locale.share, abs=0.03)


def test_chinese_customers_have_chinese_names_and_addresses(crowd: list[Person]) -> None:
    chinese = [person for person in crowd if person.country == "CN" and person.kind == "person"]
    assert len(chinese) > 200
    for person in chinese:
        assert all("\u4e00" <= character <= "\u9fff" for character in person.name + person.city + person.region)
        assert person.address is None or person.address.endswith("室")
    assert sum(person.language == "zh" for person in chinese) > 0.95 * len(chinese)


def test_languages_are_codes_people_know(crowd: list[Person]) -> None:
    for language in {person.language for person in crowd}:
        assert str(Locale.parse(language)) == language


def test_fields_fit_their_columns(crowd: list[Person]) -> None:
    longest = {"name": 200, "email": 254, "phone": 32, "region": 100, "city": 100, "address": 300, "postcode": 20}
    for field, limit in longest.items():
        assert max(len(getattr(person, field) or "") for person in crowd) <= limit
    assert not any("{" in (person.address or "") or "#" in (person.postcode or "") for person in crowd)


def test_one_in_sixty_four_is_a_second_record_of_an_earlier_one() -> None:
    original = originals(7, np.arange(N))
    planted = np.flatnonzero(original >= 0)
    assert planted.tolist() == list(range(DUPLICATE_EVERY - 1, N, DUPLICATE_EVERY))
    assert (original[planted] // DUPLICATE_EVERY == planted // DUPLICATE_EVERY).all()
    assert (original[original[planted]] == -1).all()


def test_a_second_record_shares_an_address_an_e_mail_or_a_phone_with_the_first(crowd: list[Person]) -> None:
    original = originals(7, np.arange(N))
    for copy in np.flatnonzero(original >= 0).tolist():
        first, second = crowd[original[copy]], crowd[copy]
        assert second != first
        assert (second.country, second.city, second.postcode) == (first.country, first.city, first.postcode)
        is_same = [
            (second.email or "").casefold() == (first.email or " ").casefold(),
            second.phone is not None and second.phone == first.phone,
            second.address is not None and second.address == first.address,
            second.birthday_on is not None and second.birthday_on == first.birthday_on,
            second.name.casefold() == first.name.casefold(),
        ]
        assert any(is_same)


@pytest.mark.parametrize(
    ("u", "name", "email", "phone", "address"),
    [
        (0.01, "Jrügen Groß", "kontakt9@example.org", "+4915112345678", "Lindenstraße 8"),
        (0.4, "J. Groß", "Juergen.Gross1@Example.Com", None, "Lindenstraße 8"),
        (0.7, "Jurgen Groß", None, "+4915112345678", "Lindenstraße 8"),
        (0.81, "Jrügen Groß", "juergen.gross1@example.com", None, "Lindenstr. 8"),
    ],
)
def test_second_records_differ_as_hurried_people_make_them(
    u: float, name: str, email: str | None, phone: str | None, address: str
) -> None:
    person = Person(
        "person", "Jürgen Groß", "juergen.gross1@example.com", "+4915112345678", "DE", "Bayern", "München",
        "Lindenstraße 8", "80331", "1970-02-03", "de",
    )  # fmt: skip
    second = second_record(person, 8, u)
    assert (second.name, second.email, second.phone, second.address) == (name, email, phone, address)


def test_people_are_the_same_whoever_else_is_asked_for(crowd: list[Person]) -> None:
    assert list(people(7, np.array([63, 5, 4000]))) == [crowd[63], crowd[5], crowd[4000]]
    assert next(people(8, np.array([5]))) != crowd[5]
