"""Fit a mapping to a file: its columns are there, and what the mapping leaves open is found by looking."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Dictionary
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from crm_core.errors import ImportFailed
from crm_core.imports.batches import Batch, OrderFile, shown_columns
from crm_core.imports.dates import find_day_first
from crm_core.imports.mapping import Mapping
from crm_core.imports.numbers import find_decimal
from crm_core.imports.open_file import open_file
from crm_core.imports.problems import BadValue

LINE_COLUMN = "rapport_line"
"""A rejects file says here which line of its order a row is, so that a mended row goes where it belongs."""

SAMPLE_ROWS = 20_000
"""So many rows are looked at for how dates and amounts are written."""


@dataclass(frozen=True)
class Written:
    """How a file's first rows write dates and amounts.

    `day_first` is None where the year comes first or `is_day_open`: the day and the month could change places.
    `decimal` is '.' or ','; None where the amounts can be read in two ways.
    """

    day_first: bool | None
    is_day_open: bool
    decimal: str | None


def find_written(path: Path, mapping: Mapping, *, name: str | None = None) -> Written:
    """How the file writes its dates and amounts, found by looking; for showing it before an import.

    Raises:
        ImportFailed: the file cannot be read, or a mapped column is missing.
    """
    file = open_file(path, name or path.name, mapping.options)
    columns = {field: find_column(column, file) for field, column in mapping.columns.items()}
    first = first_batch(file, list(dict.fromkeys(columns.values())))
    is_day_open, day_first, decimal = False, None, None
    try:
        day_first = find_day_first(sample(first, columns["ordered_at"])) if "ordered_at" in columns else None
    except BadValue:
        is_day_open = True
    with suppress(BadValue):  # None says it
        decimal = _decimal(first, columns)
    return Written(day_first, is_day_open, decimal)


def settle(mapping: Mapping, file: OrderFile) -> Mapping:
    """The mapping with the file's own column names, and with day_first and decimal decided.

    Raises:
        ImportFailed: a mapped column is missing, or the dates can be read in two ways.
    """
    columns = {field: find_column(column, file) for field, column in mapping.columns.items()}
    if "line_number" not in columns and LINE_COLUMN in file.columns:
        columns["line_number"] = LINE_COLUMN
    options = mapping.options
    first = first_batch(file, list(dict.fromkeys(columns.values())))
    if options.decimal is None:
        with _problem_of(file, columns["unit_price" if "unit_price" in columns else "line_total"]):
            options = replace(options, decimal=_decimal(first, columns))
    if options.day_first is None and options.date_format is None:
        with _problem_of(file, columns["ordered_at"]):
            options = replace(options, day_first=find_day_first(sample(first, columns["ordered_at"])))
    return replace(mapping, columns=columns, options=options)


def _decimal(first: Batch | None, columns: Dictionary[str, str]) -> str:
    samples = {
        field: sample(first, columns[field])
        for field in ("quantity", "unit_price", "line_total", "discount")
        if field in columns
    }
    quantities = samples.pop("quantity", [])
    return find_decimal(quantities, [value for values in samples.values() for value in values])


@contextmanager
def _problem_of(file: OrderFile, column: str) -> Iterator[None]:
    try:
        yield
    except BadValue as error:
        raise ImportFailed(
            "{file}, column '{column}': {problem}", file=file.name, column=column, problem=error.problem
        ) from error


def first_batch(file: OrderFile, columns: list[str]) -> Batch | None:
    """The first rows of the file, or None where it has none."""
    with closing(file.read(columns)) as batches:
        return next(iter(batches), None)


def sample(batch: Batch | None, column: str) -> list[Any]:
    """The different values among the first rows of a column, in their order."""
    if batch is None:
        return []
    values = batch.columns[column]
    head = values[:SAMPLE_ROWS] if isinstance(values, list) else values.slice(0, SAMPLE_ROWS).unique().to_pylist()
    return list(dict.fromkeys(head))


def find_column(column: str, file: OrderFile) -> str:
    """The file's own name of a column; ImportFailed where it has none like it."""
    wanted = column.strip()
    if wanted in file.columns:
        return wanted
    folded = [name for name in file.columns if name.casefold() == wanted.casefold()]
    if len(folded) == 1:
        return folded[0]
    shown = shown_columns(file.columns)
    if close := get_close_matches(wanted, file.columns, n=1):
        raise ImportFailed(
            "Column '{column}' is missing from {file}; did you mean '{close}'? Its columns are: {columns}.",
            column=wanted,
            file=file.name,
            close=close[0],
            columns=shown,
        )
    raise ImportFailed(
        "Column '{column}' is missing from {file}. Its columns are: {columns}.",
        column=wanted,
        file=file.name,
        columns=shown,
    )
