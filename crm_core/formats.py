"""Dates, numbers and money as one reader writes them: language, currency and time zone in one object.

Every method takes None (and NaN, a frame's None) and gives "—": a figure that is not there must not look like a zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property, lru_cache
from typing import Protocol, TypeVar, cast
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers
from babel.lists import format_list

NO_DATA = "—"

Number = int | float | Decimal

_Day = date  # inside the class the name is taken by the method


_F = TypeVar("_F", bound=Callable[..., str])


def _remembered(method: _F) -> _F:
    """The method, with its latest answers kept: a page drawn again says mostly what it said before."""
    return cast(_F, lru_cache(maxsize=16_384, typed=True)(method))


class Days(Protocol):
    """A half-open span of local days: `end` is the first day that is not in it."""

    @property
    def start(self) -> date: ...

    @property
    def end(self) -> date: ...


@dataclass(frozen=True)
class Formats:
    """How one reader sees figures of one workspace.

    `language` is a code of `translation.LANGUAGES`, `currency` an ISO 4217 code, `timezone` an IANA name.
    """

    language: str
    currency: str
    timezone: str

    @cached_property
    def locale(self) -> Locale:
        """Babel's locale of the language."""
        return Locale.parse(self.language)

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @_remembered
    def date(self, day: _Day | None) -> str:
        """A day: Mar 5, 2026 / 2026年3月5日."""
        return NO_DATA if day is None else dates.format_date(day, "medium", locale=self.locale)

    @_remembered
    def day(self, day: _Day | None) -> str:
        """A day whose year is plain from where it stands: Mar 5 / 3月5日."""
        return NO_DATA if day is None else dates.format_skeleton("MMMd", day, locale=self.locale)

    @_remembered
    def month(self, day: _Day | None, *, has_year: bool = True) -> str:
        """The month a day lies in: Mar 2026 / 2026年3月; without year where that is plain: Mar / 3月."""
        if day is None:
            return NO_DATA
        return dates.format_skeleton("yMMM" if has_year else "MMM", day, locale=self.locale)

    def year(self, day: _Day | None) -> str:
        """The year a day lies in: 2026 / 2026年."""
        return NO_DATA if day is None else dates.format_skeleton("y", day, locale=self.locale)

    def instant(self, at: datetime | None) -> str:
        """An instant in the workspace's time zone, to the minute: Mar 5, 2026, 14:05 / 2026年3月5日 14:05."""
        if at is None:
            return NO_DATA
        both: str = self.locale.datetime_formats["medium"]
        return both.format(self.time(at), self.date(self._local(at)))

    def on(self, at: datetime | None) -> str:
        """The day an instant falls on in the workspace's time zone: Mar 5, 2026 / 2026年3月5日."""
        return NO_DATA if at is None else self.date(self._local(at).date())

    def time(self, at: datetime | None) -> str:
        """The time of day of an instant in the workspace's time zone: 14:05."""
        return NO_DATA if at is None else f"{self._local(at):%H:%M}"

    def _local(self, at: datetime) -> datetime:
        if at.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return at.astimezone(self._zone)

    def period(self, period: Days | None) -> str:
        """A span of days, said as shortly as it can be: a day, a month, a year, whole months, or first to last day."""
        if period is None:
            return NO_DATA
        start, last = period.start, period.end - timedelta(days=1)
        if last <= start:
            return self.date(start)
        if start.day != 1 or period.end.day != 1:
            return dates.format_interval(start, last, "yMMMd", locale=self.locale)
        if (start.year, start.month) == (last.year, last.month):
            return self.month(start)
        if start.month != 1 or period.end.month != 1:
            return dates.format_interval(start, last, "yMMM", locale=self.locale)
        if start.year == last.year:
            return self.year(start)
        return dates.format_interval(start, last, "y", locale=self.locale)

    @_remembered
    def number(self, value: Number | None, digits: int | None = None, *, compact: bool = False) -> str:
        """A number with thousands separators: 12,345; with exactly `digits` decimals, else with at most two.

        `compact` shortens it to about four figures: 12.3K / 1.2万.
        """
        if value is None or _is_nan(value):
            return NO_DATA
        exact = _decimal(value)
        if compact and abs(exact) >= self._compact_from:
            return numbers.format_compact_decimal(self._short(exact), locale=self.locale, fraction_digits=2)
        places = "##" if digits is None else "0" * digits
        return numbers.format_decimal(_half_up(exact, 2 if digits is None else digits), f"#,##0.{places}", self.locale)

    @_remembered
    def money(
        self, amount: Number | None, currency: str | None = None, *, compact: bool = False, signed: bool = False
    ) -> str:
        """An amount in the workspace's currency, or the one given, rounded half up to its smallest unit: £1,234.50.

        `compact` shortens it to about four figures, for cards and axes: £1.23M / £123万; `signed` puts a plus before a
        gain.
        """
        if amount is None or _is_nan(amount):
            return NO_DATA
        if signed and amount > 0:
            return f"+{self.money(amount, currency, compact=compact)}"
        unit = currency or self.currency
        exact = _decimal(amount)
        if compact and abs(exact) >= self._compact_from:
            return numbers.format_compact_currency(self._short(exact), unit, locale=self.locale, fraction_digits=2)
        if compact and (abs(exact) >= 1000 or exact == exact.to_integral_value()):
            whole = _half_up(exact, 0)
            return numbers.format_currency(whole, unit, "¤#,##0", locale=self.locale, currency_digits=False)
        rounded = _half_up(exact, numbers.get_currency_precision(unit))
        return numbers.format_currency(rounded, unit, locale=self.locale)

    @_remembered
    def price(self, amount: Decimal | None, currency: str | None = None) -> str:
        """A unit price with every digit it has, up to a ten-thousandth: £0.165."""
        if amount is None or _is_nan(amount):
            return NO_DATA
        unit = currency or self.currency
        least = "0" * numbers.get_currency_precision(unit)
        pattern = f"¤#,##0.{least}{'#' * (4 - len(least))}"
        return numbers.format_currency(amount, unit, pattern, locale=self.locale, currency_digits=False)

    def listing(self, words: Sequence[str]) -> str:
        """Several words or phrases in one sentence: "red, blue and green"."""
        return format_list(list(words), locale=self.locale)

    @_remembered
    def percent(self, share: Number | None, digits: int = 1, *, signed: bool = False) -> str:
        """A share of one as a percentage: 0.123 is 12.3%; `signed` puts a plus before a gain, nothing before zero."""
        if share is None or _is_nan(share):
            return NO_DATA
        rounded = _half_up(_decimal(share), digits + 2)
        body = f"#,##0.{'0' * digits}%" if digits else "#,##0%"
        pattern = f"+{body};-{body}" if signed and rounded else body
        return numbers.format_percent(rounded, pattern, locale=self.locale)

    @property
    def _compact_from(self) -> int:
        """The first number with a short word of its own: a thousand in English, 万 in Chinese."""
        return 10_000 if self.locale.language == "zh" else 1000

    def _short(self, value: Decimal) -> Decimal:
        """Rounded half up, once, to the figures a short form shows; so 999,999 becomes 1M and not 1000K.

        At most four figures: one decimal of thousands, two of what is larger, where one would hide too much, and two
        in Chinese, whose steps of 万 and 亿 lie further apart.
        """
        is_chinese = self.locale.language == "zh"
        zeros = 4 if is_chinese else 3
        step = min(value.adjusted() // zeros * zeros, 12)
        decimals = 2 if is_chinese or step > 3 else 1
        return value.quantize(Decimal(1).scaleb(max(step - decimals, value.adjusted() - 3)), ROUND_HALF_UP)

    @property
    def currency_digits(self) -> int:
        """How many decimals the workspace's currency has: 2 for pounds, 0 for yen."""
        return numbers.get_currency_precision(self.currency)

    @cached_property
    def currency_symbol(self) -> str:
        """The workspace currency's sign as the reader knows it: £, US$, ¥."""
        return numbers.get_currency_symbol(self.currency, locale=self.locale)


def _is_nan(value: Number) -> bool:
    return value != value  # the one number that differs from itself


def _decimal(value: Number) -> Decimal:
    """The number as a person would write it: the shortest decimal that names the same float."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _half_up(value: Decimal, digits: int) -> Decimal:
    """Rounded as people round: a half goes away from zero; never a negative zero."""
    return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP) + 0
