"""Cohorts: every cell against an independent count, days cut where the workspace is, and what cannot be asked."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crm_core.access import Actor, Permission, Role
from crm_core.analytics.cohort_grid import months_between, months_later
from crm_core.analytics.cohorts import (
    CohortMembersParams,
    CohortParams,
    CohortReport,
    cohort_members,
    cohorts,
)
from crm_core.analytics.customer_days import number_of
from crm_core.analytics.kpis import KpiParams, kpis
from crm_core.analytics.lifecycle import STATUSES, LifecycleParams, lifecycle
from crm_core.analytics.order_gaps import OrderGapsParams, order_gaps, time_to_half
from crm_core.analytics.periods import Period
from crm_core.analytics.proportions import wilson
from crm_core.errors import AnalysisRefused, Invalid, PermissionDenied
from crm_core.workspace import Workspace
from tests.core.cohort_oracle import triangle
from tests.core.sales_oracle import sold_lines
from tests.core.tables import Line, Order, make_tables

YEAR = Period(date(2024, 1, 1), date(2025, 1, 1))
ZONES = ["Europe/Berlin", "America/Los_Angeles", "Pacific/Auckland"]

days = st.integers(0, 190).map(lambda n: date(2023, 12, 10) + timedelta(days=n))
choices = st.fixed_dictionaries(
    {
        "unit": st.sampled_from(["month", "week"]),
        "entry": st.sampled_from(["first", "recurring"]),
        "window": st.sampled_from(["calendar", "rolling"]),
        "criterion": st.sampled_from(["on", "on-or-after"]),
        "month": st.sampled_from(["calendar", "30-days"]),
    }
)
drawn_orders = st.lists(
    st.tuples(
        days,
        st.sampled_from(["00:00", "00:30", "02:30", "12:00", "23:59"]),
        st.sampled_from([None, 1, 2, 3, 4]),
        st.sampled_from(["sale", "sale", "sale", "refund", "adjustment"]),
        st.integers(0, 900_000),
    ),
    max_size=14,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)  # fmt: skip
@given(drawn_orders, days, st.integers(1, 170), choices, st.sampled_from(ZONES))
def test_every_cell_equals_an_independent_count(
    drawn: list[tuple[date, str, int | None, str, int]],
    start: date,
    length: int,
    chosen: dict[str, Any],
    zone: str,
) -> None:
    orders, lines = [], []
    for number, (day, time, customer, kind, units) in enumerate(drawn, 1):
        orders.append(Order(number, f"{day} {time}", customer))
        sign = -1 if kind == "refund" else 1
        lines.append(Line(number, str(Decimal(sign * units).scaleb(-4)), kind, sign))
    params = CohortParams(Period(start, start + timedelta(days=length)), **chosen)
    report = cohorts(make_tables(orders, lines, timezone=zone), params)
    rows = sold_lines(orders, lines, zone)
    known = max((row.day for row in rows), default=None)
    wanted = triangle(rows, params, known and known + timedelta(days=1))
    sizes = dict(zip(report.cohorts["start"], report.cohorts["size"], strict=True))
    shown = report.cells[["cohort", "offset", "retained", "net_sales", "is_complete"]]
    found = [
        (cohort, offset, sizes[cohort], retained, net, is_complete)
        for cohort, offset, retained, net, is_complete in shown.itertuples(index=False, name=None)
    ]
    assert found == wanted


def bought(*when: tuple[int, str], zone: str = "Europe/Berlin", **options: Any) -> CohortReport:
    """The report of sales of 1, each by a customer at a local time."""
    orders = [Order(number, at, customer) for number, (customer, at) in enumerate(when, 1)]
    tables = make_tables(orders, [Line(order.id, "1") for order in orders], timezone=zone)
    return cohorts(tables, CohortParams(options.pop("period", YEAR), **options))


def row(report: CohortReport, cohort: date) -> list[int]:
    return report.cells.loc[report.cells["cohort"] == cohort, "retained"].tolist()


@pytest.mark.parametrize(
    ("zone", "cohort"), [("Pacific/Auckland", date(2024, 2, 1)), ("America/Los_Angeles", date(2024, 1, 1))]
)
def test_one_instant_enters_february_in_the_east_and_january_in_the_west(zone: str, cohort: date) -> None:
    report = bought((1, "2024-01-31T20:00+00:00"), zone=zone)
    assert dict(zip(report.cohorts["start"], report.cohorts["size"], strict=True))[cohort] == 1


@pytest.mark.parametrize(
    ("zone", "windows"), [("Asia/Shanghai", [0, 1]), ("America/New_York", [0])]
)  # fmt: skip
def test_one_instant_is_a_new_week_in_the_east_and_the_old_one_in_the_west(zone: str, windows: list[int]) -> None:
    # Sunday 7 January 2024 20:00 UTC is Monday in Shanghai and Sunday in New York; the entry is Wednesday in both.
    report = bought((1, "2024-01-03T12:00+00:00"), (1, "2024-01-07T20:00+00:00"), zone=zone, unit="week")
    cells = report.cells[report.cells["cohort"] == date(2024, 1, 1)]
    assert cells.loc[cells["retained"] > 0, "offset"].tolist() == windows


def test_the_hour_a_clock_change_takes_or_gives_moves_no_day() -> None:
    week: dict[str, Any] = {"unit": "week", "window": "rolling"}
    # Berlin springs forward on 31 March 2024 and back on 27 October. 6 days later is window 0, 7 days later window 1.
    spring = bought((1, "2024-03-25 00:10"), (1, "2024-03-31 23:50"), (1, "2024-04-09 10:00"), **week)
    assert row(spring, date(2024, 3, 25)) == [1, 0, 1]
    spring = bought((1, "2024-03-25 23:30"), (1, "2024-04-01 00:10"), **week)
    assert row(spring, date(2024, 3, 25)) == [1, 1]
    autumn = bought((1, "2024-10-21 00:10"), (1, "2024-10-28 23:50"), **week)
    assert row(autumn, date(2024, 10, 21))[:2] == [1, 1]
    # Santiago skips the midnight of 8 September 2024: the day begins at 01:00 and belongs to the week of the 2nd.
    santiago = bought((1, "2024-09-02 12:00"), (1, "2024-09-08 01:00"), zone="America/Santiago", unit="week")
    assert row(santiago, date(2024, 9, 2)) == [1]


def test_a_month_after_the_leap_day_and_after_the_31st() -> None:
    start = np.array([number_of(date(2024, 2, 29)), number_of(date(2024, 1, 31)), number_of(date(2023, 1, 31))])
    first = np.array([number_of(date(2024, 3, 29)), number_of(date(2024, 2, 29)), number_of(date(2023, 2, 28))])
    assert months_between(start, first).tolist() == [1, 1, 1]
    assert months_between(start, first - 1).tolist() == [0, 0, 0]
    assert months_later(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert months_later(date(2024, 12, 31), 2) == date(2025, 2, 28)


@given(st.dates(date(1995, 1, 1), date(2030, 1, 1)), st.integers(0, 40))
def test_months_are_counted_as_they_are_added(day: date, n: int) -> None:
    later = months_later(day, n)
    numbers = np.array([number_of(day)] * 2), np.array([number_of(later), number_of(later) - 1])
    assert months_between(*numbers).tolist() == [n, n - 1]


def test_a_first_order_that_is_refunded_still_enters_but_is_worth_nothing() -> None:
    orders = [Order(1, "2024-01-05 10:00", 1), Order(2, "2024-01-20 10:00", 1), Order(3, "2024-03-05 10:00", 1)]
    lines = [Line(1, "80"), Line(2, "-80", "refund", -1), Line(3, "30")]
    report = cohorts(make_tables(orders, lines), CohortParams(YEAR))
    assert row(report, date(2024, 1, 1)) == [1, 0, 1]
    assert report.cells["value"].tolist()[:3] == [Decimal(0), Decimal(0), Decimal(30)]


def test_guests_are_in_no_cohort() -> None:
    orders = [Order(1, "2024-01-05 10:00"), Order(2, "2024-02-05 10:00")]
    report = cohorts(make_tables(orders, [Line(1, "5"), Line(2, "5")]), CohortParams(YEAR))
    assert report.cohorts.empty
    assert report.cells.empty
    assert report.means.empty
    assert list(report.means.columns) == [
        "offset", "cohorts", "size", "retained", "rate", "low", "high", "value"
    ]  # fmt: skip


def test_who_bought_before_the_period_enters_it_only_as_recurring() -> None:
    sales = ((1, "2023-11-05 10:00"), (1, "2024-02-05 10:00"), (2, "2024-02-06 10:00"))
    assert bought(*sales).cohorts["size"].tolist() == [0, 1]
    assert bought(*sales, entry="recurring").cohorts["size"].tolist() == [0, 2]


def test_sales_from_the_periods_end_on_do_not_count() -> None:
    period = Period(date(2024, 1, 1), date(2024, 3, 1))
    sales = ((1, "2024-01-05 10:00"), (1, "2024-02-29 23:59"), (2, "2024-01-06 10:00"))
    before = bought(*sales, period=period, criterion="on-or-after")
    after = bought(*sales, (2, "2024-03-01 00:00"), (3, "2024-03-01 00:00"), period=period, criterion="on-or-after")
    assert row(before, date(2024, 1, 1)) == row(after, date(2024, 1, 1)) == [2, 1]


def test_cells_that_are_not_over_are_marked_and_left_out_of_means() -> None:
    # The newest order is of 15 March: March is not over; every cell that looks at it is incomplete.
    report = bought(
        (1, "2024-01-05 10:00"), (1, "2024-02-05 10:00"), (1, "2024-03-05 10:00"), (2, "2024-01-15 10:00"),
        (3, "2024-02-09 10:00"), (4, "2024-03-15 10:00"),
    )  # fmt: skip
    assert report.known_until == date(2024, 3, 16)
    assert report.cells["is_complete"].tolist() == [True, True, False, True, False, False]
    assert report.cohorts["is_complete"].tolist() == [True, True, False]
    assert report.means[["offset", "cohorts", "size", "retained"]].values.tolist() == [[0, 2, 3, 3], [1, 1, 2, 1]]


def test_a_cohort_cut_off_by_the_period_is_incomplete() -> None:
    period = Period(date(2024, 1, 10), date(2024, 3, 1))
    report = bought((1, "2024-01-15 10:00"), (2, "2024-02-29 10:00"), period=period)
    assert report.cohorts[["start", "is_complete"]].values.tolist() == [
        [date(2024, 1, 10), False],
        [date(2024, 2, 1), True],
    ]
    assert report.cells["is_complete"].tolist() == [False, False, True]


def test_intervals_are_wilsons() -> None:
    # R. G. Newcombe (1998), Statistics in Medicine 17, 857-872, table I, the score method without correction.
    low, high = wilson([81, 15, 0, 1, 10, 0], [263, 148, 20, 29, 10, 0])
    assert low.round(4).tolist()[:4] == [0.2553, 0.0624, 0.0, 0.0061]
    assert high.round(4).tolist()[:5] == [0.3662, 0.1605, 0.1611, 0.1718, 1.0]
    assert np.isnan([low[5], high[5]]).all()


def test_each_rate_lies_in_its_interval_and_the_entry_is_certain() -> None:
    report = bought(*[(n, f"2024-01-{n:02} 10:00") for n in range(1, 21)], (1, "2024-02-29 10:00"))
    january = report.cells[report.cells["cohort"] == date(2024, 1, 1)]
    assert january[["rate", "low", "high"]].values.tolist()[0] == [1.0, 1.0, 1.0]
    rate, low, high = january[["rate", "low", "high"]].values.tolist()[1]
    assert (rate, round(low, 4), round(high, 4)) == (0.05, 0.0089, 0.2361)
    means = bought((1, "2024-01-05 10:00"), (2, "2024-02-29 10:00"), mean="simple").means
    assert means.loc[means["offset"] == 1, ["low", "high"]].isna().all(axis=None)


def test_members_of_a_cell_are_those_counted_and_the_rest_those_who_were_not() -> None:
    orders = [Order(10 * c + i, f"2024-0{1 + i}-{c:02} 10:00", c) for c in range(1, 9) for i in range(1 + c % 3)]
    tables = make_tables(orders, [Line(order.id, str(order.id)) for order in orders])
    for criterion in ("on", "on-or-after"):
        params = CohortParams(Period(date(2024, 1, 1), date(2024, 4, 1)), criterion=criterion)
        report = cohorts(tables, params)
        for cell in report.cells.itertuples():
            came, stayed_away = (
                cohort_members(tables, CohortMembersParams(params, cell.cohort, cell.offset, retained)).members
                for retained in (True, False)
            )
            size = dict(zip(report.cohorts["start"], report.cohorts["size"], strict=True))[cell.cohort]
            assert (len(came), len(stayed_away)) == (cell.retained, size - cell.retained)
            assert not set(came["customer_id"]) & set(stayed_away["customer_id"])
    members = cohort_members(tables, CohortMembersParams(params, date(2024, 1, 1), 2)).members
    assert members[["ref", "frequency", "monetary_e4"]].values.tolist() == [
        ["C8", 3, 2_430_000], ["C5", 3, 1_530_000], ["C2", 3, 630_000],
    ]  # fmt: skip


def test_a_cell_that_is_not_there_is_refused_in_words() -> None:
    tables = make_tables([Order(1, "2024-01-05 10:00", 1)], [Line(1, "5")])
    with pytest.raises(AnalysisRefused, match="There is no window 1 of a cohort that starts on 2024-01-01"):
        cohort_members(tables, CohortMembersParams(CohortParams(YEAR), date(2024, 1, 1), 1))
    with pytest.raises(AnalysisRefused, match="There is no window 0 of a cohort that starts on 2024-01-02"):
        cohort_members(tables, CohortMembersParams(CohortParams(YEAR), date(2024, 1, 2), 0))
    with pytest.raises(Invalid) as negative:
        CohortMembersParams(CohortParams(YEAR), date(2024, 1, 1), -1)
    assert str(negative.value.fields["offset"]) == "Windows are counted from 0."


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


def test_each_month_of_the_lifecycle_is_that_months_metric() -> None:
    rng = np.random.default_rng(5)
    orders = [
        Order(n, f"{date(2024, 1, 1) + timedelta(days=int(rng.integers(0, 150)))} 12:00", int(rng.integers(1, 25)))
        for n in range(1, 120)
    ]
    tables = make_tables(orders, [Line(order.id, "3") for order in orders])
    for unit in ("month", "week"):
        course = lifecycle(tables, LifecycleParams(Period(date(2024, 1, 1), date(2024, 5, 20)), unit)).course
        assert len(course) == (5 if unit == "month" else 20)
        for step in course.itertuples():
            metrics = kpis(tables, KpiParams(Period(step.start, step.end))).metrics
            for status in (*STATUSES, "active"):
                assert getattr(step, status) == metrics[f"{status}_customers"].value


def test_orders_of_one_day_are_no_days_apart_and_a_later_number_is_not_reset_by_the_period() -> None:
    orders = [
        Order(1, "2024-01-05 10:00", 1), Order(2, "2024-01-05 18:00", 1), Order(3, "2024-01-12 10:00", 1),
        Order(4, "2024-01-20 10:00"), Order(5, "2024-01-22 10:00"),
    ]  # fmt: skip
    tables = make_tables(orders, [Line(order.id, "5") for order in orders])
    report = order_gaps(tables, OrderGapsParams(YEAR))
    assert report.histogram[["from_days", "to_days", "gaps"]].values.tolist() == [
        [0, 1, 1], [1, 2, 0], [2, 3, 0], [3, 4, 0], [4, 5, 0], [5, 6, 0], [6, 7, 0], [7, 8, 1],
    ]  # fmt: skip
    later = order_gaps(tables, OrderGapsParams(Period(date(2024, 1, 6), date(2024, 2, 1))))
    assert later.steps["order_number"].tolist() == [1, 2, 3]
    assert later.steps["customers"].tolist() == [0, 0, 1]
    assert (later.gaps, later.waiting, later.median_days, later.time_to_half) == (0, 1, None, None)


def test_the_last_bin_holds_everything_beyond() -> None:
    orders = [Order(n, f"{date(2022, 1, 1) + timedelta(days=n)} 10:00", 1) for n in range(40)]
    orders.append(Order(99, "2023-12-01 10:00", 1))
    tables = make_tables(orders, [Line(order.id, "5") for order in orders])
    report = order_gaps(tables, OrderGapsParams(Period(date(2022, 1, 1), date(2024, 1, 1))))
    assert report.histogram.values.tolist() == [[0, 1, 0], [1, 2, 39], [2, None, 1]]


def test_waiting_customers_count_until_they_are_lost_from_sight() -> None:
    # Freireich et al. (1963): weeks in remission with 6-MP, and whether it ended; the published median is 23 weeks.
    weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    over = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    assert time_to_half(np.array(weeks), np.array(over, dtype=bool)) == 23
    assert time_to_half(np.array([5, 9]), np.array([True, False])) == 5
    assert time_to_half(np.array([5, 9, 9]), np.array([True, False, False])) is None


def test_roles_without_segments_are_refused(workspace: Workspace) -> None:
    workspace.warehouse.refresh()
    asked = ((cohorts, CohortParams(YEAR)), (lifecycle, LifecycleParams(YEAR)), (order_gaps, OrderGapsParams(YEAR)))
    for role in Role:
        actor = Actor(user_id=1, name="Someone", role=role)
        for analysis, params in asked:
            if actor.may(Permission.SEGMENTS_VIEW):
                assert workspace.analyses.run(analysis, params, actor=actor)
            else:
                with pytest.raises(PermissionDenied):
                    workspace.analyses.run(analysis, params, actor=actor)


def test_a_kept_report_is_the_one_computed(workspace: Workspace, admin: Actor) -> None:
    workspace.warehouse.refresh()
    first = workspace.analyses.run(cohorts, CohortParams(YEAR), actor=admin)
    again = workspace.analyses.run(cohorts, CohortParams(YEAR), actor=admin)
    assert first.params == again.params == CohortParams(YEAR)
    pd.testing.assert_frame_equal(first.cells, again.cells)
