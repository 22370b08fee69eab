"""Cohorts, life cycle and time between orders of data that has little to say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from crm_core.analytics.cohorts import CohortMembersParams, CohortParams, cohort_members, cohorts
from crm_core.analytics.lifecycle import LifecycleParams, lifecycle
from crm_core.analytics.order_gaps import OrderGapsParams, order_gaps
from crm_core.analytics.periods import Period
from crm_core.errors import AnalysisRefused, Cancelled, Invalid
from crm_core.warehouse import Tables
from tests.core.cohort_sales import YEAR, bought
from tests.core.tables import Line, Order, make_tables


def test_more_cohorts_than_can_stand_side_by_side_are_refused_with_a_way_out() -> None:
    long = Period(date(2010, 1, 1), date(2024, 1, 1))
    sales = ((1, "2010-01-05 10:00"), (1, "2023-12-05 10:00"))
    with pytest.raises(AnalysisRefused, match="at most 260 can stand side by side"):
        bought(*sales, period=long, unit="week")
    assert len(bought(*sales, period=long).cohorts) == 168
    with pytest.raises(Invalid, match="outside the years 1900 to 2199"):
        CohortParams(Period(date(1066, 10, 14), date(2024, 1, 1)))


@pytest.mark.parametrize("entry", ["first", "recurring"])
def test_nobody_one_customer_and_refunds_alone_are_no_error(entry: Any) -> None:
    params = CohortParams(YEAR, entry=entry)
    assert cohorts(make_tables(), params).cells.empty
    refund = make_tables([Order(1, "2024-02-01 10:00", 1)], [Line(1, "-5", "refund", -1)])
    assert cohorts(refund, params).cells.empty
    alone = bought((1, "2024-02-01 10:00"), entry=entry)
    assert alone.cells[["retained", "is_complete"]].values.tolist() == [[1, False]]
    outside = bought((1, "2020-02-01 10:00"), entry=entry)
    assert outside.cohorts.empty
    for tables in (make_tables(), refund):
        assert lifecycle(tables, LifecycleParams(YEAR)).course.empty
        assert (order_gaps(tables, OrderGapsParams(YEAR)).gaps, order_gaps(tables, OrderGapsParams(YEAR)).waiting) == (
            0,
            0,
        )


def sold(*when: tuple[int, str]) -> Tables:
    """One sale of 5 of one product by each customer at each time."""
    orders = [Order(number, at, customer) for number, (customer, at) in enumerate(when, 1)]
    return make_tables(orders, [Line(order.id, "5", product=1) for order in orders])


@pytest.mark.parametrize("entry", ["first", "recurring"])
@pytest.mark.parametrize("criterion", ["on", "on-or-after"])
def test_where_nobody_buys_again_everyone_is_new_and_nobody_is_retained(entry: Any, criterion: Any) -> None:
    tables = sold((1, "2024-01-05 10:00"), (2, "2024-02-05 10:00"), (3, "2024-03-31 10:00"))
    cells = cohorts(tables, CohortParams(YEAR, entry=entry, criterion=criterion)).cells
    assert cells["retained"].tolist() == [1, 0, 0, 1, 0, 1]
    course = lifecycle(tables, LifecycleParams(YEAR)).course
    assert course[["new", "returning", "resurrected", "dormant"]].values.tolist() == [
        [1, 0, 0, 0], [1, 0, 0, 1], [1, 0, 0, 1],
    ]  # fmt: skip
    gaps = order_gaps(tables, OrderGapsParams(YEAR))
    assert (gaps.gaps, gaps.waiting, gaps.median_days, gaps.time_to_half) == (0, 3, None, None)
    assert gaps.histogram["gaps"].sum() == 0
    assert gaps.steps["customers"].tolist() == [3]


def test_orders_of_a_single_day_are_one_cohort_of_one_window() -> None:
    tables = sold(*[(customer, f"2024-02-05 {hour}:00") for customer in (1, 2) for hour in (10, 15)])
    report = cohorts(tables, CohortParams(YEAR))
    assert report.cells[["cohort", "offset", "retained", "is_complete"]].values.tolist() == [
        [date(2024, 2, 1), 0, 2, False],
    ]  # fmt: skip
    assert report.means.empty
    assert lifecycle(tables, LifecycleParams(YEAR)).course[["new", "active", "is_complete"]].values.tolist() == [
        [2, 2, False],
    ]  # fmt: skip
    gaps = order_gaps(tables, OrderGapsParams(YEAR))
    assert (gaps.gaps, gaps.waiting, gaps.median_days, gaps.time_to_half) == (2, 2, 0.0, 0)


@pytest.mark.parametrize(
    "period", [Period(date(2022, 1, 1), date(2023, 1, 1)), Period(date(2030, 1, 1), date(2031, 1, 1))]
)
def test_a_period_before_or_after_all_orders_is_empty_and_no_error(period: Period) -> None:
    tables = sold((1, "2024-01-05 10:00"), (1, "2024-02-05 10:00"))
    for entry in ("first", "recurring"):
        report = cohorts(tables, CohortParams(period, entry=entry))
        assert (len(report.cohorts), len(report.cells), len(report.means)) == (0, 0, 0)
    assert lifecycle(tables, LifecycleParams(period)).course.empty
    gaps = order_gaps(tables, OrderGapsParams(period))
    assert (gaps.gaps, gaps.waiting) == (0, 0)


@pytest.mark.parametrize("at", [0.0, 0.5])
@pytest.mark.parametrize(
    ("analysis", "params"),
    [
        (cohorts, CohortParams(YEAR)),
        (lifecycle, LifecycleParams(YEAR)),
        (order_gaps, OrderGapsParams(YEAR)),
        (cohort_members, CohortMembersParams(CohortParams(YEAR), date(2024, 1, 1), 0)),
    ],
    ids=["cohorts", "lifecycle", "order_gaps", "cohort_members"],
)
def test_a_cancelled_run_ends_at_the_next_step(analysis: Callable[..., Any], params: Any, at: float) -> None:
    def stop(fraction: float, _step: str) -> None:
        if fraction >= at:
            raise Cancelled("The run was cancelled.")

    with pytest.raises(Cancelled):
        analysis(sold((1, "2024-01-05 10:00"), (1, "2024-02-05 10:00")), params, stop)


def test_amounts_too_large_to_add_up_exactly_are_refused_and_not_added_up_wrongly() -> None:
    orders = [Order(number, f"2024-01-0{number} 10:00", 1) for number in (1, 2)]
    tables = make_tables(orders, [Line(number, "400000000000000") for number in (1, 2)])
    for analysis, params in ((cohorts, CohortParams(YEAR)), (lifecycle, LifecycleParams(YEAR))):
        with pytest.raises(AnalysisRefused, match="more than can be counted exactly"):
            analysis(tables, params)
