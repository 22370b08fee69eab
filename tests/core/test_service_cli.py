"""`rapport tickets`: the keys of the contract, words for people, and the same numbers as the analyses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from crm_core.access import SYSTEM
from crm_core.analytics.periods import Period, local_today
from crm_core.analytics.service import service
from crm_core.analytics.service_drill import TicketsParams, service_tickets
from crm_core.analytics.service_metrics import SERVICE_METRICS
from crm_core.analytics.service_params import ServiceParams
from crm_core.cli import app
from crm_core.cli.output import options
from crm_core.config import load_settings
from crm_core.db.models import Ticket
from crm_core.records import record_service, tickets
from crm_core.records.tickets import TICKETS
from crm_core.workspace import Workspace


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace with six tickets of today: two answered, one of them resolved, two merged."""
    folder = tmp_path_factory.mktemp("service")
    workspace = Workspace.open(load_settings(data_dir=folder), create=True)
    made = []
    with workspace.write(SYSTEM, "form") as session:
        for number in range(6):
            values = {"subject": f"Parcel is late {number}", "category": "Delivery" if number < 4 else "Returns"}
            made.append(record_service.create(session=session, actor=SYSTEM, kind=TICKETS, values=values).id)
    with workspace.write(SYSTEM, "form") as session:
        for ticket_id in made[:2]:
            tickets.reply(session=session, actor=SYSTEM, ticket_id=ticket_id, text="We are looking into it")
        tickets.merge_into(session=session, actor=SYSTEM, ticket_id=made[5], survivor_id=made[4])
        session.flush()
        versions = {ticket.id: ticket.version for ticket in session.scalars(select(Ticket))}
    with workspace.write(SYSTEM, "form") as session:
        record_service.update(
            session=session, actor=SYSTEM, kind=TICKETS, row_id=made[0], seen_version=versions[made[0]],
            values={"status": "resolved", "is_satisfied": True},
        )  # fmt: skip
    workspace.close()
    yield folder
    options.data_dir = None


def rapport(folder: Path, *arguments: str) -> Result:
    options.data_dir = folder
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def of_today(folder: Path, *more: str) -> dict[str, Any]:
    today = local_today("UTC")
    days = ("--from", str(today - timedelta(days=1)), "--to", str(today + timedelta(days=2)))
    result = rapport(folder, "tickets", *days, *more, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_tickets_prints_metrics_with_what_they_rest_on_and_topics(folder: Path) -> None:
    data = of_today(folder)
    assert {"from", "to", "timezone", "hours", "metrics", "topics", "trend", "flags"} <= set(data)
    assert set(data["metrics"]) == set(SERVICE_METRICS)
    assert {name: (cells["value"], cells["n"]) for name, cells in data["metrics"].items() if name in {
        "opened", "resolved", "backlog", "csat", "reopen_rate"}} == {
        "opened": (5, 5), "resolved": (1, 1), "backlog": (4, 4), "csat": (1.0, 1), "reopen_rate": (0.0, 1),
    }  # fmt: skip
    response = data["metrics"]["first_response"]
    assert set(response) == {"value", "previous", "change", "n", "unit", "median", "p90", "mean"}
    assert (response["n"], response["unit"], response["value"] == response["median"]) == (2, "hours", True)
    assert {"kind", "topic", "n", "share", "previous", "previous_share", "q_value", "trend"} == set(data["topics"][0])
    assert ("word", "parcel", 5) in {(topic["kind"], topic["topic"], topic["n"]) for topic in data["topics"]}


def test_filters_and_working_hours_of_the_command_line(folder: Path) -> None:
    assert of_today(folder, "--category", "Returns")["metrics"]["opened"]["value"] == 1
    assert of_today(folder, "--business-hours")["hours"] == "business"
    assert of_today(folder, "--compare", "none")["metrics"]["opened"]["previous"] is None


def test_tickets_says_its_numbers_in_words_and_refuses_what_is_no_day(folder: Path) -> None:
    shown = rapport(folder, "tickets", "--from", "2026-01-01", "--to", "2026-02-01").stdout
    assert "Backlog" in shown
    assert "no data" in shown
    wrong = rapport(folder, "tickets", "--from", "2026-01-01", "--to", "2026-01-01")
    assert wrong.exit_code == 2
    assert "holds no day" in wrong.stderr


def test_the_command_line_says_what_the_pages_compute(folder: Path) -> None:
    """Through the store, whose reports are written and read back."""
    data = of_today(folder)
    workspace = Workspace.open(load_settings(data_dir=folder))
    params = ServiceParams(Period.parse(data["from"], data["to"]))
    report = workspace.analyses.run(service, params, actor=SYSTEM)
    listed = workspace.analyses.run(service_tickets, TicketsParams(params.period, metric="backlog"), actor=SYSTEM)
    workspace.close()
    assert {name: kpi.value for name, kpi in report.metrics.items()} == {
        name: cells["value"] for name, cells in data["metrics"].items()
    }
    assert len(listed.tickets) == data["metrics"]["backlog"]["value"]
