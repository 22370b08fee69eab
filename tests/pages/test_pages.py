"""Every page runs for those who may open it, in both languages, and says so to those who may not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from crm_core.access import PERMISSIONS, Role
from crm_core.errors import StorageFailed
from crm_core.records import drafts
from dashboard.page_specs import PAGES

Open = Callable[..., AppTest]


def texts(app: AppTest) -> str:
    """Everything a reader sees as text."""
    shown = [*app.title, *app.markdown, *app.caption, *app.error, *app.info, *app.warning, *app.success]
    return "\n".join(str(element.value) for element in shown)


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("page", [spec.name for spec in PAGES])
def test_every_page_runs_without_an_error_in_every_language(open_app: Open, page: str, language: str) -> None:
    app = open_app(page, language=language)
    assert not app.exception
    assert not app.error
    assert app.title


@pytest.mark.parametrize("role", list(Role))
def test_a_role_sees_exactly_the_pages_it_may_open(open_app: Open, role: Role) -> None:
    app = open_app("account", role=role)
    allowed = {spec.name for spec in PAGES if spec.permission is None or spec.permission in PERMISSIONS[role]}
    assert set(app.session_state["pages"]) == allowed
    assert not app.exception


@pytest.mark.parametrize(
    ("role", "sections"),
    [
        (Role.ADMIN, ["Reports", "Work", "Marketing", "Workspace"]),
        (Role.MARKETING, ["Reports", "Work", "Marketing", "Workspace"]),
        (Role.SUPPORT, ["Reports", "Work"]),
        (Role.STAFF, ["Work"]),
    ],
)
def test_the_menu_lists_whole_what_a_role_works_with_and_no_empty_section(
    open_app: Open, monkeypatch: pytest.MonkeyPatch, role: Role, sections: list[str]
) -> None:
    asked: list[tuple[dict[str, list[Any]], bool]] = []
    draw = st.navigation

    def noted(pages: dict[str, list[Any]], *, expanded: bool) -> Any:
        asked.append((pages, expanded))
        return draw(pages, expanded=expanded)

    monkeypatch.setattr(st, "navigation", noted)
    open_app("account", role=role)
    menu, is_whole = asked[-1]
    assert is_whole
    assert [name for name in menu if name] == sections
    listed = {page.url_path for name in sections for page in menu[name]}
    may = {spec for spec in PAGES if spec.permission is None or spec.permission in PERMISSIONS[role]}
    assert listed == {spec.name for spec in may if not spec.is_hidden}
    assert all(menu[name] for name in sections)


def test_a_link_to_a_page_of_another_role_says_whom_to_ask() -> None:
    def refused() -> None:
        from dashboard import nav
        from dashboard.page_specs import BY_NAME

        nav._refuse(BY_NAME["users"])

    app = AppTest.from_function(refused).run()
    assert app.title[0].value == "Users"
    assert "Ask an administrator" in texts(app)


def test_the_overview_says_what_was_sold_and_opens_its_rows(open_app: Open) -> None:
    app = open_app("overview")
    assert "Net sales were" in texts(app)
    assert {metric.label for metric in app.metric} >= {"Net sales", "Orders", "Active customers"}


def test_choosing_another_comparison_keeps_the_choice_in_the_address(open_app: Open) -> None:
    app = open_app("overview")
    app.selectbox(key="overview.compare").set_value("year").run()
    assert not app.exception
    assert app.query_params["compare"] == "year"


def test_the_list_finds_a_customer_by_part_of_a_name(open_app: Open) -> None:
    app = open_app("customers")
    everyone = app.dataframe[0].value
    wanted = everyone["name"].iloc[3]
    app.text_input(key="customers.q").set_value(wanted[:4]).run()
    assert not app.exception
    assert wanted in set(app.dataframe[0].value["name"])


def test_nobody_found_says_what_to_try(open_app: Open) -> None:
    app = open_app("customers")
    app.text_input(key="customers.q").set_value("zzzzqqqq").run()
    assert "Nobody found" in texts(app)


def test_a_customer_page_without_a_customer_says_where_to_find_one(open_app: Open) -> None:
    app = open_app("customer")
    assert "No customer chosen" in texts(app)


def test_the_customer_page_shows_the_record_in_a_form(open_app: Open) -> None:
    app = open_app("customer", id="5")
    assert not app.exception
    names = [widget for widget in app.text_input if widget.key and widget.key.startswith("customer:5.name.")]
    assert len(names) == 1
    assert names[0].value


def test_likely_duplicates_are_said_right_below_the_fields_they_are_found_by(open_app: Open) -> None:
    app = open_app("new_customer")
    app.text_input(key="customer:new.email.0").set_value("nobody.yet@example.com").run()
    order = [getattr(element, "key", None) or getattr(element, "value", "") for element in app.main]
    said = order.index("Likely duplicates show here while you type.")
    typed, later = order.index("customer:new.postcode.0"), order.index("customer:new.city.0")
    assert typed < said < later  # a phone shows them in this order
    app.button(key="customer:new.discard").click().run()
    assert "unsaved change" not in texts(app)


def test_a_draft_the_server_cannot_keep_stays_in_the_form_and_says_so(
    open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_app("customer", id="4")

    def full(**_draft: object) -> None:
        raise StorageFailed("The disk is full; nothing was saved. Free some space and try again.")

    with monkeypatch.context() as patched:
        patched.setattr(drafts, "save", full)
        app.text_input(key="customer:4.city.0").set_value("Elsewhere").run()
    assert not app.exception
    assert app.text_input(key="customer:4.city.0").value == "Elsewhere"
    assert "The disk is full" in app.error[0].value
    assert "1 unsaved change, only on this page" in texts(app)
    app.text_input(key="customer:4.region.0").set_value("Somewhere").run()
    assert not app.error
    assert "2 unsaved changes, kept as a draft" in texts(app)


def test_a_customer_who_is_not_there_is_said_not_to_be_with_the_way_to_the_list(open_app: Open) -> None:
    app = open_app("customer", id="999999")
    assert not app.exception
    assert not app.error
    assert "It may have been removed, or the link may be wrong." in texts(app)
