"""The service report of a year by months on 1,000,000 tickets with 10,000,000 events, beside hand-written SQL.

The SQL must give the same metrics of the period, of the compared one and of each month of both, which is asserted. The
analysis runs as it does in the worker and gives its whole report, with groups, hours, ages and flags, which the SQL
leaves out; the SQL runs on the same files with the same memory and threads.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pytest

from benchmarks.service_tables import files
from benchmarks.table import Context, Line, costs
from crm_core.access import EVERYTHING
from crm_core.analytics.periods import Period, buckets, day_start
from crm_core.analytics.service import ServiceReport, service
from crm_core.analytics.service_metrics import SERVICE_METRICS
from crm_core.analytics.service_params import ServiceParams
from crm_core.warehouse import Tables
from crm_core.warehouse.duck import WORKER_MEMORY_MB

ZONE = "Europe/Berlin"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
YEAR = ServiceParams(Period(date(2025, 11, 1), date(2026, 11, 1)), at=NOW, grain="month")
SQL = (Path(__file__).parent / "service.sql").read_text()
Numbers = dict[tuple[str, int], tuple[Any, ...]]


def run(context: Context) -> list[Line]:
    """A year by months."""
    paths = files(context.folder / "service")
    with tempfile.TemporaryDirectory() as spill:
        connection = _connection(paths, spill)
        tables = Tables(
            lambda name: nw.from_native(connection.table(name)).lazy(), scope=EVERYTHING, timezone=ZONE, snapshot=None,
            cursor=connection,
        )  # fmt: skip
        assert_same(numbers_of(service(tables, YEAR)), by_sql(connection))
        ours, ours_cpu = costs(partial(service, tables, YEAR))
        hand, hand_cpu = costs(partial(by_sql, connection))
        connection.close()
    name, yardstick = "service report of a year by months, 1,000,000 tickets", "hand-written DuckDB SQL, metrics only"
    return [
        Line(name, ours, yardstick, hand, 2.0),
        Line(f"{name}, CPU time", ours_cpu, yardstick, hand_cpu, None),
    ]


def windows(params: ServiceParams) -> list[Period]:
    """The period, the compared one, and the months of both."""
    assert params.compared is not None
    both = (params.period, params.compared)
    return [*both, *(Period(unit.start, unit.end) for period in both for unit in buckets(period, params.grain))]


def numbers_of(report: ServiceReport) -> Numbers:
    """Of each metric and window: n, and what it comes to (of durations median, 90th percentile and mean)."""
    found: Numbers = {}
    assert report.compared_series is not None
    for name, metric in SERVICE_METRICS.items():
        kpi = report.metrics[name]
        found[name, 0] = (kpi.n, kpi.value, kpi.p90, kpi.mean) if metric.kind == "duration" else (kpi.n, kpi.value)
        found[name, 1] = (kpi.previous_n, kpi.previous)
        rows = [*report.series.to_dict("records"), *report.compared_series.to_dict("records")]
        for number, row in enumerate(rows, 2):
            columns = (f"{name}_n", name, f"{name}_p90", f"{name}_mean")
            found[name, number] = tuple(row[column] for column in columns if column in row)
    return found


def by_sql(connection: duckdb.DuckDBPyConnection) -> Numbers:
    """What service.sql finds, arranged as `numbers_of`."""
    rows = [(i, *(day_start(day, ZONE) for day in (w.start, w.end))) for i, w in enumerate(windows(YEAR))]
    connection.execute("CREATE OR REPLACE TEMP TABLE w (i INT, start TIMESTAMPTZ, stop TIMESTAMPTZ)")
    connection.executemany("INSERT INTO w VALUES (?, ?, ?)", rows)
    *making, took, decided, opened, rated, resolved, backlog = SQL.split(";")
    for statement in making:
        connection.execute(statement, {"now": NOW} if "$now" in statement else {})
    found: Numbers = {(metric, i): tuple(rest) for metric, i, *rest in connection.execute(took).fetchall()}
    shares = {(metric, i): (n, met) for metric, i, n, met in connection.execute(decided).fetchall()}
    for i, _start, _stop in rows:
        parts = [shares[name, i] for name in ("sla_response", "sla_resolution")]
        shares["sla_attainment", i] = (sum(n for n, _ in parts), sum(met for _, met in parts))
    shares |= {(metric, i): (n, met) for metric, i, n, met in connection.execute(rated).fetchall()}
    for i, n, came_back, asked in connection.execute(resolved).fetchall():
        found["resolved", i] = (n, n)
        shares["reopen_rate", i], shares["csat_response", i] = (n, came_back), (n, asked)
    found |= {key: (n, met / n) for key, (n, met) in shares.items()}
    found |= {("opened", i): (n, n) for _metric, i, n, _ in connection.execute(opened).fetchall()}
    found |= {("backlog", i): (n, n) for i, n in connection.execute(backlog).fetchall()}
    return found


def assert_same(ours: Numbers, theirs: Numbers) -> None:
    """Counts alike to the last one, hours and shares to the rounding of sums."""
    assert ours.keys() == theirs.keys()
    for key, values in ours.items():
        assert values[0] == theirs[key][0], (key, values, theirs[key])
        assert list(values) == pytest.approx(list(theirs[key])[: len(values)], rel=1e-9), key


def _connection(paths: dict[str, str], spill: str) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        config={"memory_limit": f"{WORKER_MEMORY_MB}MB", "temp_directory": spill, "enable_external_file_cache": "false"}
    )
    connection.execute(f"SET TimeZone = '{ZONE}'")
    for name, path in paths.items():
        connection.execute(f"CREATE VIEW {name} AS FROM read_parquet('{path}')")
    return connection
