"""XLSX, streamed row by row; a bomb is refused before anything is unpacked.

A workbook is a ZIP of XML. What its directory says of the unpacked sizes is checked first, and Python's zipfile never
unpacks more of a member than the directory says, so the check cannot be talked around. The sheet is then parsed as a
stream: two cells at opposite corners cost nothing, where a reader that builds the whole grid would ask for gigabytes.
"""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import numpy as np
import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from crm_core.errors import FieldError, ImportFailed
from crm_core.imports.batches import Batch, OrderFile, unique_names
from crm_core.imports.mapping import Options

MAX_SHEET_BYTES = 2 << 30
"""A sheet, unpacked; a million rows of twenty columns are about half of it. It is streamed."""

MAX_PART_BYTES = 128 << 20
"""Any other part, unpacked; shared texts and styles are held in memory."""

MAX_ROWS = 1 << 20
"""Rows a sheet can have; one that names a row beyond them makes readers count up to it."""

MAX_TEXT_BYTES = 4 << 20
"""So much may stand between two tags of a sheet; a cell holds 32,767 characters."""

MAX_RATIO = 200
"""Spreadsheets pack about 10 to 1; deflate can do 1000 to 1, which only a bomb does."""

_RATIO_MATTERS_ABOVE = 8 << 20
_BATCH = 10_000


def open_xlsx(path: Path, name: str, options: Options, notes: tuple[FieldError, ...]) -> OrderFile:
    """The first sheet of a workbook, or the one the options name; its header is the first row that is not empty.

    Raises:
        ImportFailed: it is no workbook, is damaged, unpacks to more than it may, or the sheet is missing or empty.
    """
    _check_sizes(path, name)
    with _workbook(path, name, options.sheet) as sheet:
        last_row = sheet.max_row or 0  # as far as the sheet says
        header_at, header = next(((at, row) for at, row in _rows(sheet, name) if not _is_blank(row)), (0, ()))
        n_rows = max(0, last_row - header_at) or None
    if not header:
        raise ImportFailed("{file} is empty: it has neither a header nor rows.", file=name)
    last = max(at for at, cell in enumerate(header) if cell is not None)
    columns = unique_names(header[: last + 1])

    def read(wanted: Sequence[str]) -> Generator[Batch]:
        return _read(path, name, options.sheet, header_at, [columns.index(column) for column in wanted], wanted)

    return OrderFile(name, "xlsx", columns, read, n_rows=n_rows, notes=notes)


def _check_sizes(path: Path, name: str) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise _damaged(name) from error
    if not any(member.filename == "[Content_Types].xml" for member in members):
        raise ImportFailed("{file} is a ZIP archive, not a workbook; unpack it and import the table inside.", file=name)
    for member in members:
        is_sheet = member.filename.startswith("xl/worksheets/")
        is_large = member.file_size > (MAX_SHEET_BYTES if is_sheet else MAX_PART_BYTES)
        ratio = member.file_size / max(member.compress_size, 1)
        if is_large or (member.file_size > _RATIO_MATTERS_ABOVE and ratio > MAX_RATIO):
            raise ImportFailed(
                "{file} would unpack to {megabytes} MB in {part}, which no ordinary workbook does; it was not opened."
                " Export the table as CSV.",
                file=name,
                megabytes=member.file_size >> 20,
                part=member.filename,
            )
        if is_sheet and member.file_size > MAX_TEXT_BYTES:
            _check_texts(path, name, member)


def _check_texts(path: Path, name: str, member: zipfile.ZipInfo) -> None:
    """Refuse a sheet with a text that goes on and on: a cell is in memory as a whole, several times over."""
    since_tag, tail = 0, b""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member) as sheet:
            while chunk := sheet.read(1 << 20):
                last = chunk.rfind(b"<")
                since_tag = since_tag + len(chunk) if last < 0 else len(chunk) - last
                # In a CDATA section '<' begins no tag; programs that write spreadsheets never write one.
                if since_tag > MAX_TEXT_BYTES or b"<![CDATA[" in tail + chunk:
                    raise ImportFailed(
                        "{file} holds a text longer than any cell can be, so it is no ordinary workbook."
                        " Export the table as CSV.",
                        file=name,
                    )
                tail = chunk[-8:]
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise _damaged(name) from error


@contextmanager
def _workbook(path: Path, name: str, sheet_name: str | None) -> Iterator[Any]:
    """The sheet, to be read as a stream; whatever is wrong inside is said in words."""
    try:
        with path.open("rb") as file:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about styles and extensions, which do not matter here
                book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
            try:
                if sheet_name is not None and sheet_name not in book.sheetnames:
                    raise ImportFailed(
                        "{file} has no sheet '{sheet}'. Its sheets are: {sheets}.",
                        file=name,
                        sheet=sheet_name,
                        sheets=", ".join(book.sheetnames),
                    )
                sheets = [sheet for sheet in book.worksheets if sheet_name in {None, sheet.title}]
                if not sheets:
                    raise ImportFailed("{file} has no sheet with cells.", file=name)
                yield sheets[0]
            finally:
                book.close()
    except (zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, OSError, EOFError) as error:
        raise _damaged(name) from error


def _read(
    path: Path, name: str, sheet_name: str | None, header_at: int, chosen: list[int], wanted: Sequence[str]
) -> Generator[Batch]:
    with _workbook(path, name, sheet_name) as sheet:
        numbers: list[int] = []
        values: list[list[Any]] = [[] for _ in chosen]
        for at, row in _rows(sheet, name):
            if at <= header_at or _is_blank(row):
                continue
            numbers.append(at - header_at)
            for kept, column in zip(values, chosen, strict=True):
                kept.append(_plain(row[column]) if column < len(row) else None)
            if len(numbers) == _BATCH:
                yield _batch(numbers, values, wanted)
                numbers, values = [], [[] for _ in chosen]
        if numbers:
            yield _batch(numbers, values, wanted)


def _rows(sheet: Any, name: str) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """The sheet's rows with their numbers."""
    sheet.reset_dimensions()  # the size a sheet gives of itself is often wrong and would cut rows and columns off
    for at, row in enumerate(sheet.iter_rows(values_only=True), 1):
        if at > MAX_ROWS:
            raise _damaged(name)
        yield at, row


def _batch(numbers: list[int], values: list[list[Any]], wanted: Sequence[str]) -> Batch:
    return Batch(np.array(numbers, np.int64), dict(zip(wanted, values, strict=True)))


def _is_blank(row: Sequence[Any]) -> bool:
    return all(cell is None or cell == "" for cell in row)


def _plain(cell: Any) -> Any:
    if cell is None or isinstance(cell, str | bool | int | float | datetime | date):
        return cell
    return str(cell) if isinstance(cell, time | timedelta) else repr(cell)


def _damaged(name: str) -> ImportFailed:
    return ImportFailed(
        "{file} is a damaged or truncated workbook, or is protected by a password. Save it again.", file=name
    )
