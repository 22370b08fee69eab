"""Clusters: planted groups are found, a continuum is called one, and what cannot be clustered is refused."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from crm_core.analytics.segment_features import FEATURES
from crm_core.analytics.segment_names import name_of, traits_of
from crm_core.analytics.segments import (
    SegmentMembersParams,
    SegmentsParams,
    segment_members,
    segments,
)
from crm_core.errors import AnalysisRefused, Cancelled, Invalid
from crm_core.warehouse import Tables
from tests.core.tables import Line, Order, make_tables

AS_OF = date(2024, 3, 1)
GROUPS = {1: (5, 12, 900), 2: (40, 4, 60), 3: (400, 1, 15)}
"""Recency in days, orders, spend per order of three planted groups."""


def planted(per_group: int = 30) -> Tables:
    """Customers 100–199 of group 1, 200–299 of group 2, 300–399 of group 3, each a little different."""
    random = np.random.default_rng(5)
    orders, lines = [], []
    for group, (recency, count, spend) in GROUPS.items():
        for customer in range(100 * group, 100 * group + per_group):
            for i in range(count):
                day = AS_OF - timedelta(days=int(recency * random.uniform(0.8, 1.2)) + 3 * i)
                orders.append(Order(len(orders) + 1, f"{day} 10:00", customer))
                lines.append(Line(len(orders), str(int(spend * random.uniform(0.8, 1.2)))))
    return make_tables(orders, lines)


def test_planted_groups_are_found_named_and_called_natural() -> None:
    tables = planted()
    steps: list[float] = []
    report = segments(tables, SegmentsParams(AS_OF), lambda fraction, _step: steps.append(fraction))
    assert (report.k, report.verdict, report.n) == (3, "natural", 90)
    assert report.silhouette_compared > report.silhouette_null + 0.1
    assert report.ari_p10 > 0.95
    found = report.segments
    assert found["customers"].tolist() == [30, 30, 30]
    assert found["name"].tolist()[0] == "Best customers"
    assert found["name"].tolist()[2] == "Lapsed small buyers"
    assert found["centre_frequency"].tolist() == [12, 4, 1]
    assert found["sales"].is_monotonic_decreasing
    assert steps == sorted(steps)
    members = [segment_members(tables, SegmentMembersParams(AS_OF, 3, segment)).members for segment in (1, 2, 3)]
    assert [set(rows["customer_id"] // 100) for rows in members] == [{1}, {2}, {3}]


def test_the_same_data_gives_the_same_report_whatever_the_number_of_threads() -> None:
    tables = planted(20)
    with threadpool_limits(1):
        one = segments(tables, SegmentsParams(AS_OF, k=3))
    with threadpool_limits(2):
        two = segments(tables, SegmentsParams(AS_OF, k=3))
    for name in ("segments", "points", "candidates"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name), check_exact=True)
    assert one.silhouette == two.silhouette


def test_the_future_moves_no_cluster() -> None:
    tables = planted(20)
    later = [Order(99_000 + c, "2024-03-02 00:00", c) for c in range(100, 120)]
    rows = [Order(o["id"], o["ordered_at"].isoformat(), o["customer_id"]) for o in records(tables.orders)]
    lines = [Line(r["order_id"], str(r["amount_e4"] / 10_000)) for r in records(tables.order_lines)]
    with_future = make_tables(rows + later, lines + [Line(order.id, "99999") for order in later])
    before, after = (segments(t, SegmentsParams(AS_OF, k=3)) for t in (tables, with_future))
    pd.testing.assert_frame_equal(before.segments, after.segments)


def records(frame: nw.LazyFrame) -> list[dict[str, Any]]:
    return frame.collect("pyarrow").to_native().to_pylist()


def test_names_say_when_and_how_much() -> None:
    assert name_of({"recency": -1.0, "frequency": 1.0, "monetary": 1.0}) == "Best customers"
    assert name_of({"recency": 1.0, "frequency": -1.0, "monetary": -1.0}) == "Lapsed small buyers"
    assert name_of({"order_value": 0.3}) == "Average customers"
    assert name_of({"recency": -0.6, "discounts": 1.2}) == "Bargain hunters"
    assert name_of({"recency": -1.6, "monetary": 0.9, "discounts": 1.2}) == "Best customers"


def test_traits_are_the_clear_differences_largest_first() -> None:
    assert traits_of({"recency": 0.6, "monetary": -1.0, "tenure": 0.4}) == (
        ("monetary", "spend less than most"),
        ("recency", "have not bought for longer than most"),
    )
    assert traits_of({"recency": 0.1}) == ()


def test_every_feature_has_words_for_either_direction() -> None:
    for feature in FEATURES:
        for direction in (-1.0, 1.0):
            assert traits_of({feature: direction})
            assert name_of({feature: direction})


@pytest.mark.parametrize("method", ["kmeans", "mixture", "density"])
def test_orders_of_one_day_and_nobody_who_came_again_are_one_cloud_and_no_error(method: Any) -> None:
    amounts = np.random.default_rng(8).lognormal(4, 0.6, 120)
    orders = [Order(c, "2024-02-01 10:00", c) for c in range(1, 121)]
    tables = make_tables(orders, [Line(o.id, f"{amount:.2f}") for o, amount in zip(orders, amounts, strict=True)])
    features = ("recency", "frequency", "monetary", "regularity", "refunds")
    report = segments(tables, SegmentsParams(AS_OF, None, features, method))
    assert not report.has_structure
    assert report.segments["customers"].sum() == report.n == 120


def test_a_cancelled_run_ends_at_once() -> None:
    def cancel(fraction: float, _step: str) -> None:
        if fraction > 0.1:
            raise Cancelled("The run was cancelled.")

    with pytest.raises(Cancelled):
        segments(planted(20), SegmentsParams(AS_OF), cancel)


def test_too_few_customers_are_refused_in_words() -> None:
    with pytest.raises(AnalysisRefused) as refused:
        segments(planted(10), SegmentsParams(AS_OF))
    assert str(refused.value) == "Clusters need at least 50 customers with a sale up to 2024-03-01; there are 30."


def test_customers_who_are_all_alike_are_refused_in_words() -> None:
    orders = [Order(c, "2024-02-01 10:00", c) for c in range(1, 61)]
    alike = make_tables(orders, [Line(order.id, "5") for order in orders])
    with pytest.raises(AnalysisRefused) as refused:
        segments(alike, SegmentsParams(AS_OF))
    assert str(refused.value) == "All 60 customers are alike in what is compared; there is nothing to cluster."


def test_more_clusters_than_kinds_of_customers_are_refused_in_words() -> None:
    orders = [Order(c, f"2024-02-0{1 + c % 2} 10:00", c) for c in range(1, 61)]
    two_kinds = make_tables(orders, [Line(order.id, "5") for order in orders])
    with pytest.raises(AnalysisRefused) as refused:
        segments(two_kinds, SegmentsParams(AS_OF, k=4))
    assert str(refused.value) == "There are only 2 different kinds of customers, too few for 4 clusters."
    assert segments(two_kinds, SegmentsParams(AS_OF)).k == 2


def test_a_few_kinds_of_customers_are_clustered_without_complaint() -> None:
    kinds = [0] * 30 + [1] * 20 + list(range(2, 9))
    orders = [Order(c, f"2024-02-{1 + 3 * kind:02} 10:00", c) for c, kind in enumerate(kinds, 1)]
    report = segments(make_tables(orders, [Line(order.id, "5") for order in orders]), SegmentsParams(AS_OF))
    assert report.segments["customers"].sum() == len(kinds)


def test_wrong_parameters_are_refused_in_words() -> None:
    with pytest.raises(Invalid) as k:
        SegmentsParams(AS_OF, k=1)
    assert str(k.value.fields["k"]) == "1 clusters are not possible; choose between 2 and 12."
    with pytest.raises(Invalid) as features:
        SegmentsParams(AS_OF, features=("recency", "shoe_size"))
    assert str(features.value.fields["features"]) == (
        "The features must be some of recency, frequency, monetary, tenure, order_value, regularity, products, "
        "categories, refunds, discounts, each once."
    )
    with pytest.raises(Invalid) as segment:
        SegmentMembersParams(AS_OF, 3, 4)
    assert str(segment.value.fields["segment"]) == "There is no segment 4."
