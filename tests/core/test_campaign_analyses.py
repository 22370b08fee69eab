"""The plan and the outcome of a campaign on a few literal customers, and on simulated ones."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from crm_core.analytics.campaign_outcome import CampaignOutcomeParams, CampaignOutcomeReport, campaign_outcome
from crm_core.analytics.campaign_plan import CampaignPlanParams, campaign_plan
from crm_core.analytics.membership import Who
from crm_core.analytics.periods import Period
from crm_core.errors import Invalid
from crm_core.warehouse import Tables
from tests.core.tables import Line, Order, make_tables

WINDOW = Period(date(2026, 6, 1), date(2026, 6, 15))


def outcome(tables: Tables, treated: Any, held_out: Any, **given: Any) -> CampaignOutcomeReport:
    params = {"window": WINDOW, "today": WINDOW.end, "contact_cost": Decimal("0.5"), "margin_bp": 4_000} | given
    return campaign_outcome(
        tables, CampaignOutcomeParams(treated=Who.by_list(treated), held_out=Who.by_list(held_out), **params)
    )


def shop(buyers: dict[int, str], *, n: int, last: str = "2026-06-14 12:00") -> Tables:
    """Customers 1 to n of whom some bought once in the window, and one order that shows the records go on."""
    orders = [Order(customer, "2026-06-05 12:00", customer) for customer in buyers]
    lines = [Line(customer, amount) for customer, amount in buyers.items()]
    return make_tables(
        [*orders, Order(9_999, last, None)],
        [*lines, Line(9_999, "1")],
        customers=[{"id": customer, "has_marketing_consent": True} for customer in range(1, n + 1)],
    )


def test_the_outcome_counts_everybody_listed_in_the_arm_they_were_drawn_into() -> None:
    tables = make_tables(
        [
            Order(1, "2026-06-01 00:00", 1), Order(2, "2026-06-14 23:59", 1), Order(3, "2026-06-15 00:00", 2),
            Order(4, "2026-05-31 23:59", 2), Order(5, "2026-06-03 10:00", 3), Order(6, "2026-06-04 10:00", 4),
            Order(7, "2026-06-20 10:00", None),
        ],
        [
            Line(1, "10"), Line(2, "30", discount="5"), Line(3, "500"), Line(4, "500"), Line(5, "20"),
            Line(5, "-20", "refund", -1), Line(6, "-7", "refund", -1), Line(7, "1"),
        ],
        customers=[{"id": customer} for customer in range(1, 7)],
    )  # fmt: skip
    report = outcome(tables, [1, 2, 3], [4, 5, 6, 777])
    treated, held_out = report.arms.to_dict("records")
    assert (treated["customers"], treated["buyers"], treated["net_sales"]) == (3, 2, Decimal("35.0000"))
    assert (held_out["customers"], held_out["buyers"], held_out["net_sales"]) == (3, 0, Decimal("-7.0000"))
    assert treated["sales_per_customer"] == pytest.approx(35 / 3)
    assert report.cost == Decimal("1.5")
    assert report.conversion_verdict == "too_small"
    assert report.conversion is None


def test_nothing_is_claimed_before_the_window_is_over_nor_where_the_orders_end_before_it() -> None:
    buyers = dict.fromkeys(range(1, 81), "50")
    tables = shop(buyers, n=200)
    early = outcome(tables, range(1, 101), range(101, 201), today=WINDOW.end - timedelta(days=1))
    assert (early.conversion_verdict, early.conversion, early.profit) == ("window_open", None, None)
    cut_off = shop(buyers, n=200, last="2026-06-13 12:00")
    ends = outcome(cut_off, range(1, 101), range(101, 201))
    assert (ends.sales_verdict, ends.last_order_on, ends.sales) == ("data_ends", date(2026, 6, 13), None)


def test_a_clear_difference_is_claimed_with_interval_cost_and_profit() -> None:
    buyers = dict.fromkeys(range(1, 41), "50") | dict.fromkeys(range(101, 111), "50")
    report = outcome(shop(buyers, n=200), range(1, 101), range(101, 201))
    assert report.conversion is not None
    assert report.conversion.value == pytest.approx(0.3)
    assert report.conversion.low > 0.15
    assert (report.conversion_verdict, report.sales_verdict) == ("more", "more")
    assert report.sales is not None
    assert report.sales.value == pytest.approx(15)
    assert report.extra_sales is not None
    assert report.extra_sales.value == pytest.approx(1_500)
    assert report.profit is not None
    assert report.profit.value == pytest.approx(1_500 * 0.4 - 50)
    assert report.profit.low == pytest.approx(report.sales.low * 100 * 0.4 - 50)


def test_a_small_difference_is_not_known_yet_and_says_what_could_have_been_seen() -> None:
    buyers = dict.fromkeys([*range(1, 13), *range(101, 111)], "50")
    report = outcome(shop(buyers, n=200), range(1, 101), range(101, 201))
    assert report.conversion_verdict == "unclear"
    assert report.conversion is not None
    assert report.conversion.low < 0 < report.conversion.high
    assert report.detectable_conversion == pytest.approx(2.8016 * np.sqrt(0.11 * 0.89 * 2 / 100), abs=1e-4)


def test_without_a_purchase_in_either_arm_sales_are_unclear_and_not_a_number_is_shown() -> None:
    report = outcome(shop({}, n=200), range(1, 101), range(101, 201))
    assert (report.conversion_verdict, report.sales, report.profit) == ("unclear", None, None)
    assert report.detectable_conversion is None


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    generator = np.random.default_rng(5)
    covered = 0
    for _ in range(40):
        bought = generator.random(600) < np.where(np.arange(600) < 400, 0.30, 0.20)
        buyers = {int(place) + 1: f"{generator.gamma(2, 20) + 1:.2f}" for place in np.flatnonzero(bought)}
        report = outcome(shop(buyers, n=600), range(1, 401), range(401, 601))
        assert report.conversion is not None
        covered += report.conversion.low <= 0.10 <= report.conversion.high
    assert covered >= 34  # of 40 at 95 %: fewer has a chance below 2 in 1,000


def test_the_plan_leaves_out_who_has_not_agreed_and_says_what_could_be_seen() -> None:
    people = [{"id": n, "has_marketing_consent": {0: None, 1: False}.get(n % 5, True)} for n in range(1, 101)]
    orders = [Order(n, "2026-05-20 10:00", n) for n in range(2, 100, 5)]
    tables = make_tables(orders, [Line(order.id, "40") for order in orders], customers=people)
    who = Who.by_rule({"all": [{"is": "metric", "metric": "orders", "op": "at_least", "value": "0", "days": None}]})
    plan = campaign_plan(tables, CampaignPlanParams(who, date(2026, 5, 31), window_days=14, holdout_bp=1_000))
    assert (plan.members, plan.without_consent, plan.treated, plan.held_out) == (100, 40, 54, 6)
    assert plan.conversion == pytest.approx(20 / 60)
    assert plan.sales_mean == pytest.approx(40 / 3)
    assert plan.detectable_conversion == pytest.approx(2.8016 * np.sqrt(2 / 9 * (1 / 54 + 1 / 6)), abs=1e-4)
    assert plan.candidates["stratum"].value_counts().to_dict() == {0: 80, 3: 20}  # equal values stay together


def test_a_plan_for_nobody_has_empty_arms_and_no_figures() -> None:
    tables = make_tables([Order(1, "2026-05-20 10:00", 1)], [Line(1, "40")])
    plan = campaign_plan(tables, CampaignPlanParams(Who.by_list([1]), date(2026, 5, 31), 14, 1_000))
    assert (plan.members, plan.without_consent, plan.treated, plan.held_out) == (1, 1, 0, 0)
    assert plan.conversion is None
    assert plan.detectable_sales is None
    with pytest.raises(Invalid, match="a whole number from 1 to 365"):
        CampaignPlanParams(Who.by_list([1]), date(2026, 5, 31), 0, 1_000)
