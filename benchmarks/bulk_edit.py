"""A bulk edit of 100,000 rows beside the bare statements that leave the same rows and the same history."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any

from benchmarks.record_fill import records_workspace
from benchmarks.table import Context, Line
from crm_core.access import SYSTEM
from crm_core.records.bulk_edit import bulk_edit
from crm_core.records.record_list import RecordQuery
from crm_core.records.relations import ACTIVITIES

CUSTOMERS, ROWS = 70_000, 100_000
REPEAT = 3


def run(context: Context) -> list[Line]:
    """The same edit, by the service and by hand, each on a fresh copy of the same database; the fastest of three."""
    kept = context.folder / f"records-{CUSTOMERS}"
    records_workspace(kept, CUSTOMERS).close()
    seconds: dict[str, list[tuple[float, float]]] = {"service": [], "bare": []}
    for _ in range(REPEAT):
        for name, edit in (("service", _by_service), ("bare", _by_hand)):
            copy = context.folder / "bulk-edit"
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(kept, copy)
            seconds[name].append(edit(copy))
            shutil.rmtree(copy)
    name, beside = f"bulk edit of {ROWS:,} rows", "a bare UPDATE and the insert of its history"
    (clock, cpu), (bare_clock, bare_cpu) = (
        tuple(map(min, zip(*seconds[key], strict=True))) for key in ("service", "bare")
    )
    return [Line(name, clock, beside, bare_clock, 3), Line(f"{name}, CPU", cpu, beside, bare_cpu, None)]


def _by_service(folder: Path) -> tuple[float, float]:
    workspace = records_workspace(folder, CUSTOMERS)
    try:
        start, start_cpu = time.perf_counter(), time.process_time()
        with workspace.write(SYSTEM, "bulk_edit") as session:
            query = RecordQuery(ids=None, filters={"kind": ["call", "email", "meeting", "note"]})
            result = bulk_edit(session=session, actor=SYSTEM, kind=ACTIVITIES, query=query, values={"minutes": 25})
        took = time.perf_counter() - start, time.process_time() - start_cpu
    finally:
        workspace.close()
    if result.changed < ROWS:
        raise AssertionError(f"{result.changed:,} of {ROWS:,} rows were changed")
    scale = ROWS / result.changed
    return took[0] * scale, took[1] * scale


def _by_hand(folder: Path) -> tuple[float, float]:
    """One UPDATE and one executemany of its history, in one transaction, with the settings the app has."""
    connection = sqlite3.connect(next(folder.rglob("*.db")), isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    start, start_cpu = time.perf_counter(), time.process_time()
    connection.execute("BEGIN IMMEDIATE")
    rows = connection.execute("SELECT id, version, minutes FROM activities WHERE minutes <> 25").fetchall()
    set_id = connection.execute(
        "INSERT INTO change_sets (at, actor_name, cause) VALUES (0, 'by hand', 'bulk_edit')"
    ).lastrowid
    after = json.dumps({"minutes": 25})
    history: list[tuple[Any, ...]] = [
        (set_id, "activities", row_id, version + 1, "update", json.dumps({"minutes": minutes}), after)
        for row_id, version, minutes in rows
    ]
    connection.executemany(
        'INSERT INTO changes (change_set_id, table_name, row_id, row_version, op, "before", after)'
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        history,
    )
    connection.execute("UPDATE activities SET minutes = 25, version = version + 1 WHERE minutes <> 25")
    connection.execute("COMMIT")
    took = time.perf_counter() - start, time.process_time() - start_cpu
    connection.close()
    scale = ROWS / len(rows)
    return took[0] * scale, took[1] * scale
