"""The Pipeline page: an answer first, the numbers of the command line, and the deals behind each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from crm_core.access import SYSTEM, Role
from crm_core.analytics.periods import Period
from crm_core.analytics.pipeline import PipelineParams, PipelineReport, pipeline
from crm_core.config import Settings
from crm_core.db.models import User
from crm_core.formats import Formats
from crm_core.workspace import Workspace
from dashboard import session
from tests.pages.test_pages import texts

Open = Callable[..., AppTest]
WINDOW = {"period": "own", "days": "2025-07-01..2026-06-30"}
SHOWN = Period.parse("2025-07-01", "2026-07-01")


@pytest.fixture
def report(demo_workspace: Workspace) -> PipelineReport:
    """What the command line prints of the same period."""
    return demo_workspace.analyses.run(pipeline, PipelineParams(SHOWN), actor=SYSTEM)


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("by", ["owner", "product", "source", "size"])
def test_the_page_runs_in_every_language_by_everything(open_app: Open, by: str, language: str) -> None:
    app = open_app("pipeline", language=language, by=by, **WINDOW)
    assert not app.exception
    assert not app.error


def test_an_owner_whose_account_is_closed_keeps_their_name(
    open_app: Open, demo_workspace: Workspace, report: PipelineReport
) -> None:
    owner_id = int(report.groups.loc[report.groups["dimension"] == "owner", "key"].dropna().iloc[0])

    def is_active(wanted: bool) -> str:
        with demo_workspace.database.untracked() as session:
            owner = session.get_one(User, owner_id)
            owner.is_active = wanted
            return owner.name

    name = is_active(False)
    try:
        app = open_app("pipeline", by="owner", **WINDOW)
        listed = next(frame.value for frame in app.dataframe if "Owner" in frame.value)
    finally:
        is_active(True)
    assert name in set(listed["Owner"])


def test_the_page_answers_first_with_n_and_interval(open_app: Open, report: PipelineReport) -> None:
    said = Formats("en", "EUR", "Europe/Berlin")
    rate = report.metrics["win_rate"]
    assert rate.low is not None
    answer = f"{said.percent(rate.value)} of {rate.n} closed deals were won (95% interval {said.percent(rate.low)} to"
    assert answer in texts(open_app("pipeline", **WINDOW))


def test_the_screen_shows_the_numbers_of_the_command_line(open_app: Open, report: PipelineReport) -> None:
    app = open_app("pipeline", **WINDOW)
    said = Formats("en", "EUR", "Europe/Berlin")
    shown = {metric.label: metric.value for metric in app.metric}
    values = {name: kpi.value for name, kpi in report.metrics.items()}
    assert shown["Win rate"] == said.percent(values["win_rate"])
    assert shown["Won value"] == said.money(values["won_value"], compact=True)
    assert shown["Weighted value"] == said.money(values["weighted"], compact=True)
    assert shown["Forecast"] == said.money(values["forecast"], compact=True)
    assert shown["Slipping deals"] == said.number(values["slipping_deals"])
    stages = next(table.value for table in app.dataframe if "reached" in table.value.columns)
    assert stages["reached"].tolist() == [said.number(n) for n in report.stages["reached"]]
    assert stages["open"].tolist() == [said.number(n) for n in report.stages["open_deals"]]


def test_the_velocity_shows_its_four_parts(open_app: Open, report: PipelineReport) -> None:
    said = Formats("en", "EUR", "Europe/Berlin")
    parts = report.metrics
    line = (
        f"{parts['open_deals'].value} open deals × {said.money(parts['average_won_value'].value)} average won value × "
        f"{said.percent(parts['win_rate'].value)} win rate ÷ "
        f"{said.number(round(parts['cycle_median'].value, 1))} days = "
    )
    assert line in texts(open_app("pipeline", **WINDOW))


def test_the_choices_go_to_the_address(open_app: Open) -> None:
    app = open_app("pipeline", **WINDOW)
    app.selectbox(key="pipeline.compare").set_value("year").run()
    app.segmented_control(key="pipeline.by").set_value("size").run()
    assert not app.exception
    assert (app.query_params["compare"], app.query_params["by"]) == ("year", "size")


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("code", ["win_rate", "stale", "stage:prospecting:reached", "outlook:undated"])
def test_the_deals_behind_a_number_are_listed(open_app: Open, code: str, language: str) -> None:
    address = {"metric": code, "from": str(SHOWN.start), "to": str(SHOWN.end)}
    app = open_app("deals_behind", language=language, **address)
    assert not app.exception
    assert app.dataframe


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("win_rate", "Win rate: "), ("slipping", "Slipping deals"), ("funnel:won", "Opened in the period and won"),
        ("stage:engaging:undecided", "Engaging: reached it and are undecided"), ("group:source:", "Source: Not set"),
        ("group:size:1000", "Size: €1K to under €10K"), ("outlook:2026-01-01", "Won or expected in Jan 2026"),
        ("outlook:later", "Open deals expected later"),
    ],
)  # fmt: skip
def test_the_list_says_what_it_is_of(open_app: Open, code: str, said: str) -> None:
    app = open_app("deals_behind", metric=code, **{"from": str(SHOWN.start), "to": str(SHOWN.end)})
    assert not app.exception
    assert said in texts(app).replace("\\", "")  # what records hold is escaped


def test_the_list_behind_the_win_rate_holds_every_closed_deal_a_page_at_a_time(
    open_app: Open, report: PipelineReport
) -> None:
    address = {"metric": "win_rate", "from": str(SHOWN.start), "to": str(SHOWN.end)}
    app = open_app("deals_behind", **address)
    n = report.metrics["win_rate"].n
    assert f"{n} rows in Jul 2025" in texts(app)
    assert len(app.dataframe[0].value) == min(n, 25)
    assert app.get("download_button")
    assert not open_app("deals_behind", role=Role.SUPPORT, **address).get("download_button")


def test_an_address_of_no_number_says_where_to_find_one(open_app: Open) -> None:
    for address in ({}, {"metric": "nonsense", "from": "2026-01-01", "to": "2026-02-01"}, {"metric": "win_rate"}):
        assert "Open the deals of a number from the Pipeline." in texts(open_app("deals_behind", **address))


def test_staff_have_no_pipeline_page(open_app: Open) -> None:
    pages = open_app("account", role=Role.STAFF).session_state["pages"]
    assert not {"pipeline", "deals_behind"} & set(pages)


@pytest.fixture
def nothing(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace without any record."""
    workspace = Workspace.open(Settings(data_dir=tmp_path, timezone="Europe/Berlin", _env_file=None), create=True)  # type: ignore[call-arg]
    workspace.warehouse.refresh()
    yield workspace
    workspace.close()


def test_without_deals_the_page_says_how_to_get_some(
    open_app: Open, nothing: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_app("account")
    monkeypatch.setattr(session, "workspace", lambda: nothing)
    app.switch_page("../pages/pipeline.py").run()
    assert not app.exception
    assert "No deals yet" in texts(app)
