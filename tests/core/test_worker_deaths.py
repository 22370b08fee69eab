"""Workers that die, freeze, grow or cannot start: the job fails in words, and nobody waits for a dead one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from crm_core.access import SYSTEM
from crm_core.analytics import attendance
from crm_core.analytics.runner import Analyses, Failed, Ready, Running
from crm_core.errors import AnalysisFailed, WorkerDied
from crm_core.workspace import Workspace
from tests.core.polling import ended, failure, open_empty, report, underway, until, worker_pid
from tests.core.sample_analyses import CountParams, TroubleParams, long_count, trouble

TROUBLE = "Getting into trouble"


@pytest.fixture(scope="module")
def analyses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Analyses]:
    """The analyses of one empty workspace for all tests: a worker takes more than a second to start."""
    with closing(open_empty(tmp_path_factory.mktemp("data"))) as workspace:
        yield workspace.analyses


def test_a_worker_that_is_killed_fails_its_job_alone_and_retry_works(analyses: Analyses, tmp_path: Path) -> None:
    params = TroubleParams("deaf", once=str(tmp_path / "once"))
    underway(analyses, trouble, params, step=TROUBLE)
    waiting = CountParams(label="waiting")
    assert isinstance(analyses.poll(long_count, waiting, actor=SYSTEM), Running)
    first = worker_pid(analyses)
    os.kill(first, signal.SIGKILL)
    error = failure(analyses, params)
    assert type(error) is WorkerDied
    assert str(error) == ("The process computing 'sample_trouble' was ended by signal 9. Nothing is lost; try again.")
    assert report(ended(analyses, long_count, waiting)).n_customers == 0
    assert worker_pid(analyses) != first
    assert isinstance(analyses.poll(trouble, params, actor=SYSTEM), Failed)
    assert isinstance(analyses.retry(trouble, params, actor=SYSTEM), Running)
    assert report(ended(analyses, trouble, params)).text == "all is well"
    assert list((analyses.store.folder / "running").iterdir()) == []


def test_a_worker_that_exits_fails_its_job(analyses: Analyses) -> None:
    error = failure(analyses, TroubleParams("exit"))
    assert type(error) is WorkerDied
    assert str(error) == ("The process computing 'sample_trouble' ended with exit code 3. Nothing is lost; try again.")


def test_a_worker_killed_between_jobs_costs_nothing(analyses: Analyses) -> None:
    ended(analyses, long_count, CountParams(label="first"))
    first = worker_pid(analyses)
    os.kill(first, signal.SIGKILL)
    assert isinstance(ended(analyses, long_count, CountParams(label="second")), Ready)
    assert worker_pid(analyses) != first


@pytest.mark.parametrize("how", ["freeze", "stop"])
def test_a_worker_that_gives_no_sign_of_life_is_ended(workspace: Workspace, how: str) -> None:
    workspace.warehouse.refresh()
    impatient = Analyses(
        workspace.warehouse, workspace.folder / "results",
        max_bytes=2**20, worker_max_bytes=2**30, silence_seconds=2.0,
    )  # fmt: skip
    params = TroubleParams("freeze" if how == "freeze" else "deaf")
    try:
        underway(impatient, trouble, params, step=TROUBLE)
        pid = worker_pid(impatient)
        if how == "stop":
            os.kill(pid, signal.SIGSTOP)
        error = failure(impatient, params)
        assert type(error) is WorkerDied
        assert str(error) == (
            "The process computing 'sample_trouble' did not answer for 2 seconds and was stopped. "
            "Nothing is lost; try again."
        )
        assert not psutil.pid_exists(pid)
    finally:
        impatient.close()


def test_a_worker_that_takes_too_much_memory_is_ended(workspace: Workspace) -> None:
    workspace.warehouse.refresh()
    limit = 400 * 2**20
    modest = Analyses(workspace.warehouse, workspace.folder / "results", max_bytes=2**20, worker_max_bytes=limit)
    try:
        error = failure(modest, TroubleParams("grow", size=limit))
    finally:
        modest.close()
    assert type(error) is AnalysisFailed
    assert str(error) == (
        "'sample_trouble' needs more than the 400 MB of memory it may use and was stopped. "
        "Choose a shorter period, or allow more with RAPPORT_WORKER_MAX_MB."
    )


def test_a_worker_that_kept_much_memory_is_replaced_between_jobs(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyses = workspace.analyses
    assert isinstance(ended(analyses, long_count, CountParams(label="first")), Ready)
    first = worker_pid(analyses)
    monkeypatch.setattr(analyses.queue, "_max_bytes", psutil.Process(first).memory_info().rss * 3 // 2)
    assert isinstance(ended(analyses, long_count, CountParams(label="second")), Ready)
    assert worker_pid(analyses) != first
    assert not psutil.pid_exists(first)


def test_a_worker_that_cannot_be_started_fails_the_job(analyses: Analyses, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    analyses.queue._let_go()
    error = failure(analyses, CountParams(label="no process"), long_count)
    assert str(error) == (
        "No process could be started to compute 'sample_long_count': Resource temporarily unavailable. "
        "Try again in a while."
    )


def test_a_fault_of_the_queue_itself_leaves_no_page_waiting(
    analyses: Analyses, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(attendance.Attendance, "look", lambda self: 1 / 0)
        error = failure(analyses, CountParams(label="fault"), long_count)
    assert str(error) == "'sample_long_count' could not be computed. The server's log says why."
    assert "ZeroDivisionError" in caplog.text
    analyses.retry(long_count, CountParams(label="fault"), actor=SYSTEM)
    assert isinstance(ended(analyses, long_count, CountParams(label="fault")), Ready)


SERVER = """
import sys
from contextlib import closing
from pathlib import Path
from crm_core.access import SYSTEM
from tests.core.polling import open_empty, underway
from tests.core.sample_analyses import TroubleParams, trouble
workspace = open_empty(Path(sys.argv[1]))
underway(workspace.analyses, trouble, TroubleParams("deaf"), step="Getting into trouble")
print(workspace.analyses.queue.worker_pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def server(workspace: Workspace) -> Iterator[subprocess.Popen[str]]:
    """Another server process, whose worker is in the middle of a job."""
    child = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(workspace.settings.data_dir)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    with child:
        yield child
        child.kill()


def test_the_worker_ends_when_its_server_is_killed(server: subprocess.Popen[str]) -> None:
    assert server.stdout is not None
    pid = int(server.stdout.readline())
    assert psutil.pid_exists(pid)
    server.kill()
    until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie", "the end of the worker", 5)
