"""The file of rows that were left out: as they were, with the reason beside them, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from crm_core.errors import FieldError
from crm_core.imports.batches import Batch, OrderFile
from crm_core.imports.problems import RowProblem
from crm_core.imports.settle import LINE_COLUMN
from crm_core.imports.staging import Staging
from crm_core.spreadsheet import safe_cell

ROW_COLUMN, PROBLEM_COLUMN = "rapport_row", "rapport_problem"
_OWN = (ROW_COLUMN, LINE_COLUMN, PROBLEM_COLUMN)


@dataclass(frozen=True)
class _Reject:
    row: int
    line_no: int | None
    reason: str


def write_rejects(staged: Staging, file: OrderFile, path: Path) -> None:
    """Write every row that has a problem: its number, its line of the order, the reasons, and the file's own columns.

    The file is read once more for it, which only costs where there are rejects. A mended rejects file can be imported
    with the same mapping: the line number says which line of its order each row is.
    """
    own_columns = [column for column in file.columns if column not in _OWN]
    rejects = _rejects(staged)
    waiting = next(rejects, None)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8-sig", newline="") as target, closing(file.read(own_columns)) as batches:
        writer = csv.writer(target, quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow([*_OWN, *(safe_cell(column) for column in own_columns)])
        for batch in batches:
            broken = {item.row: item.text for item in batch.broken}
            last = max([*broken, *batch.rows[-1:].tolist()], default=0)
            while waiting is not None and waiting.row <= last:
                cells = [broken[waiting.row]] if waiting.row in broken else _cells(batch, waiting.row)
                writer.writerow([waiting.row, waiting.line_no, safe_cell(waiting.reason), *map(safe_cell, cells)])
                waiting = next(rejects, None)
            if waiting is None:
                return


def write_rows_left_out(file: OrderFile, problems: Sequence[RowProblem], path: Path) -> None:
    """Write every row that has a problem: its number, the reasons, and the file's own columns."""
    reasons = {
        row: " ".join(f"{item.column}: {item.problem}" if item.column else str(item.problem) for item in found)
        for row, found in groupby(problems, key=lambda problem: problem.row)
    }
    own_columns = [column for column in file.columns if column not in _OWN]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8-sig", newline="") as target, closing(file.read(own_columns)) as batches:
        writer = csv.writer(target, quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow([ROW_COLUMN, PROBLEM_COLUMN, *map(safe_cell, own_columns)])
        for batch in batches:
            broken = {item.row: item.text for item in batch.broken}
            for row in sorted({*batch.rows.tolist(), *broken} & reasons.keys()):
                cells = [broken[row]] if row in broken else _cells(batch, row)
                writer.writerow([row, safe_cell(reasons[row]), *map(safe_cell, cells)])


def _rejects(staged: Staging) -> Iterator[_Reject]:
    sql = """SELECT p.row, q.line_no, p."column", p.template, p.params
             FROM problems p LEFT JOIN positions q ON q.row = p.row ORDER BY p.row, p."column" """
    rows = (row for chunk in staged.chunks(sql) for row in chunk)
    for (row, line_no), found in groupby(rows, key=lambda item: item[:2]):
        reasons = []
        for _row, _line, column, template, params in found:
            words = str(FieldError(template, json.loads(params)))
            reasons.append(f"{column}: {words}" if column else words)
        yield _Reject(row, line_no, " ".join(reasons))


def _cells(batch: Batch, row: int) -> list[Any]:
    at = int(np.searchsorted(batch.rows, row))
    values = [column[at] if isinstance(column, list) else column[at].as_py() for column in batch.columns.values()]
    return [value.isoformat(sep=" ") if isinstance(value, datetime) else value for value in values]
