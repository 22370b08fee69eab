"""What the tests of the import share: a CSV of orders written as text, taken in, and the tables read back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import text

from crm_core import imports
from crm_core.access import Actor, Role
from crm_core.db.engine import Database

ADMIN = Actor(user_id=None, name="Ada Admin", role=Role.ADMIN)
TABLES = ("customers", "products", "orders", "order_lines", "customer_terms")

BASIC = imports.Mapping(
    columns={
        "order_number": "order",
        "ordered_at": "date",
        "product_code": "code",
        "product_name": "name",
        "quantity": "qty",
        "unit_price": "price",
        "customer_ref": "customer",
        "country": "country",
    }
)
HEADER = "order,date,code,name,qty,price,customer,country\n"


def write(folder: Path, content: str | bytes, name: str = "orders.csv") -> Path:
    """The content as a file."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def take(database: Database, path: Path, mapping: imports.Mapping = BASIC, **options: Any) -> imports.ImportResult:
    """Import the file as an admin."""
    options.setdefault("actor", ADMIN)
    return imports.import_orders(
        database=database, path=path, mapping=mapping, rejects_folder=path.parent / "rejects", **options
    )


def take_rows(database: Database, folder: Path, rows: str, **options: Any) -> imports.ImportResult:
    """Import rows under HEADER."""
    return take(database, write(folder, HEADER + rows), **options)


def rows_of(database: Database, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query, as tuples."""
    with database.read() as session:
        return [tuple(row) for row in session.execute(text(sql))]


def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row and column of the tables an import writes."""
    return {table: sorted(rows_of(database, f"SELECT * FROM {table}"), key=repr) for table in TABLES}
