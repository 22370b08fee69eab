"""Workbooks: what a reader opens is the frame: numbers as numbers, days as days, texts that never run."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.reports import spreadsheet
from crm_core.reports.spreadsheet import csv_bytes, file_of, in_zone, xlsx_bytes
from tests.spreadsheets import ATTACKS


def opened(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content))


def cells(frame: pd.DataFrame) -> list[list[Any]]:
    """The rows below the heading, as a spreadsheet reads them."""
    sheet = opened(xlsx_bytes(frame)).active
    return [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]


def test_numbers_days_times_and_flags_are_what_they_are() -> None:
    values: dict[str, list[Any]] = {
        "money": [Decimal("1234.5678"), None],
        "count": [7, -3],
        "share": [0.25, float("nan")],
        "day": [date(2024, 2, 29), None],
        "is_new": [True, False],
        "text": ["Ana", None],
    }
    frame = pd.DataFrame({name: pd.Series(column, dtype=object) for name, column in values.items()})
    frame["at"] = pd.to_datetime(["2024-03-31 02:30", None])
    sheet = opened(xlsx_bytes(frame)).active
    first, second = ([cell.value for cell in row] for row in sheet.iter_rows(min_row=2))
    assert first == [1234.5678, 7, 0.25, datetime(2024, 2, 29), True, "Ana", datetime(2024, 3, 31, 2, 30)]
    assert second == [None, -3, None, None, False, None, None]
    assert [cell.number_format for cell in sheet[2]] == [
        "#,##0.00##", "General", "General", "yyyy-mm-dd", "General", "General", "yyyy-mm-dd hh:mm:ss",
    ]  # fmt: skip
    assert [cell.value for cell in sheet[1]] == list(frame.columns)


@pytest.mark.parametrize("text", [*ATTACKS, "=1+1", "+1", "@SUM(A1)", "http://example.com", "＝1+1", "007", "1e5"])
def test_texts_stay_texts_and_what_could_run_is_quoted(text: str) -> None:
    cell = opened(xlsx_bytes(pd.DataFrame({"name": [text]}))).active["A2"]
    assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s", None)
    assert bool(cell.quotePrefix) == (spreadsheet.safe_cell(text) != text)


def test_what_a_workbook_cannot_hold_as_a_number_or_day_becomes_text() -> None:
    far = pd.DataFrame({"x": pd.Series([10**16, float("inf"), date(1899, 12, 31), {"a": 1}], dtype=object)})
    assert cells(far) == [["10000000000000000"], ["inf"], ["1899-12-31"], ["{'a': 1}"]]


def test_a_heading_and_a_text_longer_than_a_cell_are_cut_and_nothing_else_is_lost() -> None:
    frame = pd.DataFrame({"x": ["y" * 40_000, "z"]})
    assert [len(row[0]) for row in cells(frame)] == [32_767, 1]


def test_an_empty_table_is_a_workbook_with_a_heading() -> None:
    sheet = opened(xlsx_bytes(pd.DataFrame({"a": [], "b": []}))).active
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [["a", "b"]]


def test_rows_that_do_not_fit_on_one_sheet_go_onto_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "XLSX_ROWS", 3)
    book = opened(xlsx_bytes(pd.DataFrame({"n": range(7)}), title="Rows"))
    found = [[row[0] for row in sheet.iter_rows(values_only=True)] for sheet in book]
    assert book.sheetnames == ["Rows", "Rows 2", "Rows 3"]
    assert found == [["n", 0, 1, 2], ["n", 3, 4, 5], ["n", 6]]


@pytest.mark.parametrize(
    ("timezone", "shown"), [("Asia/Tokyo", "2024-01-01 05:00"), ("America/Los_Angeles", "2023-12-31 12:00")]
)
def test_instants_are_shown_as_the_clock_of_the_workspace_does_east_and_west(timezone: str, shown: str) -> None:
    frame = pd.DataFrame({"at": pd.Series([pd.Timestamp(datetime(2023, 12, 31, 20, tzinfo=UTC))])})
    local = in_zone(frame, timezone)
    assert cells(local) == [[datetime.fromisoformat(shown)]]
    assert shown in csv_bytes(local).decode("utf-8-sig")


values = st.one_of(
    st.none(),
    st.integers(-(10**12), 10**12),
    st.decimals(-(10**10), 10**10, places=4),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
    st.dates(date(1950, 1, 1), date(2100, 1, 1)),
)


@settings(max_examples=40)
@given(st.lists(st.tuples(values, values), max_size=8))
def test_any_frame_reads_back_as_it_was_written(rows: list[tuple[Any, Any]]) -> None:
    columns = {"a": [row[0] for row in rows], "b": [row[1] for row in rows], "n": list(range(len(rows)))}
    for written, (*read, _number) in zip(rows, cells(pd.DataFrame(columns, dtype=object)), strict=True):
        for before, after in zip(written, read, strict=True):
            if isinstance(before, Decimal):
                assert Decimal(repr(after)).quantize(Decimal("0.0001")) == before
            elif isinstance(before, date):
                assert after.date() == before
            else:
                assert (after or None) == (before or None) or after == before


def test_both_kinds_of_file_come_from_one_frame() -> None:
    frame = pd.DataFrame({"n": [1]})
    assert file_of(frame, "csv") == csv_bytes(frame)
    assert opened(file_of(frame, "xlsx")).active["A2"].value == 1
    with pytest.raises(KeyError):
        file_of(frame, "pdf")
