"""The course of every metric: each value is the metric of that calendar period, as asked for by itself."""

from __future__ import annotations

import math
from datetime import date

import pytest

from crm_core.analytics.courses import COURSES, CourseParams
from crm_core.analytics.definitions import AREAS
from crm_core.analytics.figures import SOURCES, Question
from crm_core.analytics.periods import Period
from crm_core.errors import Invalid
from crm_core.warehouse import Tables
from tests.core.deal_frames import Deal, deal_tables, path
from tests.core.tables import Line, Order, make_tables
from tests.core.ticket_tables import Ticket, reply, state, ticket_tables

LEAP = date(2024, 2, 29)


def tables_of(area: str) -> Tables:
    if area == "service":
        return ticket_tables(
            [
                Ticket(1, "2024-01-31 23:30", [reply("2024-02-01 00:30"), state("2024-02-29 23:59", "resolved")]),
                Ticket(2, "2024-02-05 10:00", [reply("2024-02-05 12:00")]),
            ]
        )
    if area == "pipeline":
        return deal_tables(
            [
                Deal(1, path("2024-01-05 new", "2024-02-29T23:59 won"), "5"),
                Deal(2, path("2024-01-05 new", "2024-01-20 lost"), "6"),
                Deal(3, path("2024-02-02 new"), "7"),
            ]
        )
    orders = [Order(1, "2024-01-31 23:59", 1), Order(2, "2024-02-29 23:59", 1), Order(3, "2024-02-01 00:00", 2)]
    return make_tables(orders, [Line(1, "5"), Line(2, "7"), Line(3, "9"), Line(3, "-2", "refund", -1)])


@pytest.mark.parametrize("area", AREAS)
@pytest.mark.parametrize(("grain", "count"), [("month", 3), ("week", 9), ("quarter", 2)])
def test_each_value_is_the_metric_of_that_period(area: str, grain: str, count: int) -> None:
    tables, source = tables_of(area), SOURCES[area]
    course = COURSES[area](tables, CourseParams(LEAP, grain, count)).course
    assert len(course) == count
    for row in course.to_dict("records"):
        question = Question(Period(row["start"], row["end"]), "none")
        figures = source.metrics(source.analysis(tables, source.params(question)))
        for name in AREAS[area].metrics:
            value = figures[name].value
            if value is None:
                assert math.isnan(row[name]), (name, row["start"])
            else:
                assert row[name] == pytest.approx(float(value)), (name, row["start"])


@pytest.mark.parametrize("area", AREAS)
def test_a_course_says_which_periods_are_over_and_which_lie_before_the_records(area: str) -> None:
    course = COURSES[area](tables_of(area), CourseParams(date(2024, 3, 15), "month", 4)).course
    assert course["start"].tolist() == [date(2023, 12, 1), date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)]
    assert course["is_known"].tolist() == [False, False, True, True]  # January began before the first record
    assert course["is_complete"].tolist() == [True, True, True, False]


def test_a_course_out_of_range_is_refused() -> None:
    with pytest.raises(Invalid, match="lies outside the years 1900 to 2199"):
        CourseParams(date(1900, 3, 1), "month", 13)
