"""Where a cohort ends and a window begins: local days, clock changes, months of unequal length."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.analytics.cohort_grid import months_between, months_later
from crm_core.analytics.customer_days import local_days, number_of
from crm_core.analytics.periods import day_start
from tests.core.cohort_sales import bought, row


@pytest.mark.parametrize(
    ("zone", "cohort"), [("Pacific/Auckland", date(2024, 2, 1)), ("America/Los_Angeles", date(2024, 1, 1))]
)
def test_one_instant_enters_february_in_the_east_and_january_in_the_west(zone: str, cohort: date) -> None:
    report = bought((1, "2024-01-31T20:00+00:00"), zone=zone)
    assert dict(zip(report.cohorts["start"], report.cohorts["size"], strict=True))[cohort] == 1


@pytest.mark.parametrize(
    ("zone", "windows"), [("Asia/Shanghai", [0, 1]), ("America/New_York", [0])]
)  # fmt: skip
def test_one_instant_is_a_new_week_in_the_east_and_the_old_one_in_the_west(zone: str, windows: list[int]) -> None:
    # Sunday 7 January 2024 20:00 UTC is Monday in Shanghai and Sunday in New York; the entry is Wednesday in both.
    report = bought((1, "2024-01-03T12:00+00:00"), (1, "2024-01-07T20:00+00:00"), zone=zone, unit="week")
    cells = report.cells[report.cells["cohort"] == date(2024, 1, 1)]
    assert cells.loc[cells["retained"] > 0, "offset"].tolist() == windows


def test_the_hour_a_clock_change_takes_or_gives_moves_no_day() -> None:
    week: dict[str, Any] = {"unit": "week", "window": "rolling"}
    # Berlin springs forward on 31 March 2024 and back on 27 October. 6 days later is window 0, 7 days later window 1.
    spring = bought((1, "2024-03-25 00:10"), (1, "2024-03-31 23:50"), (1, "2024-04-09 10:00"), **week)
    assert row(spring, date(2024, 3, 25)) == [1, 0, 1]
    spring = bought((1, "2024-03-25 23:30"), (1, "2024-04-01 00:10"), **week)
    assert row(spring, date(2024, 3, 25)) == [1, 1]
    autumn = bought((1, "2024-10-21 00:10"), (1, "2024-10-28 23:50"), **week)
    assert row(autumn, date(2024, 10, 21))[:2] == [1, 1]
    # Santiago skips the midnight of 8 September 2024: the day begins at 01:00 and belongs to the week of the 2nd.
    santiago = bought((1, "2024-09-02 12:00"), (1, "2024-09-08 01:00"), zone="America/Santiago", unit="week")
    assert row(santiago, date(2024, 9, 2)) == [1]


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Kiritimati", "America/Santiago"]
)
def test_each_instant_lies_in_its_local_day_to_the_microsecond(zone: str) -> None:
    begins = [day_start(date(2024, 1, 1) + timedelta(days=n), zone) for n in range(366)]
    instants = [begin + timedelta(microseconds=step) for begin in begins for step in (-1, 0, 1)]
    microseconds = [(instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) for instant in instants]
    wanted = [number_of(instant.astimezone(ZoneInfo(zone)).date()) for instant in instants]
    assert local_days(np.array(microseconds), zone).tolist() == wanted
    assert local_days(np.array(microseconds[:1]), zone).tolist() == wanted[:1]


def test_a_month_after_the_leap_day_and_after_the_31st() -> None:
    start = np.array([number_of(date(2024, 2, 29)), number_of(date(2024, 1, 31)), number_of(date(2023, 1, 31))])
    first = np.array([number_of(date(2024, 3, 29)), number_of(date(2024, 2, 29)), number_of(date(2023, 2, 28))])
    assert months_between(start, first).tolist() == [1, 1, 1]
    assert months_between(start, first - 1).tolist() == [0, 0, 0]
    assert months_later(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert months_later(date(2024, 12, 31), 2) == date(2025, 2, 28)


@given(st.dates(date(1995, 1, 1), date(2030, 1, 1)), st.integers(0, 40))
def test_months_are_counted_as_they_are_added(day: date, n: int) -> None:
    later = months_later(day, n)
    numbers = np.array([number_of(day)] * 2), np.array([number_of(later), number_of(later) - 1])
    assert months_between(*numbers).tolist() == [n, n - 1]
