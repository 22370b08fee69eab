"""The Baskets page: the strongest rule in a sentence, what else buyers buy, what instead, and whom to write to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from crm_core.access import SYSTEM, Role
from crm_core.analytics.baskets import BasketParams, BasketReport, baskets
from crm_core.analytics.extent import ExtentParams, extent
from crm_core.analytics.next_product import NextProductParams, next_product
from crm_core.errors import AnalysisRefused
from crm_core.workspace import Workspace
from dashboard.ui import periods
from dashboard.ui.periods import Span, preset
from tests.pages.test_pages import texts

Open = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def _the_data_is_history(monkeypatch: pytest.MonkeyPatch) -> None:
    """Periods end where the orders end, whatever day it is."""
    monkeypatch.setattr(periods, "STALE_AFTER", timedelta(days=-100_000))


@pytest.fixture
def report(demo_workspace: Workspace) -> BasketReport:
    """What the page shows of all orders, computed beforehand: the worker would take its time."""
    span = demo_workspace.analyses.run(extent, ExtentParams(), actor=SYSTEM)
    assert span.first is not None
    assert span.last is not None
    period = preset("all", Span(span.first, span.last, span.last))
    return demo_workspace.analyses.run(baskets, BasketParams(period=period), actor=SYSTEM)


def test_the_page_answers_with_the_strongest_rule(open_app: Open, report: BasketReport) -> None:
    app = open_app("baskets", period="all")
    assert not app.exception
    said = texts(app).replace("\\", "")
    assert "times as likely to buy" in said
    assert f"{report.n_holding} of {report.n_rules} rules hold" in said
    rules = next(table.value for table in app.dataframe if "antecedents" in table.value)
    assert len(rules) == report.n_holding
    assert rules["lift"].is_monotonic_decreasing
    assert any("items" in table.value for table in app.dataframe)  # the bundles


def test_all_rules_can_be_shown_beside_those_that_hold(open_app: Open, report: BasketReport) -> None:
    app = open_app("baskets", period="all", which="all")
    rules = next(table.value for table in app.dataframe if "antecedents" in table.value)
    assert len(rules) == min(report.n_rules, 200)
    assert not rules["holds"].all()


def test_around_a_product_stands_what_else_its_buyers_buy(open_app: Open, report: BasketReport) -> None:
    item = report.rules.iloc[0]["antecedents"][0]
    code = str(report.items.loc[report.items["item"] == item, "code"].iloc[0])
    app = open_app("baskets", period="all", view="around", item=code)
    assert not app.exception
    assert "times as many as by chance" in texts(app)
    assert app.selectbox(key="baskets.item").value == code


def test_what_is_bought_instead_has_its_own_question(open_app: Open, report: BasketReport) -> None:
    app = open_app("baskets", period="all", view="instead")
    assert not app.exception
    assert "common enough to tell" in texts(app)


def test_next_products_of_too_few_customers_are_refused_on_the_page(
    open_app: Open, demo_workspace: Workspace, report: BasketReport
) -> None:
    last = demo_workspace.analyses.run(extent, ExtentParams(), actor=SYSTEM).last
    assert last is not None
    with pytest.raises(AnalysisRefused):
        demo_workspace.analyses.run(next_product, NextProductParams(last), actor=SYSTEM)
    app = open_app("baskets", view="next")
    assert not app.exception


@pytest.mark.parametrize(("role", "is_allowed"), [(Role.MARKETING, True), (Role.MANAGER, True), (Role.SUPPORT, False)])
def test_baskets_are_for_those_who_see_segments(open_app: Open, role: Role, is_allowed: bool) -> None:
    app = open_app("account", role=role)
    assert ("baskets" in app.session_state["pages"]) == is_allowed
