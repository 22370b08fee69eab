"""Retention of twelve literal orders, worked by hand under every combination of choices.

    order    customer   amount      all in Berlin's time, January to April 2024, a leap year; period 1 Jan up to 1 May
     1  10 Jan   A         100
     2  31 Jan   B          50
     3   5 Feb   A          20
     4  29 Feb   B          30
     5  29 Feb   C          40
     6   2 Mar   A         −20      a refund: nobody is active by it
     7  15 Mar   (guest)   500      in no cohort
     8  20 Mar   E          25
     9  29 Mar   C          10
    10  31 Mar   B           5
    11   9 Apr   A          60
    12  30 Apr   D          15      23:30, so the records are whole up to 1 May

Below, a cohort is written as its size at each window, (…) where the cell is incomplete.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Literal

import pytest

from crm_core.analytics.cohorts import CohortParams, CohortReport, cohorts
from crm_core.analytics.lifecycle import LifecycleParams, lifecycle
from crm_core.analytics.order_gaps import OrderGapsParams, order_gaps
from crm_core.analytics.periods import Period
from crm_core.warehouse import Tables
from tests.core.tables import Line, Order, make_tables

A, B, C, D, E = 1, 2, 3, 4, 5
ORDERS = [
    Order(1, "2024-01-10 12:00", A), Order(2, "2024-01-31 12:00", B), Order(3, "2024-02-05 12:00", A),
    Order(4, "2024-02-29 12:00", B), Order(5, "2024-02-29 12:00", C), Order(6, "2024-03-02 12:00", A),
    Order(7, "2024-03-15 12:00"), Order(8, "2024-03-20 12:00", E), Order(9, "2024-03-29 12:00", C),
    Order(10, "2024-03-31 12:00", B), Order(11, "2024-04-09 12:00", A), Order(12, "2024-04-30 23:30", D),
]  # fmt: skip
LINES = [
    Line(1, "100"), Line(2, "50"), Line(3, "20"), Line(4, "30"), Line(5, "40"), Line(6, "-20", "refund", -1),
    Line(7, "500"), Line(8, "25"), Line(9, "10"), Line(10, "5"), Line(11, "60"), Line(12, "15"),
]  # fmt: skip
PERIOD = Period(date(2024, 1, 1), date(2024, 5, 1))

Entry = Literal["first", "recurring"]
Window = Literal["calendar", "rolling"]
Criterion = Literal["on", "on-or-after"]
Month = Literal["calendar", "30-days"]


@dataclass(frozen=True)
class Worked:
    """What one combination must give: the cells of each cohort, how many of them are complete, both means."""

    cells: list[list[int]]
    complete: list[int]
    weighted: list[Fraction]
    simple: list[Fraction]


WORKED: dict[tuple[Entry, Window, Month, Criterion], Worked] = {
    # Calendar months. Bought in: A Jan Feb Apr; B Jan Feb Mar; C Feb Mar; E Mar; D Apr. All four months are whole.
    # First: Jan {A, B}, Feb {C}, Mar {E}, Apr {D}.
    #   Jan: Feb A B, Mar B, Apr A. Feb: Mar C. Means: Feb–Mar–Apr of the cohorts that reach that far.
    ("first", "calendar", "calendar", "on"): Worked(
        cells=[[2, 2, 1, 1], [1, 1, 0], [1, 0], [1]],
        complete=[4, 3, 2, 1],
        weighted=[Fraction(1), Fraction(2 + 1 + 0, 2 + 1 + 1), Fraction(1 + 0, 2 + 1), Fraction(1, 2)],
        simple=[Fraction(1), (Fraction(1) + Fraction(1) + 0) / 3, (Fraction(1, 2) + 0) / 2, Fraction(1, 2)],
    ),
    #   The last window with a sale: A 3, B 2; C 1; E 0; D 0.
    ("first", "calendar", "calendar", "on-or-after"): Worked(
        cells=[[2, 2, 2, 1], [1, 1, 0], [1, 0], [1]],
        complete=[4, 3, 2, 1],
        weighted=[Fraction(1), Fraction(3, 4), Fraction(2 + 0, 3), Fraction(1, 2)],
        simple=[Fraction(1), Fraction(2, 3), (Fraction(1) + 0) / 2, Fraction(1, 2)],
    ),
    # Recurring: Jan {A, B}, Feb {A, B, C}, Mar {B, C, E}, Apr {A, D}.
    #   Feb: Mar B C, Apr A. Mar: nobody in April.
    ("recurring", "calendar", "calendar", "on"): Worked(
        cells=[[2, 2, 1, 1], [3, 2, 1], [3, 0], [2]],
        complete=[4, 3, 2, 1],
        weighted=[Fraction(1), Fraction(2 + 2 + 0, 2 + 3 + 3), Fraction(1 + 1, 2 + 3), Fraction(1, 2)],
        simple=[
            Fraction(1),
            (Fraction(1) + Fraction(2, 3) + 0) / 3,
            (Fraction(1, 2) + Fraction(1, 3)) / 2,
            Fraction(1, 2),
        ],
    ),
    #   Last windows: of Jan A 3, B 2; of Feb A 2, B 1, C 1; of Mar and Apr 0.
    ("recurring", "calendar", "calendar", "on-or-after"): Worked(
        cells=[[2, 2, 2, 1], [3, 3, 1], [3, 0], [2]],
        complete=[4, 3, 2, 1],
        weighted=[Fraction(1), Fraction(2 + 3 + 0, 8), Fraction(2 + 1, 5), Fraction(1, 2)],
        simple=[Fraction(1), (Fraction(1) + 1 + 0) / 3, (Fraction(1) + Fraction(1, 3)) / 2, Fraction(1, 2)],
    ),
    # Blocks of 30 days from 1 Jan: 0 from 1 Jan, 1 from 31 Jan, 2 from 1 Mar, 3 from 31 Mar, 4 from 30 Apr, cut off.
    # Bought in: A 0 1 3; B 1 3; C 1 2; E 2; D 4.
    # First: 0 {A}, 1 {B, C}, 2 {E}, 3 nobody, 4 {D}. Cells of block 4 are incomplete; block 3 has no rate.
    #   0: A in 1 and 3. 1: C in 2, B in 3.
    ("first", "calendar", "30-days", "on"): Worked(
        cells=[[1, 1, 0, 1, 0], [2, 1, 1, 0], [1, 0, 0], [0, 0], [1]],
        complete=[4, 3, 2, 1, 0],
        weighted=[Fraction(1), Fraction(1 + 1 + 0, 1 + 2 + 1), Fraction(0 + 1, 1 + 2), Fraction(1)],
        simple=[Fraction(1), (Fraction(1) + Fraction(1, 2) + 0) / 3, (0 + Fraction(1, 2)) / 2, Fraction(1)],
    ),
    #   Last windows: A 3; B 2, C 1; E 0; D 0.
    ("first", "calendar", "30-days", "on-or-after"): Worked(
        cells=[[1, 1, 1, 1, 0], [2, 2, 1, 0], [1, 0, 0], [0, 0], [1]],
        complete=[4, 3, 2, 1, 0],
        weighted=[Fraction(1), Fraction(1 + 2 + 0, 4), Fraction(1 + 1, 3), Fraction(1)],
        simple=[Fraction(1), (Fraction(1) + 1 + 0) / 3, (Fraction(1) + Fraction(1, 2)) / 2, Fraction(1)],
    ),
    # Recurring: 0 {A}, 1 {A, B, C}, 2 {C, E}, 3 {A, B}, 4 {D}.
    #   1: C in 2; A and B in 3. 2 and 3: nobody later.
    ("recurring", "calendar", "30-days", "on"): Worked(
        cells=[[1, 1, 0, 1, 0], [3, 1, 2, 0], [2, 0, 0], [2, 0], [1]],
        complete=[4, 3, 2, 1, 0],
        weighted=[Fraction(1), Fraction(1 + 1 + 0, 1 + 3 + 2), Fraction(0 + 2, 1 + 3), Fraction(1)],
        simple=[Fraction(1), (Fraction(1) + Fraction(1, 3) + 0) / 3, (0 + Fraction(2, 3)) / 2, Fraction(1)],
    ),
    #   Last windows: of 0 A 3; of 1 A 2, B 2, C 1; others 0.
    ("recurring", "calendar", "30-days", "on-or-after"): Worked(
        cells=[[1, 1, 1, 1, 0], [3, 3, 2, 0], [2, 0, 0], [2, 0], [1]],
        complete=[4, 3, 2, 1, 0],
        weighted=[Fraction(1), Fraction(1 + 3 + 0, 6), Fraction(1 + 2, 4), Fraction(1)],
        simple=[Fraction(1), (Fraction(1) + 1 + 0) / 3, (Fraction(1) + Fraction(2, 3)) / 2, Fraction(1)],
    ),
    # Rolling months from the day of entry; cohorts are calendar months.
    #   A from 10 Jan: 5 Feb is window 0 (before 10 Feb), 9 Apr window 2 (before 10 Apr).
    #   B from 31 Jan: windows begin 29 Feb, 31 Mar, 30 Apr; 29 Feb is window 1, 31 Mar window 2.
    #   C from 29 Feb: 29 Mar is window 1.
    # A window is over for all when it is over for one who entered on the month's last day: from 31 Jan they end on
    # 29 Feb, 31 Mar, 30 Apr, (31 May); from 29 Feb on 29 Mar, 29 Apr, (29 May); from 31 Mar on 30 Apr, (31 May);
    # from 30 Apr on (30 May).
    ("first", "rolling", "calendar", "on"): Worked(
        cells=[[2, 1, 2, 0], [1, 1, 0], [1, 0], [1]],
        complete=[3, 2, 1, 0],
        weighted=[Fraction(1), Fraction(1 + 1, 2 + 1), Fraction(2, 2)],
        simple=[Fraction(1), (Fraction(1, 2) + 1) / 2, Fraction(1)],
    ),
    #   Last windows: A 2, B 2; C 1; E 0; D 0.
    ("first", "rolling", "calendar", "on-or-after"): Worked(
        cells=[[2, 2, 2, 0], [1, 1, 0], [1, 0], [1]],
        complete=[3, 2, 1, 0],
        weighted=[Fraction(1), Fraction(2 + 1, 3), Fraction(1)],
        simple=[Fraction(1), Fraction(1), Fraction(1)],
    ),
    # Recurring: Feb A from 5 Feb: 9 Apr is window 2 (from 5 Apr); B from 29 Feb: 31 Mar is window 1 (from 29 Mar);
    #   C from 29 Feb: 29 Mar is window 1. Mar {B, C, E} and Apr {A, D}: nobody later.
    ("recurring", "rolling", "calendar", "on"): Worked(
        cells=[[2, 1, 2, 0], [3, 2, 1], [3, 0], [2]],
        complete=[3, 2, 1, 0],
        weighted=[Fraction(1), Fraction(1 + 2, 2 + 3), Fraction(1)],
        simple=[Fraction(1), (Fraction(1, 2) + Fraction(2, 3)) / 2, Fraction(1)],
    ),
    #   Last windows: of Jan A 2, B 2; of Feb A 2, B 1, C 1.
    ("recurring", "rolling", "calendar", "on-or-after"): Worked(
        cells=[[2, 2, 2, 0], [3, 3, 1], [3, 0], [2]],
        complete=[3, 2, 1, 0],
        weighted=[Fraction(1), Fraction(2 + 3, 5), Fraction(1)],
        simple=[Fraction(1), Fraction(1), Fraction(1)],
    ),
    # Rolling 30 days; cohorts are calendar months.
    #   A from 10 Jan: 5 Feb is day 26, window 0; 9 Apr is day 90, window 3.
    #   B from 31 Jan: 29 Feb is day 29, window 0; 31 Mar is day 60, window 2.
    #   C from 29 Feb: 29 Mar is day 29, window 0.
    # Begun for one who entered on the first of the month: from 1 Jan 5 windows (the 5th on 30 Apr), from 1 Feb 3 (the
    # 4th on 1 May), from 1 Mar 3 (the 3rd on 30 Apr), from 1 Apr 1. Over for one who entered on its last day: 31 Jan +
    # 30, 60, 90 = 1 Mar, 31 Mar, 30 Apr; 29 Feb + 30, 60 = 30 Mar, 29 Apr; 31 Mar + 30 = 30 Apr; 30 Apr + 30: no.
    ("first", "rolling", "30-days", "on"): Worked(
        cells=[[2, 0, 1, 1, 0], [1, 0, 0], [1, 0, 0], [1]],
        complete=[3, 2, 1, 0],
        weighted=[Fraction(1), Fraction(0), Fraction(1, 2)],
        simple=[Fraction(1), Fraction(0), Fraction(1, 2)],
    ),
    #   Last windows: A 3, B 2; C 0; E 0; D 0.
    ("first", "rolling", "30-days", "on-or-after"): Worked(
        cells=[[2, 2, 2, 1, 0], [1, 0, 0], [1, 0, 0], [1]],
        complete=[3, 2, 1, 0],
        weighted=[Fraction(1), Fraction(2 + 0, 2 + 1), Fraction(1)],
        simple=[Fraction(1), (Fraction(1) + 0) / 2, Fraction(1)],
    ),
    # Recurring: Feb A from 5 Feb: 9 Apr is day 64, window 2; B from 29 Feb: 31 Mar is day 31, window 1; C: window 0.
    ("recurring", "rolling", "30-days", "on"): Worked(
        cells=[[2, 0, 1, 1, 0], [3, 1, 1], [3, 0, 0], [2]],
        complete=[3, 2, 1, 0],
        weighted=[Fraction(1), Fraction(0 + 1, 2 + 3), Fraction(1, 2)],
        simple=[Fraction(1), (0 + Fraction(1, 3)) / 2, Fraction(1, 2)],
    ),
    #   Last windows: of Jan A 3, B 2; of Feb A 2, B 1, C 0.
    ("recurring", "rolling", "30-days", "on-or-after"): Worked(
        cells=[[2, 2, 2, 1, 0], [3, 2, 1], [3, 0, 0], [2]],
        complete=[3, 2, 1, 0],
        weighted=[Fraction(1), Fraction(2 + 2, 5), Fraction(1)],
        simple=[Fraction(1), (Fraction(1) + Fraction(2, 3)) / 2, Fraction(1)],
    ),
}


@pytest.fixture(scope="module")
def tables() -> Tables:
    return make_tables(ORDERS, LINES)


def by_cohort(report: CohortReport, column: str) -> list[list[object]]:
    return [group[column].tolist() for _start, group in report.cells.groupby("cohort")]


@pytest.mark.parametrize("mean", ["weighted", "simple"])
@pytest.mark.parametrize("choices", list(WORKED), ids="-".join)
def test_every_combination_gives_what_was_worked_by_hand(
    tables: Tables, choices: tuple[Entry, Window, Month, Criterion], mean: Literal["weighted", "simple"]
) -> None:
    entry, window, month, criterion = choices
    worked = WORKED[choices]
    params = CohortParams(PERIOD, entry=entry, window=window, month=month, criterion=criterion, mean=mean)
    report = cohorts(tables, params)
    assert report.params == params
    assert by_cohort(report, "retained") == worked.cells
    assert report.cohorts["size"].tolist() == [counts[0] for counts in worked.cells]
    assert by_cohort(report, "is_complete") == [
        [offset < complete for offset in range(len(counts))]
        for counts, complete in zip(worked.cells, worked.complete, strict=True)
    ]
    wanted = worked.weighted if mean == "weighted" else worked.simple
    assert report.means["rate"].tolist() == pytest.approx([float(rate) for rate in wanted])


def test_every_combination_was_worked() -> None:
    choices = product(("first", "recurring"), ("calendar", "rolling"), ("calendar", "30-days"), ("on", "on-or-after"))
    assert set(WORKED) == set(choices)


def test_weeks_begin_on_monday(tables: Tables) -> None:
    # From Monday 1 January: C enters on Thursday 29 February, in the week of Monday 26 February (the ninth), and buys
    # again on Friday 29 March, in the week of the 25th (the thirteenth, window 4). In rolling weeks 29 March is day 29,
    # window 4 too.
    for window in ("calendar", "rolling"):
        report = cohorts(tables, CohortParams(PERIOD, unit="week", window=window))
        assert {start.isoweekday() for start in report.cohorts["start"]} == {1}
        ninth = report.cells[report.cells["cohort"] == date(2024, 2, 26)]
        assert ninth["retained"].tolist()[:6] == [1, 0, 0, 0, 1, 0]
    # B: Wednesday 31 January; Thursday 29 February is day 29: calendar weeks 4 later, rolling window 4 (day 28 to 34);
    # Sunday 31 March is day 60: in the week of 25 March, 8 calendar weeks after that of 29 January; rolling window 8.
    fifth = report.cells[report.cells["cohort"] == date(2024, 1, 29)]
    assert fifth.loc[fifth["retained"] > 0, "offset"].tolist() == [0, 4, 8]


def test_cumulative_value_is_net_sales_per_starting_customer(tables: Tables) -> None:
    # Net sales of January's A and B: Jan 150, Feb 20 + 30, Mar −20 + 5, Apr 60; of C: 40, 10; of E 25; of D 15.
    report = cohorts(tables, CohortParams(PERIOD))
    assert by_cohort(report, "net_sales") == [
        [Decimal(150), Decimal(200), Decimal(185), Decimal(245)],
        [Decimal(40), Decimal(50), Decimal(50)],
        [Decimal(25), Decimal(25)],
        [Decimal(15)],
    ]
    assert by_cohort(report, "value")[0] == [Decimal(75), Decimal(100), Decimal("92.5"), Decimal("122.5")]
    # Weighted: (150 + 40 + 25 + 15) ÷ 5, (200 + 50 + 25) ÷ 4, (185 + 50) ÷ 3, 245 ÷ 2.
    assert report.means["value"].tolist() == [Decimal(46), Decimal("68.75"), Decimal("78.3333"), Decimal("122.5")]
    # Simple: (75 + 40 + 25 + 15) ÷ 4, (100 + 50 + 25) ÷ 3, (92.5 + 50) ÷ 2, 122.5.
    simple = cohorts(tables, CohortParams(PERIOD, mean="simple")).means
    assert simple["value"].tolist() == [Decimal("38.75"), Decimal("58.3333"), Decimal("71.25"), Decimal("122.5")]


def test_lifecycle_month_by_month(tables: Tables) -> None:
    # Each month beside as many days just before it, as every metric is:
    # Jan: A B new. Feb (29 days) beside 3 to 31 Jan, with A and B: both return, C is new.
    # Mar beside 30 Jan to 29 Feb, with A B C: B and C return, E is new, A stopped.
    # Apr beside 2 to 31 Mar, with B C E: A comes back, D is new, B C E stopped.
    course = lifecycle(tables, LifecycleParams(PERIOD)).course
    columns = ["new", "returning", "resurrected", "dormant", "active"]
    assert course[columns].values.tolist() == [
        [2, 0, 0, 0, 2],
        [1, 2, 0, 0, 3],
        [1, 2, 0, 1, 3],
        [1, 0, 1, 3, 2],
    ]
    assert course["is_complete"].all()


def test_time_between_orders(tables: Tables) -> None:
    # A: 26 and 64 days; B: 29 and 31; C: 29. E and D wait since 20 Mar and 30 Apr, A B C since their last order.
    report = order_gaps(tables, OrderGapsParams(PERIOD))
    assert (report.gaps, report.waiting, report.median_days) == (5, 5, 29)
    assert report.histogram["gaps"].sum() == 5
    steps = report.steps.set_index("order_number")
    # After the 1st order: A 26, B 29, C 29 days; waiting E (42 days to 1 May) and D (1 day).
    assert steps.loc[1, ["customers", "gaps", "median_days"]].tolist() == [5, 3, 29]
    # Kaplan–Meier after the 1st: at 26 days 4 are left (D waits shorter): 3/4; at 29 days 2 of 3: 3/4 × 1/3 = 1/4.
    assert steps.loc[1, "time_to_half"] == 29
    # After the 2nd: A 64, B 31; C waits 33 days. At 31 days 1 of 3: 2/3; at 64 days 1 of 1: 0.
    assert steps.loc[2, ["customers", "gaps", "median_days", "time_to_half"]].tolist() == [3, 2, 47.5, 64]
    # After the 3rd A and B wait: nothing is known of half of them.
    assert steps.loc[3, ["customers", "gaps"]].tolist() == [2, 0]
    assert steps.loc[3, ["median_days", "time_to_half"]].isna().all()
