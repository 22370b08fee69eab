"""Reports on disk: one file each, written by rename, oldest use out, within a bound that several processes share."""

from __future__ import annotations

import errno
import logging
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from crm_core.analytics.keys import ReportKey
from crm_core.analytics.report_codec import Sink

_log = logging.getLogger(__name__)
READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
"""What a folder that cannot be written answers."""

_BLOCK = 4096  # what the smallest file takes on disk
_ROOM_AFTER_EVICTION = 0.9  # so that a full store does not look at every file at every report
_DRAFT_IS_DEAD_AFTER = 3600.0


@dataclass(frozen=True)
class _Entry:
    path: Path
    n_bytes: int
    used_at: float


class ReportFiles:
    """A folder of reports of at most `max_bytes`. Safe between threads and processes.

    `ledger` holds the bytes in use. It is raised before a file appears and lowered only by counting all files, so
    after a crash it can only be too high, which costs one count and never the bound.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.folder = folder
        self._max_bytes = max_bytes
        self._ledger = folder / "ledger"
        self._lock_path = folder / "ledger.lock"

    def read(self, key: ReportKey) -> bytes | None:
        """The report's bytes, marked as just used; None if it is not here."""
        try:
            data = self._path(key).read_bytes()
        except FileNotFoundError:
            return None
        self.touch(key)
        return data

    def touch(self, key: ReportKey) -> None:
        """Mark the report as just used."""
        try:
            os.utime(self._path(key))
        except FileNotFoundError:
            _log.debug("Report %s is in memory only", key.key)
        except OSError as error:
            if error.errno not in READ_ONLY:
                raise
            _log.debug("The use of report %s is not noted: %s", key.key, error)

    def newest(self, family: str) -> ReportKey | None:
        """The key of the report of that family that was used last."""
        prefix = _prefix(family)
        found = [entry for entry in _entries(self.folder / family[:2], ".report") if entry.path.name.startswith(prefix)]
        if not found:
            return None
        return ReportKey(max(found, key=lambda entry: entry.used_at).path.stem.removeprefix(prefix), family)

    def remove(self, key: ReportKey) -> None:
        """Remove a report, if it is here."""
        self._path(key).unlink(missing_ok=True)

    def remove_draft(self, key: ReportKey) -> None:
        """Remove what a process that died while writing this report left."""
        self._path(key).with_suffix(".draft").unlink(missing_ok=True)

    def write(self, key: ReportKey, dump: Callable[[Sink], int]) -> tuple[int, bool]:
        """Keep what `dump` writes; return its bytes and whether it is kept (it is not if larger than all the folder).

        Only whoever holds the key's lock may write it.

        Raises:
            OSError: the disk is full or broken; nothing is left behind.
        """
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        try:
            with draft.open("wb") as file:
                n_bytes = dump(file)
            if _on_disk(n_bytes) > self._max_bytes:
                return n_bytes, False
            with FileLock(self._lock_path):
                self._make_room(_on_disk(n_bytes), sparing=path)
                draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        return n_bytes, True

    def count_bytes(self) -> int:
        """What all reports take on disk, counted."""
        return sum(entry.n_bytes for entry in self._all(".report"))

    def _make_room(self, n_bytes: int, *, sparing: Path) -> None:
        used = self._read_ledger()
        if used is None or used + n_bytes > self._max_bytes:
            used = self._evict(n_bytes, sparing)
        draft = self._ledger.with_suffix(".draft")
        draft.write_text(str(used + n_bytes))
        draft.replace(self._ledger)

    def _evict(self, n_bytes: int, sparing: Path) -> int:
        """Remove the reports unused longest until `n_bytes` fit with some room to spare; return what is left."""
        for draft in self._all(".draft"):
            if time.time() - draft.used_at > _DRAFT_IS_DEAD_AFTER:
                draft.path.unlink(missing_ok=True)
        entries = sorted(self._all(".report"), key=lambda entry: entry.used_at)
        used = sum(entry.n_bytes for entry in entries if entry.path != sparing)
        if used + n_bytes <= self._max_bytes:
            return used
        wanted = max(0, int(self._max_bytes * _ROOM_AFTER_EVICTION) - n_bytes)
        for entry in entries:
            if used <= wanted:
                break
            if entry.path != sparing:
                entry.path.unlink(missing_ok=True)
                used -= entry.n_bytes
        return used

    def _read_ledger(self) -> int | None:
        try:
            return int(self._ledger.read_text())
        except (FileNotFoundError, ValueError):
            return None

    def _all(self, suffix: str) -> Iterator[_Entry]:
        if self.folder.is_dir():
            for part in self.folder.iterdir():
                if len(part.name) == 2 and part.is_dir():
                    yield from _entries(part, suffix)

    def _path(self, key: ReportKey) -> Path:
        return self.folder / key.family[:2] / f"{_prefix(key.family)}{key.key}.report"


def _prefix(family: str) -> str:
    return f"{family[:24]}-"


def _on_disk(n_bytes: int) -> int:
    return -(-n_bytes // _BLOCK) * _BLOCK


def _entries(folder: Path, suffix: str) -> Iterator[_Entry]:
    try:
        with os.scandir(folder) as scan:
            for item in scan:
                if item.name.endswith(suffix):
                    try:
                        stat = item.stat()
                    except FileNotFoundError:  # another process removed it meanwhile
                        continue
                    yield _Entry(Path(item.path), _on_disk(stat.st_size), stat.st_mtime)
    except FileNotFoundError:
        return
