"""All rules as one table: what each is worth on all baskets, and whether it holds on later ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_core.analytics.itemsets import Itemsets, least_count
from crm_core.analytics.progress import Progress
from crm_core.analytics.replication import gain_p_values, late, later_lift, p_values, q_values
from crm_core.analytics.rules import Split, metrics, splits
from crm_core.translation import N_

MOST_RULES = 20_000
"""So many rules are listed, those that hold first, then those of highest lift."""

MOST_FALSE = 0.01
"""Of the rules that hold, the share that may be false discoveries."""


@dataclass(frozen=True)
class Thresholds:
    """The least share of baskets, the least number of them, the least confidence, and the most consequents."""

    support: float
    count: int
    confidence: float
    consequents: int

    def least(self, n: int, of: int) -> int:
        """The least count among n of all `of` baskets."""
        return max(least_count(self.support, n), least_count(self.count / of, n)) if of else 1


def rule_table(found: Itemsets, limits: Thresholds, progress: Progress) -> tuple[pd.DataFrame, int, int]:
    """The rules, best lift first, how many there are, and how many of them hold.

    One row a rule: antecedents and consequents (tuples of item numbers), count, antecedent_count, consequent_count,
    support, confidence, lift, the other metrics of `rules.metrics`, is_redundant; of the later baskets holdout_count,
    holdout_expected, holdout_lift with holdout_low and holdout_high (95 %), p_value, gain_p_value, q_value and
    gain_q_value (all NaN without later baskets; see `replication`); holds.

    A rule holds if the early baskets alone give it too, no more general rule has its confidence, both its q are at most
    0.01 and the interval of its lift on later baskets lies above 1.
    """
    progress(0.0, N_("Weighing the rules"))
    kinds = list(splits(found, min_confidence=limits.confidence, max_consequents=limits.consequents))
    rules = pd.concat([_counted(kind, split, found, limits) for kind, split in enumerate([_NOTHING, *kinds])])
    progress(0.5, N_("Weighing the rules"))
    if found.n > found.n_early:
        rules["q_value"] = q_values(rules["p_value"].to_numpy())
        rules["gain_q_value"] = q_values(rules["gain_p_value"].to_numpy())
    is_new = rules["is_found_early"] & ~rules["is_redundant"]
    is_confirmed = (rules["q_value"] <= MOST_FALSE) & (rules["gain_q_value"] <= MOST_FALSE) & (rules["holdout_low"] > 1)
    rules["holds"] = is_new & is_confirmed
    kept = rules.sort_values(["holds", *_ORDER], ascending=[False, *_ASCENDING]).head(MOST_RULES)
    kept = kept.sort_values(_ORDER, ascending=_ASCENDING, ignore_index=True)
    table = pd.concat([_items(kept, [_NOTHING, *kinds], found), _measured(kept, found.n)], axis=1)
    return table, len(rules), int(rules["holds"].sum())


_ORDER = ["first_lift", "count", "kind", "row"]
_ASCENDING = [False, False, True, True]
_NOTHING = Split(*(np.zeros((0, 2), dtype=np.int64), (1,)), *(np.zeros((0, 2), dtype=np.int64),) * 3, np.zeros(0))
"""No rules: gives the table its columns where there are none."""


def _counted(kind: int, split: Split, found: Itemsets, limits: Thresholds) -> pd.DataFrame:
    """One row a rule of the split: its counts, whether it is new, and how it does on later baskets."""
    n_late = found.n - found.n_early
    whole, antecedent, consequent = (part[:, 0] for part in (split.whole, split.antecedent, split.consequent))
    early = [part[:, 1] for part in (split.whole, split.antecedent, split.consequent)]
    again = later_lift(split, n_late)
    unknown = np.full(len(whole), np.nan)
    return pd.DataFrame(
        {
            "kind": kind,
            "row": np.arange(len(whole)),
            "first_lift": whole * (found.n / (antecedent * consequent.astype(np.float64))),
            "count": whole,
            "antecedent_count": antecedent,
            "consequent_count": consequent,
            "is_redundant": whole <= split.best_general * antecedent * (1 + 1e-12),
            "is_found_early": (early[0] >= limits.least(found.n_early, found.n))
            & (early[0] + 1e-9 >= limits.confidence * early[1])
            & (early[0] * found.n_early > early[1] * early[2].astype(np.float64)),
            "holdout_count": late(split.whole),
            "holdout_expected": again.expected,
            "holdout_lift": again.value,
            "holdout_low": again.low,
            "holdout_high": again.high,
            "p_value": p_values(split, n_late) if n_late else unknown,
            "gain_p_value": gain_p_values(split, found) if n_late else unknown,
            "q_value": unknown,
            "gain_q_value": unknown,
        }
    )


def _measured(kept: pd.DataFrame, n: int) -> pd.DataFrame:
    """The rows with the metrics of all baskets, without what only sorted them."""
    whole, antecedent, consequent = (
        kept[name].to_numpy() for name in ("count", "antecedent_count", "consequent_count")
    )
    counted = kept.drop(columns=["first_lift", "kind", "row"])
    measured: pd.DataFrame = pd.concat([counted, metrics(whole, antecedent, consequent, n)], axis=1)
    return measured


def _items(kept: pd.DataFrame, kinds: list[Split], found: Itemsets) -> pd.DataFrame:
    """The items of each rule, as tuples of item numbers, smallest first."""
    antecedents: list[tuple[int, ...]] = []
    consequents: list[tuple[int, ...]] = []
    for kind, row in zip(kept["kind"], kept["row"], strict=True):
        split = kinds[kind]
        items = found.item[split.ranks[row]]
        antecedents.append(tuple(sorted(items[list(split.antecedents)].tolist())))
        consequents.append(tuple(sorted(items[list(split.consequents)].tolist())))
    return pd.DataFrame(
        {"antecedents": pd.Series(antecedents, dtype=object), "consequents": pd.Series(consequents, dtype=object)}
    )
