"""SQLite, PostgreSQL and MariaDB give the same snapshot, each out of one consistent state."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from crm_core.access import SYSTEM
from crm_core.db.engine import Database
from crm_core.db.models import Customer, Order, OrderLine
from crm_core.warehouse import Warehouse
from crm_core.warehouse.layout import TABLES
from crm_core.warehouse.plan import read_marks
from crm_core.warehouse.process import refresh_in_own_process
from crm_core.warehouse.refresh import refresh_here
from crm_core.warehouse.sources import open_source
from tests.core.warehouse_records import (
    AT,
    SECOND_BLOCK,
    add,
    edit,
    line,
    order,
    recorded,
    service_and_sales,
    small_shop,
    snapshot_rows,
)

LINES = [
    (1, 1, 1, 1, "sale", 3, 10, 30, 0),
    (2, 2, 2, 1, "refund", -3, 10, -30, 0),
    (3, 3, 3, SECOND_BLOCK, "adjustment", 3, 10, 30, 1),
    (SECOND_BLOCK, SECOND_BLOCK, SECOND_BLOCK, None, "sale", 3, 999999999999999, 2999999999999997, 0),
]
"""The lines of the small shop as every database must give them, to the ten-thousandth."""


def test_the_snapshot_holds_the_same_records_whatever_database_they_are_in(
    any_database: Database, tmp_path: Path
) -> None:
    small_shop(any_database)
    service_and_sales(any_database)
    warehouse = Warehouse(any_database, tmp_path / "warehouse", timezone="UTC")
    refresh_here(any_database, warehouse.folder)
    held = snapshot_rows(warehouse)
    assert held == recorded(any_database)
    assert held["order_lines"] == LINES
    assert held["orders"][-1][2] == -1  # a microsecond before 1970
    assert held["customers"][1][3] == "Zoë 'Z' 王\n"
    assert [row[12] for row in held["customers"]] == [True, False, None]
    days = TABLES["deals"].columns.index("expected_close_on")
    assert held["deals"][0][days] == date(2024, 2, 29)
    assert held["ticket_events"][0][6:] == ("new", "closed", "resolved")
    assert refresh_in_own_process(any_database, warehouse.folder, full=True).rows == 37
    assert snapshot_rows(warehouse) == held
    warehouse.close()


def test_edits_deletions_and_creations_are_taken_up(any_database: Database, tmp_path: Path) -> None:
    small_shop(any_database)
    warehouse = Warehouse(any_database, tmp_path / "warehouse", timezone="UTC")
    refresh_here(any_database, warehouse.folder)
    edit(any_database, Customer, SECOND_BLOCK, name="Änderung")
    add(any_database, order(20), line(20, 20))
    with any_database.write(SYSTEM, "form") as session:
        session.delete(session.get_one(OrderLine, 2))
    stale = warehouse.staleness()
    assert (stale.changed_rows, stale.changed_blocks) == (4, 3)
    result = refresh_here(any_database, warehouse.folder)
    assert (result.blocks_rewritten, result.blocks_kept) == (3, 6)
    assert snapshot_rows(warehouse) == recorded(any_database)
    assert not warehouse.staleness().is_stale
    warehouse.close()


@pytest.mark.parametrize("is_alone", [True, False])
def test_what_is_written_while_a_refresh_reads_is_not_seen_by_it(any_database: Database, is_alone: bool) -> None:
    small_shop(any_database)
    if is_alone:
        any_database.dispose()
    layout = TABLES["orders"]
    with open_source(any_database, is_alone=is_alone) as source:
        before = read_marks(source.rows)["orders"]
        first = source.block(layout, 0)
        if any_database.dialect == "sqlite" and is_alone:
            _write_in_another_process(any_database)
        else:
            edit(any_database, Order, 1, channel="shop")
        assert source.block(layout, 0).equals(first)
        assert read_marks(source.rows)["orders"] == before
    with open_source(any_database, is_alone=is_alone) as source:
        assert read_marks(source.rows)["orders"].table_version == before.table_version + 1
        assert source.block(layout, 0)["channel"].to_pylist()[0] == "shop"


def _write_in_another_process(database: Database) -> None:
    """The edit, where a second copy of SQLite has the file open in this process."""
    script = (
        "import sys; from crm_core.db.engine import Database; from crm_core.db.models import Order; "
        "from tests.core.warehouse_records import edit; edit(Database(sys.argv[1]), Order, 1, channel='shop')"
    )
    subprocess.run([sys.executable, "-c", script, str(database.url)], check=True)


def test_a_block_of_more_rows_than_a_cursor_hands_over_at_once_is_whole(any_database: Database) -> None:
    count = 40_000
    with any_database.untracked() as session:
        session.connection().execute(
            Order.__table__.insert(),  # type: ignore[attr-defined]
            [{"id": key, "number": f"N{key}", "ordered_at": AT} for key in range(1, count + 1)],
        )
    with open_source(any_database, is_alone=False) as source:
        block = source.block(TABLES["orders"], 0)
    assert block["id"].to_pylist() == list(range(1, count + 1))
    assert block["number"].to_pylist()[-1] == f"N{count}"
    assert block.schema == TABLES["orders"].schema
