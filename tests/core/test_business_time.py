"""Working time between two instants and after one: by hand, over clock changes, and as inverses of each other."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.db.types import to_micros
from crm_core.records.business_time import MINUTE, due, working_hours

OFFICE = {str(day): [["09:00", "12:00"], ["13:00", "17:00"]] if day < 5 else [] for day in range(7)}
ALWAYS = {str(day): [["00:00", "24:00"]] for day in range(7)}


def local(zone: str, *parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo(zone))  # type: ignore[arg-type]


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/Los_Angeles"])
@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        ((2026, 11, 20, 10, 0), 60, (2026, 11, 20, 11, 0)),
        ((2026, 11, 20, 11, 30), 60, (2026, 11, 20, 13, 30)),  # over lunch
        ((2026, 11, 20, 16, 0), 120, (2026, 11, 23, 10, 0)),  # over the weekend
        ((2026, 11, 21, 12, 0), 30, (2026, 11, 23, 9, 30)),  # asked on a Saturday
        ((2026, 11, 20, 16, 0), 60, (2026, 11, 20, 17, 0)),  # just so: by the end of the day, not the next morning
        ((2026, 12, 24, 16, 30), 60, (2026, 12, 28, 9, 30)),  # over a holiday and a weekend
    ],
)
def test_working_minutes_end_when_the_clock_on_the_wall_says(
    zone: str, start: tuple[int, ...], minutes: int, end: tuple[int, ...]
) -> None:
    assert due(local(zone, *start), minutes, OFFICE, ["2026-12-25"], zone) == local(zone, *end)


@pytest.mark.parametrize(
    ("zone", "night", "hours"),
    [("Europe/Berlin", date(2026, 3, 29), 23), ("Europe/Berlin", date(2026, 10, 25), 25),
     ("America/New_York", date(2026, 3, 8), 23), ("America/New_York", date(2026, 11, 1), 25),
     ("Asia/Shanghai", date(2028, 2, 29), 24)],
)  # fmt: skip
def test_the_day_clocks_change_is_as_long_as_it_is(zone: str, night: date, hours: int) -> None:
    spells = working_hours(ALWAYS, [], zone, night, night)
    start = datetime(night.year, night.month, night.day, tzinfo=ZoneInfo(zone))
    ends = start + timedelta(days=1)  # wall clock
    found = spells.between(np.array([to_micros(start)]), np.array([to_micros(ends)]))
    assert found[0] == hours * 60 * MINUTE


def test_without_a_calendar_every_minute_counts() -> None:
    start = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
    assert due(start, 90, None, [], "UTC") == datetime(2026, 11, 22, 0, 30, tzinfo=UTC)


@given(
    start=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),
    minutes=st.integers(1, 3000),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Shanghai"]),
)
def test_so_much_time_after_an_instant_so_much_has_passed(start: datetime, minutes: int, zone: str) -> None:
    spells = working_hours(OFFICE, ["2026-05-01"], zone, date(2026, 1, 1), date(2026, 12, 31))
    at = np.array([to_micros(start.replace(tzinfo=UTC))])
    end = spells.after(at, minutes * MINUTE)
    assert spells.between(at, end)[0] == minutes * MINUTE
    assert spells.between(at, end - 1)[0] == minutes * MINUTE - 1  # and not a microsecond earlier


@pytest.mark.parametrize("hours", [{"0": [["17:00", "09:00"]]}, {"0": [["09:00", "12:00"], ["11:00", "13:00"]]}, {}])
def test_hours_that_cannot_be_are_refused(hours: dict[str, list[list[str]]]) -> None:
    with pytest.raises(ValueError, match="working"):
        working_hours(hours, [], "UTC", date(2026, 1, 1), date(2026, 1, 31))
