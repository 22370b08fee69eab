"""Between which bounds one customer's purchases and spend will lie, 95 times in 100.

What a customer will buy follows BG/NBD given their history; what k purchases cost, Gamma-Gamma given their spend: the
sum over (v + x·z̄) is beta prime distributed (p·k, q + p·x). So both bounds are quantiles of a known distribution, and
the same, but for the scale of spend, for everyone with the same history.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_core.analytics import bgnbd, gamma_gamma
from crm_core.analytics.maximum_likelihood import Floats
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.purchase_log import Histories, Ints
from crm_core.analytics.value_model import DAYS, ValueModel
from crm_core.translation import N_

LOW, HIGH = 0.025, 0.975
_ROWS = 512
"""Histories whose chances are held at a time."""
_WIDE = 8
"""Counts are followed to so many standard deviations above the mean; the rest counts as the last of them."""


@dataclass(frozen=True, eq=False)
class Bounds:
    """The ends of each customer's 95 % intervals, shape (customers,): of purchases (whole numbers) and of spend in
    money."""

    purchases_low: Ints
    purchases_high: Ints
    value_low: Floats
    value_high: Floats


def bounds(model: ValueModel, known: Histories, days: int, progress: Progress = silent) -> Bounds:
    """The bounds of these customers over so many days."""
    (x, t_x, age), which = bgnbd.grouped(known.x, known.t_x, known.age)
    x, t_x, age, t = x, t_x / DAYS[model.unit], age / DAYS[model.unit], days / DAYS[model.unit]
    mean, variance = bgnbd.purchase_moments(model.purchases.model, x, t_x, age, t)
    most = np.ceil(mean + _WIDE * np.sqrt(variance) + 2).astype(np.int64)
    counts = np.zeros((2, len(x)), dtype=np.int64)
    spends = np.zeros((2, len(x)))
    order = np.argsort(most, kind="stable")
    for start in range(0, len(order), _ROWS):
        progress(start / len(order), N_("Drawing intervals"))
        rows = order[start : start + _ROWS]
        chances = bgnbd.purchase_probabilities(
            model.purchases.model, x[rows], t_x[rows], age[rows], t, int(most[rows[-1]])
        )
        reached = np.cumsum(chances, axis=1)
        for i, share in enumerate((LOW, HIGH)):
            counts[i, rows] = (reached < share).sum(axis=1).clip(max=chances.shape[1] - 1)
            spends[i, rows] = _spend_quantile(model, x[rows], chances, share)
    _shape, scale = gamma_gamma.posterior(model.spend.model, known.x, known.mean_spend)
    return Bounds(counts[0][which], counts[1][which], spends[0][which] * scale, spends[1][which] * scale)


def _spend_quantile(model: ValueModel, x: Floats, chances: Floats, share: float) -> Floats:
    """The quantile of spend in units of (v + x·z̄), shape (rows,), of the chances of 0, 1, … purchases."""
    from scipy.optimize import elementwise
    from scipy.special import betainc

    found = np.zeros(len(x))
    rows = np.flatnonzero(chances[:, 0] < share)
    if not len(rows):
        return found
    p, q = model.spend.model.p, model.spend.model.q
    k = np.arange(1, chances.shape[1])

    def above(y: Floats, row: Floats) -> Floats:
        """How far the chance of spending at most y/(1 − y) is above the share."""
        at = row.astype(np.intp)
        below = betainc(p * k, q + p * x[at, None], y[:, None])
        reached: Floats = chances[at, 0] + (chances[at, 1:] * below).sum(axis=1) - share
        return reached

    # Of the tail beyond the last count nothing is known but that it is below the last digits asked for.
    chances[:, -1] += np.maximum(1 - chances.sum(axis=1), 0)
    zeros, ones = np.zeros(len(rows)), np.full(len(rows), 1 - 1e-12)
    root = elementwise.find_root(
        above, (zeros, ones), args=(rows.astype(np.float64),), tolerances={"xatol": 1e-9, "xrtol": 1e-7}
    )
    found[rows] = root.x / (1 - root.x)
    return found
