"""An import in a process of its own."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from sqlalchemy import func, select

from crm_core import imports
from crm_core.access import Actor
from crm_core.db.engine import Database
from crm_core.db.models import Order
from crm_core.errors import ImportFailed, ImportRejected
from crm_core.imports import background
from crm_core.imports.background import import_in_background

MAPPING = imports.Mapping(
    columns={"order_number": "no", "ordered_at": "at", "quantity": "qty", "unit_price": "price", "customer_ref": "who"}
)
GOOD = "no,at,qty,price,who\n1,2026-01-02 10:00,2,1.50,A\n2,2026-01-03 10:00,1,4.00,B\n"


def run(database: Database, admin: Actor, path: Path, folder: Path) -> imports.ImportResult:
    return import_in_background(
        database=database,
        actor=admin,
        path=path,
        progress=lambda done, total: None,
        mapping=MAPPING,
        rejects_folder=folder,
        timezone="Europe/Berlin",
    )


def count_orders(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Order)) or 0


def test_it_imports_and_says_what_it_did(database: Database, admin: Actor, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(GOOD)
    result = run(database, admin, path, tmp_path)
    assert (result.read, result.created, result.rejected) == (2, 2, 0)
    assert count_orders(database) == 2


def test_an_error_arrives_with_its_words_and_problems(database: Database, admin: Actor, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(GOOD.replace("2,1.50", "abc,1.50"))
    with pytest.raises(ImportRejected, match=r"orders\.csv") as caught:
        run(database, admin, path, tmp_path)
    assert caught.value.problems[0].value == "abc"
    assert count_orders(database) == 0


def test_a_killed_import_leaves_nothing_and_says_so(database: Database, admin: Actor, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    lines = (f"{number},2026-01-02 10:00,1,1.00,C{number % 500}" for number in range(30_000))
    path.write_text("\n".join(["no,at,qty,price,who", *lines]) + "\n")

    def kill(_done: int, _total: int | None) -> None:
        for child in psutil.Process().children():
            child.kill()

    with pytest.raises(ImportFailed, match="was cut off before it was done; nothing was saved"):
        import_in_background(
            database=database,
            actor=admin,
            path=path,
            progress=kill,
            mapping=MAPPING,
            rejects_folder=tmp_path,
            timezone="Europe/Berlin",
        )
    assert count_orders(database) == 0


def test_a_process_that_never_starts_leaves_nothing_and_says_so(
    database: Database, admin: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(GOOD)
    monkeypatch.setattr(background.sys, "executable", "/bin/true")
    with pytest.raises(ImportFailed, match="was cut off before it was done; nothing was saved"):
        run(database, admin, path, tmp_path)
    assert count_orders(database) == 0
