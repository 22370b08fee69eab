"""What the tests of the worker share: asking again and again, as a page does."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from crm_core.access import SYSTEM, Actor
from crm_core.analytics.registry import Analysis
from crm_core.analytics.runner import Analyses, Failed, Ready, Running
from crm_core.config import Settings
from crm_core.db.models import Customer
from crm_core.workspace import Workspace
from tests.core.sample_analyses import trouble

T = TypeVar("T")


def until(find: Callable[[], T | None], what: str, seconds: float = 30.0) -> T:
    """What `find` gives as soon as it gives something; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := find():
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen within {seconds} seconds")


def ended(
    analyses: Analyses, analysis: Analysis[Any, Any], params: Any, *, actor: Actor = SYSTEM
) -> Ready[Any] | Failed:
    """The answer once it is not Running any more."""

    def poll() -> Ready[Any] | Failed | None:
        answer = analyses.poll(analysis, params, actor=actor)
        return None if isinstance(answer, Running) else answer

    return until(poll, f"the end of {analysis.name}")


def underway(analyses: Analyses, analysis: Analysis[Any, Any], params: Any, *, step: str) -> Running[Any]:
    """The Running answer once it shows that step."""

    def poll() -> Running[Any] | None:
        answer = analyses.poll(analysis, params, actor=SYSTEM)
        assert isinstance(answer, Running), answer
        return answer if answer.step == step else None

    return until(poll, f"step '{step}' of {analysis.name}")


def add_customer(workspace: Workspace, name: str, *, owner_id: int | None = None) -> None:
    """A customer of that name."""
    with workspace.write(SYSTEM, "form") as session:
        session.add(Customer(ref=name, name=name, sort_name=name.casefold(), owner_id=owner_id))


def open_empty(folder: Path) -> Workspace:
    """The workspace in that folder, made if there is none; for the caller to close."""
    settings = Settings(data_dir=folder, timezone="Europe/Berlin", currency="EUR", _env_file=None)  # type: ignore[call-arg]
    return Workspace.open(settings, create=True)


def runs(log: Path) -> int:
    """How often the analysis that writes that log really ran."""
    return len(log.read_text().splitlines()) if log.exists() else 0


def failure(analyses: Analyses, params: Any, analysis: Analysis[Any, Any] = trouble) -> Exception:
    answer = ended(analyses, analysis, params)
    assert isinstance(answer, Failed)
    return answer.error


def report(answer: Ready[Any] | Running[Any] | Failed) -> Any:
    assert isinstance(answer, Ready), answer
    return answer.report


def worker_pid(analyses: Analyses) -> int:
    pid = analyses.queue.worker_pid
    assert pid is not None
    return pid
