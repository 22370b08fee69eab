"""Saved segments and campaigns on their pages: write a rule, save it, draft a campaign, start it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date
from itertools import count
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from crm_core.access import PERMISSIONS, SYSTEM, Permission, Role
from crm_core.analytics.kpis import KpiParams, kpis
from crm_core.analytics.membership import Who
from crm_core.analytics.periods import Period
from crm_core.analytics.saved_members import SavedMembersParams, saved_list
from crm_core.db.models import SavedSegment, SegmentKind
from crm_core.records import campaigns, customers, saved_segments
from crm_core.workspace import Workspace
from tests.pages.conftest import TODAY
from tests.pages.test_pages import texts

Open = Callable[..., AppTest]
RULE = {"all": [{"is": "metric", "metric": "orders", "days": None, "op": "at_least", "value": "2"}]}
CITY = {"is": "field", "field": "city", "op": "is", "values": ["Nowhere"]}
_numbers = count(1)


@pytest.fixture
def segment(demo_workspace: Workspace) -> Iterator[SavedSegment]:
    """A segment of those who ordered twice; removed afterwards, as the workspace is shared."""
    with demo_workspace.write(SYSTEM, "form") as session:
        made = saved_segments.create(
            session=session,
            actor=SYSTEM,
            values={"name": f"Ordered again {next(_numbers)}", "definition": RULE},
            kind=SegmentKind.RULE,
        )
    yield made
    with demo_workspace.write(SYSTEM, "form") as session:
        saved_segments.remove(session=session, actor=SYSTEM, segment_id=made.id)


def until_there(app: AppTest) -> AppTest:
    """Run the page again until its analyses are there: on a busy machine the worker computes them."""
    for _ in range(120):
        if "You can leave this page" not in texts(app):
            return app
        time.sleep(0.5)
        app.run()
    raise AssertionError("the analyses of the page take too long")


def draft(workspace: Workspace, segment_id: int, **values: Any) -> int:
    with workspace.write(SYSTEM, "form") as session:
        return campaigns.create(
            session=session, actor=SYSTEM, values={"name": "Letter", "segment_id": segment_id} | values
        ).id


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("page", ["saved_segments", "saved_segment", "segment_rule", "campaigns", "campaign"])
def test_every_page_runs_with_a_segment_and_a_campaign_in_every_language(
    open_app: Open, demo_workspace: Workspace, segment: SavedSegment, page: str, language: str
) -> None:
    address = {"campaign": draft(demo_workspace, segment.id)}.get(page, segment.id)
    app = until_there(open_app(page, language=language, id=str(address)))
    assert not app.exception
    assert not app.error


@pytest.mark.parametrize(
    ("page", "source"),
    [
        ("segments", "Hughes 1994"),
        ("saved_segments", "Jaccard 1901"),
        ("saved_segment", "Cohen 1988"),
        ("campaigns", "DerSimonian and Laird 1986"),
        ("campaign", "Newcombe 1998"),
    ],
)
def test_how_a_page_is_computed_names_the_snapshot_and_its_sources(
    open_app: Open, demo_workspace: Workspace, segment: SavedSegment, page: str, source: str
) -> None:
    address = {"campaign": draft(demo_workspace, segment.id)}.get(page, segment.id)
    shown = texts(until_there(open_app(page, id=str(address))))
    assert source in shown
    assert "(snapshot " in shown


def test_a_segments_page_says_how_many_belong_and_why(open_app: Open, segment: SavedSegment) -> None:
    app = until_there(open_app("saved_segment", id=str(segment.id)))
    shown = texts(app)
    assert "of all." in shown
    assert "Who belongs: Orders ≥ 2." in shown.replace("\\", "")
    assert "Size over time" in {element.value for element in app.subheader}


def test_a_segment_of_whom_nobody_belongs_says_so_and_what_it_would_take(
    open_app: Open, demo_workspace: Workspace
) -> None:
    with demo_workspace.write(SYSTEM, "form") as session:
        empty = saved_segments.create(
            session=session,
            actor=SYSTEM,
            values={"name": "Nobody", "definition": {"all": [CITY]}},
            kind=SegmentKind.RULE,
        )
    app = until_there(open_app("saved_segment", id=str(empty.id)))
    assert not app.exception
    assert "0 customers, 0.0% of all." in texts(app)
    assert "at least 10 members" in app.info[0].value
    with demo_workspace.write(SYSTEM, "form") as session:
        saved_segments.remove(session=session, actor=SYSTEM, segment_id=empty.id)


def test_a_page_without_a_segment_or_campaign_says_where_to_find_one(open_app: Open) -> None:
    assert "No segment chosen" in texts(open_app("saved_segment", id="99999"))
    assert "No campaign chosen" in texts(open_app("campaign", id="99999"))


def test_a_rule_is_counted_while_it_is_written_and_saved_under_its_name(
    open_app: Open, demo_workspace: Workspace
) -> None:
    app = until_there(open_app("segment_rule"))
    assert "Net sales in the last 365 days ≥ €500.00" in texts(app).replace("\\", "")
    app.selectbox(key="rule.new.1.metric.metric").set_value("orders").run()
    until_there(app.number_input(key="rule.new.1.metric.value").set_value(3.0).run())
    assert "Orders in the last 365 days ≥ 3" in texts(app).replace("\\", "")
    app.button(key="rule.new.add").click().run()
    until_there(app.selectbox(key="rule.new.2.is").set_value("consent").run())
    assert "and agreed to marketing" in texts(app)
    app.text_input(key="rule.new.name").set_value("Thrice and willing").run()
    app.button(key="rule.new.save").click().run()  # once: another run would be of the page one came from
    assert not app.exception
    assert app.title[0].value == "Thrice and willing"
    with demo_workspace.read() as session:
        rows = {row.name: row.id for row in saved_segments.list_all(session=session, actor=SYSTEM)}
        made = saved_segments.get(session=session, actor=SYSTEM, segment_id=rows["Thrice and willing"])
    assert made.definition == {
        "all": [
            {"is": "metric", "metric": "orders", "days": 365, "op": "at_least", "value": "3"},
            {"is": "consent", "answer": "yes"},
        ]
    }
    with demo_workspace.write(SYSTEM, "form") as session:
        saved_segments.remove(session=session, actor=SYSTEM, segment_id=made.id)


def test_an_unfinished_rule_says_what_is_missing_beside_the_condition(open_app: Open) -> None:
    app = until_there(open_app("segment_rule"))
    app.selectbox(key="rule.new.1.is").set_value("bought").run()
    assert "The rule is not finished." in texts(app)
    assert "Choose one or more values." in texts(app)
    app.button(key="rule.new.save").click().run()
    assert "Choose one or more values." in app.error[0].value
    app.button(key="rule.new.discard").click().run()


def test_a_draft_says_what_it_could_show_and_starts_with_its_list_frozen(
    open_app: Open, demo_workspace: Workspace, segment: SavedSegment
) -> None:
    campaign_id = draft(demo_workspace, segment.id, holdout_bp=2_000)
    app = until_there(open_app("campaign", id=str(campaign_id)))
    assert "held out to compare with" in texts(app)
    assert "percentage points** or more" in texts(app)
    until_there(app.button(key="campaign.start_now").click().run())
    assert not app.exception
    assert "What it changed is not known yet." in texts(app)
    assert "The window is open until the end of" in texts(app)
    with demo_workspace.read() as session:
        row = next(row for row in campaigns.list_all(session=session, actor=SYSTEM) if row.campaign.id == campaign_id)
    assert row.campaign.status == "running"
    assert row.n_held_out == pytest.approx(0.2 * (row.n_treated + row.n_held_out), abs=1)


def test_a_campaign_that_changed_nothing_for_certain_claims_no_profit(
    open_app: Open, demo_workspace: Workspace, segment: SavedSegment
) -> None:
    campaign_id = draft(demo_workspace, segment.id, holdout_bp=5_000)
    until_there(open_app("campaign", id=str(campaign_id))).button(key="campaign.start_now").click().run()
    with demo_workspace.write(SYSTEM, "form") as session:  # as if it had been started in May
        campaign = campaigns.get(session=session, actor=SYSTEM, campaign_id=campaign_id)
        campaign.starts_on, campaign.ends_on = date(2026, 5, 1), date(2026, 5, 31)
    app = until_there(open_app("campaign", id=str(campaign_id)))
    assert not app.exception
    assert "so it may be nothing. A campaign of this size shows differences of about" in texts(app)
    assert {metric.label: metric.value for metric in app.metric}["Profit of the campaign"] == "–"
    assert "Profit is not known yet: it lies between" in texts(app)


def test_a_rule_that_someone_else_changed_is_saved_over_theirs_only_when_asked_again(
    open_app: Open, demo_workspace: Workspace, segment: SavedSegment
) -> None:
    key = f"rule.{segment.id}"
    app = until_there(open_app("segment_rule", id=str(segment.id)))
    with demo_workspace.write(SYSTEM, "form") as session:
        saved_segments.update(
            session=session,
            actor=SYSTEM,
            segment_id=segment.id,
            seen_version=segment.version,
            values={"definition": {"all": [CITY]}},
        )
    until_there(app.number_input(key=f"{key}.1.metric.value").set_value(4.0).run())
    until_there(app.button(key=f"{key}.save").click().run())
    assert "changed this rule meanwhile" in texts(app)
    app.button(key=f"{key}.save").click().run()  # once: another run would be of the page one came from
    assert app.title[0].value == segment.name
    with demo_workspace.read() as session:
        saved = saved_segments.get(session=session, actor=SYSTEM, segment_id=segment.id).definition
    assert saved is not None
    assert saved["all"][0]["value"] == "4"


def test_settings_are_typed_in_percent_and_refused_in_words(
    open_app: Open, demo_workspace: Workspace, segment: SavedSegment
) -> None:
    campaign_id = draft(demo_workspace, segment.id)
    app = until_there(open_app("campaign", id=str(campaign_id)))
    form = f"campaign:{campaign_id}"
    assert app.text_input(key=f"{form}.holdout_bp.0").value == "10"
    app.text_input(key=f"{form}.holdout_bp.0").set_value("80").run()
    app.button(key=f"{form}.save").click().run()
    assert "This is a share from 0.01 % to 50 %." in texts(app).replace("\\", "")
    app.text_input(key=f"{form}.holdout_bp.0").set_value("12.5").run()
    app.button(key=f"{form}.save").click().run()
    with demo_workspace.read() as session:
        assert campaigns.get(session=session, actor=SYSTEM, campaign_id=campaign_id).holdout_bp == 1_250


def test_key_figures_and_their_rows_are_narrowed_to_a_saved_segment(
    open_app: Open, demo_workspace: Workspace, segment: SavedSegment
) -> None:
    who = SavedMembersParams(Who.by_rule(RULE), TODAY)
    members = demo_workspace.analyses.run(saved_list, who, actor=SYSTEM).customers
    year = {"from": "2025-07-01", "to": "2026-07-01"}
    params = KpiParams(Period.parse(year["from"], year["to"]), customers=members)
    wanted = demo_workspace.analyses.run(kpis, params, actor=SYSTEM).metrics["orders"]
    everybody = demo_workspace.analyses.run(kpis, KpiParams(params.period), actor=SYSTEM).metrics["orders"]
    assert 0 < wanted.n < everybody.n
    app = until_there(open_app("overview"))
    app.selectbox(key="overview.period").set_value("own").run()
    app.date_input(key="overview.days").set_value((date(2025, 7, 1), date(2026, 6, 30))).run()
    until_there(app.selectbox(key="overview.segment").set_value(str(segment.id)).run())
    assert {metric.label: metric.value for metric in app.metric}["Orders"] == str(wanted.value)
    assert segment.name in texts(app)
    assert app.query_params["segment"] == str(segment.id)
    assert "chosen by what is known of them on that day" in texts(app)
    rows = until_there(open_app("rows", metric="orders", segment=str(segment.id), **year))
    assert not rows.exception
    assert f"{wanted.n:,} rows" in texts(rows)
    assert segment.name in texts(rows)


def test_the_list_of_customers_is_narrowed_to_a_saved_segment(
    open_app: Open, demo_workspace: Workspace, segment: SavedSegment
) -> None:
    who = SavedMembersParams(Who.by_rule(RULE), TODAY)
    members = demo_workspace.analyses.run(saved_list, who, actor=SYSTEM).customers.ids()
    app = until_there(open_app("customers", segment=str(segment.id)))
    assert f"{len(members)} customers · {segment.name}" in texts(app).replace("\\", "")
    with demo_workspace.read() as session:
        refs = {customers.get(session=session, actor=SYSTEM, customer_id=int(key)).ref for key in members}
    assert set(app.dataframe[0].value["ref"]) <= refs
    app.text_input(key="customers.q").set_value("nobody at all is called so").run()
    assert "Nobody found" in texts(app)


def test_who_may_not_see_segments_is_not_offered_to_narrow_key_figures_by_one(
    open_app: Open, segment: SavedSegment
) -> None:
    app = until_there(open_app("overview", role=Role.SUPPORT))
    assert "overview.segment" not in {box.key for box in app.selectbox}
    year = {"from": "2025-07-01", "to": "2026-07-01"}
    rows = until_there(open_app("rows", role=Role.SUPPORT, metric="orders", segment=str(segment.id), **year))
    assert not rows.dataframe
    assert "The role support may not do this (segments.view)." in texts(rows).replace("\\", "")


@pytest.mark.parametrize("role", list(Role))
def test_customers_can_be_ticked_by_exactly_those_who_may_save_them_as_a_segment(open_app: Open, role: Role) -> None:
    app = until_there(open_app("customers", role=role))
    may = Permission.SEGMENTS_SAVE in PERMISSIONS[role]
    assert bool(app.dataframe[0].proto.selection_mode) == may
    assert ("Tick customers" in texts(app)) == may
