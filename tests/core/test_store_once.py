"""One computation per report, however many threads and processes ask for it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from crm_core.access import SYSTEM
from crm_core.analytics.runner import Ready
from crm_core.workspace import Workspace
from tests.core.polling import add_customer, ended, runs, underway, until
from tests.core.sample_analyses import CountParams, count

ASKERS = """
import os
import sys
from pathlib import Path
from threading import Thread
from crm_core.access import SYSTEM
from tests.core.polling import open_empty
from tests.core.sample_analyses import CountParams, count
folder, log, gate = sys.argv[1:]
workspace = open_empty(Path(folder))
answers = []
def ask():
    os.write(1, b"asking\\n")  # whole, whatever the other threads write
    answers.append(workspace.analyses.run(count, CountParams(log=log, gate=gate), actor=SYSTEM).n_customers)
threads = [Thread(target=ask) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print("answers", sorted(answers), flush=True)
workspace.close()
"""


@contextmanager
def asking(workspace: Workspace, log: Path, gate: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process, whose eight threads ask for one report; killed afterwards if need be."""
    with subprocess.Popen(
        [sys.executable, "-c", ASKERS, str(workspace.settings.data_dir), str(log), str(gate)],
        stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    ) as child:  # fmt: skip
        try:
            yield child
        finally:
            child.kill()


def test_eight_threads_in_each_of_two_processes_compute_one_key_once(workspace: Workspace, tmp_path: Path) -> None:
    add_customer(workspace, "Ada")
    workspace.warehouse.refresh()
    log, gate = tmp_path / "log", tmp_path / "gate"
    with asking(workspace, log, gate) as first, asking(workspace, log, gate) as second:
        for child in (first, second):
            assert child.stdout is not None
            assert [child.stdout.readline() for _ in range(8)] == ["asking\n"] * 8
        until(lambda: runs(log), "the computation")
        gate.touch()
        for child in (first, second):
            assert child.communicate(timeout=60)[0] == f"answers {[1] * 8}\n"
            assert child.returncode == 0
    assert runs(log) == 1


def test_what_another_process_computes_is_seen_here_and_not_computed_twice(
    workspace: Workspace, tmp_path: Path
) -> None:
    workspace.warehouse.refresh()
    log, gate = tmp_path / "log", tmp_path / "gate"
    params = CountParams(log=str(log), gate=str(gate))
    with asking(workspace, log, gate) as child:
        until(lambda: runs(log), "the computation")
        running = underway(workspace.analyses, count, params, step="Counting customers")
        assert running.fraction == 0.5
        gate.touch()
        child.communicate(timeout=60)
    assert isinstance(workspace.analyses.poll(count, params, actor=SYSTEM), Ready)
    assert runs(log) == 1


def test_threads_that_poll_a_quick_analysis_share_one_computation(workspace: Workspace, tmp_path: Path) -> None:
    params = CountParams(log=str(tmp_path / "log"))
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: ended(workspace.analyses, count, params), range(8), timeout=60))
    assert [type(answer) for answer in answers] == [Ready] * 8
    assert runs(tmp_path / "log") == 1
