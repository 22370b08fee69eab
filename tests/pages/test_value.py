"""The Value page and the customer's outlook: answers, their intervals, and what is said instead where there is none."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from crm_core.access import PERMISSIONS, SYSTEM, Permission, Role
from crm_core.analytics.extent import ExtentParams, extent
from crm_core.analytics.value import ValueMembersParams, ValueParams, ValueReport, value, value_members
from crm_core.analytics.value_model import Unit
from crm_core.records import saved_segments
from crm_core.workspace import Workspace
from dashboard.ui import periods, value_tables
from tests.pages.test_pages import texts

Open = Callable[..., AppTest]
SECONDS = 60.0
WEEK: Unit = "week"


@pytest.fixture(autouse=True)
def _the_data_is_history(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forecasts start where the orders end, whatever day it is."""
    monkeypatch.setattr(periods, "STALE_AFTER", timedelta(days=-100_000))


@pytest.fixture
def report(demo_workspace: Workspace) -> ValueReport:
    """What the page shows for the last year of the orders, computed beforehand."""
    last = demo_workspace.analyses.run(extent, ExtentParams(), actor=SYSTEM).last
    assert last is not None
    demo_workspace.analyses.run(value_members, ValueMembersParams(last, band="High value"), actor=SYSTEM)
    return demo_workspace.analyses.run(value, ValueParams(last), actor=SYSTEM)


def ready(app: AppTest) -> AppTest:
    """The app once nothing is being computed."""
    end = time.monotonic() + SECONDS
    while "You can leave this page" in texts(app) and time.monotonic() < end:
        time.sleep(0.5)
        app.run()
    return app


def test_the_page_says_what_is_to_come_how_sure_and_how_right_it_was(open_app: Open, report: ValueReport) -> None:
    app = open_app("value")
    said = texts(app)
    assert not app.exception
    assert f"In the next 12 months, {report.n_customers} customers are expected to buy" in said
    assert "95 times in 100, if the model holds, between" in said
    assert "Would it have been right?" in said
    assert "Customer by customer it was" in said
    missed = not report.holdout.low <= report.holdout.actual <= report.holdout.high
    assert bool(app.warning) == (missed or report.association.is_clear)
    groups, members = app.dataframe[-2].value, app.dataframe[-1].value
    assert groups["name"].tolist() == ["High value", "Middle value", "Low value"]
    assert len(members) == report.bands["customers"].iloc[0]
    assert members["value"].is_monotonic_decreasing


def test_value_can_be_read_by_cohort_and_channel(open_app: Open, report: ValueReport) -> None:
    cohorts = open_app("value", by="cohort").dataframe[-2].value
    assert len(cohorts) == len(report.cohorts)
    assert cohorts["name"].iloc[0].startswith(f"{report.cohorts['cohort'].iloc[0].year} Q")
    channels = open_app("value", by="channel").dataframe[-2].value
    assert channels["customers"].sum() == report.n_customers


def test_customers_can_be_sorted_by_what_they_are_expected_to_buy(open_app: Open, report: ValueReport) -> None:
    app = ready(open_app("value", band="all", order="purchases"))
    assert not app.exception
    listed = app.dataframe[-1].value
    assert listed["purchases"].is_monotonic_decreasing
    assert not listed["value"].is_monotonic_decreasing
    assert len(listed) == min(report.n_customers, value_tables.SHOWN)


def test_the_page_says_for_whom_there_are_no_intervals(
    open_app: Open, report: ValueReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "Intervals are computed for the {n} customers with the highest expected value"
    assert words.split("{", 1)[0] not in texts(ready(open_app("value", band="all")))
    monkeypatch.setattr(value_tables, "MOST_BOUNDED", report.n_customers - 1)
    assert words.format(n=report.n_customers - 1) in texts(ready(open_app("value", band="all")))


def test_a_value_band_is_saved_as_a_segment_that_follows_the_rule(
    open_app: Open, demo_workspace: Workspace, report: ValueReport
) -> None:
    app = ready(open_app("value", band="high"))
    app.text_input(key="value.365.high.segment_name").set_value("Best customers").run()
    ready(app.button(key="value.365.high.segment_save").click().run())
    assert not app.exception
    with demo_workspace.read() as session:
        rows = {row.name: row.id for row in saved_segments.list_all(session=session, actor=SYSTEM)}
        made = saved_segments.get(session=session, actor=SYSTEM, segment_id=rows["Best customers"])
    assert made.definition == {"all": [{"is": "value_band", "bands": ["High value"], "horizon": "365"}]}
    page = ready(open_app("saved_segment", id=str(made.id)))
    assert not page.exception
    assert f"{report.bands['customers'].iloc[0]} customers, " in texts(page)
    assert "value band for the next 12 months is High value" in texts(page)
    with demo_workspace.write(SYSTEM, "form") as session:
        saved_segments.remove(session=session, actor=SYSTEM, segment_id=made.id)


def test_who_may_not_save_segments_is_offered_no_band_to_save(
    open_app: Open, report: ValueReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "value.365.high.segment_save"
    assert key in {button.key for button in ready(open_app("value", role=Role.MARKETING, band="high")).button}
    monkeypatch.setitem(PERMISSIONS, Role.MARKETING, PERMISSIONS[Role.MARKETING] - {Permission.SEGMENTS_SAVE})
    app = ready(open_app("value", role=Role.MARKETING, band="high"))
    assert report.n_customers > 0
    assert key not in {button.key for button in app.button}


def test_a_horizon_of_three_months_is_another_forecast(open_app: Open, report: ValueReport) -> None:
    app = ready(open_app("value", horizon="91", band="all"))
    assert not app.exception
    assert "In the next 3 months" in texts(app)
    assert len(app.dataframe[-1].value) == min(report.n_customers, 200)


def test_the_page_speaks_chinese(open_app: Open, report: ValueReport) -> None:
    app = open_app("value", language="zh_CN")
    assert not app.exception
    assert f"未来 12 个月，预计 {report.n_customers} 位客户将购买" in texts(app)
    assert app.dataframe[-2].value["name"].tolist() == ["高价值", "中价值", "低价值"]


def test_the_file_holds_money_not_ten_thousandths(demo_workspace: Workspace, report: ValueReport) -> None:
    members = demo_workspace.analyses.run(value_members, ValueMembersParams(report.as_of), actor=SYSTEM).members
    file = value_tables.in_money(members)
    assert {"spent", "spend", "value", "value_low", "value_high", "present_value"} <= set(file.columns)
    assert not [name for name in file.columns if name.endswith("_e4")]
    assert file["value"].sum() == pytest.approx(float(report.expected_value))


def test_a_customer_has_an_outlook_with_ranges_and_the_caveat(open_app: Open, report: ValueReport) -> None:
    app = open_app("customer", id="5")
    app.session_state["customer.tabs.5"] = "Outlook"
    ready(app.run())
    assert not app.exception
    assert {metric.label for metric in app.metric} >= {"Expected purchases", "Expected value", "Per purchase", "Active"}
    assert "100% for everyone who bought once" in texts(app).replace("\\", "")
    assert "The ranges hold 95 of 100 such customers." in texts(app)


def test_who_may_not_see_segments_sees_no_outlook(open_app: Open) -> None:
    assert "Outlook" in [tab.label for tab in open_app("customer", id="5").tabs]
    assert "Outlook" not in [tab.label for tab in open_app("customer", role=Role.SUPPORT, id="5").tabs]


def test_intervals_that_are_not_there_are_dashes() -> None:
    assert value_tables._ranges([None, float("nan")], [None, 2.0]) == ["—", "—"]
    assert value_tables._whole_ranges([pd.NA], [pd.NA]) == ["—"]
