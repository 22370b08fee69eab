"""Metrics of tickets, by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import narwhals as nw
import pytest

from crm_core.analytics.periods import Period
from crm_core.analytics.service import ServiceReport, service
from crm_core.analytics.service_metrics import SERVICE_METRICS
from crm_core.analytics.service_params import BusinessHours, ServiceParams, TicketFilter
from tests.core.ticket_tables import Did, Ticket, reply, state, ticket_tables

DEFINITIONS = Path(__file__).parents[2] / "docs" / "metrics.md"
MARCH = Period.parse("2026-03-01", "2026-04-01")
NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
WEEKDAYS = BusinessHours(((("09:00", "17:00"),),) * 5 + ((), ()))


def report(*tickets: Ticket, timezone: str = "Europe/Berlin", **params: object) -> ServiceReport:
    asked = replace(ServiceParams(MARCH, at=NOW), **params)  # type: ignore[arg-type]
    return service(ticket_tables(tickets, timezone=timezone), asked)


HAND = (
    # Answered after 2 h, on hold from 12 to 16, resolved at 18: 9 h less 4 on hold = 5 h.
    Ticket(1, "2026-03-02 09:00", (reply("2026-03-02 11:00"), state("2026-03-02 12:00", "on_hold"),
           state("2026-03-02 16:00", "open"), state("2026-03-02 18:00", "resolved")), category="Delivery",
           is_satisfied=True, rated="2026-03-03 10:00", response_due="2026-03-02 12:00"),
    # Answered after 4 h, resolved after 10 h, reopened and resolved again after 30 h.
    Ticket(2, "2026-03-03 08:00", (reply("2026-03-03 12:00"), state("2026-03-03 18:00", "resolved"),
           state("2026-03-04 08:00", "open"), state("2026-03-04 14:00", "resolved")), category="Delivery",
           is_satisfied=False, rated="2026-03-05 10:00", response_due="2026-03-03 09:00"),
    # Never answered.
    Ticket(3, "2026-03-31 23:30", (Did("2026-03-31 23:40", "note"), reply("2026-03-31 23:31", "bot")),
           category="Returns", response_due="2026-04-01 01:00"),
    # From February, answered and resolved in March.
    Ticket(4, "2026-02-28 12:00", (reply("2026-03-01 12:00"), state("2026-03-01 13:00", "resolved")),
           response_due="2026-02-28 13:00"),
)  # fmt: skip


def test_the_metrics_of_a_month_by_hand() -> None:
    found = report(*HAND).metrics
    assert {name: (kpi.value, kpi.n) for name, kpi in found.items()} == {
        "opened": (3, 3),
        "resolved": (3, 3),
        "backlog": (1, 1),
        "first_response": (4.0, 3),  # 2, 4, 24
        "first_resolution": (10.0, 3),  # 5, 10, 25
        "resolution": (25.0, 3),  # 5, 30, 25
        "sla_attainment": (0.5, 2),  # 1 met; 2 missed on 3 March; 3 is missed in April, 4 was in February
        "sla_response": (0.5, 2),
        "sla_resolution": (None, 0),
        "reopen_rate": (1 / 3, 3),
        "csat": (0.5, 2),
        "csat_response": (2 / 3, 3),
    }
    response = found["first_response"]
    assert (response.mean, response.p90) == (10.0, pytest.approx(4 + 0.8 * 20))


def value(found: ServiceReport, name: str) -> float | None:
    return found.metrics[name].value


def test_neither_bots_nor_notes_stop_the_clock_and_the_team_s_own_question_does_not_answer_itself() -> None:
    noise = Ticket(1, "2026-03-02 09:00", (Did("2026-03-02 09:05", "note"), reply("2026-03-02 09:01", "bot")))
    assert report(noise).metrics["first_response"].n == 0
    asked = Ticket(2, "2026-03-02 09:00", (reply("2026-03-02 09:00"), reply("2026-03-02 14:00")), opened_by="agent")
    assert value(report(asked), "first_response") == 5.0


def test_reopening_a_ticket_never_restarts_first_response() -> None:
    told = [reply("2026-03-02 11:00"), state("2026-03-02 12:00", "resolved"), state("2026-03-05 12:00", "open")]
    again = [*told, reply("2026-03-06 12:00")]
    assert value(report(Ticket(1, "2026-03-02 09:00", told)), "first_response") == 2.0
    assert value(report(Ticket(1, "2026-03-02 09:00", again)), "first_response") == 2.0


def test_reopening_clears_the_full_resolution_and_keeps_the_first() -> None:
    found = report(
        Ticket(1, "2026-03-02 09:00", (state("2026-03-02 12:00", "resolved"), state("2026-03-05 12:00", "open")))
    )
    assert (value(found, "first_resolution"), value(found, "resolution"), value(found, "backlog")) == (3.0, None, 1)
    assert (value(found, "resolved"), value(found, "reopen_rate")) == (1, 1.0)


def test_what_happened_is_placed_by_when_it_happened_and_not_by_when_the_ticket_was_opened() -> None:
    late = Ticket(1, "2026-02-27 12:00", (reply("2026-03-01 12:00"), state("2026-04-01 12:00", "resolved")))
    found = report(late)
    assert [found.metrics[name].n for name in ("opened", "first_response", "resolution", "backlog")] == [0, 1, 0, 1]


def test_a_ticket_resolved_nobody_knows_when_is_open_on_no_day() -> None:
    tables = ticket_tables([Ticket(1, "2026-03-02 09:00", (state("2026-03-02 09:00", "open"),)), HAND[2]])
    is_first = nw.col("id") == 1
    told = nw.when(is_first).then(nw.lit("resolved")).otherwise(nw.col("state"))
    found = service(tables.replaced(tickets=tables.tickets.with_columns(state=told)), ServiceParams(MARCH, at=NOW))
    assert (value(found, "opened"), value(found, "backlog"), value(found, "resolved")) == (2, 1, 0)


TARGETS = (
    Ticket(1, "2026-03-02 09:00", (reply("2026-03-02 10:00"),), response_due="2026-03-02 10:00"),  # to the second
    Ticket(2, "2026-03-02 09:00", (reply("2026-03-02 10:01"),), response_due="2026-03-02 10:00"),
    Ticket(3, "2026-03-02 09:00", response_due="2026-03-02 10:00"),
    Ticket(4, "2026-03-31 09:00", response_due="2026-05-02 10:00"),  # not due yet
    Ticket(5, "2026-03-02 09:00", (state("2026-03-02 09:10", "resolved"),), response_due="2026-03-02 10:00"),  # spam
    Ticket(6, "2026-03-02 09:00", (state("2026-03-02 09:10", "on_hold"),)),  # on hold nothing is due
)


def test_an_unanswered_ticket_past_its_target_is_already_missed() -> None:
    found = report(*TARGETS)
    assert (value(found, "sla_response"), found.metrics["sla_response"].n) == (1 / 3, 3)


def test_a_target_is_decided_once_and_an_answer_that_comes_later_moves_nothing() -> None:
    silent = Ticket(3, "2026-03-30 09:00", response_due="2026-03-31 10:00")
    answered = replace(silent, did=(reply("2026-04-20 09:00"),))
    for ticket in (silent, answered):
        assert report(ticket).metrics["sla_response"].n == 1
        april = report(ticket, period=Period.parse("2026-04-01", "2026-05-01"))
        assert april.metrics["sla_response"].n == 0


def test_what_an_imported_log_says_of_a_target_counts_instead_of_the_times() -> None:
    log = [
        Ticket(n, "2026-03-02 09:00", (state("2026-03-03 09:00", "resolved"),), is_sla_met=n < 3,
               resolution_due="2026-03-02 10:00")
        for n in (1, 2, 3)
    ]  # fmt: skip
    found = report(*log)
    assert (value(found, "sla_attainment"), found.metrics["sla_attainment"].n) == (2 / 3, 3)
    assert value(found, "sla_resolution") is None


def test_merged_tickets_count_once_under_the_survivor() -> None:
    twin = Ticket(
        2, "2026-03-02 09:00", (reply("2026-03-02 10:00"), Did("2026-03-05 09:00", "merged", after="T1"),
                                state("2026-03-06 09:00", "resolved"), state("2026-03-07 09:00", "open")),
        merged_into=1, is_satisfied=True, rated="2026-03-06 10:00", response_due="2026-03-02 09:30",
    )  # fmt: skip
    found = report(Ticket(1, "2026-03-02 08:00"), twin)
    shown = {name: kpi.n for name, kpi in found.metrics.items() if kpi.n}
    assert shown == {"opened": 1, "backlog": 1}


def test_the_backlog_of_a_day_never_changes_whatever_happens_later() -> None:
    """Not by resolving, reopening or merging after it."""
    then = report(*HAND, period=Period.parse("2026-03-03", "2026-03-04")).metrics["backlog"].value
    later = [
        replace(ticket, did=[*ticket.did, state("2026-04-20 09:00", "open"), Did("2026-04-21 09:00", "merged")],
                merged_into=99)
        for ticket in HAND
    ]  # fmt: skip
    assert then == 0
    assert report(*later, period=Period.parse("2026-03-03", "2026-03-04")).metrics["backlog"].value == then
    assert report(*later, period=Period.parse("2026-03-31", "2026-04-01")).metrics["backlog"].value == 1


def test_a_backlog_is_counted_at_the_end_of_the_local_day() -> None:
    """22:30 in London is 23:30 in Berlin: the same day; 23:30 in London is the next day in Berlin."""
    ticket = Ticket(1, "2026-03-10 22:30+00:00", (state("2026-03-10 23:30+00:00", "resolved"),))
    day = Period.parse("2026-03-10", "2026-03-11")
    assert value(report(ticket, timezone="Europe/Berlin", period=day), "backlog") == 1
    assert value(report(ticket, timezone="Europe/London", period=day), "backlog") == 0


@pytest.mark.parametrize(
    ("timezone", "day"), [("Asia/Shanghai", "2026-03-11"), ("America/New_York", "2026-03-10"), ("UTC", "2026-03-10")]
)
def test_a_ticket_belongs_to_its_local_day_east_and_west(timezone: str, day: str) -> None:
    found = report(Ticket(1, "2026-03-10 20:00+00:00"), timezone=timezone)
    opened = found.series[found.series["opened_n"] > 0]
    assert [str(start) for start in opened["start"]] == [day]
    hour = {"Asia/Shanghai": (2, 4), "America/New_York": (1, 16), "UTC": (1, 20)}[timezone]
    slot = found.by_hour[found.by_hour["opened"] > 0]
    assert [tuple(row) for row in slot[["weekday", "hour"]].to_numpy().tolist()] == [hour]


def test_a_day_a_clock_change_shortens_is_one_day_and_hours_last_as_long_as_they_last() -> None:
    """On 29 March 2026 the clock in Berlin goes from 2 to 3."""
    ticket = Ticket(1, "2026-03-29 01:30", (reply("2026-03-29 03:30"), state("2026-03-29 23:59", "resolved")))
    found = report(ticket, period=Period.parse("2026-03-29", "2026-03-30"))
    assert (value(found, "opened"), value(found, "first_response"), value(found, "backlog")) == (1, 1.0, 0)
    assert value(report(ticket, timezone="UTC"), "first_response") == 2.0


def test_a_leap_day_is_compared_with_the_day_before_and_with_28_february() -> None:
    leap = Period.parse("2028-02-29", "2028-03-01")
    now = datetime(2028, 6, 1, tzinfo=UTC)
    days = ("2027-02-28 12:00", "2028-02-28 12:00", "2028-02-28 13:00", "2028-02-29 12:00")
    tickets = [Ticket(n, day) for n, day in enumerate(days, 1)]
    for compare, wanted in (("previous", 2), ("year", 1)):
        opened = report(*tickets, period=leap, compare=compare, at=now).metrics["opened"]
        assert (opened.value, opened.previous) == (1, wanted)


def test_the_comparison_is_as_long_as_the_period() -> None:
    found = report(*HAND, Ticket(9, "2026-01-29 12:00"), Ticket(10, "2026-01-28 12:00"))
    assert found.compared == Period.parse("2026-01-29", "2026-03-01")
    assert found.metrics["opened"].previous == 2
    assert found.metrics["opened"].change == 0.5


def test_business_hours_leave_out_nights_weekends_and_holidays() -> None:
    friday = Ticket(1, "2026-03-06 16:00", (reply("2026-03-09 10:00"), state("2026-03-09 11:00", "on_hold"),
                    state("2026-03-10 10:00", "open"), state("2026-03-10 11:00", "resolved")))  # fmt: skip
    by_clock, at_work = report(friday), report(friday, hours=WEEKDAYS)
    assert (value(by_clock, "first_response"), value(at_work, "first_response")) == (66.0, 2.0)
    assert value(at_work, "resolution") == 1 + 8 + 2 - 7  # Friday, Monday, Tuesday less 11 to 17 and 9 to 10
    closed = report(friday, hours=BusinessHours(WEEKDAYS.week, ("2026-03-09",)))
    assert value(closed, "first_response") == 1.0


def test_no_data_is_none_and_never_zero() -> None:
    empty = report()
    assert {(kpi.value, kpi.previous, kpi.change, kpi.n) for kpi in empty.metrics.values()} == {(None, None, None, 0)}
    quiet = report(*HAND, period=Period.parse("2026-03-10", "2026-03-20"))
    assert {name: kpi.value for name, kpi in quiet.metrics.items() if kpi.value is not None} == {
        "opened": 0, "resolved": 0, "backlog": 0,
    }  # fmt: skip
    before = report(*HAND, period=Period.parse("2026-01-01", "2026-02-01"))
    assert {kpi.value for kpi in before.metrics.values()} == {None}


def test_a_zero_base_gives_no_percentage() -> None:
    found = report(*HAND, period=Period.parse("2026-03-31", "2026-04-01")).metrics["opened"]
    assert (found.value, found.previous, found.change) == (1, 0, None)


def test_filters_narrow_every_number_and_know_what_is_not_set() -> None:
    assert value(report(*HAND, only=TicketFilter(category="Delivery")), "opened") == 2
    assert report(*HAND, only=TicketFilter(category="")).metrics["first_response"].value == 24.0
    assert value(report(*HAND, only=TicketFilter(team_id=0)), "opened") == 3
    assert value(report(*HAND, only=TicketFilter(assignee_id=7)), "opened") is None


def test_a_breakdown_adds_up_to_the_whole_and_says_the_same_as_the_filter() -> None:
    found = report(*HAND)
    table = found.breakdown[found.breakdown["dimension"] == "category"]
    assert table["opened"].sum() == value(found, "opened")
    assert table["value"].tolist() == ["Delivery", "Returns", None]
    for row in table.itertuples(index=False):
        alone = report(*HAND, only=TicketFilter(category=row.value or "")).metrics
        for name in ("opened", "backlog", "first_response", "resolution", "sla_attainment", "csat"):
            assert getattr(row, name) == alone[name].value or getattr(row, name) != getattr(row, name), name
            assert getattr(row, f"{name}_n") == alone[name].n


def test_the_days_of_a_course_add_up_and_end_with_the_backlog_of_the_period() -> None:
    found = report(*HAND)
    assert found.series["opened"].sum() == 3
    assert found.series["backlog"].iloc[-1] == value(found, "backlog")
    assert found.series["first_response_n"].sum() == found.metrics["first_response"].n


def test_the_ages_of_the_open_add_up_to_the_backlog() -> None:
    old = Ticket(8, "2026-02-01 00:00")
    found = report(*HAND, old)
    assert found.ageing["tickets"].sum() == value(found, "backlog") == 2
    assert found.ageing.set_index("from_days")["tickets"].to_dict() == {0: 1, 1: 0, 3: 0, 7: 0, 14: 0, 30: 1, 90: 0}


def test_the_documentation_defines_every_metric_in_the_same_words() -> None:
    text = DEFINITIONS.read_text(encoding="utf-8")
    for metric in SERVICE_METRICS.values():
        cells = (f"`{metric.id}`", metric.name, metric.formula, metric.unit, metric.placed_by, metric.excluded)
        assert f"| {' | '.join(cells)} |" in text
