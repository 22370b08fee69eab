"""Choosing and judging recommendations on orders later than everything they were made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_core.analytics.itemsets import Ints
from crm_core.analytics.next_product_model import TRIED, Histories, Known, Weights, ranked
from crm_core.analytics.proportions import Z_95, wilson
from crm_core.errors import AnalysisRefused

Bools: TypeAlias = NDArray[np.bool_]
Verdict = Literal["better", "unclear", "worse"]

FEWEST_JUDGED = 100
"""So many customers must have ordered after a cut-off for a hit rate to mean anything."""
CERTAINTY = 0.025
"""The chance, at most, of a claim where the mixture is no better than a baseline."""


def later_orders(histories: Histories, day: int, horizon: int) -> tuple[Ints, Bools]:
    """Customers with an order up to that day and another within the horizon after it, and what the first of those held.

    Returns:
        The customers, ascending, and whether each item was in that order; shape (customers, items).

    Raises:
        AnalysisRefused: fewer than 100 such customers.
    """
    known_before = np.zeros(histories.n_customers, dtype=np.bool_)
    known_before[histories.owner[histories.day <= day]] = True
    later = np.flatnonzero((histories.day > day) & (histories.day <= day + horizon))
    owner, first = np.unique(histories.owner[later], return_index=True)
    is_known = known_before[owner]
    owner, target = owner[is_known], later[first[is_known]]
    if len(owner) < FEWEST_JUDGED:
        raise AnalysisRefused(
            "Recommendations need at least {fewest} customers who ordered again within {days} days of a cut-off to be "
            "judged on; there are {n}.",
            fewest=FEWEST_JUDGED,
            days=horizon,
            n=len(owner),
        )
    row = np.full(len(histories.day), -1)
    row[target] = np.arange(len(target))
    inside = row[histories.order] >= 0
    held = np.zeros((len(target), histories.n_items), dtype=np.bool_)
    held[row[histories.order[inside]], histories.item[inside]] = True
    return owner, held


def hits(facts: Known, customers: Ints, held: Bools, weights: Weights, k: int) -> Bools:
    """Whether each customer's later order holds one of the k items named to them."""
    named = ranked(facts, customers, weights, k)
    is_hit = np.take_along_axis(held, np.maximum(named, 0), axis=1) & (named >= 0)
    found: Bools = np.any(is_hit, axis=1)
    return found


def chosen(histories: Histories, facts: Known, day: int, horizon: int, k: int) -> Weights:
    """Of the mixtures tried, the one that hits most often after that day, the facts' own; of equals, the first.

    Raises:
        AnalysisRefused: too few customers ordered then.
    """
    customers, held = later_orders(histories, day, horizon)
    return max(TRIED, key=lambda weights: int(hits(facts, customers, held, weights, k).sum()))


def rates(found: Mapping[str, Bools]) -> pd.DataFrame:
    """One row a method: method, hits, rate, low, high (Wilson's 95 % interval)."""
    rows = []
    for method, hit in found.items():
        low, high = wilson(int(hit.sum()), len(hit))
        rows.append((method, int(hit.sum()), float(hit.mean()), float(low), float(high)))
    return pd.DataFrame(rows, columns=["method", "hits", "rate", "low", "high"])


def comparisons(model: Bools, baselines: Mapping[str, Bools]) -> pd.DataFrame:
    """One row a baseline: baseline, difference, low, high, p, only_model, only_baseline.

    difference: of the hit rates, with the 95 % interval for paired shares (Agresti & Min 2005, Statistics in Medicine
    24: half a customer added to each of the four cells). p: McNemar's exact test (1947), one-sided: the chance of so
    many customers hit by the model alone, if either method were as likely to be the one.
    """
    from scipy.stats import binom

    rows = []
    for name, baseline in baselines.items():
        only_model, only_baseline = int((model & ~baseline).sum()), int((~model & baseline).sum())
        n, better, worse = len(model) + 2, only_model + 0.5, only_baseline + 0.5
        middle = (better - worse) / n
        half = Z_95 * np.sqrt(better + worse - (better - worse) ** 2 / n) / n
        p = float(binom.sf(only_model - 1, only_model + only_baseline, 0.5)) if only_model else 1.0
        difference = (only_model - only_baseline) / len(model)
        rows.append((name, difference, float(middle - half), float(middle + half), p, only_model, only_baseline))
    columns = ["baseline", "difference", "low", "high", "p", "only_model", "only_baseline"]
    return pd.DataFrame(rows, columns=columns)


def verdict_of(against: pd.DataFrame) -> tuple[Verdict, str]:
    """What the rows of `comparisons` say of the model, and the baseline that decides it: the best of those it is about.

    worse: a baseline beats the model, the whole interval of the difference lies below 0. better: the model beats every
    baseline with 97.5 % certainty. unclear: neither.
    """
    is_beaten = (against["p"] <= CERTAINTY) & (against["low"] > 0)
    is_ahead = against["high"] < 0
    verdict: Verdict = "worse" if is_ahead.any() else "better" if is_beaten.all() else "unclear"
    deciding = {"worse": against[is_ahead], "better": against, "unclear": against[~is_beaten]}[verdict]
    return verdict, str(deciding.sort_values("difference", kind="stable")["baseline"].iloc[0])
