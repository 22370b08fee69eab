"""The snapshot of 2,000,000 orders: taking it whole, and taking up one edit."""

from __future__ import annotations

import shutil
import subprocess
import sys

from benchmarks.table import Context, Line, timed
from crm_core.access import SYSTEM
from crm_core.db.models import OrderLine
from crm_core.warehouse import Warehouse

RAW = """
import sys, time
import adbc_driver_sqlite.dbapi
import pyarrow.parquet as pq
from crm_core.warehouse.layout import TABLES
start = time.perf_counter()
with adbc_driver_sqlite.dbapi.connect(sys.argv[1]) as connection:
    for table in TABLES.values():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(table.columns)} FROM {table.name}")
            pq.write_table(cursor.fetch_arrow_table(), f"{sys.argv[2]}/{table.name}.parquet")
print(time.perf_counter() - start)
"""


def run(context: Context) -> list[Line]:
    """A full refresh beside a bare ADBC read and Parquet write of the same columns; one edit beside a full refresh."""
    workspace = context.big
    assert workspace.database.path is not None
    folder = context.folder / "warehouse"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    workspace.database.dispose()
    raw = min(_raw_seconds(str(workspace.database.path.resolve().as_uri()), str(folder)) for _ in range(3))
    warehouse = Warehouse(workspace.database, folder, timezone=workspace.timezone)
    full = timed(lambda: warehouse.refresh(full=True))
    warehouse.refresh()

    def after_an_edit(key: int) -> float:
        with workspace.write(SYSTEM, "form") as session:
            session.get_one(OrderLine, key).quantity += 1
        return timed(warehouse.refresh, repeat=1)

    one = min(after_an_edit(key) for key in (1_000_000, 2_000_000, 3_000_000))
    warehouse.close()
    shutil.rmtree(folder)
    return [
        Line("full snapshot of 2,000,000 orders", full, "bare ADBC read and Parquet write", raw, 2.0),
        Line("refresh after one edit", one, "full snapshot", full, 0.10),
    ]


def _raw_seconds(uri: str, folder: str) -> float:
    # In a process of its own: ADBC's SQLite must not meet the one this process has the database open with.
    done = subprocess.run([sys.executable, "-c", RAW, uri, folder], capture_output=True, text=True, check=True)
    return float(done.stdout)
