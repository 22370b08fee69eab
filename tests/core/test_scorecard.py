"""Additive models: the parts add up to the library's own prediction, calibration keeps them so, words say them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from crm_core.analytics import scorecard
from crm_core.analytics.drift import stability_index
from crm_core.analytics.ranking import probability
from crm_core.analytics.reasons import reasons_of, said
from crm_core.analytics.scorecard import INPUT_NAMES, INPUTS, Scorecard
from crm_core.formats import Formats
from crm_core.translation import translator

ENGLISH = Formats("en", "EUR", "Europe/Berlin")


def data(n: int = 1500, seed: int = 3) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Inputs (a quarter of the gaps missing), who left by recency and gap, and the day of each row."""
    random = np.random.default_rng(seed)
    features = pd.DataFrame({name: random.gamma(2.0, 5.0, n).round(1) for name in INPUT_NAMES})
    features.loc[random.uniform(size=n) < 0.25, "gap_days"] = np.nan
    day = random.integers(0, 3, n)
    chance = probability(0.15 * features["recency_days"] - 0.1 * features["gap_days"].fillna(0) - 1 + day)
    return features, (random.uniform(size=n) < chance).astype(float), day


@pytest.mark.parametrize("fit", [scorecard.logistic, scorecard.boosting])
def test_the_contributions_add_up_to_the_score(fit: object) -> None:
    features, label, day = data()
    card = fit(features, label, day).card.rescaled(0.2, 0.9)  # type: ignore[operator]
    total = card.base + card.contributions(features).sum(axis=1)
    np.testing.assert_allclose(card.predict(features), 1 / (1 + np.exp(-total)), rtol=1e-12)
    for reasons, expected in zip(reasons_of(card, features.head(20)), total[:20], strict=True):
        assert card.base + sum(reason.points for reason in reasons) == pytest.approx(expected)
        sizes = [abs(reason.points) for reason in reasons]
        assert sizes == sorted(sizes, reverse=True)


def test_boosted_steps_are_what_the_trees_predict(monkeypatch: pytest.MonkeyPatch) -> None:
    features, label, day = data()
    kept: list[HistGradientBoostingClassifier] = []
    read_out = scorecard._read_out
    monkeypatch.setattr(scorecard, "_read_out", lambda *a: kept.append(a[0]) or read_out(*a))
    fitted = scorecard.boosting(features, label, day)
    unseen, _label, other_day = data(400, seed=4)
    raw = np.column_stack([unseen[list(INPUT_NAMES)].to_numpy(), other_day])
    np.testing.assert_allclose(fitted.log_odds(unseen, other_day), kept[0].decision_function(raw), atol=1e-9)
    assert fitted.card.contributions(features).mean(axis=0) == pytest.approx(np.zeros(len(INPUTS)), abs=1e-9)


def test_the_average_customer_of_a_logistic_model_has_the_base() -> None:
    features, label, day = data()
    card = scorecard.logistic(features, label, day).card
    assert card.contributions(features).sum(axis=1).mean() == pytest.approx(0, abs=0.02)


def test_a_model_of_one_input_looks_at_no_other() -> None:
    features, label, day = data()
    card = scorecard.logistic(features, label, day, inputs=("recency_days",)).card
    parts = card.contributions(features)
    assert (np.abs(parts).sum(axis=0) > 0).tolist() == [name == "recency_days" for name in INPUT_NAMES]


def test_the_days_have_levels_of_their_own() -> None:
    features, label, day = data(6000)
    for fit in (scorecard.logistic, scorecard.boosting):
        levels = fit(features, label, day).levels
        assert levels[2] - levels[0] == pytest.approx(2, abs=0.4)


@pytest.mark.parametrize("fit", [scorecard.logistic, scorecard.boosting])
def test_the_same_rows_give_the_same_model_on_any_number_of_threads(fit: object) -> None:
    features, label, day = data()
    cards: list[Scorecard] = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            cards.append(fit(features, label, day).card)  # type: ignore[operator]
    assert cards[0].base == cards[1].base
    pd.testing.assert_frame_equal(cards[0].curves, cards[1].curves, check_exact=True)


def test_reasons_are_said_with_units_in_both_languages() -> None:
    by_name = {feature.name: feature for feature in INPUTS}
    values = {"recency_days": 123.0, "overdue": 1.44, "frequency": 1234.0, "order_value": 12.5, "refund_share": 0.3}
    english = [said(by_name[name], value, translator("en"), ENGLISH) for name, value in values.items()]
    assert english == ["123 days", "1.4 times", "1,234", "€12.50", "30.0%"]
    chinese = Formats("zh_CN", "EUR", "Europe/Berlin")
    assert said(by_name["recency_days"], 123.0, translator("zh_CN"), chinese) == "123 天"
    assert said(by_name["is_repeat"], 0.0, translator("en"), ENGLISH) == "No"
    assert said(by_name["gap_days"], None, translator("en"), ENGLISH) == "—"
    features, label, day = data(300)
    card = scorecard.logistic(features, label, day, inputs=("recency_days",)).card
    text = reasons_of(card, features.head(1))[0][0].text(translator("en"), ENGLISH)
    assert text.startswith("Time since the last purchase: ")
    assert "(typically " in text


def test_the_stability_index_is_0_for_the_same_and_large_for_a_moved_population() -> None:
    random = np.random.default_rng(2)
    before = random.normal(size=5000)
    assert stability_index(before, before) == pytest.approx(0, abs=1e-12)
    assert stability_index(before, random.normal(size=5000)) < 0.02
    assert stability_index(before, random.normal(1, size=5000)) > 0.25
    assert stability_index(before, np.where(random.uniform(size=5000) < 0.3, np.nan, before)) > 0.25
    assert stability_index(np.zeros(0), before) == 0
