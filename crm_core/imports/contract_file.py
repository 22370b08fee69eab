"""Contracts in a file: one row each, with a start and an end day, or with how long it has lasted and whether it ended.

Every other column is a property of the contract: a number where all its values are, else a category. What can tell
nothing or everything about one contract, such as a key or a name, is left out and said to be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_core.errors import FieldError, ImportFailed, ImportRejected
from crm_core.imports.batches import Column, shown_columns
from crm_core.imports.dates import find_day_first, to_instant
from crm_core.imports.mapping import DEFAULT_MISSING, Options
from crm_core.imports.numbers import find_decimal, to_money
from crm_core.imports.open_file import open_file
from crm_core.imports.problems import BadValue, shown
from crm_core.translation import N_

MOST_CONTRACTS = 50_000
MOST_CATEGORIES = 20
MOST_PROPERTIES = 60
_DAY_MICROS = 86_400_000_000
_EPOCH = date(1970, 1, 1)
_MISSING = frozenset(DEFAULT_MISSING)
_ANSWERS = {
    **dict.fromkeys(("yes", "y", "true", "1", "1.0", "ended", "churned", "cancelled", "是", "已结束"), True),
    **dict.fromkeys(("no", "n", "false", "0", "0.0", "running", "active", "否", "进行中"), False),
}


@dataclass(frozen=True)
class ByDates:
    """The columns with the first and the last day of each contract; one that runs has no last day."""

    start: str
    end: str


@dataclass(frozen=True)
class ByDuration:
    """The columns with how long each contract has lasted, a number, and whether it ended, yes or no."""

    duration: str
    has_ended: str


ContractColumns: TypeAlias = ByDates | ByDuration


@dataclass(frozen=True, eq=False)
class Contracts:
    """The contracts of a file.

    duration: shape (contracts,); in days where the file gives dates, else in the file's own unit.
    ended: whether each has ended. until: the day up to which dates were followed; None where the file gives none.
    properties: one row a contract, a column each; numbers or texts, missing where the file says nothing.
    left_out: columns that are no property: the same everywhere, or texts of too many kinds.
    """

    duration: NDArray[np.float64]
    ended: NDArray[np.bool_]
    until: date | None
    properties: pd.DataFrame
    left_out: tuple[str, ...]


def read_contracts(path: Path, name: str, columns: ContractColumns, *, today: date) -> Contracts:
    """The contracts of a CSV, XLSX, Parquet or JSON file.

    With dates, contracts are followed up to the latest day the file names that is not after `today`; what ends later
    is still running.

    Raises:
        ImportFailed: the file cannot be read, is empty or too large, or lacks a column.
        ImportRejected: a value is missing or not what its column needs; the message names row and column.
    """
    file = open_file(path, name, Options())
    wanted = [columns.start, columns.end] if isinstance(columns, ByDates) else [columns.duration, columns.has_ended]
    if missing := [column for column in wanted if column not in file.columns]:
        raise ImportFailed(
            "{file} has no column {missing}; its columns are: {columns}.",
            file=name,
            missing=shown_columns(missing),
            columns=shown_columns(file.columns),
        )
    if wanted[0] == wanted[1]:
        raise ImportFailed("Choose two different columns; '{column}' was chosen twice.", column=wanted[0])
    values, rows = _read(path, name, file.columns)
    cells = {column: _Cells(name, column, values[column], rows) for column in wanted}
    until = None
    if isinstance(columns, ByDates):
        duration, ended, until = _by_dates(cells[columns.start], cells[columns.end], today)
    else:
        duration = _durations(cells[columns.duration])
        ended = np.array(cells[columns.has_ended].each(_answer), dtype=np.bool_)
    others = {column: found for column, found in values.items() if column not in wanted}
    properties, left_out = _properties(others)
    return Contracts(duration, ended, until, properties, left_out)


@dataclass(frozen=True)
class _Cells:
    """One column that is needed in words for its errors: the file, the column, its values and their row numbers."""

    file: str
    column: str
    values: Sequence[Any]
    rows: Sequence[int]

    def each(self, read: Callable[[Any], Any], *, is_optional: bool = False) -> list[Any]:
        """What every value is read as; None for a missing one where it may be."""
        found: list[Any] = []
        for row, value in zip(self.rows, self.values, strict=True):
            if value is None:
                if not is_optional:
                    missing = N_("The value is missing; {field} is needed in every row.")
                    raise self.rejected(row, FieldError(missing, {"field": self.column}))
                found.append(None)
                continue
            try:
                found.append(read(value))
            except BadValue as error:
                raise self.rejected(row, error.problem) from error
        return found

    def rejected(self, row: int, problem: FieldError) -> ImportRejected:
        return ImportRejected(
            "{file}, row {row}, column '{column}': {problem}",
            file=self.file,
            row=row,
            column=self.column,
            problem=problem,
        )


def _read(path: Path, name: str, columns: Sequence[str]) -> tuple[dict[str, list[Any]], list[int]]:
    """Every column's values, missing ones as None, and the rows' numbers."""
    values: dict[str, list[Any]] = {column: [] for column in columns}
    rows: list[int] = []
    for batch in open_file(path, name, Options()).read(columns):
        for broken in batch.broken:
            raise ImportRejected("{file}, row {row}: {problem}", file=name, row=broken.row, problem=broken.problem)
        rows += [int(row) for row in batch.rows]
        if len(rows) > MOST_CONTRACTS:
            raise ImportFailed(
                "{file} holds more than {most} contracts; a random sample of them will do.",
                file=name,
                most=MOST_CONTRACTS,
            )
        for column in columns:
            values[column] += [_cell(value) for value in _list(batch.columns[column])]
    if not rows:
        raise ImportFailed("{file} holds no contract: there is no row below the header.", file=name)
    return values, rows


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        value = value.strip()
    # NaN is the one value that differs from itself.
    return None if value is None or value != value or value in _MISSING else value


def _by_dates(start: _Cells, end: _Cells, today: date) -> tuple[NDArray[np.float64], NDArray[np.bool_], date]:
    try:
        day_first = find_day_first([*start.values, *end.values])
    except BadValue as error:
        raise ImportFailed("{file}: {problem}", file=start.file, problem=error.problem) from error

    def to_day(value: Any) -> date:
        micros = to_instant(value, zone=UTC, date_format=None, day_first=day_first)
        return _EPOCH + timedelta(days=micros // _DAY_MICROS)

    starts, ends = start.each(to_day), end.each(to_day, is_optional=True)
    named = [day for day in (*starts, *ends) if day is not None and day <= today]
    until = max(named, default=today)
    for row, first, last in zip(start.rows, starts, ends, strict=True):
        if first > today:
            late = N_("The contract begins on {start}, which is still to come.")
            raise start.rejected(row, FieldError(late, {"start": first}))
        if last is not None and last < first:
            before = N_("The contract ends on {end}, before it begins on {start}.")
            raise end.rejected(row, FieldError(before, {"start": first, "end": last}))
    ended = np.array([last is not None and last <= until for last in ends], dtype=np.bool_)
    lasts = [last if has_ended else until for last, has_ended in zip(ends, ended, strict=True)]
    days = np.array([(last - first).days for first, last in zip(starts, lasts, strict=True)], dtype=np.float64)
    return days, ended, until


def _durations(cells: _Cells) -> NDArray[np.float64]:
    try:
        decimal = find_decimal((), cells.values)
    except BadValue as error:
        raise ImportFailed("{file}: {problem}", file=cells.file, problem=error.problem) from error

    def read(value: Any) -> float:
        found = to_money(value, decimal=decimal, is_rounded=True) / 10_000
        if found < 0:
            raise BadValue(N_("'{value}' is below 0; a contract cannot last less than no time."), value=shown(value))
        return found

    return np.array(cells.each(read), dtype=np.float64)


def _answer(value: Any) -> bool:
    answer = _ANSWERS.get(str(value).casefold())
    if answer is None:
        raise BadValue(N_("'{value}' does not say whether the contract ended; expected yes or no."), value=shown(value))
    return answer


def _properties(values: Mapping[str, list[Any]]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    found: dict[str, pd.Series] = {}
    left_out: list[str] = []
    n = len(next(iter(values.values()), []))
    for column, cells in values.items():
        known = [value for value in cells if value is not None]
        numbers = pd.to_numeric(pd.Series([str(value) for value in known], dtype=object), errors="coerce")
        is_number = bool(known) and not any(isinstance(value, bool) for value in known) and numbers.notna().all()
        kinds = len({str(value) for value in cells})
        if kinds < 2 or (not is_number and kinds > MOST_CATEGORIES) or len(found) == MOST_PROPERTIES:
            left_out.append(column)
        elif is_number and not (kinds == n and _counts(numbers)):
            filled = np.full(len(cells), np.nan)
            filled[[value is not None for value in cells]] = numbers.to_numpy(np.float64)
            found[column] = pd.Series(filled)
        elif is_number:
            left_out.append(column)
        else:
            found[column] = pd.Series([None if value is None else str(value) for value in cells], dtype=object)
    return pd.DataFrame(found, index=range(n)), tuple(left_out)


def _counts(numbers: pd.Series) -> bool:
    """Whether different whole numbers look like keys: they fill most of their range."""
    whole = bool((numbers == numbers.round()).all())
    return whole and float(numbers.max() - numbers.min()) < 2 * len(numbers)


def _list(column: Column) -> list[Any]:
    return column if isinstance(column, list) else column.to_pylist()
