"""Customers who buy as BG/NBD and Gamma-Gamma have it, with known parameters."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_core.analytics.bgnbd import BgNbd
from crm_core.analytics.gamma_gamma import GammaGamma
from crm_core.analytics.maximum_likelihood import Floats

CDNOW = BgNbd(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259)
"""Fader, Hardie & Lee (2005), table 2; time in weeks."""
CDNOW_SPEND = GammaGamma(p=6.25, q=3.74, v=15.44)
"""Fader & Hardie (2013)."""


def histories(model: BgNbd, ages: Floats, *, seed: int) -> tuple[Floats, Floats, Floats]:
    """x, t_x and age of one simulated customer an age."""
    random = np.random.default_rng(seed)
    n = len(ages)
    rate, stop = random.gamma(model.r, 1 / model.alpha, n), random.beta(model.a, model.b, n)
    x, t_x, clock = np.zeros(n), np.zeros(n), np.zeros(n)
    active = np.arange(n)
    while len(active):
        clock[active] += random.exponential(1, len(active)) / np.maximum(rate[active], 1e-300)
        active = active[clock[active] < ages[active]]
        x[active] += 1
        t_x[active] = clock[active]
        active = active[random.random(len(active)) >= stop[active]]
    return x, t_x, ages


def spends(model: GammaGamma, x: Floats, *, seed: int) -> Floats:
    """The mean spend of one simulated buyer an entry of x, all above 0."""
    random = np.random.default_rng(seed)
    rate = random.gamma(model.q, 1 / model.v, len(x))
    return random.gamma(model.p * x) / rate / x


def log_of_transactions(
    model: BgNbd,
    spend: GammaGamma,
    *,
    n: int,
    days: int,
    seed: int,
) -> pd.DataFrame:
    """A transaction log of n customers (customer, date, amount) from 2023 on, who came in the first half of so many
    days; the model's time is in weeks."""
    random = np.random.default_rng([seed, 1])
    first = random.integers(0, days // 2, n)
    rate, stop = random.gamma(model.r, 1 / model.alpha, n), random.beta(model.a, model.b, n)
    nu = random.gamma(spend.q, 1 / spend.v, n)
    rows: list[tuple[int, int, float]] = []
    for customer in range(n):
        at = float(first[customer])
        while at < days:
            rows.append((customer + 1, int(at), float(random.gamma(spend.p) / nu[customer])))
            if len(rows) > 1 and at > first[customer] and random.random() < stop[customer]:
                break
            at += 7 * random.exponential() / max(float(rate[customer]), 1e-9)
    frame = pd.DataFrame(rows, columns=["customer", "day", "amount"])
    frame["date"] = pd.Timestamp("2023-01-01") + pd.to_timedelta(frame["day"], unit="D")
    return frame[["customer", "date", "amount"]]
