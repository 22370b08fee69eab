"""Check a batch of rows: every value read, every problem said in words, and what kind of line each row is.

Columns repeat themselves: a batch of 32,768 rows has a few thousand different values. Each different value is read
once, with all the care that takes, and the rest is done on whole arrays.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from crm_core.db.models import LineKind
from crm_core.errors import FieldError
from crm_core.imports.batches import Batch, Column
from crm_core.imports.fields import ORDER_FIELDS
from crm_core.imports.mapping import Mapping
from crm_core.imports.numbers import amounts, unit_prices
from crm_core.imports.problems import BadValue, RowProblem, shown
from crm_core.imports.values import UNKNOWN_COUNTRY, FieldReader, field_readers
from crm_core.translation import N_

_TEXTS = ("order_number", "customer_ref", "customer_name", "customer_email", "product_code", "product_name", "category")
_WHOLES = ("line_no", "ordered_at", "quantity", "unit_price_e4", "amount_e4", "discount_e4")
ROW_SCHEMA = pa.schema(
    [("row", pa.int64()), ("is_good", pa.bool_())]
    + [(name, pa.string()) for name in (*_TEXTS, "country", "region", "channel", "kind")]
    + [(name, pa.int64()) for name in _WHOLES]
)
"""What a checked row holds; amounts in ten-thousandths, instants in microseconds since 1970 UTC."""

_REQUIRED = frozenset(item.name for item in ORDER_FIELDS if item.is_required)
Flags: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]
Whole: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"


@dataclass(frozen=True)
class CheckedRows:
    """A batch after the checks: its rows as ROW_SCHEMA, the problems found, and country names without a code."""

    rows: pa.Table
    problems: list[RowProblem]
    unknown_countries: frozenset[str]


@dataclass(frozen=True)
class FieldValues:
    """One field's values: the different ones as they are in the file, as they were read, and which row has which."""

    raw: list[Any]
    read: list[Any]
    at: Whole  # index into `read`; the last one, None, where the row has no value
    type: pa.DataType

    def array(self) -> pa.Array:
        return pa.array(self.read, self.type).take(pa.array(self.at))

    def numbers(self) -> Whole:
        values: Whole = np.array([value or 0 for value in self.read], np.int64)[self.at]
        return values

    def flags(self, test: Callable[[Any], bool]) -> Flags:
        flags: Flags = np.array([value is not None and test(value) for value in self.read], np.bool_)[self.at]
        return flags

    def is_missing(self) -> Flags:
        flags: Flags = np.array([value is None for value in self.read], np.bool_)[self.at]
        return flags


class RowChecker:
    """Checks batch after batch of one file."""

    def __init__(self, mapping: Mapping, zone: tzinfo) -> None:
        self._mapping = mapping
        self._readers = field_readers(mapping, zone)

    def check(self, batch: Batch) -> CheckedRows:
        """The batch's rows with every value read, and the problems in the order of the rows."""
        n = len(batch.rows)
        is_good = np.ones(n, np.bool_)
        problems = [_problem(item.row, None, shown(item.text), item.problem) for item in batch.broken]
        values: dict[str, FieldValues] = {}
        for field, column in self._mapping.columns.items():
            values[field], bad = read_column(batch.columns[column], self._readers[field])
            for at, problem in bad.items():
                hit = values[field].at == at
                is_good &= ~hit
                problems += [
                    _problem(int(row), column, shown(values[field].raw[at]), problem) for row in batch.rows[hit]
                ]
            if field in _REQUIRED or field == "line_number":
                empty = values[field].is_missing() & ~np.isin(values[field].at, list(bad))
                is_good &= ~empty
                missing = FieldError(N_("The value is missing; {field} is needed in every row."), {"field": field})
                problems += [_problem(int(row), column, None, missing) for row in batch.rows[empty]]
        columns = self._amounts(batch, values, is_good, problems)
        columns["kind"] = self._kinds(values, columns["quantity"], columns["unit_price_e4"])
        countries = _countries(values)
        columns |= {name: values[name].array() for name in (*_TEXTS, "channel") if name in values} | countries.columns
        columns |= {"row": batch.rows, "is_good": is_good, "ordered_at": values["ordered_at"].array()}
        if "line_number" in values:
            columns["line_no"] = values["line_number"].array()
        if "discount" in values:
            columns["discount_e4"] = values["discount"].array()
        table = pa.table(
            [
                pa.array(columns[item.name], item.type) if item.name in columns else pa.nulls(n, item.type)
                for item in ROW_SCHEMA
            ],
            schema=ROW_SCHEMA,
        )
        return CheckedRows(table, sorted(problems, key=lambda problem: problem.row), countries.unknown)

    def _amounts(
        self, batch: Batch, values: dict[str, FieldValues], is_good: Flags, problems: list[RowProblem]
    ) -> dict[str, Any]:
        quantity = values["quantity"].numbers()
        if "unit_price" in values:
            field, price = "unit_price", values["unit_price"].numbers()
            amount, is_too_large = amounts(quantity, price)
            wrong = [(is_too_large, N_("The amount, quantity times unit price, is larger than an amount can be."))]
        else:
            field, amount = "line_total", values["line_total"].numbers()
            price = unit_prices(amount, quantity)
            wrong = [
                (
                    (quantity == 0) & (amount != 0),
                    N_("The quantity is 0 but the line's total is not, so there is no unit price."),
                ),
                (
                    (quantity < 0) & (amount > 0),
                    N_("The quantity is negative but the line's total is not; a returned line has a negative total."),
                ),
            ]
        for flags, template in wrong:
            for at in np.flatnonzero(flags & is_good):
                problems.append(
                    RowProblem(
                        int(batch.rows[at]), self._mapping.columns[field], _raw(values[field], int(at)), template
                    )
                )
                is_good[at] = False
        return {"quantity": quantity, "unit_price_e4": price, "amount_e4": amount}

    def _kinds(self, values: dict[str, FieldValues], quantity: Any, price: Any) -> pa.Array:
        """What kind of line each row is; the rules are the mapping's, and the first that fits decides."""
        rules = self._mapping.rules
        numbers = values["order_number"]
        tests: list[tuple[Flags, str]] = [
            (numbers.flags(lambda number: number.startswith(rules.refund_order_prefixes)), LineKind.REFUND),
            (numbers.flags(lambda number: number.startswith(rules.adjustment_order_prefixes)), LineKind.ADJUSTMENT),
            (quantity < 0, rules.negative_quantity),
            (price < 0, LineKind.ADJUSTMENT),  # money given is no sale
        ]
        if "product_code" in values:
            tests.insert(2, (values["product_code"].flags(rules.is_adjustment_code), LineKind.ADJUSTMENT))
        kinds = [kind.value for kind in LineKind]
        chosen = np.select(
            [flags for flags, _kind in tests], [kinds.index(kind) for _flags, kind in tests], kinds.index(LineKind.SALE)
        )
        return pa.array(kinds).take(pa.array(chosen))


@dataclass(frozen=True)
class _Countries:
    columns: dict[str, pa.Array]
    unknown: frozenset[str]


def _countries(values: dict[str, FieldValues]) -> _Countries:
    """The country codes, and the regions: the file's own, else the country's name where it has no code."""
    regions = values["region"].array() if "region" in values else None
    if "country" not in values:
        return _Countries({} if regions is None else {"region": regions}, frozenset())
    countries = values["country"]
    unknown = [(value or "").startswith(UNKNOWN_COUNTRY) for value in countries.read]
    codes = [None if is_unknown else value for value, is_unknown in zip(countries.read, unknown, strict=True)]
    names = [value[1:] if is_unknown else None for value, is_unknown in zip(countries.read, unknown, strict=True)]
    at = pa.array(countries.at)
    kept = pa.array(names, pa.string()).take(at)
    return _Countries(
        {
            "country": pa.array(codes, pa.string()).take(at),
            "region": kept if regions is None else pa.compute.coalesce(regions, kept),
        },
        frozenset(name for name in names if name is not None),
    )


def read_column(column: Column, reader: FieldReader) -> tuple[FieldValues, dict[int, FieldError]]:
    """The column's values read, each different one once; and by its index what is wrong with each bad one."""
    raw, at = _distinct(column)
    read: list[Any] = []
    bad: dict[int, FieldError] = {}
    for index, value in enumerate(raw):
        try:
            read.append(reader.read(value))
        except BadValue as error:
            read.append(None)
            bad[index] = error.problem
    read.append(None)
    return FieldValues([*raw, None], read, np.where(at < 0, len(raw), at), reader.type), bad


def _distinct(column: Column) -> tuple[list[Any], Whole]:
    if isinstance(column, list):
        seen: dict[tuple[type, Any], int] = {}  # 1, 1.0 and True are equal, but not written alike
        at = [-1 if value is None else seen.setdefault((type(value), value), len(seen)) for value in column]
        return [value for _type, value in seen], np.array(at, np.int64)
    encoded = column.dictionary_encode()
    return encoded.dictionary.to_pylist(), encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)


def _problem(row: int, column: str | None, value: str | None, problem: FieldError) -> RowProblem:
    return RowProblem(row, column, value, problem.template, problem.params or {})


def _raw(values: FieldValues, row: int) -> str | None:
    value = values.raw[values.at[row]]
    return None if value is None else shown(value)


def problem_columns(problems: list[RowProblem]) -> pa.Table:
    """The problems as a table of row, column, value, template and params (JSON), as they are staged."""
    return pa.table(
        {
            "row": pa.array([item.row for item in problems], pa.int64()),
            "column": pa.array([item.column for item in problems], pa.string()),
            "value": pa.array([item.value for item in problems], pa.string()),
            "template": pa.array([item.template for item in problems], pa.string()),
            "params": pa.array([json.dumps(dict(item.params)) for item in problems], pa.string()),
        }
    )
