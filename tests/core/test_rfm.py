"""RFM: scores that never split equals, segments that leave nobody out."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.access import Actor, Permission, Role
from crm_core.analytics.rfm import SEGMENT_RULES, RfmMembersParams, RfmParams, rfm, rfm_members, scores
from crm_core.analytics.segments import SegmentsParams
from crm_core.errors import Invalid, PermissionDenied
from crm_core.warehouse import Tables
from crm_core.workspace import Workspace
from tests.core.tables import Line, Order, make_tables

AS_OF = date(2024, 3, 1)


@given(st.lists(st.integers(-5, 20), min_size=1, max_size=60), st.integers(3, 10))
def test_equal_values_score_the_same_and_higher_ones_never_lower(values: list[int], n_bins: int) -> None:
    found = scores(pd.Series(values), n_bins)
    assert found.between(1, n_bins).all()
    by_value = pd.DataFrame({"value": values, "score": found}).groupby("value")["score"]
    assert (by_value.nunique() == 1).all()
    assert by_value.first().is_monotonic_increasing


@given(st.permutations(list(range(20))))
def test_scores_do_not_depend_on_the_order_of_rows(order: list[int]) -> None:
    values = pd.Series([n // 3 for n in range(20)])
    assert scores(values.iloc[order], 5).sort_index().equals(scores(values, 5))


def test_distinct_values_fill_five_equal_bins() -> None:
    assert scores(pd.Series(range(100)), 5).value_counts().tolist() == [20] * 5


def test_if_all_are_equal_everyone_scores_in_the_middle() -> None:
    assert set(scores(pd.Series([7] * 9), 5)) == {3}


def test_each_pair_of_scores_falls_into_exactly_one_segment() -> None:
    for r, fm in product(range(1, 6), range(1, 6)):
        hits = [rule for rule in SEGMENT_RULES if rule.r[0] <= r <= rule.r[1] and rule.fm[0] <= fm <= rule.fm[1]]
        assert len(hits) == 1, (r, fm)


def test_recency_frequency_and_net_sales_count_up_to_and_with_the_day() -> None:
    orders = [
        Order(1, "2024-02-01 23:30", 1), Order(2, "2024-03-01 23:30", 1), Order(3, "2024-03-02 00:00", 1),
        Order(4, "2024-02-20 10:00", 2), Order(5, "2024-02-21 10:00", 2), Order(6, "2024-02-20 10:00"),
        Order(7, "2024-02-20 10:00", 3),
    ]  # fmt: skip
    lines = [
        Line(1, "10"), Line(2, "20", discount="1"), Line(3, "900"), Line(4, "5"), Line(5, "-2", "refund", -1),
        Line(6, "800"), Line(7, "3", "adjustment"),
    ]  # fmt: skip
    members = rfm_members(make_tables(orders, lines), RfmMembersParams(AS_OF)).members
    assert members[["ref", "recency_days", "frequency", "monetary_e4"]].values.tolist() == [
        ["C1", 0, 2, 290_000],
        ["C2", 10, 1, 30_000],
    ]


def tables_of(n: int) -> Tables:
    """n customers, one better than the other in everything."""
    orders = [
        Order(1000 * c + i, f"2023-{1 + c % 12:02}-01 10:00", c) for c in range(1, n + 1) for i in range(c % 3 + 1)
    ]
    return make_tables(orders, [Line(order.id, str(order.customer)) for order in orders])


def test_segments_and_grid_hold_every_customer_once() -> None:
    tables = tables_of(60)
    report = rfm(tables, RfmParams(AS_OF))
    assert report.segments["name"].tolist() == [rule.name for rule in SEGMENT_RULES]
    assert (report.customers, report.segments["customers"].sum(), report.grid["customers"].sum()) == (60, 60, 60)
    assert report.segments["share"].sum() == pytest.approx(1)
    assert len(report.grid) == 25
    members = rfm_members(tables, RfmMembersParams(AS_OF)).members
    everything = Decimal(int(members["monetary_e4"].sum())).scaleb(-4)
    assert sum(report.segments["sales"]) == sum(report.grid["sales"]) == everything


def test_members_of_a_segment_and_of_a_cell_are_those_counted() -> None:
    tables = tables_of(60)
    report = rfm(tables, RfmParams(AS_OF))
    for row in report.segments.itertuples():
        members = rfm_members(tables, RfmMembersParams(AS_OF, segment=row.name)).members
        assert (len(members), set(members["segment"])) == (row.customers, {row.name} if row.customers else set())
    cell = report.grid.loc[report.grid["customers"].idxmax()]
    members = rfm_members(tables, RfmMembersParams(AS_OF, cell=(int(cell["r"]), int(cell["f"])))).members
    assert len(members) == cell["customers"]


def test_the_latest_most_frequent_and_best_paying_score_highest() -> None:
    orders = [Order(10 * c + i, f"2024-01-{5 * c:02} 10:00", c) for c in range(1, 6) for i in range(c)]
    tables = make_tables(orders, [Line(order.id, "7") for order in orders])
    members = rfm_members(tables, RfmMembersParams(AS_OF)).members
    assert members[["ref", "r", "f", "m"]].values.tolist() == [[f"C{c}", c, c, c] for c in range(5, 0, -1)]
    assert (members["segment"].iloc[0], members["segment"].iloc[-1]) == ("Champions", "Lost")


def test_the_future_moves_no_score() -> None:
    orders = [Order(c, f"2024-01-{c:02} 10:00", c) for c in range(1, 29)]
    later = [Order(100 + c, "2024-03-02 00:00", c) for c in range(1, 29, 2)]
    lines = [Line(order.id, str(order.id)) for order in orders]
    more = [Line(order.id, "500") for order in later]
    before = rfm_members(make_tables(orders, lines), RfmMembersParams(AS_OF))
    after = rfm_members(make_tables(orders + later, lines + more), RfmMembersParams(AS_OF))
    pd.testing.assert_frame_equal(before.members, after.members)


@pytest.mark.parametrize("n_bins", [3, 4, 7, 10])
def test_other_numbers_of_bins_use_the_same_segments(n_bins: int) -> None:
    report = rfm(tables_of(60), RfmParams(AS_OF, n_bins))
    assert report.segments["customers"].sum() == 60
    assert len(report.grid) == n_bins**2
    assert np.isin(report.grid["r"], range(1, n_bins + 1)).all()


def test_nobody_one_customer_and_refunds_alone_are_no_error() -> None:
    assert rfm(make_tables(), RfmParams(AS_OF)).customers == 0
    assert rfm_members(make_tables(), RfmMembersParams(AS_OF)).members.empty
    alone = rfm(make_tables([Order(1, "2024-02-01 10:00", 1)], [Line(1, "5")]), RfmParams(AS_OF))
    assert alone.segments.set_index("name").loc["Need attention", "customers"] == 1
    refunds = make_tables([Order(1, "2024-02-01 10:00", 1)], [Line(1, "-5", "refund", -1)])
    assert rfm(refunds, RfmParams(AS_OF)).customers == 0


def test_wrong_parameters_are_refused_in_words() -> None:
    with pytest.raises(Invalid) as bins:
        RfmParams(AS_OF, 2)
    assert str(bins.value.fields["n_bins"]) == "2 bins are not possible; choose between 3 and 10."
    with pytest.raises(Invalid) as segment:
        RfmMembersParams(AS_OF, segment="Whales")
    assert str(segment.value.fields["segment"]) == "There is no segment 'Whales'."


def test_roles_without_segments_are_refused(workspace: Workspace) -> None:
    workspace.warehouse.refresh()
    for role in Role:
        actor = Actor(user_id=1, name="Someone", role=role)
        if actor.may(Permission.SEGMENTS_VIEW):
            assert workspace.analyses.run(rfm, RfmParams(AS_OF), actor=actor).customers == 0
        else:
            with pytest.raises(PermissionDenied):
                workspace.analyses.run(rfm_members, RfmMembersParams(AS_OF), actor=actor)
    assert not Actor(user_id=1, name="Sue", role=Role.SUPPORT).may(Permission.SEGMENTS_VIEW)


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31"])
def test_a_day_no_calendar_of_sales_holds_is_refused_in_words(day: str) -> None:
    for params in (RfmParams, SegmentsParams):
        with pytest.raises(Invalid) as refused:
            params(date.fromisoformat(day))
        assert str(refused.value.fields["as_of"]) == f"{day} lies outside the years 1900 to 2199."
    RfmParams(date(1900, 1, 1))
    RfmParams(date(2199, 12, 31))
