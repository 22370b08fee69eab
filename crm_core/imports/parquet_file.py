"""Parquet, a batch of rows at a time."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from crm_core.errors import FieldError, ImportFailed
from crm_core.imports.batches import BATCH_ROWS, Batch, OrderFile, unique_names


def open_parquet(path: Path, name: str, notes: tuple[FieldError, ...]) -> OrderFile:
    """A Parquet file.

    Raises:
        ImportFailed: it is damaged or truncated, or has no columns.
    """
    try:
        with pq.ParquetFile(path) as file:
            schema, n_rows = file.schema_arrow, file.metadata.num_rows
    except (pa.ArrowException, OSError) as error:
        raise _damaged(name) from error
    if not schema.names:
        raise ImportFailed("{file} is empty: it has neither a header nor rows.", file=name)
    columns = unique_names(schema.names)

    def read(wanted: Sequence[str]) -> Generator[Batch]:
        return _read(path, name, [schema.names[columns.index(column)] for column in wanted], wanted)

    return OrderFile(name, "parquet", columns, read, n_rows=n_rows, notes=notes)


def _read(path: Path, name: str, stored: list[str], wanted: Sequence[str]) -> Generator[Batch]:
    last = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(BATCH_ROWS, columns=stored, use_threads=True):
                rows = np.arange(last + 1, last + 1 + batch.num_rows, dtype=np.int64)
                last += batch.num_rows
                yield Batch(
                    rows,
                    {
                        column: _flat(batch.column(kept), column, name)
                        for column, kept in zip(wanted, stored, strict=True)
                    },
                )
    except (pa.ArrowException, OSError) as error:
        raise _damaged(name) from error


def _flat(values: pa.Array, column: str, name: str) -> pa.Array:
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_timestamp(values.type) and values.type.unit == "ns":
        values = values.cast(pa.timestamp("us", values.type.tz), safe=False)
    if pa.types.is_nested(values.type) or pa.types.is_binary(values.type) or pa.types.is_large_binary(values.type):
        raise ImportFailed(
            "Column '{column}' of {file} holds {type} values, not texts, numbers or dates.",
            column=column,
            file=name,
            type=str(values.type),
        )
    return values


def _damaged(name: str) -> ImportFailed:
    return ImportFailed("{file} is a damaged or truncated Parquet file. Export or copy it again.", file=name)
