"""A file is read as what it holds, or refused in words; nothing is written of one that is refused."""

from __future__ import annotations

import io
import json
import os
import struct
import threading
import time
import zipfile
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crm_core import imports
from crm_core.db.engine import Database
from crm_core.errors import ImportFailed
from crm_core.imports import csv_file, xlsx_file
from tests.core.order_files import BASIC, HEADER, everything, rows_of, take, write

CHINESE = "订单号,下单时间,商品编码,商品名称,数量,单价,客户编号,国家\n" + "".join(
    f"A{n},2024年3月{n}日 9:30,茶{n},绿茶 {n} 号,{n},12.5,客{n},中国\n" for n in range(1, 9)
)
LINES = "".join(f"{n},2024-03-01,A{n},Café N° {n},1,2.5,C{n},France\n" for n in range(1, 6))


def sold(database: Database) -> list[tuple[Any, ...]]:
    """What the import stored, in readable form."""
    return rows_of(
        database,
        "SELECT o.number, o.ordered_at, c.ref, o.country, p.code, p.name, l.quantity, l.unit_price_e4"
        " FROM order_lines l JOIN orders o ON o.id = l.order_id JOIN products p ON p.id = l.product_id"
        " LEFT JOIN customers c ON c.id = o.customer_id ORDER BY l.id",
    )


def refused(database: Database, path: Path, **options: Any) -> str:
    before = everything(database)
    with pytest.raises(ImportFailed) as caught:
        take(database, path, **options)
    assert everything(database) == before
    assert rows_of(database, "SELECT count(*) FROM imports") == [(0,)]
    return str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"])
def test_chinese_text_is_read_in_any_of_its_encodings(database: Database, tmp_path: Path, encoding: str) -> None:
    content = CHINESE if not encoding.startswith("utf-16-") else CHINESE.replace("订单号", "order_no", 1)
    path = write(tmp_path, content.encode(encoding))
    profile = imports.inspect(path)
    assert profile.encoding == encoding
    take(database, path, imports.guess_complete_mapping(profile))
    assert sold(database)[0] == ("A1", 1709281800000000, "客1", "CN", "茶1", "绿茶 1 号", 1, 125000)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8"])
def test_accented_letters_are_not_taken_for_chinese(database: Database, tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, (HEADER + LINES).encode(encoding))
    assert imports.inspect(path).encoding == encoding
    take(database, path)
    assert sold(database)[0][5] == "Café N° 1"


def test_the_encoding_is_found_beyond_the_first_megabyte(database: Database, tmp_path: Path) -> None:
    plain = "".join(f"{n},2024-03-01,A,Tea,1,2.5,,\n" for n in range(40_000))
    path = write(tmp_path, (HEADER + plain + "X,2024-03-01,B,绿茶绿茶,1,2.5,,\n").encode("gb18030"))
    assert path.stat().st_size > 1 << 20
    assert imports.inspect(path).encoding == "gb18030"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_any_delimiter_and_line_end_is_recognised(
    database: Database, tmp_path: Path, delimiter: str, line_end: str
) -> None:
    text = (HEADER + LINES).replace(",", delimiter).replace("\n", line_end)
    path = write(tmp_path, text)
    assert imports.inspect(path).delimiter == delimiter
    assert take(database, path).created == 5


def test_cells_may_hold_delimiters_quotation_marks_and_line_breaks(database: Database, tmp_path: Path) -> None:
    take(database, write(tmp_path, HEADER + '1,2024-03-01,A1,"Mug, ""big""\nand red",1,1,,\n'))
    assert sold(database)[0][5] == 'Mug, "big"\nand red'


def test_blanks_around_headers_and_cells_are_left_out(database: Database, tmp_path: Path) -> None:
    take(database, write(tmp_path, HEADER.replace(",", " , ") + "1, 2024-03-01 , A1 , Mug ,1, 1 , C1 ,\n"))
    assert sold(database)[0][2:6] == ("C1", None, "A1", "Mug")


def parquet(path: Path, rows: dict[str, Any]) -> Path:
    pq.write_table(pa.table(rows), path)
    return path


TYPED = {
    "order": ["1", "2"],
    "date": [datetime(2024, 3, 1, 9, 30), datetime(2024, 3, 2)],
    "code": ["A1", "B2"],
    "name": ["Mug", None],
    "qty": [2, -1],
    "price": [2.55, 0.001],
    "customer": [17850.0, float("nan")],
    "country": ["France", "France"],
}
STORED = [
    ("1", 1709281800000000, "17850", "FR", "A1", "Mug", 2, 25500),
    ("2", 1709334000000000, None, "FR", "B2", "B2", -1, 10),
]


def test_parquet_is_read_with_its_types(database: Database, tmp_path: Path) -> None:
    take(database, parquet(tmp_path / "orders.parquet", TYPED))
    assert sold(database) == STORED


def test_parquet_may_hold_dictionaries_decimals_and_nanoseconds(database: Database, tmp_path: Path) -> None:
    columns = TYPED | {
        "code": pa.array(["A1", "B2"]).dictionary_encode(),
        "price": pa.array([Decimal("2.55"), Decimal("0.001")], pa.decimal128(30, 20)),
        "date": pa.array(TYPED["date"], pa.timestamp("us")).cast(pa.timestamp("ns")),
    }
    take(database, parquet(tmp_path / "orders.parquet", columns))
    assert sold(database) == STORED


def test_json_is_read_as_an_array_and_as_lines(database: Database, tmp_path: Path) -> None:
    rows = [
        {name: TYPED[name][at] if name != "date" else TYPED[name][at].isoformat() for name in TYPED} for at in (0, 1)
    ]
    lines = "\n".join(json.dumps(row) for row in rows)
    take(database, write(tmp_path, lines, "orders.jsonl"))
    assert sold(database) == STORED
    again = take(database, write(tmp_path, json.dumps(rows, indent=2), "orders.json"))
    assert (again.read, again.unchanged) == (2, 2)


def test_a_number_in_json_keeps_all_its_digits(database: Database, tmp_path: Path) -> None:
    text = '[{"order": 1, "date": "2024-03-01", "qty": 3, "price": 99999999999.9999}]'
    columns = {name: BASIC.columns[name] for name in ("order_number", "ordered_at", "quantity", "unit_price")}
    take(database, write(tmp_path, text, "orders.json"), imports.Mapping(columns=columns))
    assert rows_of(database, "SELECT unit_price_e4, amount_e4 FROM order_lines") == [
        (999999999999999, 2999999999999997)
    ]


def test_a_json_file_larger_than_a_piece_is_read_object_by_object(database: Database, tmp_path: Path) -> None:
    rows = [{"order": f"{n}", "date": "2024-03-01", "qty": 1, "price": 1, "note": "x" * 500} for n in range(2_000)]
    path = write(tmp_path, json.dumps(rows), "orders.json")
    assert path.stat().st_size > 4 * (1 << 18)
    columns = {name: BASIC.columns[name] for name in ("order_number", "ordered_at", "quantity", "unit_price")}
    assert take(database, path, imports.Mapping(columns=columns)).created == 2_000


def xlsx(path: Path, rows: list[list[Any]], title: str = "Orders") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def test_xlsx_is_read_with_its_types(database: Database, tmp_path: Path) -> None:
    rows = [list(TYPED), *([None if TYPED[n][at] != TYPED[n][at] else TYPED[n][at] for n in TYPED] for at in (0, 1))]
    take(database, xlsx(tmp_path / "orders.xlsx", rows))
    assert sold(database) == STORED


@pytest.mark.parametrize("size", [b"A1:D2", b"A1", b"A1:B3"])
def test_a_sheet_that_understates_its_size_is_read_to_its_end(database: Database, tmp_path: Path, size: bytes) -> None:
    rows = [["order", "date", "qty", "price"], ["1", "2024-03-01", 1, 1], ["2", "2024-03-01", 1, 1]]
    path = xlsx(tmp_path / "o.xlsx", rows)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    parts["xl/worksheets/sheet1.xml"] = sheet.replace(b'ref="A1:D3"', b'ref="' + size + b'"')
    assert parts["xl/worksheets/sheet1.xml"] != sheet
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    columns = {name: BASIC.columns[name] for name in ("order_number", "ordered_at", "quantity", "unit_price")}
    assert take(database, path, imports.Mapping(columns=columns)).created == 2


def test_rows_of_a_sheet_are_numbered_as_they_stand_below_the_header(database: Database, tmp_path: Path) -> None:
    rows = [[], ["order", "date", "qty", "price"], ["1", "2024-03-01", 1, 1], [], ["2", "2024-03-01", "abc", 1]]
    columns = {name: BASIC.columns[name] for name in ("order_number", "ordered_at", "quantity", "unit_price")}
    message = refused(database, xlsx(tmp_path / "o.xlsx", rows), mapping=imports.Mapping(columns=columns))
    assert message == (
        "o.xlsx, row 3, column 'qty': 'abc' is not a whole number; expected one such as 12. Nothing was imported."
    )


def test_a_sheet_that_is_not_there_is_named(database: Database, tmp_path: Path) -> None:
    path = xlsx(tmp_path / "o.xlsx", [["order"], [1]])
    mapping = imports.Mapping(BASIC.columns, imports.Options(sheet="March"))
    assert refused(database, path, mapping=mapping) == "o.xlsx has no sheet 'March'. Its sheets are: Orders."


def test_a_file_that_is_not_what_its_name_says_is_read_as_what_it_is(database: Database, tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + LINES, "orders.xlsx")
    profile = imports.inspect(path)
    assert (profile.format, [str(note) for note in profile.notes]) == (
        "csv",
        ["orders.xlsx is named as XLSX but holds CSV text; it was read as CSV text."],
    )
    result = take(database, path)
    assert result.created == 5
    assert result.notes == profile.notes


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "orders.csv is empty: it has neither a header nor rows."),
        (b" \n\n ", "orders.csv is empty: it has neither a header nor rows."),
        (HEADER.encode(), "orders.csv has a header but no rows."),
        (b"%PDF-1.7 ...", "orders.csv is a PDF document; export the table as CSV or XLSX."),
        (b"\x1f\x8b\x08...", "orders.csv is compressed with gzip; unpack it first."),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1...",
            "orders.csv is an Excel file of the old kind (.xls) or another Office document; save it as .xlsx or CSV.",
        ),
        (b"<!DOCTYPE html><table>", "orders.csv is a web page or XML, not a table; export the table as CSV or XLSX."),
        (b"\x7fELF\0\0\1\2\3\0\xff\xfe", "orders.csv is not a table: it holds bytes that are no text."),
        (b"PAR1 and nothing more", "orders.csv is a damaged or truncated Parquet file. Export or copy it again."),
        (b"PK\x03\x04broken", "orders.csv is a damaged or truncated workbook, or is protected by a password."),
        (b'{"order": 1', "orders.csv is not complete JSON: what follows object 0 cannot be read."),
        (b"[1, 2]", 'orders.csv is JSON, but item 1 is not an object with fields such as {"order": 1}.'),
        (b"[]", "orders.csv holds no objects with fields, so there is nothing to import."),
        (b"[" * 100_000, "orders.csv is not complete JSON: what follows object 0 cannot be read."),
    ],
)
def test_what_holds_no_table_is_refused_in_words(
    database: Database, tmp_path: Path, content: bytes, message: str
) -> None:
    assert refused(database, write(tmp_path, content)).startswith(message)


def test_a_file_that_is_not_there_is_named(database: Database, tmp_path: Path) -> None:
    assert refused(database, tmp_path / "none.csv") == "There is no file none.csv."
    assert refused(database, tmp_path) == f"{tmp_path.name} is a folder, not a file."


def test_a_pipe_is_refused_since_a_file_is_read_more_than_once(database: Database, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "orders.csv")
    said = "orders.csv is a pipe or a device, which can be read only once. Save its content as a file first."
    assert refused(database, tmp_path / "orders.csv") == said


def test_a_truncated_parquet_file_is_refused(database: Database, tmp_path: Path) -> None:
    path = parquet(tmp_path / "orders.parquet", TYPED)
    path.write_bytes(path.read_bytes()[:-200])
    assert refused(database, path) == "orders.parquet is a damaged or truncated Parquet file. Export or copy it again."


def test_a_parquet_file_damaged_inside_is_refused(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    pq.write_table(pa.table(TYPED), path, compression="zstd")
    data = bytearray(path.read_bytes())
    data[40:90] = bytes(50)
    path.write_bytes(data)
    assert refused(database, path) == "orders.parquet is a damaged or truncated Parquet file. Export or copy it again."


def test_a_truncated_json_file_names_the_last_whole_object(database: Database, tmp_path: Path) -> None:
    path = write(tmp_path, '[{"order": 1}, {"order": 2}, {"ord', "orders.json")
    assert refused(database, path) == (
        "orders.json is not complete JSON: what follows object 2 cannot be read. Export or copy it again."
    )


def test_a_column_of_lists_is_refused(database: Database, tmp_path: Path) -> None:
    path = parquet(tmp_path / "o.parquet", TYPED | {"qty": [[1], [2]]})
    assert refused(database, path).startswith("Column 'qty' of o.parquet holds list")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (
            HEADER.replace("qty", "quantite"),
            "Column 'qty' is missing from orders.csv. Its columns are:"
            " order, date, code, name, quantite, price, customer, country.",
        ),
        (
            HEADER.replace("price", "prices"),
            "Column 'price' is missing from orders.csv; did you mean 'prices'? Its columns are:"
            " order, date, code, name, qty, prices, customer, country.",
        ),
    ],
)
def test_a_missing_column_is_named_with_those_that_are_there(
    database: Database, tmp_path: Path, header: str, message: str
) -> None:
    assert refused(database, write(tmp_path, header + LINES)) == message


def test_a_column_is_found_whatever_its_case(database: Database, tmp_path: Path) -> None:
    assert take(database, write(tmp_path, HEADER.upper() + LINES)).created == 5


def test_a_row_that_does_not_fit_the_header_is_named(database: Database, tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + LINES + "6,2024-03-01,A,Tea,1\n")
    assert refused(database, path) == (
        "orders.csv, row 6: The row has 5 cells, the header 8; a quotation mark or delimiter may be out of place."
        " Nothing was imported."
    )


def test_rows_keep_their_numbers_around_those_that_do_not_fit(database: Database, tmp_path: Path) -> None:
    rows = [f"{n},2024-03-01,A,Tea,1,1,," for n in range(1, 7)]
    rows[1] = "2,too,short"
    rows[4] = rows[4].replace(",1,1,", ",abc,1,")
    result = take(database, write(tmp_path, HEADER + "\n\n".join(rows) + "\n"), on_error="skip")
    assert [(problem.row, problem.value) for problem in result.problems] == [(2, "2,too,short"), (5, "abc")]
    assert (result.created, result.rejected) == (4, 2)


def test_a_header_no_row_fits_is_said_to_be_wrong(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_file, "MAX_BROKEN", 50)
    path = write(tmp_path, HEADER + "1,2\n" * 60)
    assert refused(database, path) == "No row of orders.csv fits its header of 8 cells. Check the delimiter ','."


def test_a_wrong_encoding_in_the_mapping_is_refused(database: Database, tmp_path: Path) -> None:
    path = write(tmp_path, (HEADER + LINES).encode("cp1252"))
    mapping = imports.Mapping(BASIC.columns, imports.Options(encoding="utf-8"))
    assert refused(database, path, mapping=mapping) == (
        "orders.csv is not utf-8 text throughout. Give its encoding in the mapping file, or save it as UTF-8."
    )
    mapping = imports.Mapping(BASIC.columns, imports.Options(encoding="utf-9"))
    assert refused(database, path, mapping=mapping) == (
        "'utf-9' is not an encoding; use one such as utf-8, gb18030 or cp1252."
    )


def test_dates_that_can_be_read_in_two_ways_are_asked_about(database: Database, tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + "1,3/4/2024,A,Tea,1,1,,\n")
    assert refused(database, path) == (
        "orders.csv, column 'date': Dates such as 3/4/2024 can be read in two ways."
        " The mapping must say which (day_first)."
    )
    take(database, path, imports.Mapping(BASIC.columns, imports.Options(day_first=True)))
    assert rows_of(database, "SELECT ordered_at FROM orders") == [(1712095200000000,)]  # the third of April, in Berlin


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
