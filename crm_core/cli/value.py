"""`rapport value`: what customers are expected to buy and spend, of the workspace or of a file."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from crm_core.access import SYSTEM
from crm_core.analytics.differences import Interval
from crm_core.analytics.extent import ExtentParams, extent
from crm_core.analytics.periods import parse_day
from crm_core.analytics.purchase_log import day_number, day_of, log_of
from crm_core.analytics.value import ValueParams
from crm_core.analytics.value import value as forecast
from crm_core.analytics.value_report import Outlook, ValueReport, assessed
from crm_core.cli.app import app
from crm_core.cli.asking import AsOf, day_asked, money, refreshed, say, usage
from crm_core.cli.output import JsonOption, emit
from crm_core.errors import AnalysisRefused
from crm_core.imports.transactions import read_transactions

A_YEAR = 365


class TimeUnit(StrEnum):
    """The models' unit of time."""

    WEEK = "week"
    DAY = "day"


@app.command()
def value(
    as_of: AsOf = None,
    horizon: Annotated[
        int | None,
        typer.Option(metavar="DAYS", help="Days ahead; else a year, or as long as the history where that is shorter."),
    ] = None,
    unit: Annotated[TimeUnit, typer.Option(help="The models' unit of time; only alpha depends on it.")] = TimeUnit.WEEK,
    discount: Annotated[float, typer.Option(metavar="RATE", help="Discount rate a year, as a share.")] = 0.1,
    source: Annotated[
        Path | None,
        typer.Option("--input", metavar="FILE", help="A file of customer, date, amount instead of the workspace."),
    ] = None,
    calibration_end: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="With --input: fit up to and with this day, and check on what the file holds after it."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Expected purchases and value of customers (BG/NBD and Gamma-Gamma), and how right such forecasts have been."""
    if calibration_end is not None and source is None:
        raise typer.BadParameter("--calibration-end goes with --input.")
    if calibration_end is not None and as_of is not None:
        raise typer.BadParameter("--calibration-end and --as-of say the same; give one of them.")
    if source is not None:
        report, currency = _of_file(source, as_of, calibration_end, horizon, unit, discount), ""
    else:
        report, currency = _of_workspace(as_of, horizon, unit, discount)
    emit(_data(report), as_json=as_json, text=_text(report, currency))


def _of_workspace(as_of: str | None, horizon: int | None, unit: TimeUnit, discount: float) -> tuple[ValueReport, str]:
    with refreshed() as workspace:
        last = day_asked(workspace, as_of)
        first = workspace.analyses.run(extent, ExtentParams(), actor=SYSTEM).first or last
        with usage():
            params = ValueParams(last, _horizon(horizon, first, last), unit.value, discount)
        return workspace.analyses.run(forecast, params, actor=SYSTEM, progress=say), workspace.currency


def _of_file(
    source: Path, as_of: str | None, calibration_end: str | None, horizon: int | None, unit: TimeUnit, discount: float
) -> ValueReport:
    rows = read_transactions(source)
    is_purchase = rows.amount_e4 >= 0
    log = log_of(rows.customer[is_purchase], rows.day[is_purchase], rows.amount_e4[is_purchase])
    if not len(log.day):
        raise AnalysisRefused("{file} holds no purchase: no row with an amount of 0 or more.", file=source.name)
    first, last = day_of(log.first_day), day_of(log.last_day)
    if calibration_end is None:
        with usage():
            end = last if as_of is None else parse_day(as_of)
        until, ahead = None, _horizon(horizon, first, end)
    else:
        with usage():
            end = parse_day(calibration_end)
        if not first < end < last:
            raise AnalysisRefused(
                "{file} has purchases from {first} to {last}; {day} leaves nothing to fit or nothing to check on.",
                file=source.name,
                first=first,
                last=last,
                day=end,
            )
        until, ahead = last, horizon if horizon is not None else (last - end).days
    with usage():
        params = ValueParams(end, ahead, unit.value, discount)
    return assessed(
        log, end, Outlook(params.horizon_days, params.unit, params.discount_rate), holdout_until=until, progress=say
    )


def _horizon(horizon: int | None, first: date, last: date) -> int:
    """The horizon asked for, else a year, or as long as the history where that is shorter."""
    if horizon is not None:
        return horizon
    return max(1, min(A_YEAR, day_number(last) - day_number(first) + 1))


def _data(report: ValueReport) -> dict[str, Any]:
    bgnbd, spend, holdout = report.model.purchases, report.model.spend, report.holdout
    return {
        "as_of": report.as_of,
        "horizon_days": report.horizon_days,
        "unit": report.unit,
        "customers": report.n_customers,
        "repeat_buyers": bgnbd.n_repeat_buyers,
        "bgnbd": {
            **vars(bgnbd.model),
            "log_likelihood": bgnbd.estimate.log_likelihood,
            "intervals": dict(zip(vars(bgnbd.model), bgnbd.estimate.intervals(), strict=True)),
        },
        "gamma_gamma": {
            **vars(spend.model),
            "log_likelihood": spend.estimate.log_likelihood,
            "intervals": dict(zip(vars(spend.model), spend.estimate.intervals(), strict=True)),
            "frequency_spend_correlation": report.association.correlation,
        },
        "expected_purchases": report.expected_purchases,
        "expected_purchases_interval": [report.purchases_low, report.purchases_high],
        "expected_value": report.expected_value,
        "expected_value_interval": None if report.value_low is None else [report.value_low, report.value_high],
        "discount_rate": report.discount_rate,
        "present_value": report.present_value,
        "holdout": {
            "calibration_end": holdout.calibration_end,
            "until": holdout.last_on,
            "customers": holdout.n_customers,
            "actual": holdout.actual,
            "predicted": holdout.predicted,
            "interval": [holdout.low, holdout.high],
            "baseline": holdout.baseline,
            "actual_value": holdout.actual_value,
            "predicted_value": holdout.predicted_value,
            "error": holdout.error.value,
            "error_interval": _ends(holdout.error),
            "baseline_error": holdout.baseline_error.value,
            "baseline_error_interval": _ends(holdout.baseline_error),
            "auc": holdout.auc.value if holdout.auc else None,
            "auc_interval": _ends(holdout.auc),
            "recency_auc": holdout.recency_auc.value if holdout.recency_auc else None,
            "recency_auc_interval": _ends(holdout.recency_auc),
            "beats_baseline": holdout.beats_baseline,
        },
        "bands": [
            {"name": row.band, "customers": row.customers, "purchases": row.purchases, "value": row.value}
            for row in report.bands.itertuples(index=False)
        ],
    }


def _text(report: ValueReport, currency: str) -> str:
    bgnbd, spend, holdout = report.model.purchases, report.model.spend, report.holdout
    head = (
        f"{report.n_customers:,} customers as of {report.as_of}, over {report.horizon_days} days: "
        f"{report.expected_purchases:,.0f} purchases ({report.purchases_low:,.0f} to {report.purchases_high:,.0f}), "
        f"worth {money(report.expected_value)} {currency}".rstrip()
    )
    if report.value_low is not None and report.value_high is not None:
        head += f" ({money(report.value_low)} to {money(report.value_high)})"
    bands: Any = report.bands.itertuples(index=False)
    better = "better" if holdout.beats_baseline else "not clearly better"
    return "\n".join(
        [
            head,
            f"BG/NBD per {report.unit}: {_named(vars(bgnbd.model))}; "
            f"log-likelihood {bgnbd.estimate.log_likelihood:,.3f}",
            f"Gamma-Gamma: {_named(vars(spend.model))}",
            f"Check from {holdout.calibration_end} to {holdout.last_on}: {holdout.actual:,} purchases, "
            f"{holdout.predicted:,.0f} predicted ({holdout.low:,.0f} to {holdout.high:,.0f}), "
            f"{holdout.baseline:,.0f} by historic rates; customer by customer {better} than these",
            *(f"{row.band:14}{row.customers:>10,}{row.share:>8.1%}{money(row.value):>18}" for row in bands),
        ]
    )


def _named(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {number:.4f}" for name, number in values.items())


def _ends(interval: Interval | None) -> list[float] | None:
    return [interval.low, interval.high] if interval else None
