"""Readers keep the version they opened; old versions go when their last reader does."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from crm_core.access import EVERYTHING, SYSTEM
from crm_core.db.engine import Database
from crm_core.db.models import OrderLine
from crm_core.errors import SnapshotMissing
from crm_core.warehouse import Tables, Warehouse, duck, leases, open_snapshot
from crm_core.warehouse import manifest as manifests
from crm_core.warehouse.layout import TABLES
from crm_core.warehouse.refresh import refresh_here
from tests.core.warehouse_records import edit, frame_rows, recorded, small_shop, snapshot_rows


@pytest.fixture
def warehouse(database: Database, tmp_path: Path) -> Iterator[Warehouse]:
    """The small shop's warehouse with its first snapshot."""
    small_shop(database)
    warehouse = Warehouse(database, tmp_path / "warehouse", timezone="Europe/Berlin")
    refresh_here(database, warehouse.folder)
    yield warehouse
    warehouse.close()


def lines(tables: Tables) -> object:
    return frame_rows(tables.order_lines.select(*TABLES["order_lines"].columns))


def test_a_reader_keeps_its_version_while_two_refreshes_pass_and_its_files_go_when_it_leaves(
    database: Database, warehouse: Warehouse
) -> None:
    before = recorded(database)["order_lines"]
    with warehouse.open() as snapshot:
        tables = snapshot.tables(EVERYTHING)
        for quantity in (10, 11):
            edit(database, OrderLine, 1, quantity=quantity)
            warehouse.refresh()
        assert lines(tables) == before
        assert manifests.versions(warehouse.folder) == [1, 3]
        assert (warehouse.folder / "order_lines/000000-1.parquet").exists()
        with warehouse.open() as newest:
            assert newest.version == 3
            assert lines(newest.tables(EVERYTHING)) == recorded(database)["order_lines"]
    assert manifests.versions(warehouse.folder) == [3]
    assert sorted(path.name for path in (warehouse.folder / "order_lines").iterdir()) == [
        "000000-3.parquet",
        "000001-1.parquet",
    ]


def test_a_reader_who_leaves_during_a_refresh_leaves_the_sweeping_to_it(
    database: Database, warehouse: Warehouse
) -> None:
    with warehouse.open():
        edit(database, OrderLine, 1, quantity=10)
        warehouse.refresh()
        lock = leases.refreshing(warehouse.folder)
        lock.__enter__()
    assert manifests.versions(warehouse.folder) == [1, 2]
    lock.__exit__(None, None, None)
    warehouse.refresh()
    assert manifests.versions(warehouse.folder) == [2]


def test_a_version_removed_while_it_is_being_opened_is_not_taken_for_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "manifest-1.json"
    path.write_text("{}")
    descriptor = leases.hold(path)
    assert descriptor is not None
    leases.let_go(descriptor)
    monkeypatch.setattr(leases.fcntl, "flock", lambda *_: path.unlink())
    assert leases.hold(path) is None
    assert leases.hold(path) is None


READER = """
import sys
from pathlib import Path
from crm_core.warehouse import open_snapshot
with open_snapshot(Path(sys.argv[1]), int(sys.argv[2]), "UTC") as snapshot:
    print(snapshot.version, flush=True)
    sys.stdin.read()
"""


def test_a_reading_process_that_dies_holds_nothing_back(database: Database, warehouse: Warehouse) -> None:
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(warehouse.folder), "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == b"1\n"
        edit(database, OrderLine, 1, quantity=10)
        warehouse.refresh()
        assert manifests.versions(warehouse.folder) == [1, 2]
        assert len(list((warehouse.folder / "spill").glob("*.lock"))) == 1
        reader.kill()
    warehouse.refresh()
    assert manifests.versions(warehouse.folder) == [2]
    assert list((warehouse.folder / "spill").iterdir()) == []


def test_a_worker_reads_a_version_without_the_database(database: Database, warehouse: Warehouse) -> None:
    before = recorded(database)["order_lines"]
    with warehouse.open() as held:
        edit(database, OrderLine, 1, quantity=10)
        warehouse.refresh()
        with open_snapshot(held.folder, held.version, held.timezone) as snapshot:
            assert lines(snapshot.tables(EVERYTHING)) == before
            assert (snapshot.version, snapshot.taken_at) == (held.version, held.taken_at)
            assert dict(snapshot.table_versions) == dict.fromkeys(TABLES, 0) | {
                "customers": 1, "products": 1, "orders": 1, "order_lines": 1,
            }  # fmt: skip


def test_a_version_that_is_gone_is_refused_in_words(database: Database, warehouse: Warehouse) -> None:
    edit(database, OrderLine, 1, quantity=10)
    warehouse.refresh()
    for opened in (warehouse.open(1), open_snapshot(warehouse.folder, 1, "UTC")):
        with pytest.raises(SnapshotMissing) as caught, opened:
            pass
        assert str(caught.value) == ("Version 1 of the snapshot is gone; a newer one has taken its place. Try again.")


def test_without_a_snapshot_opening_says_how_to_make_one(database: Database, tmp_path: Path) -> None:
    warehouse = Warehouse(database, tmp_path / "none", timezone="UTC")
    with pytest.raises(SnapshotMissing) as caught, warehouse.open():
        pass
    assert str(caught.value) == "The warehouse holds no snapshot yet. Run: rapport refresh"
    warehouse.close()


def test_tables_cannot_be_read_after_their_snapshot_was_closed(warehouse: Warehouse) -> None:
    with warehouse.open() as snapshot:
        tables = snapshot.tables(EVERYTHING)
    with pytest.raises(duckdb.ConnectionException):
        tables.orders.collect()


def test_several_threads_read_at_once(database: Database, warehouse: Warehouse) -> None:
    expected = recorded(database)
    with ThreadPoolExecutor(8) as pool:
        results = [pool.submit(snapshot_rows, warehouse) for _ in range(24)]
        assert all(result.result() == expected for result in results)


def test_threads_read_while_another_refreshes(database: Database, warehouse: Warehouse) -> None:
    done = threading.Event()
    seen: list[int] = []

    def read() -> None:
        while not done.is_set():
            quantities = [row[5] for row in snapshot_rows(warehouse)["order_lines"]]
            assert quantities[0] == quantities[2]  # both changed in one change set
            seen.append(quantities[0])

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        for quantity in range(10, 20):
            with database.write(actor=SYSTEM, cause="form") as session:
                for key in (1, 3):
                    session.get_one(OrderLine, key).quantity = quantity
            warehouse.refresh()
        deadline = time.monotonic() + 20
        while (not seen or seen[-1] != 19) and time.monotonic() < deadline:
            time.sleep(0.01)
        done.set()
        for reader in readers:
            reader.result()
    assert seen[-1] == 19
    warehouse.refresh()
    assert manifests.versions(warehouse.folder) == [11]


def test_threads_take_turns_and_one_thread_may_open_two_snapshots(warehouse: Warehouse) -> None:
    entered = threading.Event()

    def wait_for_turn() -> None:
        with warehouse.open() as snapshot:
            snapshot.tables(EVERYTHING)
            entered.set()

    other = threading.Thread(target=wait_for_turn)
    with warehouse.open() as first, warehouse.open() as second:
        first.tables(EVERYTHING)
        assert lines(first.tables(EVERYTHING)) == lines(second.tables(EVERYTHING))
        other.start()
        assert not entered.wait(0.2)
    assert entered.wait(10)
    other.join()


def test_a_turn_that_never_comes_is_not_waited_for_for_ever(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duck, "_TURN_TIMEOUT", 0.05)
    with warehouse.open() as held, ThreadPoolExecutor(1) as pool:
        held.tables(EVERYTHING)
        assert pool.submit(snapshot_rows, warehouse).result(10)["orders"]


def test_queries_stay_within_memory_and_threads_and_fetch_nothing(warehouse: Warehouse) -> None:
    with warehouse.open() as snapshot, snapshot._engine.cursor() as cursor:

        def setting(name: str) -> str:
            row = cursor.execute(f"SELECT current_setting('{name}')").fetchone()
            assert row is not None
            return str(row[0])

        assert setting("memory_limit") == "183.1 MiB"  # 192 MB
        assert setting("TimeZone") == "Europe/Berlin"
        assert setting("autoinstall_known_extensions") == "False"
        assert setting("autoload_known_extensions") == "False"
        assert Path(setting("temp_directory")).parent == warehouse.folder / "spill"


def test_without_room_to_spill_small_queries_still_run(
    database: Database, warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    (warehouse.folder / "spill").write_text("in the way")
    assert snapshot_rows(warehouse) == recorded(database)
    assert "queries that do not fit in memory will fail" in caplog.text
    (warehouse.folder / "spill").unlink()
