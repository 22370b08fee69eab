"""The worker process: `python -m crm_core.analytics.worker`, one job after the other until its server is gone.

It reads jobs from standard input and writes what becomes of them to standard output (see `messages`); the reports
themselves go into the result store. It says every second that it is alive, and ends when its pipe does.
"""

from __future__ import annotations

import io
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO

from filelock import Timeout

from crm_core.access import Scope
from crm_core.analytics.compute import broken, compute
from crm_core.analytics.keys import ReportKey
from crm_core.analytics.messages import Message, error_to_json, receive, send
from crm_core.analytics.progress import Cancelled, Progress
from crm_core.analytics.registry import find
from crm_core.analytics.report_codec import dump
from crm_core.analytics.report_memory import Stored
from crm_core.analytics.store import ReportStore
from crm_core.analytics.values import decode
from crm_core.errors import AnalysisFailed, CrmError
from crm_core.warehouse import open_snapshot

SECONDS_BETWEEN_SIGNS_OF_LIFE = 1.0
_SECONDS_BETWEEN_PROGRESS = 0.1
_NICENESS = 10  # pages and forms go first


class _Connection:
    """This end of the pipes. Safe between threads."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()
        self.jobs: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self.cancelled: set[int] = set()

    def tell(self, message: Message, blob: bytes = b"") -> None:
        try:
            with self._lock:
                send(self._pipe, message, blob)
        except OSError:
            os._exit(0)  # the server is gone, and nobody waits for anything any more

    def listen(self, pipe: BinaryIO) -> None:
        while (received := receive(pipe)) is not None:
            message, _ = received
            if message["type"] == "cancel":
                self.cancelled.add(message["id"])
            else:
                self.jobs.put(message)
        os._exit(0)

    def show_life(self) -> None:
        server = os.getppid()
        while os.getppid() == server:
            self.tell({"type": "alive"})
            time.sleep(SECONDS_BETWEEN_SIGNS_OF_LIFE)
        os._exit(0)


def main() -> None:
    """Serve jobs until the server is gone."""
    # Libraries that print must not write into the messages: the pipes move, and print goes to the log.
    answers = os.fdopen(os.dup(1), "wb")
    orders = os.fdopen(os.dup(0), "rb")
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="worker %(levelname)s %(name)s: %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is the server's business
    os.nice(_NICENESS)
    connection = _Connection(answers)
    threading.Thread(target=connection.listen, args=(orders,), daemon=True).start()
    threading.Thread(target=connection.show_life, daemon=True).start()
    while True:
        perform(connection.jobs.get(), connection)


def perform(job: dict[str, Any], connection: _Connection) -> None:
    """Do one job and say what became of it."""
    tell = connection.tell
    number = job["id"]
    tell({"type": "started", "id": number})
    due = 0.0
    told = ""

    def progress(fraction: float, step: str) -> None:
        nonlocal due, told
        if number in connection.cancelled:
            raise Cancelled("The computation of '{analysis}' was cancelled.", analysis=job["analysis"])
        if step != told or time.monotonic() >= due:
            told = step
            due = time.monotonic() + _SECONDS_BETWEEN_PROGRESS
            tell({"type": "progress", "id": number, "fraction": fraction, "step": step})

    try:
        _answer(job, progress, tell)
    except Timeout:
        tell({"type": "elsewhere", "id": number})
    except AnalysisFailed as error:
        tell({"type": "failed", "id": number, "error": error_to_json(error), "traceback": traceback.format_exc()})
    except CrmError as error:
        tell({"type": "failed", "id": number, "error": error_to_json(error)})
    except Exception as error:  # noqa: BLE001  (it goes to the server's log, with its traceback)
        told = error_to_json(broken(job["analysis"], error))
        tell({"type": "failed", "id": number, "error": told, "traceback": traceback.format_exc()})
    except SystemExit as ending:  # an analysis that exits ends the worker, without waiting for what libraries started
        os._exit(ending.code if isinstance(ending.code, int) else 1)
    connection.cancelled.discard(number)


def _answer(job: dict[str, Any], progress: Progress, tell: Callable[..., None]) -> None:
    number = job["id"]
    analysis = find(job["module"], job["analysis"])
    if analysis.code_version != job["code_version"]:
        tell({"type": "outdated", "id": number})
        return
    params = decode(job["params"], analysis.types)
    key = ReportKey(job["key"], job["family"])
    store = ReportStore(Path(job["store"]), max_bytes=job["max_bytes"], memory_bytes=0)
    with store.computing(key, progress, wait=0) as progress:
        if store.get(key, analysis.types) is not None:
            tell({"type": "done", "id": number, "seconds": None})
            return
        progress(0.0, "")
        with open_snapshot(Path(job["folder"]), job["version"], job["timezone"]) as snapshot:
            made = compute(analysis, params, snapshot=snapshot, scope=Scope(**job["scope"]), progress=progress)
        stored = Stored(made.report, datetime.fromisoformat(job["taken_at"]))
        blob = b""
        if not store.put(key, stored, analysis.types):
            sink = io.BytesIO()
            dump(stored.report, analysis.types, sink, about={"taken_at": job["taken_at"]})
            blob = sink.getvalue()
    tell({"type": "done", "id": number, "seconds": made.seconds}, blob)


if __name__ == "__main__":
    main()
