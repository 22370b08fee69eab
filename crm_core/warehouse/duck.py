"""DuckDB over a snapshot's files: bounded in memory, in the workspace's time zone, fetching nothing from outside."""

from __future__ import annotations

import fcntl
import logging
import os
import tempfile
import threading
import weakref
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from crm_core.warehouse.layout import TableLayout
from crm_core.warehouse.leases import SPILL, let_go

Relation = duckdb.DuckDBPyRelation
"""What DuckDB calls the rows of a query that has not run yet."""

Cursor = duckdb.DuckDBPyConnection
"""A connection of its own to a shared DuckDB instance."""

log = logging.getLogger(__name__)

SERVER_MEMORY_MB = 192
"""What all queries of a process that serves pages may take together; beyond it they go through the disk."""

WORKER_MEMORY_MB = 512
"""What the queries of a worker process may take."""

_DUCK_TYPES = {
    "int64": "BIGINT", "string": "VARCHAR", "bool": "BOOLEAN", "timestamp[us, tz=UTC]": "TIMESTAMP WITH TIME ZONE",
    "date32[day]": "DATE",
}  # fmt: skip


_TURN_TIMEOUT = 60.0
"""Seconds one waits for another's queries at most: a crowd gets slow then, but never stands still."""


class Engine:
    """One DuckDB instance, whose cursors share one memory limit and take turns.

    A query uses every core anyway, so in turns they are done no later than side by side; but side by side four of them
    do not fit into the memory that each alone gets by with.
    """

    def __init__(self, folder: Path, *, timezone: str, memory_mb: int) -> None:
        spill, descriptor = _spill_folder(folder)
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": f"{memory_mb}MB",
                "threads": min(4, os.cpu_count() or 1),
                "temp_directory": spill,
                "enable_external_file_cache": "false",  # the system's page cache does it without a second copy
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            },
        )
        # Give memory back to the system between queries: 64 MB stay instead of 184.
        self._connection.execute("SET GLOBAL allocator_background_threads = true")
        self._connection.execute("SET GLOBAL allocator_flush_threshold = '16MB'")
        # narwhals cuts days and months in the connection's zone and refuses any other: so it is the workspace's.
        self._connection.execute(f"SET GLOBAL TimeZone = '{timezone}'")
        self._turn = threading.Condition()
        self._querying: Counter[int] = Counter()
        self.close = weakref.finalize(self, _close, self._connection, descriptor)

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of its own to the same instance, for one thread, once no other thread has one."""
        me = threading.get_ident()
        with self._turn:
            if not self._turn.wait_for(lambda: not self._querying or me in self._querying, _TURN_TIMEOUT):
                log.warning("queries wait for each other for over %.0f s; going on side by side", _TURN_TIMEOUT)
            self._querying[me] += 1
            cursor = self._connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()
            with self._turn:
                self._querying -= Counter([me])  # drops the key at zero
                self._turn.notify_all()


def relation(cursor: duckdb.DuckDBPyConnection, layout: TableLayout, files: list[str]) -> duckdb.DuckDBPyRelation:
    """The rows of a table's files, by key; a table without files has its columns and no rows."""
    if files:
        return cursor.read_parquet(files)
    columns = ", ".join(f'NULL::{_DUCK_TYPES[str(field.type)]} AS "{field.name}"' for field in layout.written)
    return cursor.sql(f"SELECT {columns} WHERE false")


def column(cursor: Cursor, name: str, values: NDArray[np.int64]) -> Relation:
    """The values as the rows of one column."""
    return cursor.from_arrow(pa.table({name: pa.array(values, pa.int64())}))


@contextmanager
def kept(cursor: Cursor, rows: Relation) -> Iterator[Relation]:  # noqa: ARG001  (DuckDB finds the rows by this name)
    """The same rows, computed now and held until the block ends: in memory, and on disk beyond the limit."""
    name = f"kept_{uuid4().hex}"
    cursor.execute(f"CREATE TEMP TABLE {name} AS FROM rows")
    try:
        yield cursor.table(name)
    finally:
        cursor.execute(f"DROP TABLE {name}")


def _close(connection: duckdb.DuckDBPyConnection, descriptor: int | None) -> None:
    connection.close()
    if descriptor is not None:
        let_go(descriptor)


def _spill_folder(folder: Path) -> tuple[str, int | None]:
    """A folder nobody else spills to, and a lock that says it is in use; none of both where nothing can be written."""
    try:
        (folder / SPILL).mkdir(parents=True, exist_ok=True)
        descriptor, lock = tempfile.mkstemp(suffix=".lock", dir=folder / SPILL)
    except OSError as error:
        log.warning("queries that do not fit in memory will fail: no room for them in %s: %s", folder, error)
        return "", None
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return lock.removesuffix(".lock"), descriptor
