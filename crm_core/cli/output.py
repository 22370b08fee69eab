"""What every command shares: the workspace it works on, and output for people or as one JSON object."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from crm_core.config import load_settings
from crm_core.workspace import Workspace

JsonOption = Annotated[bool, typer.Option("--json", help="Print exactly one JSON object.")]


@dataclass
class Options:
    """Where the workspace is, as the command line says."""

    database: str | None = None
    data_dir: Path | None = None


options = Options()


@contextmanager
def opened(*, create: bool = False) -> Iterator[Workspace]:
    """The workspace the command line and the environment name, closed afterwards."""
    workspace = Workspace.open(load_settings(database_url=options.database, data_dir=options.data_dir), create=create)
    try:
        yield workspace
    finally:
        workspace.close()


def emit(data: Mapping[str, Any], *, as_json: bool, text: str) -> None:
    """Print the JSON object, or the text for people."""
    typer.echo(json.dumps(data, default=_plain, ensure_ascii=False, allow_nan=False) if as_json else text)


def note(message: str) -> None:
    """Say how far a command is, on stderr."""
    typer.echo(message, err=True)


def each_step() -> Callable[[float, str], None]:
    """A progress that says each step once, on stderr, when it begins."""
    said: set[str] = set()

    def say(fraction: float, step: str) -> None:  # noqa: ARG001 (what a progress is called with)
        if step not in said:
            said.add(step)
            note(f"{step} …")

    return say


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if hasattr(value, "item"):  # a NumPy scalar
        return value.item()
    raise TypeError(f"{type(value).__name__} does not go into JSON")
