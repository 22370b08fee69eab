"""The tables of a churn report: quality, curves, days, drift, and the scored customers with their reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_core.analytics.churn_fit import BASELINES, Fold
from crm_core.analytics.churn_rows import Rows
from crm_core.analytics.drift import drift
from crm_core.analytics.features import YEAR_DAYS
from crm_core.analytics.ranking import (
    Floats,
    Outcomes,
    Ranked,
    brier_gain,
    calibration_curve,
    measured,
    probability,
)
from crm_core.analytics.scorecard import INPUT_NAMES, Scorecard

MOST_LISTED = 200
REASONS = 3
REASON_COLUMNS = [f"{kind}_{n}" for n in range(1, REASONS + 1) for kind in ("reason", "value")]


def no_customers(columns: Iterable[str]) -> pd.DataFrame:
    """The scored customers where nobody is: customer_id, probability, value_e4 and these columns."""
    return pd.DataFrame(
        {name: pd.Series(dtype="float64") for name in ("customer_id", "probability", "value_e4", *columns)}
    )


def quality_of(outcomes: Outcomes, predictions: Mapping[str, Floats]) -> pd.DataFrame:
    """Every measure of every predictor with its interval: predictor, measure, value, low, high."""
    found = [
        (predictor, measure, estimate.value, estimate.low, estimate.high)
        for predictor, predicted in predictions.items()
        for measure, estimate in measured(outcomes, predicted).items()
    ]
    return pd.DataFrame(found, columns=["predictor", "measure", "value", "low", "high"])


def gains_of(outcomes: Outcomes, predictions: Mapping[str, Floats]) -> pd.DataFrame:
    """By how much the Brier score of the model and of expected purchases is lower than each baseline's, paired:
    predictor, baseline, value, low, high."""
    found = [
        (predictor, baseline, gain.value, gain.low, gain.high)
        for predictor, baselines in (("model", BASELINES), ("expected_purchases", BASELINES[:2]))
        for baseline in baselines
        if predictor in predictions and baseline in predictions
        for gain in [brier_gain(outcomes, predictions[predictor], predictions[baseline])]
    ]
    return pd.DataFrame(found, columns=["predictor", "baseline", "value", "low", "high"])


def curves_of(outcomes: Outcomes, predictions: Mapping[str, Floats]) -> dict[str, pd.DataFrame]:
    """The calibration curve of the model, and who is found among the riskiest customers."""
    shares = np.linspace(0, 1, 51)
    ranked = {name: predictions[name] for name in ("model", "recency", "expected_purchases") if name in predictions}
    gain = pd.DataFrame({"share": shares})
    for name, predicted in ranked.items():
        gain[name] = Ranked(outcomes.label, predicted).gain(shares)
    return {"calibration": calibration_curve(outcomes, predictions["model"]), "gain": gain}


def days_of(rows: Sequence[Rows], folds: Sequence[Fold]) -> pd.DataFrame:
    """One row per day, newest first: day, customers, lost, left, is_tested, predicted."""
    predicted = {fold.target.day: float(fold.predictions()["model"].mean()) for fold in folds}
    return pd.DataFrame(
        {
            "day": pd.Series([row.day for row in rows], dtype=object),
            "customers": [len(row.features) for row in rows],
            "lost": [row.n_lost for row in rows],
            "left": [float("nan") if row.left is None else float(row.left.mean()) for row in rows],
            "is_tested": [row.day in predicted for row in rows],
            "predicted": [predicted.get(row.day, float("nan")) for row in rows],
        }
    )


def drift_of(fold: Fold, card: Scorecard) -> pd.DataFrame:
    """How far those who are scored differ from those the model learned from, by feature and by score."""
    before, now = (
        frame[list(INPUT_NAMES)].assign(score=card.log_odds(frame)) for frame in (fold.trained_on, fold.target.features)
    )
    return drift(before, now, [*INPUT_NAMES, "score"])


def scored(features: pd.DataFrame, card: Scorecard, horizon: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Everyone with probability, usual value and main reasons, riskiest first; and the first 200 with all features."""
    parts = card.contributions(features)
    chance = probability(card.base + parts.sum(axis=1))
    customers = pd.DataFrame(
        {
            "customer_id": features["customer_id"].to_numpy(np.int64),
            "probability": chance,
            "value_e4": usual_value(features, horizon),
        }
    )
    raw = features[list(INPUT_NAMES)].to_numpy(np.float64)
    largest = np.argsort(-parts, axis=1, kind="stable")[:, :REASONS]
    row = np.arange(len(features))
    for n in range(REASONS):
        position = largest[:, n]
        is_reason = parts[row, position] > 0
        customers[f"reason_{n + 1}"] = np.where(is_reason, position, -1).astype(np.int8)
        customers[f"value_{n + 1}"] = np.where(is_reason, raw[row, position], np.nan).astype(np.float32)
    order = np.lexsort((customers["customer_id"].to_numpy(), -chance))
    customers = customers.iloc[order].reset_index(drop=True)
    inputs = features.iloc[order[:MOST_LISTED]][[*INPUT_NAMES, "purchase_days"]].reset_index(drop=True)
    listed = customers[["customer_id", "probability", "value_e4"]].head(MOST_LISTED)
    return customers, pd.concat([listed, inputs], axis=1)


def usual_value(features: pd.DataFrame, horizon: int) -> NDArray[np.int64]:
    """What each customer usually spends within a horizon, in whole ten-thousandths: net sales of the last 52 weeks per
    day (of those since the first purchase, but a horizon at least), times the horizon; never below 0."""
    days = np.clip(features["tenure_days"].to_numpy() + 1, min(horizon, YEAR_DAYS), YEAR_DAYS)
    spent = np.maximum(features["year_e4"].to_numpy(np.float64), 0.0)
    value: NDArray[np.int64] = np.rint(spent / days * horizon).astype(np.int64)
    return value
