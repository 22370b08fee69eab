"""The root command: where the workspace is, how errors end, and the commands of each module."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from crm_core import __version__
from crm_core.cli.output import options
from crm_core.errors import CrmError

app = typer.Typer(
    name="rapport",
    help="A CRM whose records and analytics live in one place.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rapport {__version__}")
        raise typer.Exit


@app.callback()
def root(
    database: Annotated[
        str | None,
        typer.Option(help="Database URL; else RAPPORT_DATABASE_URL, else a SQLite file in the data directory."),
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Data directory; else RAPPORT_DATA_DIR, else data/.")] = None,
    version: Annotated[  # noqa: ARG001 (its callback does the work)
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Choose the workspace."""
    if database is not None:
        options.database = database
    if data_dir is not None:
        options.data_dir = data_dir


def hoist(arguments: list[str]) -> list[str]:
    """Move --database and --data-dir to the front, so that they may stand before or after the command."""
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest += [argument, *waiting]
        elif argument in {"--database", "--data-dir"}:
            front.append(argument)
            if (value := next(waiting, None)) is None:
                return front  # with nothing behind it, so that what is said to be missing is its value
            front.append(value)
        elif argument.startswith(("--database=", "--data-dir=")):
            front.append(argument)
        else:
            rest.append(argument)
    return front + rest


def main() -> None:
    """Run the command line: exit 0 on success, 1 on an error the user can act on, 2 on wrong usage."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        app(args=hoist(sys.argv[1:]))
    except CrmError as error:
        typer.echo(f"rapport: {error}", err=True)
        sys.exit(1)


from crm_core.cli import analytics as _analytics  # noqa: E402, F401
from crm_core.cli import baskets as _baskets  # noqa: E402, F401
from crm_core.cli import churn as _churn  # noqa: E402, F401
from crm_core.cli import cohorts as _cohorts  # noqa: E402, F401
from crm_core.cli import demo as _demo  # noqa: E402, F401
from crm_core.cli import doctor as _doctor  # noqa: E402, F401
from crm_core.cli import imports as _imports  # noqa: E402, F401
from crm_core.cli import kpis as _kpis  # noqa: E402, F401
from crm_core.cli import pipeline as _pipeline  # noqa: E402, F401
from crm_core.cli import serve as _serve  # noqa: E402, F401
from crm_core.cli import service as _service  # noqa: E402, F401
from crm_core.cli import users as _users  # noqa: E402, F401
from crm_core.cli import value as _value  # noqa: E402, F401
from crm_core.cli import workspace as _workspace  # noqa: E402, F401  (registers its commands on `app`)
