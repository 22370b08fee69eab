"""Gamma-Gamma: spend between one's own and everyone's average, recovered from simulation, or refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from crm_core.analytics import gamma_gamma
from crm_core.analytics.gamma_gamma import GammaGamma
from crm_core.errors import AnalysisRefused
from tests.core.buyers import CDNOW_SPEND, spends


def test_the_gradient_is_that_of_the_likelihood() -> None:
    x, z = np.array([1.0, 3, 20]), np.array([4.0, 50, 12])
    values = np.array([2.0, 3.0, 9.0])
    numeric = approx_fprime(values, lambda v: gamma_gamma.log_likelihood(GammaGamma(*v.tolist()), x, z), 1e-7)
    assert gamma_gamma._log_likelihoods(GammaGamma(*values.tolist()), x, z)[1].sum(axis=1) == pytest.approx(
        numeric, rel=1e-4
    )


def test_the_likelihood_is_a_density_of_the_mean_spend() -> None:
    z = np.linspace(1e-3, 4000, 2_000_001)
    model, x = GammaGamma(2.0, 3.5, 15.0), np.full(len(z), 3.0)
    heights = np.exp(gamma_gamma._log_likelihoods(model, x, z)[0])
    assert np.trapezoid(heights, z) == pytest.approx(1, abs=1e-3)


def test_expected_spend_lies_between_ones_own_and_everyones_and_nearer_ones_own_with_every_purchase() -> None:
    everyone, once, often = gamma_gamma.expected_spend(CDNOW_SPEND, np.array([0.0, 1, 50]), np.array([0.0, 100, 100]))
    assert everyone == pytest.approx(6.25 * 15.44 / 2.74)
    assert everyone < once < often < 100


def test_known_parameters_lie_in_their_intervals() -> None:
    inside = np.zeros(3)
    for seed in range(10):
        x = 1 + np.random.default_rng(seed).poisson(2, 2000).astype(np.float64)
        intervals = gamma_gamma.fit(x, spends(CDNOW_SPEND, x, seed=seed)).estimate.intervals()
        truth = (CDNOW_SPEND.p, CDNOW_SPEND.q, CDNOW_SPEND.v)
        inside += [
            ends is not None and ends[0] <= value <= ends[1] for ends, value in zip(intervals, truth, strict=True)
        ]
    assert (inside >= 8).all()


def test_the_unit_of_money_changes_v_and_nothing_else() -> None:
    x = 1 + np.arange(500.0) % 4
    z = spends(CDNOW_SPEND, x, seed=3)
    pounds, pence = gamma_gamma.fit(x, z).model, gamma_gamma.fit(x, 100 * z).model
    assert (pence.p, pence.q, pence.v / 100) == pytest.approx((pounds.p, pounds.q, pounds.v), rel=1e-6)


def test_spend_that_rises_with_frequency_is_called_dependent_and_independent_spend_is_not() -> None:
    x = 1 + np.arange(600.0) % 6
    z = spends(CDNOW_SPEND, x, seed=3)
    assert not gamma_gamma.association(x, z).is_clear
    dependent = gamma_gamma.association(x, z * x)
    assert dependent.is_clear
    assert dependent.low is not None
    assert dependent.low > 0.3
    assert gamma_gamma.association(np.ones(50), z[:50]).correlation is None


@pytest.mark.parametrize(
    ("x", "z", "words"),
    [
        (
            [1.0] * 3,
            [5.0, 6, 7],
            "A forecast of spend needs at least 10 customers who bought again and paid; there are 3.",
        ),
        ([1.0] * 40, [5.0] * 40, "All repeat buyers spend the same; there is no spread to forecast spend from."),
    ],
)
def test_what_cannot_carry_a_forecast_of_spend_is_refused_in_words(x: list[float], z: list[float], words: str) -> None:
    with pytest.raises(AnalysisRefused) as refused:
        gamma_gamma.fit(np.array(x), np.array(z))
    assert str(refused.value) == words


def test_spend_without_a_mean_is_refused_in_words() -> None:
    x = np.ones(3000)
    with pytest.raises(AnalysisRefused, match=r"Gamma-Gamma gives it no mean \(q = 0\.\d+\)\."):
        gamma_gamma.fit(x, spends(GammaGamma(4.0, 0.6, 10.0), x, seed=1))
