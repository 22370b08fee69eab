"""Products on the screen: listed, found, changed, added, taken back; shown and not changed by those who may not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from crm_core.access import SYSTEM, Role
from crm_core.db.models import Product
from crm_core.records import record_service
from crm_core.records.products import PRODUCTS
from crm_core.workspace import Workspace
from tests.pages.test_pages import texts

Open = Callable[..., AppTest]


def product(workspace: Workspace, code: str, **values: Any) -> int:
    with workspace.write(SYSTEM, "form") as session:
        made = record_service.create(
            session=session, actor=SYSTEM, kind=PRODUCTS, values={"name": "Ukulele", "code": code} | values
        )
        return int(made.id)


def held(workspace: Workspace, code: str) -> Product | None:
    with workspace.read() as session:
        return session.scalar(select(Product).where(Product.code == code))


def test_a_product_is_found_by_words_and_by_category(open_app: Open, demo_workspace: Workspace) -> None:
    product(demo_workspace, "U-1", category="Strings", unit_price="79.5")
    product(demo_workspace, "U-2", category="Strings", is_active=False)
    app = open_app("products", q="ukulele")
    shown = app.dataframe[0].value
    assert list(shown["code"]) == ["U-1", "U-2"]
    assert list(shown["unit_price"]) == ["€79.50", ""]
    app = open_app("products", category="Strings", is_active="True")
    assert list(app.dataframe[0].value["code"]) == ["U-1"]


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_a_product_is_changed_and_the_change_taken_back(
    open_app: Open, demo_workspace: Workspace, language: str
) -> None:
    code = f"V-{language}"
    row_id = product(demo_workspace, code)
    app = open_app("product", id=str(row_id), language=language, role=Role.MARKETING)
    app.text_input(key=f"products:{row_id}.name.0").set_value("Banjo").run()
    app.button(key=f"products:{row_id}.save").click().run()
    assert getattr(held(demo_workspace, code), "name", None) == "Banjo"
    app.button(key="done.undo").click().run()
    assert getattr(held(demo_workspace, code), "name", None) == "Ukulele"
    assert not app.exception


def test_a_new_product_keeps_its_draft_and_says_beside_the_code_that_it_is_taken(
    open_app: Open, demo_workspace: Workspace
) -> None:
    product(demo_workspace, "W-1")
    app = open_app("product", id="new")
    app.text_input(key="products:new.name.0").set_value("Lute").run()
    app.text_input(key="products:new.code.0").set_value("W-1").run()
    app = open_app("product", id="new")
    assert app.text_input(key="products:new.name.0").value == "Lute"
    app.button(key="products:new.save").click().run()
    assert "'W\\-1' is taken by another record" in texts(app)
    assert app.text_input(key="products:new.name.0").value == "Lute"
    app.text_input(key="products:new.code.0").set_value("W-2").run()
    app.button(key="products:new.save").click().run()
    assert not app.exception
    assert getattr(held(demo_workspace, "W-2"), "name", None) == "Lute"


def test_who_may_not_change_products_reads_them_and_has_no_way_to_change_them(
    open_app: Open, demo_workspace: Workspace
) -> None:
    row_id = product(demo_workspace, "X-1", unit_price="12")
    app = open_app("products", role=Role.SUPPORT, q="x-1")
    assert list(app.dataframe[0].value["code"]) == ["X-1"]
    assert "products.products.new" not in {button.key for button in app.button}
    app = open_app("product", role=Role.SUPPORT, id=str(row_id))
    assert "Price: **€12.00**" in texts(app)
    assert not app.text_input
    assert f"products:{row_id}.save" not in {button.key for button in app.button}
    app = open_app("product", role=Role.SUPPORT, id="new")
    assert "may not do this" in app.error[0].value
