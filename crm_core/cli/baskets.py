"""`rapport baskets`: what is bought together, in the workspace's orders or in a file of baskets."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from crm_core.access import SYSTEM
from crm_core.analytics.basket_source import listed
from crm_core.analytics.baskets import HOLDOUT, BasketParams, BasketReport, rules_of
from crm_core.analytics.baskets import baskets as basket_rules
from crm_core.analytics.periods import Period
from crm_core.cli.app import app
from crm_core.cli.asking import refreshed, usage
from crm_core.cli.output import JsonOption, each_step, emit, note
from crm_core.errors import ImportFailed
from crm_core.imports.basket_file import read_baskets

SHOWN = 20


class ItemLevel(StrEnum):
    """What an item of a basket is."""

    PRODUCT = "product"
    CATEGORY = "category"


@app.command()
def baskets(
    source: Annotated[
        Path | None,
        typer.Option("--input", metavar="FILE", help="Baskets of a file instead: FIMI .dat, or CSV, one a line."),
    ] = None,
    min_support: Annotated[float, typer.Option(help="Least share of baskets that hold a rule's items.")] = 0.01,
    min_confidence: Annotated[float, typer.Option(help="Least share of antecedents' baskets with the rest.")] = 0.25,
    min_count: Annotated[int, typer.Option(help="Least number of baskets that hold a rule's items.")] = 1,
    max_consequents: Annotated[int, typer.Option(help="How many items a rule may lead to.")] = 1,
    holdout: Annotated[float, typer.Option(help="Share of the baskets, the latest, to look rules up in.")] = HOLDOUT,
    level: Annotated[ItemLevel, typer.Option(help="Products, or their categories.")] = ItemLevel.PRODUCT,
    start: Annotated[str | None, typer.Option("--from", metavar="DATE", help="First local day.")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Local day after the last one.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only orders of this channel.")] = None,
    country: Annotated[str | None, typer.Option(help="Only orders of this country, such as GB.")] = None,
    segment: Annotated[
        str | None, typer.Option(help="Only customers of this RFM segment at the end of the period.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Itemsets and association rules, and which rules hold on later baskets."""
    if (start is None) != (end is None):
        raise typer.BadParameter("Give both --from and --to, or neither.")
    with usage():
        params = BasketParams(
            period=Period.parse(start, end) if start is not None and end is not None else None,
            level=level.value,
            min_support=min_support,
            min_confidence=min_confidence,
            min_count=min_count,
            max_consequents=max_consequents,
            channel=channel,
            country=country,
            segment=segment,
            holdout=holdout,
        )
    if source is not None:
        report = _of_file(source, params)
    else:
        with refreshed() as workspace:
            report = workspace.analyses.run(basket_rules, params, actor=SYSTEM, progress=each_step())
    rules = _rules(report)
    if len(rules) < report.n_rules:
        note(f"{len(rules):,} of {report.n_rules:,} rules are listed: those that hold, then those of highest lift")
    emit(_data(report, rules), as_json=as_json, text=_text(report, rules))


def _of_file(source: Path, params: BasketParams) -> BasketReport:
    if (params.period, params.channel, params.country, params.segment) != (None, None, None, None):
        raise typer.BadParameter("--from, --to, --channel, --country and --segment choose orders, not lines of a file.")
    found = listed(read_baskets(source), holdout=params.holdout)
    if found.baskets.n == 0:
        raise ImportFailed("{file} holds no basket.", file=source.name)
    return rules_of(found, params, each_step())


def _rules(report: BasketReport) -> list[dict[str, Any]]:
    code = dict(zip(report.items["item"], report.items["code"], strict=True))
    name = dict(zip(report.items["item"], report.items["name"], strict=True))
    return [
        {
            "antecedents": [code[item] for item in row["antecedents"]],
            "consequents": [code[item] for item in row["consequents"]],
            "antecedent_names": [name[item] for item in row["antecedents"]],
            "consequent_names": [name[item] for item in row["consequents"]],
            **{column: row[column] for column in ("support", "confidence", "lift", "count")},
            **{column: _known(row[column]) for column in _LATER},
            "holds": row["holds"],
            "is_redundant": row["is_redundant"],
        }
        for row in report.rules.to_dict("records")
    ]


_LATER = ("holdout_lift", "holdout_low", "holdout_high", "holdout_count", "q_value", "gain_q_value")


def _known(value: float) -> float | None:
    return None if value != value else value


def _data(report: BasketReport, rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "baskets": report.n_baskets,
        "items": report.n_items,
        "itemsets": report.n_itemsets,
        "itemsets_by_size": {str(k): n for k, n in enumerate(report.sizes, start=1)},
        "min_count": report.min_count,
        "holdout_baskets": report.n_later,
        "rules": rules,
        "rules_total": report.n_rules,
        "rules_holding": report.n_holding,
    }


def _text(report: BasketReport, rules: list[dict[str, Any]]) -> str:
    head = (
        f"{report.n_baskets:,} baskets of {report.n_items:,} items, {report.n_itemsets:,} itemsets, "
        f"{report.n_rules:,} rules; {report.n_holding:,} hold on the last {report.n_later:,} baskets"
    )
    lines = [
        f"{rule['lift']:8.2f}{_lift(rule['holdout_lift']):>9}{rule['confidence']:>8.1%}{rule['count']:>9,}  "
        f"{'holds' if rule['holds'] else '     '}  {' + '.join(rule['antecedent_names'])} → "
        f"{' + '.join(rule['consequent_names'])}"
        for rule in sorted(rules, key=lambda rule: not rule["holds"])[:SHOWN]
    ]
    return "\n".join([head, f"{'lift':>8}{'later':>9}{'conf.':>8}{'count':>9}", *lines] if lines else [head])


def _lift(value: float | None) -> str:
    return "no data" if value is None else f"{value:.2f}"
