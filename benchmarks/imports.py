"""Import of Online Retail beside a bare executemany of the same rows, already parsed, into the same tables."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

from benchmarks.table import Context, Line, timed
from crm_core import imports
from crm_core.access import SYSTEM
from crm_core.db import schema
from crm_core.db.engine import Database

SOURCE = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "online_retail" / "online_retail.parquet"
TABLES = ("customers", "products", "orders", "order_lines", "customer_terms")
BAR = 4.0


def run(context: Context) -> list[Line]:
    """Import the file, and insert what it left in the tables again; nothing where the data set is absent."""
    if not SOURCE.exists():
        print(f"imports: skipped, {SOURCE} is not there")
        return []
    folder = context.folder / "imports"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    times: list[float] = []
    for attempt in range(2):
        database = _database(folder / f"import-{attempt}.db")
        times.append(timed(lambda database=database: _take(database, folder), repeat=1))
        database.dispose()
    rows = _rows(folder / "import-0.db")
    yardsticks: list[float] = []
    for attempt in range(2):
        database = _database(folder / f"bare-{attempt}.db")
        path = database.path
        database.dispose()
        assert path is not None
        yardsticks.append(timed(lambda path=path: _insert(path, rows), repeat=1))
    assert len(rows["order_lines"][1]) == 541_909
    shutil.rmtree(folder)
    return [
        Line(
            "Import of Online Retail, 541,909 rows of Parquet",
            min(times),
            "bare executemany of the same parsed rows, same tables and indexes",
            min(yardsticks),
            BAR,
        )
    ]


def _database(path: Path) -> Database:
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database, timezone="Europe/London", currency="GBP")
    return database


def _take(database: Database, folder: Path) -> None:
    result = imports.import_orders(
        database=database, actor=SYSTEM, path=SOURCE, mapping=imports.preset("online-retail"), rejects_folder=folder
    )
    assert result.created == 541_909


def _rows(path: Path) -> dict[str, tuple[int, list[tuple[Any, ...]]]]:
    """For each table how many columns it has, and its rows in the order of their keys."""
    connection = sqlite3.connect(path)
    found = {name: connection.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() for name in TABLES}
    connection.close()
    return {name: (len(rows[0]), rows) for name, rows in found.items()}


def _insert(path: Path, rows: dict[str, tuple[int, list[tuple[Any, ...]]]]) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("BEGIN IMMEDIATE")
    for name, (width, found) in rows.items():
        connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * width)})", found)
    connection.execute("COMMIT")
    connection.close()
