"""BG/NBD: how often customers will buy again, from how often and how recently they did.

While active, a customer buys at random at a rate λ of their own; after each repeat purchase they stop for good with a
probability p of their own. Over customers, λ is gamma distributed (shape r, rate α) and p beta distributed (a, b). What
the model needs of a customer is x, the purchases after the first; t_x, when the last of them was; and the age: both
times counted from the first purchase, in one unit throughout. t_x is 0 where x is 0.

Given that a customer is active at their age, λ is gamma (r + x, α + age) and p beta (a, b + x), independently: the time
ahead is that of a new customer with these parameters. All that is said about the future below follows from it.

Sources: Fader, Hardie & Lee (2005), "Counting your customers" the easy way: an alternative to the Pareto/NBD model,
Marketing Science 24(2), 275–284; Fader & Hardie (2013), Overcoming the BG/NBD model's #NUM! error problem (the form of
the likelihood). Expectations are written with 2F1 after Pfaff's transformation, which has no large powers to cancel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crm_core.analytics.maximum_likelihood import Estimate, Floats, maximised
from crm_core.errors import AnalysisRefused

# SciPy is imported where it computes: the server, which only knows that there is a model, does without it.

FEWEST_CUSTOMERS = 30
FEWEST_REPEAT_BUYERS = 10
NAMES = ("r", "alpha", "a", "b")
_NODES = 16
_TIGHT = 1e4
"""Above this a + b, where SciPy's 2F1 loses its digits or gives none, all customers stop with nearly the same p."""


@dataclass(frozen=True)
class BgNbd:
    """The model's parameters; `alpha` is in the unit of time of the data, the others have none."""

    r: float
    alpha: float
    a: float
    b: float


@dataclass(frozen=True)
class BgNbdFit:
    """A fitted model; `estimate` holds r, α, a and b in this order, with their covariance."""

    model: BgNbd
    estimate: Estimate
    n_customers: int
    n_repeat_buyers: int


def fit(x: Floats, t_x: Floats, age: Floats) -> BgNbdFit:
    """The model of greatest likelihood; arrays of shape (customers,).

    Customers with the same history are counted, not repeated, and sorted: their order never matters.

    Raises:
        AnalysisRefused: fewer than 30 customers or 10 who bought again, or no top of the likelihood.
    """
    n, n_repeat = len(x), int((x > 0).sum())
    if n < FEWEST_CUSTOMERS:
        raise AnalysisRefused(
            "A forecast of purchases needs at least {fewest} customers; there are {n}.", fewest=FEWEST_CUSTOMERS, n=n
        )
    if n_repeat < FEWEST_REPEAT_BUYERS:
        raise AnalysisRefused(
            "A forecast of purchases needs at least {fewest} customers who bought again on a later day; there are {n}.",
            fewest=FEWEST_REPEAT_BUYERS,
            n=n_repeat,
        )
    (x, t_x, age), which = grouped(x, t_x, age)
    count = np.bincount(which).astype(np.float64)

    def score(parameters: Floats) -> tuple[float, Floats]:
        heights, slopes = _log_likelihoods(BgNbd(*parameters.tolist()), x, t_x, age)
        return float((heights * count).sum()), (slopes * count).sum(axis=1)

    middle = float((age * count).sum() / n) or 1.0
    starts = [(0.5, middle / 4, 1.0, 2.0), (1.0, middle, 0.1, 1.0)]
    estimate = maximised(score, starts, n, model="BG/NBD")
    return BgNbdFit(BgNbd(*estimate.values), estimate, n, n_repeat)


def grouped(x: Floats, t_x: Floats, age: Floats) -> tuple[tuple[Floats, Floats, Floats], NDArray[np.intp]]:
    """The different histories in ascending order, and which of them is each customer's."""
    order = np.lexsort((age, t_x, x))
    rows = np.stack([x[order], t_x[order], age[order]]).astype(np.float64)
    is_first = np.ones(len(order), dtype=bool)
    is_first[1:] = (rows[:, 1:] != rows[:, :-1]).any(axis=0)
    which = np.empty(len(order), dtype=np.intp)
    which[order] = np.cumsum(is_first) - 1
    x, t_x, age = rows[:, is_first]
    return (x, t_x, age), which


def log_likelihood(model: BgNbd, x: Floats, t_x: Floats, age: Floats) -> float:
    """The log-likelihood of these customers (Fader, Hardie & Lee 2005, equation 6)."""
    return float(_log_likelihoods(model, x, t_x, age)[0].sum())


def p_alive(model: BgNbd, x: Floats, t_x: Floats, age: Floats) -> Floats:
    """The probability that each customer has not stopped, shape (customers,).

    It is 1 for one-time buyers by construction, since one can stop only after a repeat purchase: not a measure of who
    is likely to return. Rank by expected purchases instead.
    """
    from scipy.special import expit

    after, before = _log_ends(model, x, t_x, age)
    return np.asarray(expit(after - before), dtype=np.float64)


def expected_purchases(model: BgNbd, t: Floats | float) -> Floats:
    """E[X(t)]: repeat purchases a new customer makes in the time t after the first (equation 9)."""
    return _purchases_if_alive(model.r, model.alpha, model.a, model.b, np.asarray(t, dtype=np.float64))


def conditional_purchases(model: BgNbd, x: Floats, t_x: Floats, age: Floats, t: float, *, rate: float = 0.0) -> Floats:
    """Expected purchases of each customer in the time t to come (equation 10), shape (customers,).

    `rate` discounts each purchase continuously by when it is made, per unit of time; 0 counts them plainly.
    """
    alive = p_alive(model, x, t_x, age)
    (x, _none, age), which = grouped(x, np.zeros_like(x), age)  # t_x says who is active, not what those will do
    now = _posterior(model, x, age)
    ahead = _purchases_if_alive(*now, t) if rate == 0 else _integral(*now, t, rate=rate)
    return alive * ahead[which]


def purchase_moments(model: BgNbd, x: Floats, t_x: Floats, age: Floats, t: float) -> tuple[Floats, Floats]:
    """Mean and variance of each customer's purchases in the time t to come.

    The second factorial moment is 2 ∫ v E[λ²(1 − p) exp(−λpv)] dv from 0 to t: pairs of purchases by the time of the
    later one, the earlier anywhere before it.
    """
    alive = p_alive(model, x, t_x, age)
    (x, _none, age), which = grouped(x, np.zeros_like(x), age)
    now = _posterior(model, x, age)
    mean: Floats = alive * _purchases_if_alive(*now, t)[which]
    pairs = alive * _integral(*now, t, is_of_pairs=True)[which]
    return mean, np.maximum(pairs + mean - mean**2, 0.0)


def purchase_probabilities(model: BgNbd, x: Floats, t_x: Floats, age: Floats, t: float, most: int) -> Floats:
    """The chances of 0, 1, …, `most` purchases in the time t to come (equation 8), shape (customers, most + 1)."""
    shape, scale, a, b = _posterior(model, x, age)
    ratio = t / (scale + t)
    negative_binomial = np.exp(-shape * np.log1p(t / scale))
    beta, so_far = np.ones_like(shape), np.zeros_like(shape)
    found = np.empty((len(shape), most + 1))
    stopped = np.zeros_like(shape)
    for k in range(most + 1):
        found[:, k] = beta * negative_binomial + stopped * np.maximum(1 - so_far, 0.0)
        so_far += negative_binomial
        negative_binomial = negative_binomial * ratio * (shape + k) / (k + 1)
        stopped = beta * a / (a + b + k)
        beta = beta * (b + k) / (a + b + k)
    alive = p_alive(model, x, t_x, age)[:, None]
    found *= alive
    found[:, :1] += 1 - alive
    return found


def _log_likelihoods(model: BgNbd, x: Floats, t_x: Floats, age: Floats) -> tuple[Floats, Floats]:
    """Each history's log-likelihood, shape (n,), and its gradient in r, α, a and b, shape (4, n)."""
    from scipy.special import gammaln, psi

    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    after, before = _log_ends(model, x, t_x, age)
    n, which = np.unique(x, return_inverse=True)  # few counts: what depends on them alone is computed once for each
    of_counts = (
        gammaln(r + n) - gammaln(r) + r * np.log(alpha)
        + gammaln(a + b) - gammaln(a + b + n) + gammaln(b + n) - gammaln(b)
    )  # fmt: skip
    heights = of_counts[which] + np.logaddexp(after, before)
    with np.errstate(over="ignore"):
        stopped = 1 / (1 + np.exp(after - before))
    alive = 1 - stopped
    of_both = (psi(a + b) - psi(a + b + n))[which]
    slopes = np.stack(
        [
            (psi(r + n) - psi(r))[which] + np.log(alpha) - alive * np.log(alpha + age) - stopped * np.log(alpha + t_x),
            r / alpha - (r + x) * (alive / (alpha + age) + stopped / (alpha + t_x)),
            of_both + stopped / a,
            of_both + (psi(b + n) - psi(b))[which] - np.where(x > 0, stopped / (b + np.maximum(x, 1) - 1), 0.0),
        ]
    )
    return heights, slopes


def _log_ends(model: BgNbd, x: Floats, t_x: Floats, age: Floats) -> tuple[Floats, Floats]:
    """The logarithms of the likelihood's two parts that differ: active all the time, or stopped after the last purchase
    (−∞ for one-time buyers)."""
    after = -(model.r + x) * np.log(model.alpha + age)
    before = np.log(model.a) - np.log(model.b + np.maximum(x, 1) - 1) - (model.r + x) * np.log(model.alpha + t_x)
    return after, np.where(x > 0, before, -np.inf)


def _posterior(model: BgNbd, x: Floats, age: Floats) -> tuple[Floats, Floats, float, Floats]:
    """The parameters of the time ahead of customers who are active at their age."""
    return model.r + x, model.alpha + age, model.a, model.b + x


def _purchases_if_alive(
    r: Floats | float, alpha: Floats | float, a: float, b: Floats | float, t: Floats | float
) -> Floats:
    """(a + b − 1)/(a − 1) · [1 − 2F1(r, a − 1; a + b − 1; −t/α)]."""
    from scipy.special import hyp2f1

    if np.min(np.asarray(a + b)) > _TIGHT:
        r, t = np.asarray(r, dtype=np.float64), np.asarray(t / alpha, dtype=np.float64)
        return _mean(lambda p: -np.expm1(-r * np.log1p(p * t)) / p, a, np.asarray(b))
    if abs(a - 1) < 1e-6 or np.min(np.asarray(a + b)) - 1 < 1e-6:  # the quotient is 0/0, or 2F1 has a pole
        return _integral(np.asarray(r), np.asarray(alpha), a, np.asarray(b), t)
    c = a + b - 1
    return np.asarray(c / (a - 1) * (1 - hyp2f1(r, a - 1, c, -t / alpha)), dtype=np.float64)


def _integral(
    r: Floats, alpha: Floats, a: float, b: Floats, t: Floats | float, *, rate: float = 0.0, is_of_pairs: bool = False
) -> Floats:
    """∫ exp(−rate·v) E[λ exp(−λpv)] dv from 0 to t, the expected purchases, by Gauss–Legendre's rule; or of pairs,
    ∫ 2v E[λ²(1 − p) exp(−λpv)] dv, the expected purchases times one less.

    E[λ exp(−λpv)] = r/α · 2F1(r + 1, a; a + b; −v/α), and
    E[λ²(1 − p) exp(−λpv)] = r(r + 1)/α² · b/(a + b) · 2F1(r + 2, a; a + b + 1; −v/α).
    """
    # In w = ln(1 + v/α) instead of v, because the rate falls like a power of 1 + v/α.
    end = np.log1p(t / alpha)
    total = np.zeros(np.broadcast(r, alpha, b, t).shape)
    for node, weight in zip(*np.polynomial.legendre.leggauss(_NODES), strict=True):
        w = end * (node + 1) / 2
        v = np.expm1(w)  # in units of α
        step = weight / 2 * end * np.exp(w)
        if is_of_pairs:
            total += step * 2 * v * r * (r + 1) * b / (a + b) * _power(r + 2, a, b + 1, v)
        else:
            total += step * np.exp(-rate * v * alpha) * r * _power(r + 1, a, b, v)
    return total


def _power(r: Floats, a: float, b: Floats, v: Floats) -> Floats:
    """2F1(r, a; a + b; −v), which is the mean of (1 + pv)^−r over the beta (a, b) distributed p."""
    from scipy.special import hyp2f1

    if np.min(b) + a > _TIGHT:
        return _mean(lambda p: np.exp(-r * np.log1p(p * v)), a, b)
    return np.asarray(hyp2f1(r, a, a + b, -v), dtype=np.float64)


def _mean(of: Callable[[Floats], Floats], a: float, b: Floats) -> Floats:
    """The mean of a smooth function of a p that hardly varies, by Gauss and Hermite's rule on three points."""
    mean = a / (a + b)
    step = np.sqrt(3 * mean * (1 - mean) / (a + b + 1))
    below, above = np.maximum(mean - step, 1e-12), np.minimum(mean + step, 1.0)
    return np.asarray((of(below) + 4 * of(mean) + of(above)) / 6, dtype=np.float64)
