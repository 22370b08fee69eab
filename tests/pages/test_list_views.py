"""Views and addresses of lists on the screen: what is chosen lies in the address, and a view brings it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import delete, select
from streamlit.testing.v1 import AppTest

from crm_core.access import Actor, Role
from crm_core.db.models import DefaultView, SavedView, User
from crm_core.records import saved_views
from crm_core.workspace import Workspace
from dashboard.ui import choices
from tests.pages.test_pages import texts
from tests.pages.test_work_pages import make

Open = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def no_views(demo_workspace: Workspace) -> Iterator[None]:
    yield
    with demo_workspace.database.untracked() as session:
        session.execute(delete(DefaultView))
        session.execute(delete(SavedView))


def somebody(workspace: Workspace, role: Role) -> Actor:
    with workspace.read() as session:
        user = session.scalars(select(User).where(User.role == role.value)).first()
    assert user is not None
    return Actor(user.id, user.name, role)


def keep(workspace: Workspace, role: Role, list_name: str, query: dict[str, str], **values: Any) -> int:
    actor = somebody(workspace, role)
    given = {"list_name": list_name, "name": "Kept", "query": query} | values
    with workspace.write(actor, "form") as session:
        return saved_views.create(session=session, actor=actor, **given).id


def address(app: AppTest) -> dict[str, str]:
    return {name: value[0] if isinstance(value, list) else value for name, value in app.query_params.items()}


def buttons(app: AppTest) -> set[str]:
    return {str(button.key) for button in app.button}


LISTS = {
    "customers": {"q": "a", "sort": "-created_at", "kind": "person", "cols": "ref.email"},
    "tickets": {"q": "a", "sort": "opened", "state": "any", "priority": "normal", "whose": "none", "cols": "status"},
    "deals": {"as": "list", "sort": "-amount", "outcome": "any", "stage": "won"},
    "needs": {"sort": "-value", "priority": "normal"},
    "tasks": {"whose": "all", "when": "overdue", "sort": "-created"},
    "activities": {"kind": "call", "cols": "kind.at"},
    "products": {"q": "a"},
}


@pytest.mark.parametrize("page", LISTS)
def test_what_is_chosen_is_kept_as_a_view_and_comes_back_by_its_link(
    open_app: Open, demo_workspace: Workspace, page: str
) -> None:
    app = open_app(page, **LISTS[page])
    assert address(app) == LISTS[page]
    app.text_input(key=f"{page}.views.name.0").set_value("As I like it").run()
    app.button(key=f"{page}.views.new").click().run()
    assert not app.exception
    assert "View saved." in texts(app)
    (row,) = listed(demo_workspace, page)
    assert (row.name, row.query, row.is_shared) == ("As I like it", LISTS[page], False)
    assert address(app) == LISTS[page] | {"view": str(row.id)}
    linked = open_app(page, view=str(row.id))
    assert not linked.exception
    assert address(linked) == LISTS[page] | {"view": str(row.id)}
    app.button(key="done.undo").click().run()
    assert listed(demo_workspace, page) == []


def listed(workspace: Workspace, list_name: str, role: Role = Role.ADMIN) -> list[saved_views.ViewRow]:
    with workspace.read() as session:
        return saved_views.listed(session=session, actor=somebody(workspace, role), list_name=list_name)


def test_a_view_is_opened_changed_renamed_shared_begun_with_and_deleted(
    open_app: Open, demo_workspace: Workspace
) -> None:
    view_id = keep(demo_workspace, Role.SUPPORT, "tickets", {"sort": "opened"})
    app = open_app("tickets", role=Role.SUPPORT)
    assert address(app) == {}
    app.button(key=f"tickets.views.open.{view_id}").click().run()
    assert address(app) == {"sort": "opened", "view": str(view_id)}
    app.selectbox(key="tickets.sort").set_value("-opened").run()
    app.button(key="tickets.views.save").click().run()
    assert listed(demo_workspace, "tickets", Role.SUPPORT)[0].query == {"sort": "-opened"}
    app.text_input(key=f"tickets.views.name.{view_id}.2").set_value("Newest").run()
    app.button(key="tickets.views.rename").click().run()
    app.button(key="tickets.views.share").click().run()
    app.button(key="tickets.views.default").click().run()
    (row,) = listed(demo_workspace, "tickets", Role.SUPPORT)
    assert (row.name, row.is_shared, row.is_default) == ("Newest", True, True)
    assert address(open_app("tickets", role=Role.SUPPORT)) == {"sort": "-opened", "view": str(view_id)}
    app.button(key="tickets.views.open.0").click().run()
    assert address(app) == {"view": "all"}
    app.button(key=f"tickets.views.open.{view_id}").click().run()
    app.button(key="tickets.views.delete").click().run()
    assert listed(demo_workspace, "tickets", Role.SUPPORT) == []
    app.button(key="done.undo").click().run()
    assert [row.name for row in listed(demo_workspace, "tickets", Role.SUPPORT)] == ["Newest"]
    assert not app.exception


def test_a_shared_view_can_be_opened_by_others_and_not_changed(open_app: Open, demo_workspace: Workspace) -> None:
    view_id = keep(demo_workspace, Role.SUPPORT, "tickets", {"sort": "opened"}, is_shared=True)
    app = open_app("tickets", role=Role.STAFF, view=str(view_id))
    assert address(app) == {"sort": "opened", "view": str(view_id)}
    app.selectbox(key="tickets.sort").set_value("-opened").run()
    assert not buttons(app) & {f"tickets.views.{name}" for name in ("save", "rename", "share", "delete")}
    assert {"tickets.views.new", "tickets.views.default"} <= buttons(app)


def test_somebody_elses_own_view_is_not_there(open_app: Open, demo_workspace: Workspace) -> None:
    view_id = keep(demo_workspace, Role.SUPPORT, "tickets", {"sort": "opened"})
    app = open_app("tickets", role=Role.STAFF, view=str(view_id))
    assert "There is no view" in app.error[0].value
    assert f"tickets.views.open.{view_id}" not in buttons(open_app("tickets", role=Role.STAFF))


def test_only_who_may_share_sees_the_way_to(open_app: Open, demo_workspace: Workspace) -> None:
    for role, may in ((Role.STAFF, False), (Role.SUPPORT, True)):
        view_id = keep(demo_workspace, role, "tickets", {})
        app = open_app("tickets", role=role, view=str(view_id))
        assert ("tickets.views.share" in buttons(app)) is may


def test_a_list_has_the_columns_chosen(open_app: Open) -> None:
    app = open_app("tickets", cols="status.priority")
    assert list(app.dataframe[0].value.columns) == ["subject", "priority", "status"]
    app = open_app("customers", cols="email")
    assert list(app.dataframe[0].value.columns) == ["name", "email"]


def first_shown(app: AppTest) -> str:
    return str(app.dataframe[0].value["subject"].iloc[0])


def test_the_page_of_a_list_lies_in_the_address_until_something_else_is_asked(
    open_app: Open, demo_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choices, "_LAG_SECONDS", 0.0)
    for number in range(60):
        make(demo_workspace, "activities", subject=f"Numbat {number:02}", at=f"2026-01-01T00:{number:02}:00+00:00")
    app = open_app("activities", q="numbat")
    for asked, shown, first in (("2", "2", "Numbat 34"), ("99", "3", "Numbat 09")):
        app.query_params["page"] = asked
        app.run()
        assert first_shown(app) == first
        assert address(app) == {"q": "numbat", "page": shown}
    app.text_input(key="activities.q").set_value("numbat 5").run()
    assert address(app) == {"q": "numbat 5"}
    app.query_params.clear()
    app.query_params["q"], app.query_params["page"] = "numbat", "2"
    app.run()
    assert app.text_input(key="activities.q").value == "numbat"
    assert first_shown(app) == "Numbat 34"


def test_going_back_in_the_browser_brings_the_choices_back(open_app: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "_LAG_SECONDS", 0.0)
    app = open_app("tickets", sort="opened")
    app.selectbox(key="tickets.priority").set_value("high").run()
    assert address(app) == {"sort": "opened", "priority": "high"}
    app.query_params.clear()
    app.query_params["sort"] = "-opened"
    app.run()
    assert (app.selectbox(key="tickets.sort").value, app.selectbox(key="tickets.priority").value) == ("-opened", "any")
    assert address(app) == {"sort": "-opened"}


def test_a_late_address_of_the_browser_undoes_no_choice(open_app: Open) -> None:
    app = open_app("tickets")
    app.selectbox(key="tickets.priority").set_value("high").run()
    app.query_params.clear()
    app.selectbox(key="tickets.sort").set_value("opened").run()
    assert address(app) == {"sort": "opened", "priority": "high"}
