"""`rapport kpis`, `rfm`, `segments`: what the analyses say about the records."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Any

import typer

from crm_core.access import SYSTEM
from crm_core.analytics.kpis import Kpi
from crm_core.analytics.metrics import METRICS
from crm_core.analytics.overview import OverviewParams, OverviewReport, overview
from crm_core.analytics.periods import Period
from crm_core.analytics.rfm import RfmParams, Thresholds
from crm_core.analytics.rfm import rfm as rfm_scores
from crm_core.analytics.segment_features import DEFAULT, FEATURES
from crm_core.analytics.segments import METHODS, SegmentsParams
from crm_core.analytics.segments import segments as clusters
from crm_core.cli.app import app
from crm_core.cli.asking import AsOf, From, To, day_asked, money, refreshed, say, usage
from crm_core.cli.output import JsonOption, emit


class Compare(StrEnum):
    """What the period is compared with."""

    PREVIOUS = "previous"
    YEAR = "year"
    NONE = "none"


@app.command()
def kpis(
    start: From,
    end: To,
    compare: Annotated[Compare, typer.Option(help="The period just before, the same dates a year ago, or nothing.")] = (
        Compare.PREVIOUS
    ),
    country: Annotated[str | None, typer.Option(help="Only orders of this country, such as GB.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only orders of this channel.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Sales and customer metrics of a period. It runs from the day --from up to, not including, the day --to."""
    with usage():
        params = OverviewParams(Period.parse(start, end), compare.value, country, channel, grain="month")
    with refreshed() as workspace:
        report = workspace.analyses.run(overview, params, actor=SYSTEM, progress=say)
        currency = workspace.currency
    emit(_kpis_data(report), as_json=as_json, text=_kpis_text(report, currency))


@app.command()
def rfm(
    as_of: AsOf = None,
    recency: Annotated[
        str | None,
        typer.Option(metavar="BOUNDS", help="Days since the last sale, at most: 30,90,180,365 score 5 to 2."),
    ] = None,
    frequency: Annotated[
        str | None, typer.Option(metavar="BOUNDS", help="Orders, at least: 2,3,5,10 score 2 to 5.")
    ] = None,
    monetary: Annotated[
        str | None, typer.Option(metavar="BOUNDS", help="Net sales, at least: 50,100,250,1000 score 2 to 5.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Recency, frequency and monetary value of customers: named segments. By rank, or by bounds: then all three."""
    bounds = _bounds(recency, frequency, monetary)
    with refreshed() as workspace:
        day = day_asked(workspace, as_of)
        with usage():
            params = RfmParams(day, bounds.n_bins if bounds else 5, bounds)
        report = workspace.analyses.run(rfm_scores, params, actor=SYSTEM, progress=say)
        currency = workspace.currency
    rows: list[dict[str, Any]] = [
        {"name": row.name, "customers": row.customers, "share": row.share, "sales": row.sales}
        for row in report.segments.itertuples(index=False)
    ]
    lines = [f"{row['name']:22}{row['customers']:>10,}{row['share']:>8.1%}{money(row['sales']):>18}" for row in rows]
    head = f"{report.customers:,} customers as of {report.as_of}; net sales in {currency}"
    emit(
        {"as_of": report.as_of, "customers": report.customers, "segments": rows},
        as_json=as_json,
        text="\n".join([head, *lines]),
    )


@app.command()
def segments(
    k: Annotated[
        str, typer.Option("--k", metavar="auto|N", help="How many clusters; auto lets the data choose.")
    ] = "auto",
    as_of: AsOf = None,
    method: Annotated[
        str, typer.Option(metavar="|".join(METHODS), help="Centres, Gaussian mixture, or dense regions.")
    ] = "kmeans",
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by", metavar="FEATURE", help=f"Compare by this; may be repeated. One of {', '.join(FEATURES)}."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Clusters of customers, and whether they are real."""
    number = _number(k)
    with refreshed() as workspace:
        day = day_asked(workspace, as_of)
        with usage():
            params = SegmentsParams(day, number, tuple(by or DEFAULT), method)  # type: ignore[arg-type]  # it checks it
        report = workspace.analyses.run(clusters, params, actor=SYSTEM, progress=say)
    further = [name for name in params.features if name not in DEFAULT]
    rows: list[dict[str, Any]] = [
        {
            "name": row.name if row.name_number == 1 else f"{row.name} {row.name_number}",
            "customers": row.customers,
            "share": row.share,
            "centre": {
                "recency_days": row.centre_recency_days,
                "frequency": row.centre_frequency,
                "monetary": row.centre_monetary,
                **{name: getattr(row, f"centre_{FEATURES[name].column}") for name in further},
            },
            "traits": row.traits,
        }
        for row in report.segments.itertuples(index=False)
    ]
    data = {
        "as_of": report.as_of,
        "k": report.k,
        "verdict": report.verdict,
        "silhouette": report.silhouette,
        "silhouette_null": report.silhouette_null,
        "stability": {"ari_mean": report.ari_mean, "ari_p10": report.ari_p10},
        "n": report.n,
        "n_scattered": report.n_scattered,
        "has_structure": report.has_structure,
        "method": params.method,
        "features": params.features,
        "segments": rows,
    }
    head = (
        f"{report.k} clusters of {report.n:,} customers as of {report.as_of}: {report.verdict} "
        f"(silhouette {report.silhouette:.2f}, agreement {report.ari_mean:.2f}, 10th percentile {report.ari_p10:.2f})"
    )
    lines = [
        f"{row['name']:26}{row['customers']:>10,}{row['share']:>8.1%}  median member: last sale "
        f"{row['centre']['recency_days']:.0f} days ago, {row['centre']['frequency']:g} orders, "
        f"{money(row['centre']['monetary'])}"
        for row in rows
    ]
    emit(data, as_json=as_json, text="\n".join([head, *lines]))


def _bounds(recency: str | None, frequency: str | None, monetary: str | None) -> Thresholds | None:
    given = [row for row in (recency, frequency, monetary) if row is not None]
    if not given:
        return None
    if len(given) < 3:
        raise typer.BadParameter("--recency, --frequency and --monetary are bounds of one scoring; give all three.")
    try:
        rows = [[Decimal(part) for part in row.split(",")] for row in given]
    except InvalidOperation as error:
        raise typer.BadParameter(f"Bounds are numbers with commas between them, not '{', '.join(given)}'.") from error
    if any(bound % 1 for bound in rows[0] + rows[1]):
        raise typer.BadParameter("Bounds of --recency and --frequency are whole numbers.")
    with usage():
        return Thresholds(tuple(map(int, rows[0])), tuple(map(int, rows[1])), tuple(rows[2]))


def _number(k: str) -> int | None:
    if k == "auto":
        return None
    if not k.isdecimal():
        raise typer.BadParameter(f"--k is 'auto' or a whole number, not '{k}'.")
    return int(k)


def _kpis_data(report: OverviewReport) -> dict[str, Any]:
    period, compared = report.kpis.period, report.kpis.compared
    metrics = {name: _cells(kpi) for name, kpi in report.kpis.metrics.items()}
    return {
        "from": period.start,
        "to": period.end,
        "timezone": report.kpis.timezone,
        "compared": None if compared is None else {"from": compared.start, "to": compared.end},
        "is_incomplete": report.kpis.is_incomplete,
        "metrics": metrics | {"lifecycle": _lifecycle(metrics)},
        "bridge": dict(zip(report.bridge["component"], report.bridge["amount"], strict=True)),
    }


def _cells(kpi: Kpi) -> dict[str, Any]:
    return {"value": kpi.value, "previous": kpi.previous, "change": kpi.change, "n": kpi.n}


def _lifecycle(metrics: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The four counts together, as one metric whose value has parts."""
    parts = {name: metrics[f"{name}_customers"] for name in ("new", "returning", "resurrected", "dormant")}
    return {
        "value": {name: part["value"] for name, part in parts.items()},
        "previous": {name: part["previous"] for name, part in parts.items()},
        "change": {name: part["change"] for name, part in parts.items()},
        "n": sum(part["n"] for part in parts.values()),
    }


def _kpis_text(report: OverviewReport, currency: str) -> str:
    period, compared = report.kpis.period, report.kpis.compared
    against = f", compared with {compared.start} to {compared.end}" if compared else ""
    unfinished = " This period is not over, or not all of it is recorded." if report.kpis.is_incomplete else ""
    head = f"{period.start} up to {period.end} ({report.kpis.timezone}){against}; money in {currency}.{unfinished}"
    return "\n".join([head, *(_kpi_line(kpi) for kpi in report.kpis.metrics.values())])


def _kpi_line(kpi: Kpi) -> str:
    metric = METRICS[kpi.id]
    change = "" if kpi.change is None else f"{kpi.change:+.1%}"
    return f"{metric.name:40}{_shown(kpi.value):>18}{_shown(kpi.previous):>18}{change:>10}   n = {kpi.n:,}"


def _shown(value: Decimal | int | float | None) -> str:
    if value is None:
        return "no data"
    if isinstance(value, Decimal):
        return money(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.1%}"
