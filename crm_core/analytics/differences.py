"""How far two groups lie apart, in units that can be compared with each other, with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, sqrt

import numpy as np
from numpy.typing import NDArray

from crm_core.analytics.proportions import Z_95, wilson

Floats = NDArray[np.float64]

POWER_FACTOR = 2.8015852114
"""The 97.5th and the 80th percentile of the standard normal distribution, added: H. S. Bloom (1995), "Minimum
detectable effects", Evaluation Review 19, 547–556."""


@dataclass(frozen=True)
class Interval:
    """An estimate and the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether zero lies outside the interval."""
        return self.low > 0 or self.high < 0


def mean_gap(inside: Floats, outside: Floats) -> Interval | None:
    """Cohen's d: the difference of means in pooled standard deviations; None where there is no spread to measure by.

    The interval is the large-sample one of L. V. Hedges and I. Olkin (1985), Statistical Methods for Meta-Analysis,
    chapter 5: variance (n₁ + n₂) / (n₁ n₂) + d² / (2 (n₁ + n₂)).
    """
    n, m = len(inside), len(outside)
    if n < 2 or m < 2:
        return None
    pooled = sqrt(((n - 1) * inside.var(ddof=1) + (m - 1) * outside.var(ddof=1)) / (n + m - 2))
    if pooled < 1e-12:
        return None
    d = float(inside.mean() - outside.mean()) / pooled
    half = Z_95 * sqrt((n + m) / (n * m) + d * d / (2 * (n + m)))
    return Interval(d, d - half, d + half)


def share_gap(inside: int, n: int, outside: int, m: int) -> Interval | None:
    """Cohen's h: the difference of shares on the arcsine scale, where it has variance 1/n + 1/m whatever the shares;
    None without anybody on one side. J. Cohen (1988), Statistical Power Analysis, chapter 6."""
    if not n or not m:
        return None
    h = 2 * asin(sqrt(inside / n)) - 2 * asin(sqrt(outside / m))
    half = Z_95 * sqrt(1 / n + 1 / m)
    return Interval(h, h - half, h + half)


def share_difference(inside: int, n: int, outside: int, m: int) -> Interval:
    """The difference of two independent shares with R. G. Newcombe's hybrid score interval, which keeps its level for
    rare events and small groups; both groups hold somebody. Newcombe (1998), "Interval estimation for the
    difference between independent proportions", Statistics in Medicine 17, 873–890, method 10."""
    p, q = inside / n, outside / m
    (low_p, low_q), (high_p, high_q) = (end.tolist() for end in wilson([inside, outside], [n, m]))
    below = sqrt((p - low_p) ** 2 + (high_q - q) ** 2)
    above = sqrt((high_p - p) ** 2 + (q - low_q) ** 2)
    return Interval(p - q, p - q - below, p - q + above)


def mean_difference(inside: Floats, outside: Floats) -> Interval | None:
    """The difference of two means with B. L. Welch's interval for unequal variances (1947, Biometrika 34, 28–35); None
    with fewer than two on one side, or no spread in either."""
    from scipy.stats import t

    n, m = len(inside), len(outside)
    if n < 2 or m < 2:
        return None
    a, b = float(inside.var(ddof=1)) / n, float(outside.var(ddof=1)) / m
    if a + b <= 0:
        return None
    freedom = (a + b) ** 2 / (a * a / (n - 1) + b * b / (m - 1))
    gap, half = float(inside.mean() - outside.mean()), float(t.ppf(0.975, freedom)) * sqrt(a + b)
    return Interval(gap, gap - half, gap + half)


def detectable(spread: float, n: int, m: int) -> float | None:
    """The smallest true difference of means that a comparison of n with m would show in about 4 of 5 cases, at 95 %.

    `spread` is the standard deviation in both groups (of a share p: √(p (1 − p))). None without anybody on one side.
    """
    return POWER_FACTOR * spread * sqrt(1 / n + 1 / m) if n and m else None
