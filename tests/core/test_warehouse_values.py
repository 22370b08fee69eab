"""The values of orders are what their lines add up to, whatever was changed, and only their own blocks are written."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import text

from crm_core.access import SYSTEM, Scope
from crm_core.analytics.measures import LineSums
from crm_core.db.engine import Database
from crm_core.db.models import Order, OrderLine, Product
from crm_core.errors import StorageFailed
from crm_core.warehouse import Warehouse
from crm_core.warehouse import manifest as manifests
from crm_core.warehouse.layout import BLOCK_KEYS, FOLDERS, ORDER_VALUES, TABLES
from crm_core.warehouse.order_values import LINE_COLUMNS, ORDER_COLUMNS, VALUES, sums_of, totals
from tests.core.warehouse_records import AT, SECOND_BLOCK, add, edit, line, order, product, small_shop, value_rows

KNOWN = "SELECT id, ordered_at, customer_id, country, channel FROM orders ORDER BY id"
LINES = "SELECT order_id, kind, quantity, amount_e4, discount_e4 FROM order_lines"


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm_core.warehouse.warehouse.BLOCKS_HERE", 1_000)


@pytest.fixture
def warehouse(database: Database, tmp_path: Path) -> Iterator[Warehouse]:
    small_shop(database)
    warehouse = Warehouse(database, tmp_path / "warehouse", timezone="Europe/Berlin")
    warehouse.refresh()
    yield warehouse
    warehouse.close()


def expected(database: Database) -> list[tuple[Any, ...]]:
    """The values by plain Python over the rows of the database."""
    with database.read() as session:
        orders = [tuple(row) for row in session.execute(text(KNOWN))]
        lines = [tuple(row) for row in session.execute(text(LINES))]
    return [(*row, *_values([line[1:] for line in lines if line[0] == row[0]])) for row in orders]


def _values(lines: list[tuple[Any, ...]]) -> list[int]:
    parts: list[list[int]] = [[], [], [], [], []]
    for kind, quantity, amount, discount in lines:
        if kind == "sale" and quantity > 0 and amount > 0:
            parts[0].append(amount)
            parts[2] += [discount] if discount else []
        elif kind == "refund":
            parts[1].append(-amount)
        elif kind == "adjustment" and amount > 0:
            parts[3].append(amount)
        elif kind == "adjustment" and amount < 0:
            parts[4].append(-amount)
    return [len(lines), *(number for part in parts for number in (sum(part), len(part)))]


def files(warehouse: Warehouse) -> set[str]:
    return {str(path.relative_to(warehouse.folder)) for path in warehouse.folder.glob("order_values/*")}


def bytes_written_whole(database: Database, warehouse: Warehouse, folder: Path) -> dict[str, bytes]:
    """The derived files a full refresh of the same records writes, by block."""
    shutil.rmtree(folder, ignore_errors=True)
    other = Warehouse(database, folder, timezone=warehouse.timezone)
    other.refresh()
    other.close()
    return derived(folder)


def derived(folder: Path) -> dict[str, bytes]:
    return {path.name.split("-")[0]: path.read_bytes() for path in (folder / "order_values").glob("*")}


def test_values_have_the_names_the_measures_have() -> None:
    assert (*ORDER_COLUMNS, *VALUES) == ORDER_VALUES.columns
    assert set(VALUES) < LineSums.__annotations__.keys()
    assert set(LINE_COLUMNS) <= set(TABLES["order_lines"].columns)
    assert (*TABLES, "order_values") == FOLDERS


def test_the_values_of_each_kind_of_line(database: Database, warehouse: Warehouse) -> None:
    add(
        database,
        order(4, customer_id=1, country="CN", channel="shop"),
        order(5),
        line(11, 4, amount=Decimal("5"), discount=Decimal("1.5")),
        line(12, 4, amount=Decimal("2")),
        line(13, 4, amount=Decimal(0), unit_price=Decimal(0), discount=Decimal(1)),
        line(14, 4, kind="refund", quantity=-1, amount=Decimal("-3"), discount=Decimal("0.5")),
        line(15, 4, kind="adjustment", amount=Decimal("0.25")),
        line(16, 4, kind="adjustment", amount=Decimal("-0.125")),
        line(17, 4, quantity=-1, amount=Decimal("-9")),  # a write-off
    )
    warehouse.refresh()
    rows = {row[0]: row[3:] for row in value_rows(warehouse)}
    #                               lines  sale       refund     discount   charged   credited
    assert rows[4] == ("CN", "shop", 7, 70_000, 2, 30_000, 1, 15_000, 1, 2_500, 1, 1_250, 1)
    assert rows[5] == (None, None, *[0] * 11)
    assert value_rows(warehouse) == expected(database)


def _change(session: Any) -> None:
    session.get_one(OrderLine, 1).amount = Decimal(7)


def _add(session: Any) -> None:
    session.add(line(SECOND_BLOCK + 1, 1, amount=Decimal(2), discount=Decimal("0.5")))  # of the first block of orders


def _delete(session: Any) -> None:
    session.delete(session.get_one(OrderLine, 1))


def _move(session: Any) -> None:
    session.get_one(OrderLine, 1).order_id = SECOND_BLOCK


def _refund_later(session: Any) -> None:
    session.add(order(SECOND_BLOCK + 1, customer_id=1, ordered_at=AT + timedelta(days=90)))
    session.flush()
    refund = {"kind": "refund", "quantity": -3, "amount": Decimal("-0.003")}
    session.add_all([line(SECOND_BLOCK + 1, SECOND_BLOCK + 1, **refund), line(SECOND_BLOCK + 2, 1, **refund)])


def _redate(session: Any) -> None:
    session.get_one(Order, 1).ordered_at = AT + timedelta(days=1)


def _delete_order(session: Any) -> None:
    session.delete(session.get_one(OrderLine, SECOND_BLOCK))
    session.flush()
    session.delete(session.get_one(Order, SECOND_BLOCK))


@pytest.mark.parametrize(
    ("step", "blocks"),
    [
        (_change, {0}), (_add, {0}), (_delete, {0}), (_move, {0, 1}), (_refund_later, {0, 1}), (_redate, {0}),
        (_delete_order, {1}),
    ],
)  # fmt: skip
def test_after_a_change_the_values_equal_those_written_whole_and_other_blocks_are_kept(
    database: Database, warehouse: Warehouse, tmp_path: Path, step: Any, blocks: set[int]
) -> None:
    before = files(warehouse)
    with database.write(SYSTEM, "form") as session:
        step(session)
    warehouse.refresh()
    assert value_rows(warehouse) == expected(database)
    assert derived(warehouse.folder) == bytes_written_whole(database, warehouse, tmp_path / "whole")
    assert before - files(warehouse) == {f"order_values/{number:06d}-1.parquet" for number in blocks}


def test_what_is_worth_nothing_rewrites_no_values(database: Database, warehouse: Warehouse) -> None:
    before = files(warehouse)
    add(database, product(2))
    edit(database, OrderLine, 1, product_id=2)
    edit(database, Product, 1, category="toys")
    assert warehouse.refresh().blocks_rewritten == 2
    assert files(warehouse) == before
    assert value_rows(warehouse) == expected(database)


def test_a_damaged_block_of_values_is_written_anew(database: Database, warehouse: Warehouse) -> None:
    (warehouse.folder / "order_values" / "000001-1.parquet").unlink()
    assert not warehouse.staleness().has_snapshot
    assert warehouse.refresh().blocks_rewritten == 0
    assert warehouse.staleness().has_snapshot
    assert value_rows(warehouse) == expected(database)


def test_where_the_old_lines_are_lost_all_values_are_written_anew(database: Database, warehouse: Warehouse) -> None:
    (warehouse.folder / "order_lines" / "000001-1.parquet").unlink()
    edit(database, OrderLine, SECOND_BLOCK, order_id=1)
    warehouse.refresh()
    assert files(warehouse) == {"order_values/000000-2.parquet", "order_values/000001-2.parquet"}
    assert value_rows(warehouse) == expected(database)


def test_a_snapshot_by_other_rules_is_not_read_but_written_anew(
    database: Database, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("manifest", "layout"):
        monkeypatch.setattr(f"crm_core.warehouse.{module}.LAYOUT_ID", "other rules")
    assert manifests.current(warehouse.folder) is None
    assert warehouse.staleness().is_stale


def test_a_scope_sees_the_values_of_its_own_customers_orders(warehouse: Warehouse) -> None:
    assert [row[0] for row in value_rows(warehouse, Scope(owner_id=7))] == [1]
    assert [row[0] for row in value_rows(warehouse, Scope(owner_id=9))] == []


def test_lines_in_any_order_add_up_to_the_same() -> None:
    columns = [[7, 3, 7, 5], ["sale"] * 4, [1, 1, 1, 0], [10, 20, 30, 40], [0, 0, 5, 0]]
    sums = sums_of(pa.table(dict(zip(LINE_COLUMNS, columns, strict=True))))
    assert sums.order_ids.tolist() == [3, 5, 7]
    assert sums.values[: VALUES.index("sale_lines") + 1].tolist() == [[1, 1, 2], [20, 0, 40], [1, 0, 2]]
    assert totals(3, 5, [sums, sums])[1].tolist() == [40, 0, 0, 0, 80]
    assert totals(5, 1, [sums])[1].tolist() == [0]


def _lines(amounts: list[int]) -> pa.Table:
    n = len(amounts)
    return pa.table(dict(zip(LINE_COLUMNS, [[8] * n, ["sale"] * n, [1] * n, amounts, [0] * n], strict=True)))


def test_money_that_is_large_is_exact_and_what_does_not_fit_is_refused_by_name() -> None:
    half = 2**62
    assert totals(8, 1, [sums_of(_lines([half, half - 1]))])[1, 0] == 2**63 - 1
    assert totals(8, 1, [sums_of(_lines([half])), sums_of(_lines([half - 1]))])[1, 0] == 2**63 - 1
    told = (
        "The lines of the order with the key 8 add up to more than can be counted exactly; the last snapshot stays in "
        "use. Correct its amounts and refresh again."
    )
    with pytest.raises(StorageFailed) as caught:
        sums_of(_lines([half, half]))
    assert str(caught.value) == told
    with pytest.raises(StorageFailed) as caught:
        totals(0, BLOCK_KEYS, [sums_of(_lines([half])), sums_of(_lines([half]))])
    assert str(caught.value) == told
