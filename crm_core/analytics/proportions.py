"""How far a share may lie from the one observed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Z_95 = 1.959963984540054
"""The 97.5th percentile of the standard normal distribution."""


def wilson(successes: ArrayLike, trials: ArrayLike, *, z: float = Z_95) -> tuple[NDArray[Any], NDArray[Any]]:
    """The lower and upper end of each share's interval, 95 % by default; NaN without trials.

    Args:
        successes, trials: whole numbers of one shape, 0 ≤ successes ≤ trials.

    Stays within 0 and 1 and holds its level for small numbers, which the plain normal interval does not.
    E. B. Wilson (1927), "Probable inference, the law of succession, and statistical inference", JASA 22, 209–212; L. D.
    Brown, T. T. Cai, A. DasGupta (2001), "Interval estimation for a binomial proportion", Statist. Sci. 16, 101–133.
    """
    x, n = np.asarray(successes, dtype="float64"), np.asarray(trials, dtype="float64")
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = (x + z * z / 2) / (n + z * z)
        half = z / (n + z * z) * np.sqrt(x * (n - x) / n + z * z / 4)
    low = np.where(x == 0, 0.0, middle - half)  # exactly, where rounding would leave a trace
    high = np.where(x == n, 1.0, middle + half)
    return np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan)
