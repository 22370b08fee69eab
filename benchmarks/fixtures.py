"""Workspaces to measure on: built once by the simulator, kept in a folder for later runs."""

from __future__ import annotations

import shutil
import sys
from datetime import date
from pathlib import Path

from crm_core.config import Settings
from crm_core.demo import SimulationConfig, fill
from crm_core.workspace import Workspace

BIG_CUSTOMERS = 300_000
"""So many customers place a little over 2,000,000 orders."""

BIG_ORDERS = 2_000_000
TODAY = date(2026, 11, 1)
_CUSTOMERS_ONLY = SimulationConfig(has_orders=False)


def big_workspace(folder: Path) -> Workspace:
    """A workspace of a little over 2,000,000 orders in euros and Berlin's time, built where it is not there yet."""
    return _kept(folder, customers=BIG_CUSTOMERS, config=SimulationConfig())


def customers_workspace(folder: Path, n: int) -> Workspace:
    """A workspace of `n` customers who can be searched and have no orders, built where it is not there yet."""
    return _kept(folder / f"customers-{n}", customers=n, config=_CUSTOMERS_ONLY)


def _kept(folder: Path, *, customers: int, config: SimulationConfig) -> Workspace:
    """The workspace in the folder; a half-built one, or one of another version, is built anew."""
    done = folder / "done"
    wanted = f"{customers} {config}"
    if not done.exists() or done.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        workspace = opened(folder)
        fill(workspace, customers=customers, today=TODAY, config=config, progress=_say)
        done.write_text(wanted)
        return workspace
    return opened(folder)


def opened(folder: Path) -> Workspace:
    """The workspace in the folder, in euros and Berlin's time, empty where it is new."""
    settings = Settings(data_dir=folder, database_url="", timezone="Europe/Berlin", currency="EUR", _env_file=None)  # type: ignore[call-arg]
    return Workspace.open(settings, create=True)


def _say(fraction: float, step: str) -> None:
    print(f"\r  {step} ({fraction:.0%})", end="\n" if fraction == 1 else "", file=sys.stderr, flush=True)
