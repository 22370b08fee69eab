"""Bad rows stop an import or are left out and listed, and the list can be mended and imported."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crm_core import imports
from crm_core.db.engine import Database
from crm_core.errors import ImportRejected
from tests.core.order_files import BASIC, everything, rows_of, take, take_rows, write

GOOD = "1,2024-03-01,A1,Mug,1,2.5,C1,France\n"


def rejected(result: imports.ImportResult) -> list[dict[str, str]]:
    assert result.rejects_file is not None
    with Path(result.rejects_file).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,2024-03-01,A,,abc,1,,", "row 2, column 'qty': 'abc' is not a whole number; expected one such as 12."),
        ("1,2024-03-01,A,,,1,,", "row 2, column 'qty': The value is missing; quantity is needed in every row."),
        ("1,soon,A,,1,1,,", "row 2, column 'date': 'soon' is not a date such as 2011-12-09 08:26; other forms need"
         " date_format in the mapping."),
        (",2024-03-01,A,,1,1,,", "row 2, column 'order': The value is missing; order_number is needed in every row."),
        ("1,2024-03-01,A,,1,1.23456,,", "row 2, column 'price': '1.23456' has more than 4 decimal places; amounts are"
         " kept exactly to that many."),
        (f"{'9' * 65},2024-03-01,A,,1,1,,", f"row 2, column 'order': '{'9' * 59}…' is longer than 64 characters."),
    ],
)  # fmt: skip
def test_a_bad_row_stops_the_import_with_file_row_column_value_and_what_was_expected(
    database: Database, tmp_path: Path, row: str, message: str
) -> None:
    before = everything(database)
    with pytest.raises(ImportRejected) as caught:
        take_rows(database, tmp_path, GOOD + row + "\n" + GOOD)
    assert str(caught.value) == f"orders.csv, {message} Nothing was imported."
    assert everything(database) == before
    (problem,) = caught.value.problems
    assert problem.row == 2


def test_all_bad_rows_are_counted_and_the_first_hundred_listed(database: Database, tmp_path: Path) -> None:
    with pytest.raises(ImportRejected) as caught:
        take_rows(database, tmp_path, GOOD + "1,2024-03-01,A,,abc,1,,\n" * 150)
    assert str(caught.value).endswith(
        "'abc' is not a whole number; expected one such as 12. 150 of 151 rows have problems; nothing was imported."
    )
    assert [problem.row for problem in caught.value.problems] == list(range(2, 102))


def test_a_quantity_of_abc_deep_in_a_large_file_is_named_with_its_row(database: Database, tmp_path: Path) -> None:
    n = 310_000
    quantities = ["1"] * n
    quantities[300_000] = "abc"
    columns: dict[str, Any] = {"order": [str(at // 20) for at in range(n)], "qty": quantities}
    columns |= {"date": ["2024-03-01"] * n, "price": ["1"] * n}
    pq.write_table(pa.table(columns), tmp_path / "orders.parquet")
    mapping = imports.Mapping(
        {name: BASIC.columns[name] for name in ("order_number", "ordered_at", "quantity", "unit_price")}
    )
    with pytest.raises(ImportRejected) as caught:
        take(database, tmp_path / "orders.parquet", mapping)
    assert str(caught.value) == (
        "orders.parquet, row 300001, column 'qty': 'abc' is not a whole number; expected one such as 12."
        " Nothing was imported."
    )
    assert rows_of(database, "SELECT count(*) FROM order_lines") == [(0,)]


def test_skipping_takes_the_good_rows_and_lists_the_bad_ones_with_reasons(database: Database, tmp_path: Path) -> None:
    rows = GOOD + "1,2024-03-01,B2,=1+1,abc,x,C1,France\n1,2024-03-01,C3,Pan,-3,4,C1,France\nbroken\n"
    result = take_rows(database, tmp_path, rows, on_error="skip")
    assert (result.read, result.created, result.rejected) == (4, 2, 2)
    first, second = rejected(result)
    assert first == {
        "rapport_row": "2",
        "rapport_line": "2",
        "rapport_problem": "price: 'x' is not an amount; expected one such as 12.50."
        " qty: 'abc' is not a whole number; expected one such as 12.",
        "order": "1", "date": "2024-03-01", "code": "B2", "name": "'=1+1", "qty": "abc", "price": "x",
        "customer": "C1", "country": "France",
    }  # fmt: skip
    assert (second["rapport_row"], second["order"]) == ("4", "broken")
    assert rows_of(database, "SELECT line_no, quantity FROM order_lines ORDER BY 1") == [(1, 1), (3, -3)]
    assert rows_of(database, "SELECT rejects_file FROM imports") == [(result.rejects_file,)]


def test_a_mended_rejects_file_puts_its_rows_where_they_belong(database: Database, tmp_path: Path) -> None:
    rows = [f"1,2024-03-01,{code},,1,{price},," for code, price in (("A", "1"), ("B", "x"), ("C", "3"))]
    result = take_rows(database, tmp_path, "\n".join(rows) + "\n", on_error="skip")
    mended = Path(result.rejects_file or "").read_text(encoding="utf-8-sig").replace('"x"', "2")
    again = take(database, write(tmp_path, mended, "mended.csv"))
    assert (again.read, again.created) == (1, 1)
    whole = take_rows(database, tmp_path, "\n".join(rows).replace(",x,", ",2,") + "\n")
    assert (whole.unchanged, whole.updated) == (3, 0)


def test_no_rejects_file_is_left_where_nothing_was_rejected(database: Database, tmp_path: Path) -> None:
    assert take_rows(database, tmp_path, GOOD, on_error="skip").rejects_file is None
    assert list((tmp_path / "rejects").iterdir()) == []


def test_rejects_of_a_parquet_file_keep_their_values(database: Database, tmp_path: Path) -> None:
    table = pa.table({"order": ["1", "2"], "date": ["2024-03-01"] * 2, "qty": [1.0, 2.5], "price": [-2.55, 1.5]})
    pq.write_table(table, tmp_path / "o.parquet")
    mapping = imports.Mapping(
        {name: BASIC.columns[name] for name in ("order_number", "ordered_at", "quantity", "unit_price")}
    )
    (row,) = rejected(take(database, tmp_path / "o.parquet", mapping, on_error="skip"))
    assert (row["rapport_row"], row["qty"], row["price"]) == ("2", "2.5", "1.5")


def test_a_file_of_bad_rows_only_leaves_everything_as_it_was(database: Database, tmp_path: Path) -> None:
    result = take_rows(database, tmp_path, "1,2024-03-01,A,,abc,1,,\n", on_error="skip")
    assert (result.read, result.rejected, result.created) == (1, 1, 0)
    assert rows_of(database, "SELECT count(*) FROM change_sets") == [(0,)]


def test_text_with_html_and_formulas_is_stored_as_it_is(database: Database, tmp_path: Path) -> None:
    take_rows(database, tmp_path, '1,2024-03-01,A1,"=HYPERLINK(""x"")<b>",1,1,<i>C1</i>,\n')
    assert rows_of(database, "SELECT p.name, c.name FROM products p, customers c") == [
        ('=HYPERLINK("x")<b>', "<i>C1</i>")
    ]
