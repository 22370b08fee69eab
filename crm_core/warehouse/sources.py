"""Reads the records for a snapshot: one transaction over one consistent state, a block of keys at a time, as Arrow.

| database      | how                                                                                              |
|---------------|--------------------------------------------------------------------------------------------------|
| SQLite        | in a process of its own with ADBC; in a process that has the database open, through that same    |
|               | SQLite, thousands of rows folded into one row of JSON arrays                                     |
| PostgreSQL    | ADBC                                                                                             |
| MariaDB/MySQL | a streamed cursor                                                                                |

ADBC brings a second copy of SQLite. Two copies in one process do not see each other's locks, and closing a file in one
drops the locks of the other: a reader that closes then removes the write-ahead log under a writer, and what was saved
is lost. So ADBC reads SQLite only in a process where nothing else has it open. Python's own SQLite gives up the
interpreter's lock on every row it fetches, which among busy threads costs up to 5 ms a row: hence few, long ones.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import adbc_driver_manager
import pyarrow as pa
from sqlalchemy import Connection, text

from crm_core.db.engine import BUSY_TIMEOUT_MS, Database, storage_errors
from crm_core.errors import StorageFailed
from crm_core.warehouse.layout import BLOCK_KEYS, TableLayout
from crm_core.warehouse.plan import Rows

_FETCH_ROWS = 16_384
"""Rows that pass through Python objects at a time; those of a whole block would stay with the process for good."""

_ADBC_SQLITE_BATCH_ROWS = "adbc.sqlite.query.batch_rows"


@dataclass(frozen=True)
class Source:
    """A read transaction. `rows` answers a query; `block` gives the rows with first ≤ id < first + BLOCK_KEYS."""

    rows: Rows
    block: Callable[[TableLayout, int], pa.Table]


@contextmanager
def open_source(database: Database, *, is_alone: bool) -> Iterator[Source]:
    """The records as they are at this moment, whatever is written until the block ends.

    Args:
        is_alone: this process has no connection of its own to a SQLite database.

    Raises:
        StorageFailed: the database cannot be read.
    """
    if database.dialect == "postgresql":
        opened = _adbc_postgresql(database)
    elif database.dialect == "sqlite" and is_alone:
        opened = _adbc_sqlite(database)
    elif database.dialect == "sqlite":
        opened = _sqlite(database)
    else:
        opened = _mariadb(database)
    try:
        with storage_errors(), opened as source:
            yield source
    except adbc_driver_manager.Error as error:
        raise StorageFailed(
            "The database cannot be read ({reason}). The last snapshot stays in use.", reason=_first_line(error)
        ) from error


@contextmanager
def _adbc_sqlite(database: Database) -> Iterator[Source]:
    import adbc_driver_sqlite.dbapi

    assert database.path is not None
    uri = database.path.resolve().as_uri() + "?mode=ro"  # reads a read-only file too, and never touches the log
    with closing(adbc_driver_sqlite.dbapi.connect(uri)) as connection:
        with closing(connection.cursor()) as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        # The driver takes a column's type from the first batch of rows and stumbles over text after 1,024 NULLs: a
        # batch as long as the block lets it see them all.
        options = {_ADBC_SQLITE_BATCH_ROWS: str(BLOCK_KEYS)}
        yield _adbc(connection, options)


@contextmanager
def _adbc_postgresql(database: Database) -> Iterator[Source]:
    import adbc_driver_postgresql.dbapi

    uri = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(adbc_driver_postgresql.dbapi.connect(uri)) as connection:
        with closing(connection.cursor()) as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield _adbc(connection, {})


def _adbc(connection: Any, options: dict[str, str]) -> Source:
    def rows(sql: str) -> list[tuple[Any, ...]]:
        with closing(connection.cursor()) as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def block(layout: TableLayout, first: int) -> pa.Table:
        with closing(connection.cursor()) as cursor:
            if options:
                cursor.adbc_statement.set_options(**options)
            cursor.execute(_rows_sql(layout, first))
            return layout.conform(cursor.fetch_arrow_table())

    return Source(rows, block)


@contextmanager
def _sqlite(database: Database) -> Iterator[Source]:
    with database.engine.connect() as connection:

        def block(layout: TableLayout, first: int) -> pa.Table:
            folded = ", ".join(f'json_group_array("{column}")' for column in layout.columns)
            batches = [layout.schema.empty_table()]
            for start in range(first, first + BLOCK_KEYS, _FETCH_ROWS):
                sql = f"SELECT {folded} FROM ({_rows_sql(layout, start, _FETCH_ROWS)})"  # noqa: S608
                row = connection.exec_driver_sql(sql).one()
                columns = [pa.array(json.loads(column)) for column in row]
                batches.append(layout.conform(pa.table(columns, names=list(layout.columns))))
            return pa.concat_tables(batches).sort_by("id")  # SQL promises no order within an aggregate

        yield Source(_rows_of(connection), block)


@contextmanager
def _mariadb(database: Database) -> Iterator[Source]:
    with database.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        streamed = connection.execution_options(stream_results=True, max_row_buffer=_FETCH_ROWS)

        def block(layout: TableLayout, first: int) -> pa.Table:
            batches = [layout.schema.empty_table()]
            with streamed.execute(text(_rows_sql(layout, first, quote="`"))) as result:
                for rows in result.partitions(_FETCH_ROWS):
                    columns = [pa.array(column) for column in zip(*rows, strict=True)]
                    batches.append(layout.conform(pa.table(columns, names=list(layout.columns))))
            return pa.concat_tables(batches)

        yield Source(_rows_of(connection), block)


def _rows_of(connection: Connection) -> Rows:
    return lambda sql: [tuple(row) for row in connection.execute(text(sql))]


def _rows_sql(layout: TableLayout, first: int, keys: int = BLOCK_KEYS, *, quote: str = '"') -> str:
    columns = ", ".join(f"{quote}{column}{quote}" for column in layout.columns)
    return f"SELECT {columns} FROM {layout.name} WHERE id >= {first} AND id < {first + keys} ORDER BY id"  # noqa: S608


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
