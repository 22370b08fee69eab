"""Tables as files that any spreadsheet opens rightly and runs nothing of: CSV and XLSX of one and the same frame."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from crm_core.spreadsheet import safe_cell

__all__ = ["MIME", "XLSX_ROWS", "csv_bytes", "file_of", "in_zone", "safe_cell", "xlsx_bytes"]

MIME = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
"""The kinds of file there are, and what browsers call them."""

XLSX_ROWS = 1_048_575
"""Rows below the heading that one sheet holds; further ones go onto the next sheet."""

_LONGEST_TEXT = 32_767
_EXACT_WHOLE = 10**15
_FIRST_DAY = date(1900, 3, 1)
"""Excel takes 1900 for a leap year, so serial numbers of earlier days mean other days to other programs."""
_WIDTHS = (8, 48)
_MEASURED_ROWS = 200

_Put = Callable[[int, int, Any], object]


def file_of(frame: pd.DataFrame, kind: str) -> bytes:
    """The frame as a file of that kind, `csv` or `xlsx`."""
    return {"csv": csv_bytes, "xlsx": xlsx_bytes}[kind](frame)


def in_zone(frame: pd.DataFrame, timezone: str) -> pd.DataFrame:
    """The frame with its instants as the clock there shows them."""
    aware = [name for name in frame.columns if isinstance(frame[name].dtype, pd.DatetimeTZDtype)]
    return frame.assign(**{name: frame[name].dt.tz_convert(timezone) for name in aware})


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """The frame as CSV, without its index, in UTF-8 with the mark Excel knows it by; no cell runs as a formula.

    Every text is quoted, so that no separator in it ends its cell.
    """
    safe = frame.rename(columns=safe_cell)
    for at in range(frame.shape[1]):
        values = frame.iloc[:, at]
        if not (pd.api.types.is_numeric_dtype(values) or pd.api.types.is_datetime64_any_dtype(values)):
            safe.isetitem(at, list(values.astype(object).map(safe_cell, na_action="ignore")))
    return safe.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC).encode("utf-8-sig")


def xlsx_bytes(frame: pd.DataFrame, *, title: str = "Rapport") -> bytes:
    """The frame as a workbook, without its index: numbers, days and times as such, texts as texts that stay texts when
    edited, nothing where there is nothing. Instants lose their zone, which Excel has none for: see `in_zone`.

    Numbers keep 15 digits, which is what Excel has; whole numbers that need more become text.
    """
    file = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(file, options) as book:
        formats = {
            "head": book.add_format({"bold": True, "bottom": 1}),
            "money": book.add_format({"num_format": "#,##0.00##"}),
            "day": book.add_format({"num_format": "yyyy-mm-dd"}),
            "time": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            "quoted": book.add_format({"quote_prefix": True}),
        }
        for start in range(0, max(len(frame), 1), XLSX_ROWS):
            name = title if start == 0 else f"{title} {start // XLSX_ROWS + 1}"
            _sheet(book.add_worksheet(name), frame.iloc[start : start + XLSX_ROWS], formats)
    return file.getvalue()


def _sheet(sheet: Worksheet, frame: pd.DataFrame, formats: Mapping[str, Format]) -> None:
    put = _writer(sheet, formats)
    for column, name in enumerate(frame.columns):
        sheet.write_string(0, column, str(name)[:_LONGEST_TEXT], formats["head"])
        values = frame.iloc[:, column].astype(object).tolist()
        for row, value in enumerate(values, 1):
            put(row, column, value)
        longest = max([len(str(name)) + 3, *(len(_shown(value)) + 1 for value in values[:_MEASURED_ROWS])])
        sheet.set_column(column, column, min(max(longest, _WIDTHS[0]), _WIDTHS[1]))
    sheet.freeze_panes(1, 0)
    if len(frame.columns):
        sheet.autofilter(0, 0, len(frame), len(frame.columns) - 1)


def _shown(value: Any) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) and not pd.isna(value) else str(value)


def _writer(sheet: Worksheet, formats: Mapping[str, Format]) -> _Put:
    def text(row: int, column: int, value: str) -> None:
        is_risky = safe_cell(value) != value
        sheet.write_string(row, column, value[:_LONGEST_TEXT], formats["quoted"] if is_risky else None)

    def put(row: int, column: int, value: Any) -> None:
        if isinstance(value, str):
            text(row, column, value)
        elif value is None or value is pd.NaT or value is pd.NA or value != value:
            return
        elif isinstance(value, bool):
            sheet.write_boolean(row, column, value)
        elif isinstance(value, Decimal):
            sheet.write_number(row, column, float(value), formats["money"])
        elif isinstance(value, int | float) and math.isfinite(value) and abs(value) <= _EXACT_WHOLE:
            sheet.write_number(row, column, value)
        elif isinstance(value, datetime) and value.date() >= _FIRST_DAY:
            sheet.write_datetime(row, column, value.replace(tzinfo=None), formats["time"])
        elif isinstance(value, date) and not isinstance(value, datetime) and value >= _FIRST_DAY:
            sheet.write_datetime(row, column, value, formats["day"])
        else:
            text(row, column, str(value))

    return put
