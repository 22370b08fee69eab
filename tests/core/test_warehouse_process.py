"""A refresh in a process of its own: same snapshot, no harm to the database, and its failures in words."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from crm_core.access import SYSTEM
from crm_core.db.engine import Database
from crm_core.db.models import Customer
from crm_core.errors import StorageFailed
from crm_core.warehouse import Warehouse, process
from crm_core.warehouse.process import refresh_in_own_process
from crm_core.warehouse.refresh import refresh_here
from tests.core.warehouse_records import add, edit, line, order, recorded, small_shop, snapshot_rows


def test_a_refresh_in_a_process_of_its_own_holds_the_records(database: Database, tmp_path: Path) -> None:
    add_without_history(database, range(1, 1_200))  # over 1,000 rows without a region before the first with one
    add(database, order(1_300, region="Bayern", channel="shop"), line(1_300, 1_300, quantity=2**40))
    warehouse = Warehouse(database, tmp_path / "warehouse", timezone="UTC")
    result = refresh_in_own_process(database, warehouse.folder)
    assert (result.version, result.blocks_rewritten, result.rows) == (1, 3, 1_207)
    assert snapshot_rows(warehouse) == recorded(database)
    warehouse.close()


def add_without_history(database: Database, keys: range) -> None:
    """Bare orders, fast; a full refresh asks no history."""
    connection = sqlite3.connect(str(database.path))
    connection.executemany(
        "INSERT INTO orders (id, number, ordered_at) VALUES (?, ?, 0)", [(key, f"N{key}") for key in keys]
    )
    connection.commit()
    connection.close()


def test_many_blocks_are_left_to_a_process_of_its_own(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    monkeypatch.setattr("crm_core.warehouse.warehouse.refresh_here", lambda *_, **__: started.append("here"))
    monkeypatch.setattr("crm_core.warehouse.warehouse.refresh_in_own_process", lambda *_, **__: started.append("own"))
    warehouse = Warehouse(database, tmp_path / "warehouse", timezone="UTC")
    add(database, order(1))
    warehouse.refresh()
    add(database, order(10**9))
    warehouse.refresh()
    assert started == ["here", "own"]


ANOTHER_WRITER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
print(connection.execute("SELECT name FROM customers WHERE id = 1").fetchone()[0])
try:
    connection.execute("BEGIN IMMEDIATE")
except sqlite3.OperationalError as error:
    print(error)
"""


def in_another_process(database: Database) -> list[str]:
    """The first customer's name as another process sees it, and why it may not write."""
    done = subprocess.run(
        [sys.executable, "-c", ANOTHER_WRITER, str(database.path)], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_a_writer_in_this_process_keeps_its_lock_and_loses_nothing_to_a_refresh(
    database: Database, tmp_path: Path
) -> None:
    small_shop(database)
    with database.write(SYSTEM, "form") as session:
        session.get_one(Customer, 1).name = "Saved meanwhile"
        session.flush()
        refresh_in_own_process(database, tmp_path / "warehouse")
        assert in_another_process(database) == ["Customer 1", "database is locked"]
    assert in_another_process(database) == ["Saved meanwhile"]
    warehouse = Warehouse(database, tmp_path / "warehouse", timezone="UTC")
    assert snapshot_rows(warehouse)["customers"][0][3] == "Customer 1"  # as it was when the refresh began
    refresh_here(database, warehouse.folder)
    assert snapshot_rows(warehouse) == recorded(database)
    warehouse.close()


def test_a_refresh_process_that_is_killed_is_reported_and_the_snapshot_stays(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_shop(database)
    warehouse = Warehouse(database, tmp_path / "warehouse", timezone="UTC")
    refresh_here(database, warehouse.folder)
    before = snapshot_rows(warehouse)
    edit(database, Customer, 1, name="Later")
    monkeypatch.setattr(process, "_CHILD", f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})")
    with pytest.raises(StorageFailed) as caught:
        refresh_in_own_process(database, warehouse.folder)
    assert str(caught.value) == (
        "The process that refreshed the snapshot ended early (exit code -9); the last snapshot stays in use. "
        "Try again; if it happens again, the log says more."
    )
    assert snapshot_rows(warehouse) == before
    warehouse.close()


def test_a_refresh_that_is_under_way_elsewhere_is_waited_for_only_so_long(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "warehouse"
    folder.mkdir()
    with FileLock(folder / "refresh.lock"), pytest.raises(Timeout):
        refresh_in_own_process(database, folder, wait=0)
    assert refresh_in_own_process(database, folder, wait=0).version == 1


def test_a_database_that_cannot_be_read_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "rapport.db").write_bytes(b"not a database, though it is long enough to be taken for one" * 100)
    with pytest.raises(StorageFailed) as caught:
        refresh_in_own_process(Database(f"sqlite:///{tmp_path / 'rapport.db'}"), tmp_path / "warehouse")
    assert str(caught.value).startswith("The database cannot be read (")
    assert str(caught.value).endswith("file is not a database). The last snapshot stays in use.")
    assert caught.value.template == "The database cannot be read ({reason}). The last snapshot stays in use."


FULL_DISK = """
import resource, sys
from pathlib import Path
from crm_core.db.engine import Database
from crm_core.errors import StorageFailed
from crm_core.warehouse.refresh import refresh_here
database = Database(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), -1))
try:
    refresh_here(database, Path(sys.argv[2]))
except StorageFailed as error:
    print(error)
"""


@pytest.mark.parametrize("room", [0, 600, 4_000])
def test_a_full_disk_is_told_in_words_and_leaves_the_last_snapshot(
    database: Database, tmp_path: Path, room: int
) -> None:
    small_shop(database)
    warehouse = Warehouse(database, tmp_path / "warehouse", timezone="UTC")
    refresh_here(database, warehouse.folder)
    before, files = snapshot_rows(warehouse), sorted(warehouse.folder.rglob("*.*"))
    add(database, *[order(key, channel=os.urandom(32).hex()) for key in range(100, 200)])
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(database.url), str(warehouse.folder), str(room)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == (
        f"The disk is full: the snapshot in {warehouse.folder} could not be refreshed, the last one stays in use. "
        "Free some space and try again."
    )
    assert snapshot_rows(warehouse) == before
    assert sorted(warehouse.folder.rglob("*.*")) == files
    warehouse.refresh()
    assert snapshot_rows(warehouse) == recorded(database)
    warehouse.close()


READ_ONLY = """
import ctypes, os, sys
from pathlib import Path
from crm_core.db.engine import Database
from crm_core.warehouse.refresh import refresh_here
if os.geteuid() == 0:  # root may write to read-only files: give up that one power
    header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    libc = ctypes.CDLL(None)
    assert libc.capget(header, sets) == 0
    sets[0] &= ~0b10  # CAP_DAC_OVERRIDE
    assert libc.capset(header, sets) == 0
try:
    open(sys.argv[1], "ab")
    sys.exit("the file can be written after all")
except PermissionError:
    pass
for is_alone in (True, False):
    print(refresh_here(Database("sqlite:///" + sys.argv[1]), Path(sys.argv[2]), full=True, is_alone=is_alone).rows)
"""


def test_a_read_only_database_can_be_refreshed_from(tmp_path: Path, database: Database) -> None:
    small_shop(database)
    assert database.path is not None
    database.dispose()
    database.path.chmod(0o444)
    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY, str(database.path), str(tmp_path / "warehouse")],
        capture_output=True, text=True,
    )  # fmt: skip
    assert (done.stdout.split(), done.stderr) == (["19", "19"], "")
