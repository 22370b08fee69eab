"""Rows between the file and the database: a DuckDB file on disk, so that memory stays bounded."""

from __future__ import annotations

import errno
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from crm_core.errors import StorageFailed
from crm_core.imports.rows import ROW_SCHEMA

MEMORY_LIMIT = "192MB"
CHUNK = 20_000
"""So many rows go from the staging to the database at a time."""

_PREFIX = "staging-"
_FORGOTTEN_AFTER = 24 * 3600  # seconds; what a killed process left behind


class Staging:
    """The staged rows of one import, queried with SQL."""

    def __init__(self, folder: Path) -> None:
        self._connection = duckdb.connect(
            str(folder / "rows.duckdb"),
            config={
                "memory_limit": MEMORY_LIMIT,
                "temp_directory": str(folder / "spill"),
                "preserve_insertion_order": "false",
                "threads": "2",
                "allow_community_extensions": "false",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            },
        )
        self._connection.execute("BEGIN")  # nothing here outlives the import, so nothing needs to be logged
        types = {pa.string(): "VARCHAR", pa.int64(): "BIGINT", pa.bool_(): "BOOLEAN"}
        columns = ", ".join(f"{item.name} {types[item.type]}" for item in ROW_SCHEMA)
        self.run(f"CREATE TABLE staged ({columns})")
        self.run(
            'CREATE TABLE problems (row BIGINT, "column" VARCHAR, value VARCHAR, template VARCHAR, params VARCHAR)'
        )

    def run(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Execute a statement."""
        self._connection.execute(sql, parameters or {})

    def add(self, table: str, rows: pa.Table) -> None:
        """Append rows, whose columns are in the table's order."""
        if rows.num_rows:
            # Not by a registered view: a transaction keeps every one it ever had, and with it the rows.
            self._connection.from_arrow(rows).insert_into(table)

    def add_rows(self, table: str, types: Mapping[str, pa.DataType], rows: Sequence[Sequence[Any]]) -> None:
        """Append rows given as tuples of the columns in `types`."""
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(types)
        arrays = [pa.array(column, type_) for column, type_ in zip(columns, types.values(), strict=True)]
        self.add(table, pa.table(arrays, names=list(types)))

    def all(self, sql: str) -> list[tuple[Any, ...]]:
        """Every row of a query whose result is small."""
        return self._connection.execute(sql).fetchall()

    def count(self, sql: str) -> int:
        """The one number a query gives."""
        return int(self.all(sql)[0][0])

    def chunks(self, sql: str, size: int = CHUNK) -> Iterator[list[tuple[Any, ...]]]:
        """The query's rows in chunks; the staging takes no other query until the last one is drawn."""
        self._connection.execute(sql)
        while rows := self._connection.fetchmany(size):
            yield rows

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


@contextmanager
def staging(folder: Path) -> Iterator[Staging]:
    """An empty staging in a folder of its own, which is removed afterwards.

    Raises:
        StorageFailed: the folder cannot be written to, or the disk is full.
    """
    with disk_errors():
        folder.mkdir(parents=True, exist_ok=True)
        _remove_forgotten(folder)
        with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=folder) as own:
            staged = Staging(Path(own))
            try:
                yield staged
            finally:
                staged.close()


@contextmanager
def disk_errors() -> Iterator[None]:
    """Turn a full or read-only disk under the staging and the rejects into StorageFailed."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StorageFailed("The disk is full; nothing was imported. Free some space and try again.") from error
        if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
            raise StorageFailed(
                "{folder} cannot be written to; nothing was imported. Give the process write access to it.",
                folder=str(error.filename or "The data folder"),
            ) from error
        raise
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        if "space" not in str(error) and not isinstance(error, duckdb.OutOfMemoryException):
            raise
        raise StorageFailed("The disk is full; nothing was imported. Free some space and try again.") from error


def _remove_forgotten(folder: Path) -> None:
    for left in folder.glob(f"{_PREFIX}*"):
        with suppress(FileNotFoundError):  # of another import, which ended meanwhile
            if time.time() - left.stat().st_mtime > _FORGOTTEN_AFTER:
                shutil.rmtree(left)
