"""The command line is documented: every command, every option of the ones people script, every JSON key."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from crm_core.cli import app
from crm_core.cli.app import hoist

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_documented(name: str) -> None:
    assert f"`rapport {name}" in DOCS


def test_no_command_is_documented_that_is_not_there() -> None:
    documented = {
        line.split("`rapport ")[1].split("`")[0].split()[0] for line in DOCS.splitlines() if "| `rapport " in line
    }
    assert documented == set(COMMANDS)


@pytest.mark.parametrize(
    "name",
    [
        "demo",
        "serve",
        "import",
        "kpis",
        "cohorts",
        "baskets",
        "churn",
        "rfm",
        "segments",
        "pipeline",
        "tickets",
        "refresh",
    ],
)
def test_every_option_of_a_command_is_documented(name: str) -> None:
    row = next(line for line in DOCS.splitlines() if f"`rapport {name}" in line)
    options = {option for parameter in COMMANDS[name].params for option in parameter.opts if option.startswith("--")}
    assert [option for option in sorted(options - {"--json", "--help"}) if option not in row] == []


def test_the_workspace_may_be_named_before_or_after_the_command() -> None:
    assert hoist(["kpis", "--data-dir", "x", "--json"]) == ["--data-dir", "x", "kpis", "--json"]
    assert hoist(["--database=sqlite:///a", "init"]) == ["--database=sqlite:///a", "init"]
    assert hoist(["import", "--", "--database"]) == ["import", "--", "--database"]
