"""What may stand in each field of a customer, and the words for what may not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.errors import Invalid
from crm_core.records import customers
from crm_core.records.contact_fields import CLEANERS, countries, plain_text


def problem(name: str, value: Any, **known: Any) -> str:
    with pytest.raises(Invalid) as caught:
        customers.validate({name: value}, known=known)
    assert list(caught.value.fields) == [name]
    return str(caught.value.fields[name])


@pytest.mark.parametrize(
    ("name", "value", "known", "saved"),
    [
        ("name", "  Ána   Süß ", {}, "Ána   Süß"),
        ("name", "=HYPERLINK(1)<b>x</b>", {}, "=HYPERLINK(1)<b>x</b>"),
        ("name", "Ana\x00\x07\nSüß\u2028x", {}, "Ana Süß x"),
        ("email", " Ana.Suess@EXAMPLE.Com ", {}, "Ana.Suess@example.com"),
        ("email", "ana@müller.de", {}, "ana@müller.de"),
        ("email", "", {}, None),
        ("phone", "030 901820", {"country": "DE"}, "+4930901820"),
        ("phone", "(0121) 234 5678", {"country": "GB"}, "+441212345678"),
        ("phone", "010 6552 9988", {"country": "CN"}, "+861065529988"),
        ("phone", "+1 212 555 0123", {"country": "DE"}, "+12125550123"),
        ("phone", "0049 30 901820", {}, "+4930901820"),
        ("phone", "０３０ ９０１８２０", {"country": "DE"}, "+4930901820"),
        ("phone", " ", {"country": "DE"}, None),
        ("country", "de", {}, "DE"),
        ("country", "", {}, None),
        ("birthday_on", "1990-12-31", {}, date(1990, 12, 31)),
        ("birthday_on", date(1990, 12, 31), {}, date(1990, 12, 31)),
        ("language", "zh-CN", {}, "zh_CN"),
        ("language", "en", {}, "en"),
        ("tags", [" vip ", "VIP", "", "Berlin"], {}, ["vip", "Berlin"]),
        ("tags", None, {}, []),
        ("notes", " first\r\nsecond\tx\x01 ", {}, "first\nsecond\tx"),
        ("has_marketing_consent", None, {}, None),
        ("has_marketing_consent", False, {}, False),
        ("custom", {" shoe ": 42, "note": " a\x00b "}, {}, {"shoe": 42, "note": "ab"}),
        ("owner_id", None, {}, None),
    ],
)  # fmt: skip
def test_a_value_is_saved_as_typed_only_tidied(name: str, value: Any, known: dict[str, Any], saved: Any) -> None:
    assert customers.validate({name: value}, known=known) == {name: saved}


@pytest.mark.parametrize(
    ("name", "value", "known", "words"),
    [
        ("name", " \n ", {}, "A name is needed"),
        ("name", None, {}, "A name is needed"),
        ("name", 7, {}, "This must be text, not int"),
        ("name", "x" * 201, {}, "This has 201 characters; at most 200 fit"),
        ("ref", "", {}, "A reference is needed"),
        ("kind", "robot", {}, "'robot' is not a kind of customer; choose person or organisation"),
        ("email", "ana.example", {}, "'ana.example' is not an e-mail address; it should look like name@example.com"),
        ("email", "{value}@", {}, "'{value}@' is not an e-mail address; it should look like name@example.com"),
        ("phone", "12345", {"country": "DE"},
         "'12345' is not a phone number in DE; it should look like 030 123456 or +49 30 123456"),
        ("phone", "030 901820", {},
         "'030 901820' is not a phone number; without a country, write it with + and the country's code, "
         "such as +44 121 234 5678"),
        ("phone", "call me", {"country": "AQ"},
         "'call me' is not a phone number; without a country, write it with + and the country's code, "
         "such as +44 121 234 5678"),
        ("phone", "030 901820 ext. 5", {"country": "DE"},
         "'030 901820 ext. 5' has an extension; write it into the notes and leave the number here"),
        ("country", "Germany", {}, "'Germany' is not a country; give its two-letter code, such as DE or CN"),
        ("country", "EU", {}, "'EU' is not a country; give its two-letter code, such as DE or CN"),
        ("birthday_on", "31.12.1990", {}, "'31.12.1990' is not a date; write it as 1990-12-31"),
        ("birthday_on", date(1066, 1, 1), {}, "Nobody was born that long ago; check the year of 1066-01-01"),
        ("language", "klingon?", {}, "'klingon?' is not a language; give its code, such as en or zh_CN"),
        ("language", "xx", {}, "'xx' is not a language; give its code, such as en or zh_CN"),
        ("owner_id", "Ada", {}, "'Ada' is not the number of an account"),
        ("has_marketing_consent", "yes", {}, "Marketing consent is yes, no or not asked, not 'yes'"),
        ("tags", "vip", {}, "Tags are a list of words, not 'vip'"),
        ("tags", [str(number) for number in range(51)], {}, "There are 51 tags; at most 50 fit"),
        ("tags", ["x" * 41], {}, f"The tag '{'x' * 41}' is too long; at most 40 characters fit"),
        ("notes", "x" * 20_001, {}, "This has 20001 characters; at most 20000 fit"),
        ("custom", [1], {}, "Custom fields are at most 100 names with a value each"),
        ("custom", {"a": [1]}, {}, "The custom field 'a' must hold a text, a number, yes or no"),
        ("custom", {"a": float("nan")}, {}, "The custom field 'a' must hold a text, a number, yes or no"),
        ("sort_name", "x", {}, "There is no field 'sort_name' that can be changed"),
        ("version", 9, {}, "There is no field 'version' that can be changed"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_saved_is_refused_in_words(
    name: str, value: Any, known: dict[str, Any], words: str
) -> None:
    assert problem(name, value, **known) == words


def test_a_birthday_may_be_today_and_not_later() -> None:
    latest = (datetime.now(UTC) + timedelta(hours=14)).date()
    assert customers.validate({"birthday_on": latest}) == {"birthday_on": latest}
    tomorrow = latest + timedelta(days=1)
    assert problem("birthday_on", tomorrow) == f"A birthday cannot be in the future; {tomorrow} is"


def test_every_wrong_field_is_named_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        customers.validate({"name": "", "email": "x", "city": "Bonn"})
    assert list(caught.value.fields) == ["name", "email"]
    assert str(caught.value).startswith("name: A name is needed; email: 'x' is not")


def test_a_phone_is_read_in_the_country_given_with_it() -> None:
    assert customers.validate({"phone": "030 901820", "country": "DE"}, known={"country": "FR"}) == {
        "phone": "+4930901820",
        "country": "DE",
    }


def test_real_countries_are_known_and_groups_are_not() -> None:
    assert {"DE", "CN", "GB", "XK", "HK"} <= countries()
    assert not {"EU", "UN", "ZZ", "419", "UK"} & countries()


@given(st.text(max_size=60))
def test_tidied_text_holds_no_control_characters_and_is_stable(text: str) -> None:
    tidy = plain_text(text)
    assert plain_text(tidy) == tidy
    tidy.encode()  # no lone surrogates
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in tidy)


ANYTHING = st.one_of(
    st.none(),
    st.text(max_size=30),
    st.integers(),
    st.booleans(),
    st.floats(),
    st.lists(st.text(max_size=5), max_size=3),
)


@given(st.sampled_from(sorted(CLEANERS)), ANYTHING)
def test_whatever_is_sent_is_refused_in_words_or_saved_so_that_saving_it_again_changes_nothing(
    name: str, value: Any
) -> None:
    try:
        cleaned = customers.validate({name: value})
    except Invalid as error:
        words = str(error.fields[name])
    else:
        words = "saved"
        assert customers.validate(cleaned) == cleaned
    assert words
