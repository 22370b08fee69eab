"""Dates, quantities, amounts, countries: read exactly, or refused in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.imports.countries import country_code
from crm_core.imports.dates import find_day_first, to_instant
from crm_core.imports.numbers import amounts, find_decimal, to_money, to_quantity, unit_prices
from crm_core.imports.problems import BadValue
from crm_core.imports.values import to_email, to_text

LONDON = ZoneInfo("Europe/London")


def instant(value: object, *, zone: Any = LONDON, date_format: str | None = None, day_first: bool | None = None) -> str:
    micros = to_instant(value, zone=zone, date_format=date_format, day_first=day_first)
    return datetime.fromtimestamp(micros / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S")


def words(call: Any, *args: Any, **options: Any) -> str:
    with pytest.raises(BadValue) as caught:
        call(*args, **options)
    return str(caught.value.problem)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2010-12-01 08:26", "2010-12-01 08:26:00"),
        ("2010-12-01T08:26:07", "2010-12-01 08:26:07"),
        ("2010-12-01T08:26:07Z", "2010-12-01 08:26:07"),
        ("2010-12-01T08:26:07+02:00", "2010-12-01 06:26:07"),
        ("2010/12/1", "2010-12-01 00:00:00"),
        ("20101201", "2010-12-01 00:00:00"),
        ("2010年12月1日 8:26", "2010-12-01 08:26:00"),
        ("2010.12.1 8:26 PM", "2010-12-01 20:26:00"),
        ("2010-12-01 12:05 am", "2010-12-01 00:05:00"),
        ("2011-07-01 08:26", "2011-07-01 07:26:00"),  # British Summer Time
        (datetime(2010, 12, 1, 8, 26), "2010-12-01 08:26:00"),
        (datetime(2010, 12, 1, 8, 26, tzinfo=timezone(timedelta(hours=8))), "2010-12-01 00:26:00"),
        (date(2010, 12, 1), "2010-12-01 00:00:00"),
    ],
)
def test_a_date_with_the_year_first_needs_no_option(value: object, expected: str) -> None:
    assert instant(value) == expected


def test_day_and_month_are_read_in_the_order_the_option_says() -> None:
    assert instant("3/4/2011 10:00", day_first=True) == "2011-04-03 09:00:00"
    assert instant("3/4/2011 10:00", day_first=False) == "2011-03-04 10:00:00"
    assert instant("03.04.2011", zone=UTC, day_first=True) == "2011-04-03 00:00:00"


def test_a_date_format_is_followed_to_the_letter() -> None:
    assert instant("1 Dec 10, 08.26", date_format="%d %b %y, %H.%M") == "2010-12-01 08:26:00"
    assert words(instant, "2010-12-01", date_format="%d/%m/%Y") == "'2010-12-01' is not a date written as %d/%m/%Y."


def test_a_time_that_happened_twice_is_the_first_of_the_two() -> None:
    assert instant("2011-10-30 01:30") == "2011-10-30 00:30:00"


def test_a_time_that_never_happened_is_moved_forward_by_the_skipped_hour() -> None:
    assert instant("2011-03-27 01:30") == "2011-03-27 01:30:00"  # 02:30 summer time


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("soon", "'soon' is not a date such as 2011-12-09 08:26; other forms need date_format in the mapping."),
        ("3/4/2011", "'3/4/2011' is not a date such as 2011-12-09 08:26; other forms need date_format in the mapping."),
        ("2011-13-45", "'2011-13-45' is not a possible date with day 45, month 13 and year 2011."),
        ("2011-02-30", "'2011-02-30' is not a possible date with day 30, month 2 and year 2011."),
        ("2011-02-03 25:00", "'2011-02-03 25:00' is not a possible date with day 3, month 2 and year 2011."),
        ("2011-02-03 13:00 pm", "'2011-02-03 13:00 pm' is not a possible date with day 3, month 2 and year 2011."),
        ("0211-02-03", "'0211-02-03' lies outside the years 1900 to 2199."),
        (40513.35, "'40513.35' is a number, not a date such as 2011-12-09 08:26; format the column as a date."),
    ],
)
def test_a_date_that_is_none_is_refused_in_words(value: object, message: str) -> None:
    assert words(instant, value) == message


def test_the_order_of_day_and_month_is_found_in_the_file_or_asked_for() -> None:
    assert find_day_first(["1/2/2011", "13/2/2011"]) is True
    assert find_day_first(["1/2/2011", "2/13/2011"]) is False
    assert find_day_first(["2011-01-02", "5/5/2011", None, 7]) is None
    assert words(find_day_first, ["5/5/2011", "1/2/2011"]) == (
        "Dates such as 1/2/2011 can be read in two ways. The mapping must say which (day_first)."
    )


@given(st.datetimes(datetime(1901, 1, 1), datetime(2198, 12, 31)))
def test_an_iso_date_keeps_every_microsecond(moment: datetime) -> None:
    expected = (moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    for text in (moment.isoformat(), moment.isoformat(sep=" ") + "Z"):
        assert to_instant(text, zone=UTC, date_format=None, day_first=None) == expected


@pytest.mark.parametrize("value", ["2", "2.0", "+2", 2, 2.0, Decimal("2.00"), "2e0"])
def test_a_whole_number_may_be_written_in_many_ways(value: object) -> None:
    assert to_quantity(value) == 2


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("abc", "'abc' is not a whole number; expected one such as 12."),
        (True, "'True' is not a whole number; expected one such as 12."),
        ("1 2", "'1 2' is not a whole number; expected one such as 12."),
        (float("inf"), "'inf' is not a whole number; expected one such as 12."),
        ("1e999", "'1e999' is not a whole number; expected one such as 12."),
        ("٣", "'٣' is not a whole number; expected one such as 12."),
        (date(2020, 1, 1), "'2020-01-01' is not a whole number; expected one such as 12."),
        ("2.5", "'2.5' is not a whole number; quantities are counted in whole pieces."),
        ("3000000000", "'3000000000' is larger than a quantity can be (2147483647)."),
    ],
)
def test_a_quantity_that_is_none_is_refused_in_words(value: object, message: str) -> None:
    assert words(to_quantity, value) == message


@pytest.mark.parametrize(
    ("value", "decimal", "expected"),
    [
        (2.55, ".", 25500),
        (0.001, ".", 10),
        (1e-4, ".", 1),
        ("2.55", ".", 25500),
        ("1,234.50", ".", 12345000),
        ("1,234", ".", 12340000),
        ("1.234,50", ",", 12345000),
        ("1.234", ",", 12340000),
        ("2,55", ",", 25500),
        ("£2.55", ".", 25500),
        ("-£2.55", ".", -25500),
        ("2,55 €", ",", 25500),
        (".5", ".", 5000),
        ("5.", ".", 50000),
        ("2.550000", ".", 25500),
        (Decimal("2.5500000000000000000000000000000000"), ".", 25500),
        ("1 234.5", ".", 12345000),
        ("1e3", ".", 10000000),
        (-11062.06, ".", -110620600),
    ],
)
def test_an_amount_is_read_to_the_last_digit(value: object, decimal: str, expected: int) -> None:
    assert to_money(value, decimal=decimal) == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("two", "'two' is not an amount; expected one such as 12.50."),
        ("2,55", "'2,55' is not an amount; expected one such as 12.50."),
        ("1,23,456", "'1,23,456' is not an amount; expected one such as 12.50."),
        ("12-", "'12-' is not an amount; expected one such as 12.50."),
        ("5%", "'5%' is not an amount; expected one such as 12.50."),
        ("1.00005", "'1.00005' has more than 4 decimal places; amounts are kept exactly to that many."),
        (0.1 + 0.2, "'0.30000000000000004' has more than 4 decimal places; amounts are kept exactly to that many."),
        ("900000000000000", "'900000000000000' is larger than an amount can be."),
    ],
)
def test_an_amount_that_is_none_is_refused_in_words(value: object, message: str) -> None:
    assert words(to_money, value) == message


@given(st.integers(-(10**12), 10**12))
def test_an_amount_survives_the_way_through_a_double(units: int) -> None:
    assert to_money(float(Decimal(units).scaleb(-4))) == units
    assert to_money(str(Decimal(units).scaleb(-4))) == units


@given(st.integers(-(10**15), 10**15), st.integers(-(2**31) + 1, 2**31 - 1).filter(bool))
def test_a_unit_price_from_a_total_is_the_nearest_with_half_to_even(total: int, quantity: int) -> None:
    (price,) = unit_prices(np.array([total]), np.array([quantity]))
    assert price == round(Fraction(total, quantity))  # Fraction rounds half to even


def test_a_unit_price_that_lies_half_way_goes_to_the_even_one() -> None:
    totals, quantities = np.array([1, 3, -3, 5, 0, 7]), np.array([2, 2, 2, -2, 5, 0])
    assert unit_prices(totals, quantities).tolist() == [0, 2, -2, -2, 0, 0]


@given(st.integers(-(2**31) + 1, 2**31 - 1), st.integers(-(10**15), 10**15))
def test_an_amount_is_quantity_times_price_or_said_to_be_too_large(quantity: int, price: int) -> None:
    (amount,), (is_too_large,) = amounts(np.array([quantity]), np.array([price]))
    if not is_too_large:
        assert int(amount) == quantity * price
    else:
        assert abs(quantity * price) > 2**63 - 2**12


@pytest.mark.parametrize(
    ("quantities", "prices", "decimal"),
    [
        (["1"], ["2,55", "3"], ","),
        (["1"], ["1.234,5"], ","),
        (["1"], ["1.234,567"], ","),
        (["1"], ["0,125"], ","),
        (["1"], ["1,234", "2,5"], ","),
        (["1"], ["1,234", "2.55"], "."),
        (["1"], ["1,234.567", "2.5"], "."),
        (["1"], ["1,234,567"], "."),
        (["1,200"], ["1,234"], "."),
        (["1"], ["1.234"], "."),
        (["1", None, 3], [2.5, 7], "."),
        (["abc"], ["x,y"], "."),
    ],
)
def test_the_decimal_sign_is_found_by_looking(quantities: list[Any], prices: list[Any], decimal: str) -> None:
    assert find_decimal(quantities, prices) == decimal


def test_amounts_that_can_be_read_in_two_ways_are_asked_about() -> None:
    assert words(find_decimal, ["1"], ["£1,234", "56"]) == (
        "Amounts such as 1,234 can be read in two ways. The mapping must say which sign is decimal."
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("United Kingdom", "GB"),
        ("uk", "GB"),
        ("GB", "GB"),
        ("GBR", "GB"),
        ("USA", "US"),
        ("Deutschland", "DE"),
        ("中国", "CN"),
        ("Côte d’Ivoire", "CI"),
        ("cote d'ivoire", "CI"),
        ("Czech Republic", "CZ"),
        ("Hong Kong", "HK"),
        ("European Community", None),
        ("Channel Islands", None),
        ("SUN", None),
        ("Unspecified", None),
        ("EU", None),
    ],
)
def test_a_country_is_known_by_its_code_and_by_its_name_in_several_languages(text: str, code: str | None) -> None:
    assert country_code(text) == code


def test_a_text_keeps_its_characters_and_a_number_loses_only_the_point_nought() -> None:
    assert to_text("A <b>=1+1</b>", 64) == "A <b>=1+1</b>"
    assert to_text(17850.0, 64) == to_text(Decimal("17850.0"), 64) == to_text(17850, 64) == "17850"
    assert to_text("17850.0", 64) == "17850.0"
    assert to_text("17850.0", 64, is_whole=True) == "17850"
    assert to_text(1.5, 64, is_whole=True) == "1.5"


def test_a_text_that_cannot_be_kept_is_refused_in_words() -> None:
    assert words(to_text, "x" * 65, 64) == f"'{'x' * 59}…' is longer than 64 characters."
    assert words(to_text, "a\0b", 64) == "'a?b' holds characters that are no text."
    assert words(to_text, "a\ud800", 64) == "'a?' holds characters that are no text."


def test_an_e_mail_address_is_one_or_is_refused_in_words() -> None:
    assert to_email("Jane@EXAMPLE.com") == "Jane@example.com"
    assert words(to_email, "jane") == "'jane' is not an e-mail address; it should look like name@example.com."
