"""How good predicted probabilities are, each measure with an interval: ranking, accuracy, calibration, gain.

Intervals are percentiles of a bootstrap that draws customers, not rows, because one customer may be seen on several
days. Two predictions of the same rows are compared within each draw (paired), which is far sharper than two intervals.

- AUC: the chance that one who left scores higher than one who stayed, ties counting half (Mann-Whitney).
- AP: average precision, Σ (recall − recall before) × precision over the distinct scores.
- Brier: mean squared difference between probability and outcome (Brier 1950).
- Lift at 10 %: share of outcomes among the highest tenth of scores ÷ share among all.
- Calibration slope and intercept: of the outcome's logistic regression on the predicted log-odds; 1 and 0 are perfect
  (Cox 1958; Steyerberg 2019, 15.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_core.analytics.proportions import wilson

Floats: TypeAlias = NDArray[np.float64]

DRAWS = 200
SEED = 20240311
MEASURES = ("auc", "ap", "brier", "lift_10")
_CLIP = 1e-6


@dataclass(frozen=True)
class Estimate:
    """A measure and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What happened: `label` 1.0 or 0.0 of each row, and the number of the customer the row is about, from 0."""

    label: Floats
    customer: NDArray[np.int64]

    @classmethod
    def of(cls, label: Floats, customer_id: NDArray[np.int64]) -> Outcomes:
        """The outcomes of rows about these customers."""
        return cls(label, np.unique(customer_id, return_inverse=True)[1])

    @cached_property
    def draws(self) -> list[Floats]:
        """How often each row is in each bootstrap draw of customers."""
        n = int(self.customer.max(initial=-1)) + 1
        random = np.random.default_rng(SEED)
        return [
            np.bincount(random.integers(0, n, n), minlength=n).astype(np.float64)[self.customer] for _ in range(DRAWS)
        ]


@dataclass(frozen=True, eq=False)
class Ranked:
    """Predictions of some rows, sorted once so that each weighting is measured in one pass."""

    label: Floats
    predicted: Floats

    @cached_property
    def _order(self) -> NDArray[np.int64]:
        return np.argsort(-self.predicted, kind="stable")

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        """Where each group of equal scores begins, highest first."""
        ordered = self.predicted[self._order]
        return np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])

    def _grouped(self, weight: Floats) -> tuple[Floats, Floats]:
        """Weight of the positives and of the negatives of each group of equal scores, highest score first."""
        ordered, label = weight[self._order], self.label[self._order]
        positive = np.add.reduceat(ordered * label, self._starts)
        return positive, np.add.reduceat(ordered, self._starts) - positive

    def measures(self, weight: Floats) -> dict[str, float]:
        """MEASURES with these weights of the rows; not a number where one outcome has no weight."""
        positive, negative = self._grouped(weight)
        found, passed = np.cumsum(positive), np.cumsum(negative)
        n_positive, n_negative = float(found[-1]), float(passed[-1])
        brier = float(np.sum(weight * (self.predicted - self.label) ** 2)) / (n_positive + n_negative)
        if n_positive == 0 or n_negative == 0:
            return {"auc": float("nan"), "ap": float("nan"), "brier": brier, "lift_10": float("nan")}
        above = found - positive / 2
        with np.errstate(invalid="ignore"):
            precision = np.where(found + passed > 0, found / (found + passed), 0.0)
        return {
            "auc": float(np.sum(negative * above)) / (n_positive * n_negative),
            "ap": float(np.sum(precision * positive)) / n_positive,
            "brier": brier,
            "lift_10": float(self.gain(np.array([0.1]), weight)[0]) / 0.1,
        }

    def gain(self, shares: Floats, weight: Floats | None = None) -> Floats:
        """The share of all positives among the highest-scoring `shares` of the rows; ties are spread evenly."""
        positive, negative = self._grouped(np.ones(len(self.label)) if weight is None else weight)
        reached = np.r_[0.0, np.cumsum(positive + negative)]
        found = np.r_[0.0, np.cumsum(positive)]
        gained: Floats = np.interp(shares, reached / reached[-1], found / found[-1])
        return gained


def measured(outcomes: Outcomes, predicted: Floats) -> dict[str, Estimate]:
    """Every measure of MEASURES with its interval."""
    ranked = Ranked(outcomes.label, predicted)
    value = ranked.measures(np.ones(len(predicted)))
    drawn = [ranked.measures(weight) for weight in outcomes.draws]
    return {name: _estimate(value[name], np.array([draw[name] for draw in drawn])) for name in MEASURES}


def brier_gain(outcomes: Outcomes, model: Floats, other: Floats) -> Estimate:
    """By how much the model's Brier score is lower (better) than the other's on the same rows, paired."""
    gain = (other - outcomes.label) ** 2 - (model - outcomes.label) ** 2
    drawn = np.array([np.sum(weight * gain) / np.sum(weight) for weight in outcomes.draws])
    return _estimate(float(gain.mean()), drawn)


def calibration_slope(outcomes: Outcomes, predicted: Floats) -> tuple[Estimate, Estimate]:
    """Slope and intercept of the outcome's log-odds on the predicted ones."""
    logit = log_odds(predicted)
    intercept, slope = recalibrated(logit, outcomes.label)
    drawn = np.array([recalibrated(logit, outcomes.label, weight) for weight in outcomes.draws])
    return _estimate(slope, drawn[:, 1]), _estimate(intercept, drawn[:, 0])


def calibration_curve(outcomes: Outcomes, predicted: Floats, bins: int = 10) -> pd.DataFrame:
    """Rows in up to `bins` groups of equal size by prediction: predicted (mean), observed (share), low, high (Wilson
    95 % interval of the share), n."""
    order = np.argsort(predicted, kind="stable")
    rows = []
    for part in np.array_split(order, min(bins, len(order))):
        left, n = int(outcomes.label[part].sum()), len(part)
        low, high = wilson(left, n)
        rows.append((float(predicted[part].mean()), left / n, float(low), float(high), n))
    return pd.DataFrame(rows, columns=["predicted", "observed", "low", "high", "n"])


def recalibrated(logit: Floats, label: Floats, weight: Floats | None = None) -> tuple[float, float]:
    """Intercept and slope of the label's logistic regression on the log-odds, by Newton's method (Platt scaling).

    Where the log-odds are all the same, the slope is 0. A ridge of 10⁻⁶ keeps separated data finite.
    """
    weights = np.ones(len(label)) if weight is None else weight
    total = float(weights.sum())
    centre = float((weights * logit).sum()) / total
    moved = logit - centre
    rate = min(max(float((weights * label).sum()) / total, _CLIP), 1 - _CLIP)
    start = float(np.log(rate / (1 - rate)))
    if float((weights * moved**2).sum()) / total < 1e-12:
        return start, 0.0
    a, b = start, 0.0
    for _ in range(50):
        p = probability(a + b * moved)
        error, curve = weights * (label - p), weights * p * (1 - p)
        grad_a, grad_b = float(error.sum()), float((error * moved).sum()) - 1e-6 * b
        aa, ab, bb = float(curve.sum()), float((curve * moved).sum()), float((curve * moved**2).sum()) + 1e-6
        determinant = aa * bb - ab * ab
        if determinant <= 1e-12 * aa * bb:
            break
        step_a, step_b = (bb * grad_a - ab * grad_b) / determinant, (aa * grad_b - ab * grad_a) / determinant
        longest = max(abs(step_a), abs(step_b))
        shrink = min(1.0, 2.0 / longest) if longest > 0 else 1.0  # far steps overshoot where p is almost 0 or 1
        a, b = a + shrink * step_a, b + shrink * step_b
        if longest < 1e-10:
            break
    return a - b * centre, b


def level_of(logit: Floats, label: Floats) -> float:
    """What to add to the log-odds so that the mean probability is the share of positives (by bisection)."""
    rate = min(max(float(label.mean()), _CLIP), 1 - _CLIP)
    low, high = -40.0, 40.0
    for _ in range(80):
        middle = (low + high) / 2
        if float(probability(logit + middle).mean()) < rate:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def probability(logit: Floats) -> Floats:
    """The probabilities of log-odds."""
    return 1 / (1 + np.exp(-np.clip(logit, -40, 40)))


def log_odds(predicted: Floats) -> Floats:
    """The log-odds of probabilities, kept finite."""
    kept = np.clip(predicted, _CLIP, 1 - _CLIP)
    return np.log(kept / (1 - kept))


def _estimate(value: float, drawn: Floats) -> Estimate:
    known = drawn[~np.isnan(drawn)]
    if not known.size:
        return Estimate(value, float("nan"), float("nan"))
    low, high = np.quantile(known, [0.025, 0.975])
    return Estimate(value, float(low), float(high))
