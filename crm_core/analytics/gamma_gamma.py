"""Gamma-Gamma: how much customers spend a purchase, from how much they spent on average.

The value of a purchase is gamma distributed (shape p, rate ν), and ν over customers too (shape q, rate v): so a
customer's expected spend lies between their own average and everyone's, nearer their own the more they bought. It takes
for granted that how much one spends has nothing to do with how often one buys: `association` says whether that holds.

Source: Fader & Hardie (2013), The Gamma-Gamma model of monetary value; Fader, Hardie & Lee (2005), RFM and CLV: using
iso-value curves for customer base analysis, Journal of Marketing Research 42(4), 415–430. v is written γ there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_core.analytics.maximum_likelihood import Z95, Estimate, Floats, maximised
from crm_core.errors import AnalysisRefused

FEWEST_BUYERS = 10
NAMES = ("p", "q", "v")
CLEARLY_DEPENDENT = 0.3
"""A rank correlation of frequency and spend beyond it contradicts the model (a medium effect in Cohen's words)."""


@dataclass(frozen=True)
class GammaGamma:
    """The model's parameters; `v` is in the unit of money of the data, the others have none."""

    p: float
    q: float
    v: float


@dataclass(frozen=True)
class GammaGammaFit:
    """A fitted model; `estimate` holds p, q and v in this order, with their covariance."""

    model: GammaGamma
    estimate: Estimate
    n_buyers: int


@dataclass(frozen=True)
class Association:
    """How frequency and average spend go together over repeat buyers: Spearman's rank correlation with its 95 %
    interval (Fisher's transformation); None where one of them is the same for all."""

    correlation: float | None
    low: float | None
    high: float | None
    n: int

    @property
    def is_clear(self) -> bool:
        """Whether it contradicts the model."""
        return self.correlation is not None and abs(self.correlation) >= CLEARLY_DEPENDENT


def fit(x: Floats, mean_spend: Floats) -> GammaGammaFit:
    """The model of greatest likelihood of buyers with x > 0 purchases of mean_spend > 0; arrays of shape (buyers,).

    Raises:
        AnalysisRefused: fewer than 10 buyers, all spend the same, no top of the likelihood, or such heavy tails that
            a one-time buyer has no expected spend (q ≤ 1).
    """
    order = np.lexsort((mean_spend, x))
    x, z = x[order].astype(np.float64), mean_spend[order].astype(np.float64)
    if len(x) < FEWEST_BUYERS:
        raise AnalysisRefused(
            "A forecast of spend needs at least {fewest} customers who bought again and paid; there are {n}.",
            fewest=FEWEST_BUYERS,
            n=len(x),
        )
    if np.ptp(z) <= 1e-9 * z.max():
        raise AnalysisRefused("All repeat buyers spend the same; there is no spread to forecast spend from.")
    typical = float(np.median(z))

    def score(parameters: Floats) -> tuple[float, Floats]:
        heights, slopes = _log_likelihoods(GammaGamma(*parameters.tolist()), x, z)
        return float(heights.sum()), slopes.sum(axis=1)

    estimate = maximised(score, [(4.0, 4.0, typical), (1.0, 2.0, typical)], len(x), model="Gamma-Gamma")
    model = GammaGamma(*estimate.values)
    if model.q <= 1:
        raise AnalysisRefused(
            "Spend varies so widely between customers that Gamma-Gamma gives it no mean (q = {q}).", q=round(model.q, 3)
        )
    return GammaGammaFit(model, estimate, len(x))


def log_likelihood(model: GammaGamma, x: Floats, mean_spend: Floats) -> float:
    """The log-likelihood of these buyers (Fader & Hardie 2013, equation 1a)."""
    return float(_log_likelihoods(model, x, mean_spend)[0].sum())


def expected_spend(model: GammaGamma, x: Floats, mean_spend: Floats) -> Floats:
    """Each customer's expected spend a purchase (equation 5), shape (customers,); everyone's mean where x is 0."""
    shape, scale = posterior(model, x, mean_spend)
    return model.p * scale / (shape - 1)


def posterior(model: GammaGamma, x: Floats, mean_spend: Floats) -> tuple[Floats, Floats]:
    """Shape and rate of the gamma distribution of each customer's ν, given what they spent."""
    return model.q + model.p * x, model.v + np.where(x > 0, x * mean_spend, 0.0)


def association(x: Floats, mean_spend: Floats) -> Association:
    """How frequency and average spend go together over these repeat buyers."""
    from scipy.stats import spearmanr

    n = len(x)
    if n < 4 or np.ptp(x) == 0 or np.ptp(mean_spend) == 0:
        return Association(None, None, None, n)
    found = min(max(float(spearmanr(x, mean_spend).statistic), -1 + 1e-12), 1 - 1e-12)
    width = Z95 / (n - 3) ** 0.5
    return Association(found, float(np.tanh(np.arctanh(found) - width)), float(np.tanh(np.arctanh(found) + width)), n)


def _log_likelihoods(model: GammaGamma, x: Floats, z: Floats) -> tuple[Floats, Floats]:
    """Each buyer's log-likelihood, shape (n,), and its gradient in p, q and v, shape (3, n)."""
    from scipy.special import gammaln, psi

    p, q, v = model.p, model.q, model.v
    sums = x * z
    n, which = np.unique(x, return_inverse=True)  # few counts: what depends on them alone is computed once for each
    log_sums, log_all = np.log(sums), np.log(v + sums)
    heights = (
        (gammaln(p * n + q) - gammaln(p * n) - gammaln(q) + q * np.log(v))[which]
        + p * x * log_sums - np.log(z) - (p * x + q) * log_all
    )  # fmt: skip
    of_all = psi(p * n + q)
    slopes = np.stack(
        [
            x * ((of_all - psi(p * n))[which] + log_sums - log_all),
            (of_all - psi(q) + np.log(v))[which] - log_all,
            q / v - (p * x + q) / (v + sums),
        ]
    )
    return heights, slopes
