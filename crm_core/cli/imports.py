"""`rapport import`, `rapport undo`: take a file in, and take it back."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from crm_core import imports
from crm_core.access import SYSTEM
from crm_core.cli.app import app
from crm_core.cli.output import JsonOption, emit, note, opened
from crm_core.errors import FieldError, ImportFailed
from crm_core.imports import kinds


class Kind(StrEnum):
    """What a file may hold."""

    CUSTOMERS = "customers"
    PRODUCTS = "products"
    ORDERS = "orders"
    TICKETS = "tickets"
    DEALS = "deals"
    NEEDS = "needs"


class Mode(StrEnum):
    """What may happen to records: only new ones, only known ones, or both."""

    CREATE = "create"
    UPDATE = "update"
    UPSERT = "upsert"


class OnError(StrEnum):
    """What happens when rows cannot be loaded."""

    STOP = "stop"
    SKIP = "skip"


@app.command(name="import")
def import_file(
    kind: Annotated[Kind, typer.Argument(help="What the file holds.")],
    file: Annotated[Path, typer.Argument(help="CSV, XLSX, Parquet or JSON.")],
    preset: Annotated[
        str | None, typer.Option(help="A mapping that comes with Rapport, such as online-retail.")
    ] = None,
    map_file: Annotated[Path | None, typer.Option("--map", help="A mapping file (TOML); see docs/imports.md.")] = None,
    mode: Annotated[Mode, typer.Option(help="Create new records, update known ones, or both.")] = Mode.UPSERT,
    on_error: Annotated[OnError, typer.Option(help="Stop at bad rows, or skip them and list them.")] = OnError.STOP,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and count, write nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Take a file in, all or nothing. Without --preset or --map the columns are recognised by their names."""
    if preset is not None and map_file is not None:
        raise typer.BadParameter("give --preset or --map, not both")
    load = _orders(file, preset, map_file) if kind is Kind.ORDERS else _records(kind, file, preset, map_file)
    with opened(create=True) as workspace:
        result = load(
            database=workspace.database,
            actor=SYSTEM,
            path=file,
            mode=mode.value,
            on_error=on_error.value,
            dry_run=dry_run,
            rejects_folder=workspace.folder / "rejects",
            preset=preset,
            timezone=workspace.timezone,
            progress=_report(),
        )
    for remark in result.notes:
        note(str(remark))
    emit(
        {
            "import_id": result.import_id,
            "read": result.read,
            "created": result.created,
            "updated": result.updated,
            "unchanged": result.unchanged,
            "skipped": result.skipped,
            "rejected": result.rejected,
            "rejects_file": result.rejects_file,
            "by_entity": result.by_entity,
            "dry_run": result.is_dry_run,
        },
        as_json=as_json,
        text=_summary(result),
    )


@app.command()
def undo(
    import_id: Annotated[int, typer.Argument(help="The import's number, as `rapport import` gave it.")],
    as_json: JsonOption = False,
) -> None:
    """Take an import back; what was changed since stays and is listed."""
    with opened() as workspace:
        result = imports.undo_import(database=workspace.database, actor=SYSTEM, import_id=import_id)
    conflicts = [
        {
            "table": conflict.table_name,
            "id": conflict.row_id,
            "reason": str(FieldError(conflict.template, conflict.params)),
        }
        for conflict in result.conflicts
    ]
    lines = [f"{result.removed:,} removed, {result.restored:,} restored, {result.kept:,} kept."]
    lines += [f"  {conflict['table']} {conflict['id']}: {conflict['reason']}" for conflict in conflicts[:20]]
    emit(
        {"removed": result.removed, "restored": result.restored, "kept": result.kept, "conflicts": conflicts},
        as_json=as_json,
        text="\n".join(lines),
    )


def _records(kind: Kind, file: Path, preset: str | None, map_file: Path | None) -> Callable[..., imports.ImportResult]:
    """The import of a kind beside orders, with its mapping."""
    if preset is not None:
        mapping = kinds.kind_preset(preset)
    elif map_file is not None:
        mapping = kinds.load_kind_mapping(map_file)
    else:
        with kinds.unpacked(file, file.name) as path:
            columns = imports.inspect(path).columns
        mapping = kinds.guess_kind_mapping(kind.value, columns, name=file.name)
        note("Columns: " + ", ".join(f"{field} = {column}" for field, column in mapping.columns.items()))
    if mapping.kind != kind.value:
        raise ImportFailed("The mapping is of {mapped}, not of {kind}.", mapped=mapping.kind, kind=kind.value)
    return partial(kinds.import_kind, mapping=mapping)


def _orders(file: Path, preset: str | None, map_file: Path | None) -> Callable[..., imports.ImportResult]:
    return partial(imports.import_orders, mapping=_mapping(file, preset, map_file))


def _mapping(file: Path, preset: str | None, map_file: Path | None) -> imports.Mapping:
    if preset is not None:
        return imports.preset(preset)
    if map_file is not None:
        return imports.load_mapping(map_file)
    profile = imports.inspect(file)
    mapping = imports.guess_complete_mapping(profile)
    note("Columns: " + ", ".join(f"{field} = {column}" for field, column in mapping.columns.items()))
    return mapping


def _summary(result: imports.ImportResult) -> str:
    start = "Would import" if result.is_dry_run else f"Import {result.import_id}"
    counts = (
        f"{start}: {result.read:,} rows read, {result.created:,} created, {result.updated:,} updated, "
        f"{result.unchanged:,} unchanged, {result.skipped:,} skipped, {result.rejected:,} rejected."
    )
    return counts + (f"\nRejected rows: {result.rejects_file}" if result.rejects_file else "")


def _report() -> Callable[[int, int | None], None]:
    """Says every few seconds how far the import is."""
    last = time.monotonic()

    def report(done: int, total: int | None) -> None:
        nonlocal last
        if time.monotonic() - last >= 3:
            last = time.monotonic()
            note(f"{done:,} of {total:,} rows" if total else f"{done:,} rows")

    return report
