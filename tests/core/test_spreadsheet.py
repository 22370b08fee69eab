"""Files for spreadsheets run nothing, whatever separates cells in the reader's language."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from crm_core.db.engine import Database
from crm_core.reports.spreadsheet import csv_bytes
from crm_core.spreadsheet import safe_cell
from tests.core.order_files import take_rows
from tests.spreadsheets import ATTACKS, running_cells


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1+1", "-x", "=-3", " =1"])
def test_a_cell_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert safe_cell(text) == "'" + text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("x;=1+1", "x;'=1+1"),
        ("\t=1", "'\t'=1"),
        ("x; =1", "x;' =1"),
        ('x;"=1', "x;'\"=1"),
        ("x\t@a", "x\t'@a"),
        ("a\n-b", "a\n'-b"),
    ],
)
def test_so_does_what_another_spreadsheet_would_take_for_a_cell_of_its_own(text: str, safe: str) -> None:
    assert safe_cell(text) == safe


@pytest.mark.parametrize(
    "value", ["-3", "+4.5", "-1e5", "-2,55", "a=1", "", "a;b", "Smith - Sons", "'=1", None, -3, 2.5, "2024-03-01"]
)
def test_plain_numbers_and_harmless_text_stay_as_they_are(value: object) -> None:
    assert safe_cell(value) == value


def test_a_csv_export_quotes_its_texts_and_keeps_its_numbers() -> None:
    frame = pd.DataFrame({"=name": ["=1+1", None], "n": [-3, 4], "x": [1.5, None]})
    lines = csv_bytes(frame).decode("utf-8-sig").splitlines()
    assert lines == ['"\'=name","n","x"', '"\'=1+1",-3,1.5', '"",4,""']
    assert frame["=name"][0] == "=1+1"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_cell_of_an_export_runs_in_any_language(separator: str) -> None:
    frame = pd.DataFrame({"name": ATTACKS, "n": range(len(ATTACKS)), "again": ATTACKS})
    assert running_cells(csv_bytes(frame).decode("utf-8-sig"), separator) == []


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_cell_of_a_rejects_file_runs_in_any_language(database: Database, tmp_path: Path, separator: str) -> None:
    quoted = ['"' + attack.replace('"', '""') + '"' for attack in ATTACKS]
    rows = "".join(f"{n},2024-03-01,{attack},{attack},abc,1,{attack},\n" for n, attack in enumerate(quoted))
    result = take_rows(database, tmp_path, rows, on_error="skip")
    assert result.rejected == len(ATTACKS)
    assert running_cells(Path(result.rejects_file or "").read_text(encoding="utf-8-sig"), separator) == []


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_check_itself_finds_what_would_run(attack: str) -> None:
    plain = "name,n\n" + attack + ",1\n"
    assert any(running_cells(plain, separator) for separator in (",", ";", "\t"))
