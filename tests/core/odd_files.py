"""What the tests of file formats share: files of each kind, and what an import of one says."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crm_core.db.engine import Database
from crm_core.errors import ImportFailed
from tests.core.order_files import everything, rows_of, take


def refused(database: Database, path: Path, **options: Any) -> str:
    before = everything(database)
    with pytest.raises(ImportFailed) as caught:
        take(database, path, **options)
    assert everything(database) == before
    assert rows_of(database, "SELECT count(*) FROM imports") == [(0,)]
    return str(caught.value)


def xlsx(path: Path, rows: list[list[Any]], title: str = "Orders") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


LINES = "".join(f"{n},2024-03-01,A{n},Café N° {n},1,2.5,C{n},France\n" for n in range(1, 6))


def parquet(path: Path, rows: dict[str, Any]) -> Path:
    pq.write_table(pa.table(rows), path)
    return path


TYPED = {
    "order": ["1", "2"],
    "date": [datetime(2024, 3, 1, 9, 30), datetime(2024, 3, 2)],
    "code": ["A1", "B2"],
    "name": ["Mug", None],
    "qty": [2, -1],
    "price": [2.55, 0.001],
    "customer": [17850.0, float("nan")],
    "country": ["France", "France"],
}
