"""Settings on the screen: a target moves open tickets and back, hours are typed by weekday, teams get members."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from crm_core.access import SYSTEM, Role
from crm_core.db.models import BusinessCalendar, SlaTarget, Team, TeamMember, Ticket, User
from crm_core.records import record_service, undo
from crm_core.records.tickets import TICKETS
from crm_core.workspace import Workspace
from tests.pages.test_pages import texts

Open = Callable[..., AppTest]


def shown(app: AppTest, tab: str, *boxes: str) -> AppTest:
    app.session_state["settings.tabs"] = tab
    for box in boxes:
        app.session_state[box] = True
    return app.run()


@pytest.fixture
def waiting(demo_workspace: Workspace) -> Iterator[int]:
    with demo_workspace.write(SYSTEM, "form") as session:
        values = {"subject": "Waiting", "priority": "low"}
        made = record_service.create(session=session, actor=SYSTEM, kind=TICKETS, values=values)
        row_id, set_id = int(made.id), session.change_set_id()
    yield row_id
    with demo_workspace.write(SYSTEM, "undo", cause_id=set_id) as session:
        undo.undo_change_set(session=session, actor=SYSTEM, change_set_id=set_id)


@pytest.mark.parametrize(("language", "tab"), [("en", "Service targets"), ("zh_CN", "服务目标")])
def test_a_target_is_changed_open_tickets_move_and_undo_moves_them_back(
    open_app: Open, demo_workspace: Workspace, waiting: int, language: str, tab: str
) -> None:
    with demo_workspace.read() as session:
        target = session.scalars(select(SlaTarget).where(SlaTarget.priority == "low")).one()
        before = session.get_one(Ticket, waiting).response_due_at
    form = f"sla_targets:{target.id}"
    app = shown(open_app("settings", role=Role.MANAGER, language=language), tab, f"sla_targets.{target.id}.box")
    app.text_input(key=f"{form}.response_minutes.0").set_value("15").run()
    app.button(key=f"{form}.save").click().run()
    assert not app.exception
    with demo_workspace.read() as session:
        assert session.get_one(Ticket, waiting).response_due_at < before
    assert language != "en" or "due at" in texts(app)
    app.button(key="done.undo").click().run()
    with demo_workspace.read() as session:
        assert session.get_one(Ticket, waiting).response_due_at == before
        assert session.get_one(SlaTarget, target.id).response_minutes == target.response_minutes


def test_hours_are_typed_by_weekday_and_said_where_they_cannot_be(open_app: Open, demo_workspace: Workspace) -> None:
    app = shown(open_app("settings"), "Working hours", "business_calendars.new.box")
    form = "business_calendars:new"
    app.text_input(key=f"{form}.name.0").set_value("Night shift").run()
    app.text_input(key=f"{form}.hours.0.0").set_value("20:00-18:00").run()
    app.button(key=f"{form}.save").click().run()
    assert "each ends after it begins" in texts(app)
    app.text_input(key=f"{form}.hours.0.0").set_value("0:00-6:00, 20:00-24:00").run()
    app.text_area(key=f"{form}.holidays.0").set_value("2026-12-25\n2026-01-01").run()
    app.button(key=f"{form}.save").click().run()
    assert not app.exception
    with demo_workspace.read() as session:
        made = session.scalars(select(BusinessCalendar).where(BusinessCalendar.name == "Night shift")).one()
    assert made.hours["0"] == [["00:00", "06:00"], ["20:00", "24:00"]]
    assert made.hours["1"] == [["09:00", "17:00"]]
    assert made.holidays == ["2026-01-01", "2026-12-25"]


def test_a_team_is_added_and_gets_members(open_app: Open, demo_workspace: Workspace) -> None:
    app = shown(open_app("settings"), "Teams", "teams.new.box")
    app.text_input(key="teams:new.name.0").set_value("Night team").run()
    app.button(key="teams:new.save").click().run()
    with demo_workspace.read() as session:
        team = session.scalars(select(Team).where(Team.name == "Night team")).one()
        person = session.scalars(select(User.id).where(User.role == Role.STAFF.value, User.is_active)).first()
    app = shown(open_app("settings"), "Teams", f"teams.{team.id}.box")
    app.multiselect(key=f"teams.{team.id}.members.").set_value([person]).run()
    assert not app.exception
    with demo_workspace.read() as session:
        assert session.scalars(select(TeamMember.user_id).where(TeamMember.team_id == team.id)).all() == [person]


@pytest.mark.parametrize("tab", ["Ticket statuses", "Deal stages"])
def test_statuses_and_stages_are_listed_in_their_order(open_app: Open, tab: str) -> None:
    app = shown(open_app("settings"), tab)
    assert not app.exception
    labels = [box.label for box in app.expander]
    first = {"Ticket statuses": ["New", "Open"], "Deal stages": ["Prospecting", "Engaging"]}[tab]
    assert labels[:2] == first


def test_support_has_no_settings(open_app: Open) -> None:
    assert "settings" not in open_app("account", role=Role.SUPPORT).session_state["pages"]
    assert "settings" in open_app("account", role=Role.MANAGER).session_state["pages"]
