"""An import, its repetition and its undo give the same tables on SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from crm_core import imports
from crm_core.db.engine import Database
from crm_core.errors import ImportFailed
from tests.core.order_files import ADMIN, everything, rows_of, take_rows

ROWS = (
    "1,2024-03-01 09:30,m,Manual,2,2.55,C1,France\n"
    "1,2024-03-01 09:30,M,Manual,1,0.001,C1,France\n"
    "2,2024-03-02,A1,绿茶 🍵,-1,2.55,,Channel Islands\n"
    "3,2024-03-02,A1,绿茶 🍵,1,99999999999.9999,c1,\n"
)


def test_what_goes_in_is_what_is_kept(any_database: Database, tmp_path: Path) -> None:
    result = take_rows(any_database, tmp_path, ROWS)
    assert (result.created, result.rejected) == (4, 0)
    assert rows_of(
        any_database,
        "SELECT o.number, l.line_no, p.code, p.name, l.kind, l.quantity, l.unit_price_e4, l.amount_e4,"
        " o.country, o.region, c.ref FROM order_lines l JOIN orders o ON o.id = l.order_id"
        " JOIN products p ON p.id = l.product_id LEFT JOIN customers c ON c.id = o.customer_id ORDER BY l.id",
    ) == [
        ("1", 1, "m", "Manual", "sale", 2, 25500, 51000, "FR", None, "C1"),
        ("1", 2, "M", "Manual", "sale", 1, 10, 10, "FR", None, "C1"),
        ("2", 1, "A1", "绿茶 🍵", "refund", -1, 25500, -25500, None, "Channel Islands", None),
        ("3", 1, "A1", "绿茶 🍵", "sale", 1, 999999999999999, 999999999999999, None, None, "c1"),
    ]
    assert rows_of(any_database, "SELECT term FROM customer_terms ORDER BY customer_id") == [("c1",), ("c1",)]


def test_the_same_file_again_changes_nothing(any_database: Database, tmp_path: Path) -> None:
    take_rows(any_database, tmp_path, ROWS)
    before = everything(any_database)
    assert take_rows(any_database, tmp_path, ROWS).unchanged == 4
    assert everything(any_database) == before


def test_an_undo_restores_what_was_changed_and_removes_what_was_created(any_database: Database, tmp_path: Path) -> None:
    take_rows(any_database, tmp_path, ROWS)
    before = everything(any_database)
    new = take_rows(any_database, tmp_path, "4,2024-03-05,N1,New,1,1,C9,Spain\n4,2024-03-05,A1,,1,1,C9,Spain\n")
    undone = imports.undo_import(database=any_database, actor=ADMIN, import_id=new.import_id or 0)
    assert (undone.removed, undone.restored, undone.kept) == (5, 0, 0)
    assert everything(any_database) == before
    changed = take_rows(any_database, tmp_path, ROWS.replace("2,2.55,C1", "5,2.25,C1"))
    assert changed.updated == 1
    undone = imports.undo_import(database=any_database, actor=ADMIN, import_id=changed.import_id or 0)
    assert (undone.removed, undone.restored, undone.kept) == (0, 1, 0)
    assert rows_of(any_database, "SELECT quantity, unit_price_e4, amount_e4 FROM order_lines ORDER BY id LIMIT 1") == [
        (2, 25500, 51000)
    ]


def test_a_record_others_built_on_is_kept(any_database: Database, tmp_path: Path) -> None:
    first = take_rows(any_database, tmp_path, ROWS)
    take_rows(any_database, tmp_path, "9,2024-03-09,A1,,1,1,C1,\n")
    undone = imports.undo_import(database=any_database, actor=ADMIN, import_id=first.import_id or 0)
    assert [(conflict.table_name, conflict.params["tables"]) for conflict in undone.conflicts] == [
        ("products", "order_lines"),
        ("customers", "orders"),
    ]
    assert rows_of(any_database, "SELECT number FROM orders") == [("9",)]


def test_two_imports_of_the_same_file_at_once_store_it_once(any_database: Database, tmp_path: Path) -> None:
    results: list[imports.ImportResult] = []
    rows = "".join(f"{n},2024-03-01,P{n % 7},Thing,1,1,C{n % 5},\n" for n in range(300))
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    threads = [
        threading.Thread(target=lambda folder=folder: results.append(take_rows(any_database, folder, rows)))
        for folder in folders
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result.created for result in results) == [0, 300]
    assert rows_of(any_database, "SELECT count(*) FROM order_lines") == [(300,)]


def test_a_key_someone_else_took_meanwhile_is_said_in_words(
    any_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_rows(any_database, tmp_path, ROWS)
    before = everything(any_database)
    # As if the order had not been there yet when the import looked.
    plan = imports.orders.plan  # type: ignore[attr-defined]

    def late(staged: object, mode: object) -> None:
        staged.run("DELETE FROM known_orders")  # type: ignore[attr-defined]
        plan(staged, mode)

    monkeypatch.setattr("crm_core.imports.orders.plan", late)
    with pytest.raises(ImportFailed) as caught:
        take_rows(any_database, tmp_path, ROWS)
    assert str(caught.value) == (
        "Someone else saved some of the same orders, products or customers while orders.csv was being imported."
        " Nothing was written; import it again."
    )
    assert everything(any_database) == before
