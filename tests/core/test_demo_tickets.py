"""The tickets of a simulated company: what they hold follows from their events, and what was planted can be found."""

from collections.abc import Iterator

import numpy as np
import pytest
from sqlalchemy import select

from crm_core.access import SYSTEM
from crm_core.db.models import Team, TeamMember, Ticket, TicketEvent, TicketStatus, User
from crm_core.demo import DemoResult, Truth, fill, load_truth
from crm_core.records.business_time import MINUTE, working_hours
from crm_core.records.ticket_times import retime
from crm_core.workspace import Workspace
from tests.core.demo_workspaces import TODAY, frame, opened

N = 2000
HOURS = {str(day): [["09:00", "17:00"]] if day < 5 else [] for day in range(7)}
Filled = tuple[Workspace, DemoResult, Truth]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    workspace = opened(tmp_path_factory.mktemp("demo"))
    result = fill(workspace, customers=N, today=TODAY)
    yield workspace, result, load_truth(workspace)
    workspace.close()


def test_what_tickets_hold_is_what_the_service_would_work_out_of_their_events(filled: Filled) -> None:
    workspace, result, _ = filled
    held = ("first_replied_at", "first_resolved_at", "resolved_at", "reopened", "response_due_at", "resolution_due_at")
    n_tickets = 0
    with workspace.write(SYSTEM, "form") as session:
        events: dict[int, list[TicketEvent]] = {}
        for event in session.scalars(select(TicketEvent).order_by(TicketEvent.at, TicketEvent.id)):
            events.setdefault(event.ticket_id, []).append(event)
        states = {row.code: row.state for row in session.scalars(select(TicketStatus))}
        for ticket in session.scalars(select(Ticket)):
            story = events[ticket.id]
            stored = {name: getattr(ticket, name) for name in (*held, "due_at", "status", "state", "is_satisfied")}
            retime(session, ticket, story)
            changes = [event for event in story if event.kind in ("opened", "status")]
            assert [event.before for event in changes] == [None, *(event.after for event in changes[:-1])]
            ratings = [event for event in story if event.kind == "rated"]
            assert stored == {
                **{name: getattr(ticket, name) for name in (*held, "due_at")},
                "status": changes[-1].after,
                "state": states[changes[-1].after],
                "is_satisfied": ratings[0].after == "yes" if ratings else None,
            }
            assert ticket.rated_at == (ratings[0].at if ratings else None)
            assert (story[0].kind, story[0].at) == ("opened", ticket.opened_at)
            n_tickets += 1
        session.rollback()
    assert n_tickets == result.tickets


def test_who_took_a_ticket_and_who_raised_it_is_told_where_it_happened_after_it_came(filled: Filled) -> None:
    told = frame(
        filled[0],
        """SELECT t.id, e.kind, e.at, e.before, e.after, t.priority, t.opened_at, t.first_replied_at, u.name
           FROM ticket_events e JOIN tickets t ON t.id = e.ticket_id LEFT JOIN users u ON u.id = t.assignee_id
           WHERE e.kind IN ('assigned', 'priority')""",
    )
    assert (told["at"] >= told["opened_at"]).all()
    assert (told["first_replied_at"].isna() | (told["at"] <= told["first_replied_at"])).all()
    taken, raised = (told[told["kind"] == kind] for kind in ("assigned", "priority"))
    assert len(taken) / filled[1].tickets == pytest.approx(0.5, abs=0.06)
    assert (taken["after"] == taken["name"]).all()
    assert (raised["after"] == raised["priority"]).all()
    assert set(zip(raised["before"], raised["after"], strict=True)) == {("normal", "high"), ("high", "urgent")}
    nobodys = frame(filled[0], "SELECT status FROM tickets WHERE assignee_id IS NULL")
    assert set(nobodys["status"]) == {"new"}


def test_agents_answer_at_their_known_speeds(filled: Filled) -> None:
    workspace, _, truth = filled
    answered = frame(
        workspace,
        "SELECT assignee_id, opened_at, first_replied_at FROM tickets "
        "WHERE priority = 'normal' AND first_replied_at IS NOT NULL",
    )
    office = working_hours(HOURS, [], truth.timezone, truth.start_at.date(), truth.end_at.date())
    minutes = office.between(answered["opened_at"].to_numpy(), answered["first_replied_at"].to_numpy()) / MINUTE
    assert len(truth.agents) == 7
    for agent in truth.agents:
        logs = np.log(minutes[answered["assignee_id"] == agent.user_id])
        assert len(logs) > 50
        assert abs(logs.mean() - np.log(agent.median_minutes)) < 3.5 * agent.sigma / np.sqrt(len(logs))
        assert logs.std() == pytest.approx(agent.sigma, rel=0.25)


def test_agents_sit_in_teams_and_cannot_sign_in(filled: Filled) -> None:
    workspace, _, truth = filled
    with workspace.read() as session:
        teams = {team.id: team.name for team in session.scalars(select(Team))}
        of_user = {member.user_id: teams[member.team_id] for member in session.scalars(select(TeamMember))}
        users = {user.id: user for user in session.scalars(select(User))}
    assert of_user == {agent.user_id: agent.team for agent in truth.agents}
    simulated = [
        users[agent.user_id] for agent in truth.agents if agent.user_id and users[agent.user_id].is_active is False
    ]
    assert len(simulated) == 6
    assert all(user.password_hash is None and user.role == "support" for user in simulated)


def test_the_queue_has_something_of_everything(filled: Filled) -> None:
    queue = frame(filled[0], "SELECT status, due_at, assignee_id FROM tickets WHERE state <> 'resolved'")
    end = filled[2].end_at.timestamp() * 1e6
    assert {"new", "open", "waiting", "third_party"} >= set(queue["status"]) >= {"open", "third_party"}
    assert queue["due_at"].lt(end).any()
    assert queue["due_at"].gt(end).any()


def test_tickets_are_about_what_their_customers_bought(filled: Filled) -> None:
    strange = frame(
        filled[0],
        """SELECT t.id FROM tickets t WHERE t.product_id IS NOT NULL AND t.category <> 'Product question'
           AND NOT EXISTS (SELECT 1 FROM orders o JOIN order_lines l ON l.order_id = o.id WHERE l.kind = 'sale'
               AND o.customer_id = t.customer_id AND l.product_id = t.product_id AND o.ordered_at <= t.opened_at)""",
    )
    assert strange.empty
    chinese = frame(filled[0], "SELECT c.language, t.subject FROM tickets t JOIN customers c ON c.id = t.customer_id")
    has_signs = chinese["subject"].str.contains("[\u4e00-\u9fff]", regex=True)
    assert has_signs.any()
    assert (has_signs == chinese["language"].eq("zh")).all()


def test_nothing_of_a_ticket_happens_on_or_after_today_or_before_its_customer(filled: Filled) -> None:
    workspace, _, truth = filled
    span = frame(workspace, "SELECT min(at) AS first, max(at) AS last FROM ticket_events").iloc[0]
    assert truth.start_at.timestamp() * 1e6 <= span["first"]
    assert span["last"] < truth.end_at.timestamp() * 1e6
    early = "SELECT 1 FROM tickets t JOIN customers c ON c.id = t.customer_id WHERE t.opened_at < c.created_at"
    assert frame(workspace, early).empty
