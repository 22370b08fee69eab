"""How much memory the server and its worker take on 2,000,000 orders, after every report page was opened."""

from __future__ import annotations

import threading
import time

import psutil

from benchmarks.served import served, signed_in_page
from benchmarks.table import Context, Line

SERVER_MB, WORKER_MB = 500, 1000
PAGES = (
    "overview?period=all&compare=none",
    "overview",
    "segments",
    "segments?view=clusters",
    "customers",
    "baskets",
    "churn",
    "value",
    "cohorts",
)


class _Peak:
    """The largest memory of the server and of any of its children, sampled ten times a second."""

    def __init__(self, pid: int) -> None:
        self._server = psutil.Process(pid)
        self.server = self.worker = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stop.wait(0.1):
            try:
                self.server = max(self.server, self._server.memory_info().rss / 2**20)
                for child in self._server.children(recursive=True):
                    self.worker = max(self.worker, child.memory_info().rss / 2**20)
            except psutil.NoSuchProcess:
                continue

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


def run(context: Context) -> list[Line]:
    """Open every report page once and watch."""
    workspace = context.big
    with served(workspace) as (url, pid), signed_in_page(workspace, url) as page:
        peak = _Peak(pid)
        for address in PAGES:
            page.goto(f"{url}/{address}")
            page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=180_000)
            page.wait_for_selector("[data-testid=stProgress]", state="detached", timeout=300_000)
            time.sleep(1)
        peak.stop()
    return [
        Line("server process, 2,000,000 orders", peak.server, "allowed", SERVER_MB, 1, unit="MB"),
        Line("largest worker, 2,000,000 orders", peak.worker, "allowed", WORKER_MB, 1, unit="MB"),
    ]
