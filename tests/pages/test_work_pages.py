"""Deals, needs, tasks and activities on the screen: moved, ranked, done and logged with a click, each taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from crm_core.access import PERMISSIONS, SYSTEM, Actor, Role
from crm_core.analytics.periods import local_today
from crm_core.db.models import Activity, User
from crm_core.errors import PermissionDenied
from crm_core.formats import Formats
from crm_core.records import deal_board, record_service
from crm_core.records.kinds import KINDS
from crm_core.workspace import Workspace
from dashboard.ui import deals, tasks
from dashboard.ui.records_views import VIEWS
from tests.pages.test_pages import texts

Open = Callable[..., AppTest]


def make(workspace: Workspace, table: str, **values: Any) -> int:
    with workspace.write(SYSTEM, "form") as session:
        return int(record_service.create(session=session, actor=SYSTEM, kind=KINDS[table], values=values).id)


def held(workspace: Workspace, table: str, row_id: int) -> Any:
    with workspace.read() as session:
        return record_service.get(session=session, actor=SYSTEM, kind=KINDS[table], row_id=row_id)


def manager(workspace: Workspace) -> Actor:
    with workspace.read() as session:
        user = session.scalars(select(User).where(User.role == Role.MANAGER.value)).first()
    assert user is not None
    return Actor(user.id, user.name, Role.MANAGER)


def open_deals(workspace: Workspace, owner: Actor) -> tuple[int, Decimal, Decimal]:
    """How many open deals someone has, what they amount to, and what that is worth weighted."""
    with workspace.read() as session:
        columns = deal_board.board(session=session, actor=SYSTEM, owner_id=owner.user_id)
    return (
        sum(column.count for column in columns),
        sum((column.amount for column in columns), Decimal(0)),
        sum((column.weighted for column in columns), Decimal(0)),
    )


FIRST: dict[str, dict[str, Any]] = {
    "tickets": {"subject": "Aardvark"}, "deals": {"name": "Aardvark"}, "needs": {"title": "Aardvark"},
    "tasks": {"title": "Aardvark"}, "activities": {"subject": "Aardvark"},
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("table", FIRST)
def test_a_record_of_each_kind_is_opened_changed_and_taken_back(
    open_app: Open, demo_workspace: Workspace, table: str, language: str
) -> None:
    row_id, view = make(demo_workspace, table, **FIRST[table]), VIEWS[table]
    title = view.kind.title
    app = open_app(view.pages[1], id=str(row_id), language=language)
    assert app.title[0].value == "Aardvark"
    app.text_input(key=f"{table}:{row_id}.{title}.0").set_value("Zebra").run()
    app.button(key=f"{table}:{row_id}.save").click().run()
    assert getattr(held(demo_workspace, table, row_id), title) == "Zebra"
    app.button(key="done.undo").click().run()
    assert getattr(held(demo_workspace, table, row_id), title) == "Aardvark"
    assert not app.exception


@pytest.mark.parametrize("table", FIRST)
def test_a_record_of_each_kind_is_added_on_its_page_and_its_draft_survives(
    open_app: Open, demo_workspace: Workspace, table: str
) -> None:
    view = VIEWS[table]
    title = f"{table}:new.{view.kind.title}.0"
    open_app(view.pages[1], id="new").text_input(key=title).set_value(f"Newt {table}").run()
    app = open_app(view.pages[1], id="new")
    assert app.text_input(key=title).value == f"Newt {table}"
    app.button(key=f"{table}:new.save").click().run()
    assert not app.exception
    model = view.kind.model
    with demo_workspace.read() as session:
        found = session.scalars(select(model).where(view.kind.attribute(view.kind.title) == f"Newt {table}")).all()
    assert len(found) == 1


@pytest.mark.parametrize("table", FIRST)
def test_a_list_of_each_kind_finds_by_words_and_shows_what_it_is_narrowed_to(
    open_app: Open, demo_workspace: Workspace, table: str
) -> None:
    make(demo_workspace, table, customer_id=9, **{VIEWS[table].kind.title: f"Wombat {table}"})
    address = {"deals": {"as": "list"}, "tasks": {"whose": "all"}}.get(table, {})
    app = open_app(VIEWS[table].pages[0], q="wombat", customer_id="9", **address)
    assert list(app.dataframe[0].value[VIEWS[table].kind.title]) == [f"Wombat {table}"]
    assert any("Customer\\: " in caption.value for caption in app.caption)
    app.text_input(key=f"{VIEWS[table].pages[0]}.q").set_value("nowombatatall").run()
    assert "Nothing found" in texts(app)


def test_the_board_adds_up_open_deals_by_stage_weighted_by_their_chance(
    open_app: Open, demo_workspace: Workspace
) -> None:
    me = manager(demo_workspace)
    count, amount, weighted = open_deals(demo_workspace, me)
    make(demo_workspace, "deals", name="Board a", amount="1000", stage="proposal", owner_id=me.user_id)
    make(
        demo_workspace,
        "deals",
        name="Board b",
        amount="500",
        stage="proposal",
        probability_bp=1000,
        owner_id=me.user_id,
    )
    make(demo_workspace, "deals", name="Board c", amount="9999", stage="won", owner_id=me.user_id)
    app = open_app("deals", role=Role.MANAGER, whose="mine")
    assert open_deals(demo_workspace, me) == (count + 2, amount + 1500, weighted + 550)
    together = f"€{amount + 1500:,.2f} together, €{weighted + 550:,.2f} of it to be expected"
    assert f"{count + 2} open deals of {together}" in texts(app)
    assert "Board c" not in texts(app)


def test_a_deal_is_moved_on_its_page_and_back(open_app: Open, demo_workspace: Workspace) -> None:
    deal = make(demo_workspace, "deals", name="Moving", amount="10")
    app = open_app("deal", id=str(deal))
    app.button_group(key=f"deal.stage.{deal}.1").set_value("lost").run()
    assert held(demo_workspace, "deals", deal).outcome == "lost"
    assert "Say on its page why it was lost." in texts(app)
    app.button(key="done.undo").click().run()
    assert held(demo_workspace, "deals", deal).stage == "prospecting"
    assert held(demo_workspace, "deals", deal).closed_at is None


def test_the_board_moves_a_deal_to_the_stage_chosen(
    open_app: Open, demo_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    deal = make(demo_workspace, "deals", name="Shifting", amount="10")
    row, me = held(demo_workspace, "deals", deal), manager(demo_workspace)
    monkeypatch.setattr(deals.session, "workspace", lambda: demo_workspace)
    monkeypatch.setattr(deals.session, "actor", lambda: me)
    deals._move(row, "negotiation", {"negotiation": "Negotiation"})
    assert held(demo_workspace, "deals", deal).stage == "negotiation"


def test_the_board_says_which_deals_were_to_close_by_now(open_app: Open, demo_workspace: Workspace) -> None:
    me, today = manager(demo_workspace), local_today(demo_workspace.timezone)
    for days, name in ((-1, "Zebra late"), (0, "Zebra now")):
        closes = today + timedelta(days=days)
        make(demo_workspace, "deals", name=name, amount="1", expected_close_on=closes, owner_id=me.user_id)
    said = [caption.value for caption in open_app("deals", role=Role.MANAGER).caption if "close" in caption.value]
    formats = Formats("en", "EUR", "Europe/Berlin")
    assert any(formats.date(today - timedelta(days=1)) in text and "was to close" in text for text in said)
    assert any(formats.date(today) in text and "closes" in text for text in said)


def test_what_customers_want_most_stands_first(open_app: Open, demo_workspace: Workspace) -> None:
    for title, customer in (("Softer towels", 1), ("softer  towels", 2), ("Softer towels", 3), ("Harder towels", 4)):
        make(demo_workspace, "needs", title=title, customer_id=customer, value="100")
    make(demo_workspace, "needs", title="Harder towels", customer_id=5, status="done", value="900")
    app = open_app("needs", **{"as": "ranking"})
    shown = app.dataframe[0].value.set_index("title")
    assert list(shown.index).index("Softer towels") < list(shown.index).index("Harder towels")
    assert shown.loc["Softer towels", ["customers", "count", "value"]].tolist() == ["3", "3", "€300.00"]
    assert shown.loc["Harder towels", "customers"] == "1"
    assert f"Wanted most: {shown.index[0]}" in texts(app)


def test_tasks_are_told_apart_by_when_they_are_due(open_app: Open, demo_workspace: Workspace) -> None:
    me, today = manager(demo_workspace), local_today(demo_workspace.timezone)
    for days, title in ((-1, "Quokka late"), (0, "Quokka now"), (1, "Quokka soon")):
        make(demo_workspace, "tasks", title=title, due_on=today + timedelta(days=days), owner_id=me.user_id)
    make(demo_workspace, "tasks", title="Quokka done", is_done=True, owner_id=me.user_id)
    for when, wanted in (
        ("open", ["Quokka late", "Quokka now", "Quokka soon"]), ("overdue", ["Quokka late"]),
        ("today", ["Quokka now"]), ("later", ["Quokka soon"]), ("done", ["Quokka done"]),
    ):  # fmt: skip
        app = open_app("tasks", role=Role.MANAGER, q="quokka", when=when)
        listed = app.dataframe[0].value
        assert list(listed["title"]) == wanted
        is_late = [said.endswith(", overdue") for said in listed["due_on"]]
        assert is_late == [title == "Quokka late" for title in wanted]


def test_a_task_is_done_with_one_click_and_the_same_click_opens_it_again(
    demo_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, me = make(demo_workspace, "tasks", title="Tick me"), manager(demo_workspace)
    monkeypatch.setattr(tasks.session, "workspace", lambda: demo_workspace)
    monkeypatch.setattr(tasks.session, "actor", lambda: me)
    for is_done in (True, False):
        tasks.turn(held(demo_workspace, "tasks", task))
        assert held(demo_workspace, "tasks", task).is_done is is_done


def test_a_call_is_logged_on_the_page_of_the_customer_and_of_the_deal(
    open_app: Open, demo_workspace: Workspace
) -> None:
    deal = make(demo_workspace, "deals", name="Called about", customer_id=11)
    for page, row_id, given in (
        ("customer", 11, "customer_id=11:kind=call"), ("deal", deal, f"customer_id=11:deal_id={deal}:kind=call"),
    ):  # fmt: skip
        app = open_app(page, id=str(row_id))
        app.session_state[f"{page}.tabs.{row_id}"] = "Activities"
        app.session_state[f"{page}.activities.add"] = True
        app.run()
        form = f"activities:new:{given}"
        app.text_input(key=f"{form}.subject.0").set_value(f"Rang on the {page}").run()
        app.button(key=f"{form}.save").click().run()
        assert not app.exception
        with demo_workspace.read() as session:
            made = session.scalars(select(Activity).where(Activity.subject == f"Rang on the {page}")).one()
        assert (made.customer_id, made.kind) == (11, "call")
        assert made.deal_id == (deal if page == "deal" else None)


def test_the_customer_page_says_what_was_said_of_marketing(open_app: Open) -> None:
    app = open_app("customer", id="12")
    app.button_group(key="customer:12.has_marketing_consent.0").set_value("yes").run()
    app.button(key="customer:12.save").click().run()
    app.button_group(key="customer:12.has_marketing_consent.2").set_value("no").run()
    app.button(key="customer:12.save").click().run()
    assert not app.exception
    said = [caption.value for caption in app.caption if "in the form" in caption.value]
    assert [line.split("**")[1] for line in said] == ["refused", "agreed"]


def test_the_timeline_of_a_customer_is_narrowed_to_what_one_wants(open_app: Open, demo_workspace: Workspace) -> None:
    make(demo_workspace, "tickets", subject="Narwhal asked", customer_id=13)
    make(demo_workspace, "needs", title="Narwhal wanted", customer_id=13)
    app = open_app("customer", id="13")
    app.session_state["customer.tabs.13"] = "Timeline"
    app.run()
    shown = list(app.dataframe[0].value["title"])
    assert shown[:2] == ["Narwhal wanted", "Narwhal asked"]
    app.multiselect(key="customer.show").set_value(["tickets"]).run()
    assert not app.exception
    assert "Narwhal wanted" not in list(app.dataframe[0].value["title"])
    assert set(app.dataframe[0].value["what"]) == {"Tickets"}


def test_who_may_not_change_records_sees_no_way_to_and_is_refused(
    open_app: Open, demo_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    deal = make(demo_workspace, "deals", name="Untouchable", amount=Decimal(5))
    kind = KINDS["deals"]
    monkeypatch.setitem(PERMISSIONS, Role.STAFF, PERMISSIONS[Role.STAFF] - {kind.edit})
    app = open_app("deals", role=Role.STAFF)
    assert "deals.deals.new" not in {button.key for button in app.button}
    app = open_app("deal", role=Role.STAFF, id=str(deal))
    assert not [group for group in app.button_group if group.key and group.key.startswith("deal.stage.")]
    app = open_app("deal", role=Role.STAFF, id="new")
    assert "may not do this" in app.error[0].value
    staff = Actor(None, "Eve", Role.STAFF)
    with demo_workspace.write(staff, "form") as session, pytest.raises(PermissionDenied):
        record_service.update(
            session=session, actor=staff, kind=kind, row_id=deal, seen_version=1, values={"name": "Touched"}
        )
