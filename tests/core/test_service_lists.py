"""The tickets behind a number, those due soon, what tickets are about, and days out of the ordinary."""

from __future__ import annotations

from datetime import UTC, datetime

from crm_core.analytics.service_drill import TicketsParams, service_tickets
from crm_core.analytics.service_due import DueParams, service_due
from crm_core.analytics.service_params import ServiceParams
from crm_core.analytics.service_tables import Part
from crm_core.analytics.ticket_topics import TopicsReport, ticket_topics
from tests.core.test_service import HAND, MARCH, NOW
from tests.core.ticket_tables import Ticket, reply, state, ticket_tables


def listed(metric: str, **part: int) -> list[int]:
    params = TicketsParams(MARCH, at=NOW, metric=metric, part=Part(**part))
    return service_tickets(ticket_tables(HAND), params).tickets["ticket_id"].tolist()


def test_a_number_opens_its_tickets_the_newest_first() -> None:
    assert listed("opened") == [3, 2, 1]
    assert listed("backlog") == [3]
    assert listed("resolved") == [2, 1, 4]
    assert listed("sla_attainment") == [2, 1]


def test_an_hour_of_the_week_and_an_age_open_their_tickets() -> None:
    assert listed("opened", weekday=1, hour=23) == [3]  # 31 March 2026 is a Tuesday
    assert listed("opened", weekday=1, hour=22) == []
    assert listed("backlog", from_days=0, to_days=1) == [3]
    assert listed("backlog", from_days=1) == []


def test_the_list_says_what_each_ticket_adds() -> None:
    found = service_tickets(ticket_tables(HAND), TicketsParams(MARCH, at=NOW, metric="first_response")).tickets
    assert found.set_index("ticket_id")["counted"].to_dict() == {2: 4.0, 1: 2.0, 4: 24.0}
    assert str(found["at"].iloc[0]) == "2026-03-03 12:00:00+01:00"


DUE = (
    Ticket(1, "2026-03-02 09:00", response_due="2026-03-02 10:00", resolution_due="2026-03-03 09:00"),
    Ticket(2, "2026-03-02 09:00", (reply("2026-03-02 09:30"),), response_due="2026-03-02 10:00",
           resolution_due="2026-03-03 12:00"),
    Ticket(3, "2026-03-02 09:00", response_due="2026-03-09 10:00"),
    Ticket(4, "2026-03-02 09:00", (state("2026-03-02 09:30", "on_hold"), reply("2026-03-02 09:31"))),
    Ticket(5, "2026-03-02 09:00", (state("2026-03-02 09:30", "resolved"),), response_due="2026-03-02 10:00"),
    Ticket(6, "2026-03-02 09:00", response_due="2026-03-02 10:00", merged_into=1),
)  # fmt: skip


def test_late_tickets_come_first_then_those_due_soon_and_nothing_that_owes_nothing() -> None:
    at = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # 13:00 in Berlin
    found = service_due(ticket_tables(DUE), DueParams(at=at))
    assert (found.n_open, found.n_late, found.n_soon) == (4, 1, 1)
    shown = found.tickets[["ticket_id", "step", "hours_left"]].to_numpy().tolist()
    assert shown == [[1, "response", -3.0], [2, "resolution", 23.0]]
    assert service_due(ticket_tables(DUE), DueParams(at=at, hours_ahead=22)).n_soon == 0


def topics(*subjects: tuple[str, str], compare: str = "previous") -> TopicsReport:
    tickets = [Ticket(number, day, subject=text) for number, (day, text) in enumerate(subjects, 1)]
    return ticket_topics(ticket_tables(tickets), ServiceParams(MARCH, compare=compare, at=NOW))  # type: ignore[arg-type]


def test_words_that_became_frequent_are_told_from_those_that_always_were() -> None:
    before = [("2026-02-10 12:00", f"My invoice number {n}") for n in range(40)]
    after = [("2026-03-10 12:00", f"My invoice number {n}" if n % 2 else f"The charger burns {n}") for n in range(40)]
    found = topics(*before, *after).topics.set_index("topic")
    assert (found.loc["charger", "trend"], found.loc["charger", "n"], found.loc["charger", "previous"]) == (
        "more",
        20,
        0,
    )
    assert found.loc["invoice", "trend"] == "less"
    assert "my" not in found.index
    assert found["q_value"].is_monotonic_increasing


def test_chance_makes_no_topic() -> None:
    same = [(f"2026-0{2 + n % 2}-10 12:00", f"{'invoice' if n % 3 else 'parcel'} {n}") for n in range(60)]
    assert set(topics(*same).topics["trend"]) == {"same"}
    assert topics(*same, compare="none").topics["trend"].isna().all()


def test_chinese_subjects_have_topics_too() -> None:
    after = [("2026-03-10 12:00", "包裹没有收到") for _ in range(9)]
    before = [("2026-02-10 12:00", "发票问题") for _ in range(9)]
    found = topics(*after, *before).topics.set_index("topic")
    assert found.loc["包裹", "trend"] == "more"
    assert found.loc["发票", "trend"] == "less"
