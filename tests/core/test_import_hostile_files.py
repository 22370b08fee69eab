"""Files made to do harm, or damaged by accident, are refused in bounded memory and in words."""

from __future__ import annotations

import io
import json
import os
import struct
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import psutil
import pytest

from crm_core import imports
from crm_core.db.engine import Database
from crm_core.imports import xlsx_file
from tests.core.odd_files import refused, xlsx
from tests.core.order_files import BASIC, HEADER, write


def peak_growth(work: Callable[[], Any]) -> int:
    """By how many bytes the process grew at most while the work ran."""
    process, stop = psutil.Process(), threading.Event()
    before = process.memory_info().rss
    seen = [before]

    def watch() -> None:
        while not stop.wait(0.01):
            seen.append(process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        stop.set()
        watcher.join()
    return max(seen) - before


def test_two_gigabytes_without_a_line_break_are_refused_in_bounded_memory(database: Database, tmp_path: Path) -> None:
    path = write(tmp_path, "order,")
    with path.open("r+b") as file:
        file.truncate(2 << 30)  # a hole: no disk is used
    messages: list[str] = []
    began = time.perf_counter()
    growth = peak_growth(lambda: messages.append(refused(database, path)))
    assert messages == [
        "orders.csv has no line break in its first megabyte, so it is not a table of rows. Check how it was exported."
    ]
    assert growth < 50 << 20
    assert time.perf_counter() - began < 20


def test_a_row_without_an_end_is_refused_in_bounded_memory(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    with path.open("wb") as file:
        file.write(HEADER.encode())
        for _ in range(64):
            file.write(b"x" * (1 << 20))
    messages: list[str] = []
    growth = peak_growth(lambda: messages.append(refused(database, path)))
    assert messages == [
        "orders.csv has a row longer than 2 MB: line breaks are missing, or a quotation mark is not closed."
    ]
    assert growth < 100 << 20


def test_a_quotation_mark_that_is_never_closed_is_refused(database: Database, tmp_path: Path) -> None:
    rows = "".join(f"{n},2024-03-01,A,Tea,1,2.5,,\n" for n in range(330_000))
    path = write(tmp_path, HEADER + '0,2024-03-01,A,"Tea,1,2.5,,\n' + rows)
    assert refused(database, path).startswith("orders.csv has a row longer than 2 MB")


def bomb(path: Path, part: str, size: int) -> Path:
    """A workbook one part of which unpacks to `size` bytes of nothing."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open(part, "w") as member:
            for _ in range(size >> 20):
                member.write(bytes(1 << 20))
    return path


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"])
def test_a_workbook_that_unpacks_to_far_more_than_it_is_gets_refused_unopened(
    database: Database, tmp_path: Path, part: str
) -> None:
    path = bomb(tmp_path / "bomb.xlsx", part, 200 << 20)
    assert path.stat().st_size < 1 << 20
    messages: list[str] = []
    growth = peak_growth(lambda: messages.append(refused(database, path)))
    assert messages == [
        f"bomb.xlsx would unpack to 200 MB in {part}, which no ordinary workbook does; it was not opened."
        " Export the table as CSV."
    ]
    assert growth < 30 << 20


def test_a_workbook_that_lies_about_its_sizes_is_not_unpacked_beyond_them(database: Database, tmp_path: Path) -> None:
    path = xlsx(tmp_path / "o.xlsx", [["order"]])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(b"<sheetData>", b"<sheetData>" + b" " * (50 << 20))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):  # the sizes in both of its directories
        at = next(i for i in find_all(data, signature) if sheet.encode() in data[i : i + 100])
        data[at + offset : at + offset + 4] = struct.pack("<I", 1000)
    path.write_bytes(data)
    messages: list[str] = []
    growth = peak_growth(lambda: messages.append(refused(database, path)))
    assert messages[0].startswith("o.xlsx is a damaged or truncated workbook")
    assert growth < 30 << 20


def find_all(data: bytes, part: bytes) -> list[int]:
    return [at for at in range(len(data) - 3) if data[at : at + 4] == part] if len(data) < 1 << 20 else []


def test_a_zip_that_is_no_workbook_is_refused(database: Database, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("orders.csv", HEADER)
    assert refused(database, write(tmp_path, buffer.getvalue(), "o.zip")) == (
        "o.zip is a ZIP archive, not a workbook; unpack it and import the table inside."
    )


def test_two_cells_at_opposite_corners_of_a_sheet_cost_no_memory(database: Database, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for at, name in enumerate(("order", "date", "qty", "price"), 1):
        sheet.cell(1, at, name)
    sheet.cell(60_000, 16_384, "far away")
    book.save(tmp_path / "o.xlsx")
    columns = {name: BASIC.columns[name] for name in ("order_number", "ordered_at", "quantity", "unit_price")}
    messages: list[str] = []
    growth = peak_growth(
        lambda: messages.append(refused(database, tmp_path / "o.xlsx", mapping=imports.Mapping(columns=columns)))
    )
    assert messages[0].startswith("o.xlsx, row 59999, column 'date': The value is missing; ordered_at is needed")
    assert growth < 60 << 20


def test_the_limits_of_a_workbook_are_above_what_real_ones_need() -> None:
    assert xlsx_file.MAX_SHEET_BYTES >= 1 << 30
    assert xlsx_file.MAX_RATIO >= 100


def sheet_of(path: Path, *parts: bytes) -> Path:
    """A workbook whose sheet's XML consists of the parts."""
    xlsx(path, [["order"]])
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    head, _, tail = content["xl/worksheets/sheet1.xml"].partition(b"<sheetData>")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            if name != "xl/worksheets/sheet1.xml":
                archive.writestr(name, data)
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(head + b"<sheetData>")
            for part in parts:
                sheet.write(part)
            sheet.write(b"</sheetData>" + tail.partition(b"</sheetData>")[2])
    return path


@pytest.mark.parametrize("opening", [b"", b"<![CDATA["])
def test_a_workbook_with_a_cell_of_many_megabytes_is_refused_unparsed(
    database: Database, tmp_path: Path, opening: bytes
) -> None:
    text = os.urandom(1 << 16).hex().encode() + (b"<<<<" if opening else b"")
    closing = b"]]>" if opening else b""
    path = sheet_of(
        tmp_path / "o.xlsx",
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>' + opening,
        *[text] * 40,
        closing + b"</t></is></c></row>",
    )
    assert refused(database, path) == (
        "o.xlsx holds a text longer than any cell can be, so it is no ordinary workbook. Export the table as CSV."
    )


def test_a_row_beyond_what_a_sheet_can_have_is_refused_instead_of_counted_up_to(
    database: Database, tmp_path: Path
) -> None:
    header = b"".join(
        b'<c t="inlineStr"><is><t>' + name.encode() + b"</t></is></c>" for name in HEADER.strip().split(",")
    )
    far = b'<row r="99999999999"><c r="A99999999999"><v>1</v></c></row>'
    path = sheet_of(tmp_path / "o.xlsx", b'<row r="1">' + header + b"</row>" + far)
    assert refused(database, path).startswith("o.xlsx is a damaged or truncated workbook")


def test_half_a_character_in_json_is_a_bad_value_and_a_readable_column_name(database: Database, tmp_path: Path) -> None:
    row = {"order": "A\ud800", "date": "2024-03-01", "qty": 1, "price": 1, "x\udfff": 1}
    path = write(tmp_path, json.dumps([row]), "o.json")
    columns = {name: BASIC.columns[name] for name in ("order_number", "ordered_at", "quantity", "unit_price")}
    assert refused(database, path, mapping=imports.Mapping(columns=columns)) == (
        "o.json, row 1, column 'order': 'A?' holds characters that are no text. Nothing was imported."
    )
    assert imports.inspect(path).columns[-1] == "x?"
