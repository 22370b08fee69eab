"""Orders on the screen: found, opened, added with lines, changed by two, refunded, taken back; not lost, not leaked."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from crm_core.access import SYSTEM, Role
from crm_core.db.models import Order
from crm_core.records import order_forms, orders
from crm_core.records.order_lines import name_of
from crm_core.workspace import Workspace
from tests.pages.test_pages import texts

Open = Callable[..., AppTest]


def order(workspace: Workspace, number: str, *quantities: int, **values: Any) -> int:
    """An order of the first product at 10.00, a line for each quantity."""
    for key, quantity in enumerate(quantities, 1):
        line = {"product_id": 1, "quantity": quantity, "unit_price": "10"}
        values |= {name_of(f"new{key}", 0, name): value for name, value in line.items()}
    with workspace.write(SYSTEM, "form") as session:
        return order_forms.create(session=session, actor=SYSTEM, values={"number": number} | values).id


def quantities(workspace: Workspace, order_id: int) -> list[int]:
    with workspace.read() as session:
        return [one.quantity for one in order_forms.lines(session=session, actor=SYSTEM, order_id=order_id)]


def ids(workspace: Workspace, order_id: int) -> list[int]:
    with workspace.read() as session:
        return [one.id for one in order_forms.lines(session=session, actor=SYSTEM, order_id=order_id)]


def refunds_of(workspace: Workspace, order_id: int) -> list[int]:
    with workspace.read() as session:
        return list(session.scalars(select(Order.id).where(Order.refund_of_id == order_id)))


def change(workspace: Workspace, order_id: int, values: dict[str, Any]) -> None:
    with workspace.write(SYSTEM, "form") as session:
        order_forms.update(session=session, actor=SYSTEM, order_id=order_id, seen_version=1, values=values)


def test_orders_are_found_by_number_with_what_they_come_to(open_app: Open, demo_workspace: Workspace) -> None:
    order(demo_workspace, "PG-1", 2, 3, customer_id=1, channel="fair")
    order(demo_workspace, "PG-2", 1, channel="fair")
    app = open_app("orders", q="pg-")
    shown = app.dataframe[0].value
    assert set(zip(shown["number"], shown["amount"], strict=True)) == {("PG-1", "€50.00"), ("PG-2", "€10.00")}
    app = open_app("orders", channel="fair", customer_id="1")
    assert list(app.dataframe[0].value["number"]) == ["PG-1"]


@pytest.mark.parametrize(("language", "tab"), [("en", "History"), ("zh_CN", "历史记录")])
def test_a_line_is_changed_and_the_change_taken_back(
    open_app: Open, demo_workspace: Workspace, language: str, tab: str
) -> None:
    row_id = order(demo_workspace, f"PH-{language}", 2, 3)
    first = ids(demo_workspace, row_id)[0]
    app = open_app("order", id=str(row_id), language=language)
    app.text_input(key=f"orders:{row_id}.line.{first}.1.quantity.0").set_value("7").run()
    app.button(key=f"orders:{row_id}.save").click().run()
    assert quantities(demo_workspace, row_id) == [7, 3]
    app.button(key="done.undo").click().run()
    assert quantities(demo_workspace, row_id) == [2, 3]
    app.session_state[f"order.tabs.{row_id}"] = tab
    app.run()
    assert not app.exception
    assert "2 → **7**" in texts(app)
    assert "7 → **2**" in texts(app)


def test_a_new_order_keeps_its_lines_as_a_draft_until_it_is_saved(open_app: Open, demo_workspace: Workspace) -> None:
    form = "orders:new:customer_id=2"
    app = open_app("order", id="new", customer_id="2")
    app.button(key=f"{form}.lines.add").click().run()
    for key, text, price in (("new1", "Marquee", "12.5"), ("new2", "Balloons", "0.99")):
        app.text_input(key=f"{form}.line.{key}.0.description.0").set_value(text).run()
        app.text_input(key=f"{form}.line.{key}.0.unit_price.0").set_value(price).run()
    app = open_app("order", id="new", customer_id="2")
    assert app.text_input(key=f"{form}.line.new2.0.description.0").value == "Balloons"
    assert "Total **€13.49**" in texts(app)
    app.button(key=f"{form}.new2.remove").click().run()
    app.button(key=f"{form}.save").click().run()
    assert not app.exception
    with demo_workspace.read() as session:
        made = session.scalars(select(Order).where(Order.number.like("O-%"), Order.customer_id == 2)).one()
        found = orders.get(session=session, actor=SYSTEM, order_id=made.id)
    assert [(line.name, line.amount) for line in found.lines] == [("Marquee", Decimal("12.5"))]


def test_an_order_without_what_it_needs_says_so_beside_the_field(open_app: Open) -> None:
    app = open_app("order", id="new")
    app.button(key="orders:new.save").click().run()
    assert "Choose a product, or describe what this line is for" in texts(app)
    app.button(key="orders:new.new1.remove").click().run()
    app.button(key="orders:new.save").click().run()
    assert "Add at least one line" in texts(app)


def test_a_line_two_people_changed_is_asked_about_and_what_was_typed_is_there(
    open_app: Open, demo_workspace: Workspace
) -> None:
    row_id = order(demo_workspace, "PI-1", 2, 3)
    first, second = ids(demo_workspace, row_id)
    form = f"orders:{row_id}"
    app = open_app("order", id=str(row_id))
    app.text_input(key=f"{form}.line.{first}.1.quantity.0").set_value("7").run()
    app.text_input(key=f"{form}.line.{second}.1.discount.0").set_value("1").run()
    change(demo_workspace, row_id, {name_of(first, 1, "quantity"): 4})
    app = open_app("order", id=str(row_id))  # another browser: the draft was typed on what is no longer there
    assert app.text_input(key=f"{form}.line.{first}.1.quantity.0").value == "7"
    app.button(key=f"{form}.save").click().run()
    choice = app.button_group(key=f"{form}.conflict.line.{first}.2.quantity.2")
    assert choice.label == "Line 1: Quantity"
    assert quantities(demo_workspace, row_id) == [4, 3]
    app.button(key=f"{form}.resolve").click().run()
    assert not app.exception
    assert quantities(demo_workspace, row_id) == [7, 3]


def test_a_line_is_removed_when_saved_and_kept_on_second_thoughts(open_app: Open, demo_workspace: Workspace) -> None:
    row_id = order(demo_workspace, "PJ-1", 2, 3)
    first, second = ids(demo_workspace, row_id)
    form = f"orders:{row_id}"
    app = open_app("order", id=str(row_id))
    app.button(key=f"{form}.{first}.remove").click().run()
    app.button(key=f"{form}.{second}.remove").click().run()
    app.button(key=f"{form}.{first}.keep").click().run()
    app.button(key=f"{form}.save").click().run()
    assert quantities(demo_workspace, row_id) == [2]


def test_a_part_is_refunded_and_the_refund_taken_back(open_app: Open, demo_workspace: Workspace) -> None:
    row_id = order(demo_workspace, "PK-1", 2, 3)
    first = ids(demo_workspace, row_id)[0]
    app = open_app("order", id=str(row_id))
    app.session_state[f"order.tabs.{row_id}"] = "Refund"
    app.run()
    app.text_input(key=f"refund:{row_id}.pieces.{first}.0").set_value("9").run()
    app.button(key=f"refund:{row_id}.save").click().run()
    assert "This is a whole number from 1 to 2" in texts(app)
    app.text_input(key=f"refund:{row_id}.pieces.{first}.0").set_value("1").run()
    app.button(key=f"refund:{row_id}.save").click().run()
    assert not app.exception
    (made,) = refunds_of(demo_workspace, row_id)
    assert quantities(demo_workspace, made) == [-1]
    assert "Refunded as PK" in texts(app)
    app.button(key="done.undo").click().run()
    assert refunds_of(demo_workspace, row_id) == []


def test_everything_that_is_left_is_refunded_with_two_clicks(open_app: Open, demo_workspace: Workspace) -> None:
    row_id = order(demo_workspace, "PL-1", 2, 3)
    app = open_app("order", id=str(row_id), role=Role.SUPPORT)
    app.session_state[f"order.tabs.{row_id}"] = "Refund"
    app.run()
    app.button(key=f"refund:{row_id}.all").click().run()
    app.button(key=f"refund:{row_id}.save").click().run()
    assert not app.exception
    (made,) = refunds_of(demo_workspace, row_id)
    with demo_workspace.read() as session:
        assert orders.billed(session=session, actor=SYSTEM, order_ids=[made]) == {made: Decimal(-50)}
    assert "There is nothing left to refund" in texts(app)


def test_the_page_of_a_customer_lists_their_orders_and_adds_one(open_app: Open, demo_workspace: Workspace) -> None:
    order(demo_workspace, "PN-1", 2, customer_id=5)
    app = open_app("customer", id="5")
    app.session_state["customer.tabs.5"] = "Orders"
    app.run()
    assert not app.exception
    assert "PN-1" in list(app.dataframe[0].value["number"])
    assert "customer.orders.new" in {button.key for button in app.button}


def test_who_may_not_change_orders_reads_them(open_app: Open, demo_workspace: Workspace) -> None:
    row_id = order(demo_workspace, "PM-1", 2)
    app = open_app("orders", role=Role.MARKETING, q="PM-1")
    assert "orders.orders.new" not in {button.key for button in app.button}
    app = open_app("order", role=Role.MARKETING, id=str(row_id))
    assert "Number: **PM\\-1**" in texts(app)
    assert list(app.dataframe[0].value["Amount"]) == ["€20.00"]
    assert not app.text_input
    assert "Refund" not in [tab.label for tab in app.tabs]
    app = open_app("order", role=Role.MARKETING, id="new")
    assert "may not do this" in app.error[0].value
