"""A workspace on a disk that can only be read still shows its lists and reports; what would write says so in words."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from crm_core import demo
from crm_core.access import SYSTEM
from crm_core.analytics import runner
from crm_core.analytics.kpis import KpiParams, KpiReport, kpis
from crm_core.analytics.periods import Period
from crm_core.analytics.runner import Ready, Running
from crm_core.config import Settings
from crm_core.db.models import Customer
from crm_core.errors import CrmError, StorageFailed
from crm_core.records import customer_list, links
from crm_core.records.customer_list import CustomerQuery
from crm_core.workspace import Workspace
from tests.core.polling import until

TODAY = date(2026, 6, 30)
MAY = KpiParams(period=Period(date(2026, 5, 1), date(2026, 6, 1)))
APRIL = KpiParams(period=Period(date(2026, 4, 1), date(2026, 5, 1)))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a small demo whose snapshot is taken and whose May report is kept; closed in peace."""
    folder = tmp_path_factory.mktemp("filled")
    workspace = opened(folder)
    demo.fill(workspace, customers=60, seed=5, today=TODAY)
    workspace.analyses.run(kpis, MAY, actor=SYSTEM)
    workspace.close()
    return folder


@pytest.fixture
def folder(filled: Path, tmp_path: Path) -> Path:
    return shutil.copytree(filled, tmp_path / "data")


def opened(folder: Path) -> Workspace:
    settings = Settings(data_dir=folder, timezone="Europe/Berlin", _env_file=None)  # type: ignore[call-arg]
    return Workspace.open(settings, create=True)


@contextmanager
def read_only(folder: Path) -> Iterator[Path]:
    """The folder, which nobody can write to until the block ends: modes hold back everybody but root, a mount root."""
    if os.geteuid() != 0:
        modes = {path: path.stat().st_mode for path in (folder, *folder.rglob("*"))}
        for path, mode in modes.items():
            path.chmod(mode & ~0o222)
        try:
            yield folder
        finally:
            for path, mode in modes.items():
                path.chmod(mode)
        return
    if shutil.which("mount") is None or _mount("--bind", str(folder), str(folder)):
        pytest.skip("root ignores modes, and nothing can be mounted here")
    try:
        assert _mount("-o", "remount,ro,bind", str(folder)) == 0
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mount(*arguments: str) -> int:
    return subprocess.run(["mount", *arguments], check=False, capture_output=True).returncode


def april(workspace: Workspace) -> KpiReport | None:
    answer = workspace.analyses.poll(kpis, APRIL, actor=SYSTEM)
    assert isinstance(answer, (Ready, Running)), answer
    return answer.report if isinstance(answer, Ready) else None


def test_lists_and_reports_are_shown_and_new_ones_computed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_SMALL_SNAPSHOT_BYTES", 0)
    monkeypatch.setattr(runner, "_QUICK_SECONDS", 0.0)
    with read_only(folder):
        workspace = opened(folder)
        with workspace.read() as session:
            found = customer_list.page(session=session, actor=SYSTEM, query=CustomerQuery())
        kept = workspace.analyses.run(kpis, MAY, actor=SYSTEM)
        computed = until(lambda: april(workspace), "the report of April")
        workspace.close()
    assert found.total == 60
    assert kept.metrics["orders"].n
    assert computed.metrics["orders"].n


def test_what_would_write_says_that_the_database_is_read_only(folder: Path) -> None:
    with read_only(folder):
        workspace = opened(folder)
        refused = pytest.raises(StorageFailed, match="The database is read-only; nothing was saved")
        with refused, workspace.write(SYSTEM, "form") as session:
            session.get_one(Customer, 1).name = "Nobody"
        assert links.offer_first_admin(workspace.database) is None
        workspace.close()


def test_changes_the_snapshot_lacks_leave_the_last_one_in_use(folder: Path) -> None:
    workspace = opened(folder)
    with workspace.write(SYSTEM, "form") as session:
        session.get_one(Customer, 1).name = "Renamed Since"
    workspace.close()
    with read_only(folder):
        workspace = opened(folder)
        answer = workspace.analyses.poll(kpis, MAY, actor=SYSTEM)
        assert isinstance(answer, Ready)
        assert answer.is_stale
        assert "write access to the folder" in str(workspace.warehouse.failure)
        workspace.close()


def test_what_a_writer_left_in_the_log_is_read_too(folder: Path) -> None:
    """A copy taken while a writer had the database open: log and index lie beside it."""
    workspace = opened(folder)
    with workspace.write(SYSTEM, "form") as session:
        session.get_one(Customer, 1).name = "In The Log"
    copy = shutil.copytree(folder, folder.with_name("copy"))
    workspace.close()
    assert (copy / "rapport.db-wal").stat().st_size > 0
    with read_only(copy):
        workspace = opened(copy)
        with workspace.read() as session:
            assert session.get_one(Customer, 1).name == "In The Log"
        workspace.close()


def test_a_log_without_its_index_is_not_skipped_in_silence(folder: Path) -> None:
    workspace = opened(folder)
    with workspace.write(SYSTEM, "form") as session:
        session.get_one(Customer, 1).name = "In The Log"
    copy = shutil.copytree(folder, folder.with_name("copy"))
    workspace.close()
    (copy / "rapport.db-shm").unlink()
    with (
        read_only(copy),
        pytest.raises(CrmError, match=r"cannot be opened\. Check that its folder exists and is writable"),
    ):
        opened(copy)
