"""After any course of edits and refreshes the snapshot equals the records."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_core.access import SYSTEM
from crm_core.db import schema
from crm_core.db.bulk import BulkInserter
from crm_core.db.engine import Database
from crm_core.db.models import Customer, Order, OrderLine
from crm_core.warehouse import Warehouse
from crm_core.warehouse.layout import BLOCK_KEYS
from tests.core.warehouse_records import (
    customer,
    line,
    order,
    recorded,
    snapshot_rows,
)


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refreshes in a process of their own have tests of their own."""
    monkeypatch.setattr("crm_core.warehouse.warehouse.BLOCKS_HERE", 1_000)


KEYS = st.sampled_from([1, 2, BLOCK_KEYS - 1, BLOCK_KEYS, BLOCK_KEYS + 1, 5 * BLOCK_KEYS])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("customer"), KEYS),
        st.tuples(st.just("order"), KEYS),
        st.tuples(st.just("line"), KEYS),
        st.tuples(st.just("delete line"), KEYS),
        st.tuples(st.just("delete order"), KEYS),
        st.tuples(st.just("bulk"), st.integers(1, 3)),
        st.tuples(st.just("refresh"), st.just(0)),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_after_any_edits_the_snapshot_equals_the_records(steps: list[tuple[str, int]], template: Path) -> None:
    folder = template.parent / "example"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copy(template, folder / "rapport.db")
    database = Database(f"sqlite:///{folder / 'rapport.db'}")
    warehouse = Warehouse(database, folder / "warehouse", timezone="UTC")
    try:
        for number, (step, key) in enumerate([*steps, ("refresh", 0)]):
            take(step, key, number, database, warehouse)
        assert snapshot_rows(warehouse) == recorded(database)
        assert not warehouse.staleness().is_stale
    finally:
        warehouse.close()
        database.dispose()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database file to copy."""
    path = tmp_path_factory.mktemp("template") / "rapport.db"
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database, timezone="UTC", currency="EUR")
    database.dispose()
    return path


def take(step: str, key: int, number: int, database: Database, warehouse: Warehouse) -> None:
    """One step of a random history: creates the row, or changes it if it is there."""
    if step == "refresh":
        warehouse.refresh()
        return
    with database.write(SYSTEM, "form") as session:
        if step == "customer":
            if found := session.get(Customer, key):
                found.name = f"Changed {number}"
            else:
                session.add(customer(key))
        elif step == "order":
            if found_order := session.get(Order, key):
                found_order.channel = f"channel {number}"
            else:
                session.add(order(key))
        elif step == "line":
            if found_line := session.get(OrderLine, key):
                found_line.quantity += 1
            elif session.get(Order, key):
                session.add(line(key, key))
        elif step == "delete line" and (gone := session.get(OrderLine, key)):
            session.delete(gone)
        elif step == "delete order" and (empty := session.get(Order, key)) and not session.get(OrderLine, key):
            session.delete(empty)
        elif step == "bulk":
            bulk = BulkInserter(session, Order.__table__, ["id", "number", "ordered_at"])  # type: ignore[arg-type]
            bulk.insert((new, f"B{new}", number) for new in bulk.reserve(key))
            bulk.close()
