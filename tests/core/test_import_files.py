"""A file is read as what it holds, or refused in words; nothing is written of one that is refused."""

from __future__ import annotations

import json
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from crm_core import imports
from crm_core.db.engine import Database
from tests.core.odd_files import LINES, TYPED, parquet, refused, xlsx
from tests.core.order_files import BASIC, HEADER, rows_of, take, write

CHINESE = "订单号,下单时间,商品编码,商品名称,数量,单价,客户编号,国家\n" + "".join(
    f"A{n},2024年3月{n}日 9:30,茶{n},绿茶 {n} 号,{n},12.5,客{n},中国\n" for n in range(1, 9)
)


def sold(database: Database) -> list[tuple[Any, ...]]:
    """What the import stored, in readable form."""
    return rows_of(
        database,
        "SELECT o.number, o.ordered_at, c.ref, o.country, p.code, p.name, l.quantity, l.unit_price_e4"
        " FROM order_lines l JOIN orders o ON o.id = l.order_id JOIN products p ON p.id = l.product_id"
        " LEFT JOIN customers c ON c.id = o.customer_id ORDER BY l.id",
    )


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
