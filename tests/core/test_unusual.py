"""Unusual values: planted shifts are found, seasons and growth are no news, false alarms come at the stated rate."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from crm_core.analytics.unusual import MOST_COMPARED, RATES, SEASONS, judge, needed

SIMULATED = 1500


def history(rng: np.random.Generator, grain: str, n: int, *, growth: float = 0.0, noise: float = 0.05) -> np.ndarray:
    """A level with a season and growth, times noise with heavier tails than the normal's."""
    at = np.arange(n)
    season = 1 + 0.4 * np.sin(2 * np.pi * at / SEASONS[grain])
    return 1000 * season * np.exp(growth * at) * np.exp(noise * rng.standard_t(4, n))


@pytest.mark.parametrize("grain", SEASONS)
@pytest.mark.parametrize("growth", [0.0, 0.01])
def test_false_alarms_come_at_the_stated_rate(grain: str, growth: float) -> None:
    """Within the 99.9 % interval of so many independent histories; the season is stronger than the noise."""
    rng = np.random.default_rng(7)
    n = needed(grain)
    fired = 0
    for _again in range(SIMULATED):
        verdict = judge(history(rng, grain, n, growth=growth), grain)
        assert verdict is not None
        fired += verdict.is_unusual
    low, high = binom.ppf([0.0005, 0.9995], SIMULATED, RATES[grain])
    assert low <= fired <= high


@pytest.mark.parametrize("grain", SEASONS)
@pytest.mark.parametrize("factor", [0.5, 1.8])
def test_a_planted_shift_of_the_level_is_found(grain: str, factor: float) -> None:
    rng = np.random.default_rng(3)
    found = 0
    for _again in range(100):
        values = history(rng, grain, SEASONS[grain] + MOST_COMPARED[grain])
        values[-1] *= factor
        verdict = judge(values, grain)
        assert verdict is not None
        found += verdict.is_unusual
        if verdict.is_unusual:
            assert (verdict.value > verdict.high) == (factor > 1)
            assert (verdict.value < verdict.low) == (factor < 1)
    assert found >= 85


def test_the_season_alone_and_steady_growth_are_no_news() -> None:
    at = np.arange(60)
    jitter = 1 + 0.001 * np.cos(at * 2.4)
    values = 1000 * (1 + 0.8 * np.sin(2 * np.pi * at / 12)) * 1.02**at * jitter
    verdict = judge(values, "month")
    assert verdict is not None
    assert not verdict.is_unusual
    assert verdict.expected == pytest.approx(values[-1], rel=0.01)


def test_a_short_history_one_with_gaps_and_one_that_never_varies_are_refused() -> None:
    rng = np.random.default_rng(1)
    values = history(rng, "month", needed("month"))
    assert judge(values, "month") is not None
    assert judge(values[1:], "month") is None
    values[5] = np.nan
    assert judge(values, "month") is None
    assert judge(np.full(60, 7.0), "month") is None


def test_values_with_zeros_are_compared_as_differences() -> None:
    rng = np.random.default_rng(2)
    values = rng.poisson(2, needed("month")).astype(float)
    values[3] = 0
    values[-1] = 40
    verdict = judge(values, "month")
    assert verdict is not None
    assert verdict.is_unusual
    assert verdict.low < 10 < verdict.value


def test_the_verdict_depends_on_what_came_before_alone() -> None:
    """A period is judged when it ends; what comes later changes no verdict."""
    values = history(np.random.default_rng(5), "month", 70)
    assert judge(values[:60], "month") == judge(list(values[:60]), "month")
