"""`rapport demo`: fill a workspace with a simulated company."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from crm_core.cli.app import app
from crm_core.cli.output import JsonOption, emit, note, opened
from crm_core.demo import fill


@app.command()
def demo(
    customers: Annotated[int, typer.Option(min=1, help="How many customers.")] = 3000,
    seed: Annotated[int, typer.Option(min=0, help="Another number gives another company.")] = 7,
    force: Annotated[bool, typer.Option("--force", help="Mix with the records that are there.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Fill an empty workspace with a simulated company."""
    with opened(create=True) as workspace:
        result = fill(workspace, customers=customers, seed=seed, force=force, progress=_say)
    emit(
        asdict(result),
        as_json=as_json,
        text=(
            f"{result.customers:,} customers, {result.orders:,} orders with {result.order_lines:,} lines, "
            f"{result.products:,} products, {result.tickets:,} tickets, {result.deals:,} deals, {result.needs:,} needs."
        ),
    )


def _say(fraction: float, step: str) -> None:
    note(f"{step} ({fraction:.0%})")
