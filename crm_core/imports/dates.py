"""Dates and times as files write them, made into microseconds since 1970 UTC.

A year that comes first (2011-12-09, 2011/12/9, 2011年12月9日, 20111209) is unambiguous and always read. Where day and
month come first, `day_first` says which; it is found by looking at the file, and asked for where the file leaves it
open.

Times without a zone are local. One that happened twice, as clocks went back, is the first of the two; one that never
happened, as clocks went forward, is moved forward by the hour that was skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from crm_core.db.types import to_micros
from crm_core.imports.problems import BadValue, shown
from crm_core.translation import N_

EARLIEST, LATEST = 1900, 2199
"""Years outside are slips of the keyboard."""

_TIME = (
    r"(?:[T\s]+(?P<hour>\d{1,2})[:：](?P<minute>\d{2})(?:[:：](?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?)?"
)
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})(?P<sep>[-/.年])(?P<month>\d{1,2})(?:[-/.]|月)(?P<day>\d{1,2})日?" + _TIME)
_COMPACT = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})" + _TIME)
_YEAR_LAST = re.compile(r"(?P<first>\d{1,2})[-/.](?P<second_part>\d{1,2})[-/.](?P<year>\d{4})" + _TIME)


def to_instant(value: object, *, zone: tzinfo, date_format: str | None, day_first: bool | None) -> int:
    """The instant the value stands for, in microseconds since 1970 UTC.

    Raises:
        BadValue: the value is no date, not a possible one, or outside 1900 to 2199.
    """
    moment: datetime
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day)  # noqa: DTZ001 (the zone is given below)
    elif isinstance(value, str):
        moment = _parse(value, date_format, day_first)
    else:
        raise BadValue(
            N_("'{value}' is a number, not a date such as 2011-12-09 08:26; format the column as a date."),
            value=shown(value),
        )
    if not EARLIEST <= moment.year <= LATEST:
        raise BadValue(
            N_("'{value}' lies outside the years {earliest} to {latest}."),
            value=shown(value),
            earliest=EARLIEST,
            latest=LATEST,
        )
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone, fold=0)
    return to_micros(moment.astimezone(UTC))


def find_day_first(values: Iterable[object]) -> bool | None:
    """Whether the day comes before the month in these dates; None where none of them shows it.

    Raises:
        BadValue: the dates can be read both ways, so that a person has to say.
    """
    ambiguous: str | None = None
    for value in values:
        if not isinstance(value, str) or not (match := _YEAR_LAST.fullmatch(value.strip())):
            continue
        if int(match["first"]) > 12:
            return True
        if int(match["second_part"]) > 12:
            return False
        if match["first"] != match["second_part"]:
            ambiguous = value
    if ambiguous is not None:
        raise BadValue(
            N_("Dates such as {value} can be read in two ways. The mapping must say which (day_first)."),
            value=ambiguous.strip(),
        )
    return None


def _parse(text: str, date_format: str | None, day_first: bool | None) -> datetime:
    if date_format is not None:
        try:
            return datetime.strptime(text, date_format)  # noqa: DTZ007 (the zone is given by the caller)
        except ValueError as error:
            raise BadValue(
                N_("'{value}' is not a date written as {format}."), value=shown(text), format=date_format
            ) from error
    if (match := _YEAR_FIRST.fullmatch(text)) or (match := _COMPACT.fullmatch(text)):
        year, month, day = int(match["year"]), int(match["month"]), int(match["day"])
    elif (match := _YEAR_LAST.fullmatch(text)) and day_first is not None:
        year, first, second = int(match["year"]), int(match["first"]), int(match["second_part"])
        day, month = (first, second) if day_first else (second, first)
    else:
        raise BadValue(
            N_("'{value}' is not a date such as 2011-12-09 08:26; other forms need date_format in the mapping."),
            value=shown(text),
        )
    try:
        return datetime(year, month, day, tzinfo=_zone(match["zone"])) + _time(match)
    except (ValueError, OverflowError) as error:
        raise BadValue(
            N_("'{value}' is not a possible date with day {day}, month {month} and year {year}."),
            value=shown(text),
            day=day,
            month=month,
            year=year,
        ) from error


def _time(match: re.Match[str]) -> timedelta:
    if match["hour"] is None:
        return timedelta()
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    if match["half"]:
        if not 1 <= hour <= 12:
            raise ValueError("hour")
        hour = hour % 12 + (12 if match["half"][0] in "Pp" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError("time of day")
    micros = int((match["fraction"] or "0").ljust(6, "0")[:6])
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micros)


def _zone(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(sign * offset)
