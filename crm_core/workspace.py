"""A workspace: its database, warehouse and analyses, opened together. Pages, API and command line start here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.access import Actor
from crm_core.analytics.runner import Analyses
from crm_core.config import Settings
from crm_core.db import schema
from crm_core.db.engine import Database
from crm_core.db.history import TrackedSession
from crm_core.db.models import WorkspaceRow
from crm_core.errors import ConfigError, StorageFailed
from crm_core.warehouse import Warehouse


class Workspace:
    """Everything one workspace consists of. Cheap to open, safe to share between threads, closed with `close`."""

    def __init__(self, settings: Settings, database: Database, row: WorkspaceRow) -> None:
        self.settings = settings
        self.database = database
        self.uid = row.uid
        self.currency = row.currency
        self.timezone = settings.timezone or row.timezone
        self.is_demo = row.is_demo

    @classmethod
    def open(cls, settings: Settings, *, create: bool = False) -> Workspace:
        """Open the workspace the settings name; with `create`, make or upgrade its database first.

        Raises:
            WorkspaceMissing: there is no database yet, or it is of another version.
            ConfigError: the settings name another currency than the one the money is kept in.
        """
        database = Database(settings.resolved_database_url)
        if create:
            schema.upgrade(database, timezone=settings.timezone, currency=settings.currency)
            _make_private(settings.data_dir / "workspaces")
        schema.require_current(database)
        with database.read() as session:
            row = session.execute(select(WorkspaceRow)).scalar_one()
        if settings.currency and settings.currency != row.currency:
            raise ConfigError(
                "RAPPORT_CURRENCY is {wanted}, but this workspace keeps its money in {kept}. "
                "Unset it, or use another workspace.",
                wanted=settings.currency,
                kept=row.currency,
            )
        return cls(settings, database, row)

    @property
    def folder(self) -> Path:
        """Where snapshots, results and rejects of this workspace lie; a new database gets a new folder."""
        return self.settings.data_dir / "workspaces" / self.uid

    @cached_property
    def warehouse(self) -> Warehouse:
        """The columnar snapshot of the records."""
        return Warehouse(self.database, self.folder / "warehouse", timezone=self.timezone)

    @cached_property
    def analyses(self) -> Analyses:
        """Runs analyses on the snapshot and keeps their reports."""
        return Analyses(
            self.warehouse,
            self.folder / "results",
            max_bytes=self.settings.results_max_mb * 2**20,
            worker_max_bytes=self.settings.worker_max_mb * 2**20,
        )

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading."""
        with self.database.read() as session:
            yield session

    def write(self, actor: Actor, cause: str, *, cause_id: int | None = None) -> AbstractContextManager[TrackedSession]:
        """A session for one service call: one transaction, one change set."""
        return self.database.write(actor, cause, cause_id=cause_id)

    def close(self) -> None:
        """Stop the worker and the background refresh, and close the connections."""
        if "analyses" in self.__dict__:
            self.analyses.close()
        if "warehouse" in self.__dict__:
            self.warehouse.close()
        self.database.dispose()


def _make_private(folder: Path) -> None:
    """Make the folder of snapshots and results for this user only: names and addresses lie there too."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageFailed("The data folder cannot be created: {reason}", reason=str(error)) from error
