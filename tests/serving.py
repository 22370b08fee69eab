"""The real server in a process of its own, as `rapport serve` starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

START_SECONDS = 60
_RAPPORT = [sys.executable, "-c", "from crm_core.cli import main; main()"]


@dataclass
class Server:
    """A running server and what it printed."""

    process: subprocess.Popen[str]
    data_dir: Path
    printed: list[str] = field(default_factory=list)

    @property
    def output(self) -> str:
        return "".join(self.printed)

    @property
    def address(self) -> str:
        """Such as http://127.0.0.1:41234."""
        line = next(line for line in self.printed if line.startswith("Rapport is at "))
        return line.removeprefix("Rapport is at ").strip()

    def client(self, token: str | None = None) -> httpx.Client:
        """An HTTP client of it that follows no redirects; with the cookie of a session where a token is given."""
        cookies = {"rapport_session": token} if token else None
        return httpx.Client(base_url=self.address, cookies=cookies, timeout=30)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Ask it to stop; its exit code and the seconds it took."""
        started = time.monotonic()
        self.process.send_signal(how)
        return self.process.wait(timeout=20), time.monotonic() - started


def environment(data_dir: Path, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a command on a workspace of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAPPORT_")}
    return {**kept, "RAPPORT_DATA_DIR": str(data_dir), "PYTHONUNBUFFERED": "1", **(given or {})}


def rapport(
    data_dir: Path, *arguments: str, stdin: str | None = None, **given: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*_RAPPORT, *arguments],
        env=environment(data_dir, given),
        cwd=data_dir,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )


@contextmanager
def serving(data_dir: Path, *options: str, **given: str) -> Iterator[Server]:
    """The server on a free port, ready to answer; stopped afterwards."""
    process = subprocess.Popen(
        [*_RAPPORT, "serve", "--port", "0", *options],
        env=environment(data_dir, given),
        cwd=data_dir,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    server = Server(process, data_dir)
    ready = threading.Event()

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            server.printed.append(line)
            if line.startswith("Rapport is at "):
                ready.set()
        ready.set()  # it ended

    reader = threading.Thread(target=listen, daemon=True)
    reader.start()
    try:
        if not ready.wait(START_SECONDS) or process.poll() is not None:
            raise RuntimeError(f"the server did not start:\n{server.output}")
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        reader.join(5)
        assert process.stdout is not None
        process.stdout.close()
