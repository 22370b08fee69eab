"""Which workspace a command works on, and what it says where that one cannot be reached."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from crm_core.cli.app import app, hoist, main
from crm_core.cli.output import options
from crm_core.config import load_settings
from crm_core.db.engine import Database, storage_errors
from crm_core.errors import ConfigError, StorageFailed
from tests.db.conftest import SERVERS


@pytest.fixture(autouse=True)
def _no_workspace_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(options, "database", None)
    monkeypatch.setattr(options, "data_dir", None)
    monkeypatch.chdir(tmp_path)


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command line."""
    monkeypatch.setattr("sys.argv", ["rapport", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


@pytest.mark.parametrize("is_first", [True, False])
def test_the_data_directory_may_be_named_before_or_after_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, is_first: bool
) -> None:
    folder = tmp_path / "数据 here, 50%41? #1"
    where = ["--data-dir", str(folder)]
    code, out, err = run(monkeypatch, capsys, *(where if is_first else []), "init", "--json", *(where * (not is_first)))
    assert (code, err) == (0, "")
    assert make_url(json.loads(out)["database"]).database == str(folder / "rapport.db")
    assert [path.name for path in folder.iterdir()] == ["rapport.db"]


@pytest.mark.parametrize("option", ["--data-dir", "--database"])
def test_an_option_without_its_value_is_the_one_complained_about(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    code, out, err = run(monkeypatch, capsys, "init", "--json", option)
    assert (code, out) == (2, "")
    assert f"Option '{option}' requires an argument." in err


def test_what_stands_behind_two_dashes_is_no_option() -> None:
    assert hoist(["undo", "--", "--data-dir", "x"]) == ["undo", "--", "--data-dir", "x"]


def test_a_variable_set_to_nothing_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATA_DIR", "TIMEZONE", "CURRENCY", "PORT", "DATABASE_URL"):
        monkeypatch.setenv(f"RAPPORT_{name}", "")
    settings = load_settings()
    assert (settings.data_dir, settings.timezone, settings.currency, settings.port) == (Path("data"), None, None, 8501)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused_since_it_would_be_gone_at_once(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(database_url=url)
    assert str(caught.value) == (
        "RAPPORT_DATABASE_URL: a database in memory would be gone at once; give a file, such as"
        " sqlite:///data/rapport.db"
    )


def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    result = CliRunner().invoke(app, ["init"])
    assert isinstance(result.exception, StorageFailed)
    assert "data folder cannot be created" in str(result.exception)


NO_DATABASE = "The database server has no database of that name. Create it, or check RAPPORT_DATABASE_URL."
REFUSED = "The database server refuses this user or password. Check RAPPORT_DATABASE_URL."
NO_ANSWER = "The database server does not answer. Check that it runs and that RAPPORT_DATABASE_URL names it."
FULL = "The disk is full; nothing was saved. Free some space and try again."


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("(1049, \"Unknown database 'shop'\")", NO_DATABASE),
        ('connection failed: FATAL:  database "shop" does not exist', NO_DATABASE),
        ("(1045, \"Access denied for user 'x'@'localhost' (using password: YES)\")", REFUSED),
        ("(1044, \"Access denied for user 'x'@'localhost' to database 'shop'\")", REFUSED),
        ('connection failed: FATAL:  password authentication failed for user "x"', REFUSED),
        ('connection failed: FATAL:  role "x" does not exist', REFUSED),
        ('connection failed: FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "x"', REFUSED),
        ("connection failed: fe_sendauth: no password supplied", REFUSED),
        ("(2003, \"Can't connect to MySQL server on 'db' (timed out)\")", NO_ANSWER),
        ("(2006, 'MySQL server has gone away')", NO_ANSWER),
        ("(2013, 'Lost connection to MySQL server during query')", NO_ANSWER),
        ('connection failed: connection to server at "127.0.0.1", port 1 failed: Connection refused', NO_ANSWER),
        ("failed to resolve host 'nowhere': [Errno -2] Name or service not known", NO_ANSWER),
        ("server closed the connection unexpectedly", NO_ANSWER),
        ("terminating connection due to administrator command", NO_ANSWER),
        ("could not extend file: No space left on device", FULL),
        ("database or disk is full", FULL),
    ],
)
def test_what_a_database_server_says_is_put_in_words_that_say_what_to_do(reason: str, message: str) -> None:
    with pytest.raises(StorageFailed) as caught, storage_errors():
        raise OperationalError("SELECT 1", {}, Exception(reason))
    assert str(caught.value) == message


def test_an_error_nobody_foresaw_keeps_its_own_words() -> None:
    with pytest.raises(OperationalError), storage_errors():
        raise OperationalError("SELECT 1", {}, Exception('relation "customers" does not exist'))


def test_a_disk_without_room_even_for_reading_is_said_to_be_full_and_not_broken() -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR_SHMSIZE"
    with pytest.raises(StorageFailed, match=r"^The disk is full"), storage_errors():
        raise error
    broken = sqlite3.OperationalError("disk I/O error")
    broken.sqlite_errorname = "SQLITE_IOERR_READ"
    with pytest.raises(StorageFailed, match="cannot be read or written"), storage_errors():
        raise broken


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_database_that_is_not_on_the_server_is_said_to_be_missing(kind: str) -> None:
    server = Database(SERVERS[kind])
    try:
        with server.engine.connect():
            pass
    except OperationalError as error:
        pytest.skip(f"no {kind} server answers: {error.orig}")
    finally:
        server.dispose()
    missing = Database(server.url.set(database="rapport_test_not_there").render_as_string(hide_password=False))
    with pytest.raises(StorageFailed) as caught, missing.read() as session:
        session.connection()
    assert str(caught.value) == NO_DATABASE
    missing.dispose()
