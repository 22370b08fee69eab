"""Next products: planted chains are found, on noise nothing is claimed, and the future moves nothing."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from crm_core.analytics.next_product import NextProductParams, NextProductReport, next_product
from crm_core.analytics.next_product_judging import Verdict, comparisons, verdict_of
from crm_core.errors import AnalysisRefused, Cancelled, Invalid
from crm_core.warehouse import Tables
from tests.core.tables import Line, Order, Product, make_tables

AS_OF = date(2024, 12, 31)
PARAMS = NextProductParams(AS_OF, 90, 3)
N_ITEMS = 30


def company(seed: int, *, has_chains: bool, n_customers: int = 300, days: int = 540) -> tuple[list[Order], list[Line]]:
    """Customers who order about every 45 days two products at random; with chains, product n + 1 mostly follows n."""
    random = np.random.default_rng(seed)
    orders: list[Order] = []
    lines: list[Line] = []
    for customer in range(1, n_customers + 1):
        main = int(random.integers(N_ITEMS))
        day = int(random.integers(0, 60))
        while day < days:
            on = AS_OF - timedelta(days=days - 1 - day)
            orders.append(Order(len(orders) + 1, f"{on} 10:00", customer))
            follows = has_chains and random.random() < 0.7
            main = (main + 1) % N_ITEMS if follows else int(random.integers(N_ITEMS))
            other = (main + int(random.integers(2, N_ITEMS - 1))) % N_ITEMS
            lines += [Line(len(orders), "5", product=item + 1) for item in (main, other)]
            day += int(random.integers(20, 70))
    return orders, lines


def tables_of(orders: list[Order], lines: list[Line]) -> Tables:
    return make_tables(orders, lines, [Product(item) for item in range(1, N_ITEMS + 1)])


@pytest.fixture(scope="module")
def chained() -> NextProductReport:
    return next_product(tables_of(*company(1, has_chains=True)), PARAMS)


def test_planted_chains_beat_both_baselines(chained: NextProductReport) -> None:
    assert chained.verdict == "better"
    rate = chained.methods.set_index("method")["rate"]
    assert rate["model"] > rate["popularity"] + 0.2
    assert rate["model"] > rate["repeat"] + 0.2
    assert (chained.against["low"] > 0).all()
    assert chained.n_judged > 250
    assert (chained.chosen_on, chained.judged_on) == (AS_OF - timedelta(days=180), AS_OF - timedelta(days=90))


def test_each_customer_is_named_what_follows_and_why(chained: NextProductReport) -> None:
    found = chained.recommendations
    assert found.groupby("customer_id").size().eq(3).all()
    assert len(found) == 3 * chained.n_customers
    first = found[found["rank"] == 1]
    assert (first["reason"] == "followed").mean() > 0.9
    followed = found[found["reason"] == "followed"]
    is_next = followed["product_id"] - 1 == followed["because_id"] % N_ITEMS
    assert is_next.mean() > 0.8
    assert (followed["lift"] >= 1.2).all()
    assert found.loc[found["reason"] != "followed", "because_id"].isna().all()


def test_what_was_just_bought_is_never_named(chained: NextProductReport) -> None:
    orders, lines = company(1, has_chains=True)
    last = {order.customer: order.id for order in orders}
    for row in chained.recommendations.itertuples():
        assert row.product_id not in {line.product for line in lines if line.order == last[row.customer_id]}


def test_only_new_products_means_never_bought_before() -> None:
    orders, lines = company(2, has_chains=True, n_customers=400, days=400)
    report = next_product(tables_of(orders, lines), NextProductParams(AS_OF, 90, 3, only_new=True))
    owner = {order.id: order.customer for order in orders}
    bought = {(owner[line.order], line.product) for line in lines}
    named = set(report.recommendations[["customer_id", "product_id"]].itertuples(index=False, name=None))
    assert not named & bought


@pytest.mark.parametrize("seed", range(8))
def test_on_noise_nothing_is_recommended(seed: int) -> None:
    """Eight seeds here; `benchmarks/next_product_noise.py` runs a hundred."""
    report = next_product(tables_of(*company(seed + 50, has_chains=False)), PARAMS)
    assert report.verdict in {"unclear", "worse"}
    assert report.recommendations.empty
    assert report.n_customers == 0


def test_orders_after_the_day_change_nothing(chained: NextProductReport) -> None:
    orders, lines = company(1, has_chains=True)
    later = [Order(90_000 + at, f"{AS_OF + timedelta(days=1 + at % 40)} 00:00", 1 + at % 300) for at in range(500)]
    sold = [Line(order.id, "9", product=7) for order in later]
    again = next_product(tables_of(orders + later, lines + sold), PARAMS)
    for name in ("methods", "against", "recommendations", "products"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(chained, name), check_exact=True)


def test_too_few_later_orders_are_refused_in_words() -> None:
    with pytest.raises(AnalysisRefused) as refused:
        next_product(tables_of(*company(1, has_chains=True, n_customers=40)), PARAMS)
    assert "at least 100 customers who ordered again within 90 days of a cut-off" in str(refused.value)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [Order(1, "2024-06-01 10:00", 1)],
        [Order(n, "2024-12-31 10:00", n) for n in range(1, 300)],
        [Order(n, f"{AS_OF - timedelta(days=n)} 10:00", n) for n in range(1, 300)],
        [Order(n, "2025-03-01 10:00", n % 50 + 1) for n in range(1, 300)],
        [Order(n, f"{AS_OF - timedelta(days=n)} 10:00", 7) for n in range(1, 300)],
    ],
    ids=["no orders", "one customer", "one day", "no repeat buyers", "no orders yet", "one customer, many orders"],
)
def test_what_cannot_carry_it_is_refused_and_never_breaks(rows: list[Order]) -> None:
    with pytest.raises(AnalysisRefused):
        next_product(tables_of(rows, [Line(order.id, "5", product=1 + order.id % 2) for order in rows]), PARAMS)


def test_refunds_alone_are_refused_in_words() -> None:
    orders, lines = company(1, has_chains=True, n_customers=20)
    returned = [Line(line.order, "-5", "refund", -1, product=line.product) for line in lines]
    with pytest.raises(AnalysisRefused, match="at least two products; these orders hold 0"):
        next_product(tables_of(orders, returned), PARAMS)


@pytest.mark.parametrize("at", [0.0, 0.3, 0.6, 0.8])
def test_a_cancelled_run_ends_at_the_next_step(at: float) -> None:
    def stop(fraction: float, _step: str) -> None:
        if fraction >= at:
            raise Cancelled("The run was cancelled.")

    with pytest.raises(Cancelled):
        next_product(tables_of(*company(1, has_chains=True)), PARAMS, stop)


def test_one_product_is_refused_in_words() -> None:
    orders, lines = company(1, has_chains=True, n_customers=20)
    with pytest.raises(AnalysisRefused, match="at least two products; these orders hold 1"):
        next_product(tables_of(orders, [Line(line.order, "5", product=1) for line in lines]), PARAMS)


def test_a_horizon_longer_than_the_history_is_refused_in_words() -> None:
    with pytest.raises(AnalysisRefused, match="within 365 days of a cut-off"):
        next_product(tables_of(*company(1, has_chains=True)), NextProductParams(AS_OF, 365, 3))


def test_methods_are_compared_on_the_same_customers() -> None:
    """McNemar's exact test: 9 against 1 of 10 that differ, 11 ÷ 1,024."""
    model = np.array([True] * 9 + [False] + [True] * 40 + [False] * 50)
    baseline = np.array([False] * 9 + [True] + [True] * 40 + [False] * 50)
    row = comparisons(model, {"popularity": baseline}).iloc[0]
    assert (row["only_model"], row["only_baseline"], row["difference"]) == (9, 1, 0.08)
    assert row["p"] == pytest.approx(11 / 1024)
    assert row["low"] < 0.08 < row["high"]


@pytest.mark.parametrize(
    ("more_than_popularity", "more_than_repeat", "verdict", "closest"),
    [
        (60, 40, "better", "repeat"),
        (60, 3, "unclear", "repeat"),
        (2, 60, "unclear", "popularity"),
        (60, -40, "worse", "repeat"),
        (-40, -60, "worse", "repeat"),
        (-60, 3, "worse", "popularity"),
    ],
)
def test_the_verdict_tells_worse_from_not_clear_and_names_the_list_that_decides(
    more_than_popularity: int, more_than_repeat: int, verdict: Verdict, closest: str
) -> None:
    """Of 400 customers the model hits the first 200, and a baseline so many fewer or more."""
    place = np.arange(400)
    baselines = {"popularity": place < 200 - more_than_popularity, "repeat": place < 200 - more_than_repeat}
    assert verdict_of(comparisons(place < 200, baselines)) == (verdict, closest)


@pytest.mark.parametrize(("horizon", "k"), [(6, 5), (366, 5), (90, 0), (90, 21)])
def test_wrong_parameters_are_refused(horizon: int, k: int) -> None:
    with pytest.raises(Invalid, match=r"(is|are) not possible"):
        NextProductParams(AS_OF, horizon, k)
