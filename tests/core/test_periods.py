"""Periods of local days: what they are compared with, when days begin, and how they are cut."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.analytics.periods import Period, buckets, complete_until, day_start, require_askable
from crm_core.errors import Invalid

DAYS = st.dates(date(1950, 1, 1), date(2100, 1, 1))


@given(DAYS, st.integers(1, 1000))
def test_the_previous_period_has_the_same_length_and_ends_where_this_one_starts(start: date, days: int) -> None:
    period = Period(start, start + timedelta(days=days))
    assert period.previous().end == period.start
    assert period.previous().days == period.days


def test_a_year_before_is_the_same_dates() -> None:
    assert Period.parse("2024-03-01", "2024-04-01").year_before() == Period.parse("2023-03-01", "2023-04-01")


@pytest.mark.parametrize(
    ("start", "end", "earlier_start", "earlier_end"),
    [
        ("2024-02-01", "2024-03-01", "2023-02-01", "2023-03-01"),
        ("2024-02-29", "2024-03-01", "2023-02-28", "2023-03-01"),
        ("2024-02-20", "2024-02-29", "2023-02-20", "2023-03-01"),
        ("2025-02-01", "2025-03-01", "2024-02-01", "2024-02-29"),
    ],
)
def test_the_year_before_a_leap_day_is_never_longer_than_the_period(
    start: str, end: str, earlier_start: str, earlier_end: str
) -> None:
    period = Period.parse(start, end)
    assert period.year_before() == Period.parse(earlier_start, earlier_end)
    assert period.year_before().days <= period.days


def test_a_period_without_a_day_is_refused_in_words() -> None:
    with pytest.raises(Invalid) as refused:
        Period.parse("2024-01-02", "2024-01-02")
    assert str(refused.value.fields["period"]) == (
        "The period from 2024-01-02 to 2024-01-02 holds no day; the end must come after the start."
    )


def test_what_is_no_date_is_refused_in_words() -> None:
    with pytest.raises(Invalid) as refused:
        Period.parse("31.12.2024", "2025-01-01")
    assert str(refused.value.fields["date"]) == "'31.12.2024' is not a date; write it as 2024-12-31."


def test_years_too_far_away_are_refused_in_words() -> None:
    with pytest.raises(Invalid) as refused:
        require_askable(Period.parse("0202-01-01", "2024-01-01"))
    assert str(refused.value.fields["period"]) == (
        "The period from 0202-01-01 to 2024-01-01 lies outside the years 1900 to 2199."
    )


@pytest.mark.parametrize(
    ("day", "zone", "begins"),
    [
        (date(2024, 7, 1), "America/New_York", datetime(2024, 7, 1, 4, tzinfo=UTC)),
        (date(2024, 7, 1), "Asia/Tokyo", datetime(2024, 6, 30, 15, tzinfo=UTC)),
        (date(2018, 11, 4), "America/Sao_Paulo", datetime(2018, 11, 4, 3, tzinfo=UTC)),  # 00:00 was skipped
        (date(2024, 11, 3), "America/Havana", datetime(2024, 11, 3, 4, tzinfo=UTC)),  # 00:00 came twice
    ],
)
def test_a_day_begins_at_its_first_local_instant(day: date, zone: str, begins: datetime) -> None:
    assert day_start(day, zone) == begins


def test_the_day_of_a_clock_change_has_23_or_25_hours() -> None:
    for day, hours in ((date(2024, 3, 31), 23), (date(2024, 10, 27), 25)):
        start, end = Period(day, day + timedelta(days=1)).instants("Europe/Berlin")
        assert end - start == timedelta(hours=hours)


@given(DAYS, st.integers(1, 900), st.sampled_from(["day", "week", "month"]))
def test_buckets_follow_each_other_without_gap_from_start_to_end(start: date, days: int, grain: str) -> None:
    period = Period(start, start + timedelta(days=days))
    cut = buckets(period, grain)  # type: ignore[arg-type]
    assert cut[0].start == period.start
    assert cut[-1].end == period.end
    assert all(earlier.end == later.start for earlier, later in pairwise(cut))
    assert all(bucket.key <= bucket.start < bucket.end for bucket in cut)
    assert all(bucket.is_whole for bucket in cut[1:-1])


def test_weeks_begin_on_monday_and_a_cut_week_is_not_whole() -> None:
    first, second = buckets(Period.parse("2024-05-15", "2024-05-27"), "week")
    assert (first.key, first.start, first.is_whole) == (date(2024, 5, 13), date(2024, 5, 15), False)
    assert (second.key, second.end, second.is_whole) == (date(2024, 5, 20), date(2024, 5, 27), True)


def test_records_are_whole_up_to_the_newest_order_but_never_beyond_yesterday() -> None:
    assert complete_until(date(2024, 5, 3), today=date(2024, 6, 1)) == date(2024, 5, 4)
    assert complete_until(date(2024, 6, 1), today=date(2024, 6, 1)) == date(2024, 6, 1)
    assert complete_until(None, today=date(2024, 6, 1)) is None
