"""Look into a file before importing it: what it is, its columns and first rows, and which field each may be."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from crm_core.errors import FieldError, ImportFailed
from crm_core.imports.batches import OrderFile, repeats, shown_columns
from crm_core.imports.fields import ORDER_FIELDS, missing_fields, plain
from crm_core.imports.mapping import Mapping, Options
from crm_core.imports.open_file import open_file
from crm_core.imports.settle import first_batch

SHOWN_ROWS = 20


@dataclass(frozen=True)
class FileProfile:
    """A file as it was found: `rows` are the first twenty, as texts; `guesses` the column each recognised field is in.

    `size` is in bytes; `n_rows` is known only where the file says so itself; `fingerprint` tells files apart.
    """

    name: str
    format: str
    encoding: str | None
    delimiter: str | None
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    size: int
    n_rows: int | None
    fingerprint: str
    guesses: Dictionary[str, str]
    options: Options
    notes: tuple[FieldError, ...] = ()


def inspect(path: Path, name: str | None = None, options: Options | None = None) -> FileProfile:
    """What is in the file; only its beginning is read. `name` is the one it goes by, where `path` is a copy.

    Raises:
        ImportFailed: it is missing, empty, damaged, or holds no table.
    """
    options = options or Options()
    file = open_file(path, name or path.name, options)
    size = path.stat().st_size
    rows = _first_rows(file)
    identity = repr((file.name, size, file.columns, rows)).encode("utf-8", "replace")
    return FileProfile(
        name=file.name,
        format=file.format,
        encoding=file.encoding,
        delimiter=file.delimiter,
        columns=file.columns,
        rows=rows,
        size=size,
        n_rows=file.n_rows,
        fingerprint=hashlib.sha256(identity).hexdigest()[:16],
        guesses=guess_columns(file.columns),
        options=replace(
            options, encoding=file.encoding or options.encoding, delimiter=file.delimiter or options.delimiter
        ),
        notes=file.notes,
    )


def guess_columns(columns: tuple[str, ...]) -> dict[str, str]:
    """For each field the column whose name says that it holds it, best names first; no column serves two fields."""
    names = {plain(column): column for column in reversed(columns)}
    ranked = sorted(
        (rank, at, item.name, names[synonym])
        for at, item in enumerate(ORDER_FIELDS)
        for rank, synonym in enumerate(item.synonyms)
        if synonym in names
    )
    guesses: dict[str, str] = {}
    for _rank, _at, field, column in ranked:
        if field not in guesses and column not in guesses.values():
            guesses[field] = column
    if "unit_price" in guesses:
        guesses.pop("line_total", None)
    return {item.name: guesses[item.name] for item in ORDER_FIELDS if item.name in guesses}


def guess_mapping(profile: FileProfile) -> Mapping:
    """The mapping the columns' names suggest; required fields may be missing from it."""
    return Mapping(columns=profile.guesses, options=profile.options)


def guess_complete_mapping(profile: FileProfile) -> Mapping:
    """The mapping the columns' names suggest.

    Raises:
        ImportFailed: a required field is in none of the columns, as far as their names tell, or several columns
            have the name of one field.
    """
    if missing := missing_fields(profile.guesses):
        raise ImportFailed(
            "Which column of {file} holds {fields}? Its columns are: {columns}. Say it in a mapping.",
            file=profile.name,
            fields=", ".join(missing),
            columns=shown_columns(profile.columns),
        )
    for field, column in profile.guesses.items():
        if others := repeats(column, profile.columns):
            raise ImportFailed(
                "{file} has several columns called '{column}', so it is not clear which holds {field}. Say it in a"
                " mapping: '{column}' is the first of them, and the others are called {others}.",
                file=profile.name,
                column=column,
                field=field,
                others=shown_columns(others),
            )
    return guess_mapping(profile)


def _first_rows(file: OrderFile) -> tuple[tuple[str, ...], ...]:
    batch = first_batch(file, list(file.columns))
    if batch is None:
        return ()
    columns = [
        values[:SHOWN_ROWS] if isinstance(values, list) else values.slice(0, SHOWN_ROWS).to_pylist()
        for values in batch.columns.values()
    ]
    return tuple(tuple(_text(value) for value in row) for row in zip(*columns, strict=True))


def _text(value: Any) -> str:
    if value is None or value != value:  # NaN is the one value that differs from itself
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return str(value)
