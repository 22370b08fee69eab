"""Baskets of data that has little to say, or far too much: an answer, or a refusal with a way out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

import numpy as np
import pytest

from crm_core.analytics import mining
from crm_core.analytics.baskets import BasketParams, baskets
from crm_core.analytics.cross_sell import CrossSellParams, cross_sell
from crm_core.analytics.mining import Limits
from crm_core.analytics.pairs import CompanionParams, companions, substitutes
from crm_core.analytics.periods import Period
from crm_core.errors import AnalysisRefused, Cancelled
from crm_core.warehouse import Tables
from tests.core.tables import Line, Order, Product, make_tables

FIRST = date(2024, 1, 1)
LAST = date(2024, 12, 31)
FEW = BasketParams(min_support=0.01, min_count=1, min_confidence=0.0)
TOGETHER = [[1, 2], [1, 2], [3], [1, 2, 3], [3, 4], [1, 2], [4], [1, 2, 4], [3], [1, 2]]


def tables_of(rows: Sequence[Sequence[int]], *, customers: int, days: int = 300, sign: int = 1) -> Tables:
    """One order a basket, by customers in turn, over so many days; refunds with a negative sign."""
    orders = [
        Order(at, f"{FIRST + timedelta(days=at * days // (len(rows) + 1))} 10:{at % 60:02}", at % customers + 1)
        for at in range(1, len(rows) + 1)
    ]
    kind = "sale" if sign > 0 else "refund"
    lines = [Line(at, str(5 * sign), kind, sign, product=item) for at, row in enumerate(rows, 1) for item in row]
    return make_tables(orders, lines, [Product(item, "Tea") for item in sorted({item for row in rows for item in row})])


@pytest.mark.parametrize(
    ("customers", "days"), [(1, 300), (10, 300), (1, 0), (3, 0)],
    ids=["one customer", "no repeat buyers", "one customer on one day", "all on one day"],
)  # fmt: skip
def test_who_bought_and_when_changes_no_rule(customers: int, days: int) -> None:
    tables = tables_of(TOGETHER, customers=customers, days=days)
    report = baskets(tables, FEW)
    assert (report.n_baskets, report.n_later) == (10, 3)
    best = report.rules[report.rules["antecedents"] == (1,)].iloc[0]
    assert (best["consequents"], best["count"], best["confidence"]) == ((2,), 6, 1.0)
    assert not report.rules["holds"].any()  # three later baskets confirm nothing
    around = companions(tables, CompanionParams(FEW, 1))
    assert around.companions["code"].iloc[0] == "P2"
    assert substitutes(tables, FEW).pairs.empty
    listed = cross_sell(tables, CrossSellParams(LAST, (3,), (4,)))
    assert listed.n_buyers == len({at % customers for at, row in enumerate(TOGETHER, 1) if 3 in row})


@pytest.mark.parametrize(("rows", "sign"), [([], 1), (TOGETHER, -1), (TOGETHER, 1)],
                         ids=["no orders", "refunds only", "a period without orders"])  # fmt: skip
def test_without_a_basket_every_question_is_refused_in_words(rows: list[list[int]], sign: int) -> None:
    tables = tables_of(rows, customers=3, sign=sign)
    empty = BasketParams(period=Period(date(2030, 1, 1), date(2031, 1, 1)))
    asked: list[tuple[Callable[..., Any], Any]] = [
        (baskets, empty), (companions, CompanionParams(empty, 1)), (substitutes, empty),
    ]  # fmt: skip
    for analysis, params in asked:
        with pytest.raises(AnalysisRefused, match="There is no basket: no order with a sale of a known product"):
            analysis(tables, params)


def test_refunds_alone_are_no_basket_whatever_the_period() -> None:
    refunds = tables_of(TOGETHER, customers=3, sign=-1)
    with pytest.raises(AnalysisRefused, match="There is no basket"):
        baskets(refunds, FEW)
    assert cross_sell(refunds, CrossSellParams(LAST, (1,), (4,))).members.empty


def test_a_single_product_has_no_companion_and_no_rival() -> None:
    tables = tables_of([[1]] * 20, customers=4)
    assert companions(tables, CompanionParams(FEW, 1)).companions.empty
    found = substitutes(tables, FEW)
    assert (found.n_tested, len(found.pairs)) == (0, 0)


def test_a_support_too_low_for_the_memory_is_refused_with_one_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mining, "Limits", partial(Limits, n_itemsets=2_000))  # a small memory, to be quick
    random = np.random.default_rng(5)
    tables = tables_of([random.choice(30, 12, replace=False).tolist() for _ in range(200)], customers=9)
    with pytest.raises(AnalysisRefused, match="the itemsets would not fit in memory") as refused:
        baskets(tables, BasketParams(min_support=0.01, min_count=1))
    fitting = float(refused.value.params["fitting"])
    assert f"Support {refused.value.params['fitting']} " in str(refused.value)
    report = baskets(tables, BasketParams(min_support=fitting, min_count=1, min_confidence=0.9))
    assert 0 < report.n_itemsets <= 2_000


@pytest.mark.parametrize(
    ("analysis", "params", "at"),
    [
        (baskets, FEW, 0.0), (baskets, FEW, 0.2), (baskets, FEW, 0.75), (companions, CompanionParams(FEW, 1), 0.6),
        (substitutes, FEW, 0.6), (cross_sell, CrossSellParams(LAST, (1,), (4,)), 0.0),
    ],
)  # fmt: skip
def test_a_cancelled_run_ends_at_the_next_step(analysis: Callable[..., Any], params: Any, at: float) -> None:
    def stop(fraction: float, _step: str) -> None:
        if fraction >= at:
            raise Cancelled("The run was cancelled.")

    with pytest.raises(Cancelled):
        analysis(tables_of(TOGETHER, customers=3), params, stop)
