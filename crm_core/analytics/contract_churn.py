"""Churn of contracts, which begin on a day and end on one: how long they last, and who ends them.

A contract that has not ended is not unknown, it has lasted so long at least (censored). `kaplan_meier` counts both
rightly. `contract_model` says how well the customers' properties tell the ended contracts from the running ones, by
cross-validation: every contract is predicted by a model that never saw it. It looks at one moment, so it ranks and
explains; it does not say when a contract will end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from crm_core.analytics.ranking import (
    Estimate,
    Floats,
    Outcomes,
    brier_gain,
    calibration_curve,
    calibration_slope,
    measured,
)
from crm_core.errors import AnalysisRefused, FieldError

DURATION = "duration"
"""What the model calls how long a contract has lasted."""
FOLDS = 5
SEED = 20240607
FEWEST_OF_EACH = 30
_Z = 1.959963984540054


@dataclass(frozen=True)
class ContractModel:
    """How well ended contracts are told from running ones.

    quality: auc, ap, brier, lift_10 of the predictions for contracts the model did not see, with intervals.
    baseline: the same of how long each contract has lasted alone; None where that was not given.
    gain: by how much the Brier score is lower than that of the share that ended, for everyone; `gain_over_duration`:
        than that of how long it has lasted alone.
    calibration: predicted, observed, low, high, n; slope: of the calibration, 1 is perfect.
    weights: feature, value (of a category, else missing), weight (log-odds of one standard deviation more, or of the
        category), largest first; of the model of all contracts.
    probability: of each contract, from the fold that left it out, in the order of the frame.
    """

    n: int
    n_ended: int
    quality: dict[str, Estimate]
    gain: Estimate
    baseline: dict[str, Estimate] | None
    gain_over_duration: Estimate | None
    slope: Estimate
    calibration: pd.DataFrame
    weights: pd.DataFrame
    probability: tuple[float, ...]

    @property
    def reason(self) -> FieldError | None:
        """The plainest baseline that is as good as the model, in words; None if it clearly beats them."""
        if not self.gain.low > 0:
            return FieldError("The model predicts no better than the same chance for every contract.")
        if self.gain_over_duration is not None and not self.gain_over_duration.low > 0:
            return FieldError("The model predicts no better than how long the contract has lasted alone.")
        return None


def lasted(
    started_on: Sequence[date], ended_on: Sequence[date | None], as_of: date
) -> tuple[Floats, NDArray[np.bool_]]:
    """Days each contract has lasted up to the day `as_of`, and whether it had ended by then, shape (contracts,).

    What ends after `as_of` is still running; a contract that begins after it is not one yet.

    Raises:
        ValueError: a contract that begins after `as_of`, or ends before it begins.
    """
    days, ended = [], []
    for start, end in zip(started_on, ended_on, strict=True):
        if start > as_of:
            raise ValueError(f"a contract begins on {start}, after {as_of}")
        if end is not None and end < start:
            raise ValueError(f"a contract ends on {end}, before it begins on {start}")
        has_ended = end is not None and end <= as_of
        last = end if has_ended and end is not None else as_of
        days.append(float((last - start).days))
        ended.append(has_ended)
    return np.array(days), np.array(ended, dtype=np.bool_)


def kaplan_meier(duration: Floats, ended: NDArray[np.bool_]) -> pd.DataFrame:
    """The share of contracts that last longer than each time at which any ended.

    time, at_risk (contracts that had lasted until just before), ended, survival, low, high: one row a time. The
    interval is 95 % on the log(−log) scale with Greenwood's variance, so it stays between 0 and 1; it is missing once
    nobody is left. Contracts censored at a time count as at risk then.

    E. L. Kaplan, P. Meier (1958), JASA 53, 457–481; J. D. Kalbfleisch, R. L. Prentice (2002), The Statistical Analysis
    of Failure Time Data, 1.4.

    Raises:
        AnalysisRefused: no contract, or none that ended.
    """
    if not len(duration) or not ended.any():
        raise AnalysisRefused("No contract has ended yet; how long contracts last is not known.")
    times, counts = np.unique(duration[ended], return_counts=True)
    at_risk = len(duration) - np.searchsorted(np.sort(duration), times, side="left")
    survival = np.cumprod(1 - counts / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(counts / (at_risk * (at_risk - counts)))
        width = _Z * np.sqrt(greenwood) / np.abs(np.log(survival))
        low, high = survival ** np.exp(width), survival ** np.exp(-width)
    is_over = survival <= 0
    return pd.DataFrame(
        {
            "time": times,
            "at_risk": at_risk.astype(np.int64),
            "ended": counts.astype(np.int64),
            "survival": survival,
            "low": np.where(is_over, np.nan, low),
            "high": np.where(is_over, np.nan, high),
        }
    )


def median_duration(curve: pd.DataFrame) -> float | None:
    """The first time by which at most half of the contracts last; None while more than half do."""
    reached = curve[curve["survival"] <= 0.5]
    return None if reached.empty else float(reached["time"].iloc[0])


def contract_model(
    properties: pd.DataFrame, ended: NDArray[np.bool_], *, duration: Floats | None = None
) -> ContractModel:
    """Logistic regression of "has ended" on the properties, judged in five folds.

    Args:
        properties: one row a contract, without names or keys. Numbers (a missing one counts as the median) are
            standardised, everything else is taken as categories, a missing one as a category of its own.
        ended: whether each contract has ended.
        duration: how long each has lasted: a baseline of its own, and one more of the properties.

    Raises:
        AnalysisRefused: no property to learn from, or fewer than 30 ended or 30 running contracts.
    """
    label = ended.astype(np.float64)
    n_ended = int(label.sum())
    if min(n_ended, len(label) - n_ended) < FEWEST_OF_EACH:
        raise AnalysisRefused(
            "A model of contracts needs at least {fewest} that ended and {fewest} that run; {ended} ended and "
            "{running} run.",
            fewest=FEWEST_OF_EACH,
            ended=n_ended,
            running=len(label) - n_ended,
        )
    if properties.empty:
        raise AnalysisRefused("The contracts have no property that a model could learn from.")
    outcomes = Outcomes.of(label, np.arange(len(label)))
    alone = None
    if duration is not None:
        alone, _rate = _unseen(pd.DataFrame({DURATION: duration}), label)
        properties = properties.assign(**{DURATION: duration})
    predicted, rate = _unseen(properties, label)
    return ContractModel(
        n=len(label),
        n_ended=n_ended,
        quality=measured(outcomes, predicted),
        gain=brier_gain(outcomes, predicted, rate),
        baseline=None if alone is None else measured(outcomes, alone),
        gain_over_duration=None if alone is None else brier_gain(outcomes, predicted, alone),
        slope=calibration_slope(outcomes, predicted)[0],
        calibration=calibration_curve(outcomes, predicted),
        weights=_weights(properties, label),
        probability=tuple(predicted.tolist()),
    )


def _unseen(properties: pd.DataFrame, label: Floats) -> tuple[Floats, Floats]:
    """Of each contract, what a model of the other folds says, and the share that ended among them."""
    fold = _folds(label)
    predicted, rate = np.empty(len(label)), np.empty(len(label))
    for k in range(FOLDS):
        inside = fold == k
        design, _names = _design(properties, ~inside)
        model = _fit(design[~inside], label[~inside])
        predicted[inside] = model.predict_proba(design[inside])[:, 1]
        rate[inside] = label[~inside].mean()
    return predicted, rate


def _folds(label: Floats) -> NDArray[np.int64]:
    """A fold for each contract, drawn at random, with the same share of ended ones in each."""
    order = np.random.default_rng(SEED).permutation(len(label))
    fold = np.empty(len(label), dtype=np.int64)
    for outcome in (0.0, 1.0):
        members = order[label[order] == outcome]
        fold[members] = np.arange(len(members)) % FOLDS
    return fold


def _design(properties: pd.DataFrame, known: NDArray[np.bool_]) -> tuple[Floats, list[tuple[str, str | None]]]:
    """The design matrix and what each column is; scales and categories are those of the `known` rows alone."""
    columns: list[Floats] = []
    names: list[tuple[str, str | None]] = []
    for name in properties.columns:
        values = properties[name]
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            number = values.astype("float64").to_numpy()
            number = np.where(np.isnan(number), np.nanmedian(number[known]), number)
            spread = float(number[known].std())
            columns.append((number - number[known].mean()) / (spread if spread > 1e-12 else 1.0))
            names.append((str(name), None))
            continue
        words = values.astype("object").where(values.notna(), "").astype(str)
        for category in sorted(set(words[known]))[1:]:
            columns.append(np.asarray(words == category, dtype=np.float64))
            names.append((str(name), category))
    return np.column_stack(columns), names


def _fit(design: Floats, label: Floats):  # type: ignore[no-untyped-def]  # scikit-learn has no types
    from sklearn.linear_model import LogisticRegression

    with threadpool_limits(1):
        return LogisticRegression(C=1.0, max_iter=1000).fit(design, label)


def _weights(properties: pd.DataFrame, label: Floats) -> pd.DataFrame:
    design, names = _design(properties, np.ones(len(label), dtype=np.bool_))
    weight = _fit(design, label).coef_[0]
    found = pd.DataFrame(
        {
            "feature": [name for name, _category in names],
            "value": pd.Series([category for _name, category in names], dtype=object),
            "weight": weight,
        }
    )
    largest_first = np.argsort(-np.abs(weight), kind="stable")
    return found.iloc[largest_first].reset_index(drop=True)
