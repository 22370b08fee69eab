"""What the commands that print an analysis share: a fresh snapshot, wrong usage in words, progress on stderr."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Annotated

import typer

from crm_core.access import SYSTEM
from crm_core.analytics.kpis import last_order_day
from crm_core.analytics.periods import local_today, parse_day
from crm_core.cli.output import note, opened
from crm_core.errors import Invalid
from crm_core.workspace import Workspace

AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="Last local day that counts; else that of the newest order."),
]
From = Annotated[str, typer.Option("--from", metavar="DATE", help="First local day, such as 2024-01-01.")]
To = Annotated[str, typer.Option("--to", metavar="DATE", help="Local day after the last one.")]


@contextmanager
def refreshed() -> Iterator[Workspace]:
    """The workspace with its snapshot brought up to date."""
    with opened() as workspace:
        workspace.warehouse.refresh()
        yield workspace


@contextmanager
def usage() -> Iterator[None]:
    """Values the command line should not have been given end it with exit code 2."""
    try:
        yield
    except Invalid as error:
        raise typer.BadParameter(" ".join(str(problem) for problem in error.fields.values())) from error


def day_asked(workspace: Workspace, as_of: str | None) -> date:
    """The day given, or that of the newest order, or today where there is none."""
    if as_of is not None:
        with usage():
            return parse_day(as_of)
    with workspace.warehouse.open() as snapshot:
        newest = last_order_day(snapshot.tables(SYSTEM.scope))
    return newest or local_today(workspace.timezone)


def money(amount: Decimal) -> str:
    """An amount for people: 1,234.50."""
    return f"{amount:,.2f}"


def say(fraction: float, step: str) -> None:
    """How far an analysis is."""
    note(f"{step} ({fraction:.0%})")
