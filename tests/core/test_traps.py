"""Traps that shipped systems fell into, each held across sales, service and pipeline; others have tests of their own.

Time zones come in pairs, one east and one west of UTC at the same instant.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.analytics.definitions import AREA_OF, DEFINITIONS
from crm_core.analytics.figures import SOURCES, Figure, Question, rows_behind
from crm_core.analytics.periods import Period
from crm_core.analytics.service_params import TicketFilter
from crm_core.warehouse import Tables
from tests.core.deal_frames import Deal, deal_tables, path
from tests.core.tables import Line, Order, make_tables
from tests.core.ticket_tables import Did, Ticket, ticket_tables

LEAP_DAY = Period.parse("2024-02-29", "2024-03-01")
EAST_AND_WEST = [("Asia/Tokyo", "2024-03"), ("America/Los_Angeles", "2024-02")]


def figures(tables: Tables, area: str, question: Question) -> dict[str, Figure]:
    source = SOURCES[area]
    return dict(source.metrics(source.analysis(tables, source.params(question))))


def everything(at: str, timezone: str) -> dict[str, Tables]:
    """By area: one order, one ticket opened and answered, and one deal won, all at this instant."""
    before = (datetime.fromisoformat(at) - timedelta(days=90)).isoformat()
    return {
        "sales": make_tables([Order(1, at, 1)], [Line(1, "5")], timezone=timezone),
        "service": ticket_tables([Ticket(1, at)], timezone=timezone),
        "pipeline": deal_tables([Deal(1, path(f"{before} new", f"{at} won"), "5")], timezone=timezone),
    }


COUNTED = {"sales": "orders", "service": "opened", "pipeline": "won_deals"}


@pytest.mark.parametrize("area", COUNTED)
@pytest.mark.parametrize(("timezone", "month"), EAST_AND_WEST)
def test_a_card_and_its_rows_agree_on_the_local_month_east_and_west(area: str, timezone: str, month: str) -> None:
    """At 20:00 UTC on the leap day it is already March in Tokyo."""
    tables = everything("2024-02-29T20:00+00:00", timezone)[area]
    for first, last in (("2024-02-01", "2024-03-01"), ("2024-03-01", "2024-04-01")):
        question = Question(Period.parse(first, last), "none")
        expected = int(first.startswith(month))
        rows, total = rows_behind(tables, COUNTED[area], question, limit=None)
        assert (figures(tables, area, question)[COUNTED[area]].n, total) == (expected, expected)
        for column in [name for name in ("ordered_at", "at", "closed_at") if name in rows and len(rows)]:
            assert f"{rows[column].iloc[0].tz_convert(timezone):%Y-%m}" == month


@pytest.mark.parametrize("area", COUNTED)
@pytest.mark.parametrize(
    ("timezone", "day"),
    [
        ("Europe/Berlin", "2024-03-31"), ("Europe/Berlin", "2024-10-27"),
        ("America/New_York", "2024-03-10"), ("America/New_York", "2024-11-03"),
    ],
)  # fmt: skip
def test_a_day_of_a_clock_change_holds_its_first_and_last_minute_and_no_other(
    area: str, timezone: str, day: str
) -> None:
    start = date.fromisoformat(day)
    question = Question(Period(start, start + timedelta(days=1)), "none")
    inside = [f"{day}T00:00", f"{day}T23:59"]
    outside = [f"{start - timedelta(days=1)}T23:59", f"{start + timedelta(days=1)}T00:00"]
    for moments, expected in ((inside, 1), (outside, 0)):
        for at in moments:
            found = figures(everything(at, timezone)[area], area, question)
            assert found[COUNTED[area]].n == expected, at


@pytest.mark.parametrize("area", COUNTED)
@pytest.mark.parametrize(("compare", "at"), [("previous", "2024-02-28T12:00"), ("year", "2023-02-28T12:00")])
def test_a_leap_day_is_compared_with_a_single_day(area: str, compare: str, at: str) -> None:
    before = figures(everything(at, "UTC")[area], area, Question(LEAP_DAY, compare))  # type: ignore[arg-type]
    assert before[COUNTED[area]].previous == 1
    for longer in ("2024-02-27T12:00", "2023-02-27T12:00", "2023-03-01T00:00"):
        found = figures(everything(longer, "UTC")[area], area, Question(LEAP_DAY, compare))  # type: ignore[arg-type]
        assert found[COUNTED[area]].previous in (0, None), longer


NOW = datetime(2026, 6, 1, tzinfo=UTC)
START = datetime(2026, 3, 20, tzinfo=UTC)
QUARTER = Question(Period.parse("2026-03-01", "2026-06-01"), "none", at=NOW)
instants = st.integers(0, 24 * 40).map(lambda hours: START + timedelta(hours=hours))
ticket = st.tuples(
    instants, st.lists(st.tuples(instants, st.sampled_from(["reply", "resolved", "open", "on_hold"])), max_size=6),
    st.sampled_from("ab"), st.integers(0, 72), st.integers(0, 200), st.sampled_from([None, True, False]),
)  # fmt: skip


def ticket_of(number: int, drawn: tuple[Any, ...]) -> Ticket:
    opened, told, category, response, resolution, is_satisfied = drawn
    did = [
        Did(str(at), "reply") if what == "reply" else Did(str(at), state=what)
        for at, what in sorted(told)
        if at > opened
    ]
    due = [str(opened + timedelta(hours=hours)) for hours in (response, resolution)]
    return Ticket(
        number, str(opened), did, category=category, response_due=due[0], resolution_due=due[1],
        is_satisfied=is_satisfied, rated=None if is_satisfied is None else str(opened),
    )  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.lists(ticket, max_size=8))
def test_no_share_of_tickets_is_above_one_and_its_parts_are_filtered_alike(drawn: list[tuple[Any, ...]]) -> None:
    tables = ticket_tables([ticket_of(number, one) for number, one in enumerate(drawn, 1)])
    whole = figures(tables, "service", QUARTER)
    parts = [
        figures(tables, "service", Question(QUARTER.period, "none", only=TicketFilter(category=name), at=NOW))
        for name in "ab"
    ]
    for name, figure in whole.items():
        if DEFINITIONS[name].unit != "ratio":
            continue
        assert figure.value is None or 0 <= float(figure.value) <= 1
        assert figure.n == sum(part[name].n for part in parts)
        met = [float(part[name].value or 0) * part[name].n for part in parts]
        assert float(figure.value or 0) * figure.n == pytest.approx(sum(met))


@settings(max_examples=25, deadline=None)
@given(st.lists(ticket, min_size=1, max_size=6), st.lists(ticket, min_size=1, max_size=4))
def test_what_happens_later_changes_no_earlier_month(
    drawn: list[tuple[Any, ...]], later: list[tuple[Any, ...]]
) -> None:
    """Counts and durations of a month stay what they were when more tickets come in and are worked on afterwards."""
    first = [ticket_of(number, one) for number, one in enumerate(drawn, 1)]
    moved = [
        (one[0] + timedelta(days=90), [(at + timedelta(days=90), what) for at, what in one[1]], *one[2:])
        for one in later
    ]
    second = [*first, *(ticket_of(number, one) for number, one in enumerate(moved, 100))]
    march = Question(Period.parse("2026-03-01", "2026-04-01"), "none", at=NOW)
    before, after = (figures(ticket_tables(rows), "service", march) for rows in (first, second))
    for name in ("opened", "resolved", "backlog", "first_response", "sla_response"):
        assert (before[name].n, before[name].value) == (after[name].n, after[name].value), name


def test_the_average_is_taken_of_what_was_measured_and_not_of_rounded_days() -> None:
    deals = [
        Deal(n, path("2024-02-01T00:00 new", f"2024-02-01T{hour}:00 won"), "1") for n, hour in enumerate((10, 14), 1)
    ]
    found = figures(deal_tables(deals), "pipeline", Question(Period.parse("2024-02-01", "2024-03-01"), "none"))
    assert found["cycle_median"].value == pytest.approx(0.5)


def test_a_zero_base_gives_no_percentage_in_any_area() -> None:
    march = Question(Period.parse("2024-03-01", "2024-03-31"))
    tables = {
        "sales": make_tables(
            [Order(1, "2024-02-01 10:00", 1), Order(2, "2024-03-05 10:00", 1)],
            [Line(1, "3"), Line(2, "5"), Line(2, "-1", "refund", -1)],
        ),
        "service": ticket_tables([Ticket(1, "2024-01-01 10:00"), Ticket(2, "2024-03-05 10:00")]),
        "pipeline": deal_tables([Deal(1, path("2024-01-01 new", "2024-03-05 won"), "5")]),
    }
    for area, name in (("sales", "refunds"), ("service", "opened"), ("pipeline", "won_deals")):
        found = figures(tables[area], area, march)[name]
        assert (found.previous, found.change) == (0, None), name
        assert AREA_OF[name] == area


def test_a_lost_deal_is_in_no_forecast_and_a_late_edit_moves_no_win() -> None:
    deals = [
        Deal(1, path("2024-02-01 new", "2024-02-10 won"), "5"),
        Deal(2, path("2024-02-01 new", "2024-02-10 lost"), "7", chance=9000),
        Deal(3, path("2024-02-01 new", "2024-02-10 won", "2024-03-10 lost", "2024-03-11 won"), "11"),
    ]
    february = Question(Period.parse("2024-02-01", "2024-03-01"), "none")
    march = Question(Period.parse("2024-03-01", "2024-04-01"), "none")
    found = figures(deal_tables(deals), "pipeline", february)
    assert (found["forecast"].value, found["won_deals"].value) == (Decimal(16), 2)
    assert figures(deal_tables(deals), "pipeline", march)["won_deals"].value == 0
