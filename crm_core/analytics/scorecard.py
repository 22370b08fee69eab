"""An additive model of a probability: each feature adds or takes log-odds, and the parts add up to the score exactly.

log-odds = base + Σ contribution of feature j, where `base` is that of the average customer the model was fitted on.
A logistic regression is one by nature. Gradient boosting is one if no tree looks at more than one feature: the sum of
all trees of a feature is then a step function of it. Both are kept here as plain numbers, so that a page can score,
explain and answer "what if" without the library that fitted them.

Rows come from several days. Each day has a level of its own in the fit, so that a busy season is not taken for a
property of the customers seen in it; the level of a new day comes from calibration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from crm_core.analytics.features import FEATURES, Feature
from crm_core.analytics.ranking import probability
from crm_core.translation import N_

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

Floats: TypeAlias = NDArray[np.float64]
Days: TypeAlias = NDArray[np.int64]
Kind = Literal["logistic", "boosting"]

EXPECTED = Feature("expected", N_("Purchases expected within the horizon"), "number", scale="log")
"""Of BG/NBD, fitted on what was known on the day; missing where it has no fit."""

INPUTS = (*FEATURES, EXPECTED)
"""What models look at, in the order of their contributions."""

INPUT_NAMES = tuple(feature.name for feature in INPUTS)


@dataclass(frozen=True)
class Scorecard:
    """A fitted additive model over INPUTS.

    base: log-odds of the average customer.
    curves: feature, x, points (log-odds against the average), by feature and x. A logistic model has two points a
        feature, on the scale the model uses (see `scaled`), and is the straight line through them; a boosted one steps:
        up to and including x; the last x is infinite.
    missing: feature, points of a customer for whom the feature does not exist.
    typical: feature, value: the median customer's, in the feature's own unit (missing if most have none).
    """

    kind: Kind
    base: float
    curves: pd.DataFrame
    missing: pd.DataFrame
    typical: pd.DataFrame

    def contributions(self, features: pd.DataFrame) -> Floats:
        """What each input adds to each customer's log-odds, shape (customers, inputs)."""
        missing = dict(zip(self.missing["feature"], self.missing["points"], strict=True))
        curves = dict(iter(self.curves.groupby("feature")))
        found = np.empty((len(features), len(INPUTS)))
        for j, feature in enumerate(INPUTS):
            raw = features[feature.name].to_numpy(np.float64)
            x, points = (curves[feature.name][name].to_numpy(np.float64) for name in ("x", "points"))
            if self.kind == "logistic":
                part = points[0] + (scaled(raw, feature) - x[0]) * (points[1] - points[0])
            else:
                part = _stepped(raw, x, points)
            found[:, j] = np.where(np.isnan(raw), missing[feature.name], part)
        return found

    def log_odds(self, features: pd.DataFrame) -> Floats:
        """The log-odds of each customer: `base` plus the contributions, added in the order of INPUTS."""
        total: Floats = self.base + self.contributions(features).sum(axis=1)
        return total

    def predict(self, features: pd.DataFrame) -> Floats:
        """The probability of each customer."""
        return probability(self.log_odds(features))

    def rescaled(self, intercept: float, slope: float) -> Scorecard:
        """The model whose log-odds are intercept + slope × this one's: calibration leaves it additive."""
        return Scorecard(
            self.kind,
            intercept + slope * self.base,
            self.curves.assign(points=self.curves["points"] * slope),
            self.missing.assign(points=self.missing["points"] * slope),
            self.typical,
        )


@dataclass(frozen=True, eq=False)
class Fitted:
    """A scorecard and the level of each day it was fitted on, in log-odds against the average day."""

    card: Scorecard
    levels: Floats

    def log_odds(self, features: pd.DataFrame, day: Days) -> Floats:
        """The log-odds of rows of days the model knows."""
        return self.card.log_odds(features) + self.levels[day]


def scaled(raw: Floats, feature: Feature) -> Floats:
    """A feature on the scale a logistic model is linear in."""
    if feature.scale == "plain":
        return raw
    return np.log1p(np.maximum(raw, 0.0)) if feature.scale == "log1p" else np.log(np.maximum(raw, 1e-9))


def logistic(features: pd.DataFrame, label: Floats, day: Days, inputs: Sequence[str] = INPUT_NAMES) -> Fitted:
    """Logistic regression with a slight ridge (C = 1) on standardised `inputs`; a missing value adds nothing.

    `day` numbers the day of each row from 0.
    """
    from sklearn.linear_model import LogisticRegression

    used = [feature for feature in INPUTS if feature.name in inputs]
    columns = [scaled(features[feature.name].to_numpy(np.float64), feature) for feature in used]
    known = [~np.isnan(column) for column in columns]
    centre = np.array([column[ok].mean() if ok.any() else 0.0 for column, ok in zip(columns, known, strict=True)])
    spread = np.array([column[ok].std() if ok.any() else 0.0 for column, ok in zip(columns, known, strict=True)])
    spread = np.where(spread > 1e-9, spread, 1.0)
    points = np.nan_to_num((np.column_stack(columns) - centre) / spread)
    n_days = int(day.max()) + 1
    levels = np.eye(n_days)[day] * _LEVEL_WEIGHT
    with threadpool_limits(1):
        fitted = LogisticRegression(C=1.0, max_iter=500, tol=1e-6).fit(np.hstack([points, levels]), label)
    weight = dict(zip([feature.name for feature in used], fitted.coef_[0][: len(used)] / spread, strict=True))
    middle = dict(zip([feature.name for feature in used], centre, strict=True))
    curves = pd.DataFrame(
        [(name, middle.get(name, 0.0) + i, weight.get(name, 0.0) * i) for name in INPUT_NAMES for i in (0, 1)],
        columns=["feature", "x", "points"],
    )
    missing = pd.DataFrame({"feature": INPUT_NAMES, "points": np.zeros(len(INPUTS))})
    level = fitted.coef_[0][len(used) :] * _LEVEL_WEIGHT
    return _centred("logistic", float(fitted.intercept_[0]), curves, missing, features, level, day)


def boosting(features: pd.DataFrame, label: Floats, day: Days) -> Fitted:
    """Gradient boosting of trees that look at one input each (or at the day), read out as step functions."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    raw = features[list(INPUT_NAMES)].to_numpy(np.float64, copy=True)
    raw[:, np.isnan(raw).all(axis=0)] = 0.0  # nothing can be cut where nothing is known, and the library stumbles
    model = HistGradientBoostingClassifier(
        interaction_cst="no_interactions",
        learning_rate=0.15,
        max_iter=60,
        max_leaf_nodes=6,
        min_samples_leaf=40,
        l2_regularization=1.0,
        max_bins=63,
        early_stopping=False,
        random_state=0,
    )
    with threadpool_limits(1):  # once its libraries are loaded: it has no effect on those that come later
        fitted = model.fit(np.column_stack([raw, day]), label)
        return _read_out(fitted, raw, features, day)


def _read_out(fitted: HistGradientBoostingClassifier, raw: Floats, features: pd.DataFrame, day: Days) -> Fitted:
    """The step functions the trees add up to; exact, because no tree looks at two columns."""
    n_days = int(day.max()) + 1
    origin = np.full(len(INPUTS) + 1, np.nan)
    origin[-1] = 0.0
    base = float(fitted.decision_function(origin[None, :])[0])

    def along(column: int, values: Floats) -> Floats:
        asked = np.repeat(origin[None, :], len(values), axis=0)
        asked[:, column] = values
        return fitted.decision_function(asked) - base  # type: ignore[no-any-return]

    curves, missing = [], []
    for j, name in enumerate(INPUT_NAMES):
        # No public name for where the trees may cut; asking at each of these edges reads every step.
        edges = np.r_[fitted._bin_mapper.bin_thresholds_[j], np.inf]
        points = along(j, np.minimum(edges, np.finfo(np.float64).max))
        average = float(np.where(np.isnan(raw[:, j]), 0.0, _stepped(raw[:, j], edges, points)).mean())
        curves.append(pd.DataFrame({"feature": name, "x": edges, "points": points - average}))
        missing.append(-average)
    level = along(len(INPUTS), np.arange(n_days, dtype=np.float64))
    none = pd.DataFrame({"feature": INPUT_NAMES, "points": missing})
    return _centred(
        "boosting", base - float(np.sum(missing)), pd.concat(curves, ignore_index=True), none, features, level, day
    )


_LEVEL_WEIGHT = 3.0  # the ridge would else hold the days' levels as firmly as the features' weights


def _centred(
    kind: Kind,
    base: float,
    curves: pd.DataFrame,
    missing: pd.DataFrame,
    features: pd.DataFrame,
    level: Floats,
    day: Days,
) -> Fitted:
    average = float(level[day].mean())
    typical = [float(features[name].median()) for name in INPUT_NAMES]
    about = pd.DataFrame({"feature": INPUT_NAMES, "value": typical})
    return Fitted(Scorecard(kind, base + average, curves, missing, about), level - average)


def _stepped(raw: Floats, edges: Floats, points: Floats) -> Floats:
    """The step each value lies on, up to and including its edge; of a missing value the first."""
    return points[np.searchsorted(edges, np.where(np.isnan(raw), -np.inf, raw), side="left")]
