"""`rapport tickets`: how customer service went, and what tickets are about."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from crm_core.access import SYSTEM
from crm_core.analytics.periods import Grain, Period
from crm_core.analytics.service import ServiceReport, service
from crm_core.analytics.service_metrics import SERVICE_METRICS
from crm_core.analytics.service_params import ServiceParams, TicketFilter, workspace_days_off, workspace_hours
from crm_core.analytics.service_values import ServiceKpi
from crm_core.analytics.ticket_topics import TopicsReport, ticket_topics
from crm_core.cli.analytics import Compare
from crm_core.cli.app import app
from crm_core.cli.asking import From, To, refreshed, say, usage
from crm_core.cli.output import JsonOption, emit

_SHOWN_TOPICS = 15


@app.command()
def tickets(
    start: From,
    end: To,
    compare: Annotated[Compare, typer.Option(help="The period just before, the same dates a year ago, or nothing.")] = (
        Compare.PREVIOUS
    ),
    category: Annotated[str | None, typer.Option(help="Only tickets of this category.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only tickets of this channel.")] = None,
    priority: Annotated[str | None, typer.Option(help="Only tickets of this priority.")] = None,
    has_business_hours: Annotated[
        bool, typer.Option("--business-hours", help="Durations within the working hours of the workspace.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Service metrics, their course and topics, of the local days from --from up to, not including, --to."""
    with usage():
        period = Period.parse(start, end)
        grain: Grain = "day" if period.days <= 62 else "month"
        params = ServiceParams(period, compare.value, TicketFilter(category, channel, priority), grain=grain)
    with refreshed() as workspace:
        with workspace.database.read() as session:
            hours, days_off = workspace_hours(session), workspace_days_off(session)
        if has_business_hours and hours is None:
            raise typer.BadParameter("The workspace has no calendar of working hours.")
        params = replace(params, hours=hours if has_business_hours else None, days_off=days_off)
        report = workspace.analyses.run(service, params, actor=SYSTEM, progress=say)
        topics = workspace.analyses.run(ticket_topics, params, actor=SYSTEM, progress=say)
    emit(_data(report, topics), as_json=as_json, text=_text(report, topics))


def _data(report: ServiceReport, topics: TopicsReport) -> dict[str, Any]:
    period, compared = report.params.period, report.compared
    return {
        "from": period.start,
        "to": period.end,
        "timezone": report.timezone,
        "hours": "business" if report.params.hours else "calendar",
        "compared": None if compared is None else {"from": compared.start, "to": compared.end},
        "is_incomplete": report.is_incomplete,
        "tickets": report.n_tickets,
        "metrics": {name: _cells(kpi) for name, kpi in report.metrics.items()},
        "trend": _records(report.series),
        "flags": _records(report.flags),
        "judged_from": report.judged_from,
        "topics": _records(topics.topics),
    }


def _cells(kpi: ServiceKpi) -> dict[str, Any]:
    cells: dict[str, Any] = {"value": kpi.value, "previous": kpi.previous, "change": kpi.change, "n": kpi.n}
    metric = SERVICE_METRICS[kpi.id]
    if metric.kind == "duration":
        cells |= {"unit": metric.unit, "median": kpi.value, "p90": kpi.p90, "mean": kpi.mean}
    return cells


def _records(frame: Any) -> list[dict[str, Any]]:
    return [
        {name: None if value is None or value != value else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def _text(report: ServiceReport, topics: TopicsReport) -> str:
    period, compared = report.params.period, report.compared
    against = f", compared with {compared.start} to {compared.end}" if compared else ""
    hours = "working hours" if report.params.hours else "hours by the clock"
    unfinished = " This period is not over, or not all of it is recorded." if report.is_incomplete else ""
    head = f"{period.start} up to {period.end} ({report.timezone}){against}; {hours}.{unfinished}"
    lines = [head, *(_line(kpi) for kpi in report.metrics.values())]
    lines += [
        f"{flag.start} up to {flag.end}, {flag.category or 'all tickets'!s}: {flag.opened:,} opened, "
        f"{flag.expected:.1f} expected"
        for flag in report.flags.itertuples(index=False)
    ]
    marks = {"more": "↑", "less": "↓"}
    lines += [
        f"{marks.get(str(row.trend), ' ')} {row.topic:38}{row.n:>8,}{row.previous:>8,}   {row.kind}"
        for row in topics.topics.head(_SHOWN_TOPICS).itertuples(index=False)
    ]
    return "\n".join(lines)


def _line(kpi: ServiceKpi) -> str:
    metric = SERVICE_METRICS[kpi.id]
    change = "" if kpi.change is None else f"{kpi.change:+.1%}"
    spread = "" if kpi.p90 is None else f"   90th percentile {kpi.p90:,.1f} h, mean {kpi.mean:,.1f} h"
    shown = f"{_shown(kpi.value, metric.unit):>18}{_shown(kpi.previous, metric.unit):>18}"
    return f"{metric.name:30}{shown}{change:>10}   n = {kpi.n:,}{spread}"


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return "no data"
    if unit == "hours":
        return f"{value:,.1f} h"
    return f"{value:.1%}" if unit == "ratio" else f"{value:,}"
