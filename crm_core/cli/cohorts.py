"""`rapport cohorts`: retention and cumulative value of customers who entered together."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, cast

import pandas as pd
import typer

from crm_core.access import SYSTEM
from crm_core.analytics.cohorts import CohortParams, CohortReport
from crm_core.analytics.cohorts import cohorts as retention
from crm_core.analytics.periods import Period
from crm_core.cli.app import app
from crm_core.cli.asking import From, To, refreshed, say, usage
from crm_core.cli.output import JsonOption, emit


class Unit(StrEnum):
    """What a cohort is."""

    MONTH = "month"
    WEEK = "week"


class Criterion(StrEnum):
    """When a customer counts as retained in a window."""

    ON = "on"
    ON_OR_AFTER = "on-or-after"


class Entry(StrEnum):
    """How often a customer enters a cohort."""

    FIRST = "first"
    RECURRING = "recurring"


class Window(StrEnum):
    """Where the windows begin."""

    CALENDAR = "calendar"
    ROLLING = "rolling"


class Month(StrEnum):
    """How long a month is."""

    CALENDAR = "calendar"
    THIRTY_DAYS = "30-days"


class Mean(StrEnum):
    """How the cohorts' rates are put together."""

    WEIGHTED = "weighted"
    SIMPLE = "simple"


@app.command()
def cohorts(
    start: From,
    end: To,
    unit: Annotated[Unit, typer.Option("--period", help="Cohorts of a calendar month or a week.")] = Unit.MONTH,
    criterion: Annotated[Criterion, typer.Option(help="A sale in the window, or in it or any later one.")] = (
        Criterion.ON
    ),
    entry: Annotated[Entry, typer.Option(help="With the first ever sale, or in every period with a sale.")] = (
        Entry.FIRST
    ),
    window: Annotated[Window, typer.Option(help="Windows of the calendar, or from each customer's day of entry.")] = (
        Window.CALENDAR
    ),
    month: Annotated[Month, typer.Option(help="Calendar months, or 30 days each.")] = Month.CALENDAR,
    mean: Annotated[Mean, typer.Option(help="By cohort size, or each cohort alike.")] = Mean.WEIGHTED,
    as_json: JsonOption = False,
) -> None:
    """Retention and value by cohort, of sales from the day --from up to, not including, the day --to."""
    with usage():
        params = CohortParams(
            Period.parse(start, end), unit.value, entry.value, window.value, criterion.value, month.value, mean.value
        )
    with refreshed() as workspace:
        report = workspace.analyses.run(retention, params, actor=SYSTEM, progress=say)
        currency = workspace.currency
    emit(_data(report), as_json=as_json, text=_text(report, currency))


def _data(report: CohortReport) -> dict[str, Any]:
    return {
        "from": report.params.period.start,
        "to": report.params.period.end,
        "timezone": report.timezone,
        "known_until": report.known_until,
        "choices": _choices(report.params),
        "cohorts": [_cohort(row, cells) for row, cells in _by_cohort(report)],
        "means": [{name: _plain(value) for name, value in row.items()} for row in report.means.to_dict("records")],
    }


def _choices(params: CohortParams) -> dict[str, str]:
    return {
        "period": params.unit,
        "entry": params.entry,
        "window": params.window,
        "criterion": params.criterion,
        "month": params.month,
        "mean": params.mean,
    }


def _by_cohort(report: CohortReport) -> list[tuple[Any, pd.DataFrame]]:
    rows = list(report.cohorts.itertuples(index=False))
    return [(row, report.cells[report.cells["cohort"] == row.start]) for row in rows]


def _cohort(row: Any, cells: pd.DataFrame) -> dict[str, Any]:
    return {
        "start": row.start,
        "end": row.end,
        "size": row.size,
        "is_complete": row.is_complete,
        "retained": cells["retained"].tolist(),
        "rates": [_plain(rate) for rate in cells["rate"]],
        "intervals": [[_plain(low), _plain(high)] for low, high in zip(cells["low"], cells["high"], strict=True)],
        "complete": cells["is_complete"].tolist(),
        "net_sales": cells["net_sales"].tolist(),
        "value": cells["value"].tolist(),
    }


def _plain(value: Any) -> Any:
    """The value; None where there is none."""
    return None if value is None or value != value else value


def _text(report: CohortReport, currency: str) -> str:
    params = report.params
    how = ", ".join(f"{name} {value}" for name, value in _choices(params).items())
    head = (
        f"{params.period.start} up to {params.period.end} ({report.timezone}); {how}.\n"
        "Customers of each cohort and their share retained in window 0, 1, 2, …; ~ marks what is not over and is left "
        "out of the mean."
    )
    lines = [
        f"{row.start!s:12}{row.size:>9,}  " + "".join(_share(cell) for cell in cells.itertuples(index=False))
        for row, cells in _by_cohort(report)
    ]
    if not lines:
        return f"{head}\nNo known customer entered in this period."
    means = report.means
    lines.append(f"{'mean':12}{'':9}  " + "".join(f"{rate:>8.1%} " for rate in means["rate"]))
    values = cast("list[Decimal]", means["value"].tolist())
    lines.append(f"{'value':12}{currency:>9}  " + "".join(f"{value:>8,.2f} " for value in values))
    return "\n".join([head, *lines, "value: net sales so far for each customer who entered, as a mean of the cohorts"])


def _share(cell: Any) -> str:
    mark = " " if cell.is_complete else "~"
    return f"{'no data':>8}{mark}" if cell.rate != cell.rate else f"{cell.rate:>8.1%}{mark}"
