"""The worker process: progress, failures of every kind, and that nobody ever waits for a dead one."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from crm_core.access import SYSTEM
from crm_core.analytics.runner import Analyses, Ready, Running
from crm_core.errors import AnalysisFailed, AnalysisRefused, Cancelled
from crm_core.workspace import Workspace
from tests.core.polling import add_customer, ended, failure, open_empty, report, underway, worker_pid
from tests.core.sample_analyses import CountParams, TroubleParams, long_count, trouble

TROUBLE = "Getting into trouble"


@pytest.fixture(scope="module")
def analyses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Analyses]:
    """The analyses of one empty workspace for all tests: a worker takes more than a second to start."""
    with closing(open_empty(tmp_path_factory.mktemp("data"))) as workspace:
        yield workspace.analyses


def test_the_worker_computes_what_this_process_would(workspace: Workspace, tmp_path: Path) -> None:
    analyses = workspace.analyses
    add_customer(workspace, "Ada")
    made = report(ended(analyses, long_count, CountParams(log=str(tmp_path / "log"))))
    assert (made.n_customers, made.rows["name"].tolist()) == (1, ["Ada"])
    assert (tmp_path / "log").read_text() == f"{worker_pid(analyses)}\n"
    assert worker_pid(analyses) != os.getpid()
    assert psutil.Process(worker_pid(analyses)).nice() > psutil.Process().nice()


def test_progress_comes_from_the_worker_to_the_page(analyses: Analyses, tmp_path: Path) -> None:
    params = CountParams(gate=str(tmp_path / "gate"))
    running = underway(analyses, long_count, params, step="Counting customers")
    assert (running.fraction, running.n_ahead, running.previous) == (0.5, 0, None)
    (tmp_path / "gate").touch()
    assert report(ended(analyses, long_count, params)).n_customers == 0


def test_meanwhile_the_page_can_show_the_report_on_older_records(workspace: Workspace, tmp_path: Path) -> None:
    analyses = workspace.analyses
    params = CountParams(gate=str(tmp_path / "gate"))
    (tmp_path / "gate").touch()
    assert report(ended(analyses, long_count, params)).n_customers == 0
    (tmp_path / "gate").unlink()
    add_customer(workspace, "Ada")
    running = underway(analyses, long_count, params, step="Counting customers")
    assert running.previous is not None
    assert (running.previous.report.n_customers, running.previous.is_stale) == (0, True)
    (tmp_path / "gate").touch()
    assert report(ended(analyses, long_count, params)).n_customers == 1


def test_jobs_run_in_order_and_the_same_question_joins_or_replaces(workspace: Workspace, tmp_path: Path) -> None:
    analyses = workspace.analyses
    log, gate = tmp_path / "log", tmp_path / "gate"
    blocker = CountParams(log=str(log), gate=str(gate), label="blocker")
    underway(analyses, long_count, blocker, step="Counting customers")
    second, third = (CountParams(log=str(log), label=label) for label in ("second", "third"))
    for _ in range(3):
        for n_ahead, params in enumerate((second, third), start=1):
            answer = analyses.poll(long_count, params, actor=SYSTEM)
            assert isinstance(answer, Running)
            assert (answer.n_ahead, answer.fraction) == (n_ahead, 0.0)
    add_customer(workspace, "Ada")  # the second is asked again, on newer records, before it ran on the older ones
    answer = analyses.poll(long_count, second, actor=SYSTEM)
    assert isinstance(answer, Running)
    assert answer.n_ahead == 1
    gate.touch()
    assert report(ended(analyses, long_count, second)).n_customers == 1
    assert report(ended(analyses, long_count, third)).n_customers == 1
    assert len(log.read_text().splitlines()) == 4  # blocker, second, third on older records, third


def test_refusals_of_the_worker_arrive_as_they_were_raised(analyses: Analyses) -> None:
    error = failure(analyses, TroubleParams("refuse"))
    assert type(error) is AnalysisRefused
    assert str(error) == "3 customers are too few for segments."
    assert (error.template, error.params) == ("{n} customers are too few for {what}.", {"n": 3, "what": "segments"})


def test_an_exception_in_the_worker_is_told_in_words_and_logged_here(
    analyses: Analyses, caplog: pytest.LogCaptureFixture
) -> None:
    error = failure(analyses, TroubleParams("break"))
    assert type(error) is AnalysisFailed
    assert str(error) == (
        "'sample_trouble' broke with an error we did not foresee (ZeroDivisionError: division by zero). "
        "The server's log says more."
    )
    assert "ZeroDivisionError: division by zero\nsecond line" in caplog.text
    assert "TroubleReport.text is builtins.object, which cannot be kept" in str(
        failure(analyses, TroubleParams("unkeepable"))
    )


def test_what_a_library_prints_does_not_get_between_the_messages(analyses: Analyses) -> None:
    assert report(ended(analyses, trouble, TroubleParams("print"))).text == "print"


def test_a_cancelled_job_ends_at_its_next_step(analyses: Analyses, tmp_path: Path) -> None:
    params = CountParams(gate=str(tmp_path / "gate"))
    underway(analyses, long_count, params, step="Counting customers")
    pid = worker_pid(analyses)
    assert analyses.cancel(long_count, params, actor=SYSTEM)
    error = failure(analyses, params, long_count)
    assert type(error) is Cancelled
    assert str(error) == "The computation of 'sample_long_count' was cancelled."
    assert worker_pid(analyses) == pid
    (tmp_path / "gate").touch()
    analyses.retry(long_count, params, actor=SYSTEM)
    assert report(ended(analyses, long_count, params)).n_customers == 0
    assert not analyses.cancel(long_count, params, actor=SYSTEM)


def test_a_cancelled_job_that_does_not_listen_is_ended_with_its_worker(analyses: Analyses) -> None:
    params = TroubleParams("deaf")
    underway(analyses, trouble, params, step=TROUBLE)
    pid = worker_pid(analyses)
    began = time.monotonic()
    assert analyses.cancel(trouble, params, actor=SYSTEM)
    assert type(failure(analyses, params)) is Cancelled
    assert 1.9 < time.monotonic() - began < 10
    assert not psutil.pid_exists(pid)


def test_a_job_cancelled_while_it_waits_never_starts(analyses: Analyses, tmp_path: Path) -> None:
    gate, log = tmp_path / "gate", tmp_path / "log"
    blocker, waiting = CountParams(gate=str(gate)), CountParams(log=str(log))
    underway(analyses, long_count, blocker, step="Counting customers")
    analyses.poll(long_count, waiting, actor=SYSTEM)
    assert analyses.cancel(long_count, waiting, actor=SYSTEM)
    gate.touch()
    assert type(failure(analyses, waiting, long_count)) is Cancelled
    assert not log.exists()


@pytest.mark.parametrize("memory_bytes", [2**26, 1000], ids=["kept in memory", "handed over once"])
def test_a_report_the_disk_cannot_hold_still_comes_from_the_worker(workspace: Workspace, memory_bytes: int) -> None:
    workspace.warehouse.refresh()
    tight = Analyses(workspace.warehouse, workspace.folder / "results", max_bytes=10_000, worker_max_bytes=2**30)
    tight.store.memory._max_bytes = memory_bytes
    try:
        answer = ended(tight, trouble, TroubleParams("large", size=10_000))
        assert len(report(answer).rows) == 10_000
        assert list(workspace.folder.rglob("*.report")) == []
        again = tight.poll(trouble, TroubleParams("large", size=10_000), actor=SYSTEM)
        assert isinstance(again, Ready)
    finally:
        tight.close()


def test_code_that_changed_under_a_running_server_is_not_passed_off_as_the_old(
    analyses: Analyses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(long_count.__dict__, "code_version", "what this server imported")
    error = failure(analyses, CountParams(label="changed"), long_count)
    assert str(error) == (
        "The program was changed while this server runs, so 'sample_long_count' cannot be computed. Restart the server."
    )


def test_closing_ends_the_worker_in_the_middle_of_a_job(workspace: Workspace) -> None:
    analyses = workspace.analyses
    underway(analyses, trouble, TroubleParams("deaf"), step=TROUBLE)
    pid = worker_pid(analyses)
    began = time.monotonic()
    workspace.close()
    assert time.monotonic() - began < 3
    assert not psutil.pid_exists(pid)


def test_closing_ends_an_idle_worker_and_is_harmless_without_one(workspace: Workspace) -> None:
    analyses = workspace.analyses
    ended(analyses, long_count, CountParams())
    pid = worker_pid(analyses)
    analyses.close()
    analyses.close()
    assert not psutil.pid_exists(pid)
    unused = Analyses(workspace.warehouse, workspace.folder / "other", max_bytes=1, worker_max_bytes=1)
    unused.close()
