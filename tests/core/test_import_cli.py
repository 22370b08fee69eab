"""`rapport import` and `rapport undo`: the keys of the contract, one line an error, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from crm_core.cli import app
from crm_core.cli.output import options
from crm_core.errors import ImportFailed, UndoRefused
from tests.core.order_files import write

ROWS = "Order No,Order Date,SKU,Qty,Price,Customer\n1,2024-03-01,A1,1,2.5,C1\n1,2024-03-01,B2,2,3,C1\n"
MAPPING = """[columns]
order_number = "Order No"
ordered_at = "Order Date"
quantity = "Qty"
unit_price = "Price"
"""


def rapport(folder: Path, *arguments: str) -> Result:
    """Run the command line on a workspace in the folder."""
    options.data_dir = folder / "data"
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_import_creates_the_workspace_and_prints_the_agreed_keys(tmp_path: Path) -> None:
    path = write(tmp_path, ROWS)
    result = rapport(tmp_path, "import", "orders", str(path), "--json")
    assert json.loads(result.stdout) == {
        "import_id": 1,
        "read": 2,
        "created": 2,
        "updated": 0,
        "unchanged": 0,
        "skipped": 0,
        "rejected": 0,
        "rejects_file": None,
        "by_entity": {
            "customers": {"created": 1, "updated": 0, "unchanged": 0},
            "products": {"created": 2, "updated": 0, "unchanged": 0},
            "orders": {"created": 1, "updated": 0, "unchanged": 0},
            "order_lines": {"created": 2, "updated": 0, "unchanged": 0},
        },
        "dry_run": False,
    }
    assert "order_number = Order No, ordered_at = Order Date, quantity = Qty" in result.stderr
    undone = rapport(tmp_path, "undo", "1", "--json")
    assert json.loads(undone.stdout) == {"removed": 6, "restored": 0, "kept": 0, "conflicts": []}
    with pytest.raises(UndoRefused):
        rapport(tmp_path, "undo", "1")


def test_a_mapping_file_mode_and_error_handling_are_options(tmp_path: Path) -> None:
    path = write(tmp_path, ROWS + "2,soon,A1,1,2.5,C1\n")
    mapping = write(tmp_path, MAPPING, "m.toml")
    arguments = ("import", "orders", str(path), "--map", str(mapping), "--on-error", "skip")
    tried = rapport(tmp_path, *arguments, "--dry-run")
    assert tried.stdout == "Would import: 3 rows read, 2 created, 0 updated, 0 unchanged, 0 skipped, 1 rejected.\n"
    done = rapport(tmp_path, *arguments)
    first, second = done.stdout.splitlines()
    assert first == "Import 1: 3 rows read, 2 created, 0 updated, 0 unchanged, 0 skipped, 1 rejected."
    assert second.startswith("Rejected rows: ")
    assert second.endswith("import-1-rejects.csv")
    again = rapport(tmp_path, *arguments, "--mode", "create", "--json")
    assert json.loads(again.stdout)["skipped"] == 2


def test_what_an_undo_keeps_is_listed(tmp_path: Path) -> None:
    rapport(tmp_path, "import", "orders", str(write(tmp_path, ROWS)))
    more = ROWS.splitlines()[0] + "\n2,2024-03-01,A1,1,2.5,\n"
    rapport(tmp_path, "import", "orders", str(write(tmp_path, more)))
    undone = json.loads(rapport(tmp_path, "undo", "1", "--json").stdout)
    assert undone["kept"] == 1
    assert undone["conflicts"] == [
        {"table": "products", "id": 1, "reason": "Other records refer to it by now (order_lines)."}
    ]


@pytest.mark.parametrize(
    ("kind", "missing"),
    [("customers", "ref"), ("tickets", "number, opened_at"), ("deals", "number, stage"), ("needs", "title")],
)
def test_a_file_that_does_not_look_like_its_kind_says_what_is_missing(tmp_path: Path, kind: str, missing: str) -> None:
    with pytest.raises(ImportFailed) as caught:
        rapport(tmp_path, "import", kind, str(write(tmp_path, ROWS)))
    assert str(caught.value).startswith(f"orders.csv: no column is named like {missing}. Say which it is in a mapping")
    assert not (tmp_path / "data").exists()


def test_products_are_recognised_by_the_columns_of_a_file_of_orders_too(tmp_path: Path) -> None:
    result = json.loads(rapport(tmp_path, "import", "products", str(write(tmp_path, ROWS)), "--json").stdout)
    assert set(result["by_entity"]) == {"products"}
    assert result["read"] == sum(result[name] for name in ("created", "updated", "unchanged", "skipped", "rejected"))


def test_a_mapping_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportFailed, match="The mapping is of deals, not of tickets"):
        rapport(tmp_path, "import", "tickets", str(write(tmp_path, ROWS)), "--preset", "sales-pipeline")


@pytest.mark.parametrize(
    "arguments",
    [
        ("import", "orders"),
        ("import", "letters", "x.csv"),
        ("import", "orders", "x.csv", "--mode", "replace"),
        ("import", "orders", "x.csv", "--preset", "online-retail", "--map", "m.toml"),
        ("undo", "last"),
    ],
)
def test_wrong_usage_exits_with_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert rapport(tmp_path, *arguments).exit_code == 2


def test_an_error_is_one_line_on_stderr_and_exit_1(tmp_path: Path) -> None:
    path = write(tmp_path, ROWS + "2,soon,A1,1,2.5,C1\n")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "crm_core.cli",
            "import",
            "orders",
            str(path),
            "--data-dir",
            str(tmp_path / "data"),
            "--json",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == (
        "rapport: orders.csv, row 3, column 'Order Date': 'soon' is not a date such as 2011-12-09 08:26;"
        " other forms need date_format in the mapping. Nothing was imported."
    )
    assert "Traceback" not in done.stderr


@pytest.fixture(autouse=True)
def _restore_options() -> object:
    before = options.data_dir, options.database
    yield
    options.data_dir, options.database = before
