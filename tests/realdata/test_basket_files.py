"""Published baskets: Groceries (arules) and FIMI's retail.dat give the itemsets and rules known of them."""

from __future__ import annotations

from functools import cache

import pytest

from crm_core.analytics.basket_source import Sold, listed
from crm_core.analytics.baskets import BasketParams, BasketReport, rules_of
from crm_core.analytics.itemsets import least_count
from crm_core.analytics.mining import mine
from crm_core.imports.basket_file import read_baskets
from tests.conftest import REAL_DATA

pytestmark = [pytest.mark.realdata, pytest.mark.xdist_group("basket_files")]


@cache
def baskets(name: str) -> Sold:
    path = REAL_DATA / name
    if not path.exists():
        pytest.skip(f"the public data sets are not at {REAL_DATA}")
    return listed(read_baskets(path), holdout=0.3)


def rules(name: str, support: float, confidence: float, consequents: int = 1) -> BasketReport:
    params = BasketParams(min_support=support, min_confidence=confidence, min_count=1, max_consequents=consequents)
    return rules_of(baskets(name), params)


@pytest.mark.parametrize(
    ("name", "n", "n_items", "support", "itemsets"),
    [
        ("groceries/groceries.csv", 9_835, 169, 0.01, 333),
        ("groceries/groceries.csv", 9_835, 169, 0.005, 1_001),
        ("groceries/groceries.csv", 9_835, 169, 0.001, 13_492),
        ("fimi/retail.dat", 88_162, 16_470, 0.02, 55),
        ("fimi/retail.dat", 88_162, 16_470, 0.01, 159),
        ("fimi/retail.dat", 88_162, 16_470, 0.005, 580),
        ("fimi/retail.dat", 88_162, 16_470, 0.001, 7_589),
        ("fimi/retail.dat", 88_162, 16_470, 0.0005, 19_242),
    ],
)
def test_there_are_as_many_itemsets_as_published(
    name: str, n: int, n_items: int, support: float, itemsets: int
) -> None:
    found = baskets(name).baskets
    assert (found.n, found.n_items) == (n, n_items)
    assert sum(mine(found, least_count(support, n)).sizes) == itemsets


@pytest.mark.parametrize(
    ("support", "confidence", "consequents", "n"),
    [(0.001, 0.5, 1, 5_668), (0.006, 0.25, 1, 463), (0.001, 0.5, 5, 5_829)],
)
def test_groceries_has_as_many_rules_as_published(support: float, confidence: float, consequents: int, n: int) -> None:
    """5,668 and 463 with one consequent, as R's arules counts; 5,829 with several, as mlxtend does."""
    assert rules("groceries/groceries.csv", support, confidence, consequents).n_rules == n


def test_the_three_rules_of_highest_lift_are_the_published_ones() -> None:
    report = rules("groceries/groceries.csv", 0.001, 0.5)
    name = dict(zip(report.items["item"], report.items["name"], strict=True))
    top = [
        ({name[i] for i in row.antecedents}, {name[i] for i in row.consequents}, round(row.lift, 3))
        for row in report.rules.head(3).itertuples()
    ]
    assert top == [
        ({"Instant food products", "soda"}, {"hamburger meat"}, 18.996),
        ({"soda", "popcorn"}, {"salty snack"}, 16.698),
        ({"flour", "baking powder"}, {"sugar"}, 16.408),
    ]


def test_rules_on_a_dozen_baskets_do_not_hold_and_those_on_many_do() -> None:
    """Of 5,668 rules at least 10 baskets strong none is confirmed; with 60 baskets and more a fifth is."""
    assert rules("groceries/groceries.csv", 0.001, 0.5).n_holding == 0
    strong = rules("groceries/groceries.csv", 0.006, 0.25)
    assert 60 < strong.n_holding < 200
    holding = strong.rules[strong.rules["holds"]]
    assert (holding["holdout_lift"] > 1).all()
