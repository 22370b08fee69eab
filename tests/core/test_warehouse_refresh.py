"""A snapshot equals the records, whatever was changed, and only blocks with changed rows are written."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, text

from crm_core.access import SYSTEM
from crm_core.db.bulk import BulkInserter
from crm_core.db.engine import Database
from crm_core.db.history import record_created_range
from crm_core.db.models import Customer, Order, OrderLine
from crm_core.errors import SnapshotMissing, StorageFailed
from crm_core.warehouse import RefreshResult, Warehouse
from crm_core.warehouse.layout import TABLES
from tests.core.warehouse_records import (
    SECOND_BLOCK,
    add,
    edit,
    order,
    recorded,
    small_shop,
    snapshot_rows,
)


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refreshes in a process of their own have tests of their own."""
    monkeypatch.setattr("crm_core.warehouse.warehouse.BLOCKS_HERE", 1_000)


@pytest.fixture
def warehouse(database: Database, tmp_path: Path) -> Iterator[Warehouse]:
    warehouse = Warehouse(database, tmp_path / "warehouse", timezone="Europe/Berlin")
    yield warehouse
    warehouse.close()


def files(warehouse: Warehouse) -> set[str]:
    return {str(path.relative_to(warehouse.folder)) for path in warehouse.folder.glob("*/*.parquet")}


def test_the_first_refresh_holds_exactly_the_records(database: Database, warehouse: Warehouse) -> None:
    small_shop(database)
    result = warehouse.refresh()
    assert snapshot_rows(warehouse) == recorded(database)
    assert result == RefreshResult(version=1, blocks_rewritten=9, blocks_kept=0, rows=19)
    assert sum(map(len, recorded(database).values())) == 19


def test_an_empty_workspace_has_a_snapshot_of_empty_tables(database: Database, warehouse: Warehouse) -> None:
    assert warehouse.refresh() == RefreshResult(version=1, blocks_rewritten=1, blocks_kept=0, rows=6)  # the stages
    assert {name: len(rows) for name, rows in snapshot_rows(warehouse).items() if rows} == {"deal_stages": 6}
    with warehouse.open() as snapshot:
        empty = snapshot.tables(SYSTEM.scope)
        schemas = {name: getattr(empty, name).collect_schema() for name in TABLES}
    small_shop(database)
    warehouse.refresh()
    with warehouse.open() as snapshot:
        filled = snapshot.tables(SYSTEM.scope)
        assert {name: getattr(filled, name).collect_schema() for name in TABLES} == schemas


def test_the_snapshot_leaves_out_what_no_analysis_needs(database: Database, warehouse: Warehouse) -> None:
    warehouse.refresh()
    with warehouse.open() as snapshot:
        columns = snapshot.tables(SYSTEM.scope).customers.collect_schema().names()
    assert set(columns).isdisjoint({"address", "postcode", "birthday_on", "notes", "custom", "sort_name", "version"})


def test_without_changes_a_refresh_writes_nothing(database: Database, warehouse: Warehouse) -> None:
    small_shop(database)
    warehouse.refresh()
    before = files(warehouse)
    assert warehouse.refresh() == RefreshResult(version=1, blocks_rewritten=0, blocks_kept=9, rows=19)
    assert files(warehouse) == before


def test_an_edit_rewrites_only_the_block_of_its_row(database: Database, warehouse: Warehouse) -> None:
    small_shop(database)
    warehouse.refresh()
    before = files(warehouse)
    edit(database, OrderLine, SECOND_BLOCK, quantity=4)
    assert warehouse.refresh() == RefreshResult(version=2, blocks_rewritten=1, blocks_kept=8, rows=19)
    assert snapshot_rows(warehouse) == recorded(database)
    assert before - files(warehouse) == {"order_lines/000001-1.parquet"}
    assert files(warehouse) - before == {"order_lines/000001-2.parquet"}


def test_a_full_refresh_writes_every_block_anew(database: Database, warehouse: Warehouse) -> None:
    small_shop(database)
    warehouse.refresh()
    assert warehouse.refresh(full=True) == RefreshResult(version=2, blocks_rewritten=9, blocks_kept=0, rows=19)
    assert snapshot_rows(warehouse) == recorded(database)


def test_a_block_that_lost_its_last_row_has_no_file(database: Database, warehouse: Warehouse) -> None:
    small_shop(database)
    warehouse.refresh()
    with database.write(SYSTEM, "form") as session:
        session.delete(session.get_one(OrderLine, SECOND_BLOCK))
    assert warehouse.refresh().rows == 18
    assert snapshot_rows(warehouse) == recorded(database)
    assert {name for name in files(warehouse) if name.startswith("order_lines")} == {"order_lines/000000-1.parquet"}


def test_rows_created_in_bulk_are_found_by_their_span(database: Database, warehouse: Warehouse) -> None:
    small_shop(database)
    warehouse.refresh()
    with database.write(SYSTEM, "import") as session:
        bulk = BulkInserter(session, Order.__table__, ["id", "number", "ordered_at"])  # type: ignore[arg-type]
        keys = bulk.reserve(2)
        bulk.insert((key, f"B{key}", 0) for key in keys)
        bulk.close()
    assert warehouse.refresh().blocks_rewritten == 1
    assert snapshot_rows(warehouse) == recorded(database)


def test_rows_deleted_by_span_are_found_too(database: Database, warehouse: Warehouse) -> None:
    small_shop(database)
    add(database, order(4), order(5))
    warehouse.refresh()
    with database.write(SYSTEM, "undo") as session:
        session.execute(delete(Order).where(Order.id.in_([4, 5])), execution_options={"history_kept": True})
        record_created_range(session, "orders", 4, 5, 2)
    warehouse.refresh()
    assert snapshot_rows(warehouse) == recorded(database)


def test_a_wide_gap_in_the_keys_is_jumped_over(database: Database, warehouse: Warehouse) -> None:
    far = 4_000_000_000_000_000
    add(database, order(1), order(far))
    assert warehouse.refresh().blocks_rewritten == 3  # the stages' too
    add(database, order(far // 2))
    assert warehouse.refresh().blocks_rewritten == 1
    assert snapshot_rows(warehouse) == recorded(database)


def test_a_damaged_block_is_written_anew(database: Database, warehouse: Warehouse) -> None:
    small_shop(database)
    warehouse.refresh()
    damaged = warehouse.folder / "orders" / "000001-1.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-10])
    (warehouse.folder / "customers" / "000000-1.parquet").unlink()
    assert not warehouse.staleness().has_snapshot
    assert warehouse.refresh().blocks_rewritten == 2
    assert snapshot_rows(warehouse) == recorded(database)
    assert warehouse.staleness().has_snapshot


def test_where_history_was_thinned_out_the_table_is_written_whole(database: Database, warehouse: Warehouse) -> None:
    small_shop(database)
    warehouse.refresh()
    edit(database, OrderLine, 1, quantity=4)
    with database.untracked() as session:
        session.execute(text("DELETE FROM changes"))
        session.execute(text("UPDATE order_lines SET quantity = 5 WHERE id > 3"))  # what the lost rows might have said
    result = warehouse.refresh()
    assert (result.blocks_rewritten, result.blocks_kept) == (2, 7)
    assert snapshot_rows(warehouse) == recorded(database)


def test_a_restored_database_is_noticed_though_its_versions_are_the_same(
    database: Database, warehouse: Warehouse, tmp_path: Path
) -> None:
    small_shop(database)
    backup = tmp_path / "backup.db"
    with sqlite3.connect(tmp_path / "rapport.db") as source, sqlite3.connect(backup) as target:
        source.backup(target)
    source.close()
    target.close()
    edit(database, Customer, 1, name="Before")
    warehouse.refresh()
    database.dispose()
    for suffix in ("-wal", "-shm"):
        (tmp_path / f"rapport.db{suffix}").unlink(missing_ok=True)
    shutil.copy(backup, tmp_path / "rapport.db")
    edit(database, Customer, SECOND_BLOCK, name="After")  # the same version again, of another past
    assert warehouse.staleness().is_stale
    assert warehouse.refresh().blocks_kept == 0
    assert snapshot_rows(warehouse) == recorded(database)


def test_a_database_restored_to_an_older_state_is_read_whole(
    database: Database, warehouse: Warehouse, tmp_path: Path
) -> None:
    small_shop(database)
    edit(database, Customer, 1, name="Later")
    warehouse.refresh()
    with database.untracked() as session:  # as if the last change set had never been
        session.execute(text("UPDATE table_versions SET table_version = table_version - 1"))
        session.execute(text("UPDATE customers SET name = 'Earlier' WHERE id = 1"))
    assert warehouse.staleness().is_stale
    assert warehouse.refresh() == RefreshResult(version=2, blocks_rewritten=9, blocks_kept=0, rows=19)
    assert snapshot_rows(warehouse) == recorded(database)


def test_a_snapshot_of_another_releases_layout_is_not_read_but_written_anew(
    database: Database, warehouse: Warehouse
) -> None:
    small_shop(database)
    warehouse.refresh()
    path = warehouse.folder / "manifest-1.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"layout": "older"}))
    with pytest.raises(SnapshotMissing) as caught, warehouse.open():
        pass
    assert str(caught.value) == (
        "The snapshot cannot be read: it is damaged or of another release. Run: rapport refresh"
    )
    assert warehouse.refresh() == RefreshResult(version=2, blocks_rewritten=9, blocks_kept=0, rows=19)
    assert snapshot_rows(warehouse) == recorded(database)


@pytest.mark.parametrize("content", ["", "{", '{"version": 1}', "[]"])
def test_a_damaged_manifest_is_replaced(database: Database, warehouse: Warehouse, content: str) -> None:
    small_shop(database)
    warehouse.refresh()
    (warehouse.folder / "manifest-1.json").write_text(content)
    warehouse.refresh()
    assert snapshot_rows(warehouse) == recorded(database)


@pytest.mark.parametrize("content", ["", "one", "99\n"])
def test_a_damaged_current_file_is_replaced(database: Database, warehouse: Warehouse, content: str) -> None:
    small_shop(database)
    warehouse.refresh()
    (warehouse.folder / "CURRENT").write_text(content)
    warehouse.refresh()
    assert snapshot_rows(warehouse) == recorded(database)


def test_a_folder_that_cannot_be_written_is_named(database: Database, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("not a folder")
    with pytest.raises(StorageFailed) as caught:
        Warehouse(database, tmp_path / "taken" / "warehouse", timezone="UTC").refresh()
    assert str(caught.value) == (
        f"The snapshot in {tmp_path}/taken/warehouse could not be refreshed, the last one stays in use: "
        "Not a directory. Give the process write access to the folder."
    )
