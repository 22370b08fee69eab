"""Contract churn: a published survival curve, contracts by their dates, and a model that is judged unseen."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from crm_core.analytics.contract_churn import contract_model, kaplan_meier, lasted, median_duration
from crm_core.errors import AnalysisRefused

# Weeks of remission under 6-MP; "-" still in remission when last seen. E. J. Freireich et al. (1963), Blood 21,
# 699–716, as analysed by E. A. Gehan (1965), Biometrika 52, 203–223.
WEEKS = "6,6,6,6-,7,9-,10,10-,11-,13,16,17-,19-,20-,22,23,25-,32-,32-,34-,35-"


def trial() -> tuple[np.ndarray, np.ndarray]:
    weeks = WEEKS.split(",")
    return np.array([float(week.rstrip("-")) for week in weeks]), np.array([not week.endswith("-") for week in weeks])


def test_the_published_survival_curve_is_found_with_its_interval() -> None:
    curve = kaplan_meier(*trial())
    assert curve["time"].tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve["at_risk"].tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert curve["survival"].round(4).tolist() == [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482]
    # Greenwood's standard error at six weeks is .0764; on the log(−log) scale it gives .6197 to .9516.
    assert curve["low"].round(4).tolist() == [0.6197, 0.5631, 0.5032, 0.4316, 0.3675, 0.2678, 0.1881]
    assert curve["high"].round(4).tolist() == [0.9516, 0.9228, 0.8894, 0.8491, 0.8049, 0.7468, 0.6801]
    assert median_duration(curve) == 23
    assert median_duration(curve.head(3)) is None


@given(st.lists(st.integers(1, 30), min_size=1, max_size=60))
@settings(max_examples=50, deadline=None)
def test_where_all_contracts_ended_the_curve_is_the_share_that_lasted_longer(days: list[int]) -> None:
    duration = np.array(days, dtype=float)
    curve = kaplan_meier(duration, np.ones(len(days), dtype=bool))
    wanted = [(duration > time).mean() for time in curve["time"]]
    assert curve["survival"].tolist() == pytest.approx(wanted, abs=1e-12)
    inside = curve[curve["survival"] > 0]
    assert ((inside["low"] <= inside["survival"]) & (inside["survival"] <= inside["high"])).all()
    assert np.isnan(curve["low"].iloc[-1])


def test_contracts_last_from_their_start_to_their_end_or_to_the_day() -> None:
    days, ended = lasted([date(2024, 1, 1)] * 3, [date(2024, 1, 31), None, date(2024, 3, 1)], date(2024, 2, 1))
    assert days.tolist() == [30, 31, 31]
    assert ended.tolist() == [True, False, False]
    with pytest.raises(ValueError, match="ends on 2023-12-31, before it begins"):
        lasted([date(2024, 1, 1)], [date(2023, 12, 31)], date(2024, 2, 1))
    with pytest.raises(ValueError, match="begins on 2024-03-01, after"):
        lasted([date(2024, 3, 1)], [None], date(2024, 2, 1))


def contracts(n: int = 900) -> tuple[pd.DataFrame, np.ndarray]:
    """Contracts that end by the month, by price, and not by colour; some prices are missing."""
    random = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "term": random.choice(["month", "year"], n),
            "price": random.uniform(10, 100, n),
            "colour": random.choice(["red", "blue", None], n),
        }
    )
    logit = 1.5 * (frame["term"] == "month") + 0.03 * frame["price"] - 3
    ended = random.uniform(size=n) < 1 / (1 + np.exp(-logit))
    frame.loc[random.uniform(size=n) < 0.05, "price"] = np.nan
    return frame, np.asarray(ended)


def test_what_ends_contracts_has_the_largest_weight_and_predictions_are_calibrated() -> None:
    frame, ended = contracts()
    model = contract_model(frame, ended)
    assert set(model.weights["feature"].head(2)) == {"term", "price"}
    assert model.quality["auc"].low > 0.65
    assert model.gain.low > 0
    assert model.slope.low < 1 < model.slope.high
    assert (model.n, model.n_ended, len(model.probability)) == (900, int(ended.sum()), 900)
    with threadpool_limits(2):
        assert contract_model(frame, ended).probability == model.probability


def test_what_says_nothing_gains_nothing() -> None:
    frame, ended = contracts()
    assert contract_model(frame[["colour"]], ended).gain.low <= 0


def test_too_few_of_either_are_refused_in_words() -> None:
    frame, _ended = contracts(100)
    with pytest.raises(AnalysisRefused) as refused:
        contract_model(frame, np.arange(100) < 3)
    assert str(refused.value) == (
        "A model of contracts needs at least 30 that ended and 30 that run; 3 ended and 97 run."
    )
    with pytest.raises(AnalysisRefused, match="No contract has ended yet"):
        kaplan_meier(np.array([3.0, 4.0]), np.array([False, False]))
