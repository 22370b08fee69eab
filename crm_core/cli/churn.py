"""`rapport churn`: who will not buy again soon, why, and what the prediction is worth."""

from __future__ import annotations

import math
from typing import Annotated, Any

import pandas as pd
import typer

from crm_core.access import SYSTEM
from crm_core.analytics.churn import ChurnParams, ChurnReport
from crm_core.analytics.churn import churn as churn_model
from crm_core.analytics.purchases import with_names
from crm_core.analytics.ranking import MEASURES
from crm_core.analytics.reasons import Reason, reasons_of
from crm_core.cli.app import app
from crm_core.cli.asking import AsOf, day_asked, refreshed, say, usage
from crm_core.cli.output import JsonOption, emit
from crm_core.formats import Formats
from crm_core.translation import DEFAULT_LANGUAGE, translator

LISTED = 20
REASONS_SAID = 3

_ = translator(DEFAULT_LANGUAGE)


@app.command()
def churn(
    as_of: AsOf = None,
    horizon: Annotated[
        int, typer.Option("--horizon", metavar="DAYS", help="No purchase within so many days counts as leaving.")
    ] = 90,
    as_json: JsonOption = False,
) -> None:
    """Chances that customers do not buy again, tested on later days than they were learned from."""
    with refreshed() as workspace:
        day = day_asked(workspace, as_of)
        with usage():
            params = ChurnParams(day, horizon)
        report = workspace.analyses.run(churn_model, params, actor=SYSTEM, progress=say)
        formats = Formats(DEFAULT_LANGUAGE, workspace.currency, workspace.timezone)
        with workspace.warehouse.open() as snapshot:
            top = _top(report, snapshot.tables(SYSTEM.scope), formats)
    emit(_data(report, top), as_json=as_json, text=_text(report, top))


def _top(report: ChurnReport, tables: Any, formats: Formats) -> list[dict[str, Any]]:
    """The customers most likely to leave, each with every reason of the score."""
    if report.model is None:
        return []
    first = report.top.head(LISTED)
    refs = with_names(tables, first[["customer_id"]]).set_index("customer_id")["ref"]
    return [
        {
            "customer": refs[customer_id],
            "customer_id": customer_id,
            "probability": probability,
            "log_odds": report.model.base + math.fsum(reason.points for reason in reasons),
            "reasons": [_reason(reason, formats) for reason in reasons],
        }
        for customer_id, probability, reasons in zip(
            first["customer_id"], first["probability"], reasons_of(report.model, first), strict=True
        )
    ]


def _reason(reason: Reason, formats: Formats) -> dict[str, Any]:
    return {
        "feature": reason.feature.name,
        "value": reason.value,
        "typical": reason.typical,
        "points": reason.points,
        "text": reason.text(_, formats),
    }


def _data(report: ChurnReport, top: list[dict[str, Any]]) -> dict[str, Any]:
    base_rate = report.days.loc[report.days["is_tested"], ["customers", "left"]] if len(report.days) else None
    return {
        "as_of": report.as_of,
        "horizon": report.horizon,
        "verdict": report.verdict,
        "reason": None if report.reason is None else str(report.reason),
        "rank_by": "expected_purchases" if report.verdict == "refused" and report.ranks_by_expected else None,
        "model": report.kind,
        "metrics": _values(report, "model"),
        "intervals": {name: _interval(report, "model", name) for name in MEASURES},
        "calibration": None
        if report.slope is None or report.intercept is None
        else {
            "slope": report.slope.value,
            "slope_interval": [report.slope.low, report.slope.high],
            "intercept": report.intercept.value,
        },
        "baselines": {
            "recency": _values(report, "recency"),
            "expected_purchases": _values(report, "expected_purchases"),
            "base_rate": None if base_rate is None else _mean(base_rate),
        },
        "customers_tested": report.n_tested,
        "customers_scored": report.n_scored,
        "customers_lost": report.n_lost,
        "base_log_odds": None if report.model is None else report.model.base,
        "top": top,
    }


def _mean(days: pd.DataFrame) -> float:
    return float((days["left"] * days["customers"]).sum() / days["customers"].sum())


def _values(report: ChurnReport, predictor: str) -> dict[str, float] | None:
    found = {name: report.measure(predictor, name) for name in MEASURES}
    values = {name: estimate.value for name, estimate in found.items() if estimate is not None}
    return values or None


def _interval(report: ChurnReport, predictor: str, measure: str) -> list[float] | None:
    found = report.measure(predictor, measure)
    return None if found is None else [found.low, found.high]


def _text(report: ChurnReport, top: list[dict[str, Any]]) -> str:
    reason = "" if report.reason is None else f" {report.reason}"
    head = f"{report.verdict}, as of {report.as_of}, {report.horizon} days.{reason}"
    if report.verdict == "refused" and report.ranks_by_expected:
        head += (
            " Expected purchases beat the other baselines: rank customers by them (the Value page, `rapport value`)."
        )
    lines = [head]
    if report.n_tested:
        predictors = ("model", "expected_purchases", "recency", "base_rate")
        rows = [(name, _values(report, name)) for name in predictors]
        lines += [
            f"{name:20}" + "".join(f"  {measure} {values[measure]:.3f}" for measure in MEASURES)
            for name, values in rows
            if values is not None
        ]
    lines.append(f"{report.n_scored:,} customers scored; {report.n_lost:,} lost already.")
    lines += [
        f"{entry['customer']:14}{entry['probability']:>7.1%}  "
        + "; ".join(reason["text"] for reason in entry["reasons"][:REASONS_SAID])
        for entry in top
    ]
    return "\n".join(lines)
