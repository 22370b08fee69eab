"""CSV of any delimiter and encoding, streamed: a few megabytes are in memory, whatever the file's size."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from crm_core.errors import FieldError, ImportFailed
from crm_core.imports.batches import Batch, BrokenRow, OrderFile, unique_names
from crm_core.imports.mapping import Options
from crm_core.imports.sniff import SAMPLE_BYTES, find_delimiter, find_encoding
from crm_core.translation import N_

BLOCK_BYTES = 2 << 20
"""No row may be longer than this; a file without line breaks is refused after reading so much."""


MAX_BROKEN = 100_000
"""So many rows in a row that do not fit the header, and it is the header that is wrong."""


def open_csv(path: Path, name: str, sample: bytes, options: Options, notes: tuple[FieldError, ...]) -> OrderFile:
    """A CSV file, its encoding and delimiter found where the options do not give them.

    Raises:
        ImportFailed: it is no text, its encoding is unknown, or the header does not end within a megabyte.
    """
    if len(sample) == SAMPLE_BYTES and b"\n" not in sample and b"\r" not in sample:
        raise ImportFailed(
            "{file} has no line break in its first megabyte, so it is not a table of rows. Check how it was exported.",
            file=name,
        )
    encoding = options.encoding or find_encoding(path, sample, name)
    text = _decoded(sample, encoding, name)
    delimiter = options.delimiter or find_delimiter(text)
    columns = _header(text, delimiter, name)

    def read(wanted: Sequence[str]) -> Generator[Batch]:
        return _read(path, name, encoding, delimiter, columns, wanted)

    return OrderFile(name, "csv", columns, read, encoding=encoding, delimiter=delimiter, notes=notes)


def _header(text: str, delimiter: str, name: str) -> tuple[str, ...]:
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if row:
                return unique_names(row)
    except csv.Error as error:
        raise ImportFailed(
            "The header of {file} cannot be read: a quotation mark may not be closed.", file=name
        ) from error
    raise ImportFailed("{file} is empty: it has neither a header nor rows.", file=name)


def _decoded(sample: bytes, encoding: str, name: str) -> str:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(sample)
    except LookupError as error:
        raise ImportFailed(
            "'{encoding}' is not an encoding; use one such as utf-8, gb18030 or cp1252.", encoding=encoding
        ) from error
    except UnicodeError as error:
        raise _not_in_encoding(name, encoding) from error


def _not_in_encoding(name: str, encoding: str) -> ImportFailed:
    return ImportFailed(
        "{file} is not {encoding} text throughout. Give its encoding in the mapping file, or save it as UTF-8.",
        file=name,
        encoding=encoding,
    )


class _AsUtf8(io.RawIOBase):
    """The file's text as UTF-8 bytes, decoded piece by piece."""

    def __init__(self, path: Path, encoding: str, name: str) -> None:
        super().__init__()
        self._file = path.open("rb")
        self._encoding = encoding
        self._name = name
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._waiting = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._waiting:
            chunk = self._file.read(1 << 20)
            try:
                text = self._decoder.decode(chunk, final=not chunk)
            except UnicodeError as error:
                raise _not_in_encoding(self._name, self._encoding) from error
            self._waiting = text.encode("utf-8")
            if not chunk:
                break
        n = min(len(buffer), len(self._waiting))
        buffer[:n] = self._waiting[:n]
        self._waiting = self._waiting[n:]
        return n

    def close(self) -> None:
        self._file.close()
        super().close()


def _read(
    path: Path, name: str, encoding: str, delimiter: str, columns: tuple[str, ...], wanted: Sequence[str]
) -> Generator[Batch]:
    broken: list[BrokenRow] = []

    def keep_broken(row: Any) -> str:
        problem = FieldError(
            N_("The row has {found} cells, the header {expected}; a quotation mark or delimiter may be out of place."),
            {"found": row.actual_columns, "expected": row.expected_columns},
        )
        broken.append(BrokenRow(row.number - 1, row.text, problem))  # the header is row 1 here
        return "skip" if len(broken) < MAX_BROKEN else "error"

    # Generated names: the header's own may repeat. Without threads, so that the rows that are broken carry their
    # numbers.
    names = [f"c{number}" for number in range(len(columns))]
    chosen = [names[columns.index(column)] for column in wanted]
    with io.BufferedReader(_AsUtf8(path, encoding, name), BLOCK_BYTES) as stream:
        try:
            reader = pacsv.open_csv(
                stream,
                pacsv.ReadOptions(
                    use_threads=False, block_size=BLOCK_BYTES, column_names=names, skip_rows_after_names=1
                ),
                pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=keep_broken),
                pacsv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    include_columns=chosen or names[:1],
                    strings_can_be_null=False,
                ),
            )
            last = 0
            for block in reader:
                batch = _numbered(block, last, broken, wanted)
                last += batch.n_read
                yield batch
        except pa.ArrowInvalid as error:
            if len(broken) >= MAX_BROKEN:
                raise ImportFailed(
                    "No row of {file} fits its header of {expected} cells. Check the delimiter '{delimiter}'.",
                    file=name,
                    expected=len(columns),
                    delimiter=delimiter,
                ) from error
            raise _unreadable(error, name) from error
    if broken:
        yield Batch(np.empty(0, np.int64), {column: pa.array([], pa.string()) for column in wanted}, tuple(broken))


def _numbered(block: pa.RecordBatch, last: int, broken: list[BrokenRow], wanted: Sequence[str]) -> Batch:
    """The block with its rows' numbers: those that follow `last`, without the broken ones, which leave the list."""
    n_broken = 0
    while n_broken < len(broken) and broken[n_broken].row <= last + block.num_rows + n_broken + 1:
        n_broken += 1
    between, broken[:] = broken[:n_broken], broken[n_broken:]
    numbers = np.arange(last + 1, last + 1 + block.num_rows + n_broken, dtype=np.int64)
    numbers = np.delete(numbers, [row.row - last - 1 for row in between])
    return Batch(numbers, dict(zip(wanted, block.columns, strict=False)), tuple(between))


def _unreadable(error: pa.ArrowInvalid, name: str) -> ImportFailed:
    if "straddling" in str(error):
        return ImportFailed(
            "{file} has a row longer than {megabytes} MB: line breaks are missing, or a quotation mark is not closed.",
            file=name,
            megabytes=BLOCK_BYTES >> 20,
        )
    return ImportFailed("{file} cannot be read as CSV: {reason}", file=name, reason=str(error))
