"""UCI Online Retail goes in whole, adds up to the last digit, goes in again without a change, and comes out again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy import text

from crm_core import imports
from crm_core.access import SYSTEM
from crm_core.db import schema
from crm_core.db.engine import Database
from tests.conftest import REAL_DATA

pytestmark = [pytest.mark.realdata, pytest.mark.xdist_group("online_retail")]

ROWS = 541_909
TABLES = ("customers", "products", "orders", "order_lines", "customer_terms")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A workspace with the file in it, and what the import said."""
    source = REAL_DATA / "online_retail" / "online_retail.parquet"
    if not source.exists():
        pytest.skip(f"the public data sets are not at {REAL_DATA}")
    folder = tmp_path_factory.mktemp("online_retail")
    database = Database(f"sqlite:///{folder / 'rapport.db'}")
    schema.upgrade(database, timezone="Europe/London", currency="GBP")
    result = take(database, source, folder)
    yield database, source, folder, result
    database.dispose()


def take(database: Database, source: Path, folder: Path) -> imports.ImportResult:
    return imports.import_orders(
        database=database, actor=SYSTEM, path=source, mapping=imports.preset("online-retail"), rejects_folder=folder
    )


def one(database: Database, sql: str) -> Any:
    with database.read() as session:
        return session.execute(text(sql)).scalar_one()


def test_every_row_is_read_and_none_rejected(loaded: Any) -> None:
    _database, _source, _folder, result = loaded
    assert (result.read, result.created, result.rejected) == (ROWS, ROWS, 0)
    assert {kind: counts["created"] for kind, counts in result.by_entity.items()} == {
        "customers": 4_372,
        "products": 4_070,
        "orders": 25_900,
        "order_lines": ROWS,
    }


POSITIVE = "quantity > 0 AND amount_e4 > 0"


@pytest.mark.parametrize(
    ("what", "sql", "expected"),
    [
        ("everything", "SELECT sum(amount_e4) FROM lines", 97_477_479_340),
        ("positive lines", f"SELECT sum(amount_e4) FROM lines WHERE {POSITIVE}", 106_666_845_440),
        ("of it guests", f"SELECT sum(amount_e4) FROM lines WHERE {POSITIVE} AND customer_id IS NULL", 17_552_766_400),
        ("refunds", "SELECT sum(amount_e4) FROM lines WHERE kind = 'refund'", -8_968_124_900),
        ("refund lines", "SELECT count(*) FROM lines WHERE kind = 'refund'", 9_288),
        (
            "negative adjustments",
            "SELECT sum(amount_e4) FROM lines WHERE kind = 'adjustment' AND amount_e4 < 0",
            -221_241_200,
        ),
        (
            "known customers",
            f"SELECT sum(amount_e4) FROM lines WHERE {POSITIVE} AND customer_id IS NOT NULL",
            89_114_079_040,
        ),
        (
            "lines of known customers",
            f"SELECT count(*) FROM lines WHERE {POSITIVE} AND customer_id IS NOT NULL",
            397_884,
        ),
        (
            "product sales to known customers",
            f"SELECT sum(amount_e4) FROM lines WHERE {POSITIVE} AND customer_id IS NOT NULL AND kind = 'sale'",
            87_610_666_500,
        ),
        (
            "customers with product sales",
            f"SELECT count(DISTINCT customer_id) FROM lines WHERE {POSITIVE} AND kind = 'sale'",
            4_334,
        ),
        (
            "adjustments to known customers",
            f"SELECT sum(amount_e4) FROM lines WHERE {POSITIVE} AND customer_id IS NOT NULL AND kind = 'adjustment'",
            1_503_412_540,
        ),
        ("lines without a customer", "SELECT count(*) FROM lines WHERE customer_id IS NULL", 135_080),
        ("lines at price 0", "SELECT count(*) FROM lines WHERE unit_price_e4 = 0", 2_515),
        (
            "write-offs",
            "SELECT count(*) FROM lines WHERE kind = 'adjustment' AND quantity < 0 AND amount_e4 = 0",
            1_336,
        ),
    ],
)
def test_the_amounts_are_those_of_the_source_to_the_last_digit(loaded: Any, what: str, sql: str, expected: int) -> None:
    database, *_ = loaded
    lines = "(SELECT l.*, o.customer_id FROM order_lines l JOIN orders o ON o.id = l.order_id) AS lines"
    assert one(database, sql.replace("FROM lines", f"FROM {lines}")) == expected, what


def test_every_line_has_the_quantity_price_and_order_of_its_row(loaded: Any) -> None:
    database, source, *_ = loaded
    with database.read() as session:
        stored = session.execute(
            text(
                "SELECT o.number, p.code, l.quantity, l.unit_price_e4, c.ref FROM order_lines l"
                " JOIN orders o ON o.id = l.order_id JOIN products p ON p.id = l.product_id"
                " LEFT JOIN customers c ON c.id = o.customer_id ORDER BY l.id"
            )
        ).all()
    source_rows = duckdb.execute(
        "SELECT InvoiceNo, StockCode, Quantity, UnitPrice, CustomerID FROM read_parquet($path)", {"path": str(source)}
    ).fetchall()
    assert len(stored) == len(source_rows) == ROWS
    for kept, (number, code, quantity, price, customer) in zip(stored, source_rows, strict=True):
        ref = None if customer is None else str(int(customer))
        assert tuple(kept) == (number, code, quantity, round(price * 10_000), ref)


def test_times_are_those_of_london(loaded: Any) -> None:
    database, *_ = loaded
    assert one(database, "SELECT ordered_at FROM orders ORDER BY id LIMIT 1") == 1_291_191_960_000_000  # 08:26 GMT


def test_again_nothing_changes_and_undone_nothing_is_left(loaded: Any) -> None:
    database, source, folder, result = loaded
    versions = one(database, "SELECT sum(table_version) FROM table_versions")
    again = take(database, source, folder)
    assert (again.read, again.unchanged, again.created, again.updated) == (ROWS, ROWS, 0, 0)
    assert one(database, "SELECT sum(table_version) FROM table_versions") == versions
    assert one(database, "SELECT count(*) FROM changes") == 0
    undone = imports.undo_import(database=database, actor=SYSTEM, import_id=result.import_id)
    assert (undone.removed, undone.kept) == (ROWS + 25_900 + 4_070 + 4_372, 0)
    assert [one(database, f"SELECT count(*) FROM {table}") for table in TABLES] == [0, 0, 0, 0, 0]
