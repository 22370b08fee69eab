"""What every kind of file is read as: columns, and batches of numbered rows."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from crm_core.errors import FieldError

BATCH_ROWS = 32_768
"""At most so many rows are in memory at a time."""

MAX_NAME = 200
"""A column's name keeps so many characters; a longer one is no name."""

MAX_LISTED = 30
"""A message lists so many columns."""

Column: TypeAlias = "pa.Array | list[Any]"
"""Values of one column: an Arrow array, or a list where a file mixes texts, numbers and dates."""


@dataclass(frozen=True)
class BrokenRow:
    """A row that cannot be split into the file's columns."""

    row: int
    text: str
    problem: FieldError


@dataclass(frozen=True)
class Batch:
    """Some rows of a file: their numbers (1 is the first after the header), and each column's values."""

    rows: np.ndarray[Any, np.dtype[np.int64]]
    columns: dict[str, Column]
    broken: tuple[BrokenRow, ...] = ()

    @property
    def n_read(self) -> int:
        """Rows of the file this batch stands for."""
        return len(self.rows) + len(self.broken)


@dataclass(frozen=True)
class OrderFile:
    """A file that has been looked at: what it is, its columns, and a way to read it as often as needed.

    `read(columns)` gives the named columns in batches; `notes` says what a person should know about how it was read.
    """

    name: str
    format: str  # csv, xlsx, parquet, json
    columns: tuple[str, ...]
    read: Callable[[Sequence[str]], Generator[Batch]]
    encoding: str | None = None
    delimiter: str | None = None
    n_rows: int | None = None  # where the file says so itself
    notes: tuple[FieldError, ...] = ()


def unique_names(header: Sequence[object]) -> tuple[str, ...]:
    """Column names of a header row: trimmed, nameless ones numbered, a repeated one with its number behind it."""
    names: dict[str, None] = {}
    for number, cell in enumerate(header, 1):
        text = ("" if cell is None else str(cell))[:MAX_NAME].encode("utf-8", "replace").decode()
        name = text.strip().lstrip("\ufeff") or f"column {number}"
        while name in names:
            name = f"{name} ({number})"
        names[name] = None
    return tuple(names)


def repeats(name: str, columns: Sequence[str]) -> list[str]:
    """What `unique_names` made of further columns that the file calls by this name too."""
    return [column for number, column in enumerate(columns, 1) if column == f"{name} ({number})"]


def shown_columns(columns: Sequence[str]) -> str:
    """The columns' names as a message lists them."""
    return ", ".join(columns[:MAX_LISTED]) + (", …" if len(columns) > MAX_LISTED else "")
