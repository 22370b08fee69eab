"""How stale a snapshot is, and who refreshes it when: pages at once what is small, a background thread the rest."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from crm_core.access import SYSTEM
from crm_core.db.engine import Database
from crm_core.db.models import Order, OrderLine
from crm_core.errors import StorageFailed
from crm_core.warehouse import RefreshResult, Staleness, Warehouse
from crm_core.warehouse import warehouse as warehouses
from tests.core.warehouse_records import SECOND_BLOCK, add, edit, order, recorded, small_shop, snapshot_rows


@pytest.fixture
def warehouse(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warehouse]:
    """The small shop's warehouse, without a snapshot yet."""
    monkeypatch.setattr(warehouses, "BLOCKS_HERE", 9)
    small_shop(database)
    warehouse = Warehouse(database, tmp_path / "warehouse", timezone="UTC")
    yield warehouse
    warehouse.close()


def test_without_a_snapshot_everything_is_stale(warehouse: Warehouse) -> None:
    stale = warehouse.staleness()
    assert (stale.is_stale, stale.has_snapshot, stale.version, stale.taken_at) == (True, False, None, None)
    assert stale.changed_rows >= 13


def test_after_a_refresh_nothing_is_stale(warehouse: Warehouse) -> None:
    warehouse.refresh()
    with warehouse.open() as snapshot:
        assert warehouse.staleness() == Staleness(
            is_stale=False, has_snapshot=True, version=1, taken_at=snapshot.taken_at
        )


def test_changed_rows_and_blocks_are_counted_from_history(database: Database, warehouse: Warehouse) -> None:
    warehouse.refresh()
    edit(database, OrderLine, 1, quantity=9)
    edit(database, OrderLine, 2, quantity=9)
    edit(database, OrderLine, SECOND_BLOCK, quantity=9)
    add(database, order(10))
    stale = warehouse.staleness()
    assert (stale.is_stale, stale.has_snapshot, stale.changed_rows, stale.changed_blocks) == (True, True, 4, 3)
    warehouse.refresh()
    assert not warehouse.staleness().is_stale


def test_a_page_makes_the_first_snapshot_itself(database: Database, warehouse: Warehouse) -> None:
    warehouse.ensure_fresh()
    assert snapshot_rows(warehouse) == recorded(database)


def test_a_page_takes_up_a_small_change_at_once(database: Database, warehouse: Warehouse) -> None:
    warehouse.ensure_fresh()
    edit(database, OrderLine, 1, quantity=9)
    warehouse.ensure_fresh()
    assert snapshot_rows(warehouse) == recorded(database)
    assert not warehouse.is_refreshing


def test_a_page_asks_for_no_refresh_where_nothing_changed(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.ensure_fresh()
    monkeypatch.setattr(warehouse, "refresh", lambda **_: pytest.fail("nothing is stale"))
    warehouse.ensure_fresh()


def test_a_large_change_is_taken_up_in_the_background_by_one_thread_while_pages_go_on(
    database: Database, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.ensure_fresh()
    before = snapshot_rows(warehouse)
    edit(database, OrderLine, 1, quantity=9)
    edit(database, Order, 1, channel="shop")
    go_on, starts = threading.Event(), []
    original = warehouse.refresh

    def slow_refresh(*, wait: float) -> RefreshResult:
        starts.append(wait)
        go_on.wait(10)
        return original(wait=wait)

    monkeypatch.setattr(warehouse, "refresh", slow_refresh)
    for _ in range(3):
        warehouse.ensure_fresh(max_inline_rows=1)
        assert warehouse.is_refreshing
        assert snapshot_rows(warehouse) == before
    go_on.set()
    warehouse.close()
    assert starts == [0]
    assert not warehouse.is_refreshing
    assert snapshot_rows(warehouse) == recorded(database)


def test_a_change_of_few_rows_in_many_blocks_is_left_to_the_background(
    database: Database, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.ensure_fresh()
    monkeypatch.setattr(warehouses, "BLOCKS_HERE", 1)
    started = threading.Event()
    monkeypatch.setattr(warehouse, "refresh", lambda **_: started.set())
    edit(database, OrderLine, 1, quantity=9)
    edit(database, OrderLine, SECOND_BLOCK, quantity=9)
    warehouse.ensure_fresh()
    assert started.wait(10)
    warehouse.close()


def test_a_failed_refresh_is_kept_for_the_page_to_tell_and_not_tried_again_at_once(
    database: Database, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    warehouse.ensure_fresh()
    before = snapshot_rows(warehouse)
    edit(database, OrderLine, 1, quantity=9)
    tries = []

    def fail(*_: object, **__: object) -> RefreshResult:
        tries.append(1)
        raise StorageFailed("The disk is full.")

    with monkeypatch.context() as broken:
        broken.setattr(warehouses, "refresh_here", fail)
        warehouse.ensure_fresh()
        warehouse.ensure_fresh()
    assert str(warehouse.failure) == "The disk is full."
    assert len(tries) == 1
    assert "the snapshot stays as it was: The disk is full." in caplog.text
    assert snapshot_rows(warehouse) == before
    monkeypatch.setattr(warehouses, "_RETRY_AFTER", 0)
    warehouse.ensure_fresh()
    assert warehouse.failure is None
    assert snapshot_rows(warehouse) == recorded(database)


def test_without_a_snapshot_a_failed_refresh_is_an_error(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> RefreshResult:
        raise StorageFailed("The disk is full.")

    monkeypatch.setattr(warehouses, "refresh_here", fail)
    with pytest.raises(StorageFailed, match="The disk is full"):
        warehouse.ensure_fresh()


def test_a_page_does_not_wait_for_another_processs_refresh(
    database: Database, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(warehouses, "_WAIT_INLINE", 0.05)
    caplog.set_level(logging.INFO)
    warehouse.ensure_fresh()
    before = snapshot_rows(warehouse)
    edit(database, OrderLine, 1, quantity=9)
    with FileLock(warehouse.folder / "refresh.lock"):
        warehouse.ensure_fresh()
        assert snapshot_rows(warehouse) == before
    assert "another refresh is under way" in caplog.text
    warehouse.ensure_fresh()
    assert snapshot_rows(warehouse) == recorded(database)


def test_two_refreshes_at_once_write_one_version(database: Database, warehouse: Warehouse) -> None:
    warehouse.refresh()
    edit(database, OrderLine, 1, quantity=9)
    other = Warehouse(database, warehouse.folder, timezone="UTC")
    results: list[RefreshResult] = []
    threads = [threading.Thread(target=lambda w=w: results.append(w.refresh())) for w in (warehouse, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert sorted(result.blocks_rewritten for result in results) == [0, 1]
    assert {result.version for result in results} == {2}


def test_closing_twice_does_no_harm_and_a_closed_warehouse_opens_again(warehouse: Warehouse) -> None:
    warehouse.ensure_fresh()
    assert snapshot_rows(warehouse)["orders"]
    warehouse.close()
    warehouse.close()
    assert snapshot_rows(warehouse, SYSTEM.scope)["orders"]


def test_a_page_does_not_wait_for_a_first_snapshot_that_takes_long(
    database: Database, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warehouses, "BLOCKS_HERE", 0)
    go_on, original = threading.Event(), warehouse.refresh

    def slow_refresh(*, wait: float) -> RefreshResult:
        go_on.wait(10)
        return original(wait=wait)

    monkeypatch.setattr(warehouse, "refresh", slow_refresh)
    warehouse.ensure_fresh(wait_for_first=False)
    warehouse.ensure_fresh(wait_for_first=False)
    assert warehouse.is_refreshing
    assert warehouse.first_reading() == 0
    (warehouse.folder / "orders").mkdir(parents=True)
    (warehouse.folder / "orders" / "000000-1.parquet").touch()
    assert 0 < (warehouse.first_reading() or 0) < 1
    go_on.set()
    warehouse.close()
    assert warehouse.first_reading() is None
    assert snapshot_rows(warehouse) == recorded(database)


def test_a_first_snapshot_that_fails_in_the_background_is_said_once_and_then_tried_again(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warehouses, "BLOCKS_HERE", 0)

    def fail(*_: object, **__: object) -> RefreshResult:
        raise StorageFailed("The disk is full.")

    with monkeypatch.context() as broken:
        broken.setattr(warehouses, "refresh_in_own_process", fail)
        warehouse.ensure_fresh(wait_for_first=False)
        warehouse.close()
        with pytest.raises(StorageFailed, match="The disk is full"):
            warehouse.ensure_fresh(wait_for_first=False)
    warehouse.ensure_fresh(wait_for_first=False)
    warehouse.close()
    assert warehouse.first_reading() is None
