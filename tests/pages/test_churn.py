"""The Churn page: sentence, verdict, list, calculator; refused where it must be; and its part of a customer's page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from crm_core import demo
from crm_core.access import SYSTEM
from crm_core.analytics.churn import ChurnParams, ChurnReport, churn
from crm_core.analytics.extent import ExtentParams, extent
from crm_core.analytics.periods import local_today
from crm_core.config import Settings
from crm_core.workspace import Workspace
from dashboard import session
from dashboard.ui.periods import Span
from tests.pages.test_pages import texts

Open = Callable[..., AppTest]
pytestmark = pytest.mark.xdist_group("churn_page")


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, ChurnReport]]:
    """A workspace of 800 simulated customers and the churn report its page will find."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("churn"), timezone="Europe/Berlin", _env_file=None)  # type: ignore[call-arg]
    workspace = Workspace.open(settings, create=True)
    demo.fill(workspace, customers=800, seed=7, today=date(2026, 6, 30))
    workspace.warehouse.refresh()
    yield workspace, report_of(workspace, 90)
    workspace.close()


def report_of(workspace: Workspace, horizon: int) -> ChurnReport:
    found = workspace.analyses.run(extent, ExtentParams(), actor=SYSTEM)
    assert found.first is not None
    assert found.last is not None
    anchor = Span(found.first, found.last, local_today("Europe/Berlin")).anchor
    return workspace.analyses.run(churn, ChurnParams(anchor, horizon), actor=SYSTEM)


@pytest.fixture
def open_learned(
    learned: tuple[Workspace, ChurnReport], open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., AppTest]:
    """Open a page of that workspace."""

    def start(page: str, **address: str) -> AppTest:
        app = open_app("account")
        monkeypatch.setattr(session, "workspace", lambda: learned[0])
        app.switch_page(f"../pages/{page}.py")
        for name, value in address.items():
            app.query_params[name] = value
        return app.run()

    return start


def test_the_page_says_how_many_leave_and_shows_verdict_list_and_profit(
    open_learned: Open, learned: tuple[Workspace, ChurnReport]
) -> None:
    report = learned[1]
    assert report.n_scored > 0
    app = open_learned("churn")
    assert not app.exception
    assert f"Of {report.n_scored} customers, about" in texts(app)
    assert "Calibration slope" in texts(app)
    tables = [table.value for table in app.dataframe]
    verdict = next(table for table in tables if "Predicted by" in table)
    assert "The same chance for everyone" in set(verdict["Predicted by"])
    listed = next(table for table in tables if "why" in table)
    assert len(listed) == 100
    assert listed["risk"].is_monotonic_decreasing
    assert listed["why"].str.contains("(typically ", regex=False).any()


def test_bands_and_order_narrow_and_sort_the_list(open_learned: Open) -> None:
    app = open_learned("churn", band="high", order="risk")
    assert not app.exception
    listed = next(table.value for table in app.dataframe if "why" in table.value)
    assert listed["chance"].between(50, 75).all()
    assert listed["chance"].is_monotonic_decreasing


def test_a_dearer_contact_pays_for_fewer(open_learned: Open) -> None:
    app = open_learned("churn")
    app.number_input(key="churn.cost").set_value(500.0).run()
    assert not app.exception
    assert "At this cost no contact pays." in texts(app)


def test_the_customer_page_gives_chance_reasons_and_what_if(
    open_learned: Open, learned: tuple[Workspace, ChurnReport]
) -> None:
    riskiest = str(int(learned[1].customers["customer_id"].iloc[0]))

    def part() -> None:
        import streamlit as st

        from dashboard.ui.customer_churn import churn_risk
        from dashboard.ui.page import Page

        churn_risk(Page("customer"), int(st.query_params["id"]))

    open_learned("account")
    app = AppTest.from_function(part, default_timeout=60)
    app.session_state["signed_in"] = __import__("types").SimpleNamespace(actor=SYSTEM, language="en")
    app.session_state["pages"] = {}
    app.query_params["id"] = riskiest
    app.run()
    assert not app.exception
    assert {metric.label for metric in app.metric} == {"Chance to leave", "Usual value", "Value at risk"}
    assert "in log-odds: a chance of" in texts(app)
    app.slider[0].set_value(0).run()
    assert "The chance to leave would be" in texts(app)


def test_too_few_customers_are_said_to_be_too_few(open_app: Open, demo_workspace: Workspace) -> None:
    report = report_of(demo_workspace, 90)
    assert report.verdict == "refused"
    app = open_app("churn")
    assert not app.exception
    assert "Who will leave cannot be predicted here." in texts(app)
    assert "A churn model needs at least" in texts(app)
    assert not app.dataframe
