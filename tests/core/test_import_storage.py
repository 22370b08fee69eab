"""A full or read-only disk stops an import in words, with nothing written."""

from __future__ import annotations

import errno
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import event

from crm_core.db.engine import Database
from crm_core.errors import ImportFailed, StorageFailed
from crm_core.imports import orders, staging
from tests.core.order_files import everything, rows_of, take_rows

GOOD = "1,2024-03-01,A1,Mug,1,2.5,C1,France\n"


def test_a_full_disk_in_the_middle_of_an_import_leaves_nothing_behind(database: Database, tmp_path: Path) -> None:
    take_rows(database, tmp_path, GOOD)
    before = everything(database)
    pages = rows_of(database, "PRAGMA page_count")[0][0]
    database.dispose()
    event.listen(
        database.engine,
        "connect",
        lambda connection, _record: connection.execute(f"PRAGMA max_page_count = {pages + 30}"),
    )
    rows = "".join(f"{n},2024-03-01,P{n},Thing {n},1,2.5,D{n},France\n" for n in range(3_000))
    with pytest.raises(StorageFailed) as caught:
        take_rows(database, tmp_path, rows + "bad,row,,,,,,\n", on_error="skip")
    assert str(caught.value) == "The disk is full; nothing was saved. Free some space and try again."
    assert everything(database) == before
    assert rows_of(database, "SELECT count(*) FROM imports") == [(1,)]
    assert list((tmp_path / "rejects").iterdir()) == []


def test_a_read_only_database_is_said_to_be_one(database: Database, tmp_path: Path) -> None:
    before = everything(database)
    database.dispose()
    event.listen(database.engine, "connect", lambda connection, _record: connection.execute("PRAGMA query_only = ON"))
    with pytest.raises(StorageFailed) as caught:
        take_rows(database, tmp_path, GOOD)
    assert str(caught.value) == (
        "The database is read-only; nothing was saved. Give the process write access to the file and its folder."
    )
    assert everything(database) == before


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full; nothing was imported."),
        (
            duckdb.IOException("Could not write file: No space left on device"),
            "The disk is full; nothing was imported.",
        ),
        (duckdb.OutOfMemoryException("failed to offload data block"), "The disk is full; nothing was imported."),
        (
            PermissionError(errno.EACCES, "Permission denied", "/data/rejects"),
            "/data/rejects cannot be written to; nothing was imported. Give the process write access to it.",
        ),
    ],
)
def test_a_disk_that_cannot_hold_the_staging_is_said_so_in_words(error: Exception, message: str) -> None:
    with pytest.raises(StorageFailed) as caught, staging.disk_errors():
        raise error
    assert str(caught.value).startswith(message)


def test_other_errors_are_not_taken_for_a_full_disk() -> None:
    with pytest.raises(OSError, match="bad descriptor"), staging.disk_errors():
        raise OSError(errno.EBADF, "bad descriptor")
    with pytest.raises(duckdb.IOException, match="corrupt"), staging.disk_errors():
        raise duckdb.IOException("corrupt")


def test_rejects_that_cannot_be_written_stop_the_import(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(orders, "write_rejects", full)
    before = everything(database)
    with pytest.raises(StorageFailed):
        take_rows(database, tmp_path, GOOD + "1,soon,,,1,1,,\n", on_error="skip")
    assert everything(database) == before
    assert rows_of(database, "SELECT count(*) FROM imports") == [(0,)]


def test_the_staging_is_removed_whatever_happens(database: Database, tmp_path: Path) -> None:
    take_rows(database, tmp_path, GOOD)
    with pytest.raises(ImportFailed):
        take_rows(database, tmp_path, "1,soon,,,1,1,,\n")
    assert list((tmp_path / "rejects").iterdir()) == []


def test_a_staging_left_by_a_killed_process_is_removed_a_day_later(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / "rejects" / "staging-old"
    left.mkdir(parents=True)
    take_rows(database, tmp_path, GOOD)
    assert left.exists()
    monkeypatch.setattr(staging, "_FORGOTTEN_AFTER", -1)
    take_rows(database, tmp_path, GOOD)
    assert not left.exists()


def test_rejects_of_an_import_that_failed_are_removed(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rejects = orders.write_rejects

    def write_and_fail(*args: object) -> None:
        write_rejects(*args)  # type: ignore[arg-type]
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(orders, "write_rejects", write_and_fail)
    with pytest.raises(StorageFailed):
        take_rows(database, tmp_path, GOOD + "1,soon,,,1,1,,\n", on_error="skip")
    assert list((tmp_path / "rejects").iterdir()) == []
