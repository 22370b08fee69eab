"""The Baskets page: the strongest rule in a sentence, what else buyers buy, what instead, and whom to write to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Literal

import pytest
from streamlit.testing.v1 import AppTest

from crm_core.access import SYSTEM, Role
from crm_core.analytics.baskets import BasketParams, BasketReport, baskets
from crm_core.analytics.cross_sell import CrossSellParams, cross_sell
from crm_core.analytics.extent import ExtentParams, extent
from crm_core.analytics.next_product import NextProductParams, next_product
from crm_core.analytics.segment_rules import Ground, parse
from crm_core.errors import AnalysisRefused
from crm_core.workspace import Workspace
from dashboard.ui import periods
from dashboard.ui.basket_lists import rule, thing
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


@pytest.mark.parametrize("level", ["product", "category"])
def test_the_segment_of_a_cross_sell_list_holds_the_customers_listed(
    demo_workspace: Workspace, report: BasketReport, level: Literal["product", "category"]
) -> None:
    found = report
    if level == "category":
        params = BasketParams(level="category", min_confidence=0.01)
        found = demo_workspace.analyses.run(baskets, params, actor=SYSTEM)
    items = found.items.set_index("item", drop=False)
    best = found.rules.sort_values("confidence").iloc[0]  # some buyers lack the rest
    before, after = ([thing(items.loc[item], level) for item in best[side]] for side in ("antecedents", "consequents"))
    day = demo_workspace.analyses.run(extent, ExtentParams(), actor=SYSTEM).last
    assert day is not None
    asked = CrossSellParams(day, tuple(item.key for item in before), tuple(item.key for item in after), level)
    listed = demo_workspace.analyses.run(cross_sell, asked, actor=SYSTEM).members
    assert len(listed)
    with demo_workspace.warehouse.open() as snapshot:
        members = parse(rule(level, before, after)).members(Ground(snapshot.tables(SYSTEM.scope), day))
    assert members.tolist() == sorted(listed["customer_id"])


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
