"""The Churn page: sentence, verdict, list, calculator, bands as segments; refused where it must be; a customer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from crm_core import demo
from crm_core.access import PERMISSIONS, SYSTEM, Permission, Role
from crm_core.analytics.churn import ChurnParams, ChurnReport, churn
from crm_core.analytics.extent import ExtentParams, extent
from crm_core.analytics.periods import local_today
from crm_core.config import Settings
from crm_core.db.models import SegmentKind
from crm_core.records import saved_segments
from crm_core.workspace import Workspace
from dashboard import session
from dashboard.ui.periods import Span
from tests.core.leavers import fill_with_leavers
from tests.pages.test_marketing import until_there
from tests.pages.test_pages import texts

Open = Callable[..., AppTest]
pytestmark = pytest.mark.xdist_group("churn_page")


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, ChurnReport]]:
    """A workspace of customers a model can tell apart, and the churn report its page will find."""
    workspace = opened(tmp_path_factory.mktemp("churn"))
    fill_with_leavers(workspace, date(2026, 6, 29), tmp_path_factory.mktemp("file"))
    workspace.warehouse.refresh()
    yield workspace, report_of(workspace, 90)
    workspace.close()


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, ChurnReport]]:
    """A workspace of 600 simulated customers, of whom counting purchases tells as much as a model."""
    workspace = opened(tmp_path_factory.mktemp("counted"))
    demo.fill(workspace, customers=600, seed=1, today=date(2026, 6, 30))
    workspace.warehouse.refresh()
    yield workspace, report_of(workspace, 90)
    workspace.close()


def opened(folder: Path) -> Workspace:
    settings = Settings(data_dir=folder, timezone="Europe/Berlin", _env_file=None)  # type: ignore[call-arg]
    return Workspace.open(settings, create=True)


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
    """Open a page of that workspace, or of the one given."""

    def start(page: str, role: Role = Role.ADMIN, workspace: Workspace | None = None, **address: str) -> AppTest:
        app = open_app("account", role=role)
        monkeypatch.setattr(session, "workspace", lambda: workspace or learned[0])
        app.switch_page(f"../pages/{page}.py")
        for name, value in address.items():
            app.query_params[name] = value
        return app.run()

    return start


def test_the_page_says_how_many_leave_and_shows_verdict_list_and_profit(
    open_learned: Open, learned: tuple[Workspace, ChurnReport]
) -> None:
    report = learned[1]
    assert (report.verdict, report.reason) == ("usable", None)
    app = open_learned("churn")
    assert not app.exception
    assert f"Of {report.n_scored} customers, about" in texts(app)
    assert "Calibration slope" in texts(app)
    tables = [table.value for table in app.dataframe]
    verdict = next(table for table in tables if "Predicted by" in table)
    assert "One chance for everyone on a day" in set(verdict["Predicted by"])
    listed = next(table for table in tables if "why" in table)
    assert len(listed) == min(100, report.n_scored)
    assert listed["risk"].is_monotonic_decreasing
    assert listed["why"].str.contains("(typically ", regex=False).any()


def test_bands_and_order_narrow_and_sort_the_list(open_learned: Open) -> None:
    app = open_learned("churn", band="high", order="risk")
    assert not app.exception
    listed = next(table.value for table in app.dataframe if "why" in table.value)
    assert listed["chance"].between(50, 100).all()
    assert listed["chance"].is_monotonic_decreasing


def test_a_band_is_saved_as_a_segment_that_follows_the_rule(
    open_learned: Open, learned: tuple[Workspace, ChurnReport]
) -> None:
    workspace, report = learned
    app = open_learned("churn", band="high")
    app.text_input(key="churn.90.high.segment_name").set_value("About to leave").run()
    app.button(key="churn.90.high.segment_save").click().run()
    assert not app.exception
    with workspace.read() as database_session:
        rows = saved_segments.list_all(session=database_session, actor=SYSTEM)
        made = saved_segments.get(session=database_session, actor=SYSTEM, segment_id=rows[0].id)
    assert (made.name, made.is_live) == ("About to leave", True)
    assert made.definition == {"all": [{"is": "churn_risk", "bands": ["high"], "horizon": "90"}]}
    high = int((report.customers["probability"] >= 0.5).sum())
    page = until_there(open_learned("saved_segment", id=str(made.id)))
    assert not page.exception
    assert f"{high} customers, " in texts(page)
    assert "churn risk over 90 days is high" in texts(page)
    assert "so its size is followed from today on" in texts(page)


def test_a_rule_on_the_churn_risk_is_written_and_counted(
    open_learned: Open, learned: tuple[Workspace, ChurnReport]
) -> None:
    app = until_there(open_learned("segment_rule"))
    until_there(app.selectbox(key="rule.new.1.is").set_value("churn_risk").run())
    assert "The rule is not finished." in texts(app)
    assert app.selectbox(key="rule.new.1.churn_risk.horizon").value == "90"
    until_there(app.multiselect(key="rule.new.1.churn_risk.bands.").set_value(["high", "medium"]).run())
    assert not app.exception
    expected = int((learned[1].customers["probability"] >= 0.25).sum())
    assert f"{expected} customers of " in texts(app)
    assert "churn risk over 90 days is high or medium" in texts(app)


def test_who_may_not_save_segments_is_offered_no_band_to_save(
    open_learned: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "churn.90.high.segment_save"
    assert key in {button.key for button in open_learned("churn", role=Role.MARKETING, band="high").button}
    monkeypatch.setitem(PERMISSIONS, Role.MARKETING, PERMISSIONS[Role.MARKETING] - {Permission.SEGMENTS_SAVE})
    app = open_learned("churn", role=Role.MARKETING, band="high")
    assert not app.exception
    assert key not in {button.key for button in app.button}


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("The model predicts no better than the purchases BG/NBD expects", "So nobody is scored")),
        ("zh_CN", ("模型", "因此不给任何人评分")),
    ],
)
def test_where_the_model_is_refused_the_baseline_is_named_and_no_score_is_shown(
    open_app: Open,
    counted: tuple[Workspace, ChurnReport],
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    words: tuple[str, str],
) -> None:
    workspace, report = counted
    assert (report.verdict, report.ranks_by_expected) == ("refused", True)
    app = open_app("account", language=language)
    monkeypatch.setattr(session, "workspace", lambda: workspace)
    app.switch_page("../pages/churn.py")
    app.query_params["band"] = "high"
    app.run()
    assert not app.exception
    shown = texts(app)
    assert all(part in shown for part in words)
    assert [info.icon for info in app.info] == [":material/sort:"]
    assert not app.number_input
    assert len(app.dataframe) == 3  # the numbers behind two charts, and the model beside its baselines


def test_a_rule_on_a_refused_model_says_so_and_the_list_shows_no_count(
    open_learned: Open, counted: tuple[Workspace, ChurnReport]
) -> None:
    workspace = counted[0]
    definition = {"all": [{"is": "churn_risk", "bands": ["high"], "horizon": "90"}]}
    with workspace.write(SYSTEM, "form") as database_session:
        made = saved_segments.create(
            session=database_session,
            actor=SYSTEM,
            values={"name": "Nobody knows", "definition": definition},
            kind=SegmentKind.MODEL,
        )
    for page in ("saved_segment", "segment_rule"):
        app = until_there(open_learned(page, workspace=workspace, id=str(made.id)))
        assert not app.exception
        assert "the churn model is refused: The model predicts no better than" in texts(app).replace("\\", "")
        assert "Remove" in {button.label for button in app.button}
    listed = until_there(open_learned("saved_segments", workspace=workspace))
    assert listed.dataframe[0].value["customers"].tolist() == ["—"]
    assert "the churn model is refused" in texts(listed).replace("\\", "")


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
