"""`rapport users` and `doctor`."""

from __future__ import annotations

import io
import json
import os
import re
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crm_core.cli import main, output

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Result:
    """How a command ended and what it printed."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `rapport` in this process, on a workspace of its own."""

    def command(*arguments: str, stdin: str = "", **environment: str) -> Result:
        with monkeypatch.context() as here:
            here.setattr(output.options, "data_dir", None)
            here.setattr(sys, "argv", ["rapport", *arguments])
            here.setattr(sys, "stdin", io.StringIO(stdin))
            here.chdir(tmp_path)
            for name, value in {"RAPPORT_DATA_DIR": str(tmp_path), **environment}.items():
                here.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                main()
        printed = capsys.readouterr()
        return Result(int(ended.value.code or 0), printed.out, printed.err)

    return command


def data(result: Result) -> dict[str, Any]:
    """The one JSON object a command printed."""
    assert result.returncode == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_accounts_are_added_listed_disabled_and_enabled(run: Run, tmp_path: Path) -> None:
    run("init")
    who = ("Ada@example.com", "--name", "Ada", "--role", "admin")
    ada = data(run("users", "add", *who, "--password-stdin", "--json", stdin=f"{PASSWORD}\n"))
    assert (ada["email"], ada["role"], ada["has_password"], ada["link"]) == ("ada@example.com", "admin", True, None)
    bo = data(run("users", "add", "bo@example.com", "--name", "Bo", "--json"))
    assert re.fullmatch(r"http://127\.0\.0\.1:8501/set-password\?token=[\w-]{43}", bo["link"])
    assert data(run("users", "disable", "bo@example.com", "--json"))["is_active"] is False
    listed = data(run("users", "list", "--json"))["users"]
    assert [(one["email"], one["is_active"]) for one in listed] == [
        ("ada@example.com", True),
        ("bo@example.com", False),
    ]
    assert data(run("users", "enable", "bo@example.com", "--json"))["is_active"] is True


def test_what_accounts_refuse_is_one_clear_line(run: Run, tmp_path: Path) -> None:
    run("init")
    add = ("users", "add", "ada@example.com", "--name", "Ada", "--role", "admin", "--password-stdin")
    easy = run(*add, stdin="short\n")
    assert (easy.returncode, easy.stderr) == (1, "rapport: password: The password needs at least 10 characters.\n")
    assert run(*add, stdin=f"{PASSWORD}\n").returncode == 0
    last = run("users", "disable", "ada@example.com")
    said = "rapport: role: Ada is the last active admin. Make someone else an admin first.\n"
    assert (last.returncode, last.stderr) == (1, said)
    unknown = run("users", "disable", "eve@example.com")
    assert unknown.stderr == "rapport: There is no account with the e-mail address eve@example.com.\n"
    assert run("users", "add", "x@example.com", "--name", "X", "--role", "king").returncode == 2


def checks(result: Result) -> dict[str, tuple[bool, str]]:
    return {check["name"]: (check["ok"], check["detail"]) for check in json.loads(result.stdout)["checks"]}


def test_the_doctor_finds_nothing_wrong_with_a_good_workspace(run: Run, tmp_path: Path) -> None:
    run("init")
    add = ("users", "add", "ada@example.com", "--name", "Ada", "--role", "admin", "--password-stdin")
    run(*add, stdin=f"{PASSWORD}\n")
    assert run("refresh").returncode == 0
    result = run("doctor", "--json")
    found = checks(result)
    assert all(ok for ok, _ in found.values()), found
    assert result.returncode == 0
    assert list(found) == [
        "database", "revision", "sqlite", "integrity", "file permissions",
        "settings", "snapshot", "admin", "data folder", "disk space", "versions",
    ]  # fmt: skip


def test_the_doctor_names_what_is_wrong_and_what_to_do(run: Run, tmp_path: Path) -> None:
    missing = run("doctor", "--json")
    assert missing.returncode == 1
    path = tmp_path / "rapport.db"
    assert checks(missing)["database"] == (False, f"There is no database at {path}. Run: rapport init")
    run("init")
    path.chmod(0o644)
    found = checks(run("doctor", "--json", RAPPORT_CURRENCY="JPY"))
    assert found["file permissions"] == (
        False, f"Everyone on this machine can read {path} (644). Run: chmod 600 {path}"
    )  # fmt: skip
    assert found["admin"] == (False, "Nobody can sign in as admin. Run rapport serve and open the link it prints.")
    said = "time zone UTC, currency EUR; RAPPORT_CURRENCY is JPY. Unset it, or use another workspace."
    assert found["settings"] == (False, said)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE alembic_version SET version_num = '0000'")
    database.close()
    revision = checks(run("doctor", "--json"))["revision"]
    assert revision[0] is False
    assert "is at revision 0000, this version needs" in revision[1]


def test_the_doctor_sees_a_damaged_file(run: Run, tmp_path: Path) -> None:
    run("init")
    with sqlite3.connect(tmp_path / "rapport.db") as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    raw = bytearray((tmp_path / "rapport.db").read_bytes())
    raw[len(raw) // 2 :] = b"\xff" * (len(raw) - len(raw) // 2)
    (tmp_path / "rapport.db").write_bytes(raw)
    result = run("doctor", "--json")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert not all(ok for ok, _ in checks(result).values())


@pytest.mark.parametrize("name", ["", "rapport.db", "workspaces", "workspaces/1/warehouse"])
def test_the_doctor_names_what_cannot_be_written(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    run("init")
    (tmp_path / "workspaces" / "1" / "warehouse").mkdir(parents=True)
    access = os.access
    # Not by chmod: those who run the tests as root may write everywhere.
    monkeypatch.setattr(os, "access", lambda path, rights: Path(path) != tmp_path / name and access(path, rights))
    assert checks(run("doctor", "--json"))["data folder"] == (
        False,
        f"{tmp_path / name} cannot be written. Give this user write access, or set RAPPORT_DATA_DIR.",
    )


def test_the_files_of_a_new_workspace_are_its_users_own(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o755)
    run("--data-dir", str(folder), "init")
    run("--data-dir", str(folder), "demo", "--customers", "1")
    assert (folder / "rapport.db").stat().st_mode & 0o077 == 0
    assert (folder / "workspaces").stat().st_mode & 0o077 == 0
    run("--data-dir", str(tmp_path / "new"), "init")
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0
