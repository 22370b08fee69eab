"""Learns who leaves from earlier days, and predicts a later one; beside it the plain predictions it has to beat.

Everything that predicts the day `target` was known on it. A model is fitted on all earlier days, and calibrated (Platt
1999) on its predictions for customers it did not see: each half of the customers is predicted by a model of the other
half. The slope is that of all earlier days, the level that of the day most alike (`Plan.alike`), the same season a year
before. No class weights: they leave the ranking as it is and ruin the probabilities.

Recency and expected purchases alone go through the very same steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from crm_core.analytics import scorecard
from crm_core.analytics.churn_rows import Plan, Rows
from crm_core.analytics.ranking import Floats, Outcomes, brier_gain, level_of, probability, recalibrated
from crm_core.analytics.scorecard import Days, Fitted, Scorecard

MOST_ROWS = 60_000
"""Models are fitted on at most so many rows, drawn at random."""
SEED = 20240517
BASELINES = ("base_rate", "recency", "expected_purchases")

_Fit = Callable[[pd.DataFrame, Floats, Days], Fitted]


@dataclass(frozen=True, eq=False)
class Fold:
    """The models of one target day and what they were fitted on.

    cards: logistic, boosting, model (the chosen one of the two), recency, and expected_purchases where BG/NBD has a
        fit. Boosting is chosen only if it beats the logistic regression clearly where both were calibrated.
    base_rate: the share that left after the day most alike.
    """

    target: Rows
    cards: dict[str, Scorecard]
    base_rate: float
    trained_on: pd.DataFrame

    def predictions(self) -> dict[str, Floats]:
        """What each predictor says of the target's customers: the cards and base_rate."""
        found = {name: card.predict(self.target.features) for name, card in self.cards.items()}
        return found | {"base_rate": np.full(len(self.target.features), self.base_rate)}


def learned(rows: Sequence[Rows], plan: Plan, target: int) -> Fold:
    """The models for the target-th day, of the days before it; the same to the last digit on any number of threads."""
    before, alike = rows[target + 1 :], plan.alike(target)
    fits: dict[str, _Fit] = {
        "logistic": scorecard.logistic,
        "boosting": scorecard.boosting,
        "recency": partial(scorecard.logistic, inputs=("recency_days",)),
    }
    if all(row.expectation is not None for row in rows[target:]):
        fits["expected_purchases"] = partial(scorecard.logistic, inputs=("expected",))
    features, left, day = _drawn(before)
    is_alike = day == alike - target - 1
    calibrated = {name: _calibrated(fit, features, left, day, is_alike) for name, fit in fits.items()}
    outcomes = Outcomes.of(left[is_alike], features["customer_id"].to_numpy()[is_alike])
    is_better = brier_gain(outcomes, calibrated["boosting"][1], calibrated["logistic"][1]).low > 0
    cards = {name: card for name, (card, _unseen) in calibrated.items()}
    return Fold(
        target=rows[target],
        cards=cards | {"model": cards["boosting" if is_better else "logistic"]},
        base_rate=float(rows[alike].known.mean()),
        trained_on=features,
    )


def _drawn(before: Sequence[Rows]) -> tuple[pd.DataFrame, Floats, Days]:
    """The rows of all days, or a share of each day's, with the day's number."""
    features = pd.concat([rows.features for rows in before], ignore_index=True)
    left = np.concatenate([rows.known for rows in before])
    day = np.repeat(np.arange(len(before)), [len(rows.features) for rows in before])
    if len(features) <= MOST_ROWS:
        return features, left, day
    chosen = np.sort(np.random.default_rng(SEED).choice(len(features), MOST_ROWS, replace=False))
    return features.iloc[chosen].reset_index(drop=True), left[chosen], day[chosen]


def _calibrated(
    fit: _Fit, features: pd.DataFrame, left: Floats, day: Days, is_alike: np.ndarray
) -> tuple[Scorecard, Floats]:
    """The calibrated model of all rows, and what it says of unseen customers on the day most alike."""
    half = _half(features)
    unseen, levels = np.empty(len(left)), np.empty(len(left))
    for side in (0, 1):
        fitted = fit(features[half != side], left[half != side], day[half != side])
        unseen[half == side] = fitted.card.log_odds(features[half == side])
        levels[half == side] = fitted.levels[day[half == side]]
    _intercept, slope = recalibrated(unseen + levels, left)
    # A model that ranks unseen customers the wrong way round has learned nothing: everyone gets the same.
    slope = max(slope, 0.0)
    intercept = level_of(slope * unseen[is_alike], left[is_alike])
    card = fit(features, left, day).card.rescaled(intercept, slope)
    return card, probability(intercept + slope * unseen[is_alike])


def _half(features: pd.DataFrame) -> np.ndarray:
    """0 or 1 of each row by its customer, evenly and always the same, also among those `histories` draws a share of
    (SplitMix64's mixing; plain multiplication would put the whole share on one side)."""
    mixed = features["customer_id"].to_numpy(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return ((mixed ^ (mixed >> np.uint64(31))) & np.uint64(1)).astype(np.int64)
