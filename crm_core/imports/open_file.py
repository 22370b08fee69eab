"""Open any file that may hold orders, as what it is by its content."""

from __future__ import annotations

from pathlib import Path

from crm_core.imports.batches import OrderFile
from crm_core.imports.csv_file import open_csv
from crm_core.imports.json_file import open_json
from crm_core.imports.mapping import Options
from crm_core.imports.parquet_file import open_parquet
from crm_core.imports.sniff import find_format, read_sample
from crm_core.imports.xlsx_file import open_xlsx


def open_file(path: Path, name: str, options: Options) -> OrderFile:
    """The file's format, columns and notes, and a way to read it; nothing but its beginning is read yet.

    Raises:
        ImportFailed: it is missing, empty, damaged, or holds no table.
    """
    sample = read_sample(path, name)
    format_, notes = find_format(sample, name)
    if format_ == "parquet":
        return open_parquet(path, name, notes)
    if format_ == "xlsx":
        return open_xlsx(path, name, options, notes)
    if format_ == "json":
        return open_json(path, name, options.encoding, notes)
    return open_csv(path, name, sample, options, notes)
