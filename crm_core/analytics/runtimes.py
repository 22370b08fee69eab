"""How long each analysis took last, and on how much data: what decides whether a page may wait for it."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from crm_core.analytics.registry import Analysis

_log = logging.getLogger(__name__)


class Runtimes:
    """The last runtime of each analysis, shared by all processes of a workspace."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def record(self, analysis: Analysis[Any, Any], *, seconds: float, snapshot_bytes: int) -> None:
        """Remember a run. One that cannot be written down is logged: the next run is guessed again."""
        path = self._path(analysis)
        draft = path.with_suffix(".draft")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps({"seconds": seconds, "snapshot_bytes": snapshot_bytes}))
            draft.replace(path)
        except OSError as error:
            _log.warning("The runtime of %s cannot be noted at %s: %s", analysis.name, path, error)

    def expected(self, analysis: Analysis[Any, Any], *, snapshot_bytes: int) -> float | None:
        """Seconds the next run will take, grown with the data since the last one; None if there was none."""
        try:
            last = json.loads(self._path(analysis).read_bytes())
            growth = max(1.0, snapshot_bytes / max(1, int(last["snapshot_bytes"])))
            return float(last["seconds"]) * growth
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def _path(self, analysis: Analysis[Any, Any]) -> Path:
        return self._folder / f"{analysis.name}.json"
