"""Tickets on the screen: the queue by what is due, taking, answering and resolving one, and what is lost: nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from crm_core.access import SYSTEM, Actor, Role
from crm_core.db.models import Customer, Ticket, User
from crm_core.records import record_service, tickets
from crm_core.records.tickets import TICKETS
from crm_core.workspace import Workspace
from tests.pages.test_pages import texts

Open = Callable[..., AppTest]


def ticket(workspace: Workspace, **values: Any) -> int:
    with workspace.write(SYSTEM, "form") as session:
        made = record_service.create(
            session=session, actor=SYSTEM, kind=TICKETS, values={"subject": "Late parcel", "text": "Where?"} | values
        )
        return int(made.id)


def held(workspace: Workspace, ticket_id: int) -> Ticket:
    with workspace.read() as session:
        found: Ticket = record_service.get(session=session, actor=SYSTEM, kind=TICKETS, row_id=ticket_id)
    return found


def person(workspace: Workspace, role: Role) -> Actor:
    with workspace.read() as session:
        user = session.scalars(select(User).where(User.role == role.value)).first()
    assert user is not None
    return Actor(user.id, user.name, role)


def change(workspace: Workspace, ticket_id: int, seen: int, **values: Any) -> None:
    with workspace.write(SYSTEM, "form") as session:
        record_service.update(
            session=session, actor=SYSTEM, kind=TICKETS, row_id=ticket_id, seen_version=seen, values=values
        )


def test_the_queue_shows_open_tickets_and_the_one_due_next_at_the_top(
    open_app: Open, demo_workspace: Workspace
) -> None:
    ticket(demo_workspace, subject="Queue slow", priority="low")
    ticket(demo_workspace, subject="Queue quick", priority="urgent")
    ticket(demo_workspace, subject="Queue over", priority="urgent", status="resolved")
    app = open_app("tickets", q="queue")
    shown = app.dataframe[0].value
    assert list(shown["subject"]) == ["Queue quick", "Queue slow"]
    assert shown["due_at"].str.contains(" left").all()
    assert app.session_state["choices"]["tickets.state"] == "open"


def test_the_queue_of_nobody_and_mine_are_told_apart(open_app: Open, demo_workspace: Workspace) -> None:
    me = person(demo_workspace, Role.SUPPORT)
    ticket(demo_workspace, subject="Whose mine", assignee_id=me.user_id)
    ticket(demo_workspace, subject="Whose none")
    for whose, wanted in (("mine", ["Whose mine"]), ("none", ["Whose none"])):
        app = open_app("tickets", role=Role.SUPPORT, q="whose", whose=whose)
        assert list(app.dataframe[0].value["subject"]) == wanted


def test_a_ticket_is_taken_answered_and_resolved_and_the_resolution_taken_back(
    open_app: Open, demo_workspace: Workspace
) -> None:
    me = person(demo_workspace, Role.SUPPORT)
    number = ticket(demo_workspace)
    app = open_app("ticket", role=Role.SUPPORT, id=str(number))
    app.button(key="ticket.take").click().run()
    assert held(demo_workspace, number).assignee_id == me.user_id
    app.text_area(key=f"ticket_answer:{number}.text.0").set_value("It comes tomorrow").run()
    app.button(key=f"ticket_answer:{number}.save").click().run()
    assert "The reply was added." in texts(app)
    assert "It comes tomorrow" in [element.value for element in app.text]
    assert held(demo_workspace, number).first_replied_at is not None
    app.button(key="ticket.resolve").click().run()
    assert held(demo_workspace, number).state == "resolved"
    app.button(key="done.undo").click().run()
    assert "The change was undone." in texts(app)
    assert held(demo_workspace, number).state == "open"
    assert held(demo_workspace, number).first_resolved_at is None
    assert not app.exception


def test_a_note_stays_internal_and_stops_no_clock(open_app: Open, demo_workspace: Workspace) -> None:
    number = ticket(demo_workspace)
    app = open_app("ticket", id=str(number))
    app.button_group(key=f"ticket.answer.kind.{number}").set_value("note").run()
    app.text_area(key=f"ticket_answer:{number}.text.0").set_value("Ask the carrier").run()
    app.button(key=f"ticket_answer:{number}.save").click().run()
    assert held(demo_workspace, number).first_replied_at is None
    with demo_workspace.read() as session:
        events = tickets.events_of(session=session, actor=SYSTEM, ticket_id=number)
    assert [event.kind for event in events] == ["opened", "note"]


def test_an_answer_that_was_not_sent_is_there_again(open_app: Open, demo_workspace: Workspace) -> None:
    number = ticket(demo_workspace)
    app = open_app("ticket", id=str(number))
    app.text_area(key=f"ticket_answer:{number}.text.0").set_value("Half a sen").run()
    again = open_app("ticket", id=str(number))
    assert again.text_area(key=f"ticket_answer:{number}.text.0").value == "Half a sen"
    assert "You have unsaved changes" in again.info[0].value


def test_an_empty_answer_is_asked_for_beside_its_field(open_app: Open, demo_workspace: Workspace) -> None:
    number = ticket(demo_workspace)
    app = open_app("ticket", id=str(number))
    app.button(key=f"ticket_answer:{number}.save").click().run()
    assert "Write something first" in texts(app)


def test_a_new_ticket_finds_its_customer_by_typing(open_app: Open, demo_workspace: Workspace) -> None:
    with demo_workspace.read() as session:
        customer = session.get(Customer, 7)
    assert customer is not None
    app = open_app("ticket", id="new")
    app.text_input(key="tickets:new.subject.0").set_value("Found by typing").run()
    app.text_input(key="tickets:new.customer_id.0.typed").set_value(customer.ref).run()
    app.button(key="tickets:new.customer_id.0.take.7").click().run()
    assert app.selectbox(key="tickets:new.customer_id.0.chosen.7").value == 7
    app.button(key="tickets:new.save").click().run()
    assert not app.exception
    with demo_workspace.read() as session:
        made = session.scalars(select(Ticket).where(Ticket.subject == "Found by typing")).one()
    assert made.customer_id == 7
    assert made.status == "new"


def test_a_ticket_without_a_subject_says_so_beside_the_field(open_app: Open) -> None:
    app = open_app("ticket", id="new")
    app.selectbox(key="tickets:new.priority.0").set_value("high").run()
    app.button(key="tickets:new.save").click().run()
    assert "A ticket needs a subject" in texts(app)
    app.button(key="tickets:new.discard").click().run()


def test_two_who_change_the_same_field_choose_and_nothing_typed_is_lost(
    open_app: Open, demo_workspace: Workspace
) -> None:
    number = ticket(demo_workspace)
    app = open_app("ticket", id=str(number))
    app.text_input(key=f"tickets:{number}.category.0").set_value("mine").run()
    change(demo_workspace, number, 1, category="theirs")
    app.button(key=f"tickets:{number}.save").click().run()
    assert "saved other values for the same fields" in app.warning[0].value
    app.button(key=f"tickets:{number}.resolve").click().run()
    assert held(demo_workspace, number).category == "mine"
    assert "Saved." in texts(app)


def test_history_undoes_all_that_a_change_meant(open_app: Open, demo_workspace: Workspace) -> None:
    number = ticket(demo_workspace)
    change(demo_workspace, number, 1, status="resolved")
    app = open_app("ticket", id=str(number))
    app.session_state[f"ticket.tabs.{number}"] = "History"
    app.run()
    assert "Status: New → **Resolved**" in texts(app)
    undo = next(button for button in app.button if button.key and button.key.startswith("undo_"))
    undo.click().run()
    assert held(demo_workspace, number).state == "open"
    with demo_workspace.read() as session:
        events = tickets.events_of(session=session, actor=SYSTEM, ticket_id=number)
    assert [event.kind for event in events] == ["opened"]


def test_many_tickets_are_changed_at_once_counted_before_and_taken_back(
    open_app: Open, demo_workspace: Workspace
) -> None:
    numbers = [ticket(demo_workspace, subject="Manyfold") for _ in range(3)]
    app = open_app("tickets", role=Role.SUPPORT, q="manyfold")
    app.session_state["tickets_bulk"] = True  # opened
    app.run()
    app.selectbox(key="tickets.bulk.field").set_value("priority").run()
    app.selectbox(key="tickets.bulk.priority.priority.0").set_value("urgent").run()
    assert app.button(key="tickets.bulk.save").label == "Change 3 tickets"
    app.button(key="tickets.bulk.save").click().run()
    assert "3 records were changed" in texts(app)
    assert {held(demo_workspace, number).priority for number in numbers} == {"urgent"}
    app.button(key="done.undo").click().run()
    assert {held(demo_workspace, number).priority for number in numbers} == {"normal"}


@pytest.mark.parametrize(("role", "may_edit_many", "may_export"), [
    (Role.STAFF, False, False), (Role.SUPPORT, True, True), (Role.MARKETING, False, True), (Role.MANAGER, True, True),
])  # fmt: skip
def test_bulk_edit_and_export_are_shown_to_those_who_may(
    open_app: Open, demo_workspace: Workspace, role: Role, may_edit_many: bool, may_export: bool
) -> None:
    ticket(demo_workspace)
    app = open_app("tickets", role=role)
    assert not [button for button in app.button if button.key == "tickets.bulk.save"]  # counts nothing while closed
    app.session_state["tickets_bulk"] = True
    app.run()
    keys = {button.key for button in (*app.button, *app.get("download_button"))}
    assert ("tickets.bulk.save" in keys) is may_edit_many
    assert ("tickets.csv" in keys) is may_export


def test_a_ticket_that_is_not_there_says_so(open_app: Open) -> None:
    app = open_app("ticket", id="999999")
    assert "There is no record 999999" in texts(app)


def test_a_ticket_page_without_a_ticket_says_where_to_find_one(open_app: Open) -> None:
    assert "Nothing chosen" in texts(open_app("ticket"))
