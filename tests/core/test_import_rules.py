"""Rules in the mapping decide what kind of line a row is; the preset for Online Retail is made of nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from crm_core import imports
from crm_core.db.engine import Database
from crm_core.db.models import Product
from tests.core.order_files import ADMIN, BASIC, HEADER, rows_of, take, take_rows, write

RETAIL = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("1,11111A,Mug,6,12/1/2010 8:26,2.55,17850.0,United Kingdom", "sale"),
        ("1,11111A,Mug,0,12/1/2010 8:26,2.55,17850.0,United Kingdom", "sale"),
        ("1,11111A,Mug,6,12/1/2010 8:26,0.0,,United Kingdom", "sale"),
        ("C1,11111A,Mug,-6,12/1/2010 8:26,2.55,17850.0,United Kingdom", "refund"),
        ("C1,M,Manual,-1,12/1/2010 8:26,2.55,,United Kingdom", "refund"),
        ("C1,POST,Postage,-1,12/1/2010 8:26,18,17850.0,France", "refund"),
        ("A1,B,Adjust bad debt,1,12/1/2010 8:26,-11062.06,,United Kingdom", "adjustment"),
        ("A1,B,Adjust bad debt,1,12/1/2010 8:26,11062.06,,United Kingdom", "adjustment"),
        ("1,POST,Postage,3,12/1/2010 8:26,18,12583.0,France", "adjustment"),
        ("1,BANK CHARGES,Bank Charges,1,12/1/2010 8:26,15,,United Kingdom", "adjustment"),
        ("1,gift_0001_20,Voucher,1,12/1/2010 8:26,16.67,,United Kingdom", "adjustment"),
        ("1,m,Manual,1,12/1/2010 8:26,2.55,,United Kingdom", "adjustment"),
        ("1,DCGSSGIRL,Party bag,1,12/1/2010 8:26,3.29,,United Kingdom", "sale"),
        ("1,11111A,damages,-10,12/1/2010 8:26,0,,United Kingdom", "adjustment"),
    ],
)
def test_online_retail_rows_are_what_their_invoice_code_and_quantity_say(
    database: Database, tmp_path: Path, row: str, kind: str
) -> None:
    take(database, write(tmp_path, RETAIL + row + "\n"), imports.preset("online-retail"))
    assert rows_of(database, "SELECT kind FROM order_lines") == [(kind,)]


def test_the_preset_reads_csv_copies_with_their_refs_dates_and_countries(database: Database, tmp_path: Path) -> None:
    rows = (
        "1,11111A, Mug ,6,12/1/2010 8:26,2.55,17850.0,EIRE\n"
        "2,11111A,Mug,6,2011-07-01 08:26:00,2.55,17851,RSA\n"
        "3,POST,Postage,1,12/1/2010 8:26,2.55,,Unspecified\n"
        "4,11111A,Mug,1,12/1/2010 8:26,2.55,,Channel Islands\n"
    )
    result = take(database, write(tmp_path, RETAIL + rows), imports.preset("online-retail"), preset="online-retail")
    assert rows_of(
        database,
        "SELECT number, ordered_at, ref, o.country, o.region FROM orders o"
        " LEFT JOIN customers c ON c.id = o.customer_id ORDER BY 1",
    ) == [
        ("1", 1291191960000000, "17850", "IE", None),
        ("2", 1309505160000000, "17851", "ZA", None),  # 07:26 UTC: summer time
        ("3", 1291191960000000, None, None, None),
        ("4", 1291191960000000, None, None, "Channel Islands"),
    ]
    assert rows_of(database, "SELECT code, name, is_adjustment FROM products ORDER BY 1") == [
        ("11111A", "Mug", 0),
        ("POST", "Postage", 1),
    ]
    assert [str(note) for note in result.notes] == [
        "No country is known by these names, so they are kept as the region: Channel Islands."
    ]
    assert rows_of(database, "SELECT preset FROM imports") == [("online-retail",)]


@pytest.mark.parametrize(
    ("quantity", "price", "kind"),
    [("2", "1", "sale"), ("2", "0", "sale"), ("-2", "1", "refund"), ("2", "-1", "adjustment"), ("-2", "-1", "refund")],
)
def test_without_rules_a_negative_quantity_is_a_refund_and_a_negative_price_an_adjustment(
    database: Database, tmp_path: Path, quantity: str, price: str, kind: str
) -> None:
    take_rows(database, tmp_path, f"1,2024-03-01,A1,Mug,{quantity},{price},,\n")
    assert rows_of(database, "SELECT kind FROM order_lines") == [(kind,)]


def test_a_product_known_as_an_adjustment_stays_one_in_any_file(database: Database, tmp_path: Path) -> None:
    with database.write(ADMIN, "form") as session:
        session.add(Product(code="SHIP", name="Shipping", is_adjustment=True))
    take_rows(database, tmp_path, "1,2024-03-01,SHIP,,1,5,,\n1,2024-03-01,A1,,1,5,,\n2,2024-03-01,SHIP,,-1,5,,\n")
    assert rows_of(database, "SELECT kind FROM order_lines ORDER BY id") == [("adjustment",), ("sale",), ("refund",)]
    assert take_rows(database, tmp_path, "1,2024-03-01,SHIP,,1,5,,\n").unchanged == 1


def test_a_line_total_gives_the_unit_price_and_stays_exact(database: Database, tmp_path: Path) -> None:
    columns = {**BASIC.columns, "line_total": "price"}
    del columns["unit_price"]
    mapping = replace(BASIC, columns=columns)
    rows = "1,2024-03-01,A,,3,10,,\n1,2024-03-01,A,,-3,-10,,\n1,2024-03-01,A,,0,0,,\n1,2024-03-01,A,,8,0.0004,,\n"
    take(database, write(tmp_path, HEADER + rows), mapping)
    assert rows_of(database, "SELECT quantity, unit_price_e4, amount_e4, kind FROM order_lines ORDER BY line_no") == [
        (3, 33333, 100000, "sale"),
        (-3, 33333, -100000, "refund"),
        (0, 0, 0, "sale"),
        (8, 0, 4, "sale"),  # a twentieth of a ten-thousandth and half of one round to even
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("0,5", "The quantity is 0 but the line's total is not, so there is no unit price."),
        ("-2,10", "The quantity is negative but the line's total is not; a returned line has a negative total."),
    ],
)
def test_a_total_that_contradicts_its_quantity_is_a_bad_row(
    database: Database, tmp_path: Path, row: str, message: str
) -> None:
    columns = {**BASIC.columns, "line_total": "price"}
    del columns["unit_price"]
    path = write(tmp_path, HEADER + f"1,2024-03-01,A,,{row},,\n")
    result = take(database, path, replace(BASIC, columns=columns), on_error="skip")
    assert [(problem.row, problem.column, str(problem.problem)) for problem in result.problems] == [
        (1, "price", message)
    ]


def test_an_amount_beyond_what_can_be_kept_is_a_bad_row(database: Database, tmp_path: Path) -> None:
    result = take_rows(database, tmp_path, "1,2024-03-01,A,,2000000000,99999999999,,\n", on_error="skip")
    assert [str(problem.problem) for problem in result.problems] == [
        "The amount, quantity times unit price, is larger than an amount can be."
    ]


def test_a_discount_is_money_off_the_line(database: Database, tmp_path: Path) -> None:
    mapping = replace(BASIC, columns={**BASIC.columns, "discount": "off"})
    text = HEADER.replace("country\n", "country,off\n") + "1,2024-03-01,A,,2,5,,,1.25\n1,2024-03-01,A,,2,5,,,\n"
    take(database, write(tmp_path, text), mapping)
    assert rows_of(database, "SELECT amount_e4, discount_e4 FROM order_lines") == [(100000, 12500), (100000, 0)]
