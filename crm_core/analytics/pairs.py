"""Two items at a time: what else buyers of one buy, and which two are bought instead of each other.

Pairs are looked at in both parts of the baskets, as rules are: lift with its exact interval, and Fisher's test on later
baskets adjusted for the number of pairs (see `replication`). Nothing here needs a least support, so items no basket
holds together are seen too: where many such baskets would be expected by chance, that is the finding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_core.access import Permission
from crm_core.analytics.basket_source import Sold, sold
from crm_core.analytics.baskets import BasketParams, basket_filter
from crm_core.analytics.itemsets import Baskets, Ints
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.registry import analysis
from crm_core.analytics.replication import less_frequent, lift_interval, more_frequent, q_values
from crm_core.analytics.rule_table import MOST_FALSE
from crm_core.errors import AnalysisRefused
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

MOST_ITEMS = 2_000
"""Substitutes are looked for among the items that most baskets hold; rarer ones are expected together too seldom."""
FEWEST_EXPECTED = 10.0
WELL_BELOW = 0.5


@dataclass(frozen=True)
class CompanionParams:
    """The baskets of BasketParams and the item whose buyers are followed: a product's id, or a category's name."""

    which: BasketParams
    item: int | str


@dataclass(frozen=True)
class CompanionReport:
    """What else baskets with an item hold.

    n_baskets: all baskets; n_with: those with the item. companions: one row another item, those that hold first, then
    by lift: item, code, name, count (baskets with both), expected (by chance), confidence (of the item's baskets),
    lift, low, high (95 %), holdout_count, holdout_lift, holdout_low, holdout_high, q_value, holds.
    """

    code: str
    name: str
    n_baskets: int
    n_with: int
    companions: pd.DataFrame


@dataclass(frozen=True)
class SubstituteReport:
    """Pairs bought together much less than chance would have it, lowest lift first.

    pairs: first, second (items), first_name, second_name, is_same_category, count, expected, lift, low, high,
    holdout_count, holdout_lift, holdout_low, holdout_high, q_value. n_tested: pairs expected together often enough.
    """

    n_baskets: int
    n_tested: int
    pairs: pd.DataFrame


@analysis("companions", reads=("orders", "order_lines", "products", "customers"), permission=Permission.SEGMENTS_VIEW)
def companions(tables: Tables, params: CompanionParams, progress: Progress = silent) -> CompanionReport:
    """What else baskets with one product (or category) hold, and what of it holds on later baskets.

    An item holds if its lift in earlier baskets and in later ones lies above 1 with 95 % certainty, at least
    `min_count` baskets hold both, and q is at most 0.01.

    Raises:
        AnalysisRefused: no basket holds the item.
    """
    progress(0.0, N_("Reading baskets"))
    found = _sold(tables, params.which)
    place = _place(found, params.item)
    others = np.flatnonzero((found.items["count"] > 0) & (np.arange(len(found.items)) != place))
    joint = _joint_with(found.baskets, place)
    progress(0.6, N_("Comparing with chance"))
    table = _pairs(found.baskets, np.full(len(others), place), others, joint[others])
    n_with = int(found.items["count"].iloc[place])
    table["confidence"] = table["count"] / n_with
    table["q_value"] = q_values(table.pop("p_more").to_numpy())
    table["holds"] = (
        (table["early_low"] > 1)
        & (table["holdout_low"] > 1)
        & (table["q_value"] <= MOST_FALSE)
        & (table["count"] >= params.which.min_count)
    )
    told = found.items.iloc[others][["item", "code", "name"]].reset_index(drop=True)
    table = pd.concat([told, table.drop(columns=["p_less", "early_low", "early_high"])], axis=1)
    best = table.sort_values(["holds", "lift", "count", "item"], ascending=[False, False, False, True])
    about = found.items.iloc[place]
    return CompanionReport(str(about["code"]), str(about["name"]), found.baskets.n, n_with, best.reset_index(drop=True))


@analysis("substitutes", reads=("orders", "order_lines", "products", "customers"), permission=Permission.SEGMENTS_VIEW)
def substitutes(tables: Tables, params: BasketParams, progress: Progress = silent) -> SubstituteReport:
    """Pairs of products (or categories) bought instead of each other: well below chance, and again on later baskets.

    A pair counts if at least 10 baskets with both are expected by chance in the earlier baskets, the interval of its
    lift there lies below 0.5, that on later baskets below 1, and q is at most 0.01.
    """
    progress(0.0, N_("Reading baskets"))
    found = _sold(tables, params)
    baskets = found.baskets
    counts = found.items["count"].to_numpy()
    popular = np.sort(np.argsort(-counts, kind="stable")[:MOST_ITEMS])
    first, second = np.triu_indices(len(popular), k=1)
    n_early = baskets.n_early
    early = np.bincount(baskets.item[baskets.basket < n_early], minlength=baskets.n_items)[popular].astype(np.float64)
    is_expected = early[first] * early[second] >= FEWEST_EXPECTED * max(n_early, 1)
    first, second = first[is_expected], second[is_expected]
    joint = _joint_among(baskets, popular)
    progress(0.6, N_("Comparing with chance"))
    table = _pairs(baskets, popular[first], popular[second], joint[first, second])
    table["q_value"] = q_values(table.pop("p_less").to_numpy())
    is_kept = (
        (table["early_high"] < WELL_BELOW) & (table["holdout_high"] < 1) & (table["q_value"] <= MOST_FALSE)
    ).to_numpy()
    told = pd.DataFrame(
        {
            "first": found.items["item"].to_numpy()[popular[first[is_kept]]],
            "second": found.items["item"].to_numpy()[popular[second[is_kept]]],
            "first_name": found.items["name"].to_numpy()[popular[first[is_kept]]],
            "second_name": found.items["name"].to_numpy()[popular[second[is_kept]]],
            "is_same_category": _same(found, popular[first[is_kept]], popular[second[is_kept]]),
        }
    )
    kept = table[is_kept].drop(columns=["p_more", "early_low", "early_high"]).reset_index(drop=True)
    pairs = pd.concat([told, kept], axis=1).sort_values(["lift", "expected"], ascending=[True, False])
    return SubstituteReport(baskets.n, len(table), pairs.reset_index(drop=True))


def _sold(tables: Tables, which: BasketParams) -> Sold:
    found = sold(tables, basket_filter(tables, which), level=which.level, holdout=which.holdout)
    if found.baskets.n == 0:
        raise AnalysisRefused("There is no basket: no order with a sale of a known product.")
    return found


def _place(found: Sold, item: int | str) -> int:
    named = found.items["code"] if isinstance(item, str) else found.items["item"]
    places = np.flatnonzero(((named == item) & (found.items["count"] > 0)).to_numpy())
    if not len(places):
        raise AnalysisRefused("No basket of these orders holds this product.")
    return int(places[0])


def _same(found: Sold, first: Ints, second: Ints) -> np.ndarray:
    category = found.items["category"].to_numpy() if "category" in found.items else np.full(len(found.items), None)
    return np.array(
        [a is not None and a == b for a, b in zip(category[first], category[second], strict=True)], dtype=bool
    )


def _joint_with(baskets: Baskets, item: int) -> Ints:
    """How many baskets, and how many early ones, hold each item together with this one; shape (items, 2)."""
    has = np.zeros(baskets.n, dtype=np.bool_)
    has[baskets.basket[baskets.item == item]] = True
    shared = has[baskets.basket]
    is_early = baskets.basket < baskets.n_early
    return np.column_stack(
        [np.bincount(baskets.item[inside], minlength=baskets.n_items) for inside in (shared, shared & is_early)]
    )


def _joint_among(baskets: Baskets, items: Ints) -> Ints:
    """The same for each pair of these items; shape (items, items, 2)."""
    from scipy import sparse

    place = np.full(baskets.n_items, -1)
    place[items] = np.arange(len(items))
    kept = place[baskets.item] >= 0
    basket, item = baskets.basket[kept], place[baskets.item[kept]]
    joint: list[Ints] = []
    for last in (baskets.n, baskets.n_early):
        inside = basket < last
        ones = np.ones(int(inside.sum()), dtype=np.int32)
        held = sparse.csr_array((ones, (basket[inside], item[inside])), shape=(baskets.n, len(items)))
        joint.append((held.T @ held).toarray())
    return np.stack(joint, axis=2)


def _pairs(baskets: Baskets, first: Ints, second: Ints, joint: Ints) -> pd.DataFrame:
    """One row a pair: counts, lift with its interval in all, earlier and later baskets, and Fisher's p both ways."""
    n_late = baskets.n - baskets.n_early
    every = np.bincount(baskets.item, minlength=baskets.n_items)
    early = np.bincount(baskets.item[baskets.basket < baskets.n_early], minlength=baskets.n_items)
    late = every - early
    both = joint[:, 0] - joint[:, 1]
    sums = ((every, baskets.n), (early, baskets.n_early), (late, n_late))
    expected = [count[first] * (count[second] / max(n, 1)) for count, n in sums]
    whole, before, after = (
        lift_interval(count, chance) for count, chance in zip((joint[:, 0], joint[:, 1], both), expected, strict=True)
    )
    n = np.full(len(both), n_late)
    return pd.DataFrame(
        {
            "count": joint[:, 0],
            "expected": whole.expected,
            "lift": whole.value,
            "low": whole.low,
            "high": whole.high,
            "early_low": before.low,
            "early_high": before.high,
            "holdout_count": both,
            "holdout_lift": after.value,
            "holdout_low": after.low,
            "holdout_high": after.high,
            "p_more": more_frequent(both, late[first], late[second], n),
            "p_less": less_frequent(both, late[first], late[second], n),
        }
    )
