"""The reports used last, kept in this process up to a number of bytes."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from crm_core.analytics.report_codec import handed_out


@dataclass(frozen=True)
class Stored:
    """A report and the time of the snapshot it was computed on."""

    report: Any
    taken_at: datetime


class ReportMemory:
    """A bounded memory of reports, oldest use out first. Safe between threads."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._lock = Lock()
        self._kept: OrderedDict[str, tuple[Stored, int]] = OrderedDict()
        self._n_bytes = 0

    @property
    def n_bytes(self) -> int:
        """What the kept reports take, as files."""
        return self._n_bytes

    def get(self, key: str) -> Stored | None:
        """A copy of the report that may be changed freely; None if it is not here."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            stored, _ = self._kept[key]
        return Stored(handed_out(stored.report), stored.taken_at)

    def put(self, key: str, stored: Stored, n_bytes: int) -> bool:
        """Keep the report, whose file has `n_bytes`; return whether it is (one larger than all the memory is not)."""
        if n_bytes > self._max_bytes:
            return False
        mine = Stored(handed_out(stored.report), stored.taken_at)
        with self._lock:
            _, before = self._kept.pop(key, (None, 0))
            self._kept[key] = (mine, n_bytes)
            self._n_bytes += n_bytes - before
            while self._n_bytes > self._max_bytes:
                _, (_, freed) = self._kept.popitem(last=False)
                self._n_bytes -= freed
        return True
