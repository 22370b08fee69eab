"""The result store: reports in memory, then on disk, and one computation per key however many ask."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import BaseFileLock, FileLock, Timeout

from crm_core.analytics.keys import ReportKey
from crm_core.analytics.progress import Note, Progress, noted, read_note, silent
from crm_core.analytics.report_codec import Damaged, Sink, dump, load
from crm_core.analytics.report_files import READ_ONLY, ReportFiles
from crm_core.analytics.report_memory import ReportMemory, Stored
from crm_core.analytics.values import Types

MEMORY_BYTES = 64 * 2**20

_log = logging.getLogger(__name__)


class ReportStore:
    """Keeps reports by key: the last used in memory, in front of a folder of at most `max_bytes`.

    Safe between threads and processes. What is handed out may be changed freely. A report that cannot be written, or
    is larger than the bound, is simply not kept.
    """

    def __init__(self, folder: Path, *, max_bytes: int, memory_bytes: int = MEMORY_BYTES) -> None:
        self.folder = folder
        self.max_bytes = max_bytes
        self.files = ReportFiles(folder, max_bytes)
        self.memory = ReportMemory(memory_bytes)
        self._running = folder / "running"

    def get(self, key: ReportKey, types: Types) -> Stored | None:
        """The report; None if it is not kept. A damaged file counts as absent and is removed."""
        if (stored := self.memory.get(key.key)) is not None:
            self.files.touch(key)
            return stored
        data = self.files.read(key)
        if data is None:
            return None
        try:
            report, about = load(data, types)
            stored = Stored(report, datetime.fromisoformat(about["taken_at"]))
        except (Damaged, KeyError, ValueError) as error:
            _log.warning("Report %s is damaged (%s); it is removed and will be computed again", key.key, error)
            self.files.remove(key)
            return None
        self.memory.put(key.key, stored, len(data))
        return stored

    def newest(self, family: str, types: Types) -> Stored | None:
        """The report last used of the same question, on any snapshot; None if none is kept."""
        key = self.files.newest(family)
        return None if key is None else self.get(key, types)

    def put(self, key: ReportKey, stored: Stored, types: Types) -> bool:
        """Keep the report; return whether it is on disk. Only whoever holds the key may do so.

        A full or broken disk is logged: the report is then kept in memory alone.

        Raises:
            TypeError: the report holds something that cannot be kept.
        """
        about = {"taken_at": stored.taken_at.isoformat()}

        def write(sink: Sink) -> int:
            return dump(stored.report, types, sink, about=about)

        is_kept = False
        try:
            n_bytes, is_kept = self.files.write(key, write)
        except OSError as error:
            _log.warning("Report %s cannot be kept in %s: %s", key.key, self.folder, error.strerror or error)
            n_bytes = write(_Nowhere())
        self.memory.put(key.key, stored, n_bytes)
        return is_kept

    @contextmanager
    def computing(self, key: ReportKey, progress: Progress = silent, *, wait: float = -1) -> Iterator[Progress]:
        """Be the one who computes this key, in any thread of any process; gives the progress to report to.

        Look into the store again inside: whoever had the key before has probably left the report there. `wait` is in
        seconds; negative waits as long as it takes. Where the folder cannot be written, nobody waits for anybody.

        Raises:
            Timeout: someone else still computes it after `wait`.
        """
        lock_path, note_path = self._paths(key)
        lock = self._lock(lock_path, wait)
        if lock is None:
            yield progress
            return
        try:
            yield noted(note_path, progress)
        finally:
            note_path.unlink(missing_ok=True)
            # Whoever waits has opened this very file; filelock sees that it is gone and starts over with a new one.
            lock_path.unlink(missing_ok=True)
            lock.release()

    def running(self, key: ReportKey) -> Note | None:
        """How far whoever computes this key is, in any process; None if nobody does."""
        lock_path, note_path = self._paths(key)
        try:
            since = datetime.fromtimestamp(lock_path.stat().st_ctime, UTC)
            with FileLock(lock_path, timeout=0):
                lock_path.unlink(missing_ok=True)  # left by a crash, or made by looking
                return None
        except (FileNotFoundError, NotADirectoryError):
            return None
        except Timeout:
            return read_note(note_path) or Note(0.0, "", since)
        except OSError as error:
            if error.errno not in READ_ONLY:
                raise
            return None  # left by a crash: nobody computes where nobody can lock

    def sweep(self, key: ReportKey) -> None:
        """Remove what a process that died while computing this key left behind."""
        with suppress(Timeout), self.computing(key, wait=0):  # a Timeout: someone computes it again already
            self.files.remove_draft(key)

    def _lock(self, path: Path, wait: float) -> BaseFileLock | None:
        lock = FileLock(path, timeout=wait)
        try:
            self._running.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise
        except OSError as error:
            _log.warning("Report %s is computed without a lock: %s", path.stem, error)
            return None
        return lock

    def _paths(self, key: ReportKey) -> tuple[Path, Path]:
        return self._running / f"{key.key}.lock", self._running / f"{key.key}.note"


class _Nowhere:
    """Takes bytes and forgets them: to know how many there are."""

    def write(self, data: Any, /) -> int:
        return memoryview(data).nbytes
