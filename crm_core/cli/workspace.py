"""`rapport init`, `refresh`: the workspace itself."""

from __future__ import annotations

from typing import Annotated

import typer

from crm_core.analytics.alert_run import check_alerts
from crm_core.cli.app import app
from crm_core.cli.output import JsonOption, emit, opened, options
from crm_core.config import load_settings
from crm_core.db import schema
from crm_core.db.engine import Database


@app.command()
def init(as_json: JsonOption = False) -> None:
    """Create the database, or bring it up to date."""
    settings = load_settings(database_url=options.database, data_dir=options.data_dir)
    database = Database(settings.resolved_database_url)
    revision = schema.upgrade(database, timezone=settings.timezone, currency=settings.currency)
    where = database.url.render_as_string(hide_password=True)
    database.dispose()
    emit({"database": where, "revision": revision}, as_json=as_json, text=f"{where} is ready (revision {revision}).")


@app.command()
def refresh(
    full: Annotated[bool, typer.Option("--full", help="Write every block anew.")] = False, as_json: JsonOption = False
) -> None:
    """Bring the snapshot up to date, and check every alert against it."""
    with opened() as workspace:
        result = workspace.warehouse.refresh(full=full)
        fired = check_alerts(workspace.analyses, workspace.database)
    emit(
        {
            "version": result.version,
            "blocks_rewritten": result.blocks_rewritten,
            "blocks_kept": result.blocks_kept,
            "rows": result.rows,
            "alerts": fired,
        },
        as_json=as_json,
        text=(
            f"Snapshot {result.version}: {result.blocks_rewritten} blocks written, {result.blocks_kept} kept, "
            f"{result.rows} rows. {fired} new alerts."
        ),
    )
