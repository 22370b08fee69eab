"""The Service page: answers first, says what the command line says, and every number opens its tickets."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from crm_core.access import SYSTEM, Role
from crm_core.analytics.periods import Period
from crm_core.analytics.service import ServiceReport, service
from crm_core.analytics.service_drill import TicketsParams, service_tickets
from crm_core.analytics.service_params import ServiceParams, TicketFilter
from crm_core.workspace import Workspace
from dashboard.ui import service as parts
from tests.pages.conftest import PATIENCE
from tests.pages.test_pages import texts

Open = Callable[..., AppTest]
WINDOW = {"from": "2026-01-01", "to": "2026-07-01"}
PERIOD = Period.parse("2026-01-01", "2026-07-01")


def settled(app: AppTest) -> AppTest:
    """The page once its reports are there."""
    until = time.monotonic() + PATIENCE
    while "You can leave this page" in texts(app) and time.monotonic() < until:
        time.sleep(0.2)
        app.run()
    return app


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_page_runs_in_every_language(open_app: Open, language: str) -> None:
    app = settled(open_app("service", language=language))
    assert not app.exception
    assert not app.error
    answer = {"en": "Half of the first answers came within", "zh_CN": "一半的首次回复在"}[language]
    assert answer in texts(app)


@pytest.mark.parametrize("metric", parts.CHARTED)
def test_every_metric_is_drawn(open_app: Open, metric: str) -> None:
    assert not settled(open_app("service", metric=metric, period="90d")).exception


def test_the_cards_say_what_the_analysis_says(open_app: Open, demo_workspace: Workspace) -> None:
    app = settled(open_app("service", period="all", category="Delivery"))
    found: ServiceReport = demo_workspace.analyses.run(
        service, ServiceParams(PERIOD, only=TicketFilter("Delivery")), actor=SYSTEM
    )
    assert "Category\\: Delivery" in texts(app)
    labels = {metric.label: metric.value for metric in app.metric}
    everything = settled(open_app("service", period="all"))
    assert labels["Tickets opened"] != {m.label: m.value for m in everything.metric}["Tickets opened"]
    assert found.n_tickets == int(labels["Tickets opened"].replace(",", ""))


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("metric", ["opened", "backlog", "first_response", "sla_attainment"])
def test_a_number_opens_its_tickets(open_app: Open, demo_workspace: Workspace, language: str, metric: str) -> None:
    app = open_app("service_tickets", language=language, metric=metric, **WINDOW)
    assert not app.exception
    params = TicketsParams(PERIOD, "none", metric=metric)
    behind = demo_workspace.analyses.run(service_tickets, params, actor=SYSTEM).tickets
    assert (f"{len(behind)} rows" if language == "en" else f"共 {len(behind)} 行") in texts(app) or len(behind) > 999
    assert len(app.dataframe[0].value) == min(25, len(behind))


def test_a_part_of_a_number_opens_its_tickets_alone(open_app: Open) -> None:
    everything = open_app("service_tickets", metric="opened", **WINDOW)
    hour = open_app("service_tickets", metric="opened", weekday="1", hour="10", **WINDOW)
    young = open_app("service_tickets", metric="backlog", age="0", until="1", **WINDOW)
    unset = open_app("service_tickets", metric="opened", team_id="-", **WINDOW)
    for part in (hour, young, unset):
        assert not part.exception
        assert texts(part) != texts(everything)


def test_an_address_that_names_no_number_says_where_to_find_one(open_app: Open) -> None:
    for address in ({}, {"metric": "opened", "from": "2026-13-01", "to": "x"}, {"metric": "nothing", **WINDOW}):
        app = open_app("service_tickets", **address)
        assert not app.exception
        assert "Open the tickets of a number from the Service page." in texts(app)


def test_support_sees_service_and_staff_does_not(open_app: Open) -> None:
    assert "Half of the first answers" in texts(settled(open_app("service", role=Role.SUPPORT)))
    with pytest.raises(ValueError, match="Could not find a navigation page"):
        open_app("service", role=Role.STAFF)


def test_tickets_are_taken_away_by_those_who_may_export(open_app: Open) -> None:
    for role, count in ((Role.MANAGER, 2), (Role.SUPPORT, 0)):
        app = open_app("service_tickets", role=role, metric="opened", **WINDOW)
        assert [button.label for button in app.get("download_button")] == ["Download CSV", "Download XLSX"][:count]
