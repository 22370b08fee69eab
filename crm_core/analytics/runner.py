"""Runs analyses on the newest snapshot for an actor: from the store, here and now, or in the worker.

workspace.analyses.run(rfm, params, actor=actor)     the report; waits for it and computes it in this process
workspace.analyses.poll(rfm, params, actor=actor)    Ready, Running or Failed; what pages ask, again and again
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock, Timer
from typing import Any, Generic, TypeAlias, TypeVar, cast

from filelock import Timeout

from crm_core.access import Actor
from crm_core.analytics.compute import broken, compute
from crm_core.analytics.jobs import Job, Outcome
from crm_core.analytics.keys import ReportKey, report_key
from crm_core.analytics.progress import Note, Progress, silent
from crm_core.analytics.registry import Analysis
from crm_core.analytics.report_codec import load
from crm_core.analytics.report_memory import Stored
from crm_core.analytics.runtimes import Runtimes
from crm_core.analytics.store import ReportStore
from crm_core.analytics.values import Json, encode
from crm_core.analytics.work_queue import WorkQueue
from crm_core.errors import AnalysisFailed, CrmError
from crm_core.warehouse import Snapshot, Warehouse

P = TypeVar("P")
R = TypeVar("R")

_log = logging.getLogger(__name__)

_QUICK_SECONDS = 1.0
_SMALL_SNAPSHOT_BYTES = 16 * 2**20
_MAX_FAILURES, _UNKEPT_SECONDS = 256, 60.0


@dataclass(frozen=True)
class Ready(Generic[R]):
    """The report; the records as of `snapshot_taken_at`. `is_stale`: they have changed since."""

    report: R
    snapshot_taken_at: datetime
    is_stale: bool


@dataclass(frozen=True)
class Running(Generic[R]):
    """The report is being computed: `fraction` of it is done. `n_ahead` other computations come first.

    `previous` is the last report of the same question on older records, to be shown meanwhile, if there is one.
    """

    fraction: float
    step: str
    started_at: datetime
    n_ahead: int = 0
    previous: Ready[R] | None = None


@dataclass(frozen=True)
class Failed:
    """The report could not be computed, and will not be tried again until `retry`, or until the records change."""

    error: CrmError


Answer: TypeAlias = Ready[R] | Running[R] | Failed


class Analyses:
    """The analyses of one workspace. Safe between threads; several processes may share the folder.

    Reports take at most `max_bytes` on disk, the worker `worker_max_bytes` of memory; one that gives no sign of life
    for `silence_seconds` is ended.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        folder: Path,
        *,
        max_bytes: int,
        worker_max_bytes: int,
        silence_seconds: float = 60.0,
    ) -> None:
        self._warehouse = warehouse
        self.store = ReportStore(folder, max_bytes=max_bytes)
        self.queue = WorkQueue(
            on_end=self._note_end, worker_max_bytes=worker_max_bytes, silence_seconds=silence_seconds
        )
        self._runtimes = Runtimes(folder / "runtimes")
        self._lock = Lock()
        self._failures: OrderedDict[str, CrmError] = OrderedDict()
        self._unkept: dict[str, Stored] = {}
        self._sizes: dict[int, int] = {}

    def run(self, analysis: Analysis[P, R], params: P, *, actor: Actor, progress: Progress = silent) -> R:
        """The report, from the store or computed in this thread; waits if another thread or process computes it.

        Raises:
            PermissionDenied: the actor may not see this analysis.
            SnapshotMissing: there is no snapshot yet.
            AnalysisRefused: the data cannot carry the claim.
            AnalysisFailed: the computation broke.
        """
        actor.require(analysis.permission)
        with self._snapshot() as snapshot:
            key = report_key(analysis, params, snapshot, actor.scope)
            if (stored := self.store.get(key, analysis.types)) is None:
                stored = self._compute(analysis, params, key, snapshot, actor, progress=progress, wait=-1)
            return cast("R", stored.report)

    def poll(self, analysis: Analysis[P, R], params: P, *, actor: Actor) -> Answer[R]:
        """The report if it is there or quick to compute; else how far it is: the worker computes it.

        Raises:
            PermissionDenied: the actor may not see this analysis.
            SnapshotMissing: there is no snapshot yet.
        """
        actor.require(analysis.permission)
        with ExitStack() as lease:
            snapshot = lease.enter_context(self._snapshot())
            key = report_key(analysis, params, snapshot, actor.scope)
            # Jobs first: one that ends now has left its report or failure by the time these are looked for.
            job = self.queue.find(key.key)
            if (stored := self._found(key, analysis)) is not None:
                return self._ready(stored.report, snapshot.taken_at)
            if job is not None:
                return Running(job.fraction, job.step, job.started_at, job.n_ahead, self._previous(key, analysis))
            if (failure := self._failure(key)) is not None:
                return Failed(failure)
            is_quick = self._is_quick(analysis, snapshot)
            if (note := self.store.running(key)) is not None and not (is_quick and _has_just_begun(note)):
                return Running(note.fraction, note.step, note.started_at, 0, self._previous(key, analysis))
            if is_quick:
                try:
                    stored = self._compute(analysis, params, key, snapshot, actor, progress=silent, wait=_QUICK_SECONDS)
                    return self._ready(stored.report, snapshot.taken_at)
                except Timeout:
                    _log.debug("Analysis %s takes longer elsewhere than it was expected to", analysis.name)
                except CrmError as error:
                    self._remember_failure(key, error)
                    return Failed(error)
            else:
                order = self._order(analysis, params, key, snapshot, actor)
                self.queue.submit(Job(analysis, key, order, lease.pop_all(), self._bytes_of(snapshot)))
        job = self.queue.find(key.key)
        if job is None:  # it is over already, or another process computes it: the next poll finds out
            return Running(0.0, "", datetime.now(UTC), 0, self._previous(key, analysis))
        return Running(job.fraction, job.step, job.started_at, job.n_ahead, self._previous(key, analysis))

    def retry(self, analysis: Analysis[P, R], params: P, *, actor: Actor) -> Answer[R]:
        """Forget that this failed, and poll again."""
        actor.require(analysis.permission)
        with self._snapshot() as snapshot:
            key = report_key(analysis, params, snapshot, actor.scope)
        with self._lock:
            self._failures.pop(key.key, None)
        return self.poll(analysis, params, actor=actor)

    def latest(self, analysis: Analysis[P, R], *params: P, actor: Actor) -> Ready[R] | None:
        """The last report of the first of these parameters that has one, on any state of the records; else None."""
        actor.require(analysis.permission)
        with self._snapshot() as snapshot:
            keys = (report_key(analysis, asked, snapshot, actor.scope) for asked in params)
            return next((found for key in keys if (found := self._previous(key, analysis)) is not None), None)

    def cancel(self, analysis: Analysis[P, R], params: P, *, actor: Actor) -> bool:
        """Stop computing this here, within seconds; return whether it was queued or under way.

        It is then Failed, with Cancelled, until `retry`. What another process computes goes on.
        """
        actor.require(analysis.permission)
        with self._snapshot() as snapshot:
            key = report_key(analysis, params, snapshot, actor.scope)
        if self.store.get(key, analysis.types) is not None:
            return False  # the report is there; the worker has only not said so yet
        return self.queue.cancel(key.family)

    def close(self) -> None:
        """End the worker."""
        self.queue.close()

    @contextmanager
    def _snapshot(self) -> Iterator[Snapshot]:
        """The newest snapshot, brought up to date first where that is quick."""
        self._warehouse.ensure_fresh()
        with self._warehouse.open() as snapshot:
            yield snapshot

    def _compute(
        self,
        analysis: Analysis[P, R],
        params: P,
        key: ReportKey,
        snapshot: Snapshot,
        actor: Actor,
        *,
        progress: Progress,
        wait: float,
    ) -> Stored:
        with self.store.computing(key, progress, wait=wait) as noting:
            if (found := self._found(key, analysis)) is not None:
                return found
            try:
                made = compute(analysis, params, snapshot=snapshot, scope=actor.scope, progress=noting)
                stored = Stored(made.report, snapshot.taken_at)
                self.store.put(key, stored, analysis.types)
            except AnalysisFailed:
                _log.exception("Analysis %s broke", analysis.name)
                raise
            except TypeError as error:
                _log.exception("The report of analysis %s cannot be kept", analysis.name)
                raise broken(analysis.name, error) from error
            self._runtimes.record(analysis, seconds=made.seconds, snapshot_bytes=self._bytes_of(snapshot))
            return stored

    def _found(self, key: ReportKey, analysis: Analysis[Any, Any]) -> Stored | None:
        unkept = self._unkept.get(key.key)
        return unkept if unkept is not None else self.store.get(key, analysis.types)

    def _ready(self, report: R, taken_at: datetime) -> Ready[R]:
        return Ready(report, taken_at, self._warehouse.staleness().is_stale)

    def _previous(self, key: ReportKey, analysis: Analysis[P, R]) -> Ready[R] | None:
        stored = self.store.newest(key.family, analysis.types)
        return None if stored is None else Ready(stored.report, stored.taken_at, is_stale=True)

    def _is_quick(self, analysis: Analysis[Any, Any], snapshot: Snapshot) -> bool:
        if analysis.is_long:
            return False
        n_bytes = self._bytes_of(snapshot)
        expected = self._runtimes.expected(analysis, snapshot_bytes=n_bytes)
        return n_bytes <= _SMALL_SNAPSHOT_BYTES if expected is None else expected < _QUICK_SECONDS

    def _order(
        self, analysis: Analysis[P, R], params: P, key: ReportKey, snapshot: Snapshot, actor: Actor
    ) -> dict[str, Json]:
        """What the worker must know."""
        return {
            "analysis": analysis.name,
            "module": analysis.module,
            "code_version": analysis.code_version,
            "params": encode(params, analysis.types),
            "scope": asdict(actor.scope),
            "folder": str(snapshot.folder.resolve()),
            "version": snapshot.version,
            "timezone": snapshot.timezone,
            "taken_at": snapshot.taken_at.isoformat(),
            "key": key.key,
            "family": key.family,
            "store": str(self.store.folder.resolve()),
            "max_bytes": self.store.max_bytes,
        }

    def _note_end(self, job: Job, outcome: Outcome) -> None:
        """Keep what became of a job where polls look for it."""
        if outcome.error is not None:
            self._remember_failure(job.key, outcome.error)
            self.store.sweep(job.key)
        if outcome.seconds is not None:
            self._runtimes.record(job.analysis, seconds=outcome.seconds, snapshot_bytes=job.snapshot_bytes)
        if outcome.blob:  # no room on disk: it is here or nowhere
            report, about = load(outcome.blob, job.analysis.types)
            stored = Stored(report, datetime.fromisoformat(about["taken_at"]))
            if not self.store.memory.put(job.key.key, stored, len(outcome.blob)):
                self._unkept[job.key.key] = stored
                forget = Timer(_UNKEPT_SECONDS, self._unkept.pop, (job.key.key, None))
                forget.daemon = True
                forget.start()

    def _failure(self, key: ReportKey) -> CrmError | None:
        with self._lock:
            return self._failures.get(key.key)

    def _remember_failure(self, key: ReportKey, error: CrmError) -> None:
        with self._lock:
            self._failures[key.key] = error
            while len(self._failures) > _MAX_FAILURES:
                self._failures.popitem(last=False)

    def _bytes_of(self, snapshot: Snapshot) -> int:
        """What the snapshot's files take: how much there is to compute on."""
        if snapshot.version not in self._sizes:
            self._sizes[snapshot.version] = sum(path.stat().st_size for path in snapshot.folder.rglob("*.parquet"))
        return self._sizes[snapshot.version]


def _has_just_begun(note: Note) -> bool:
    """Whether it is worth waiting for whoever computes something quick."""
    return (datetime.now(UTC) - note.started_at).total_seconds() < _QUICK_SECONDS
