"""Association rules out of frequent itemsets: "who buys these also buys those", with what each is worth.

Counts decide, exactly: a rule is kept if count ≥ confidence × antecedent's count. Support, confidence and lift are
ratios of counts; leverage, conviction, Zhang's metric, Jaccard and Kulczynski are mlxtend's. A rule is redundant if a
more general one, of the same consequents and fewer antecedents or none, has at least its confidence (Bayardo, Agrawal &
Gunopulos 1999, ICDE: no improvement).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_core.analytics.itemsets import Ints, Itemsets
from crm_core.errors import AnalysisRefused

Floats: TypeAlias = NDArray[np.float64]
_Positions: TypeAlias = tuple[int, ...]

MOST_CANDIDATES = 20_000_000
METRICS = {"leverage": "leverage", "conviction": "conviction", "zhang": "zhangs_metric", "jaccard": "jaccard",
           "kulczynski": "kulczynski"}  # fmt: skip
"""The columns taken from mlxtend, and what they are called there."""


@dataclass(frozen=True, eq=False)
class Split:
    """Rules from the itemsets of one size with their consequents at the same positions.

    Attributes:
        ranks: all items of each rule; shape (rules, size).
        consequents: the positions of the consequents in `ranks`; the other positions are the antecedents.
        whole, antecedent, consequent: counts of baskets, all and early ones, that hold all items, the antecedents and
            the consequents; each of shape (rules, 2).
        best_general: the highest confidence of a more general rule; shape (rules,).
    """

    ranks: Ints
    consequents: _Positions
    whole: Ints
    antecedent: Ints
    consequent: Ints
    best_general: Floats

    @property
    def antecedents(self) -> _Positions:
        """The positions of the antecedents."""
        return tuple(place for place in range(self.ranks.shape[1]) if place not in self.consequents)


def splits(found: Itemsets, *, min_confidence: float, max_consequents: int) -> Iterator[Split]:
    """All rules of at least this confidence with at most so many consequents.

    Raises:
        AnalysisRefused: the itemsets can be split in too many ways.
    """
    _require_few(found, max_consequents)
    counts = [np.column_stack([level.count, level.early_count]) for level in found.levels]
    general: dict[tuple[int, _Positions], Floats] = {}
    for k, level in enumerate(found.levels, start=1):
        without = [found.find(np.delete(level.ranks, place, axis=1)) for place in range(k)] if k > 1 else []
        for size in range(1, min(max_consequents, k) + 1):
            for consequents in combinations(range(k), size):
                left = [place for place in range(k) if place not in consequents]
                best = _best_general(general, k, consequents, left, without)
                if not left:
                    general[k, consequents] = level.count / found.n
                    continue
                antecedent = counts[len(left) - 1][found.find(level.ranks[:, left])]
                confidence = level.count / antecedent[:, 0]
                general[k, consequents] = np.maximum(best, confidence)
                kept = np.flatnonzero(level.count + 1e-9 >= min_confidence * antecedent[:, 0])
                if len(kept):
                    ranks = level.ranks[kept]
                    consequent = counts[size - 1][found.find(ranks[:, list(consequents)])]
                    yield Split(ranks, consequents, counts[k - 1][kept], antecedent[kept], consequent, best[kept])
        general = {at: values for at, values in general.items() if at[0] == k}


def metrics(count: Ints, antecedent: Ints, consequent: Ints, n: int) -> pd.DataFrame:
    """One row a rule: support, confidence, lift (ratios of these counts of n baskets) and mlxtend's other METRICS."""
    frame = pd.DataFrame(
        {
            "support": count / n,
            "confidence": count / antecedent,
            "lift": count * (n / (antecedent.astype(np.float64) * consequent)),
        }
    )
    kinds, which = np.unique(np.column_stack([count, antecedent, consequent]), axis=0, return_inverse=True)
    others = _from_mlxtend(kinds, n).take(which.ravel()).reset_index(drop=True)
    measured: pd.DataFrame = pd.concat([frame, others], axis=1)
    return measured


def _from_mlxtend(kinds: Ints, n: int) -> pd.DataFrame:
    """mlxtend's metrics of rules with these counts (whole, antecedent, consequent).

    `association_rules` splits itemsets by itself, in all ways and in Python; given each rule's antecedents and
    consequents as one item each (2i and 2i + 1), it computes the metrics of the rules that are wanted.
    """
    if not len(kinds):
        return pd.DataFrame({name: pd.Series(dtype="float64") for name in METRICS})
    from mlxtend.frequent_patterns import association_rules

    whole, antecedent, consequent = (kinds[:, column] / n for column in range(3))
    sets = [frozenset((2 * i,)) for i in range(len(kinds))]
    sets += [frozenset((2 * i + 1,)) for i in range(len(kinds))]
    sets += [frozenset((2 * i, 2 * i + 1)) for i in range(len(kinds))]
    itemsets = pd.DataFrame({"itemsets": sets, "support": np.concatenate([antecedent, consequent, whole])})
    rules = association_rules(itemsets, metric="support", min_threshold=0.0, return_metrics=list(METRICS.values()))
    first = rules["antecedents"].map(min)
    wanted = rules[first % 2 == 0]
    by_kind = wanted.set_index(first[first % 2 == 0] // 2).sort_index()
    named: pd.DataFrame = by_kind[list(METRICS.values())].set_axis(list(METRICS), axis=1).reset_index(drop=True)
    return named


def _best_general(
    general: dict[tuple[int, _Positions], Floats],
    k: int,
    consequents: _Positions,
    left: list[int],
    without: list[Ints],
) -> Floats:
    """The highest confidence that the same consequents have after fewer of these antecedents, or after none."""
    best = np.zeros(0)
    for place in left:
        shifted = tuple(at - (at > place) for at in consequents)
        values = general[k - 1, shifted][without[place]]
        best = np.maximum(best, values) if len(best) else values
    return best


def _require_few(found: Itemsets, max_consequents: int) -> None:
    ways = [
        sum(n * comb(k, size) for k, n in enumerate(found.sizes, start=1) for size in range(1, most + 1))
        for most in range(1, max_consequents + 1)
    ]
    if ways and ways[-1] > MOST_CANDIDATES:
        fitting = sum(number <= MOST_CANDIDATES for number in ways)
        raise AnalysisRefused(
            "Rules with up to {most} consequents would be too many to look at; choose a higher support or at most "
            "{fitting} of them.",
            most=max_consequents,
            fitting=max(1, fitting),
        )
