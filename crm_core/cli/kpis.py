"""`rapport kpis`: the metrics of any area of work in a period."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Annotated, Any

import typer

from crm_core.access import SYSTEM
from crm_core.analytics import targets
from crm_core.analytics.definitions import AREAS, DEFINITIONS
from crm_core.analytics.figures import Figure, Question, figures_of
from crm_core.analytics.metrics import Value
from crm_core.analytics.overview import overview
from crm_core.analytics.periods import Period
from crm_core.analytics.standings import Standing
from crm_core.cli.analytics import Compare
from crm_core.cli.app import app
from crm_core.cli.asking import From, To, money, refreshed, say, usage
from crm_core.cli.output import JsonOption, emit

ORDERS = ("sales", "customers", "retention")
STATUSES = {"met": "met", "missed": "missed", "on_course": "on course", "behind": "behind"}
LIFECYCLE = ("new", "returning", "resurrected", "dormant")


class AreaName(StrEnum):
    """An area of the registry."""

    SALES = "sales"
    CUSTOMERS = "customers"
    RETENTION = "retention"
    SERVICE = "service"
    PIPELINE = "pipeline"


@app.command()
def kpis(
    start: From,
    end: To,
    compare: Annotated[Compare, typer.Option(help="The period just before, the same dates a year ago, or nothing.")] = (
        Compare.PREVIOUS
    ),
    country: Annotated[str | None, typer.Option(help="Only orders of this country, such as GB.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only orders of this channel.")] = None,
    area: Annotated[
        list[AreaName] | None,
        typer.Option("--area", help="Only metrics of this area; may be repeated. Else those of orders."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Metrics of a period: it runs from the day --from up to, not including, the day --to."""
    wanted = [str(name) for name in area or ()]
    areas = [name for name in AREAS if name in (wanted or ORDERS)]
    if (country or channel) and not set(areas) <= set(ORDERS):
        raise typer.BadParameter("--country and --channel narrow orders; ask for service and pipeline without them.")
    with usage():
        question = Question(Period.parse(start, end), compare.value, country, channel)
    with refreshed() as workspace:
        ask = partial(workspace.analyses.run, actor=SYSTEM, progress=say)
        found = figures_of(ask, question, areas)
        bridge = ask(overview, question.of_sales()).bridge if set(areas) & set(ORDERS) else None
        with workspace.read() as session:
            against = targets.standings_of(session=session, actor=SYSTEM, found=found)
        currency, timezone = workspace.currency, workspace.timezone
    compared = question.period.compared(question.compare)
    data: dict[str, Any] = {
        "from": question.period.start,
        "to": question.period.end,
        "timezone": timezone,
        "compared": None if compared is None else {"from": compared.start, "to": compared.end},
        "is_incomplete": found.is_incomplete,
        "areas": {name: list(AREAS[name].metrics) for name in areas},
        "metrics": {name: cells(figure) for name, figure in found.metrics.items()},
        "targets": {
            name: {"target": held.target, "share": held.share, "elapsed": held.elapsed, "status": held.status}
            for name, held in against.items()
        },
    }
    if bridge is not None:
        data["bridge"] = dict(zip(bridge["component"], bridge["amount"], strict=True))
    if "customers" in areas:
        data["metrics"] |= {"lifecycle": _lifecycle(data["metrics"])}
    emit(data, as_json=as_json, text=_text(data, found.metrics, against, currency))


def cells(figure: Figure) -> dict[str, Any]:
    """A metric as the command line gives it."""
    return {"value": figure.value, "previous": figure.previous, "change": figure.change, "n": figure.n}


def _lifecycle(metrics: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The four counts together, as one metric whose value has parts."""
    parts = {name: metrics[f"{name}_customers"] for name in LIFECYCLE}
    together = {what: {name: part[what] for name, part in parts.items()} for what in ("value", "previous", "change")}
    return together | {"n": sum(part["n"] for part in parts.values())}


def _text(data: dict[str, Any], figures: Mapping[str, Figure], held: Mapping[str, Standing], currency: str) -> str:
    compared = data["compared"]
    against = f", compared with {compared['from']} to {compared['to']}" if compared else ""
    unfinished = " This period is not over, or not all of it is recorded." if data["is_incomplete"] else ""
    lines = [f"{data['from']} up to {data['to']} ({data['timezone']}){against}; money in {currency}.{unfinished}"]
    for name, metrics in data["areas"].items():
        lines += ["", AREAS[name].name, *(_line(figures[metric], held.get(metric)) for metric in metrics)]
    return "\n".join(lines)


def _line(figure: Figure, held: Standing | None) -> str:
    metric = DEFINITIONS[figure.id]
    change = "" if figure.change is None else f"{figure.change:+.1%}"
    shown = f"{said(figure.value, metric.unit):>18}{said(figure.previous, metric.unit):>18}{change:>10}"
    target = "" if held is None else f"   target {said(held.target, metric.unit)}: {STATUSES[held.status]}"
    return f"{metric.name:40}{shown}   n = {figure.n:,}{target}"


def said(value: Value, unit: str) -> str:
    """A value in words, by its unit."""
    if value is None:
        return "no data"
    if unit == "money":
        return money(Decimal(value))
    if unit == "ratio":
        return f"{value:.1%}"
    suffix = {"hours": " h", "days": " days"}.get(unit)
    if unit == "count":
        return f"{float(value):,.0f}" if value == int(value) else f"{value:,}"
    return f"{value:,}" if suffix is None else f"{value:,.1f}{suffix}"
