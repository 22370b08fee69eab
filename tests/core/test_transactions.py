"""Transaction logs from files: columns by name, each value read or refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_core.errors import ImportFailed, ImportRejected
from crm_core.imports.transactions import read_transactions


def log(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "log.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_columns_are_found_by_name_whatever_their_order_and_amounts_are_rounded(tmp_path: Path) -> None:
    found = read_transactions(
        log(tmp_path, "Amount,Customer,Note,Date\n1.23456,b,x,1970-01-02\n-2,a,y,19700103 10:30\n0,b,z,1970-01-02\n")
    )
    assert found.customer.tolist() == [1, 0, 1]
    assert found.day.tolist() == [1, 2, 1]
    assert found.amount_e4.tolist() == [12_346, -20_000, 0]


def test_days_before_months_and_decimal_commas_are_seen(tmp_path: Path) -> None:
    found = read_transactions(log(tmp_path, "customer;date;amount\na;31.01.1970;1.234,50\na;01.02.1970;2,5\n"))
    assert found.day.tolist() == [30, 31]
    assert found.amount_e4.tolist() == [12_345_000, 25_000]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "who,when,what\na,2024-01-01,5\n",
            "log.csv needs the columns customer, date and amount; it has who",
        ),
        ("customer,date,amount\na,01/02/2024,5\n", "log.csv: Dates such as 01/02/2024 can be read in two ways."),
    ],
)
def test_files_of_another_form_are_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ImportFailed) as refused:
        read_transactions(log(tmp_path, text))
    assert str(refused.value).startswith(words)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a,2024-01-32,5", "log.csv, row 2, column 'date': '2024-01-32' "),
        ("a,2024-01-01,five", "log.csv, row 2, column 'amount': 'five' is not an amount; expected one such as 12.50."),
        (",2024-01-01,5", "log.csv, row 2, column 'customer': The value is missing; customer is needed in every row."),
        ("a,2024-01-01", "log.csv, row 2: The row has 2 cells, the header 3; "),
    ],
)
def test_a_bad_row_is_refused_with_its_place(tmp_path: Path, row: str, words: str) -> None:
    with pytest.raises(ImportRejected) as refused:
        read_transactions(log(tmp_path, f"customer,date,amount\na,2024-01-01,5\n{row}\na,2024-01-05,6\n"))
    assert str(refused.value).startswith(words)
