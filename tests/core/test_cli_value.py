"""`rapport value`: the keys of the contract over a workspace and over a file, words for people, exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from crm_core.cli import app
from crm_core.cli.output import options
from crm_core.errors import AnalysisRefused, ImportFailed
from tests.core.buyers import CDNOW, CDNOW_SPEND, log_of_transactions

KEYS = {"bgnbd", "gamma_gamma", "expected_purchases", "expected_value", "holdout", "present_value", "bands"}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transaction log of 250 customers over the year 2023."""
    path = tmp_path_factory.mktemp("log") / "log.csv"
    log_of_transactions(CDNOW, CDNOW_SPEND, n=250, days=365, seed=8).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, log: Path) -> Iterator[Path]:
    """A workspace of the same transactions."""
    folder = tmp_path_factory.mktemp("value")
    rows = [line.split(",") for line in log.read_text().splitlines()[1:]]
    orders = folder / "orders.csv"
    orders.write_text(
        "Order No,Order Date,SKU,Qty,Price,Customer\n"
        + "".join(f"{i},{day},A1,1,{float(amount):.2f},C{who}\n" for i, (who, day, amount) in enumerate(rows))
    )
    options.data_dir = folder / "data"
    result = rapport("import", "orders", str(orders), "--json")
    assert json.loads(result.stdout)["rejected"] == 0
    yield folder
    options.data_dir = None


def rapport(*arguments: str) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def as_json(*arguments: str) -> dict[str, Any]:
    result = rapport("value", *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_workspace_and_a_file_of_the_same_purchases_give_the_same_forecast(folder: Path, log: Path) -> None:
    records = as_json("--as-of", "2023-12-31", "--horizon", "90")
    file = as_json("--input", str(log), "--as-of", "2023-12-31", "--horizon", "90")
    assert set(records) >= KEYS
    assert set(records["bgnbd"]) >= {"r", "alpha", "a", "b", "log_likelihood"}
    assert set(records["gamma_gamma"]) >= {"p", "q", "v"}
    assert set(records["holdout"]) >= {"actual", "predicted"}
    assert (records["customers"], records["horizon_days"], records["unit"]) == (250, 90, "week")
    assert isinstance(records["expected_value"], str)
    assert sum(Decimal(band["value"]) for band in records["bands"]) == Decimal(records["expected_value"])
    assert records["bgnbd"] == file["bgnbd"]
    assert records["holdout"]["actual"] == file["holdout"]["actual"]
    assert records["expected_purchases"] == pytest.approx(file["expected_purchases"])
    assert float(records["expected_value"]) == pytest.approx(float(file["expected_value"]), rel=1e-3)


def test_the_calibration_end_splits_a_file(log: Path) -> None:
    data = as_json("--input", str(log), "--calibration-end", "2023-09-30", "--unit", "week")
    assert (data["as_of"], data["holdout"]["calibration_end"]) == ("2023-09-30", "2023-09-30")
    assert data["expected_purchases"] == data["holdout"]["predicted"]
    days = as_json("--input", str(log), "--calibration-end", "2023-09-30", "--unit", "day")
    assert days["bgnbd"]["alpha"] == pytest.approx(7 * data["bgnbd"]["alpha"], rel=1e-6)
    assert days["holdout"]["predicted"] == pytest.approx(data["holdout"]["predicted"], rel=1e-6)


def test_people_read_totals_parameters_the_check_and_the_bands(log: Path) -> None:
    text = rapport("value", "--input", str(log), "--horizon", "90").stdout
    assert text.startswith("250 customers as of 2023-12-")
    for words in ("BG/NBD per week: r 0.", "Gamma-Gamma: p ", "Check from 2023-10-", "by historic rates", "High value"):
        assert words in text


def test_what_cannot_be_forecast_is_one_line_of_words(folder: Path, log: Path, tmp_path: Path) -> None:
    with pytest.raises(AnalysisRefused) as longer:
        rapport("value", "--as-of", "2023-12-31", "--horizon", "700")
    assert str(longer.value).startswith("A horizon of 700 days is longer than the history of 365 days")
    refunds = tmp_path / "refunds.csv"
    refunds.write_text("customer,date,amount\na,2024-01-01,-5\n")
    with pytest.raises(AnalysisRefused) as empty:
        rapport("value", "--input", str(refunds))
    assert str(empty.value) == "refunds.csv holds no purchase: no row with an amount of 0 or more."
    with pytest.raises(AnalysisRefused) as outside:
        rapport("value", "--input", str(log), "--calibration-end", "2025-01-01")
    assert "2025-01-01 leaves nothing to fit or nothing to check on." in str(outside.value)
    with pytest.raises(ImportFailed):
        rapport("value", "--input", str(tmp_path / "none.csv"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("--calibration-end", "2023-09-30"),
        ("--input", "LOG", "--calibration-end", "2023-09-30", "--as-of", "2023-09-30"),
        ("--input", "LOG", "--horizon", "0"),
        ("--input", "LOG", "--as-of", "soon"),
        ("--unit", "month"),
        ("--input", "LOG", "--discount", "7"),
    ],
)
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...], log: Path) -> None:
    given = [str(log) if argument == "LOG" else argument for argument in arguments]
    assert rapport("value", *given).exit_code == 2
