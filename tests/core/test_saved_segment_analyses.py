"""What is said of a saved segment: its members, its size over time, what sets it apart, what it shares with others."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.analytics.membership import Who
from crm_core.analytics.saved_members import (
    SavedMembersParams,
    SavedSizesParams,
    saved_list,
    saved_members,
    saved_sizes,
)
from crm_core.analytics.segment_overlap import SegmentOverlapParams, segment_overlap
from crm_core.analytics.segment_profile import SegmentProfileParams, segment_profile
from crm_core.analytics.segment_rule_values import SegmentRuleValuesParams, segment_rule_values, sources
from crm_core.analytics.segment_rules import Ground
from crm_core.errors import AnalysisRefused, Invalid
from tests.core.tables import Line, Order, Product, make_tables

AS_OF = date(2026, 6, 30)
BUYERS = {"all": [{"is": "metric", "metric": "orders", "op": "at_least", "value": "1", "days": None}]}


NOBODY = make_tables()


@given(ids=st.sets(st.integers(1, 2**62), max_size=50))
def test_a_list_of_customers_survives_packing_whatever_its_order(ids: set[int]) -> None:
    ground = Ground(NOBODY, AS_OF)
    ground.__dict__["customers"] = np.array(sorted(ids), dtype=np.int64)
    assert Who.by_list(list(ids)).members(ground).tolist() == sorted(ids)
    assert Who.by_list(sorted(ids, reverse=True)) == Who.by_list(list(ids))


@pytest.mark.parametrize("given_", [{}, {"rule": "x", "listed": "y"}, {"rule": "no"}, {"listed": "no"}])
def test_who_is_a_rule_or_a_list_and_nothing_else(given_: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        Who(**given_)


def test_members_come_by_sales_and_those_without_a_sale_last() -> None:
    tables = make_tables(
        [Order(1, "2026-06-01 10:00", 1), Order(2, "2026-06-29 10:00", 2), Order(3, "2026-07-01 10:00", 3)],
        [Line(1, "10"), Line(2, "90"), Line(3, "500")],
        customers=[{"id": 4, "name": "Never bought"}],
    )
    report = saved_members(tables, SavedMembersParams(Who.by_list([1, 2, 3, 4, 99]), AS_OF))
    members = report.members
    assert members["customer_id"].tolist() == [2, 1, 3, 4]
    assert members["monetary_e4"].tolist() == [900_000, 100_000, 0, 0]
    assert members["recency_days"].astype(object).where(members["recency_days"].notna(), None).tolist() == [
        1, 29, None, None,
    ]  # fmt: skip


def test_the_list_of_a_segment_holds_those_its_members_are() -> None:
    tables = make_tables(
        [Order(1, "2026-06-01 10:00", 7), Order(2, "2026-07-01 10:00", 3)], [Line(1, "10"), Line(2, "90")]
    )
    params = SavedMembersParams(Who.by_rule(BUYERS), AS_OF)
    assert saved_list(tables, params).customers.ids().tolist() == [7]
    assert saved_members(tables, params).members["customer_id"].tolist() == [7]


def test_sizes_over_time_count_orders_up_to_each_day() -> None:
    tables = make_tables(
        [Order(1, "2026-04-30 23:59", 1), Order(2, "2026-05-01 00:00", 2), Order(3, "2026-06-30 10:00", 3)],
        [Line(1, "10"), Line(2, "90"), Line(3, "5")],
    )
    days = (date(2026, 4, 29), date(2026, 4, 30), date(2026, 5, 31), AS_OF)
    report = saved_sizes(tables, SavedSizesParams(Who.by_rule(BUYERS), days))
    assert (report.everybody, report.sizes["customers"].tolist()) == (3, [0, 1, 2, 3])
    assert report.sizes["day"].tolist() == list(days)


def test_combinations_hold_each_customer_once_and_pairs_what_two_segments_share() -> None:
    tables = make_tables(customers=[{"id": number} for number in range(1, 9)])
    segments = tuple(Who.by_list(ids) for ids in ([1, 2, 3, 4], [3, 4, 5], [4, 7]))
    report = segment_overlap(tables, SegmentOverlapParams(segments, AS_OF))
    assert report.sizes == (4, 3, 2)
    found = dict(zip(report.combinations["pattern"], report.combinations["customers"], strict=True))
    assert found == {"100": 2, "110": 1, "111": 1, "010": 1, "001": 1}
    assert report.combinations["customers"].tolist() == [2, 1, 1, 1, 1]
    assert report.pairs.to_dict("list") == {
        "one": [0, 0, 1], "other": [1, 2, 2], "shared": [2, 1, 1], "share": [2 / 5, 1 / 5, 1 / 4],
    }  # fmt: skip
    with pytest.raises(Invalid, match="Choose 2 to 6 segments"):
        SegmentOverlapParams(segments[:1], AS_OF)


def test_the_profile_finds_what_sets_a_segment_apart_and_not_what_does_not() -> None:
    generator = np.random.default_rng(3)
    orders, lines, people = [], [], []
    for number in range(1, 401):
        is_member = number <= 100
        people.append({"id": number, "has_marketing_consent": bool(generator.random() < 0.5), "country": "DE"})
        orders.append(Order(number, f"2026-0{generator.integers(1, 6)}-15 10:00", number))
        amount = generator.gamma(4, 50 if is_member else 10) + 1
        lines.append(Line(number, f"{amount:.2f}", product=1 if is_member and number % 4 else 2))
    tables = make_tables(orders, lines, [Product(1, "Tea"), Product(2, "Cups")], customers=people)
    report = segment_profile(tables, SegmentProfileParams(Who.by_list(range(1, 101)), AS_OF))
    assert (report.members, report.others) == (100, 300)
    rows = report.differences.set_index(["feature", report.differences["value"].fillna("")])
    assert rows.loc[("category", "Tea"), "low"] > 1
    assert rows.loc[("category", "Cups"), "high"] < -1
    assert rows.loc[("monetary", ""), "low"] > 1
    assert rows.loc[("recency", ""), "low"] < 0 < rows.loc[("recency", ""), "high"]
    assert rows.loc[("country", "DE"), "effect"] == 0
    assert rows.loc[("category", "Tea"), ["inside", "outside"]].tolist() == [0.75, 0.0]
    assert report.differences["effect"].abs().is_monotonic_decreasing


def test_too_few_members_or_others_are_refused_in_words() -> None:
    tables = make_tables(customers=[{"id": number} for number in range(1, 16)])
    with pytest.raises(AnalysisRefused, match="at least 10 members and as many others; there are 9 and 6"):
        segment_profile(tables, SegmentProfileParams(Who.by_list(range(1, 10)), AS_OF))


def test_values_to_choose_from_come_most_frequent_first() -> None:
    tables = make_tables(customers=[{"id": n, "city": city} for n, city in enumerate(["Ulm", "Bonn", "Bonn", None], 1)])
    assert segment_rule_values(tables, SegmentRuleValuesParams("customers.city")).values == ("Bonn", "Ulm")
    assert "products.category" in sources()
    with pytest.raises(Invalid, match=r"No rule chooses from 'customers\.email'"):
        SegmentRuleValuesParams("customers.email")
