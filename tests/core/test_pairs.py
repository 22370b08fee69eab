"""What else buyers of a product buy, what is bought instead of it, and who bought one thing and not the other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pytest
from scipy import stats

from crm_core.analytics.baskets import BasketParams
from crm_core.analytics.cross_sell import CrossSellParams, cross_sell
from crm_core.analytics.pairs import CompanionParams, companions, substitutes
from crm_core.errors import AnalysisRefused, Invalid
from crm_core.warehouse import Tables
from tests.core.tables import Line, Order, Product, make_tables

WHICH = BasketParams(min_count=5)
FIRST = date(2023, 1, 1)


def tables_of(baskets: Sequence[Sequence[int]]) -> Tables:
    """One order a basket, one a day, customers in turn; products 1 to 4 are of category "Odd" or "Even"."""
    orders = [Order(at, f"{FIRST + timedelta(days=at)} 10:00", at % 5 + 1) for at in range(1, len(baskets) + 1)]
    lines = [Line(at, "5", product=item) for at, basket in enumerate(baskets, 1) for item in basket]
    items = sorted({item for basket in baskets for item in basket})
    return make_tables(orders, lines, [Product(item, "Odd" if item % 2 else "Even") for item in items])


def planted(n: int = 1_500) -> list[list[int]]:
    """1 and 2 come together; 3 and 4 each in a third of the baskets and never together; 5 to 9 at random."""
    random = np.random.default_rng(4)
    baskets: list[list[int]] = []
    for _ in range(n):
        basket = [int(item) for item in range(5, 10) if random.random() < 0.3]
        basket += [1, 2] if random.random() < 0.2 else []
        which = random.random()
        basket += [3] if which < 0.33 else [4] if which < 0.66 else []
        baskets.append(basket or [9])
    return baskets


def test_what_else_buyers_buy_is_what_was_planted() -> None:
    report = companions(tables_of(planted()), CompanionParams(WHICH, 1))
    assert (report.name, report.n_baskets) == ("Product 1", 1_500)
    best = report.companions.iloc[0]
    assert (best["code"], best["confidence"], best["holds"]) == ("P2", 1.0, True)
    assert report.companions["holds"].sum() == 1
    assert best["count"] == report.n_with
    assert set(report.companions["code"]) == {f"P{i}" for i in range(2, 10)}


def test_a_category_has_companions_too() -> None:
    report = companions(tables_of(planted()), CompanionParams(BasketParams(level="category", min_count=5), "Odd"))
    assert report.companions["code"].tolist() == ["Even"]


def test_a_product_nobody_bought_is_refused_in_words() -> None:
    with pytest.raises(AnalysisRefused, match="No basket of these orders holds this product"):
        companions(tables_of([[1], [2]]), CompanionParams(WHICH, 99))


def test_what_is_bought_instead_of_each_other_is_what_was_planted() -> None:
    report = substitutes(tables_of(planted()), WHICH)
    assert [(row.first, row.second) for row in report.pairs.itertuples()] == [(3, 4)]
    pair = report.pairs.iloc[0]
    assert (pair["count"], pair["lift"], pair["low"]) == (0, 0, 0)
    assert pair["high"] < 0.1
    assert pair["expected"] > 100
    assert not pair["is_same_category"]
    assert report.n_tested > 20


@pytest.mark.parametrize("seed", range(3))
def test_on_noise_nothing_is_a_substitute_and_no_companion_holds(seed: int) -> None:
    random = np.random.default_rng(seed)
    tables = tables_of([random.choice(np.arange(1, 31), 4, replace=False).tolist() for _ in range(1_500)])
    assert substitutes(tables, WHICH).pairs.empty
    assert not companions(tables, CompanionParams(WHICH, 1)).companions["holds"].any()


def test_too_few_expected_baskets_prove_nothing() -> None:
    report = substitutes(tables_of([[1, 5], [2, 5]] * 15), WHICH)
    assert report.pairs.empty


def test_the_test_of_too_few_is_scipys() -> None:
    from crm_core.analytics.replication import less_frequent

    wanted = stats.fisher_exact([[1, 19], [39, 41]], alternative="less").pvalue
    assert less_frequent(np.array([1]), np.array([20]), np.array([40]), np.array([100]))[0] == pytest.approx(wanted)


def history() -> Tables:
    """1 and 2: customer 1. 1 only: customer 2 (twice) and 3. 1 refunded only: customer 4. A guest bought 1."""
    orders = [
        Order(1, "2024-01-01 10:00", 1), Order(2, "2024-01-02 10:00", 1), Order(3, "2024-01-03 10:00", 2),
        Order(4, "2024-01-04 10:00", 2), Order(5, "2024-01-05 10:00", 3), Order(6, "2024-01-06 10:00", 4),
        Order(7, "2024-01-07 10:00"), Order(8, "2024-02-01 10:00", 3),
    ]  # fmt: skip
    lines = [
        Line(1, "5", product=1), Line(2, "5", product=2), Line(3, "5", product=1), Line(4, "5", product=1),
        Line(5, "5", product=1), Line(6, "-5", kind="refund", quantity=-1, product=1), Line(7, "5", product=1),
        Line(8, "5", product=2),
    ]  # fmt: skip
    return make_tables(orders, lines, [Product(1, "Tea"), Product(2, "Cups")])


def test_the_list_is_of_those_who_bought_one_and_not_the_other() -> None:
    report = cross_sell(history(), CrossSellParams(date(2024, 1, 31), (1,), (2,)))
    assert report.n_buyers == 3
    assert report.members["customer_id"].tolist() == [3, 2]
    assert report.members["orders"].tolist() == [1, 2]
    assert report.members["last_on"].tolist() == [date(2024, 1, 5), date(2024, 1, 4)]
    assert {"ref", "name", "email", "country", "has_marketing_consent"} <= set(report.members)


def test_what_was_bought_after_the_day_is_not_known_yet() -> None:
    later = cross_sell(history(), CrossSellParams(date(2024, 2, 1), (1,), (2,)))
    assert later.members["customer_id"].tolist() == [2]


def test_categories_and_several_products_work_as_one_product_does() -> None:
    by_name = cross_sell(history(), CrossSellParams(date(2024, 1, 31), ("Tea",), ("Cups",), level="category"))
    assert by_name.members["customer_id"].tolist() == [3, 2]
    both = cross_sell(history(), CrossSellParams(date(2024, 1, 31), (1, 2), (99,)))
    assert both.members["customer_id"].tolist() == [1]


@pytest.mark.parametrize(
    ("bought", "missing", "words"),
    [((), (1,), "Name at least one product"), ((1,), (), "Name at least one"), ((1,), (1,), "cannot be both")],
)
def test_a_list_without_sides_is_refused_in_words(
    bought: tuple[int, ...], missing: tuple[int, ...], words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        CrossSellParams(date(2024, 1, 31), bought, missing)
