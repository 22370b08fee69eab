"""What waits for the worker: a job, how far it is, what became of it, and the words for each way it can fail."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from crm_core.analytics.keys import ReportKey
from crm_core.analytics.registry import Analysis
from crm_core.analytics.values import Json
from crm_core.errors import AnalysisFailed, Cancelled, CrmError, WorkerDied


@dataclass
class Job:
    """One computation for the worker, and how far it is. `lease` keeps its snapshot on disk until it is over."""

    analysis: Analysis[Any, Any]
    key: ReportKey
    order: dict[str, Json]
    lease: ExitStack
    snapshot_bytes: int = 0
    fraction: float = 0.0
    step: str = ""
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    cancelled_at: float | None = None
    """When it was cancelled, by the monotonic clock."""


@dataclass(frozen=True)
class JobView:
    """How far a job is; `n_ahead` jobs come before it."""

    fraction: float
    step: str
    started_at: datetime
    n_ahead: int


@dataclass(frozen=True)
class Outcome:
    """What became of a job: done (in how many seconds, and the report's bytes if the store could not keep it), or
    failed. Neither means that another process computes it already."""

    is_done: bool = False
    seconds: float | None = None
    blob: bytes = b""
    error: CrmError | None = None


def cancelled(job: Job) -> Outcome:
    return Outcome(error=Cancelled("The computation of '{analysis}' was cancelled.", analysis=job.analysis.name))


def ended(job: Job, exit_code: int) -> Outcome:
    """The worker is gone; a negative exit code is the signal that ended it."""
    if exit_code < 0:
        return Outcome(
            error=WorkerDied(
                "The process computing '{analysis}' was ended by signal {signal}. Nothing is lost; try again.",
                analysis=job.analysis.name,
                signal=-exit_code,
            )
        )
    return Outcome(
        error=WorkerDied(
            "The process computing '{analysis}' ended with exit code {exit_code}. Nothing is lost; try again.",
            analysis=job.analysis.name,
            exit_code=exit_code,
        )
    )


def silent(job: Job, seconds: float) -> Outcome:
    return Outcome(
        error=WorkerDied(
            "The process computing '{analysis}' did not answer for {seconds} seconds and was stopped. "
            "Nothing is lost; try again.",
            analysis=job.analysis.name,
            seconds=round(seconds),
        )
    )


def too_large(job: Job, max_bytes: int) -> Outcome:
    return Outcome(
        error=AnalysisFailed(
            "'{analysis}' needs more than the {megabytes} MB of memory it may use and was stopped. "
            "Choose a shorter period, or allow more with RAPPORT_WORKER_MAX_MB.",
            analysis=job.analysis.name,
            megabytes=max_bytes // 2**20,
        )
    )


def outdated(job: Job) -> Outcome:
    return Outcome(
        error=AnalysisFailed(
            "The program was changed while this server runs, so '{analysis}' cannot be computed. Restart the server.",
            analysis=job.analysis.name,
        )
    )


def not_started(job: Job, reason: str) -> Outcome:
    return Outcome(
        error=AnalysisFailed(
            "No process could be started to compute '{analysis}': {reason}. Try again in a while.",
            analysis=job.analysis.name,
            reason=reason,
        )
    )


def lost(job: Job) -> Outcome:
    return Outcome(
        error=AnalysisFailed(
            "'{analysis}' could not be computed. The server's log says why.", analysis=job.analysis.name
        )
    )
