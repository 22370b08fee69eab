"""The retention triangle and the life cycle by months on 2,000,000 orders, beside pandas, which must find the same.

pandas is measured with and without reading the tables: without a warehouse a page would read them at each question.
"""

from __future__ import annotations

import time
from datetime import date
from functools import partial
from typing import Any, cast

from benchmarks.cohorts_pandas import course_of, rows_of, triangle_of
from benchmarks.table import Context, Line, timed
from crm_core.access import EVERYTHING
from crm_core.analytics.cohorts import CohortParams, CohortReport, cohorts
from crm_core.analytics.lifecycle import LifecycleParams, LifecycleReport, lifecycle
from crm_core.analytics.periods import Period
from crm_core.warehouse import open_snapshot

PERIOD = Period(date(2024, 5, 1), date(2026, 11, 1))
READ, KNOWN = "pandas.read_sql and groupby", "the same, tables read before"


def run(context: Context) -> list[Line]:
    """Both analyses as a worker runs them, on the snapshot; pandas reads the database itself."""
    workspace = context.big
    workspace.warehouse.refresh()
    with (
        workspace.warehouse.open() as held,
        open_snapshot(held.folder, held.version, held.timezone) as snapshot,
    ):
        tables = snapshot.tables(EVERYTHING)
        retention = partial(cohorts, tables, CohortParams(PERIOD))
        course = partial(lifecycle, tables, LifecycleParams(PERIOD))
        ours = {"retention triangle": timed(retention), "life cycle": timed(course)}
        wanted = {"retention triangle": _triangle(retention()), "life cycle": _course(course())}
    start = time.perf_counter()
    rows = rows_of(workspace)
    reading = time.perf_counter() - start
    lines: list[Line] = []
    for name, by_pandas in (("retention triangle", triangle_of), ("life cycle", course_of)):
        found: list[Any] = []
        seconds = timed(lambda work=by_pandas, into=found: into.append(work(rows, PERIOD)))  # type: ignore[misc]
        assert all(numbers == wanted[name] for numbers in found)
        lines.append(Line(f"{name} by months", ours[name], READ, reading + seconds, 20.0, better="at least"))
        lines.append(Line(f"{name} by months", ours[name], KNOWN, seconds, None, better="at least"))
    return lines


def _triangle(report: CohortReport) -> dict[tuple[date, int], tuple[int, int]]:
    """Customers retained and net sales so far in ten-thousandths, by cohort and window."""
    cells = report.cells[["cohort", "offset", "retained", "net_sales"]].itertuples(index=False, name=None)
    return {(cohort, offset): (retained, int(net.scaleb(4))) for cohort, offset, retained, net in cells}


def _course(report: LifecycleReport) -> list[tuple[Any, ...]]:
    """Month, new, returning, resurrected, dormant."""
    shown = report.course[["start", "new", "returning", "resurrected", "dormant"]]
    return cast("list[tuple[Any, ...]]", list(shown.itertuples(index=False, name=None)))
