"""Killed at any point of a refresh, the last complete snapshot is served and the next refresh catches up."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_core.access import SYSTEM
from crm_core.db import schema
from crm_core.db.engine import Database
from crm_core.db.models import OrderLine
from crm_core.errors import SnapshotMissing
from crm_core.warehouse import Warehouse, checkpoints
from crm_core.warehouse import manifest as manifests
from crm_core.warehouse.refresh import refresh_here
from tests.core.warehouse_records import SECOND_BLOCK, edit, order, recorded, small_shop, snapshot_rows

POINTS = (
    "locked", "planned", "block written", "blocks written", "values block written", "values written",
    "manifest written", "manifest renamed", "CURRENT written", "published",
)  # fmt: skip

KILL = """
import os, signal, sys
from pathlib import Path
from crm_core.db.engine import Database
from crm_core.warehouse import checkpoints
from crm_core.warehouse.refresh import refresh_here

url, root = sys.argv[1], Path(sys.argv[2])
for point in sys.argv[3:]:
    child = os.fork()
    if child == 0:
        checkpoints.reached = lambda name: name == point and os.kill(os.getpid(), signal.SIGKILL)
        refresh_here(Database(url), root / point, is_alone=True)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(point, os.WTERMSIG(status), sep=":")
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A shop, the rows its first snapshot held in the folder `before`, and a later edit."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('killed') / 'rapport.db'}")
    schema.upgrade(database, timezone="UTC", currency="EUR")
    small_shop(database)
    yield database
    database.dispose()


def kill(database: Database, root: Path, points: tuple[str, ...]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", KILL, str(database.url), str(root), *points], capture_output=True, text=True, check=True
    )
    return done.stdout


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix != ".lock" and path.is_file()}


def needed(folder: Path) -> set[str]:
    current = manifests.current(folder)
    assert current is not None
    return {f"manifest-{current.version}.json", "CURRENT", *(block.file for block in current.blocks())}


def test_killed_at_any_point_the_last_snapshot_is_served_and_the_next_refresh_catches_up(
    shop: Database, tmp_path: Path
) -> None:
    refresh_here(shop, tmp_path / "first")
    before = recorded(shop)
    for point in POINTS:
        shutil.copytree(tmp_path / "first", tmp_path / point)
    edit(shop, OrderLine, 1, quantity=5)
    edit(shop, OrderLine, SECOND_BLOCK, quantity=6)
    with shop.write(actor=SYSTEM, cause="form") as session:
        session.add(order(9))
    after = recorded(shop)
    assert kill(shop, tmp_path, POINTS).split("\n")[:-1] == [f"{point}:{int(signal.SIGKILL)}" for point in POINTS]
    for point in POINTS:
        warehouse = Warehouse(shop, tmp_path / point, timezone="UTC")
        served = snapshot_rows(warehouse)
        assert served == (after if point == "published" else before), point
        warehouse.refresh()
        assert snapshot_rows(warehouse) == after, point
        assert names(warehouse.folder) == needed(warehouse.folder), point
        warehouse.close()


def test_killed_during_the_very_first_refresh_there_is_no_snapshot_until_the_next(
    shop: Database, tmp_path: Path
) -> None:
    points = ("block written", "manifest renamed")
    kill(shop, tmp_path, points)
    for point in points:
        warehouse = Warehouse(shop, tmp_path / point, timezone="UTC")
        with pytest.raises(SnapshotMissing), warehouse.open():
            pass
        warehouse.refresh()
        assert snapshot_rows(warehouse) == recorded(shop), point
        assert names(warehouse.folder) == needed(warehouse.folder), point
        warehouse.close()


def test_leftovers_of_a_killed_refresh_are_gone_before_the_next_one_writes(
    shop: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "blocks written"
    refresh_here(shop, folder)
    before = names(folder)
    edit(shop, OrderLine, 1, quantity=7)
    kill(shop, tmp_path, ("blocks written",))
    assert names(folder) == before | {"order_lines/000000-2.parquet"}
    seen: dict[str, set[str]] = {}
    monkeypatch.setattr(checkpoints, "reached", lambda point: seen.setdefault(point, names(folder)))
    refresh_here(shop, folder)
    assert seen["planned"] == before


def test_manifests_are_replaced_never_written_over(shop: Database, tmp_path: Path) -> None:
    refresh_here(shop, tmp_path)
    with (tmp_path / "CURRENT").open() as current:  # as a reader has it who came just before
        refresh_here(shop, tmp_path, full=True)
        assert current.read() == "1\n"
    assert (tmp_path / "CURRENT").read_text() == "2\n"


REFRESH_FOR_EVER = """
import sys
from pathlib import Path
from crm_core.db.engine import Database
from crm_core.warehouse.refresh import refresh_here
database = Database(sys.argv[1])
print("ready", flush=True)
while True:
    refresh_here(database, Path(sys.argv[2]), full=True, is_alone=True)
"""


def test_killed_at_moments_nobody_chose_the_snapshot_stays_whole(shop: Database, tmp_path: Path) -> None:
    warehouse = Warehouse(shop, tmp_path / "warehouse", timezone="UTC")
    refresh_here(shop, warehouse.folder)
    for milliseconds in (3, 17, 31, 58):
        child = subprocess.Popen(
            [sys.executable, "-c", REFRESH_FOR_EVER, str(shop.url), str(warehouse.folder)], stdout=subprocess.PIPE
        )
        with child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(milliseconds / 1000)
            child.kill()
        assert snapshot_rows(warehouse) == recorded(shop)
    refresh_here(shop, warehouse.folder)
    assert names(warehouse.folder) == needed(warehouse.folder)
    warehouse.close()
