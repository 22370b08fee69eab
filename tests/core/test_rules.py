"""Rules: mlxtend's, exactly; redundant ones known; what holds on later baskets told from what chance makes."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlxtend.frequent_patterns import association_rules, fpgrowth
from scipy import stats

from crm_core.analytics import rules
from crm_core.analytics.basket_source import listed
from crm_core.analytics.baskets import BasketParams, BasketReport, rules_of
from crm_core.analytics.mining import mine
from crm_core.analytics.replication import lift_interval, more_frequent, q_values
from crm_core.errors import AnalysisRefused

ROWS = st.lists(st.sets(st.sampled_from("abcdef"), min_size=1), min_size=5, max_size=80)


def report_of(rows: list[list[str]], **params: object) -> BasketReport:
    asked = BasketParams(**{"min_support": 0.01, "min_count": 1, **params})  # type: ignore[arg-type]
    return rules_of(listed(rows, holdout=asked.holdout), asked)


def by_names(report: BasketReport) -> dict[tuple[frozenset[str], frozenset[str]], dict[str, float]]:
    name = dict(zip(report.items["item"], report.items["name"], strict=True))
    return {
        (frozenset(name[i] for i in row["antecedents"]), frozenset(name[i] for i in row["consequents"])): row
        for row in report.rules.to_dict("records")
    }


def noise(n: int, seed: int, n_items: int = 20, size: int = 4) -> list[list[str]]:
    random = np.random.default_rng(seed)
    return [[f"i{item}" for item in random.choice(n_items, size, replace=False)] for _ in range(n)]


@settings(deadline=None, max_examples=40)
@given(rows=ROWS, min_count=st.integers(1, 6), confidence=st.sampled_from([0.0, 0.3, 0.5, 1.0]), most=st.integers(1, 5))
def test_the_rules_and_their_metrics_are_mlxtends(
    rows: list[set[str]], min_count: int, confidence: float, most: int
) -> None:
    lists = [sorted(row) for row in rows]
    found = by_names(report_of(lists, min_support=1e-6, min_count=min_count, min_confidence=confidence,
                               max_consequents=most))  # fmt: skip
    dense = pd.DataFrame([{item: item in row for item in "abcdef"} for row in rows])
    support = min((min_count - 0.5) / len(rows), 1.0)  # mlxtend takes none above 1
    itemsets = fpgrowth(dense, min_support=support, use_colnames=True)
    itemsets = itemsets[itemsets["support"] * len(rows) > min_count - 0.5]
    theirs = ["support", "confidence", "lift", *rules.METRICS.values()]  # mlxtend's certainty divides by 0
    oracle = {}
    if len(itemsets):
        wanted = association_rules(
            itemsets, metric="confidence", min_threshold=confidence - 1e-9, return_metrics=theirs
        )
        oracle = {(row["antecedents"], row["consequents"]): row for _i, row in wanted.iterrows()}
    oracle = {key: row for key, row in oracle.items() if len(key[1]) <= most}
    assert set(found) == set(oracle)
    for key, row in oracle.items():
        mine_names = ["support", "confidence", "lift", *rules.METRICS]
        assert [found[key][name] for name in mine_names] == pytest.approx([row[name] for name in theirs], rel=1e-9)


@settings(deadline=None, max_examples=40)
@given(rows=ROWS, most=st.integers(1, 3))
def test_a_rule_is_redundant_if_fewer_antecedents_say_as_much(rows: list[set[str]], most: int) -> None:
    lists = [sorted(row) for row in rows]
    for (antecedents, consequents), row in by_names(
        report_of(lists, min_support=1e-6, min_confidence=0.0, max_consequents=most)
    ).items():
        fewer = [frozenset(some) for size in range(len(antecedents)) for some in combinations(antecedents, size)]
        best = max(confidence(rows, some, consequents) for some in fewer)
        assert row["is_redundant"] == (confidence(rows, antecedents, consequents) <= best + 1e-12)


def confidence(rows: list[set[str]], antecedents: frozenset[str], consequents: frozenset[str]) -> float:
    held = [row for row in rows if antecedents <= row]
    return sum(consequents <= row for row in held) / len(held)


def planted(n: int = 3_000, seed: int = 2) -> list[list[str]]:
    """Noise, and in a tenth of the baskets "tea" and "kettle" together."""
    random = np.random.default_rng(seed)
    return [[*row, "tea", "kettle"] if random.random() < 0.1 else row for row in noise(n, seed)]


def test_a_planted_pair_holds_and_nothing_else_does() -> None:
    report = report_of(planted(), min_support=0.002, min_confidence=0.1)
    holding = {key for key, row in by_names(report).items() if row["holds"]}
    assert holding == {(frozenset({"tea"}), frozenset({"kettle"})), (frozenset({"kettle"}), frozenset({"tea"}))}
    assert report.n_holding == 2
    assert report.n_rules > 100
    assert (report.n_baskets, report.n_later) == (3_000, 900)


@pytest.mark.parametrize("seed", range(5))
def test_on_noise_no_rule_holds(seed: int) -> None:
    report = report_of(noise(2_000, seed), min_support=0.002, min_confidence=0.05)
    assert report.n_rules > 100
    assert report.n_holding == 0


def test_a_rule_that_only_the_later_baskets_have_does_not_hold() -> None:
    rows = noise(2_000, 1)
    rows[1_400:] = [[*row, "tea", "kettle"] for row in rows[1_400:]]
    assert report_of(rows, min_support=0.002, min_confidence=0.1).n_holding == 0


def test_the_lift_on_later_baskets_is_theirs_alone() -> None:
    rows = [["a", "b"], ["a"], ["b"], ["c"], ["c"]] * 14 + [["a", "b"]] * 20 + [["c"]] * 10
    row = by_names(report_of(rows))[frozenset("a"), frozenset("b")]
    assert row["count"] == 34
    assert row["holdout_count"] == 20
    assert row["holdout_lift"] == pytest.approx(20 * 30 / (20 * 20))
    assert row["holdout_low"] < row["holdout_lift"] < row["holdout_high"]


def test_without_later_baskets_nothing_holds_and_nothing_is_invented() -> None:
    report = report_of(planted(500), holdout=0.0)
    assert (report.n_later, report.n_holding) == (0, 0)
    for column in ("holdout_lift", "q_value", "p_value", "gain_q_value"):
        assert report.rules[column].isna().all()


def test_fishers_test_is_scipys() -> None:
    table = [[8, 4], [12, 76]]
    wanted = stats.fisher_exact(table, alternative="greater").pvalue
    found = more_frequent(np.array([8]), np.array([12]), np.array([20]), np.array([100]))
    assert found[0] == pytest.approx(wanted)
    assert more_frequent(np.array([0]), np.array([0]), np.array([5]), np.array([10])).tolist() == [1.0]


def test_the_interval_of_a_count_is_garwoods() -> None:
    """Garwood 1936, table: 0 gives (0, 3.689), 10 gives (4.795, 18.390)."""
    interval = lift_interval(np.array([0, 10, 3]), np.array([1.0, 1.0, 0.0]))
    assert interval.low[:2] == pytest.approx([0, 4.795], abs=5e-4)
    assert interval.high[:2] == pytest.approx([3.689, 18.390], abs=5e-4)
    assert np.isnan(interval.value[2])


def test_the_interval_of_a_lift_covers_it_in_at_least_95_of_100_draws() -> None:
    random = np.random.default_rng(8)
    table = random.multinomial(400, [0.06, 0.14, 0.10, 0.70], size=2_000)  # both, only a, only b, neither
    both, one, other = table[:, 0], table[:, :2].sum(axis=1), table[:, [0, 2]].sum(axis=1)
    interval = lift_interval(both, one * other / 400)
    true = 0.06 / (0.20 * 0.16)
    assert np.mean((interval.low <= true) & (true <= interval.high)) >= 0.95


def test_false_discoveries_are_bounded_as_benjamini_and_hochberg_do() -> None:
    assert q_values(np.array([0.01, 0.02, 0.03, 0.5])).tolist() == pytest.approx([0.04, 0.04, 0.04, 0.5])
    assert len(q_values(np.zeros(0))) == 0


def test_too_many_ways_to_split_are_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_CANDIDATES", 60)
    found = mine(listed([list("abcdef")] * 5, holdout=0).baskets, 5)
    with pytest.raises(AnalysisRefused, match="Rules with up to 5 consequents would be too many to look at"):
        list(rules.splits(found, min_confidence=0.5, max_consequents=5))
