"""The Cohorts page: each view answers first, choices stay in the address and are printed with the number."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from crm_core.access import Role
from tests.pages.test_pages import texts

Open = Callable[..., AppTest]


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("view", ["retention", "value", "lifecycle", "gaps"])
def test_every_view_runs_in_every_language(open_app: Open, view: str, language: str) -> None:
    app = open_app("cohorts", language=language, view=view)
    assert not app.exception
    assert not app.error


@pytest.mark.parametrize(
    ("view", "answer"),
    [
        ("retention", "of new customers bought again in the calendar month after that of their first order."),
        ("value", "Each customer who entered brought €"),
        ("lifecycle", "came back;"),
        ("gaps", "Half of all repeat orders come within"),
    ],
)
def test_every_view_answers_in_a_sentence(open_app: Open, view: str, answer: str) -> None:
    assert answer in texts(open_app("cohorts", view=view))


def test_the_choices_in_the_address_are_made_and_printed(open_app: Open) -> None:
    app = open_app(
        "cohorts", period="all", entry="recurring", window="rolling", criterion="on-or-after", month="30-days",
        mean="simple",
    )  # fmt: skip
    shown = texts(app)
    assert "of customers bought again in days 30 to 59 after an order, or later." in shown
    assert "Customers enter with: Every month or week with an order · Windows: From each customer's own day" in shown
    assert "Counts as retained: In that window or later · A month is: 30 days · Mean: Each cohort alike" in shown
    assert "| Mean | Each cohort alike |" in shown
    assert "95% interval" not in next(element.value for element in app.markdown if "bought again" in element.value)


def test_a_choice_goes_to_the_address_and_weeks_ask_for_no_month(open_app: Open) -> None:
    app = open_app("cohorts")
    app.selectbox(key="cohorts.criterion").set_value("on-or-after").run()
    assert app.query_params["criterion"] == "on-or-after"
    app.segmented_control(key="cohorts.unit").set_value("week").run()
    assert not app.exception
    assert app.query_params["unit"] == "week"
    assert "cohorts.month" not in {box.key for box in app.selectbox}


def test_more_cohorts_than_there_is_room_for_say_so(open_app: Open) -> None:
    app = open_app("cohorts", unit="week", period="12m")
    assert "The latest 24 of 53 cohorts are shown" in texts(app)


def test_support_has_no_cohorts(open_app: Open) -> None:
    assert "cohorts" not in open_app("account", role=Role.SUPPORT).session_state["pages"]
