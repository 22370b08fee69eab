"""Cohorts: every cell against an independent count, who enters, what is not over, who may look."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crm_core.access import Actor, Permission, Role
from crm_core.analytics.cohorts import CohortParams, cohorts
from crm_core.analytics.lifecycle import LifecycleParams, lifecycle
from crm_core.analytics.order_gaps import OrderGapsParams, order_gaps
from crm_core.analytics.periods import Period
from crm_core.errors import PermissionDenied
from crm_core.workspace import Workspace
from tests.core.cohort_oracle import triangle
from tests.core.cohort_sales import YEAR, bought, row
from tests.core.sales_oracle import sold_lines
from tests.core.tables import Line, Order, make_tables

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
