"""Churn: who of the customers alive will not buy within the horizon, why, and whether that is worth believing.

Models are learned from days before and tested on later ones (see `churn_rows` for who is alive and what leaving means,
`churn_fit` for how they are learned). The two newest days whose outcome is known are tested, each by models that knew
nothing after it; the same procedure then scores `as_of`. What beats what is decided on the tested days by the Brier
score, with the whole 95 % interval of the paired difference above 0:

| verdict | when | who is scored |
|---|---|---|
| usable | the model beats the base rate, recency alone and BG/NBD's expected purchases | everyone alive |
| refused | it does not beat all of them, or the data cannot carry a model | nobody |

Where it is refused, and expected purchases themselves beat the base rate and recency, the report says so: ranking by
them is then what the records can carry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from crm_core.access import Permission
from crm_core.analytics.bgnbd import BgNbd
from crm_core.analytics.churn_fit import BASELINES, Fold, learned
from crm_core.analytics.churn_rows import Plan, Rows, grown, plan, recorded, require_enough, rows_of
from crm_core.analytics.churn_tables import (
    REASON_COLUMNS,
    curves_of,
    days_of,
    drift_of,
    gains_of,
    no_customers,
    quality_of,
)
from crm_core.analytics.churn_tables import scored as scored_customers
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.progress import within as part_of
from crm_core.analytics.purchases import require_day
from crm_core.analytics.ranking import Estimate, Floats, Outcomes, calibration_slope
from crm_core.analytics.registry import analysis
from crm_core.analytics.scorecard import INPUT_NAMES, Scorecard
from crm_core.errors import AnalysisRefused, FieldError, Invalid
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

FEWEST_CUSTOMERS, FEWEST_OF_EACH = 100, 30
MOST_TESTED_DAYS = 2
LEAST_GAIN = 1e-6
"""A Brier score lower by less is the rounding of equal predictions."""
LONGEST_HORIZON = 730

Verdict = Literal["usable", "refused"]


@dataclass(frozen=True)
class ChurnParams:
    """The day up to which purchases count, itself included, and how many days after it without one are leaving.

    Raises:
        Invalid: a day outside the years 1900 to 2199, or a horizon outside 7 to 730 days.
    """

    as_of: date
    horizon: int = 90

    def __post_init__(self) -> None:
        require_day(self.as_of)
        if not 7 <= self.horizon <= LONGEST_HORIZON:
            problem = FieldError(
                "A horizon of {horizon} days is not possible; choose between 7 and {most}.",
                {"horizon": self.horizon, "most": LONGEST_HORIZON},
            )
            raise Invalid({"horizon": problem})


@dataclass(frozen=True)
class ChurnReport:
    """What the model is worth, and whom it expects to leave.

    as_of: the last day with an order of a known customer up to the one asked for.
    verdict, reason: see the module; why the model is not used, in a sentence with its blanks (None: it is used).
    kind: of the model that scores, logistic or boosting; None where nobody is scored.
    ranks_by_expected: whether expected purchases beat the base rate and recency alone by themselves.
    quality: predictor (model, logistic, boosting, base_rate, recency, expected_purchases), measure (auc, ap, brier,
        lift_10), value, low, high: over the tested days together.
    gains: predictor (model, expected_purchases), baseline, value, low, high: by how much its Brier score is lower, in
        pairs.
    slope, intercept: of the model's calibration, 1 and 0 if perfect.
    calibration: predicted, observed, low, high, n; tenths of the tested customers.
    gain: share (contacted, riskiest first), model, recency, expected_purchases: share of the leaving ones found.
    days: day, customers (alive), lost (already), left (share, None where not known yet), is_tested, predicted (mean).
    model, expectation: the additive model that scores, and the BG/NBD of expected purchases; trained on `n_rows` rows
        up to the day `known_until`, the last day whose outcome counted.
    customers: of everyone scored, by probability: customer_id, probability, value_e4 (usual net sales within a
        horizon), and the three inputs that add most to the risk, reason_1 … reason_3 (position in INPUTS, or −1) with
        their values value_1 … value_3.
    top: the first 200 of them with the model's inputs and purchase_days.
    drift: feature ("score" among them), psi, against the rows the model was trained on.
    """

    as_of: date
    horizon: int
    verdict: Verdict
    reason: FieldError | None
    kind: str | None
    ranks_by_expected: bool
    n_scored: int
    n_lost: int
    n_tested: int
    n_rows: int
    known_until: date | None
    channel: str | None
    slope: Estimate | None
    intercept: Estimate | None
    model: Scorecard | None
    expectation: BgNbd | None
    quality: pd.DataFrame
    gains: pd.DataFrame
    calibration: pd.DataFrame
    gain: pd.DataFrame
    days: pd.DataFrame
    customers: pd.DataFrame
    top: pd.DataFrame
    drift: pd.DataFrame

    def measure(self, predictor: str, measure: str) -> Estimate | None:
        """One number of `quality`; None where it was not measured."""
        return self._estimates.get((predictor, measure))

    @cached_property
    def _estimates(self) -> dict[tuple[str, str], Estimate]:
        columns = (self.quality[name] for name in ("predictor", "measure", "value", "low", "high"))
        return {(who, what): Estimate(*map(float, numbers)) for who, what, *numbers in zip(*columns, strict=True)}


@analysis("churn", reads=("orders", "order_lines", "products"), permission=Permission.SEGMENTS_VIEW, is_long=True)
def churn(tables: Tables, params: ChurnParams, progress: Progress = silent) -> ChurnReport:
    """The chance of each customer alive at `as_of` not to buy within the horizon, if that can be predicted.

    Data that cannot carry a model give a report that says so, with verdict "refused".
    """
    try:
        first, last = recorded(tables, params.as_of)
        planned = plan(last, params.horizon, first)
        rows, channel = rows_of(tables, planned, part_of(progress, 0.0, 0.5))
        planned, rows = grown(planned, rows)
        for day in rows[1:4]:
            require_enough(day, fewest=FEWEST_CUSTOMERS, fewest_of_each=FEWEST_OF_EACH)
        if rows[0].features.empty:
            raise AnalysisRefused("No customer is alive by {as_of}: all are lost already.", as_of=params.as_of)
    except AnalysisRefused as refused:
        return _nothing(params, FieldError(refused.template, refused.params))
    return _judged(params, planned, rows, channel, part_of(progress, 0.5, 1.0))


def _judged(
    params: ChurnParams, planned: Plan, rows: Sequence[Rows], channel: str | None, progress: Progress
) -> ChurnReport:
    tested = [k for k in range(1, MOST_TESTED_DAYS + 1) if k + 2 < len(rows)]
    folds: list[Fold] = []
    for i, k in enumerate(tested):
        progress(0.6 * i / len(tested), N_("Learning from earlier days and testing on later ones"))
        folds.append(learned(rows, planned, k))
    progress(0.6, N_("Measuring against plain baselines"))
    outcomes, predictions = _pooled(folds)
    gains = gains_of(outcomes, predictions)
    reason = _reason(gains)
    slope, intercept = calibration_slope(outcomes, predictions["model"])
    report: dict[str, Any] = {
        "as_of": rows[0].day,
        "horizon": params.horizon,
        "reason": reason,
        "ranks_by_expected": _beats_all(gains, "expected_purchases"),
        "n_lost": rows[0].n_lost,
        "n_tested": len(outcomes.label),
        "known_until": rows[1].day + timedelta(days=params.horizon),
        "channel": channel,
        "slope": slope,
        "intercept": intercept,
        "quality": quality_of(outcomes, predictions),
        "gains": gains,
        "days": days_of(rows, folds),
        **curves_of(outcomes, predictions),
    }
    if reason is not None:
        return _refused(report)
    progress(0.8, N_("Scoring customers"))
    final = learned(rows, planned, 0)
    card = final.cards["model"]
    customers, top = scored_customers(final.target.features, card, params.horizon)
    return ChurnReport(
        verdict="usable",
        kind=card.kind,
        n_scored=len(customers),
        n_rows=len(final.trained_on),
        model=card,
        expectation=rows[0].expectation,
        customers=customers,
        top=top,
        drift=drift_of(final, card),
        **report,
    )


def _pooled(folds: Sequence[Fold]) -> tuple[Outcomes, dict[str, Floats]]:
    """Outcomes and predictions of all tested days; of a baseline only if each day has it."""
    each = [fold.predictions() for fold in folds]
    names = [name for name in each[0] if all(name in predictions for predictions in each)]
    label = np.concatenate([fold.target.known for fold in folds])
    customer = np.concatenate([fold.target.features["customer_id"].to_numpy() for fold in folds])
    return Outcomes.of(label, customer), {
        name: np.concatenate([predictions[name] for predictions in each]) for name in names
    }


def _beats_all(gains: pd.DataFrame, predictor: str) -> bool:
    """Whether the predictor clearly beats each of its baselines; not if there is none to beat."""
    low = gains.loc[gains["predictor"] == predictor, "low"]
    return bool(len(low)) and bool((low > LEAST_GAIN).all())


_NO_BETTER = {
    "base_rate": FieldError("The model predicts no better than the same chance for everyone."),
    "recency": FieldError("The model predicts no better than the time since the last purchase alone."),
    "expected_purchases": FieldError("The model predicts no better than the purchases BG/NBD expects."),
}


def _reason(gains: pd.DataFrame) -> FieldError | None:
    """The plainest baseline that is as good as the model, in words; None if none is."""
    equals = gains.loc[(gains["predictor"] == "model") & ~(gains["low"] > LEAST_GAIN), "baseline"].tolist()
    return _NO_BETTER[min(equals, key=BASELINES.index)] if equals else None


def _refused(report: dict[str, Any]) -> ChurnReport:
    return ChurnReport(
        verdict="refused",
        kind=None,
        n_scored=0,
        n_rows=0,
        model=None,
        expectation=None,
        customers=no_customers(REASON_COLUMNS),
        top=no_customers(INPUT_NAMES),
        drift=pd.DataFrame({"feature": pd.Series(dtype="str"), "psi": pd.Series(dtype="float64")}),
        **report,
    )


def _nothing(params: ChurnParams, reason: FieldError) -> ChurnReport:
    """The report where nothing could be measured."""
    empty = pd.DataFrame()
    quality = pd.DataFrame({name: [] for name in ("predictor", "measure", "value", "low", "high")})
    return _refused(
        {
            "as_of": params.as_of, "horizon": params.horizon, "reason": reason, "ranks_by_expected": False, "n_lost": 0,
            "n_tested": 0,
            "known_until": None, "channel": None, "slope": None, "intercept": None, "quality": quality, "gains": empty,
            "calibration": empty, "gain": empty, "days": empty,
        }
    )  # fmt: skip
