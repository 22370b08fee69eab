"""Features: each one by hand on a few rows, and nothing later than the day they are of changes any."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.analytics.features import NAMES, histories, kept_histories, main_channel
from crm_core.analytics.purchases import purchases
from crm_core.warehouse import Tables
from tests.core.tables import Line, Order, Product, make_tables

AS_OF = date(2024, 6, 30)
ORDERS = [
    Order(1, "2023-07-10 10:00", 1, channel="web"),  # in the 90 days from a year before the day on
    Order(2, "2024-05-01 10:00", 1, channel="shop"),
    Order(3, "2024-05-01 18:00", 1, channel="web"),  # the same day: another order, the same purchase day
    Order(4, "2024-05-05 09:00", 1, channel="web"),  # a refund alone: no purchase
    Order(5, "2024-05-31 23:59", 1, channel="web"),
    Order(6, "2024-06-30 23:59", 2, channel="shop"),
    Order(7, "2024-06-01 12:00", None, channel="shop"),  # a guest's
    Order(8, "2024-07-01 00:00", 2, channel="web"),  # after the day
    Order(9, "2024-07-02 00:00", 3, channel="web"),  # a customer who is not there yet
]
LINES = [
    Line(1, "100", product=1),
    Line(2, "50", discount="5", product=2),
    Line(3, "30", product=1),
    Line(4, "-20", kind="refund", quantity=-1, product=1),
    Line(5, "20", product=3),
    Line(5, "4", kind="adjustment"),
    Line(6, "10", product=4),
    Line(7, "99", product=4),
    Line(8, "70", product=5),
    Line(9, "70", product=5),
]
PRODUCTS = [Product(1, "tea"), Product(2, "tea"), Product(3, "pots"), Product(4), Product(5, "cups")]


def small() -> Tables:
    return make_tables(ORDERS, LINES, PRODUCTS)


def test_every_feature_of_two_customers_by_hand() -> None:
    found = histories(small(), AS_OF, channel="web").features(AS_OF, 90).set_index("customer_id")
    assert list(found.index) == [1, 2]
    gaps = [296, 30]  # 10 July to 1 May, 1 May to 31 May
    quarters = (356 + 1 - 91) / 91
    wanted = {
        "recency_days": 30, "overdue": 30 / 163, "gap_days": 163, "gap_spread": np.std(gaps) / 163, "frequency": 4,
        "is_repeat": 1, "tenure_days": 356, "order_value": (100 + 45 + 30 - 20 + 20) / 4, "recent_orders": 3,
        "trend": 3.5 / (1 / quarters + 0.5), "season_orders": math.nan, "products": 3, "categories": 2,
        "discount_share": 5 / 200, "refund_share": 20 / 200, "main_channel_share": 3 / 4, "purchase_days": 3,
        "monetary_e4": 1_750_000, "year_e4": 1_750_000,
    }  # fmt: skip
    assert found.loc[1].to_dict() == pytest.approx(wanted, nan_ok=True)
    once = {
        "recency_days": 0, "overdue": math.nan, "gap_days": math.nan, "gap_spread": math.nan, "frequency": 1,
        "is_repeat": 0, "tenure_days": 0, "order_value": 10, "recent_orders": 1, "trend": math.nan,
        "season_orders": math.nan, "products": 1, "categories": 0, "discount_share": 0, "refund_share": 0,
        "main_channel_share": 0, "purchase_days": 1, "monetary_e4": 100_000, "year_e4": 100_000,
    }  # fmt: skip
    assert found.loc[2].to_dict() == pytest.approx(once, nan_ok=True)


def test_the_coming_season_is_the_span_a_year_ago() -> None:
    days = ["2023-01-01", "2023-07-02", "2023-07-03", "2023-09-30", "2023-10-01", "2024-06-30"]
    orders = [Order(i, f"{day} 12:00", 1) for i, day in enumerate(days, 1)]
    found = histories(make_tables(orders, [Line(o.id, "5") for o in orders]), AS_OF, channel=None).features(AS_OF, 90)
    assert found["season_orders"].tolist() == [2]  # 3 July to 30 September: 364 days before the 90 days to come


def test_features_agree_with_the_definitions_of_rfm() -> None:
    tables, names = small(), ["recency_days", "tenure_days", "frequency", "monetary_e4"]
    found = histories(tables, AS_OF, channel=None).features(AS_OF, 30)
    pd.testing.assert_frame_equal(found[names], purchases(tables, AS_OF)[names], check_dtype=False)


def test_days_kept_for_several_cutoffs_give_what_each_gives_alone() -> None:
    tables, early = small(), AS_OF - timedelta(days=45)
    with kept_histories(tables, AS_OF + timedelta(days=5), channel="web") as kept:
        for day in (early, AS_OF):
            alone = histories(tables, day, channel="web").features(day, 60)
            pd.testing.assert_frame_equal(kept.features(day, 60), alone, check_exact=True)
        assert kept.buyers(AS_OF, 1).tolist() == [2]
        assert kept.buyers(AS_OF, 5).tolist() == [2, 3]
        with pytest.raises(ValueError, match="is not known yet"):
            kept.buyers(AS_OF, 6)


def test_a_share_of_the_customers_is_always_the_same_and_about_as_large_as_asked() -> None:
    orders = [Order(c, "2024-06-01 12:00", c) for c in range(1, 2001)]
    tables = make_tables(orders, [Line(order.id, "5") for order in orders])
    drawn = [histories(tables, AS_OF, channel=None, share=0.3).features(AS_OF, 30)["customer_id"] for _ in range(2)]
    assert drawn[0].tolist() == drawn[1].tolist()
    assert 0.27 < len(drawn[0]) / 2000 < 0.33
    smaller = histories(tables, AS_OF, channel=None, share=0.1).features(AS_OF, 30)["customer_id"]
    assert set(smaller) < set(drawn[0])


def test_the_main_channel_is_that_of_most_orders_so_far() -> None:
    assert main_channel(small(), AS_OF) == "web"
    assert main_channel(small(), date(2023, 1, 1)) is None


days_after = st.integers(min_value=0, max_value=400)
later_order = st.tuples(st.integers(1, 4), days_after, st.integers(0, 86_399), st.integers(1, 500), st.integers(1, 5))
later_orders = st.lists(later_order, max_size=12)


@settings(max_examples=40, deadline=None)
@given(later_orders, st.sets(st.sampled_from([8, 9])))
def test_rows_after_the_day_altered_deleted_or_added_change_no_feature(
    added: list[tuple[int, int, int, int, int]], deleted: set[int]
) -> None:
    midnight = AS_OF + timedelta(days=1)
    orders = [order for order in ORDERS if order.id not in deleted]
    lines = [line for line in LINES if line.order not in deleted]
    for i, (customer, day, second, amount, product) in enumerate(added, 100):
        at = f"{midnight + timedelta(days=day)} {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
        orders.append(Order(i, at, customer, channel="phone"))
        is_refund = amount % 5 == 0
        kind, sign = ("refund", -1) if is_refund else ("sale", 1)
        lines.append(Line(i, str(sign * amount), kind=kind, quantity=sign, product=product))
    altered = make_tables(orders, lines, PRODUCTS)
    assert main_channel(altered, AS_OF) == "web"
    with kept_histories(altered, AS_OF + timedelta(days=500), channel="web") as kept:
        pd.testing.assert_frame_equal(kept.features(AS_OF, 90), untouched(), check_exact=True)


def untouched() -> pd.DataFrame:
    return histories(small(), AS_OF, channel="web").features(AS_OF, 90)


def test_refunds_alone_make_no_customer() -> None:
    tables = make_tables([Order(1, "2024-06-01 12:00", 1)], [Line(1, "-5", kind="refund", quantity=-1)])
    found = histories(tables, AS_OF, channel=None).features(AS_OF, 30)
    assert found.empty
    assert set(NAMES) <= set(found.columns)
