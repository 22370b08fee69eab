"""The server's end of one worker process: start it, talk to it, watch it, end it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO, cast

import psutil

from crm_core.analytics.messages import Message, receive, send

Listener = Callable[["WorkerProcess", dict[str, Any], bytes], None]


class WorkerProcess:
    """A running worker. `on_message` is called in a thread of its own for every message but signs of life, and with
    `{"type": "ended"}` once nothing will come any more."""

    def __init__(self, on_message: Listener) -> None:
        # What this process can import, the worker can: its analyses may lie anywhere on our path.
        path = os.pathsep.join(part or str(Path.cwd()) for part in sys.path)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "crm_core.analytics.worker"],  # -P: never from the working directory
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C is for the server; and killing takes what the worker started with it
        )
        self._orders = cast("BinaryIO", self._process.stdin)
        self._answers = cast("BinaryIO", self._process.stdout)
        self._outbox: SimpleQueue[Message | None] = SimpleQueue()
        self._on_message = on_message
        self.heard_at = time.monotonic()
        for talk in (self._listen, self._write):
            threading.Thread(target=talk, name=f"worker-{self.pid}", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_gone(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    def tell(self, message: Message) -> None:
        """Send a message, without waiting for the worker to read it; one that is gone never will."""
        self._outbox.put(message)

    def memory_bytes(self) -> int:
        """What it holds of the machine's memory; 0 if it is gone."""
        try:
            return cast("int", psutil.Process(self.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def kill(self) -> None:
        """End it and everything it started, now."""
        if self._process.returncode is None:  # else its number may be another process's by now
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._outbox.put(None)

    def end(self, seconds: float = 1.0) -> None:
        """Let it go: it ends when its pipe does; kill it if it does not."""
        self._outbox.put(None)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self.kill()

    def exit_code(self) -> int:
        """How it ended: the exit code, negative for a signal. Waits for the end."""
        return self._process.wait()

    def _write(self) -> None:
        with suppress(OSError):  # the worker is gone: what is still to be sent has no reader any more
            while (message := self._outbox.get()) is not None:
                send(self._orders, message)
        with suppress(OSError):
            self._orders.close()

    def _listen(self) -> None:
        while (received := receive(self._answers)) is not None:
            self.heard_at = time.monotonic()
            message, blob = received
            if message["type"] != "alive":
                self._on_message(self, message, blob)
        self._answers.close()
        self._on_message(self, {"type": "ended"}, b"")
