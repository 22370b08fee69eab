"""Dates, numbers and money as each reader writes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.formats import NO_DATA, Formats

EN = Formats("en", "GBP", "America/New_York")
ZH = Formats("zh_CN", "CNY", "Asia/Shanghai")


@dataclass(frozen=True)
class Span:
    start: date
    end: date


@pytest.mark.parametrize(
    ("formats", "said"),
    [
        (EN, ("Mar 5, 2026", "Mar 5", "Mar 2026", "Mar", "2026")),
        (ZH, ("2026年3月5日", "3月5日", "2026年3月", "3月", "2026年")),
    ],
)
def test_a_day_is_said_as_day_month_or_year(formats: Formats, said: tuple[str, ...]):
    day = date(2026, 3, 5)
    month = formats.month(day, has_year=False)
    assert (formats.date(day), formats.day(day), formats.month(day), month, formats.year(day)) == said


def test_the_same_instant_is_another_day_east_and_west():
    at = datetime(2026, 3, 1, 3, 30, tzinfo=UTC)
    assert EN.instant(at) == "Feb 28, 2026, 22:30"
    assert ZH.instant(at) == "2026年3月1日 11:30"
    assert (EN.time(at), ZH.time(at)) == ("22:30", "11:30")


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="needs a time zone"):
        EN.instant(datetime(2026, 3, 1))


@pytest.mark.parametrize(
    ("start", "end", "english", "chinese"),
    [
        ((2026, 3, 5), (2026, 3, 6), "Mar 5, 2026", "2026年3月5日"),
        ((2026, 3, 5), (2026, 4, 8), "Mar 5 – Apr 7, 2026", "2026年3月5日至4月7日"),
        ((2026, 3, 1), (2026, 4, 1), "Mar 2026", "2026年3月"),
        ((2025, 12, 1), (2026, 1, 1), "Dec 2025", "2025年12月"),
        ((2026, 1, 1), (2026, 4, 1), "Jan – Mar 2026", "2026年1月至3月"),
        ((2025, 11, 1), (2026, 2, 1), "Nov 2025 – Jan 2026", "2025年11月至2026年1月"),
        ((2026, 1, 1), (2027, 1, 1), "2026", "2026年"),
        ((2024, 1, 1), (2027, 1, 1), "2024 – 2026", "2024–2026年"),
        ((2026, 3, 1), (2026, 3, 31), "Mar 1 – 30, 2026", "2026年3月1日至30日"),
    ],
)
def test_a_half_open_period_is_said_by_its_first_and_last_day(
    start: tuple[int, int, int], end: tuple[int, int, int], english: str, chinese: str
):
    span = Span(date(*start), date(*end))
    thin = english.replace("–", " – ").replace("  ", " ") if "–" in english else english
    assert " ".join(EN.period(span).replace("\u2009", " ").split()) in {english, thin}
    assert ZH.period(span) == chinese


@pytest.mark.parametrize(
    ("amount", "english", "chinese"),
    [
        (Decimal("1234.5"), "£1,234.50", "¥1,234.50"),
        (Decimal("-0.004"), "£0.00", "¥0.00"),
        (Decimal("0.005"), "£0.01", "¥0.01"),
        (Decimal("2.345"), "£2.35", "¥2.35"),
        (-12, "-£12.00", "-¥12.00"),
        (0.1 + 0.2, "£0.30", "¥0.30"),
    ],
)
def test_money_is_rounded_half_up_to_its_smallest_unit(amount: Any, english: str, chinese: str):
    assert (EN.money(amount), ZH.money(amount)) == (english, chinese)


@pytest.mark.parametrize(
    ("amount", "english", "chinese"),
    [
        (0, "£0", "¥0"),
        (Decimal("12.34"), "£12.34", "¥12.34"),
        (999, "£999", "¥999"),
        (Decimal("9999.6"), "£10K", "¥10,000"),
        (12_345, "£12.3K", "¥1.23万"),
        (12_500, "£12.5K", "¥1.25万"),
        (999_999, "£1M", "¥100万"),
        (1_250_000, "£1.25M", "¥125万"),
        (-2_500_000, "-£2.5M", "-¥250万"),
        (99_999_999, "£100M", "¥1亿"),
        (123_456_789_012, "£123.5B", "¥1235亿"),
    ],
)
def test_compact_money_says_about_four_figures(amount: Any, english: str, chinese: str):
    assert (EN.money(amount, compact=True), ZH.money(amount, compact=True)) == (english, chinese)


def test_a_gain_can_carry_its_sign():
    assert [EN.money(n, signed=True, compact=True) for n in (1500, 0, -1500)] == ["+£1.5K", "£0", "-£1.5K"]
    assert [ZH.percent(n, signed=True) for n in (0.1234, 0, 0.0001, -0.1234)] == ["+12.3%", "0.0%", "0.0%", "-12.3%"]


def test_another_currency_keeps_its_own_decimals():
    assert (EN.money(5000, "JPY"), ZH.money(5000, "JPY")) == ("¥5,000", "JP¥5,000")
    assert (EN.currency_symbol, ZH.currency_symbol, ZH.currency_digits) == ("£", "¥", 2)
    assert Formats("en", "JPY", "UTC").currency_digits == 0


def test_a_unit_price_shows_a_tenth_of_a_penny():
    assert [EN.price(Decimal(text)) for text in ("0.165", "5", "1.0005")] == ["£0.165", "£5.00", "£1.0005"]


@pytest.mark.parametrize(
    ("value", "digits", "said"),
    [
        (12345, None, "12,345"),
        (12345.678, None, "12,345.68"),
        (0.5, None, "0.5"),
        (2, 2, "2.00"),
        (2.5, 0, "3"),
        (-0.001, 2, "0.00"),
    ],
)
def test_numbers_are_grouped_and_rounded_half_up(value: float, digits: int | None, said: str):
    assert EN.number(value, digits) == ZH.number(value, digits) == said


def test_a_compact_number_steps_by_thousands_or_by_ten_thousands():
    assert (EN.number(12_345, compact=True), ZH.number(12_345, compact=True)) == ("12.3K", "1.23万")
    assert (EN.number(1_234, compact=True), ZH.number(1_234, compact=True)) == ("1.2K", "1,234")


def test_shares_are_percentages():
    assert [EN.percent(share) for share in (0.12345, 1, 12.5, Decimal("0.0005"))] == [
        "12.3%",
        "100.0%",
        "1,250.0%",
        "0.1%",
    ]
    assert EN.percent(0.5, 0) == "50%"


@pytest.mark.parametrize("nothing", [None, float("nan"), np.nan, Decimal("NaN")])
def test_what_is_not_there_is_a_dash_and_never_a_zero(nothing: Any):
    assert {EN.money(nothing), EN.number(nothing), EN.percent(nothing), ZH.money(nothing, compact=True)} == {NO_DATA}


def test_a_day_that_is_not_there_is_a_dash():
    missing = {EN.date(None), EN.day(None), EN.month(None), EN.year(None), EN.instant(None), EN.time(None)}
    assert missing | {EN.period(None), EN.price(None)} == {NO_DATA}


def test_numbers_of_numpy_are_numbers():
    assert (EN.number(np.int64(3)), EN.money(np.float64(2.5)), EN.percent(np.float32(0.5))) == ("3", "£2.50", "50.0%")


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=4))
def test_money_says_the_amount_to_the_penny(amount: Decimal):
    said = Decimal(EN.money(amount).replace("£", "").replace(",", ""))
    assert abs(said - amount) <= Decimal("0.005")


@given(st.decimals(min_value=1000, max_value=10**13, places=2))
def test_compact_money_is_never_far_from_the_amount(amount: Decimal):
    text = EN.money(amount, compact=True).removeprefix("£")
    power = {"K": 3, "M": 6, "B": 9, "T": 12}[text[-1]]
    assert abs(Decimal(text[:-1]).scaleb(power) - amount) <= amount * Decimal("0.051")
    assert Decimal(text[:-1]) < 1000 or power == 12


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(1, 1000))
def test_every_period_names_its_first_year(start: date, days: int):
    assert str(start.year) in ZH.period(Span(start, start + timedelta(days=days)))
