"""The Parquet file of one block."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from crm_core.warehouse import manifest as manifests
from crm_core.warehouse.layout import BLOCK_KEYS, TableLayout
from crm_core.warehouse.manifest import Block

_LEVELS = {"zstd": 1}


def write_block(folder: Path, layout: TableLayout, number: int, version: int, rows: pa.Table) -> Block:
    """Write the rows of a block, and what is added to them, to a file; return when it has reached the disk."""
    file = f"{layout.name}/{number:06d}-{version}.parquet"
    path = folder / file
    pq.write_table(
        layout.complete(rows), str(path), row_group_size=BLOCK_KEYS, use_dictionary=list(layout.repetitive),
        compression=layout.compression, compression_level=_LEVELS.get(layout.compression),
    )  # fmt: skip
    manifests.flush_to_disk(path)
    return Block(number, file, rows.num_rows, path.stat().st_size)


def read_block(folder: Path, block: Block, columns: Sequence[str]) -> pa.Table:
    """These columns of a block, by key."""
    with pq.ParquetFile(folder / block.file) as file:
        return file.read(list(columns), use_threads=False)


def range_of(folder: Path, block: Block, column: str) -> tuple[int, int]:
    """The smallest and the largest value of a column of keys, from the file's own statistics."""
    with pq.ParquetFile(folder / block.file) as file:
        place = file.schema_arrow.get_field_index(column)
        groups = [file.metadata.row_group(i).column(place).statistics for i in range(file.metadata.num_row_groups)]
    return min(group.min for group in groups), max(group.max for group in groups)
