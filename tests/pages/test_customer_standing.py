"""The head of a customer's page: what is known of the customer, for whom, and a way to what is not computed yet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from crm_core.access import PERMISSIONS, SYSTEM, Actor, Permission, Role
from crm_core.analytics.customer_standing import rfm_standings
from crm_core.analytics.extent import ExtentParams, extent
from crm_core.analytics.rfm import RfmParams
from crm_core.analytics.runner import Analyses
from crm_core.analytics.value import ValueParams, value
from crm_core.db.models import SavedSegment, SegmentKind
from crm_core.errors import AnalysisRefused, FieldError
from crm_core.records import customers, saved_segments, segments_of_customer
from crm_core.records.orders import Lifetime
from crm_core.workspace import Workspace
from dashboard.ui import customer_standing
from dashboard.ui.customer_standing import Fact
from tests.core.marketing import add_segment

Open = Callable[..., AppTest]
BUYER, OTHER = 5, 6
NOT_YET = ["Value not computed yet", "Chance to leave not computed yet"]


def badges(app: AppTest) -> list[str]:
    """What the badges say, in their order, without their icons."""
    said = [text.value.split("-badge[")[1].rstrip("]") for text in app.markdown if "-badge[" in text.value]
    return [text.split(": ", 1)[1] if text.startswith(":material") else text for text in said]


def links(app: AppTest) -> list[str]:
    """The labels of links to other pages."""
    return [item.proto.label for item in app.get("page_link")]


def anchor(workspace: Workspace) -> date:
    found = workspace.analyses.run(extent, ExtentParams(), actor=SYSTEM)
    assert found.last is not None
    return found.last


@pytest.fixture
def screen(demo_workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The parts of the head without a page: the state of its browser session."""
    state: dict[str, Any] = {}
    monkeypatch.setattr(customer_standing.session, "workspace", lambda: demo_workspace)
    monkeypatch.setattr(customer_standing.session, "actor", lambda: SYSTEM)
    monkeypatch.setattr(customer_standing.st, "session_state", state)
    return state


def test_what_is_not_computed_says_so_with_a_way_to_it_and_the_rest_is_known(
    open_app: Open, demo_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    latest = Analyses.latest

    def not_kept(analyses: Analyses, analysis: Any, *params: Any, actor: Actor) -> Any:
        """Other tests may have had them computed before."""
        return None if analysis.name in {"value", "churn"} else latest(analyses, analysis, *params, actor=actor)

    rule = demo_workspace.analyses.run(rfm_standings, RfmParams(anchor(demo_workspace)), actor=SYSTEM).of(BUYER)
    assert rule is not None
    with monkeypatch.context() as nothing_kept:
        nothing_kept.setattr(Analyses, "latest", not_kept)
        app = open_app("customer", id=str(BUYER), role=Role.MARKETING)
    assert not app.exception
    value_said, segment, risk, _consent = badges(app)
    assert (value_said, risk) == (NOT_YET[0], NOT_YET[1])
    assert segment == rule.name
    app.button(key="customer.standing.compute").click().run()
    assert not set(badges(app)) & set(NOT_YET)
    assert not app.exception


def test_a_rule_nobody_can_read_leaves_the_customer_alone_and_says_what_is_wrong_on_its_own_page(
    open_app: Open, demo_workspace: Workspace
) -> None:
    unread = {"name": "Of another version", "definition": {"all": [{"is": "odd"}]}}
    made = add_segment(demo_workspace.database, values=unread)
    try:
        assert not open_app("customer", id=str(BUYER), role=Role.MARKETING).exception
        app = open_app("saved_segment", id=str(made.id), role=Role.MARKETING)
        assert not app.exception
        assert len(app.error) == 1
        assert {"segment.edit", "segment.remove"} <= {button.key for button in app.button}
    finally:
        with demo_workspace.write(SYSTEM, "form") as session:
            session.delete(session.get(SavedSegment, made.id))


@pytest.mark.parametrize("role", list(Role))
def test_only_who_may_see_segments_and_key_figures_is_told_more_than_the_consent(open_app: Open, role: Role) -> None:
    app = open_app("customer", id=str(OTHER), role=role)
    may = {Permission.SEGMENTS_VIEW, Permission.KPIS_VIEW} <= PERMISSIONS[role]
    assert (len(badges(app)) == 4) is may
    assert badges(app)[-1] in {"Agreed to marketing", "Refused marketing", "Never asked about marketing"}
    assert ("customer.standing.compute" in {button.key for button in app.button}) is may


def test_the_consent_is_the_one_given_last(open_app: Open, demo_workspace: Workspace) -> None:
    for answer, said in ((True, "Agreed to marketing"), (False, "Refused marketing")):
        with demo_workspace.write(SYSTEM, "form") as session:
            now = customers.get(session=session, actor=SYSTEM, customer_id=OTHER)
            customers.update(
                session=session, actor=SYSTEM, customer_id=OTHER, seen_version=now.version,
                values={"has_marketing_consent": answer},
            )  # fmt: skip
        assert badges(open_app("customer", id=str(OTHER), role=Role.STAFF)) == [said]


def test_the_segments_that_hold_the_customer_are_linked_and_others_are_not(
    open_app: Open, demo_workspace: Workspace
) -> None:
    with demo_workspace.write(SYSTEM, "form") as session:
        for name, ids in (("Standing with them", [BUYER]), ("Standing without", [OTHER])):
            saved_segments.create(
                session=session, actor=SYSTEM, values={"name": name}, kind=SegmentKind.HAND, member_ids=ids
            )
    shown = links(open_app("customer", id=str(BUYER), role=Role.MANAGER))
    assert "Standing with them" in shown
    assert "Standing without" not in shown
    assert "Standing with them" not in links(open_app("customer", id=str(BUYER), role=Role.STAFF))
    with demo_workspace.read() as session:
        held = segments_of_customer.holding(session=session, actor=SYSTEM, customer_id=BUYER)
    assert "Standing with them" in [segment.name for segment in held]


LIFETIME = Lifetime(
    orders=2, gross_sales=Decimal(9), refunds=Decimal(0), discounts=Decimal(0), net_sales=Decimal(9),
    first_ordered_at=datetime(2026, 1, 5, tzinfo=UTC), last_ordered_at=datetime(2026, 2, 5, tzinfo=UTC), aov=None,
)  # fmt: skip


def risk(monkeypatch: pytest.MonkeyPatch, customer_id: int, **of_report: Any) -> Fact:
    scored = pd.DataFrame({"customer_id": [1, 2, 3], "probability": [0.71, 0.25, 0.02]})
    report = SimpleNamespace(as_of=date(2026, 3, 1), horizon=90, model=object(), reason=None, customers=scored)
    report.__dict__.update(of_report)
    monkeypatch.setattr(customer_standing, "_report", lambda *_asked: report)
    return customer_standing._risk(customer_id, LIFETIME, [date(2026, 3, 1)])


@pytest.mark.parametrize(
    ("customer_id", "said", "color"),
    [(1, "Chance to leave 71%", "red"), (2, "Chance to leave 25%", "orange"), (3, "Chance to leave 2%", "green"),
     (4, "Probably lost already", "red")],
)  # fmt: skip
def test_the_risk_is_the_reports_chance_in_its_band(
    screen: dict[str, Any], monkeypatch: pytest.MonkeyPatch, customer_id: int, said: str, color: str
) -> None:
    fact = risk(monkeypatch, customer_id)
    assert (fact.text, fact.color) == (said, color)
    assert "Mar 1, 2026" in fact.note


def test_who_bought_first_after_the_report_and_whom_no_model_speaks_of_are_not_known_with_the_reason(
    screen: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    later = risk(monkeypatch, 4, as_of=date(2026, 1, 4))
    assert (later.text, later.note) == ("Chance to leave not known", "No sale by then. As of Jan 4, 2026.")
    refused = risk(monkeypatch, 1, model=None, reason=FieldError("Only {n} left.", {"n": 3}))
    assert (refused.text, refused.note) == ("Chance to leave not known", "Only 3 left.")


def test_a_refusal_stays_said_until_somebody_asks_again(screen: dict[str, Any], demo_workspace: Workspace) -> None:
    screen[customer_standing._REFUSED] = {"value": AnalysisRefused("Too few of them.")}
    fact = customer_standing._report("value", value, [ValueParams(date(1999, 1, 1))])
    assert (fact.text, fact.note, fact.is_missing) == ("Value not known", "Too few of them.", False)
    customer_standing._ask()
    assert customer_standing._REFUSED not in screen
    fact = customer_standing._report("value", value, [ValueParams(date(1999, 1, 1))])
    assert fact.is_running
