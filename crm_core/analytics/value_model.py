"""Both models together: what each customer will buy and spend over a horizon, and how sure that is.

Intervals of sums hold what chance does (each customer's variance; customers are independent) and what is not known of
the parameters (their covariance carried through by the slopes of the sum in them: the delta method). They take the
models to be right; how right they have been is what a hold-out shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from crm_core.analytics import bgnbd, gamma_gamma
from crm_core.analytics.bgnbd import BgNbd, BgNbdFit
from crm_core.analytics.gamma_gamma import GammaGamma, GammaGammaFit
from crm_core.analytics.maximum_likelihood import Z95, Floats
from crm_core.analytics.purchase_log import Histories, Ints

Unit = Literal["week", "day"]
DAYS: dict[Unit, int] = {"week": 7, "day": 1}
DAYS_A_YEAR = 365.25

_STEP = 1e-4


@dataclass(frozen=True)
class ValueModel:
    """Fitted models of purchases and of spend; times are in the unit."""

    purchases: BgNbdFit
    spend: GammaGammaFit
    unit: Unit


@dataclass(frozen=True, eq=False)
class Forecast:
    """What is expected of each customer; arrays of shape (customers,), money as floats.

    purchases, purchases_variance: mean and variance of the purchases to come.
    purchases_slopes: of `purchases` in the logarithms of r, α, a and b, shape (customers, 4).
    spend: expected spend a purchase.
    value, value_variance: mean and variance of what they will spend; the variance is infinite where q + p·x ≤ 2.
    value_slopes: of `value` in the logarithms of r, α, a, b, p, q and v, shape (customers, 7).
    present_value: `value` with each purchase discounted by when it is made.
    """

    p_alive: Floats
    purchases: Floats
    purchases_variance: Floats
    purchases_slopes: Floats
    spend: Floats
    value: Floats
    value_variance: Floats
    value_slopes: Floats
    present_value: Floats

    @cached_property
    def value_e4(self) -> Ints:
        """Expected value in whole ten-thousandths, so that lists and totals agree to the last digit."""
        return np.rint(self.value * 10_000).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over groups of customers, arrays of shape (groups,): of expected purchases and value, each with the ends of
    its 95 % interval; the ends of value are NaN where its variance is infinite."""

    purchases: Floats
    purchases_low: Floats
    purchases_high: Floats
    value: Floats
    value_low: Floats
    value_high: Floats


def fit(known: Histories, unit: Unit) -> ValueModel:
    """Both models, fitted to these customers; spend to those who bought again and paid for it.

    Raises:
        AnalysisRefused: too few customers, or data that do not determine the models; see both modules' `fit`.
    """
    purchases = bgnbd.fit(known.x, known.t_x / DAYS[unit], known.age / DAYS[unit])
    has_paid = known.mean_spend > 0
    return ValueModel(purchases, gamma_gamma.fit(known.x[has_paid], known.mean_spend[has_paid]), unit)


def purchases_ahead(model: ValueModel, known: Histories, days: float) -> Floats:
    """Expected purchases of each customer over so many days, shape (customers,)."""
    histories, which = _grouped(model, known)
    return bgnbd.conditional_purchases(model.purchases.model, *histories, days / DAYS[model.unit])[which]


def forecast(model: ValueModel, known: Histories, days: int, *, discount_rate: float = 0.0) -> Forecast:
    """What is expected of each customer over so many days; `discount_rate` is a share a year, such as 0.1."""
    t = days / DAYS[model.unit]
    histories, which = _grouped(model, known)
    of = model.purchases.model
    rate = float(np.log1p(discount_rate)) * DAYS[model.unit] / DAYS_A_YEAR
    mean, variance = bgnbd.purchase_moments(of, *histories, t)
    discounted = bgnbd.conditional_purchases(of, *histories, t, rate=rate)
    purchase_slopes = _slopes(
        lambda logs: bgnbd.conditional_purchases(BgNbd(*np.exp(logs).tolist()), *histories, t),
        np.log([of.r, of.alpha, of.a, of.b]),
    )[which]
    mean, variance, discounted = mean[which], variance[which], discounted[which]
    spender = model.spend.model
    spend = gamma_gamma.expected_spend(spender, known.x, known.mean_spend)
    spend_slopes = _slopes(
        lambda logs: gamma_gamma.expected_spend(GammaGamma(*np.exp(logs).tolist()), known.x, known.mean_spend),
        np.log([spender.p, spender.q, spender.v]),
    )
    return Forecast(
        p_alive=bgnbd.p_alive(of, *histories)[which],
        purchases=mean,
        purchases_variance=variance,
        purchases_slopes=purchase_slopes,
        spend=spend,
        value=mean * spend,
        value_variance=_value_variance(spender, known, mean, variance),
        value_slopes=np.hstack([purchase_slopes * spend[:, None], spend_slopes * mean[:, None]]),
        present_value=discounted * spend,
    )


def summed(model: ValueModel, ahead: Forecast, group: Ints, n_groups: int) -> Sums:
    """The sums over each group; `group` is each customer's, from 0."""

    def total(values: Floats) -> Floats:
        return np.bincount(group, values, n_groups).astype(np.float64)

    def spread(variance: Floats, slopes: Floats, covariance: Floats) -> Floats:
        per_group = np.column_stack([total(column) for column in slopes.T])
        of_parameters = np.einsum("gi,ij,gj->g", per_group, covariance, per_group)
        deviation = np.sqrt(total(variance) + of_parameters)
        return np.where(np.isfinite(deviation), Z95 * deviation, np.nan)

    of_purchases = np.array(model.purchases.estimate.covariance)
    of_value = np.zeros((7, 7))
    of_value[:4, :4], of_value[4:, 4:] = of_purchases, np.array(model.spend.estimate.covariance)
    purchases, value = total(ahead.purchases), total(ahead.value)
    bought = spread(ahead.purchases_variance, ahead.purchases_slopes, of_purchases)
    spent = spread(ahead.value_variance, ahead.value_slopes, of_value)
    return Sums(
        purchases, np.maximum(purchases - bought, 0), purchases + bought,
        value, np.maximum(value - spent, 0), value + spent,
    )  # fmt: skip


def _grouped(model: ValueModel, known: Histories) -> tuple[tuple[Floats, Floats, Floats], Ints]:
    """The different histories in the model's unit, and which is each customer's."""
    (x, t_x, age), which = bgnbd.grouped(known.x, known.t_x, known.age)
    return (x, t_x / DAYS[model.unit], age / DAYS[model.unit]), which


def _value_variance(model: GammaGamma, known: Histories, mean: Floats, variance: Floats) -> Floats:
    """The variance of what each customer will spend, of the mean and variance of how often they will buy.

    Of a customer's ν, N purchases cost Np/ν with variance Np/ν²; ν is gamma (q + px, v + x·z̄), so that
    E[1/ν²] = (v + x·z̄)² / ((q + px − 1)(q + px − 2)).
    """
    shape, scale = gamma_gamma.posterior(model, known.x, known.mean_spend)
    with np.errstate(divide="ignore", invalid="ignore"):
        square = scale**2 / ((shape - 1) * (shape - 2))
        total = (mean * model.p + (variance + mean**2) * model.p**2) * square - (
            mean * model.p * scale / (shape - 1)
        ) ** 2
    return np.where(mean > 0, np.where(shape > 2, np.maximum(total, 0), np.inf), 0.0)


def _slopes(of: Callable[[Floats], Floats], logs: Floats) -> Floats:
    """How each entry changes with each logarithm, by central differences, shape (entries, parameters)."""
    columns = []
    for i in range(len(logs)):
        step = np.zeros_like(logs)
        step[i] = _STEP
        columns.append((of(logs + step) - of(logs - step)) / (2 * _STEP))
    return np.column_stack(columns)
