"""Churn: the future moves no score, noise is refused, what cannot carry a model is refused in words."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_core.analytics.churn import ChurnParams, ChurnReport, churn
from crm_core.analytics.churn_fit import _half
from crm_core.analytics.churn_rows import is_alive, plan
from crm_core.analytics.churn_tables import usual_value
from crm_core.analytics.ranking import log_odds
from crm_core.errors import AnalysisRefused, Cancelled, Invalid
from crm_core.warehouse import Tables
from tests.core.buyers import CDNOW, CDNOW_SPEND, log_of_transactions
from tests.core.leavers import leavers_tables
from tests.core.tables import Line, Order, Product, make_tables

AS_OF = date(2024, 6, 30)
PARAMS = ChurnParams(AS_OF, 30)
pytestmark = pytest.mark.xdist_group("churn")


def bought(customers: int, days: int, *, seed: int, is_noise: bool) -> list[tuple[int, int]]:
    """Customer and day of purchases over `days`. Noise: everyone buys at the same rate for ever. Else each has a rate
    of their own, and those with even numbers, who buy at a discount, soon stop for good: the past tells much, and more
    than how often and how long ago they bought."""
    random = np.random.default_rng(seed)
    if is_noise:
        n = customers * days // 40
        return sorted(
            zip(random.integers(1, customers + 1, n).tolist(), random.integers(0, days, n).tolist(), strict=True)
        )
    rows = []
    for customer in range(1, customers + 1):
        gap, stays = random.choice([6.0, 25.0, 90.0]), 0.99 if customer % 2 else 0.5
        day = float(random.uniform(0, days * 0.8))
        while day < days:
            rows.append((customer, int(day)))
            if random.uniform() > stays:
                break
            day += max(random.exponential(gap), 1.0)
    return rows


def tables_of(
    purchases: list[tuple[int, int]],
    days: int,
    later: list[tuple[int, int, int]] = (),  # type: ignore[assignment]
    *,
    product: int | None = None,
) -> Tables:
    """The purchases on days that end on AS_OF; `later` (customer, days after it, amount) beside them."""
    first = AS_OF - timedelta(days=days - 1)
    orders = [
        Order(i, f"{first + timedelta(days=day)} 12:00", customer) for i, (customer, day) in enumerate(purchases, 1)
    ]
    lines = [
        Line(
            order.id,
            str(10 + order.id % 7),
            discount="0" if (order.customer or 0) % 2 else "3",
            product=product,
        )
        for order in orders
    ]
    for i, (customer, after, amount) in enumerate(later, len(orders) + 1):
        orders.append(Order(i, f"{AS_OF + timedelta(days=after)} 00:00", customer))
        lines.append(Line(i, str(amount)))
    return make_tables(orders, lines, [] if product is None else [Product(product, "Tea")])


REAL = bought(700, 260, seed=5, is_noise=False)


@pytest.fixture(scope="module")
def report() -> ChurnReport:
    return churn(tables_of(REAL, 260), PARAMS)


def test_what_the_past_tells_is_found_and_beats_every_trivial_baseline(report: ChurnReport) -> None:
    assert (report.verdict, report.reason) == ("usable", None)
    auc = report.measure("model", "auc")
    assert auc is not None
    assert auc.low > 0.65
    gains = report.gains.set_index(["predictor", "baseline"])["low"]
    assert (gains["model"] > 0).all()
    assert report.slope is not None
    assert 0.75 < report.slope.value < 1.3
    assert set(report.quality["predictor"]) == {
        "model", "logistic", "boosting", "recency", "expected_purchases", "base_rate"
    }  # fmt: skip


def test_every_customer_alive_is_scored_riskiest_first_and_the_lost_are_not(report: ChurnReport) -> None:
    assert report.n_scored == len(report.customers) == report.days["customers"].iloc[0]
    assert report.customers["probability"].is_monotonic_decreasing
    assert report.customers["customer_id"].is_unique
    everyone = {customer for customer, _day in REAL}
    assert report.n_scored + report.n_lost == len(everyone)
    assert report.n_lost > 0


def test_reasons_of_the_first_customers_add_up_to_their_scores(report: ChurnReport) -> None:
    assert report.model is not None
    found = report.model.log_odds(report.top)
    np.testing.assert_allclose(found, log_odds(report.top["probability"].to_numpy()), rtol=1e-9)
    top = report.customers.head(len(report.top))
    largest = report.model.contributions(report.top).argmax(axis=1)
    is_given = top["reason_1"].to_numpy() >= 0
    assert (top["reason_1"].to_numpy()[is_given] == largest[is_given]).all()


def test_the_tested_days_come_after_the_days_learned_from(report: ChurnReport) -> None:
    days = report.days
    assert days["is_tested"].tolist()[:3] == [False, True, True]
    assert not days["is_tested"].iloc[3:].any()
    assert days["day"].tolist() == sorted(days["day"], reverse=True)
    assert np.isnan(days["left"].iloc[0])


def same(one: ChurnReport, two: ChurnReport) -> None:
    for name in ("customers", "top", "quality", "gains", "calibration", "gain", "days", "drift"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name), check_exact=True)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(1, 720), st.integers(1, 200), st.integers(1, 99_999)), min_size=1, max_size=400
    )
)  # fmt: skip
def test_rows_after_the_day_move_no_score(report: ChurnReport, later: list[tuple[int, int, int]]) -> None:
    same(churn(tables_of(REAL, 260, later), PARAMS), report)


def test_the_first_days_of_a_young_company_do_not_cost_the_baseline_of_expected_purchases() -> None:
    end = date(2026, 6, 29)
    known = churn(leavers_tables(end), ChurnParams(end, 90))
    few = churn(leavers_tables(end, earlier=12), ChurnParams(end, 90))
    assert few.days["customers"].min() > 12
    assert set(few.quality["predictor"]) == set(known.quality["predictor"]) >= {"expected_purchases"}
    assert (few.verdict, few.reason) == ("usable", None)


def test_where_counting_purchases_tells_as_much_nobody_is_scored_and_the_ranking_by_them_is_named() -> None:
    log = log_of_transactions(CDNOW, CDNOW_SPEND, n=900, days=365, seed=3)
    days = (log["date"] - log["date"].min()).dt.days
    found = churn(tables_of(list(zip(log["customer"].tolist(), days.tolist(), strict=True)), 365), PARAMS)
    assert (found.verdict, found.n_scored, found.model) == ("refused", 0, None)
    assert str(found.reason) == "The model predicts no better than the purchases BG/NBD expects."
    assert found.ranks_by_expected
    gains = found.gains.set_index(["predictor", "baseline"])["low"]
    assert (gains["expected_purchases"] > 0).all()
    assert gains["model", "expected_purchases"] <= 0


@pytest.mark.parametrize("seed", range(4))
def test_pure_noise_is_refused_and_nobody_scored(seed: int) -> None:
    found = churn(tables_of(bought(400, 300, seed=seed, is_noise=True), 300), PARAMS)
    assert found.verdict == "refused"
    assert str(found.reason).startswith("The model predicts no better than ")
    assert found.n_tested > 200
    assert (found.n_scored, len(found.customers), len(found.top), found.model) == (0, 0, 0, None)


def test_predictions_equal_but_for_their_rounding_beat_nothing() -> None:
    found = churn(tables_of(bought(400, 300, seed=1, is_noise=True), 300), PARAMS)
    gains = found.gains[found.gains["predictor"] == "expected_purchases"]
    assert (gains["low"] > 0).all()
    assert (gains["low"] < 1e-6).all()
    assert not found.ranks_by_expected


def refusal(tables: Tables, params: ChurnParams = PARAMS) -> str:
    found = churn(tables, params)
    assert (found.verdict, found.n_scored) == ("refused", 0)
    return str(found.reason)


def test_what_cannot_carry_a_model_is_refused_in_words() -> None:
    assert refusal(make_tables()) == "No known customer had ordered anything by 2024-06-30."
    assert refusal(tables_of([(c, 0) for c in range(1, 500)], 1)) == (
        "The history is too short for a horizon of 30 days: purchases are recorded from 2024-06-30, and it takes about "
        "121 days up to 2024-06-30."
    )
    assert refusal(tables_of(REAL, 260), ChurnParams(AS_OF, 200)).startswith("The history is too short for a horizon")
    one = [(1, day) for day in range(0, 200, 5)]
    assert refusal(tables_of(one, 200)) == (
        "A churn model needs at least 100 customers who are not lost yet on each day it learns from; on 2024-05-27 "
        "there were 1."
    )
    once = [(c, c % 200) for c in range(1, 1500)]
    assert refusal(tables_of(once, 200)).startswith(
        "A churn model needs at least 30 customers who left and 30 who stayed on each day it learns from; after "
    )
    refunds = make_tables([Order(1, "2024-01-01 12:00", 1)], [Line(1, "-5", kind="refund", quantity=-1)])
    assert refusal(refunds, ChurnParams(AS_OF, 7)).startswith("The history is too short for a horizon of 7 days")


def test_one_product_of_one_category_is_enough_to_learn_from() -> None:
    tables = tables_of(REAL, 260, product=1)
    found = churn(tables, PARAMS)
    assert (found.verdict, found.reason) == ("usable", None)
    assert set(found.top["products"]) == {1.0}


@pytest.mark.parametrize("step", [1, 4, 7])
def test_a_cancelled_run_ends_at_its_next_step_and_is_no_refusal(step: int, report: ChurnReport) -> None:
    heard: list[str] = []

    def progress(fraction: float, words: str) -> None:
        heard.append(words)
        if len(heard) == step:
            raise Cancelled("The computation of '{analysis}' was cancelled.", analysis="churn")

    tables = tables_of(REAL, 260)
    with pytest.raises(Cancelled):
        churn(tables, PARAMS, progress)
    assert len(heard) == step
    if step == 7:
        same(churn(tables, PARAMS), report)


def test_a_horizon_out_of_reach_is_refused_in_words() -> None:
    with pytest.raises(Invalid) as refused:
        ChurnParams(AS_OF, 3)
    assert str(refused.value.fields["horizon"]) == "A horizon of 3 days is not possible; choose between 7 and 730."


def test_the_days_step_back_by_the_horizon_and_meet_the_same_season() -> None:
    found = plan(AS_OF, 90, date(2021, 1, 1))
    assert found.season == 4
    assert found.days[:2] == (AS_OF, AS_OF - timedelta(days=91))
    assert AS_OF - found.days[4] == timedelta(days=364)
    assert (found.alike(0), found.alike(2)) == (4, 6)
    short = plan(AS_OF, 90, date(2023, 5, 1))
    assert len(short.days) == 4
    assert short.alike(1) == 2
    assert plan(AS_OF, 250, date(2019, 1, 1)).season is None
    with pytest.raises(AnalysisRefused, match="too short"):
        plan(AS_OF, 90, date(2023, 9, 1))
    for horizon in (7, 30, 45, 60, 100, 182):
        days = plan(AS_OF, horizon, date(2010, 1, 1)).days
        assert min((a - b).days for a, b in pairwise(days)) >= horizon


def test_who_is_alive_depends_on_the_own_rhythm() -> None:
    rows = pd.DataFrame(
        [(179, np.nan, 1), (181, np.nan, 1), (100, 10.0, 9), (80, 10.0, 9), (200, 100.0, 3), (301, 100.0, 3)],
        columns=["recency_days", "gap_days", "purchase_days"],
    )
    assert is_alive(rows, 90).tolist() == [True, False, False, True, True, False]


def test_the_usual_value_is_last_years_sales_by_the_day_times_the_horizon() -> None:
    rows = pd.DataFrame(
        {"tenure_days": [1000.0, 181.0, 10.0, 500.0], "year_e4": [364_0000, 182_0000, 91_0000, -5_0000]}
    )
    assert usual_value(rows, 91).tolist() == [91_0000, 91_0000, 91_0000, 0]


@pytest.mark.parametrize("share", [0.05, 0.4, 0.7])
def test_the_halves_are_even_among_a_drawn_share_of_the_customers(share: float) -> None:
    ids = np.arange(1, 20_001)
    drawn = ids[ids % 2**31 * 2_654_435_761 % 2**32 < share * 2**32]
    assert _half(pd.DataFrame({"customer_id": drawn})).mean() == pytest.approx(0.5, abs=0.06)
