"""BG/NBD: the formulas agree with each other and with simulation, the fit recovers what was put in."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.special import beta, gamma, hyp2f1
from threadpoolctl import threadpool_limits

from crm_core.analytics import bgnbd
from crm_core.analytics.bgnbd import BgNbd
from crm_core.analytics.maximum_likelihood import Floats, maximised
from crm_core.errors import AnalysisRefused
from tests.core.buyers import CDNOW, histories

X, T_X, AGE = np.array([0.0, 1, 2, 5, 40]), np.array([0.0, 3, 30, 12, 38]), np.array([0.0, 20, 31, 39, 39])


def ages(n: int, longest: float = 52.0) -> Floats:
    return np.linspace(longest / 2, longest, n)


def test_the_likelihood_is_that_of_the_paper() -> None:
    r, alpha, a, b = CDNOW.r, CDNOW.alpha, CDNOW.a, CDNOW.b
    x, t_x, age = X[:4], T_X[:4], AGE[:4]
    active = beta(a, b + x) / beta(a, b) * gamma(r + x) * alpha**r / gamma(r) / (alpha + age) ** (r + x)
    stopped = beta(a + 1, b + np.maximum(x, 1) - 1) / beta(a, b) * gamma(r + x) * alpha**r / gamma(r)
    stopped = np.where(x > 0, stopped / (alpha + t_x) ** (r + x), 0)
    assert bgnbd.log_likelihood(CDNOW, x, t_x, age) == pytest.approx(np.log(active + stopped).sum(), rel=1e-12)
    assert bgnbd.p_alive(CDNOW, x, t_x, age) == pytest.approx(active / (active + stopped), rel=1e-12)


def test_the_gradient_is_that_of_the_likelihood() -> None:
    values = np.array([0.4, 5.0, 1.2, 3.0])
    numeric = approx_fprime(values, lambda v: bgnbd.log_likelihood(BgNbd(*v.tolist()), X, T_X, AGE), 1e-7)
    slopes = bgnbd._log_likelihoods(BgNbd(*values.tolist()), X, T_X, AGE)[1].sum(axis=1)
    assert slopes == pytest.approx(numeric, rel=1e-4)


def test_expected_purchases_are_those_of_the_paper() -> None:
    r, alpha, a, b = CDNOW.r, CDNOW.alpha, CDNOW.a, CDNOW.b
    t = np.array([1.0, 32.0, 78.0])
    paper = (a + b - 1) / (a - 1) * (1 - (alpha / (alpha + t)) ** r * hyp2f1(r, b, a + b - 1, t / (alpha + t)))
    assert bgnbd.expected_purchases(CDNOW, t) == pytest.approx(paper, rel=1e-12)
    assert paper == pytest.approx([0.0532, 1.0437, 1.8576], abs=5e-4)  # the last one there sums too few terms


def test_expectations_agree_with_simulation() -> None:
    span = np.full(200_000, 30.0)
    x, _t_x, _age = histories(CDNOW, span, seed=3)
    error = x.std() / len(x) ** 0.5
    assert float(bgnbd.expected_purchases(CDNOW, 30.0)) == pytest.approx(x.mean(), abs=4 * error)


def test_probabilities_mean_and_variance_of_what_is_to_come_agree() -> None:
    for model in (CDNOW, BgNbd(2.0, 10.0, 1.0, 3.0), BgNbd(0.5, 1.0, 0.05, 0.4)):
        chances = bgnbd.purchase_probabilities(model, X, T_X, AGE, 39.0, 3000)
        counts = np.arange(chances.shape[1])
        mean, variance = bgnbd.purchase_moments(model, X, T_X, AGE, 39.0)
        assert chances.sum(axis=1) == pytest.approx(1, abs=1e-9)
        assert (chances * counts).sum(axis=1) == pytest.approx(mean, rel=1e-6)
        assert (chances * counts**2).sum(axis=1) - mean**2 == pytest.approx(variance, rel=1e-5)
        assert bgnbd.conditional_purchases(model, X, T_X, AGE, 39.0) == pytest.approx(mean)


def test_discounting_counts_later_purchases_for_less_and_nothing_is_plain_counting() -> None:
    plain = bgnbd.conditional_purchases(CDNOW, X, T_X, AGE, 52.0)
    assert bgnbd.conditional_purchases(CDNOW, X, T_X, AGE, 52.0, rate=1e-12) == pytest.approx(plain, rel=1e-9)
    discounted = bgnbd.conditional_purchases(CDNOW, X, T_X, AGE, 52.0, rate=np.log(1.1) / 52)
    assert (discounted < plain).all()
    assert (discounted > plain / 1.1).all()


def test_nothing_overflows_where_customers_buy_every_day_for_years() -> None:
    found = bgnbd.conditional_purchases(CDNOW, np.array([3000.0]), np.array([520.0]), np.array([521.0]), 52.0)
    assert 200 < found[0] < 320


def test_expectations_pass_smoothly_through_the_a_that_the_formula_divides_by() -> None:
    found = [float(bgnbd.expected_purchases(BgNbd(0.5, 4.0, a, 2.0), 20.0)) for a in (1 - 1e-5, 1.0, 1 + 1e-5)]
    assert found == pytest.approx([found[1]] * 3, rel=1e-5)
    below = [float(bgnbd.expected_purchases(BgNbd(0.5, 4.0, 0.4, b), 20.0)) for b in (0.6 - 1e-3, 0.6, 0.6 + 1e-3)]
    assert below == pytest.approx([below[1]] * 3, rel=1e-2)


@pytest.mark.parametrize("stops", [0.001, 0.06, 0.4])
def test_where_everyone_stops_alike_expectations_are_those_of_one_chance_to_stop(stops: float) -> None:
    x, t_x, age = np.array([0.0, 1.0, 5.0, 40.0]), np.array([0.0, 3.0, 45.0, 50.0]), np.array([8.0, 5.0, 46.0, 51.0])
    for total in (11_000.0, 2e6):
        model = BgNbd(r=1.08, alpha=9.9, a=stops * total, b=(1 - stops) * total)
        ahead = bgnbd.conditional_purchases(model, x, t_x, age, 52.0)
        r, scale = model.r + x, model.alpha + age
        wanted = (1 - (1 + stops * 52 / scale) ** -r) / stops * bgnbd.p_alive(model, x, t_x, age)
        np.testing.assert_allclose(ahead, wanted, rtol=0.02 if total < 1e5 else 1e-4)
        mean, variance = bgnbd.purchase_moments(model, x, t_x, age, 52.0)
        chances = bgnbd.purchase_probabilities(model, x, t_x, age, 52.0, 400)
        counts = np.arange(401)
        np.testing.assert_allclose(mean, chances @ counts, rtol=1e-3)
        np.testing.assert_allclose(variance, chances @ counts**2 - (chances @ counts) ** 2, rtol=5e-3)


def test_expectations_pass_smoothly_to_where_everyone_stops_alike() -> None:
    x, t_x, age = np.array([0.0, 2.0, 12.0]), np.array([0.0, 30.0, 50.0]), np.array([20.0, 40.0, 52.0])
    one, other = (BgNbd(r=1.1, alpha=9.0, a=0.06 * total, b=0.94 * total) for total in (9_980.0, 10_020.0))
    for rate in (0.0, 0.002):
        before, after = (bgnbd.conditional_purchases(model, x, t_x, age, 52.0, rate=rate) for model in (one, other))
        np.testing.assert_allclose(after, before, rtol=1e-4)


def test_a_one_time_buyer_is_alive_by_construction_and_silence_makes_others_less_so() -> None:
    assert bgnbd.p_alive(CDNOW, np.array([0.0]), np.array([0.0]), np.array([500.0]))[0] == 1
    alive = bgnbd.p_alive(CDNOW, np.full(3, 10.0), np.full(3, 20.0), np.array([20.0, 30, 60]))
    assert alive[0] > alive[1] > alive[2]


def test_known_parameters_lie_in_their_intervals() -> None:
    inside = np.zeros(4)
    for seed in range(10):
        found = bgnbd.fit(*histories(CDNOW, ages(3000), seed=seed))
        truth = (CDNOW.r, CDNOW.alpha, CDNOW.a, CDNOW.b)
        intervals = found.estimate.intervals()
        inside += [
            ends is not None and ends[0] <= value <= ends[1] for ends, value in zip(intervals, truth, strict=True)
        ]
    assert (inside >= 8).all()


def test_the_unit_of_time_changes_alpha_and_nothing_else() -> None:
    x, t_x, age = histories(CDNOW, ages(1500), seed=1)
    weeks, days = bgnbd.fit(x, t_x, age).model, bgnbd.fit(x, 7 * t_x, 7 * age).model
    assert (days.r, days.alpha / 7, days.a, days.b) == pytest.approx((weeks.r, weeks.alpha, weeks.a, weeks.b), rel=1e-6)


PRINT_FIT = """
import numpy as np
from crm_core.analytics import bgnbd
from tests.core.buyers import CDNOW, histories
x, t_x, age = histories(CDNOW, np.linspace(26, 52, 800), seed=2)
print(bgnbd.fit(x, t_x, age))
"""


def test_the_same_customers_give_the_same_digits_in_any_order_process_and_number_of_threads() -> None:
    x, t_x, age = histories(CDNOW, ages(800), seed=2)
    with threadpool_limits(1):
        one = bgnbd.fit(x, t_x, age)
    shuffled = np.random.default_rng(0).permutation(len(x))
    assert bgnbd.fit(x[shuffled], t_x[shuffled], age[shuffled]) == one
    again = subprocess.run([sys.executable, "-c", PRINT_FIT], capture_output=True, text=True, check=True)
    assert again.stdout.strip() == repr(one)


def test_where_nobody_ever_stops_the_forecast_is_that_of_an_endless_habit() -> None:
    random = np.random.default_rng(4)
    age = ages(2000)
    rate = random.gamma(2.0, 1 / 10.0, len(age))
    x = random.poisson(rate * age).astype(np.float64)
    t_x = np.where(x > 0, age * random.beta(np.maximum(x, 1), 1), 0.0)
    found = bgnbd.fit(x, t_x, age)
    assert found.model.a / (found.model.a + found.model.b) < 0.01
    assert found.estimate.is_determined == (True, True, False, False)
    assert found.estimate.intervals()[2:] == (None, None)
    ahead = bgnbd.conditional_purchases(found.model, x, t_x, age, 10.0).sum()
    assert ahead == pytest.approx(10 * rate.sum(), rel=0.05)


def test_one_customer_is_refused_in_words() -> None:
    with pytest.raises(AnalysisRefused) as refused:
        bgnbd.fit(np.array([3.0]), np.array([10.0]), np.array([12.0]))
    assert str(refused.value) == "A forecast of purchases needs at least 30 customers; there are 1."


def test_customers_who_never_came_back_are_refused_in_words() -> None:
    with pytest.raises(AnalysisRefused) as refused:
        bgnbd.fit(np.zeros(100), np.zeros(100), ages(100))
    assert str(refused.value) == (
        "A forecast of purchases needs at least 10 customers who bought again on a later day; there are 0."
    )


def test_a_fit_that_ends_at_no_top_is_refused_in_words() -> None:
    def rising(values: Floats) -> tuple[float, Floats]:
        return float(np.sin(values * 40).sum() * 1e9), np.full(len(values), 1e9)

    with pytest.raises(AnalysisRefused) as refused:
        maximised(rising, [(1.0,)], 10, model="BG/NBD")
    assert str(refused.value) == "The fit of BG/NBD did not converge; these data do not determine it."
