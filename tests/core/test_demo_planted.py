"""What the simulator plants into tickets, found again among those of 20,480 customers without writing them."""

from datetime import UTC, datetime
from functools import cache

import numpy as np
import pytest

from crm_core.demo import SimulationConfig
from crm_core.demo.calendar import history
from crm_core.demo.desk import AGENTS, PRIORITIES, TEAMS, TOPICS, Agent, Desk, spikes, window
from crm_core.demo.lives import live
from crm_core.demo.orders import take_orders
from crm_core.demo.prices import price_list
from crm_core.demo.ticket_course import Course, take_course
from crm_core.demo.tickets import Tickets, open_tickets
from crm_core.records.business_time import MINUTE, working_hours
from tests.core.demo_workspaces import TODAY

N = 20_480
ZONE = "Europe/Berlin"
TARGETS = {"urgent": (60, 480), "high": (240, 960), "normal": (480, 2400), "low": (960, 4800)}


@cache
def simulated(factor: float = 2.0, n: int = N) -> tuple[Tickets, Course, Desk]:
    config = SimulationConfig(slow_answer_factor=factor)
    span = history(config, TODAY, ZONE)
    hours = {str(day): [["09:00", "17:00"]] if day < 5 else [] for day in range(7)}
    office = working_hours(hours, [], ZONE, span.start_at.date(), span.end_at.date())
    agents = tuple(Agent(name, TEAMS[team], median, share) for name, team, median, share in AGENTS)
    desk = Desk(agents, (None, None), office, tuple((*TARGETS[name], office) for name in PRIORITIES))
    lives = live(config, span, seed=7, index=np.arange(n))
    orders = take_orders(config, span, price_list(7, span, "EUR"), seed=7, lives=lives)
    tickets = open_tickets(config, span, desk, spikes(span, TODAY, ZONE), ZONE, seed=7, lives=lives, orders=orders)
    return tickets, take_course(config, desk, tickets, end=span.end), desk


@pytest.mark.parametrize("factor", [1.0, 2.0, 4.0])
def test_customers_answered_late_leave_at_the_stated_odds(factor: float) -> None:
    tickets, course, _ = simulated(factor)
    slow, left = course.is_slow, tickets.has_left
    cells = np.array([(slow & left).sum(), (slow & ~left).sum(), (~slow & left).sum(), (~slow & ~left).sum()])
    stratum = tickets.agent * len(PRIORITIES) + tickets.priority  # each with a share of late answers of its own
    n = np.bincount(stratum)
    late_and_left, in_time_and_left = (np.bincount(stratum[which & left], minlength=len(n)) for which in (slow, ~slow))
    late_and_stayed, in_time_and_stayed = (
        np.bincount(stratum[which & ~left], minlength=len(n)) for which in (slow, ~slow)
    )
    filled = n > 0
    odds = ((late_and_left * in_time_and_stayed)[filled] / n[filled]).sum() / (
        (late_and_stayed * in_time_and_left)[filled] / n[filled]
    ).sum()  # Mantel and Haenszel
    assert cells.min() > 150
    assert abs(np.log(odds) - np.log(factor)) < 3.5 * np.sqrt((1 / cells).sum())


def test_late_answers_are_those_after_their_target() -> None:
    tickets, course, desk = simulated()
    due = desk.due(course.opened, tickets.priority, is_resolution=False)
    answered = course.replied < 2**62
    in_office = desk.office.between(course.opened, course.replied)[answered]
    assert ((course.replied > due) == course.is_slow)[answered].all()
    assert in_office.min() >= 0
    assert 0.05 < course.is_slow.mean() < 0.3


@pytest.mark.parametrize("factor", [1.0, 4.0])
def test_agents_are_as_fast_as_stated_however_much_late_answers_cost(factor: float) -> None:
    tickets, course, desk = simulated(factor)
    minutes = desk.office.between(course.opened, course.replied) / MINUTE
    for number, agent in enumerate(desk.agents):
        of = (tickets.agent == number) & (tickets.priority == PRIORITIES.index("normal")) & (course.replied < 2**62)
        margin = 4 * agent.sigma / np.sqrt(of.sum())
        assert abs(np.median(np.log(minutes[of])) - np.log(agent.median_minutes)) < margin


def test_spikes_come_as_often_as_stated_on_their_days_only() -> None:
    tickets, _, _ = simulated()
    span = history(SimulationConfig(), TODAY, ZONE)
    planted = spikes(span, TODAY, ZONE)
    assert [spike.category for spike in planted] == ["Payment", "Damaged goods", "Delivery"]
    in_any = np.zeros(len(tickets.instants), dtype=bool)
    for spike in planted:
        begin, end = window(spike, ZONE)
        in_any |= (tickets.instants >= begin) & (tickets.instants < end)
    for spike in planted:
        begin, end = window(spike, ZONE)
        during = (tickets.instants >= begin) & (tickets.instants < end)
        about = np.array([topic.category for topic in TOPICS])[tickets.topic] == spike.category
        cells = np.array(
            [(during & about).sum(), (during & ~about).sum(), (~in_any & about).sum(), (~in_any & ~about).sum()]
        )
        factor = cells[0] / cells[1] / (cells[2] / cells[3])
        assert abs(np.log(factor) - np.log(spike.factor)) < 3.5 * np.sqrt((1 / cells).sum())
    assert datetime.fromtimestamp(window(planted[-1], ZONE)[1], UTC) == span.end_at


def test_seasons_of_the_service_are_in_the_tickets() -> None:
    tickets, _, _ = simulated()
    days = (tickets.instants + 3600) // 86_400  # in winter; close enough for weekdays
    by_weekday = np.bincount((days + 3) % 7, minlength=7)
    assert by_weekday[0] == by_weekday.max()
    assert by_weekday[5:].sum() < by_weekday[:2].sum() * 0.7


def test_tickets_of_a_customer_do_not_depend_on_who_else_there_is() -> None:
    few, few_courses, _ = simulated(n=300)
    many, many_courses, _ = simulated()
    first = np.flatnonzero(many.owner < 300)
    for name in ("owner", "key", "instants", "topic", "priority", "channel", "agent", "product", "has_left"):
        assert (getattr(few, name) == getattr(many, name)[first]).all()
    for name in ("replied", "held", "resolved", "reopened", "closed", "rated"):
        assert (getattr(few_courses, name) == getattr(many_courses, name)[first]).all()
