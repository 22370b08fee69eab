"""The warehouse of one workspace: refresh it, ask how stale it is, read it."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from filelock import Timeout
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.db.engine import Database
from crm_core.errors import CrmError
from crm_core.warehouse import duck
from crm_core.warehouse import manifest as manifests
from crm_core.warehouse.layout import TABLES
from crm_core.warehouse.plan import Plan, Rows, count_changed_rows, make_plan, read_marks
from crm_core.warehouse.process import refresh_in_own_process
from crm_core.warehouse.refresh import RefreshResult, refresh_here, storing
from crm_core.warehouse.snapshot import Snapshot, leased

log = logging.getLogger(__name__)

BLOCKS_HERE = 8
"""Blocks a refresh writes in the process that asks for it: about a second. More are left to a process of its own."""

_WAIT_INLINE = 2.0
"""Seconds a page waits for another process's refresh before it goes on with the old snapshot."""

_WAIT_FIRST = 5.0
"""Seconds the background waits for a first snapshot that another process makes, before pages ask again."""

_RETRY_AFTER = 30.0
"""Seconds after a failed refresh before pages try again."""


@dataclass(frozen=True)
class Staleness:
    """How far the snapshot is behind the records.

    `changed_rows` and `changed_blocks` are estimates from history: rows touched since (all, where there is no snapshot
    to build on) and blocks to write. `version` and `taken_at` (UTC) are those of the snapshot there is.
    """

    is_stale: bool
    has_snapshot: bool
    changed_rows: int = 0
    changed_blocks: int = 0
    version: int | None = None
    taken_at: datetime | None = None


class Warehouse:
    """The columnar snapshot of one workspace's records, in a folder of its own. Safe to share between threads."""

    def __init__(self, database: Database, folder: Path, *, timezone: str) -> None:
        self.folder = folder
        self.timezone = timezone
        self.failure: CrmError | None = None
        """Why the last refresh a page asked for failed, while pages go on with the older snapshot."""
        self._database = database
        self._failed_at = 0.0
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._known: tuple[object, Staleness] | None = None

    def refresh(self, *, full: bool = False, wait: float = -1) -> RefreshResult:
        """Bring the snapshot up to the records as they are now; one at a time across all processes.

        Args:
            full: write every block anew.
            wait: seconds to wait for a refresh that is under way elsewhere; -1 as long as it takes.

        Raises:
            StorageFailed: the disk is full or read-only, or the database cannot be read; the last snapshot stays.
            filelock.Timeout: another refresh is still under way after `wait`.
        """
        with storing(self.folder), self._database.read() as session:
            plan = make_plan(_rows(session), self.folder, manifests.current(self.folder), full=full)
        do = refresh_here if self._fits_here(plan) else refresh_in_own_process
        result = do(self._database, self.folder, full=full, wait=wait)
        self.failure = None
        return result

    def staleness(self) -> Staleness:
        """How far the snapshot is behind; one small query while nothing changed."""
        manifest = manifests.current(self.folder)
        with self._database.read() as session:
            rows = _rows(session)
            marks = read_marks(rows)
            is_whole = manifest is not None and manifest.is_whole_in(self.folder)
            key = (manifest and manifest.version, tuple(marks.items()), is_whole)
            known = self._known
            if known is None or known[0] != key:  # pages ask often: history is summed up once per change
                known = key, self._measure(rows, manifest, marks, is_whole=is_whole)
                self._known = known
            return known[1]

    def ensure_fresh(self, *, max_inline_rows: int = 50_000, wait_for_first: bool = True) -> None:
        """Refresh now if that is quick or there is no snapshot; else start a refresh in the background.

        With a snapshot to go on with, this never fails: `failure` says what went wrong. A first snapshot that takes a
        while is made in the background too unless `wait_for_first`; `first_reading` then says how far it is.

        Raises:
            StorageFailed: there is no snapshot and none can be made.
        """
        stale = self.staleness()
        if not stale.has_snapshot:
            self._read_first(stale, wait=wait_for_first)
        elif self.is_refreshing or not stale.is_stale or self._has_just_failed():
            return
        elif stale.changed_rows <= max_inline_rows and stale.changed_blocks <= BLOCKS_HERE:
            self._try_refresh(wait=_WAIT_INLINE)
        else:
            self._start_refresh(wait=0)

    def first_reading(self) -> float | None:
        """How much of the first snapshot is written, from 0 to 1 and whoever writes it; None once there is one."""
        manifest = manifests.current(self.folder)
        if manifest is not None and manifest.is_whole_in(self.folder):
            return None
        stale = self.staleness()
        written = sum(1 for table in TABLES for _ in (self.folder / table).glob("*.parquet"))
        return min(written / max(stale.changed_blocks, 1), 1.0)

    @property
    def is_refreshing(self) -> bool:
        """Whether a refresh of this process runs in the background."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    def open(self, version: int | None = None) -> AbstractContextManager[Snapshot]:
        """The newest complete snapshot, or that version, kept from being removed until it is closed.

        Raises:
            SnapshotMissing: there is none, or that version is gone.
        """
        return leased(self.folder, version, self._engine, self.timezone)

    def close(self) -> None:
        """Wait for a refresh in the background and free what reading took."""
        if self._thread is not None:
            self._thread.join()
        if "_engine" in self.__dict__:
            self._engine.close()
            del self._engine

    @cached_property
    def _engine(self) -> duck.Engine:
        return duck.Engine(self.folder, timezone=self.timezone, memory_mb=duck.SERVER_MEMORY_MB)

    def _fits_here(self, plan: Plan) -> bool:
        is_in_memory = self._database.dialect == "sqlite" and self._database.path is None
        return is_in_memory or plan.count_blocks <= BLOCKS_HERE

    def _measure(
        self, rows: Rows, manifest: manifests.Manifest | None,
        marks: dict[str, manifests.Mark], *, is_whole: bool,
    ) -> Staleness:  # fmt: skip
        if manifest is None:
            return Staleness(
                is_stale=True, has_snapshot=False, changed_rows=count_changed_rows(rows, None),
                changed_blocks=make_plan(rows, self.folder, None).count_blocks,
            )  # fmt: skip
        known = Staleness(is_stale=False, has_snapshot=is_whole, version=manifest.version, taken_at=manifest.taken_at)
        if is_whole and marks == manifest.marks:
            return known
        plan = make_plan(rows, self.folder, manifest)
        changed = count_changed_rows(rows, None if plan.is_full else manifest)
        return replace(known, is_stale=True, changed_rows=changed, changed_blocks=plan.count_blocks)

    def _has_just_failed(self) -> bool:
        return self.failure is not None and time.monotonic() - self._failed_at < _RETRY_AFTER

    def _read_first(self, stale: Staleness, *, wait: bool) -> None:
        if wait or (stale.changed_blocks <= BLOCKS_HERE and not self.is_refreshing):
            self.refresh()
        elif not self.is_refreshing:
            failure, self.failure = self.failure, None
            if failure is not None:  # said once; whoever asks again tries again
                raise failure
            self._start_refresh(wait=_WAIT_FIRST)

    def _try_refresh(self, *, wait: float) -> None:
        try:
            self.refresh(wait=wait)
        except Timeout:
            log.info("another refresh is under way; going on with the old snapshot")
        except CrmError as error:
            self.failure, self._failed_at = error, time.monotonic()
            log.warning("the snapshot stays as it was: %s", error)

    def _start_refresh(self, *, wait: float) -> None:
        with self._starting:
            if not self.is_refreshing:
                self._thread = threading.Thread(
                    target=self._try_refresh, kwargs={"wait": wait}, name="snapshot-refresh", daemon=True
                )
                self._thread.start()


def _rows(session: Session) -> Rows:
    return lambda sql: [tuple(row) for row in session.execute(text(sql))]
