"""Measures of predictions agree with scikit-learn's, ties or not; intervals and calibration do what they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from crm_core.analytics.ranking import (
    Outcomes,
    Ranked,
    brier_gain,
    calibration_curve,
    calibration_slope,
    level_of,
    log_odds,
    measured,
    probability,
    recalibrated,
)

rows = st.lists(st.tuples(st.booleans(), st.integers(0, 8), st.integers(0, 3)), min_size=2, max_size=40)


@given(rows)
@settings(max_examples=150, deadline=None)
def test_weighted_measures_are_those_of_scikit_learn(drawn: list[tuple[bool, int, int]]) -> None:
    label = np.array([float(is_left) for is_left, _score, _weight in drawn])
    predicted = np.array([score / 8 for _is_left, score, _weight in drawn])
    weight = np.array([float(weight) for _is_left, _score, weight in drawn])
    if (weight * label).sum() == 0 or (weight * (1 - label)).sum() == 0:
        return
    found = Ranked(label, predicted).measures(weight)
    assert found["auc"] == pytest.approx(roc_auc_score(label, predicted, sample_weight=weight))
    assert found["ap"] == pytest.approx(average_precision_score(label, predicted, sample_weight=weight))
    assert found["brier"] == pytest.approx(brier_score_loss(label, predicted, sample_weight=weight))


def test_lift_spreads_ties_evenly() -> None:
    label = np.array([1.0] * 4 + [0.0] * 16)
    assert Ranked(label, np.linspace(1, 0, 20)).measures(np.ones(20))["lift_10"] == pytest.approx(5)
    assert Ranked(label, np.full(20, 0.2)).measures(np.ones(20))["lift_10"] == pytest.approx(1)


def simulated(slope: float, n: int = 4000, seed: int = 1) -> tuple[Outcomes, np.ndarray]:
    """Outcomes whose log-odds are `slope` times the predicted ones, less a half."""
    random = np.random.default_rng(seed)
    logit = random.normal(0, 1.5, n)
    label = (random.uniform(size=n) < probability(slope * logit - 0.5)).astype(float)
    return Outcomes.of(label, np.arange(n)), probability(logit)


def test_calibration_finds_slope_and_intercept_within_its_interval() -> None:
    outcomes, predicted = simulated(0.7)
    slope, intercept = calibration_slope(outcomes, predicted)
    assert slope.low < 0.7 < slope.high
    assert intercept.low < -0.5 < intercept.high
    assert slope.high - slope.low < 0.2


def test_recalibrated_predictions_have_slope_one_and_the_right_level() -> None:
    outcomes, predicted = simulated(1.6)
    intercept, slope = recalibrated(log_odds(predicted), outcomes.label)
    mended = probability(intercept + slope * log_odds(predicted))
    again = recalibrated(log_odds(mended), outcomes.label)
    assert again == pytest.approx((0, 1), abs=1e-6)
    level = level_of(log_odds(predicted), outcomes.label)
    assert probability(log_odds(predicted) + level).mean() == pytest.approx(outcomes.label.mean())


def test_separated_and_constant_predictions_stay_finite() -> None:
    label = np.array([0.0, 0, 1, 1])
    intercept, slope = recalibrated(np.array([-2.0, -1, 1, 2]), label)
    assert np.isfinite([intercept, slope]).all()
    assert slope > 1
    assert recalibrated(np.zeros(4), label) == (pytest.approx(0), 0.0)


def test_a_curve_holds_every_row_once_and_its_intervals_hold_the_share() -> None:
    outcomes, predicted = simulated(1.0)
    curve = calibration_curve(outcomes, predicted)
    assert curve["n"].sum() == 4000
    assert (curve["low"] <= curve["observed"]).all()
    assert (curve["observed"] <= curve["high"]).all()
    assert curve["predicted"].is_monotonic_increasing


def test_the_paired_gain_tells_a_better_prediction_and_not_an_equal_one() -> None:
    outcomes, predicted = simulated(1.0)
    constant = np.full(len(predicted), outcomes.label.mean())
    assert brier_gain(outcomes, predicted, constant).low > 0
    same = brier_gain(outcomes, predicted, predicted)
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_customers_seen_twice_widen_the_interval() -> None:
    outcomes, predicted = simulated(1.0, n=600)
    twice = Outcomes.of(np.tile(outcomes.label, 2), np.tile(np.arange(600), 2))
    alone = Outcomes.of(np.tile(outcomes.label, 2), np.arange(1200))
    widths = [
        estimate.high - estimate.low
        for estimate in (measured(each, np.tile(predicted, 2))["auc"] for each in (twice, alone))
    ]
    assert widths[0] > 1.2 * widths[1]
