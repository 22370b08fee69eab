"""What the models would have said some time ago, beside what then happened.

The models are fitted to purchases up to the end of the calibration period and forecast the hold-out period after it.
The plain baseline lets everyone go on at their own rate so far: x purchases in their age.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd

from crm_core.analytics import bgnbd, value_model
from crm_core.analytics.auc import auc
from crm_core.analytics.differences import Interval
from crm_core.analytics.maximum_likelihood import Z95, Floats
from crm_core.analytics.purchase_log import Histories, PurchaseLog, day_of
from crm_core.analytics.value_model import DAYS, Forecast, ValueModel
from crm_core.db.types import from_e4

MOST_FREQUENT = 7
"""Customers with so many repeat purchases or more are shown together."""
_POINTS = 60


@dataclass(frozen=True)
class Holdout:
    """A forecast beside what came: purchases after `calibration_end` up to `last_on` of customers known by then.

    predicted, low, high: expected purchases with the 95 % interval; baseline: what historic rates give.
    actual_value, predicted_value, value_low, value_high: the same in money; None where there is no interval.
    error, baseline_error: mean squared error per customer, with its 95 % interval over customers.
    gain: by how much the baseline's is larger, paired by customer.
    auc: chance that of two customers, one who bought and one who did not, the forecast ranks the buyer higher;
        recency_auc: the same for time since the last purchase alone; None where nearly all or nearly none bought.
    tracking: day, actual, predicted; all repeat purchases up to each day, from the first purchase to `last_on`.
    by_frequency: frequency (repeat purchases in calibration; the last one stands for more too), customers, and the mean
        purchases in the hold-out period: actual, predicted, baseline.
    """

    calibration_end: date
    last_on: date
    n_customers: int
    actual: int
    predicted: float
    low: float
    high: float
    baseline: float
    actual_value: Decimal
    predicted_value: Decimal
    value_low: Decimal | None
    value_high: Decimal | None
    error: Interval
    baseline_error: Interval
    gain: Interval
    auc: Interval | None
    recency_auc: Interval | None
    tracking: pd.DataFrame
    by_frequency: pd.DataFrame

    @property
    def days(self) -> int:
        """How long the hold-out period is."""
        return (self.last_on - self.calibration_end).days

    @property
    def beats_baseline(self) -> bool:
        """Whether the forecast is clearly nearer to what came than historic rates are."""
        return self.gain.low > 0


def hold_out(log: PurchaseLog, model: ValueModel, known: Histories, start: int, end: int) -> Holdout:
    """The model, fitted to the purchases up to and with day `start`, beside those after it up to and with day `end`.

    `known` are the customers as of `start`.
    """
    days = end - start
    ahead = value_model.forecast(model, known, days)
    total = value_model.summed(model, ahead, np.zeros(len(known), dtype=np.int64), 1)
    came = log.purchases(start, end)[known.owner].astype(np.float64)
    historic = np.where(known.age > 0, known.x / np.maximum(known.age, 1) * days, 0.0)
    squares, historic_squares = (came - ahead.purchases) ** 2, (came - historic) ** 2
    low, high = float(total.value_low[0]), float(total.value_high[0])
    return Holdout(
        calibration_end=day_of(start),
        last_on=day_of(end),
        n_customers=len(known),
        actual=int(came.sum()),
        predicted=float(total.purchases[0]),
        low=float(total.purchases_low[0]),
        high=float(total.purchases_high[0]),
        baseline=float(historic.sum()),
        actual_value=from_e4(int(log.spent_e4(start, end)[known.owner].sum())),
        predicted_value=from_e4(int(ahead.value_e4.sum())),
        value_low=None if np.isnan(low) else in_money(low),
        value_high=None if np.isnan(high) else in_money(high),
        error=_mean(squares),
        baseline_error=_mean(historic_squares),
        gain=_mean(historic_squares - squares),
        auc=auc(came > 0, ahead.purchases),
        recency_auc=auc(came > 0, known.t_x - known.age),
        tracking=_tracking(log, model, known, start, end),
        by_frequency=_by_frequency(known, came, ahead, historic),
    )


def in_money(value: float) -> Decimal:
    """A model's amount as money, rounded to a ten-thousandth."""
    return from_e4(round(value * 10_000))


def _mean(values: Floats) -> Interval:
    """The mean over customers and its 95 % interval."""
    mean, half = float(values.mean()), Z95 * float(values.std(ddof=1)) / len(values) ** 0.5
    return Interval(mean, mean - half, mean + half)


def _tracking(log: PurchaseLog, model: ValueModel, known: Histories, start: int, end: int) -> pd.DataFrame:
    """All repeat purchases up to each of about sixty days, and what the model makes of them: up to `start` from when
    customers came, after it from what is known of each."""
    first_day = log.first_day
    step = max(1, -(-(end - first_day) // _POINTS))
    days = sorted({*range(end, first_day, -step), start, first_day})
    is_known = np.zeros(len(log.customers), dtype=bool)
    is_known[known.owner] = True
    first = np.full(len(log.customers), -1, dtype=np.int64)
    first[known.owner] = known.first
    repeats = np.sort(log.day[is_known[log.owner] & (log.day > first[log.owner])])
    actual = np.searchsorted(repeats, days, side="right")
    unit = DAYS[model.unit]
    came_on, n_came = np.unique(known.first, return_counts=True)
    at_start = float((known.x).sum())
    predicted = [
        float((bgnbd.expected_purchases(model.purchases.model, np.maximum(day - came_on, 0) / unit) * n_came).sum())
        if day <= start
        else at_start + float(value_model.purchases_ahead(model, known, day - start).sum())
        for day in days
    ]
    return pd.DataFrame({"day": [day_of(day) for day in days], "actual": actual, "predicted": predicted})


def _by_frequency(known: Histories, came: Floats, ahead: Forecast, historic: Floats) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "frequency": np.minimum(known.x, MOST_FREQUENT).astype(np.int64),
            "actual": came,
            "predicted": ahead.purchases,
            "baseline": historic,
        }
    )
    groups = frame.groupby("frequency")
    means = groups[["actual", "predicted", "baseline"]].mean()
    return means.assign(customers=groups.size()).reset_index()[
        ["frequency", "customers", "actual", "predicted", "baseline"]
    ]
