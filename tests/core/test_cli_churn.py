"""`rapport churn`: the keys of the contract, reasons that add up, refusals with exit code 0, wrong usage with 2."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from crm_core.analytics.scorecard import INPUT_NAMES
from crm_core.cli import app
from crm_core.cli.output import options
from crm_core.config import Settings
from crm_core.workspace import Workspace
from tests.core.leavers import fill_with_leavers


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A company whose leaving customers a model can tell from the others."""
    folder = tmp_path_factory.mktemp("churn")
    settings = Settings(data_dir=folder, timezone="Europe/Berlin", _env_file=None)  # type: ignore[call-arg]
    workspace = Workspace.open(settings, create=True)
    fill_with_leavers(workspace, date(2026, 6, 29), folder)
    workspace.close()
    yield folder
    options.data_dir = None


def rapport(folder: Path, *arguments: str) -> Result:
    options.data_dir = folder
    result = CliRunner().invoke(app, ["churn", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def as_json(folder: Path, *arguments: str) -> dict[str, Any]:
    result = rapport(folder, *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_churn_prints_the_agreed_keys_and_reasons_that_add_up(folder: Path) -> None:
    data = as_json(folder, "--as-of", "2026-06-29", "--horizon", "90")
    assert (data["verdict"], data["reason"], data["rank_by"]) == ("usable", None, None)
    assert set(data["metrics"]) == set(data["intervals"]) == {"auc", "ap", "brier", "lift_10"}
    assert all(low <= data["metrics"][name] <= high for name, (low, high) in data["intervals"].items())
    assert set(data["baselines"]) == {"recency", "expected_purchases", "base_rate"}
    assert 0.1 < data["baselines"]["base_rate"] < 0.7
    assert data["customers_scored"] > 150
    assert len(data["top"]) == 20
    first = data["top"][0]
    assert {"customer", "probability", "reasons"} <= set(first)
    assert first["customer"].startswith("L-")
    total = data["base_log_odds"] + math.fsum(reason["points"] for reason in first["reasons"])
    assert 1 / (1 + math.exp(-total)) == pytest.approx(first["probability"], rel=1e-9)
    assert {reason["feature"] for reason in first["reasons"]} <= set(INPUT_NAMES)
    text = rapport(folder, "--as-of", "2026-06-29", "--horizon", "90").stdout
    assert "customers scored" in text
    assert first["customer"] in text


def test_a_refusal_is_an_answer_with_its_reason(folder: Path) -> None:
    data = as_json(folder, "--as-of", "2026-06-29", "--horizon", "400")
    assert (data["verdict"], data["customers_scored"], data["top"], data["metrics"]) == ("refused", 0, [], None)
    assert data["reason"].startswith("The history is too short for a horizon of 400 days")
    assert "refused" in rapport(folder, "--as-of", "2026-06-29", "--horizon", "400").stdout


@pytest.mark.parametrize("arguments", [("--horizon", "1"), ("--horizon", "soon"), ("--as-of", "soon")])
def test_wrong_usage_ends_with_2(folder: Path, arguments: tuple[str, ...]) -> None:
    assert rapport(folder, *arguments).exit_code == 2
