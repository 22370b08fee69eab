"""Backlog, first response and resolution of any tickets, against plain Python that reads the definitions aloud."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from statistics import mean, median
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.analytics.periods import Period
from crm_core.analytics.service import service
from crm_core.analytics.service_drill import TicketsParams, service_tickets
from crm_core.analytics.service_metrics import SERVICE_METRICS
from crm_core.analytics.service_params import ServiceParams
from tests.core.ticket_tables import Did, Ticket, ticket_tables

WEEK = Period.parse("2026-03-26", "2026-04-02")  # the clocks of Europe change within it
NOW = datetime(2026, 6, 1, tzinfo=UTC)
START = datetime(2026, 3, 20, tzinfo=UTC)

hours = st.integers(0, 24 * 4 * 14).map(lambda quarters: START + timedelta(minutes=15 * quarters))
done = st.tuples(hours, st.sampled_from(["reply", "bot", "note", "open", "on_hold", "resolved", "merged"]))
drawn = st.lists(
    st.tuples(hours, st.lists(done, max_size=7), st.sampled_from(["customer", "agent"]), st.sampled_from("ab")),
    max_size=8,
)


def tickets_of(rows: list[tuple[datetime, list[tuple[datetime, str]], str, str]]) -> list[Ticket]:
    found = []
    for number, (opened, told, opened_by, category) in enumerate(rows, 1):
        did = [event(at, what) for at, what in sorted(told) if at > opened]
        is_merged = any(one.kind == "merged" for one in did)
        found.append(
            Ticket(number, str(opened), did, category=category, opened_by=opened_by,
                   merged_into=99 if is_merged else None)
        )  # fmt: skip
    return found


def event(at: datetime, what: str) -> Did:
    if what in ("reply", "note", "merged"):
        return Did(str(at), what)
    return Did(str(at), "reply", "bot") if what == "bot" else Did(str(at), state=what)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def is_open_at_the_end_of(day: date, ticket: Ticket, zone: ZoneInfo) -> bool:
    end = datetime.combine(day + timedelta(days=1), datetime.min.time(), zone).astimezone(UTC)
    if instant(ticket.opened) >= end:
        return False
    state = "open"
    for did in ticket.did:
        if instant(did.at) >= end:
            break
        if did.kind == "merged":
            return False
        state = did.state or state
    return state != "resolved"


def first_reply(ticket: Ticket) -> datetime | None:
    replies = [instant(did.at) for did in ticket.did if did.kind == "reply" and did.author == "agent"]
    if ticket.opened_by == "agent":
        replies = replies[1:]
    return replies[0] if replies else None


def resolution(ticket: Ticket) -> tuple[datetime, timedelta] | None:
    """When it was resolved for good, and how long that took."""
    state, at, held, resolved = "open", instant(ticket.opened), timedelta(), None
    for did in ticket.did:
        if did.state is None or did.state == state:
            continue
        if state == "on_hold":
            held += instant(did.at) - at
        state, at = did.state, instant(did.at)
        resolved = at if state == "resolved" else None
    return None if resolved is None else (resolved, resolved - instant(ticket.opened) - held)


@pytest.mark.parametrize("timezone", ["Europe/Berlin", "America/New_York", "Asia/Shanghai"])
@settings(max_examples=20, deadline=None)
@given(rows=drawn)
def test_backlog_first_response_and_resolution_are_what_the_definitions_say(
    timezone: str, rows: list[tuple[datetime, list[tuple[datetime, str]], str, str]]
) -> None:
    zone, tickets = ZoneInfo(timezone), tickets_of(rows)
    found = service(ticket_tables(tickets, timezone=timezone), ServiceParams(WEEK, at=NOW, compare="none"))
    start, end = WEEK.instants(timezone)
    counted = [ticket for ticket in tickets if ticket.merged_into is None]

    replies = [(at, ticket) for ticket in counted if (at := first_reply(ticket))]
    took = [(at - instant(ticket.opened)) / timedelta(hours=1) for at, ticket in replies if start <= at < end]
    response = found.metrics["first_response"]
    assert response.n == len(took)
    assert response.value == (pytest.approx(median(took)) if took else None)
    assert response.mean == (pytest.approx(mean(took)) if took else None)

    resolved = [last for ticket in counted if (last := resolution(ticket))]
    lasted = [length / timedelta(hours=1) for at, length in resolved if start <= at < end]
    assert found.metrics["resolution"].n == len(lasted)
    assert found.metrics["resolution"].value == (pytest.approx(median(lasted)) if lasted else None)

    for row in found.series.itertuples(index=False):
        assert row.backlog_n == sum(is_open_at_the_end_of(row.start, ticket, zone) for ticket in tickets)


@settings(max_examples=15, deadline=None)
@given(rows=drawn)
def test_every_number_can_be_recomputed_from_the_tickets_it_opens(
    rows: list[tuple[datetime, list[tuple[datetime, str]], str, str]],
) -> None:
    tables = ticket_tables(tickets_of(rows))
    found = service(tables, ServiceParams(WEEK, at=NOW, compare="none"))
    for name, metric in SERVICE_METRICS.items():
        listed = service_tickets(tables, TicketsParams(WEEK, at=NOW, compare="none", metric=name)).tickets
        kpi = found.metrics[name]
        assert len(listed) == kpi.n
        if metric.kind == "share":
            assert kpi.value == (listed["counted"].mean() if kpi.n else None)
        if metric.kind == "duration":
            assert kpi.value == (pytest.approx(listed["counted"].median()) if kpi.n else None)
