"""Moves between segments: every customer once, by one yardstick on both days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.analytics.migration import (
    NOWHERE,
    MigrationParams,
    MigrationReport,
    MovedParams,
    SizesParams,
    migration,
    moved,
    segment_sizes,
)
from crm_core.analytics.rfm_scores import Scoring, Thresholds, suggested
from crm_core.analytics.segments import SegmentsParams, segments
from crm_core.errors import Invalid
from crm_core.warehouse import Tables
from tests.core.tables import Line, Order, make_tables
from tests.core.test_segments import AS_OF, planted

BEFORE, AFTER = date(2024, 1, 31), date(2024, 3, 31)
BOUNDS = Thresholds((30, 60, 90), (2, 3, 4), (Decimal(50), Decimal(100), Decimal(200)))
BY_BOUNDS = Scoring(4, BOUNDS)


def shop() -> Tables:
    """Ann orders on and on, Bob stops, Cid comes in February."""
    days = {1: ["2024-01-05", "2024-01-25", "2024-02-20", "2024-03-20"], 2: ["2024-01-20"], 3: ["2024-02-10"]}
    orders = [Order(10 * who + i, f"{day} 10:00", who) for who, dates in days.items() for i, day in enumerate(dates)]
    return make_tables(orders, [Line(order.id, "100") for order in orders])


def cells(report: MigrationReport) -> Mapping[tuple[str, str], int]:
    filled = report.moves[report.moves["customers"] > 0]
    return {(str(row.origin), str(row.target)): int(row.customers) for row in filled.itertuples()}  # type: ignore[arg-type]


def test_who_moved_where_and_what_they_bought_meanwhile() -> None:
    report = migration(shop(), MigrationParams(BY_BOUNDS, BEFORE, AFTER))
    assert cells(report) == {
        ("Champions", "Champions"): 1,  # Ann: scores 4, 2, 4, then 4, 4, 4
        ("Potential loyalists", "At risk"): 1,  # Bob: 11 days ago, then 71
        (NOWHERE, "Potential loyalists"): 1,  # Cid: 50 days ago
    }
    assert (report.customers, report.moved, report.new) == (2, 1, 1)
    meanwhile = report.moves.set_index(["origin", "target"])["sales"]
    assert meanwhile["Champions", "Champions"] == Decimal(200)
    assert sum(report.moves["sales"]) == Decimal(300)


def test_members_of_a_move_are_those_counted() -> None:
    tables = shop()
    report = migration(tables, MigrationParams(BY_BOUNDS, BEFORE, AFTER))
    for (origin, target), n in cells(report).items():
        members = moved(tables, MovedParams(BY_BOUNDS, BEFORE, AFTER, origin, target)).members
        assert len(members) == n
    newcomers = moved(tables, MovedParams(BY_BOUNDS, BEFORE, AFTER, NOWHERE, "Potential loyalists")).members
    assert newcomers["ref"].tolist() == ["C3"]


def test_everybody_who_moved_can_be_listed_and_who_left_or_entered_one_segment() -> None:
    def listed(origin: str | None, target: str | None) -> list[str]:
        params = MovedParams(BY_BOUNDS, BEFORE, AFTER, origin, target)
        return [str(ref) for ref in moved(shop(), params).members["ref"]]

    assert listed(None, None) == ["C2"]  # Bob; Ann stayed, and Cid is new
    assert listed("Potential loyalists", None) == ["C2"]
    assert listed(None, "At risk") == ["C2"]
    assert listed(None, "Potential loyalists") == listed("Champions", None) == []
    assert listed(NOWHERE, None) == ["C3"]


purchase_days = st.dates(date(2024, 1, 1), date(2024, 4, 30))


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 8), purchase_days, st.integers(1, 300)), max_size=30), st.booleans())
def test_flows_add_up_and_the_future_moves_nobody(bought: list[tuple[int, date, int]], is_by_quantile: bool) -> None:
    params = MigrationParams(Scoring() if is_by_quantile else BY_BOUNDS, BEFORE, AFTER)

    def tables(rows: list[tuple[int, date, int]]) -> Tables:
        orders = [Order(i, f"{day} 10:00", who) for i, (who, day, _amount) in enumerate(rows, 1)]
        return make_tables(orders, [Line(i, str(amount)) for i, (_who, _day, amount) in enumerate(rows, 1)])

    report = migration(tables(bought), params)
    flows = report.segments
    assert (flows["before"] - flows["left"] == flows["stayed"]).all()
    assert (flows["stayed"] + flows["entered"] + flows["new"] == flows["after"]).all()
    assert flows["before"].sum() == report.customers == len({who for who, day, _ in bought if day <= BEFORE})
    assert flows["after"].sum() == len({who for who, day, _ in bought if day <= AFTER})
    assert flows["left"].sum() == flows["entered"].sum() == report.moved
    assert len(moved(tables(bought), MovedParams(params.yardstick, BEFORE, AFTER)).members) == report.moved
    past = migration(tables([row for row in bought if row[1] <= AFTER]), params)
    assert past.moves.equals(report.moves)


def test_a_clustering_places_customers_and_newcomers_of_another_day_by_the_same_yardstick() -> None:
    tables = planted()
    found = segments(tables, SegmentsParams(AS_OF, k=3)).clustering
    assert found is not None
    assert found.keys == ("1", "2", "3")
    sizes = segment_sizes(tables, SizesParams(found, (date(2023, 6, 30), date(2024, 1, 15), AS_OF))).sizes
    assert sizes["customers"].tolist()[-3:] == [30, 30, 30]
    assert sizes["customers"].tolist()[:2] == [0, 0]  # only the long lapsed had bought by then
    assert sizes.groupby("day")["share"].sum().tolist() == pytest.approx([1, 1, 1])
    report = migration(tables, MigrationParams(found, date(2024, 1, 15), AS_OF))
    assert report.segments["after"].tolist() == [30, 30, 30]
    assert report.new == 90 - report.customers


def test_two_days_out_of_order_and_unknown_segments_are_refused_in_words() -> None:
    with pytest.raises(Invalid) as order:
        MigrationParams(Scoring(), AFTER, AFTER)
    assert str(order.value.fields["before"]) == "2024-03-31 is not later than 2024-03-31; choose two days in order."
    with pytest.raises(Invalid) as unknown:
        MovedParams(Scoring(), BEFORE, AFTER, "Champions", NOWHERE)
    assert str(unknown.value.fields["target"]) == "There is no segment ''."
    with pytest.raises(Invalid) as days:
        SizesParams(Scoring(), ())
    assert str(days.value.fields["days"]) == "0 days are not possible; choose 1 to 60."


def test_nobody_on_either_day_is_no_error() -> None:
    report = migration(make_tables(), MigrationParams(Scoring(), BEFORE, AFTER))
    assert (report.customers, report.new, report.moved) == (0, 0, 0)
    assert segment_sizes(make_tables(), SizesParams(Scoring(), (BEFORE,))).sizes["customers"].sum() == 0


def test_thresholds_decide_scores_whatever_others_do() -> None:
    scored = BY_BOUNDS.customers(shop(), AFTER)
    assert scored[["r", "f", "m"]].values.tolist() == [[4, 4, 4], [2, 1, 3], [3, 1, 3]]


@pytest.mark.parametrize(
    ("bounds", "field", "words"),
    [
        (((90, 60, 30), (2, 3, 4), (1, 2, 3)), "recency_days", "The bounds must rise from each to the next."),
        (((30, 60, 90), (0, 3, 4), (1, 2, 3)), "frequency", "The first bound must be at least 1."),
        (((30, 60), (2, 3), (1,)), "monetary", "1 bounds are given; there must be 2 to 9, as many of each kind."),
        (((30,), (2,), (1,)), "frequency", "1 bounds are given; there must be 2 to 9, as many of each kind."),
    ],
)
def test_thresholds_that_make_no_scores_are_refused_in_words(
    bounds: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]], field: str, words: str
) -> None:
    recency, frequency, monetary = bounds
    with pytest.raises(Invalid) as refused:
        Thresholds(recency, frequency, tuple(Decimal(bound) for bound in monetary))
    assert str(refused.value.fields[field]) == words
    with pytest.raises(Invalid) as bins:
        Scoring(5, BOUNDS)
    assert str(bins.value.fields["n_bins"]) == "The thresholds make 4 bins, not 5."


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(1, 60), st.integers(-100, 10**9)), max_size=40))
def test_suggested_thresholds_are_always_valid(rows: list[tuple[int, int, int]]) -> None:
    import pandas as pd

    base = pd.DataFrame(rows, columns=["recency_days", "frequency", "monetary_e4"], dtype="int64")
    assert suggested(base, 5).n_bins == 5
