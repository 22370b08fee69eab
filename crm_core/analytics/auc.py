"""How well a score tells two groups apart: the area under the ROC curve, with its interval."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray

from crm_core.analytics.differences import Interval
from crm_core.analytics.proportions import Z_95

Floats = NDArray[np.float64]


def auc(positive: NDArray[np.bool_], score: Floats) -> Interval | None:
    """The chance that of two rows, one positive and one not, the score ranks the positive higher; ties count half.

    Args:
        positive: shape (rows,).
        score: shape (rows,), higher where positive is held more likely.

    Returns:
        The estimate (Mann-Whitney) and its 95 % interval: DeLong's variance (E. R. DeLong, D. M. DeLong and D. L.
        Clarke-Pearson, 1988, Biometrics 44, 837-845), from ranks (X. Sun and W. Xu, 2014, IEEE Signal Processing
        Letters 21, 1389-1393), on the scale of log-odds so that it stays within 0 and 1. None where there are fewer
        than two rows of either kind.
    """
    from scipy.stats import rankdata

    n, m = int(positive.sum()), int((~positive).sum())
    if n < 2 or m < 2:
        return None
    rank = rankdata(score)
    above = (rank[positive] - rankdata(score[positive])) / m
    below = 1 - (rank[~positive] - rankdata(score[~positive])) / n
    value = float(above.mean())
    spread = sqrt(float(above.var(ddof=1)) / n + float(below.var(ddof=1)) / m)
    if value in {0.0, 1.0} or spread == 0:
        return Interval(value, value, value)
    center, half = log(value / (1 - value)), Z_95 * spread / (value * (1 - value))
    return Interval(value, 1 / (1 + exp(half - center)), 1 / (1 + exp(-half - center)))
