"""One job in one worker, from the order to its end: what the worker says, and what is done when it does not."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from crm_core.analytics import jobs
from crm_core.analytics.jobs import Job, Outcome
from crm_core.analytics.messages import error_from_json
from crm_core.analytics.worker_process import WorkerProcess

_log = logging.getLogger(__name__)

_SECONDS_TO_CANCEL = 2.0
_SECONDS_TO_START = 60.0  # importing everything on a busy machine

RETRY = Outcome()
"""Not over: the job should be given to another worker (recognised by identity)."""


class Attendance:
    """Watches over one job. `heed` every message of the worker and `look` now and then, until one gives an outcome."""

    def __init__(
        self, worker: WorkerProcess, job: Job, *, number: int, is_last_try: bool, max_bytes: int, silence_seconds: float
    ) -> None:
        self._worker = worker
        self._job = job
        self._number = number
        self._is_last_try = is_last_try
        self._max_bytes = max_bytes
        self._silence_seconds = silence_seconds
        self._began = time.monotonic()
        self._is_started = False
        self._is_told_to_cancel = False
        worker.tell({"type": "job", "id": number, **job.order})

    @property
    def has_to_cancel(self) -> bool:
        """Whether the job was cancelled and the worker does not know yet."""
        return self._job.cancelled_at is not None and not self._is_told_to_cancel

    def heed(self, message: Mapping[str, Any], blob: bytes) -> Outcome | None:
        """The outcome, if this message is the end of the job; else note how far it is."""
        job = self._job
        if message["type"] == "ended":
            self._worker.kill()  # what it started may live on
            # A worker that never took up the job died of something else, between jobs.
            return jobs.ended(job, self._worker.exit_code()) if self._is_started or self._is_last_try else RETRY
        if message["id"] != self._number:
            return None
        match message["type"]:
            case "started":
                self._is_started = True
                job.started_at = datetime.now(UTC)
            case "progress":
                job.fraction, job.step = message["fraction"], message["step"]
            case "done":
                return Outcome(is_done=True, seconds=message["seconds"], blob=blob)
            case "elsewhere":
                return Outcome()
            case "outdated":
                self._worker.kill()
                return jobs.outdated(job) if self._is_last_try else RETRY
            case "failed":
                if message.get("traceback"):
                    _log.error("Analysis %s broke in the worker:\n%s", job.analysis.name, message["traceback"])
                return Outcome(error=error_from_json(message["error"]))
            case kind:
                raise ValueError(f"the worker says {kind!r}")
        return None

    def look(self) -> Outcome | None:
        """The outcome, if the job must be ended: cancelled, too large, or silent for too long."""
        job, worker = self._job, self._worker
        now = time.monotonic()
        if self.has_to_cancel:
            self._is_told_to_cancel = True
            worker.tell({"type": "cancel", "id": self._number})
        if job.cancelled_at is not None and now - job.cancelled_at > _SECONDS_TO_CANCEL:
            worker.kill()
            return jobs.cancelled(job)
        if worker.memory_bytes() > self._max_bytes:
            worker.kill()
            return jobs.too_large(job, self._max_bytes)
        patience = self._silence_seconds if self._is_started else max(self._silence_seconds, _SECONDS_TO_START)
        if now - max(worker.heard_at, self._began) > patience:
            worker.kill()
            return jobs.silent(job, patience)
        return None
