"""`rapport pipeline`: win rate, cycle, weighted value, velocity, forecast and the stages of the sales pipeline."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import pandas as pd
import typer

from crm_core.access import SYSTEM
from crm_core.analytics.periods import Period
from crm_core.analytics.pipeline import DealKpi, PipelineParams, PipelineReport
from crm_core.analytics.pipeline import pipeline as sales_pipeline
from crm_core.analytics.pipeline_metrics import PIPELINE_METRICS
from crm_core.cli.analytics import Compare
from crm_core.cli.app import app
from crm_core.cli.asking import From, To, money, refreshed, say, usage
from crm_core.cli.output import JsonOption, emit


@app.command()
def pipeline(
    start: From,
    end: To,
    compare: Annotated[Compare, typer.Option(help="The period just before, the same dates a year ago, or nothing.")] = (
        Compare.PREVIOUS
    ),
    as_json: JsonOption = False,
) -> None:
    """Metrics and stages of the sales pipeline. The period runs from the day --from up to, not including, --to."""
    with usage():
        params = PipelineParams(Period.parse(start, end), compare.value)
    with refreshed() as workspace:
        report = workspace.analyses.run(sales_pipeline, params, actor=SYSTEM, progress=say)
        currency = workspace.currency
    emit(_data(report), as_json=as_json, text=_text(report, currency))


def _data(report: PipelineReport) -> dict[str, Any]:
    compared = report.compared
    return {
        "from": report.period.start,
        "to": report.period.end,
        "timezone": report.timezone,
        "compared": None if compared is None else {"from": compared.start, "to": compared.end},
        "is_incomplete": report.is_incomplete,
        "metrics": {name: _cells(kpi) for name, kpi in report.metrics.items()},
        "without_amount": {
            "open": report.open_unpriced,
            "won": report.won_unpriced,
            "lost": report.lost_unpriced,
        },
        "stages": _rows(report.stages),
        "funnel_won": report.funnel_won,
        "groups": _rows(report.groups),
        "outlook": _rows(report.outlook),
    }


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as objects; None where there is no data."""
    return [
        {str(name): None if value != value else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def _cells(kpi: DealKpi) -> dict[str, Any]:
    cells = {"value": kpi.value, "previous": kpi.previous, "change": kpi.change, "n": kpi.n}
    return cells if PIPELINE_METRICS[kpi.id].part is None else cells | {"interval": [kpi.low, kpi.high]}


def _text(report: PipelineReport, currency: str) -> str:
    against = f", compared with {report.compared.start} to {report.compared.end}" if report.compared else ""
    unfinished = " This period is not over, or not all of it is recorded." if report.is_incomplete else ""
    head = f"{report.period.start} up to {report.period.end} ({report.timezone}){against}; money in {currency}."
    metrics = [_metric_line(kpi) for kpi in report.metrics.values()]
    unpriced = (
        f"Without an amount, and so in no value: {report.open_unpriced:,} open, {report.won_unpriced:,} won and "
        f"{report.lost_unpriced:,} lost deals."
    )
    stages = [_stage_line(row) for row in report.stages.itertuples(index=False)]
    title = "Stages: deals that reached each in the period, and their share that reached the next one by today"
    return "\n".join([head + unfinished, *metrics, unpriced, title, *stages])


def _metric_line(kpi: DealKpi) -> str:
    metric = PIPELINE_METRICS[kpi.id]
    change = "" if kpi.change is None else f"{kpi.change:+.1%}"
    interval = "" if kpi.low is None or kpi.high is None else f"   95 % {kpi.low:.1%} to {kpi.high:.1%}"
    shown = f"{_shown(kpi.value, metric.unit):>18}{_shown(kpi.previous, metric.unit):>18}{change:>10}"
    return f"{metric.name:32}{shown}   n = {kpi.n:,}{interval}"


def _stage_line(row: Any) -> str:
    conversion = "no data" if row.conversion != row.conversion else f"{row.conversion:.1%}"
    stay = "no data" if row.median_days != row.median_days else f"{row.median_days:,.1f} days"
    open_now = f"{row.open_deals:,} open, weighted {_shown(row.weighted, 'money')}"
    return f"{row.name:32}{row.reached:>9,}{conversion:>10}   median stay {stay}   {open_now}"


def _shown(value: Decimal | int | float | None, unit: str) -> str:
    if value is None:
        return "no data"
    if unit == "money":
        return money(Decimal(value))
    if unit == "ratio":
        return f"{value:.1%}"
    return f"{value:,.1f} days" if unit == "days" else f"{value:,}"
