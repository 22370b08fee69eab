"""Stages: who reached which, from history; how long deals stay; which no longer move."""

from __future__ import annotations

from typing import Any

import pytest

from crm_core.analytics.periods import Period
from crm_core.analytics.pipeline import PipelineParams, PipelineReport, pipeline
from tests.core.deal_frames import Deal, deal_tables, path

FEBRUARY = Period.parse("2024-02-01", "2024-03-01")


def report(deals: list[Deal], period: Period = FEBRUARY) -> PipelineReport:
    return pipeline(deal_tables(deals), PipelineParams(period))


def stage(deals: list[Deal], code: str, period: Period = FEBRUARY) -> dict[str, Any]:
    stages = report(deals, period).stages
    return dict(stages[stages["code"] == code].iloc[0])


def counts(deals: list[Deal], code: str, period: Period = FEBRUARY) -> tuple[int, int, int, int]:
    row = stage(deals, code, period)
    return row["reached"], row["advanced"], row["lost"], row["undecided"]


def test_conversion_follows_those_who_entered_in_the_window_to_this_day() -> None:
    deals = [
        Deal(1, path("2024-02-01 new", "2024-02-05 talk", "2024-04-01 offer")),
        Deal(2, path("2024-02-01 new", "2024-02-06 talk", "2024-02-09 lost")),
        Deal(3, path("2024-02-01 new", "2024-02-07 talk")),
        Deal(4, path("2024-01-01 new", "2024-01-07 talk", "2024-02-20 offer")),  # entered talk before the window
    ]
    row = stage(deals, "talk")
    assert (row["reached"], row["advanced"], row["lost"], row["undecided"]) == (3, 1, 1, 1)
    assert row["conversion"] == pytest.approx(1 / 3)
    assert (row["low"], row["high"]) == (pytest.approx(0.0614919447), pytest.approx(0.7923403992))
    assert counts(deals, "new") == (3, 3, 0, 0)
    assert counts(deals, "offer") == (1, 0, 0, 1)


def test_conversion_is_of_history_and_not_of_the_current_stage() -> None:
    """Moved back to the first stage, it still reached the later ones."""
    back = [Deal(1, path("2024-02-01 new", "2024-02-05 talk", "2024-02-06 offer", "2024-02-07 new"))]
    assert counts(back, "talk") == (1, 1, 0, 0)
    assert counts(back, "offer") == (1, 0, 0, 1)
    assert stage(back, "new")["open_deals"] == 1


def test_a_deal_that_skips_a_stage_has_reached_it() -> None:
    skips = [Deal(1, path("2024-02-01 new", "2024-02-05 won"))]
    assert [counts(skips, code) for code in ("new", "talk", "offer")] == [(1, 1, 0, 0)] * 3
    assert stage(skips, "talk")["stays"] == 0  # but it never stayed there
    assert stage(skips, "new")["conversion"] == 1.0


def test_entering_a_stage_again_counts_once_on_the_first_day() -> None:
    twice = [Deal(1, path("2024-01-01 new", "2024-01-20 talk", "2024-01-25 new", "2024-02-05 talk"))]
    assert counts(twice, "talk") == (0, 0, 0, 0)
    assert counts(twice, "talk", Period.parse("2024-01-01", "2024-02-01")) == (1, 0, 0, 1)


def test_a_deal_created_in_a_later_stage_or_lost_at_once_reached_the_first() -> None:
    deals = [Deal(1, path("2024-02-01 offer")), Deal(2, path("2024-02-01 lost"))]
    assert [counts(deals, code) for code in ("new", "talk", "offer")] == [(2, 1, 1, 0), (1, 1, 0, 0), (1, 0, 0, 1)]


def test_a_win_taken_back_reaches_no_end() -> None:
    deals = [Deal(1, path("2024-02-01 new", "2024-02-05 won", "2024-02-06 lost"))]
    found = report(deals)
    assert (counts(deals, "new"), counts(deals, "offer"), found.funnel_won) == ((1, 0, 1, 0), (0, 0, 0, 0), 0)


def test_nobody_reached_gives_no_conversion() -> None:
    row = stage([Deal(1, path("2024-01-01 new"))], "talk")
    assert row["reached"] == 0
    assert row["conversion"] != row["conversion"]  # NaN: no data
    assert row["median_days"] != row["median_days"]


def test_the_funnel_follows_the_deals_opened_in_the_window() -> None:
    deals = [
        Deal(1, path("2024-02-01 new", "2024-02-05 talk", "2024-03-05 won")),
        Deal(2, path("2024-02-01 new", "2024-02-05 talk")),
        Deal(3, path("2024-02-02 new")),
        Deal(4, path("2024-01-02 new", "2024-02-05 talk", "2024-02-06 won")),
    ]
    found = report(deals)
    assert [*found.stages["of_opened"], found.funnel_won] == [3, 2, 1, 1]


def test_time_in_a_stage_is_of_stays_that_ended_in_the_window() -> None:
    deals = [
        Deal(1, path("2024-01-10 new", "2024-02-09 talk")),  # 30 days
        Deal(2, path("2024-02-01T10:00 new", "2024-02-02T22:00 lost")),  # a day and a half
        Deal(3, path("2024-02-03 new")),  # goes on
        Deal(4, path("2024-01-01 new", "2024-01-05 talk", "2024-02-05 new", "2024-02-06 talk")),  # one day of its two
    ]
    row = stage(deals, "new")
    assert (row["stays"], row["median_days"], row["p90_days"]) == (3, 1.5, pytest.approx(1.5 + 0.8 * 28.5))
    assert stage(deals, "talk")["stays"] == 1


WON_QUICKLY = [Deal(n, path("2024-01-01 new", f"2024-01-{1 + n:02} won")) for n in range(1, 6)]
"""Five deals won after one to five days in the first stage: nine in ten stay no longer than 4.6 days."""


def stale(*deals: Deal) -> tuple[Any, int]:
    kpi = report([*WON_QUICKLY, *deals], Period.parse("2024-02-01", "2024-02-11")).metrics["stale_deals"]
    return kpi.value, kpi.n


def test_a_deal_is_stale_that_rests_longer_than_most_won_deals_stayed_there() -> None:
    assert stage(WON_QUICKLY, "new")["usual_days"] == pytest.approx(4.6)
    assert stale(Deal(9, path("2024-02-05 new"))) == (1, 1)
    assert stale(Deal(9, path("2024-02-07 new"))) == (0, 1)
    assert stale(Deal(9, path("2024-01-01 new", "2024-02-01 new", "2024-02-08 new"))) == (0, 1)


def test_an_activity_keeps_a_deal_from_being_stale_and_a_planned_one_does_not() -> None:
    assert stale(Deal(9, path("2024-01-01 new"), activities=("2024-02-09T12:00",))) == (0, 1)
    assert stale(Deal(9, path("2024-01-01 new"), activities=("2024-03-09T12:00",))) == (1, 1)


def test_a_stage_that_few_won_deals_have_left_judges_nobody() -> None:
    assert stale(Deal(9, path("2023-01-01 talk"))) == (None, 0)
    assert stale(Deal(9, path("2023-01-01 talk")), Deal(10, path("2023-01-01 new"))) == (1, 1)


def test_stages_add_up_to_what_is_open() -> None:
    deals = [
        Deal(1, path("2024-01-01 new", "2024-01-09 talk"), "100.10"),
        Deal(2, path("2024-01-01 new"), "50"),
        Deal(3, path("2024-01-01 new")),
    ]
    found = report(deals)
    assert sum(found.stages["open_deals"]) == found.metrics["open_deals"].value == 3
    assert sum(found.stages["weighted"].dropna()) == found.metrics["weighted"].value
    assert found.stages["unpriced"].tolist() == [1, 0, 0]
