"""Simulated lives: buy till you drop, on a clock with seasons."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import hyp2f1

from crm_core.demo.calendar import WEEK_S, history
from crm_core.demo.chance import Floats, Ints
from crm_core.demo.config import PLAIN_SEGMENT, SimulationConfig
from crm_core.demo.lives import NEVER, Lives, live

TODAY = date(2026, 3, 1)
DEMO = SimulationConfig()
PLAIN = SimulationConfig.plain()


def simulated(config: SimulationConfig, index: Ints, *, seed: int = 7, today: date = TODAY) -> Lives:
    return live(config, history(config, today, "Europe/Berlin"), seed=seed, index=index)


def of_customer(lives: Lives, position: int) -> tuple[object, ...]:
    bought = lives.owner == position
    return (
        lives.segment[position], lives.rate[position], lives.acquired[position], lives.dropped[position],
        lives.instants[bought].tolist(),
    )  # fmt: skip


@settings(max_examples=20)
@given(st.lists(st.integers(0, 10_000_000), min_size=1, max_size=8, unique=True), st.integers(0, 2**32))
def test_a_life_depends_only_on_the_seed_and_the_customers_number(numbers: list[int], seed: int) -> None:
    together = simulated(DEMO, np.array(numbers), seed=seed)
    for position, number in enumerate(numbers):
        alone = simulated(DEMO, np.array([number]), seed=seed)
        assert of_customer(alone, 0) == of_customer(together, position)


def test_nobody_buys_after_dropping_out_and_the_last_purchase_is_the_drop_out() -> None:
    lives = simulated(DEMO, np.arange(4000))
    last = np.zeros(4000)
    np.maximum.at(last, lives.owner, lives.instants)
    dropped = lives.dropped != NEVER
    assert 0.15 < dropped.mean() < 0.6
    assert (last[dropped] == lives.dropped[dropped]).all()


def test_a_first_purchase_is_never_the_last_by_choice() -> None:
    lives = simulated(DEMO, np.arange(4000))
    n_purchases = np.bincount(lives.owner, minlength=4000)
    assert (n_purchases[lives.dropped != NEVER] >= 2).all()


def test_all_purchases_lie_in_the_history_at_whole_seconds_and_follow_each_other() -> None:
    lives = simulated(DEMO, np.arange(4000))
    span = history(DEMO, TODAY, "Europe/Berlin")
    assert lives.instants.min() >= span.start
    assert (lives.instants % 1 == 0).all()
    assert lives.instants.max() < span.end
    same = lives.owner[1:] == lives.owner[:-1]
    assert (np.diff(lives.instants)[same] >= 0).all()
    assert (np.diff(lives.purchase)[same] == 1).all()


def test_prospects_never_buy() -> None:
    lives = simulated(DEMO, np.arange(4000))
    prospects = np.flatnonzero(lives.segment < 0)
    assert len(prospects) / 4000 == pytest.approx(DEMO.prospect_share, abs=0.015)
    assert not np.isin(lives.owner, prospects).any()


def test_without_seasons_purchases_are_as_many_as_bg_nbd_expects() -> None:
    """E[X(t)] of Fader, Hardie & Lee (2005), equation (9)."""
    lives = simulated(PLAIN, np.arange(20_000))
    r, alpha, a, b = PLAIN_SEGMENT.r, PLAIN_SEGMENT.alpha, PLAIN_SEGMENT.a, PLAIN_SEGMENT.b
    t = (history(PLAIN, TODAY, "Europe/Berlin").end - lives.acquired) / WEEK_S
    shrunk: Floats = (alpha / (alpha + t)) ** r * hyp2f1(r, b, a + b - 1, t / (alpha + t))
    expected = (a + b - 1) / (a - 1) * (1 - shrunk)
    repeats = len(lives.owner) - 20_000
    assert repeats == pytest.approx(expected.sum(), rel=0.03)


def test_segments_come_in_their_shares_and_differ_in_what_they_do() -> None:
    lives = simulated(DEMO, np.arange(10_000))
    buyers = lives.segment >= 0
    shares = np.bincount(lives.segment[buyers]) / buyers.sum()
    assert shares == pytest.approx([segment.share for segment in DEMO.segments], abs=0.015)
    n_purchases = np.bincount(lives.owner, minlength=10_000)
    mean = {segment.name: n_purchases[lives.segment == k].mean() for k, segment in enumerate(DEMO.segments)}
    assert mean["loyal"] > 2 * mean["regular"] > 2 * 2 * mean["one_time"]


def test_seasonal_customers_buy_before_christmas() -> None:
    lives = simulated(DEMO, np.arange(10_000), today=date(2026, 1, 1))
    months = np.array([datetime.fromtimestamp(s, UTC).month for s in lives.instants])
    seasonal = np.array([segment.is_seasonal for segment in DEMO.segments])[lives.segment[lives.owner]]
    assert np.isin(months[seasonal], [11, 12]).mean() > 0.4
    assert np.isin(months[~seasonal], [11, 12]).mean() < 0.35


def test_the_demo_grows() -> None:
    lives = simulated(DEMO, np.arange(10_000))
    span = history(DEMO, TODAY, "Europe/Berlin")
    year = 365 * 24 * 3600
    last = (lives.acquired >= span.end - year).sum()
    before = ((lives.acquired >= span.end - 2 * year) & (lives.acquired < span.end - year)).sum()
    assert last / before == pytest.approx(1 + DEMO.growth, rel=0.12)


@pytest.mark.parametrize("timezone", ["America/Los_Angeles", "Asia/Shanghai", "Asia/Kolkata"])
def test_the_history_ends_as_today_begins_in_the_workspaces_zone(timezone: str) -> None:
    span = history(DEMO, TODAY, timezone)
    local = {"America/Los_Angeles": 8, "Asia/Shanghai": -8, "Asia/Kolkata": -5.5}[timezone]
    assert span.end == datetime(2026, 3, 1, tzinfo=UTC).timestamp() + local * 3600
    assert span.start_at.year == 2023


def test_people_sleep_at_night_in_their_own_zone() -> None:
    for timezone, night_utc in (("America/Los_Angeles", (9, 10, 11)), ("Asia/Shanghai", (17, 18, 19))):
        lives = live(DEMO, history(DEMO, TODAY, timezone), seed=7, index=np.arange(3000))
        hours = (lives.instants // 3600 % 24).astype(int)
        assert np.isin(hours, night_utc).mean() < 0.02  # 3 of 24 hours


def test_a_week_of_business_time_is_a_week_of_the_calendar_on_average() -> None:
    config = replace(DEMO, months=24)
    span = history(config, TODAY, "UTC")
    for clock in (span.usual, span.seasonal):
        assert clock.length == pytest.approx((span.end - span.start) / WEEK_S, rel=0.02)
