"""A log of transactions (customer, date, amount) from a file, for analyses without a workspace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crm_core.errors import FieldError, ImportFailed, ImportRejected
from crm_core.imports.batches import Batch, Column, shown_columns
from crm_core.imports.dates import find_day_first, to_instant
from crm_core.imports.mapping import DEFAULT_MISSING, Options
from crm_core.imports.numbers import find_decimal, to_money
from crm_core.imports.open_file import open_file
from crm_core.imports.problems import BadValue
from crm_core.imports.values import LENGTHS, to_text
from crm_core.translation import N_

FIELDS = ("customer", "date", "amount")
_DAY_MICROS = 86_400_000_000
_MISSING = frozenset(DEFAULT_MISSING)

Read = Callable[[object], Any]


@dataclass(frozen=True, eq=False)
class Transactions:
    """The rows of the file; arrays of shape (rows,).

    customer: a number for each different customer, from 0, in the order of their names.
    day: days since 1970.
    amount_e4: ten-thousandths, rounded; negative for a refund.
    """

    customer: NDArray[np.int64]
    day: NDArray[np.int64]
    amount_e4: NDArray[np.int64]


def read_transactions(path: Path) -> Transactions:
    """The transactions of a CSV, XLSX, Parquet or JSON file with the columns customer, date and amount.

    Raises:
        ImportFailed: the file cannot be read, or one of the columns is not there.
        ImportRejected: a value is missing or not what its column needs; the message names row and column.
    """
    name = path.name
    file = open_file(path, name, Options())
    by_field = {column.strip().casefold(): column for column in reversed(file.columns)}
    columns = [by_field[field] for field in FIELDS if field in by_field]
    if len(columns) < len(FIELDS):
        raise ImportFailed(
            "{file} needs the columns customer, date and amount; it has {columns}.",
            file=name,
            columns=shown_columns(file.columns),
        )
    batches = list(file.read(columns))
    dates, amounts = ([value for batch in batches for value in _list(batch.columns[c])] for c in columns[1:])
    try:
        day_first, decimal = find_day_first(dates), find_decimal((), amounts)
    except BadValue as error:
        raise ImportFailed("{file}: {problem}", file=name, problem=error.problem) from error

    def to_day(value: object) -> int:
        return to_instant(value, zone=UTC, date_format=None, day_first=day_first) // _DAY_MICROS

    readers: list[Read] = [
        lambda value: to_text(value, LENGTHS["customer_ref"]),
        to_day,
        lambda value: to_money(value, decimal=decimal, is_rounded=True),
    ]
    found: list[list[Any]] = [[], [], []]
    for batch in batches:
        for broken in batch.broken:
            raise _rejected(name, broken.row, None, broken.problem)
        for values, column, read in zip(found, columns, readers, strict=True):
            values += _read(batch, column, read, name)
    _names, customer = np.unique(np.array(found[0], dtype=str), return_inverse=True)
    return Transactions(
        customer.astype(np.int64), np.array(found[1], dtype=np.int64), np.array(found[2], dtype=np.int64)
    )


def _read(batch: Batch, column: str, read: Read, name: str) -> list[Any]:
    """The column's values, each different one read once."""
    known: dict[tuple[type, Any], Any] = {}
    found: list[Any] = []
    for row, raw in zip(batch.rows, _list(batch.columns[column]), strict=True):
        key = (type(raw), raw)
        if key not in known:
            value = raw.strip() if isinstance(raw, str) else raw
            if value is None or value != value or value in _MISSING:  # NaN is the one value that differs from itself
                missing = FieldError(N_("The value is missing; {field} is needed in every row."), {"field": column})
                raise _rejected(name, int(row), column, missing)
            try:
                known[key] = read(value)
            except BadValue as error:
                raise _rejected(name, int(row), column, error.problem) from error
        found.append(known[key])
    return found


def _rejected(name: str, row: int, column: str | None, problem: FieldError) -> ImportRejected:
    if column is None:
        return ImportRejected("{file}, row {row}: {problem}", file=name, row=row, problem=problem)
    return ImportRejected(
        "{file}, row {row}, column '{column}': {problem}", file=name, row=row, column=column, problem=problem
    )


def _list(column: Column) -> list[Any]:
    return column if isinstance(column, list) else column.to_pylist()
