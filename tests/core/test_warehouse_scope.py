"""A scope sees its own customers, their orders and those orders' lines; nothing of anyone else, and no guest sales."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_core.access import EVERYTHING, Scope
from crm_core.db.engine import Database
from crm_core.db.models import Customer
from crm_core.warehouse import Warehouse
from crm_core.warehouse.refresh import refresh_here
from tests.core.warehouse_records import SECOND_BLOCK, edit, service_and_sales, small_shop, snapshot_rows


@pytest.fixture
def warehouse(database: Database, tmp_path: Path) -> Iterator[Warehouse]:
    small_shop(database)
    service_and_sales(database)
    warehouse = Warehouse(database, tmp_path / "warehouse", timezone="UTC")
    refresh_here(database, warehouse.folder)
    yield warehouse
    warehouse.close()


SERVICE_AND_SALES = ("tickets", "ticket_events", "deals", "deal_moves", "needs", "activities")
STAGES = [1, 2, 3, 4, 5, 6]


def keys(warehouse: Warehouse, scope: Scope) -> dict[str, list[int]]:
    return {name: [row[0] for row in rows] for name, rows in snapshot_rows(warehouse, scope).items()}


def test_the_whole_scope_sees_everything(warehouse: Warehouse) -> None:
    everyone = [1, 2, 3, SECOND_BLOCK]
    assert keys(warehouse, EVERYTHING) == {
        "customers": [1, 2, SECOND_BLOCK],
        "products": [1, SECOND_BLOCK],
        "orders": everyone,
        "order_lines": everyone,
        **{table: [1, 2, 3] for table in SERVICE_AND_SALES},
        "deal_stages": STAGES,
    }


@pytest.mark.parametrize(("owner", "own"), [(7, 1), (8, 2)])
def test_an_owner_sees_own_customers_and_their_sales_and_all_products(
    warehouse: Warehouse, owner: int, own: int
) -> None:
    assert keys(warehouse, Scope(owner_id=owner)) == {
        "customers": [own],
        "products": [1, SECOND_BLOCK],
        "orders": [own],
        "order_lines": [own],
        **{table: [own] for table in SERVICE_AND_SALES},
        "deal_stages": STAGES,
    }


def test_who_owns_nobody_sees_products_only(warehouse: Warehouse) -> None:
    assert keys(warehouse, Scope(owner_id=9)) == {
        "customers": [], "products": [1, SECOND_BLOCK], "orders": [], "order_lines": [],
        **{table: [] for table in SERVICE_AND_SALES}, "deal_stages": STAGES,
    }  # fmt: skip


def test_a_customer_handed_over_takes_the_sales_along(database: Database, warehouse: Warehouse) -> None:
    edit(database, Customer, 2, owner_id=7)
    warehouse.refresh()
    assert keys(warehouse, Scope(owner_id=7))["order_lines"] == [1, 2]
    assert keys(warehouse, Scope(owner_id=8))["order_lines"] == []


def test_aggregates_of_two_scopes_in_one_snapshot_do_not_mix(warehouse: Warehouse) -> None:
    with warehouse.open() as snapshot:
        of_seven, of_all = snapshot.tables(Scope(owner_id=7)), snapshot.tables(EVERYTHING)
        assert of_seven.order_lines.select("quantity").collect()["quantity"].sum() == 3
        assert of_all.order_lines.select("quantity").collect()["quantity"].sum() == 6
        assert of_seven.snapshot is snapshot
        assert of_seven.timezone == "UTC"
