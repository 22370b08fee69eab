"""How far an analysis is: what it calls while it works, and the note other processes read meanwhile."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from crm_core.errors import Cancelled

__all__ = ["Cancelled", "Note", "Progress", "noted", "read_note", "silent", "within"]

Progress: TypeAlias = Callable[[float, str], None]
"""`progress(fraction, step)`: how much is done, from 0 to 1, and what is being done, in English words the page
translates. Raises Cancelled if the run was cancelled; an analysis lets it pass."""

_log = logging.getLogger(__name__)
_SECONDS_BETWEEN_NOTES = 0.2


def silent(fraction: float, step: str) -> None:
    """A progress nobody listens to."""


def within(progress: Progress, start: float, end: float) -> Progress:
    """The progress of one part of a run, whose 0 to 1 is `start` to `end` of the whole."""

    def part(fraction: float, step: str) -> None:
        progress(start + (end - start) * min(max(fraction, 0.0), 1.0), step)

    return part


@dataclass(frozen=True)
class Note:
    """How far a run is, as its process last wrote it."""

    fraction: float
    step: str
    started_at: datetime


def noted(path: Path, progress: Progress = silent) -> Progress:
    """`progress` that also leaves a note at `path`, with every new step and else at most five times a second.

    A note that cannot be written costs other processes the sight of this run, not the run itself: it is logged once.
    """
    started_at = datetime.now(UTC).isoformat()
    due = 0.0
    written: str | None = None
    is_broken = False

    def note(fraction: float, step: str) -> None:
        nonlocal due, written, is_broken
        if is_broken or (step == written and time.monotonic() < due):
            return
        written = step
        due = time.monotonic() + _SECONDS_BETWEEN_NOTES
        draft = path.with_suffix(".note-draft")
        try:
            draft.write_text(json.dumps({"fraction": fraction, "step": step, "started_at": started_at}))
            draft.replace(path)
        except OSError as error:
            is_broken = True
            _log.warning("Progress cannot be noted at %s: %s", path, error)

    def noting(fraction: float, step: str) -> None:
        progress(fraction, step)
        note(fraction, step)

    note(0.0, "")
    return noting


def read_note(path: Path) -> Note | None:
    """The note at `path`; None where there is none, or a crash left half of one."""
    try:
        data = json.loads(path.read_bytes())
        return Note(float(data["fraction"]), str(data["step"]), datetime.fromisoformat(data["started_at"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
