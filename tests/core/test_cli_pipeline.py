"""`rapport pipeline`: the keys of the contract, words for people, exit codes, and the numbers of the analysis."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from crm_core.access import SYSTEM
from crm_core.analytics.pipeline_metrics import PIPELINE_METRICS
from crm_core.cli import app
from crm_core.cli.output import options
from crm_core.db.models import Deal
from crm_core.records import record_service
from crm_core.records.deals import DEALS
from crm_core.workspace import Workspace

TODAY = datetime.now(UTC).date()
PERIOD = ("--from", f"{TODAY.year}-01-01", "--to", f"{TODAY.year + 1}-01-01")


@pytest.fixture
def folder(workspace: Workspace, tmp_path: Path) -> Iterator[Path]:
    """Three deals kept through the records: one won, one lost, one open; and one without an amount."""
    values = [
        {"name": "A", "amount": "100", "stage": "won"},
        {"name": "B", "amount": "50", "stage": "lost"},
        {"name": "C", "amount": "10.10", "stage": "proposal"},
        {"name": "D"},
    ]
    with workspace.database.write(SYSTEM, "form") as session:
        for value in values:
            record_service.create(session=session, actor=SYSTEM, kind=DEALS, values=value)
    yield tmp_path
    options.data_dir = None


def rapport(folder: Path, *arguments: str) -> Result:
    """Run the command line on the workspace in the folder."""
    options.data_dir = folder
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_pipeline_prints_the_agreed_keys_and_the_numbers_of_the_records(folder: Path) -> None:
    result = rapport(folder, "pipeline", *PERIOD, "--json")
    data = json.loads(result.stdout)
    assert {"from", "to", "timezone", "metrics", "stages", "funnel_won", "without_amount"} <= set(data)
    assert set(data["metrics"]) == set(PIPELINE_METRICS)
    rate = data["metrics"]["win_rate"]
    assert (rate["value"], rate["previous"], rate["change"], rate["n"]) == (0.5, None, None, 2)
    assert rate["interval"][0] < 0.5 < rate["interval"][1]
    assert Decimal(data["metrics"]["weighted"]["value"]) == Decimal("5.05")
    assert data["metrics"]["stale_deals"]["value"] is None
    assert data["without_amount"] == {"open": 1, "won": 0, "lost": 0}
    assert [stage["code"] for stage in data["stages"]] == ["prospecting", "engaging", "proposal", "negotiation"]
    assert [stage["reached"] for stage in data["stages"]] == [4, 2, 2, 1]
    assert data["stages"][1]["median_days"] is None
    assert [group["closed"] for group in data["groups"] if group["dimension"] == "size"] == [1, 1]
    assert sum(Decimal(row["weighted"]) for row in data["outlook"]) == Decimal("5.05")
    assert data["outlook"][-1]["kind"] == "undated"


def test_pipeline_in_words_names_period_zone_and_currency(folder: Path) -> None:
    text = rapport(folder, "pipeline", *PERIOD).stdout
    assert text.startswith(f"{TODAY.year}-01-01 up to {TODAY.year + 1}-01-01 (Europe/Berlin), compared with ")
    assert "money in EUR. This period is not over, or not all of it is recorded." in text
    assert "1 open, 0 won and 0 lost deals." in text
    assert "Stale deals                                no data" in text


def test_a_workspace_without_deals_has_no_data_and_no_zeros(workspace: Workspace, tmp_path: Path) -> None:
    data = json.loads(rapport(tmp_path, "pipeline", *PERIOD, "--json").stdout)
    options.data_dir = None
    assert {cells["value"] for cells in data["metrics"].values()} == {None}


def test_a_period_without_a_day_is_wrong_usage(folder: Path) -> None:
    result = rapport(folder, "pipeline", "--from", "2024-02-01", "--to", "2024-02-01")
    assert result.exit_code == 2
    assert "holds no day" in result.stderr


def test_a_deal_moved_by_hand_is_found_in_the_history(folder: Path, workspace: Workspace) -> None:
    with workspace.database.write(SYSTEM, "form") as session:
        deal = session.get_one(Deal, 4)
        record_service.update(
            session=session, actor=SYSTEM, kind=DEALS, row_id=4, seen_version=deal.version, values={"stage": "proposal"}
        )
    data = json.loads(rapport(folder, "pipeline", *PERIOD, "--json").stdout)
    assert [stage["reached"] for stage in data["stages"]] == [4, 3, 3, 1]
    assert data["stages"][0]["stays"] == 1
