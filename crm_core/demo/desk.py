"""The service desk: who answers and how fast, what tickets are about, and the spikes planted into them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np
from sqlalchemy import select

from crm_core.access import Role
from crm_core.config import zone
from crm_core.db.history import TrackedSession
from crm_core.db.models import BusinessCalendar, SlaTarget, Team, TeamMember, TicketStatus, User
from crm_core.demo.calendar import History
from crm_core.demo.chance import Ints
from crm_core.records import users
from crm_core.records.business_time import MINUTE, WorkingHours, working_hours

TEAMS = ("First line", "Product care")
PRIORITIES = ("low", "normal", "high", "urgent")
PRIORITY_SHARES = (0.15, 0.6, 0.2, 0.05)
PRIORITY_PACE = (1.5, 1.0, 0.5, 0.2)
"""How much longer a first answer takes, by priority."""
SIGMA = 0.9
STATUSES = {
    "new": "open", "open": "open", "waiting": "on_hold", "third_party": "on_hold", "resolved": "resolved",
    "closed": "resolved",
}  # fmt: skip
"""The statuses used, and the states they have to mean."""
_OFFICE = {str(day): [["09:00", "17:00"]] if day < 5 else [] for day in range(7)}


@dataclass(frozen=True)
class Topic:
    """What a ticket is about: its category, its part of the tickets, and the team that answers.

    fragile: categories of products that make three times the trouble of others.
    """

    category: str
    share: float
    team: int
    fragile: tuple[str, ...] = ()


TOPICS = (
    Topic("Delivery", 0.30, 0),
    Topic("Payment", 0.12, 0),
    Topic("Account", 0.08, 0),
    Topic("Damaged goods", 0.18, 1, ("Tableware", "Candles and scents")),
    Topic("Returns", 0.17, 1, ("Living", "Bath", "Out and about")),
    Topic("Product question", 0.15, 1, ("Coffee", "Tea", "Garden")),
)
ACCOUNT, QUESTION = 2, 5
"""Topics of who has not bought anything yet."""


@dataclass(frozen=True)
class Spike:
    """Days on which tickets of a category come `factor` times as often as they would."""

    category: str
    first_on: date
    days: int
    factor: float


@dataclass(frozen=True)
class Agent:
    """Who answers tickets: a first answer of normal priority takes log-normal working time.

    Attributes:
        user_id: the account; None where the workspace is no demo.
        median_minutes: working minutes until half of the first answers of normal priority are there.
        sigma: standard deviation of the logarithm.
        share: part of the team's tickets.
    """

    name: str
    team: str
    median_minutes: float
    share: float
    user_id: int | None = None
    sigma: float = SIGMA


@dataclass(frozen=True, eq=False)
class Desk:
    """The service desk of one fill.

    Attributes:
        agents: by team.
        team_ids: keys of TEAMS, None where the workspace is no demo.
        office: when the agents work.
        targets: by priority: minutes of response and of resolution (−1: none), and when they count (None: always).
    """

    agents: tuple[Agent, ...]
    team_ids: tuple[int | None, ...]
    office: WorkingHours
    targets: tuple[tuple[int, int, WorkingHours | None], ...]

    def response_minutes(self) -> Ints:
        """The target of the first answer by priority, in minutes; −1 is none."""
        return np.array([response for response, _, _ in self.targets])

    def due(self, since: Ints, priority: Ints, *, is_resolution: bool) -> Ints:
        """When the target of each ticket runs out, in microseconds; −1 where there is none."""
        found = np.full(len(since), -1)
        for number, (response, resolution, hours) in enumerate(self.targets):
            minutes = resolution if is_resolution else response
            of = np.flatnonzero(priority == number)
            if minutes >= 0:
                work = minutes * MINUTE
                found[of] = since[of] + work if hours is None else hours.after(since[of], work)
        return found


AGENTS = (
    ("Lena Brandt", 0, 60.0, 0.27),
    ("Omar Diallo", 0, 120.0, 0.26),
    ("Priya Nair", 0, 240.0, 0.25),
    ("Tomás Ibáñez", 1, 90.0, 0.36),
    ("Yuki Mori", 1, 200.0, 0.34),
    ("Frank Weller", 1, 380.0, 0.30),
)
_SUPPORT_MEDIAN, _SUPPORT_SHARE = 150.0, 0.22


def open_desk(
    session: TrackedSession, span: History, timezone: str, support: User | None, *, has_accounts: bool
) -> Desk | None:
    """The desk with its teams and accounts; None where the workspace's statuses no longer mean what the desk means.

    The agents' accounts cannot sign in. `support` is the demo's account of that role, who answers too.
    """
    states = {row.code: row.state for row in session.scalars(select(TicketStatus))}
    if any(states.get(code) != state for code, state in STATUSES.items()):
        return None
    agents = [Agent(name, TEAMS[team], median, share) for name, team, median, share in AGENTS]
    team_ids: tuple[int | None, ...] = (None,) * len(TEAMS)
    if has_accounts:
        teams = [_team(session, name) for name in TEAMS]
        session.flush()
        team_ids = tuple(team.id for team in teams)
        accounts = [_account(session, agent.name) for agent in agents]
        session.flush()
        agents = [
            Agent(agent.name, agent.team, agent.median_minutes, agent.share, user.id)
            for agent, user in zip(agents, accounts, strict=True)
        ]
    if support is not None:
        agents.append(Agent(support.name, TEAMS[0], _SUPPORT_MEDIAN, _SUPPORT_SHARE, support.id))
    for agent in agents:
        _join(session, agent.user_id, team_ids[TEAMS.index(agent.team)])
    session.flush()
    first, last = span.start_at.date() - timedelta(days=7), span.end_at.date()
    calendars = {row.id: row for row in session.scalars(select(BusinessCalendar).order_by(BusinessCalendar.id))}
    hours = {key: working_hours(row.hours, row.holidays, timezone, first, last) for key, row in calendars.items()}
    office = next(iter(hours.values()), None) or working_hours(_OFFICE, [], timezone, first, last)
    by_priority = {row.priority: row for row in session.scalars(select(SlaTarget))}
    return Desk(tuple(agents), team_ids, office, tuple(_target(by_priority.get(name), hours) for name in PRIORITIES))


def spikes(span: History, today: date, timezone: str) -> tuple[Spike, ...]:
    """What is planted, as far as it lies in the history: a fault in the payments before Christmas, a broken batch, and
    a strike of the carriers that ended yesterday."""
    sale = date(today.year, 11, 24)
    while sale + timedelta(days=40) > today:
        sale = sale.replace(year=sale.year - 1)
    planted = (
        Spike("Payment", sale, 8, 6.0),
        Spike("Damaged goods", today - timedelta(days=200), 7, 5.0),
        Spike("Delivery", today - timedelta(days=8), 8, 4.0),
    )
    return tuple(spike for spike in planted if window(spike, timezone)[0] >= span.start)


def window(spike: Spike, timezone: str) -> tuple[float, float]:
    """From when to when a spike lasts, in seconds since 1970 UTC."""
    last = spike.first_on + timedelta(days=spike.days)
    first_at, last_at = (datetime.combine(day, time(), zone(timezone)).timestamp() for day in (spike.first_on, last))
    return first_at, last_at


def trouble(categories: Sequence[str]) -> Ints:
    """How much trouble products of these categories make, by topic; shape (topics, categories)."""
    return np.array([[3 if category in topic.fragile else 1 for category in categories] for topic in TOPICS])


def _target(row: SlaTarget | None, hours: dict[int, WorkingHours]) -> tuple[int, int, WorkingHours | None]:
    if row is None:
        return -1, -1, None
    response, resolution = (-1 if value is None else value for value in (row.response_minutes, row.resolution_minutes))
    return response, resolution, None if row.calendar_id is None else hours[row.calendar_id]


def _team(session: TrackedSession, name: str) -> Team:
    team = session.scalar(select(Team).where(Team.name == name))
    if team is None:
        team = Team(name=name)
        session.add(team)
    return team


def _account(session: TrackedSession, name: str) -> User:
    email = f"agent.{name.split()[0].lower()}@demo.rapport.example".replace("á", "a")
    user = session.scalar(select(User).where(User.email == email))
    if user is None:
        user = users.add(session, email=email, name=name, role=Role.SUPPORT, password=None)
        user.is_active = False
    return user


def _join(session: TrackedSession, user_id: int | None, team_id: int | None) -> None:
    if user_id is None or team_id is None:
        return
    if session.scalar(select(TeamMember.id).where(TeamMember.user_id == user_id)) is None:
        session.add(TeamMember(user_id=user_id, team_id=team_id))
