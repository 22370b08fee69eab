"""Imports that go on while the reader looks elsewhere: one thread a job, its progress and its end kept for the page."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from crm_core.errors import CrmError


@dataclass
class Job:
    """Work under way or done: `done` rows of `total`, then a result or an error."""

    title: str
    done: int = 0
    total: int | None = None
    result: Any = None
    error: BaseException | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def is_running(self) -> bool:
        return not self.ended.is_set()

    @property
    def fraction(self) -> float:
        """How far it is, as well as it is known."""
        return min(self.done / self.total, 1.0) if self.total else 0.0

    def report(self, done: int, total: int | None) -> None:
        """Called by the work to say how far it is."""
        self.done, self.total = done, total


@st.cache_resource(show_spinner=False)
def _jobs() -> dict[tuple[int | None, str], Job]:
    return {}


def current(user_id: int | None, name: str) -> Job | None:
    """This person's job of that name, running or just ended."""
    return _jobs().get((user_id, name))


def start(user_id: int | None, name: str, title: str, work: Callable[[Job], Any]) -> Job:
    """Run `work` in the background; one job of a name per person at a time."""
    running = current(user_id, name)
    if running is not None and running.is_running:
        return running
    job = Job(title)
    _jobs()[(user_id, name)] = job

    def run() -> None:
        try:
            job.result = work(job)
        except CrmError as error:
            job.error = error
        except BaseException as error:
            job.error = error
            raise  # a defect: the thread's hook logs it, the page says that it failed
        finally:
            job.ended.set()

    threading.Thread(target=run, name=f"job-{name}", daemon=True).start()
    return job


def forget(user_id: int | None, name: str) -> None:
    """Drop an ended job."""
    job = current(user_id, name)
    if job is not None and not job.is_running:
        del _jobs()[(user_id, name)]
