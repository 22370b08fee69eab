"""Frequent itemsets are exact, their counts of both parts add up, and what would not fit is refused in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlxtend.frequent_patterns import fpgrowth

from crm_core.analytics import distinct_baskets
from crm_core.analytics.basket_source import listed
from crm_core.analytics.itemsets import Baskets, Frequent, Itemsets, least_count
from crm_core.analytics.mining import Limits, mine
from crm_core.errors import AnalysisRefused, Cancelled

ROWS = st.lists(st.sets(st.sampled_from("abcdefgh"), max_size=8), min_size=1, max_size=150)


def baskets_of(rows: Sequence[Sequence[str]], holdout: float = 0.0) -> Baskets:
    return listed([list(row) for row in rows], holdout=holdout).baskets


def as_dict(found: Itemsets) -> dict[frozenset[int], tuple[int, int]]:
    return {
        frozenset(found.item[row].tolist()): (int(count), int(early))
        for level in found.levels
        for row, count, early in zip(level.ranks, level.count, level.early_count, strict=True)
    }


def counted(baskets: Baskets, items: frozenset[int]) -> tuple[int, int]:
    """Baskets that hold all items, by looking at each; and those of them that are early."""
    held = [set(baskets.item[baskets.basket == at].tolist()) for at in range(baskets.n)]
    return sum(items <= one for one in held), sum(items <= one for one in held[: baskets.n_early])


@settings(deadline=None, max_examples=60)
@given(rows=ROWS, min_count=st.integers(1, 20), holdout=st.sampled_from([0.0, 0.3, 0.5]))
def test_the_itemsets_are_those_of_mlxtends_fpgrowth(rows: list[set[str]], min_count: int, holdout: float) -> None:
    baskets = baskets_of([sorted(row) for row in rows], holdout)
    dense = np.zeros((baskets.n, max(baskets.n_items, 1)), dtype=bool)
    dense[baskets.basket, baskets.item] = True
    found = as_dict(mine(baskets, min_count))
    if min_count > baskets.n:
        assert found == {}
        return
    oracle = fpgrowth(pd.DataFrame(dense), min_support=(min_count - 0.5) / baskets.n)
    counts = (oracle["support"] * baskets.n).round().astype(int)
    wanted = dict(zip(oracle["itemsets"].map(frozenset), counts, strict=True))
    assert {items: count for items, (count, _early) in found.items()} == wanted
    for items in list(found)[:5]:
        assert found[items] == counted(baskets, items)


@settings(deadline=None, max_examples=60)
@given(rows=ROWS, times=st.integers(1, 40), holdout=st.sampled_from([0.0, 0.3]), region_cost=st.sampled_from([0, 0.5]))
def test_baskets_that_repeat_are_counted_as_often_as_they_come(
    rows: list[set[str]], times: int, holdout: float, region_cost: float
) -> None:
    few = baskets_of([sorted(row) for row in rows], holdout)
    shifted = [few.basket + at * few.n for at in range(times)]
    many = Baskets(np.concatenate(shifted), np.tile(few.item, times), few.n * times, few.n_items, few.n_early)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(distinct_baskets, "_REGION_COST", region_cost)
        found = as_dict(mine(many, 2))
    for items, (count, early) in found.items():
        once, early_once = counted(few, items)
        assert (count, early) == (once * times, early_once)


def test_sums_that_agree_by_chance_merge_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unlucky:
        def integers(self, *_args: object, **_kwargs: object) -> np.ndarray:
            return np.array([[1, 1, 1, 1], [1, 2, 3, 4]], dtype=np.uint64)

    baskets = baskets_of([["a", "b"], ["c", "d"], ["a", "b"]])
    wanted = as_dict(mine(baskets, 1))
    monkeypatch.setattr(distinct_baskets.np.random, "default_rng", lambda _seed: Unlucky())
    assert as_dict(mine(baskets, 1)) == wanted
    assert distinct_baskets.distinct(Frequent.of(baskets, 1)).n == 3


def test_a_basket_that_holds_an_item_twice_counts_once() -> None:
    assert as_dict(mine(baskets_of([["a", "a ", "b"], ["a"]]), 1)) == {
        frozenset({0}): (2, 2), frozenset({1}): (1, 1), frozenset({0, 1}): (1, 1),
    }  # fmt: skip


def test_the_parts_of_a_set_are_found_by_their_ranks() -> None:
    found = mine(baskets_of([list("abcd")] * 3 + [list("abc"), list("ab"), ["a"]]), 3)
    for level in found.levels:
        assert (found.find(level.ranks) == np.arange(len(level.count))).all()
    assert found.sizes == (4, 6, 4, 1)


@pytest.mark.parametrize(("support", "n", "least"), [(0.01, 9_835, 99), (0.5, 10, 5), (0.07, 100, 7), (1e-9, 10, 1)])
def test_the_least_count_is_the_support_rounded_up(support: float, n: int, least: int) -> None:
    assert least_count(support, n) == least


def test_too_many_itemsets_are_refused_with_a_support_that_fits() -> None:
    random = np.random.default_rng(3)
    baskets = baskets_of([[str(item) for item in random.choice(30, 12, replace=False)] for _ in range(200)])
    few = Limits(n_itemsets=500)
    with pytest.raises(AnalysisRefused) as refused:
        mine(baskets, 2, limits=few)
    words = str(refused.value)
    assert words.startswith("At support 0.01 (2 of 200 baskets) the itemsets would not fit in memory. Support 0.")
    fitting = least_count(float(refused.value.params["fitting"]), baskets.n)
    assert sum(mine(baskets, fitting, limits=few).sizes) <= 500


def test_bitmaps_that_would_not_fit_are_refused_before_any_is_built() -> None:
    baskets = baskets_of([[str(at % 50), str(at % 7 + 100)] for at in range(1_000)])
    steps: list[float] = []
    with pytest.raises(AnalysisRefused, match=r"Support 0\.\d+ \(\d+ baskets\) would fit") as refused:
        mine(baskets, 1, limits=Limits(n_bytes=30_000), progress=lambda fraction, _step: steps.append(fraction))
    mine(baskets, refused.value.params["fitting_count"], limits=Limits(n_bytes=30_000))


def test_one_huge_basket_bought_often_is_refused_and_not_followed_to_its_end() -> None:
    rows = [[str(item) for item in range(1_500)]] * 3
    with pytest.raises(AnalysisRefused, match="would not fit in memory"):
        mine(baskets_of(rows), 3)


def test_a_run_can_be_cancelled() -> None:
    def stop(fraction: float, step: str) -> None:
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        mine(baskets_of([["a", "b"]] * 5), 1, progress=stop)


def test_the_order_of_the_lines_of_a_basket_changes_nothing() -> None:
    random = np.random.default_rng(1)
    baskets = baskets_of([[str(item) for item in random.choice(9, 4, replace=False)] for _ in range(80)])
    shuffled = random.permutation(len(baskets.item))
    other = Baskets(baskets.basket[shuffled], baskets.item[shuffled], baskets.n, baskets.n_items, baskets.n_early)
    assert as_dict(mine(baskets, 3)) == as_dict(mine(other, 3))
