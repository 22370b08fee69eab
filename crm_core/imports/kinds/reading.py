"""Read a file of records: every value read or refused in words, rows of one record together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from crm_core.db.types import from_e4, from_micros
from crm_core.errors import FieldError, ImportFailed
from crm_core.imports.batches import OrderFile
from crm_core.imports.countries import country_code
from crm_core.imports.dates import find_day_first, to_instant
from crm_core.imports.kinds.fields import KIND_FIELDS, KindField
from crm_core.imports.kinds.mapping import KindMapping
from crm_core.imports.numbers import find_decimal, to_money
from crm_core.imports.open_file import open_file
from crm_core.imports.problems import BadValue, RowProblem, shown
from crm_core.imports.rows import FieldValues, read_column
from crm_core.imports.settle import SAMPLE_ROWS, find_column, first_batch, sample
from crm_core.imports.values import FieldReader, to_email, to_text
from crm_core.translation import N_

_YES = frozenset({"true", "yes", "y", "1", "是", "ja", "oui", "si", "sí"})
_NO = frozenset({"false", "no", "n", "0", "否", "nein", "non"})


@dataclass(frozen=True)
class ReadFile:
    """A file that was read: the good rows as (number, values by field), how many rows there were, and the bad ones."""

    file: OrderFile
    mapping: KindMapping
    rows: list[tuple[int, dict[str, Any]]]
    n_read: int
    problems: list[RowProblem]


def read_file(path: Path, name: str, mapping: KindMapping, timezone: str) -> ReadFile:
    """Read all of a file.

    Raises:
        ImportFailed: it cannot be read as what it should be, or does not fit the mapping.
    """
    file = open_file(path, name, mapping.options)
    mapping = _settled(mapping, file)
    zone = ZoneInfo(mapping.options.timezone or timezone)
    fields = {item.name: item for item in KIND_FIELDS[mapping.kind] if item.name in mapping.columns}
    readers = {name: _reader(item, mapping, zone) for name, item in fields.items()}
    rows: list[tuple[int, dict[str, Any]]] = []
    problems: list[RowProblem] = []
    n_read = 0
    with closing(file.read(list(dict.fromkeys(mapping.columns.values())))) as batches:
        for batch in batches:
            n_read += batch.n_read
            bad = [RowProblem(item.row, None, shown(item.text), item.problem.template) for item in batch.broken]
            values: dict[str, FieldValues] = {}
            for field, column in mapping.columns.items():
                values[field], wrong = read_column(batch.columns[column], readers[field])
                bad += _wrong(batch.rows.tolist(), column, values[field], wrong, is_needed=fields[field].is_required)
            is_bad = {problem.row for problem in bad}
            rows += [row for row in _rows(batch.rows.tolist(), values) if row[0] not in is_bad]
            problems += bad
    return ReadFile(file, mapping, rows, n_read, sorted(problems, key=lambda problem: problem.row))


def words_in(path: Path, name: str, mapping: KindMapping, field: str, *, most: int = 40) -> list[str]:
    """The different words of the field's column among the first rows, in their order, at most so many.

    Raises:
        ImportFailed: the file cannot be read, or lacks the column.
    """
    file = open_file(path, name, mapping.options)
    column = find_column(mapping.columns[field], file)
    found = (str(value).strip() for value in sample(first_batch(file, [column]), column) if value is not None)
    return [word for word in dict.fromkeys(found) if word not in mapping.options.missing][:most]


def repeats(path: Path, name: str, mapping: KindMapping, field: str) -> bool:
    """Whether the first rows have a value of the field more than once, as those of a log do.

    Raises:
        ImportFailed: the file cannot be read, or lacks the column.
    """
    file = open_file(path, name, mapping.options)
    column = find_column(mapping.columns[field], file)
    first = first_batch(file, [column])
    return first is not None and len(sample(first, column)) < min(len(first.rows), SAMPLE_ROWS)


def _wrong(
    rows: Sequence[int], column: str, values: FieldValues, wrong: Mapping[int, FieldError], *, is_needed: bool
) -> Iterator[RowProblem]:
    missing = N_("The value is missing; {field} is needed in every row.")
    if not wrong and not is_needed:
        return
    for row, at in zip(rows, values.at.tolist(), strict=True):
        if (problem := wrong.get(at)) is not None:
            yield RowProblem(row, column, shown(values.raw[at]), problem.template, problem.params or {})
        elif is_needed and values.read[at] is None:
            yield RowProblem(row, column, None, missing, {"field": column})


def _rows(rows: Sequence[int], values: Mapping[str, FieldValues]) -> Iterator[tuple[int, dict[str, Any]]]:
    names = list(values)
    columns = [[found.read[at] for at in found.at.tolist()] for found in values.values()]
    for row, *cells in zip(rows, *columns, strict=True):
        yield row, dict(zip(names, cells, strict=True))


def _settled(mapping: KindMapping, file: OrderFile) -> KindMapping:
    """The mapping with the file's own column names, and with day_first and decimal decided by looking."""
    columns = {field: find_column(column, file) for field, column in mapping.columns.items()}
    types = {item.name: item.type for item in KIND_FIELDS[mapping.kind]}
    options = mapping.options
    first = first_batch(file, list(dict.fromkeys(columns.values())))
    for field, column in columns.items():
        try:
            if types[field] in ("instant", "day") and options.day_first is None and options.date_format is None:
                options = replace(options, day_first=find_day_first(sample(first, column)))
            elif types[field] == "money" and options.decimal is None:
                options = replace(options, decimal=find_decimal([], sample(first, column)))
        except BadValue as error:
            raise ImportFailed(
                "{file}, column '{column}': {problem}", file=file.name, column=column, problem=error.problem
            ) from error
    return replace(mapping, columns=columns, options=options)


def _reader(item: KindField, mapping: KindMapping, zone: tzinfo) -> FieldReader:
    options, codes = mapping.options, mapping.codes.get(item.name, {})
    missing = frozenset(options.missing)

    def instant(value: object) -> datetime:
        micros = to_instant(value, zone=zone, date_format=options.date_format, day_first=options.day_first)
        return from_micros(micros)

    def amount(value: object) -> Decimal:
        return from_e4(to_money(value, decimal=options.decimal or "."))

    def text(value: object) -> str:
        words = to_text(value, item.limit, is_whole=item.name in options.whole_numbers)
        return codes.get(words, words)

    parse: Mapping[str, Callable[[Any], Any]] = {
        "text": text,
        "code": text,
        "prose": text,
        "instant": instant,
        "day": lambda value: instant(value).astimezone(zone).date(),
        "money": amount,
        "flag": lambda value: _flag(value, codes),
        "email": to_email,
        "country": _country,
    }
    read_one = parse[item.type]

    def read(value: object) -> Any:
        if value is None or value != value:  # NaN is the one value that differs from itself
            return None
        if isinstance(value, str):
            value = value.strip()
            if value in missing:
                return None
        return read_one(value)

    return FieldReader(read, pa.null())


def _flag(value: object, codes: Mapping[str, str]) -> bool | None:
    word = str(value).strip()
    word = codes.get(word, word).casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    if not word:
        return None
    raise BadValue(N_("'{value}' is neither yes nor no."), value=shown(value))


def _country(value: object) -> str:
    text = to_text(value, 100)
    code = country_code(text)
    if code is None:
        raise BadValue(N_("'{value}' is not a country; give its name or its two-letter code."), value=shown(value))
    return code
