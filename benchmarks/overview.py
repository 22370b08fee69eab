"""The overview of a year by months on 2,000,000 orders, beside hand-written SQL and beside pandas.

Both yardsticks must give the same numbers, which is asserted. The analysis runs as it does in the worker, and the SQL
on the same files with the same memory.
"""

from __future__ import annotations

import tempfile
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.overview_pandas import Numbers, by_pandas
from benchmarks.table import Context, Line, costs, timed
from crm_core.access import EVERYTHING
from crm_core.analytics.overview import OverviewParams, OverviewReport, overview
from crm_core.analytics.periods import Period
from crm_core.warehouse import Snapshot, open_snapshot
from crm_core.warehouse.duck import WORKER_MEMORY_MB

YEAR = OverviewParams(Period(date(2025, 11, 1), date(2026, 11, 1)), grain="month")
MONTH = OverviewParams(Period(date(2026, 10, 1), date(2026, 11, 1)), grain="day")
SQL = (Path(__file__).parent / "overview.sql").read_text()


def run(context: Context) -> list[Line]:
    """A year by months and a month by days; pandas reads the database itself, as a page without a warehouse would."""
    workspace = context.big
    workspace.warehouse.refresh()
    lines: list[Line] = []
    with (
        tempfile.TemporaryDirectory() as spill,
        workspace.warehouse.open() as held,
        open_snapshot(held.folder, held.version, held.timezone) as snapshot,
    ):
        tables = snapshot.tables(EVERYTHING)
        for name, params in (("a month by days", MONTH), ("a year by months", YEAR)):
            wanted = numbers_of(overview(tables, params))
            connection = _connection(snapshot, spill)
            assert by_sql(connection, params) == wanted
            ours, ours_cpu = costs(partial(overview, tables, params), repeat=5)
            hand = timed(partial(by_sql, connection, params))
            connection.close()
            lines.append(Line(f"overview of {name}", ours, "hand-written DuckDB SQL", hand, 2.0))
        # The year came last: its numbers and its time go beside pandas as well.
    found: list[Numbers] = []
    slow, slow_cpu = costs(lambda: found.append(by_pandas(workspace, YEAR)))
    assert all(numbers == wanted for numbers in found)
    name, yardstick = "overview of a year by months", "pandas.read_sql and groupby"
    return [
        *lines,
        Line(name, ours, yardstick, slow, 20.0, better="at least"),
        Line(f"{name}, CPU time", ours_cpu, yardstick, slow_cpu, None, better="at least"),
    ]


def numbers_of(report: OverviewReport) -> Numbers:
    """The report's numbers in plain values, money in ten-thousandths."""
    assert report.compared_series is not None
    kpis = {name: (_plain(kpi.value), _plain(kpi.previous)) for name, kpi in report.kpis.metrics.items()}
    counted = ("gross_sales", "refunds", "discounts", "orders", "active_customers", "new_customers")
    return {
        **{name: pair for name, pair in kpis.items() if name in KPIS},
        "series": [
            [(row["start"], *(_plain(row[name]) or 0 for name in counted)) for row in series.to_dict("records")]
            for series in (report.series, report.compared_series)
        ],
        "bridge": {row.component: (_plain(row.amount), row.customers) for row in report.bridge.itertuples()},
        "drivers": {
            (row.dimension, row.value): (_plain(row.current), _plain(row.previous))
            for row in report.drivers.itertuples()
        },
    }


KPIS = (
    "gross_sales", "refunds", "discounts", "orders", "active_customers", "new_customers", "returning_customers",
    "resurrected_customers", "dormant_customers", "adjustments_charged", "adjustments_credited", "billed_guests",
)  # fmt: skip


def _plain(value: Any) -> Any:
    return int(value.scaleb(4)) if isinstance(value, Decimal) else value


def _connection(snapshot: Snapshot, spill: str) -> duckdb.DuckDBPyConnection:
    """DuckDB on the snapshot's own files, with the memory, threads and zone the analyses have."""
    connection = duckdb.connect(
        config={"memory_limit": f"{WORKER_MEMORY_MB}MB", "temp_directory": spill, "enable_external_file_cache": "false"}
    )
    connection.execute(f"SET TimeZone = '{snapshot.timezone}'")
    for table in ("orders", "order_lines", "products"):
        files = [str(snapshot.folder / block.file) for block in snapshot._manifest.tables[table].blocks]
        connection.read_parquet(files).create_view(table)
    return connection


def by_sql(connection: duckdb.DuckDBPyConnection, params: OverviewParams) -> Numbers:
    """What overview.sql finds, arranged as `numbers_of`."""
    period, compared = params.period, params.compared
    assert compared is not None
    values = {
        "start": period.start, "stop": period.end, "before": compared.start, "before_that": compared.previous().start,
        "grain": params.grain,
    }  # fmt: skip
    lines, months, people, moves = (
        connection.execute(
            statement, {name: value for name, value in values.items() if f"${name}" in statement}
        ).fetchall()
        for statement in SQL.split(";")[:4]
    )
    sums = {is_now: rest for is_now, *rest in lines}
    now, then = sums[True], sums[False]
    person = dict(zip(PEOPLE, people[0], strict=True))
    names = ("gross_sales", "refunds", "discounts", "adjustments_charged", "adjustments_credited", "billed_guests")
    found: Numbers = {name: (now[i], then[i]) for i, name in enumerate(names)}
    for name in ("active", "new", "returning", "resurrected", "dormant"):
        found[f"{name}_customers"] = (person[f"{name}_now"], person[f"{name}_then"])
    found["orders"] = tuple(sum(row[5] for row in months if row[0] is is_now) for is_now in (True, False))
    found["series"] = [
        [(max(day, first), *rest) for is_now, day, *rest in months if is_now is wanted]
        for wanted, first in ((True, period.start), (False, compared.start))
    ]
    bridge = {name: (person[f"{name}_amount"], person[f"{name}_customers"]) for name in BRIDGE}
    found["bridge"] = bridge | {"guests": (now[6] - then[6], 0)}
    found["drivers"] = {(dimension, value): (current, previous) for dimension, value, current, previous in moves}
    return found


BRIDGE = ("new", "resurrected", "expansion", "contraction", "dormant")
LIFECYCLE = ("active", "new", "returning", "resurrected", "dormant")
PEOPLE = (
    *(
        f"{name}_{when}"
        for when in ("now", "then")
        for name in ("active", "new", "returning", "resurrected", "dormant")
    ),
    *(f"{name}_{what}" for name in BRIDGE for what in ("amount", "customers")),
)
