"""Products to sell as one: sets whose every two items are bought together, and held so on later baskets."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import pandas as pd


def bundles(rules: pd.DataFrame, counts: Mapping[int, int]) -> pd.DataFrame:
    """The largest sets of items all pairs of which are joined by a rule that holds, most nearly inseparable first.

    Args:
        rules: as `rule_table` gives them. counts: how many baskets hold each item.

    Returns:
        items (tuple), count (baskets that hold them all), support, together (count ÷ that of the item most baskets
        hold: "all-confidence", Omiecinski 2003, IEEE TKDE 15(1)).
    """
    ordered = rules.sort_values("holds")  # a set that holds in any way round is remembered as one that does
    told = zip(
        *(ordered[name].tolist() for name in ("antecedents", "consequents", "count", "support", "holds")), strict=True
    )
    sets: dict[tuple[int, ...], tuple[int, float, bool]] = {
        tuple(sorted(before + after)): (count, support, holds) for before, after, count, support, holds in told
    }
    joined = {items for items, (_count, _support, holds) in sets.items() if holds and len(items) == 2}
    whole = [items for items in sets if all(pair in joined for pair in combinations(items, 2))]
    kept: list[tuple[int, ...]] = []
    for items in sorted(whole, key=len, reverse=True):
        if not any(set(items) < set(larger) for larger in kept):
            kept.append(items)
    rows = [
        {
            "items": items,
            "count": sets[items][0],
            "support": sets[items][1],
            "together": sets[items][0] / max(counts[item] for item in items),
        }
        for items in kept
    ]
    found = pd.DataFrame(rows, columns=["items", "count", "support", "together"])
    found = found.astype({"items": object, "count": "int64", "support": "float64", "together": "float64"})
    return found.sort_values(["together", "count", "items"], ascending=[False, False, True], ignore_index=True)
