"""`rapport rfm` and `segments`: what the analyses say about customers."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Any

import typer

from crm_core.access import SYSTEM
from crm_core.analytics.rfm import RfmParams, Thresholds
from crm_core.analytics.rfm import rfm as rfm_scores
from crm_core.analytics.segment_features import DEFAULT, FEATURES
from crm_core.analytics.segments import METHODS, SegmentsParams
from crm_core.analytics.segments import segments as clusters
from crm_core.cli.app import app
from crm_core.cli.asking import AsOf, day_asked, money, refreshed, say, usage
from crm_core.cli.output import JsonOption, emit


class Compare(StrEnum):
    """What the period is compared with."""

    PREVIOUS = "previous"
    YEAR = "year"
    NONE = "none"


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
