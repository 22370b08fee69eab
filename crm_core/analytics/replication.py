"""Does a rule hold on later baskets? Lift with its interval, an exact test, and a bound on false discoveries.

Rules found by searching look better than they are on the baskets they were found in. So each is looked up again in
later ones (Webb 2007, Machine Learning 68, 1–33: holdout evaluation of productive rules):

- lift with a 95 % interval: Garwood's exact Poisson interval of the count, over the count expected of independent
  items. The relative variance of an estimated lift is at most that of its count: the interval is never too narrow;
- p: Fisher's exact test of whether the consequents are more frequent with the antecedents;
- gain_p: the largest of Fisher's exact tests, one for each antecedent, of whether it makes the consequents more
  frequent among the baskets that hold the other antecedents. With one antecedent it is p;
- q and gain_q: Benjamini & Hochberg's (1995) adjustment of p and of gain_p over all rules listed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_core.analytics.itemsets import Ints, Itemsets
from crm_core.analytics.rules import Floats, Split

ALPHA = 0.05


@dataclass(frozen=True, eq=False)
class Interval:
    """A ratio of observed to expected counts and its 95 % interval; NaN where nothing is expected."""

    expected: Floats
    value: Floats
    low: Floats
    high: Floats


def lift_interval(count: Ints, expected: Floats) -> Interval:
    """Lift as count ÷ expected, with Garwood's (1936, Biometrika 28) exact interval of the count."""
    from scipy.special import gammaincinv

    known = expected > 0
    base = np.where(known, expected, np.nan)
    low = np.where(count > 0, gammaincinv(np.maximum(count, 1), ALPHA / 2), 0.0)
    high = gammaincinv(count + 1.0, 1 - ALPHA / 2)
    return Interval(expected, count / base, low / base, high / base)


def late(counts: Ints) -> Ints:
    """Counts of later baskets, of counts of all and of early ones; shape (rules, 2) to (rules,)."""
    return counts[:, 0] - counts[:, 1]


def later_lift(split: Split, n_late: int) -> Interval:
    """The lift of these rules in the later baskets."""
    expected = late(split.antecedent) * (late(split.consequent) / max(n_late, 1))
    return lift_interval(late(split.whole), expected)


def p_values(split: Split, n_late: int) -> Floats:
    """Fisher's exact test of each rule on later baskets."""
    whole = late(split.whole)
    return more_frequent(whole, late(split.antecedent), late(split.consequent), np.full(len(whole), n_late))


def gain_p_values(split: Split, found: Itemsets) -> Floats:
    """The largest p of the tests of what each antecedent adds to the others, on later baskets."""
    if len(split.antecedents) == 1:
        return p_values(split, found.n - found.n_early)
    whole, antecedent = late(split.whole), late(split.antecedent)
    largest = np.zeros(len(whole))
    for place in split.antecedents:
        others = [at for at in split.antecedents if at != place]
        with_consequents = sorted([*others, *split.consequents])
        n_others = _late_count(found, split.ranks[:, others])
        n_consequents = _late_count(found, split.ranks[:, with_consequents])
        largest = np.maximum(largest, more_frequent(whole, antecedent, n_consequents, n_others))
    return largest


def more_frequent(both: Ints, one: Ints, other: Ints, n: Ints) -> Floats:
    """Fisher's exact test, one-sided: the chance of at least `both` of n baskets where `one` and `other` hold by
    themselves and meet by chance."""
    from scipy.stats import hypergeom

    p: Floats = np.ones(len(both))
    some = (one > 0) & (other > 0)
    p[some] = hypergeom.sf(both[some] - 1, n[some], one[some], other[some])
    return np.clip(p, 0.0, 1.0)


def less_frequent(both: Ints, one: Ints, other: Ints, n: Ints) -> Floats:
    """The same for at most `both` baskets."""
    from scipy.stats import hypergeom

    p: Floats = np.ones(len(both))
    some = (one > 0) & (other > 0)
    p[some] = hypergeom.cdf(both[some], n[some], one[some], other[some])
    return np.clip(p, 0.0, 1.0)


def q_values(p: Floats) -> Floats:
    """p adjusted for how many were looked at (Benjamini & Hochberg 1995)."""
    from scipy.stats import false_discovery_control

    q: Floats = false_discovery_control(p) if len(p) else p
    return q


def _late_count(found: Itemsets, ranks: Ints) -> Ints:
    level = found.levels[ranks.shape[1] - 1]
    place = found.find(ranks)
    counts: Ints = level.count[place] - level.early_count[place]
    return counts
