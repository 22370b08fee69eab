"""The jobs for the worker, first in first out: one runs, the others wait; a worker that dies fails only its own job."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from itertools import count
from threading import Condition, Thread
from typing import Any

from crm_core.analytics import jobs
from crm_core.analytics.attendance import RETRY, Attendance
from crm_core.analytics.jobs import Job, JobView, Outcome
from crm_core.analytics.worker_process import WorkerProcess

_log = logging.getLogger(__name__)

_SECONDS_BETWEEN_LOOKS = 0.5


class WorkQueue:
    """Runs jobs in one worker process, started with the first job and replaced when it dies.

    `on_end` is called, in the queue's own thread, with what became of each job before `find` forgets it.
    """

    def __init__(
        self, *, on_end: Callable[[Job, Outcome], None], worker_max_bytes: int, silence_seconds: float = 60.0
    ) -> None:
        self._on_end = on_end
        self._max_bytes = worker_max_bytes
        self._silence_seconds = silence_seconds
        self._changed = Condition()
        self._jobs: list[Job] = []  # the first is under way, if it is `_current`
        self._current: Job | None = None
        self._news: list[tuple[WorkerProcess, dict[str, Any], bytes]] = []
        self._worker: WorkerProcess | None = None
        self._thread: Thread | None = None
        self._is_closing = False
        self._numbers = count(1)

    @property
    def worker_pid(self) -> int | None:
        """The process id of the worker; None if none was started or the last one was ended."""
        worker = self._worker
        return None if worker is None else worker.pid

    def submit(self, job: Job) -> None:
        """Queue a job, which takes its lease along. A key that is there is joined; a newer state of the same question
        takes the place of one that still waits."""
        with self._changed:
            if self._is_closing or any(other.key.key == job.key.key for other in self._jobs):
                job.lease.close()
                return
            for place, other in enumerate(self._jobs):
                if other is not self._current and other.key.family == job.key.family:
                    other.lease.close()
                    self._jobs[place] = job
                    break
            else:
                self._jobs.append(job)
            if self._thread is None:
                self._thread = Thread(target=self._work, name="analyses", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def find(self, key: str) -> JobView | None:
        """How far the job of that key is; None if there is none."""
        with self._changed:
            for n_ahead, job in enumerate(self._jobs):
                if job.key.key == key:
                    return JobView(job.fraction, job.step, job.started_at, n_ahead)
        return None

    def cancel(self, family: str) -> bool:
        """Cancel every job of that question; return whether there was one. It ends within seconds."""
        with self._changed:
            found = [job for job in self._jobs if job.key.family == family]
            for job in found:
                job.cancelled_at = job.cancelled_at or time.monotonic()
            self._changed.notify_all()
        return bool(found)

    def close(self) -> None:
        """End the worker and forget all jobs; returns when both are done."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                outcome = self._do(job)
            except Exception:  # noqa: BLE001  (whatever it is, those who wait must hear of it, and the next job run)
                _log.exception("Analysis %s was lost on its way to the worker", job.analysis.name)
                self._let_go(kill=True)
                outcome = jobs.lost(job)
            try:
                self._on_end(job, outcome)
            except Exception:  # noqa: BLE001  (as above)
                _log.exception("The outcome of analysis %s was lost", job.analysis.name)
            with self._changed:
                self._jobs.remove(job)
                self._current = None
            job.lease.close()
        with self._changed:
            waiting, self._jobs = self._jobs, []
        for job in waiting:
            job.lease.close()
        self._let_go()

    def _next(self) -> Job | None:
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._is_closing)
            self._current = None if self._is_closing else self._jobs[0]
            return self._current

    def _do(self, job: Job) -> Outcome:
        for is_last_try in (False, True):
            if job.cancelled_at is not None:
                return jobs.cancelled(job)
            try:
                worker = self._ready_worker()
            except OSError as error:
                return jobs.not_started(job, error.strerror or str(error))
            outcome = self._attend(worker, job, is_last_try=is_last_try)
            if outcome is not RETRY:
                return outcome
        raise AssertionError("the last try has an outcome")

    def _ready_worker(self) -> WorkerProcess:
        """A worker; one that kept over half of what it may use gives way to a fresh one between jobs."""
        if self._worker is not None and self._worker.memory_bytes() * 2 > self._max_bytes:
            self._let_go()
        if self._worker is None:
            self._worker = WorkerProcess(self._hear)
        return self._worker

    def _hear(self, worker: WorkerProcess, message: dict[str, Any], blob: bytes) -> None:
        with self._changed:
            self._news.append((worker, message, blob))
            self._changed.notify_all()

    def _attend(self, worker: WorkerProcess, job: Job, *, is_last_try: bool) -> Outcome:
        attendance = Attendance(
            worker,
            job,
            number=next(self._numbers),
            is_last_try=is_last_try,
            max_bytes=self._max_bytes,
            silence_seconds=self._silence_seconds,
        )
        outcome: Outcome | None = None
        while outcome is None:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._news or self._is_closing or attendance.has_to_cancel, _SECONDS_BETWEEN_LOOKS
                )
                news, self._news = self._news, []
            if self._is_closing:
                self._let_go(kill=True)
                return jobs.cancelled(job)
            for sender, message, blob in news:
                if sender is worker and outcome is None:
                    outcome = attendance.heed(message, blob)
            outcome = outcome or attendance.look()
        if worker.is_gone:
            self._worker = None
        return outcome

    def _let_go(self, *, kill: bool = False) -> None:
        worker, self._worker = self._worker, None
        if worker is not None and kill:
            worker.kill()
        elif worker is not None:
            worker.end()
