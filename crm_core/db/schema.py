"""Create the tables, bring them up to date, and say where they stand."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from crm_core.config import DEFAULT_CURRENCY, DEFAULT_TIMEZONE
from crm_core.db.engine import Database, storage_errors
from crm_core.db.models import WorkspaceRow
from crm_core.errors import StorageFailed, WorkspaceMissing

MIGRATIONS = Path(__file__).parent / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def newest_revision() -> str:
    """The revision this version of Rapport works with."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def current_revision(database: Database) -> str | None:
    """The revision the database is at, or None where there is none yet."""
    if database.path is not None and not database.path.exists():
        return None
    with storage_errors(), database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(database: Database, *, timezone: str | None = None, currency: str | None = None) -> str:
    """Create the tables or bring them up to date; return the revision. A new workspace gets the zone and currency.

    Nothing is written where all is there, so that a database that can only be read can be served.
    """
    if current_revision(database) == newest_revision() and _has_workspace(database):
        return newest_revision()
    if database.path is not None:
        try:
            database.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not database.path.exists():
                database.path.touch(mode=0o600)  # customers are nobody else's business on a shared machine
        except OSError as error:
            raise StorageFailed("The data folder cannot be created: {reason}", reason=str(error)) from error
    config = _config()
    with storage_errors(), database.writer.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
    with database.untracked() as session:
        if session.get(WorkspaceRow, 1) is None:
            session.add(
                WorkspaceRow(
                    id=1, uid=uuid4().hex, timezone=timezone or DEFAULT_TIMEZONE, currency=currency or DEFAULT_CURRENCY
                )
            )
    return newest_revision()


def require_current(database: Database) -> None:
    """Raise WorkspaceMissing unless the database is there and up to date."""
    revision = current_revision(database)
    if revision is None:
        raise WorkspaceMissing("There is no workspace at {where} yet. Run: rapport init", where=_where(database))
    if revision != newest_revision():
        raise WorkspaceMissing(
            "The database at {where} is at revision {revision}, this version needs {newest}. Run: rapport init",
            where=_where(database),
            revision=revision,
            newest=newest_revision(),
        )


def make_revision(database: Database, message: str) -> None:
    """Write the next migration from the difference between the models and an up-to-date database (for developers)."""
    config = _config()
    number = len(list((MIGRATIONS / "versions").glob("*.py"))) + 1
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.revision(config, message=message, autogenerate=True, rev_id=f"{number:04d}")


def has_tables(database: Database) -> bool:
    """Whether anything is in the database."""
    with storage_errors(), database.engine.connect() as connection:
        return bool(inspect(connection).get_table_names())


def _has_workspace(database: Database) -> bool:
    with database.read() as session:
        return session.get(WorkspaceRow, 1) is not None


def _where(database: Database) -> str:
    return str(database.path) if database.path else database.url.render_as_string(hide_password=True)
