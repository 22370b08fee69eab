"""Analyses for the tests of what runs them: how they behave is told in their parameters."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from crm_core.access import Permission
from crm_core.analytics.registry import Progress, analysis
from crm_core.errors import AnalysisRefused
from crm_core.warehouse import Tables


@dataclass(frozen=True)
class CountParams:
    """`log` gets a line for each time the analysis really runs; `gate` is a file it waits for."""

    log: str = ""
    label: str = ""
    gate: str = ""


@dataclass(frozen=True)
class CountReport:
    n_customers: int
    rows: pd.DataFrame


def _count(tables: Tables, params: CountParams, progress: Progress) -> CountReport:
    if params.log:
        with Path(params.log).open("a") as file:
            file.write(f"{os.getpid()}\n")
    progress(0.5, "Counting customers")
    deadline = time.monotonic() + 30
    while params.gate and not Path(params.gate).exists():
        if time.monotonic() > deadline:
            raise TimeoutError("nobody opened the gate")
        time.sleep(0.02)
        progress(0.5, "Counting customers")
    rows = tables.customers.select("id", "name").sort("id").collect().to_pandas()
    return CountReport(len(rows), rows)


@analysis("sample_count", reads=("customers",))
def count(tables: Tables, params: CountParams, progress: Progress) -> CountReport:
    """Customers, counted in sight of all."""
    return _count(tables, params, progress)


@analysis("sample_long_count", reads=("customers",), is_long=True)
def long_count(tables: Tables, params: CountParams, progress: Progress) -> CountReport:
    """The same, always by the worker."""
    return _count(tables, params, progress)


@analysis("sample_segments", reads=("customers",), permission=Permission.SEGMENTS_VIEW)
def for_marketing(tables: Tables, params: CountParams, progress: Progress) -> CountReport:
    """The same, for those who may see segments."""
    return _count(tables, params, progress)


@analysis("sample_today", reads=("customers",), is_dated=True)
def dated(tables: Tables, params: CountParams, progress: Progress) -> CountReport:
    """The same, of today."""
    return _count(tables, params, progress)


@analysis("sample_undeclared", reads=("orders",))
def undeclared(tables: Tables, params: CountParams, progress: Progress) -> CountReport:
    """Reads a table it does not declare."""
    return _count(tables, params, progress)


@dataclass(frozen=True)
class TroubleParams:
    """`once` is a file: there is trouble only while it does not exist, and then it does."""

    kind: str
    once: str = ""
    size: int = 0


@dataclass(frozen=True)
class TroubleReport:
    text: str
    rows: pd.DataFrame | None = None


def _trouble(tables: Tables, params: TroubleParams, progress: Progress) -> TroubleReport:
    if params.once:
        if Path(params.once).exists():
            return TroubleReport("all is well")
        Path(params.once).touch()
    progress(0.25, "Getting into trouble")
    match params.kind:
        case "refuse":
            raise AnalysisRefused("{n} customers are too few for {what}.", n=3, what="segments")
        case "break":
            raise ZeroDivisionError("division by zero\nsecond line")
        case "starve":
            raise MemoryError
        case "exit":
            raise SystemExit(3)
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "freeze":
            ctypes.PyDLL(None).sleep(60)  # holds the interpreter's lock: not even signs of life get out
        case "deaf":
            time.sleep(60)  # never asks whether it was cancelled
        case "print":
            print("this must not get between the messages")  # noqa: T201
            os.write(1, b"nor this")
        case "grow":
            hoard = bytearray(params.size)
            hoard[::4096] = b"x" * len(hoard[::4096])
            time.sleep(60)
        case "unkeepable":
            return TroubleReport(object())  # type: ignore[arg-type]
        case "large":
            return TroubleReport("large", pd.DataFrame({"x": scattered(params.size)}))
    return TroubleReport(params.kind)


def scattered(size: int) -> list[int]:
    """Numbers that do not compress well."""
    return [(i * 2654435761) % 2**62 for i in range(size)]


@analysis("sample_trouble", reads=("customers",), is_long=True)
def trouble(tables: Tables, params: TroubleParams, progress: Progress) -> TroubleReport:
    """Gets into trouble in the worker."""
    return _trouble(tables, params, progress)


@analysis("sample_quick_trouble", reads=("customers",))
def quick_trouble(tables: Tables, params: TroubleParams, progress: Progress) -> TroubleReport:
    """Gets into trouble in this process."""
    return _trouble(tables, params, progress)
