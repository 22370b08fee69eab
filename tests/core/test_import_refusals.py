"""Files that hold no table, or another one than the mapping says, are refused in words."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crm_core import imports
from crm_core.db.engine import Database
from crm_core.imports import csv_file
from tests.core.odd_files import LINES, TYPED, parquet, refused
from tests.core.order_files import BASIC, HEADER, rows_of, take, write


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
