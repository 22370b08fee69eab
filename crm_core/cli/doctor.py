"""`rapport doctor`: what could be wrong with this workspace, each thing looked at."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import typer
from packaging.requirements import Requirement
from sqlalchemy import select, text

from crm_core.cli.app import app
from crm_core.cli.output import JsonOption, emit, options
from crm_core.config import Settings, load_settings
from crm_core.db import schema
from crm_core.db.engine import Database
from crm_core.db.models import WorkspaceRow
from crm_core.errors import CrmError
from crm_core.records import links
from crm_core.workspace import Workspace

LEAST_FREE_BYTES = 1 << 30
"""Below this a refresh of a large snapshot, which is written beside the old one, may not fit."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str


@app.command()
def doctor(as_json: JsonOption = False) -> None:
    """Check database, migrations, snapshot, permissions and versions; exit 1 if anything is wrong."""
    settings = load_settings(database_url=options.database, data_dir=options.data_dir)
    checks = list(_checks(settings))
    lines = [f"{'ok' if check.ok else 'NOT OK':<6}  {check.name}: {check.detail}" for check in checks]
    emit({"checks": [asdict(check) for check in checks]}, as_json=as_json, text="\n".join(lines))
    if not all(check.ok for check in checks):
        raise typer.Exit(1)


def _checks(settings: Settings) -> Iterator[Check]:
    database = Database(settings.resolved_database_url)
    try:
        reachable = _reachable(database)
        yield reachable
        revision = _looked_at("revision", lambda: _revision(database)) if reachable.ok else None
        if revision is not None:
            yield revision
            yield from _of_dialect(database)
        if revision is not None and revision.ok:
            yield _looked_at("settings", lambda: _zone_and_currency(settings, database))
            yield _looked_at("snapshot", lambda: _snapshot(settings))
            yield _looked_at("admin", lambda: _admin(database))
    finally:
        database.dispose()
    yield _writable(settings.data_dir, database.path)
    yield _disk_space(settings.data_dir)
    yield _versions()


def _looked_at(name: str, look: Callable[[], Check]) -> Check:
    """The check, or that it could not be made and why: one broken thing must not hide the others."""
    try:
        return look()
    except (CrmError, OSError) as error:
        return Check(name, False, str(error))


def _reachable(database: Database) -> Check:
    where = database.url.render_as_string(hide_password=True)
    if database.path is not None and not database.path.exists():
        return Check("database", False, f"There is no database at {database.path}. Run: rapport init")

    def look() -> Check:
        with database.read() as session:
            session.execute(text("SELECT 1"))
        return Check("database", True, f"{where} answers")

    return _looked_at("database", look)


def _revision(database: Database) -> Check:
    schema.require_current(database)
    return Check("revision", True, schema.newest_revision())


def _of_dialect(database: Database) -> Iterator[Check]:
    if database.dialect != "sqlite" or database.path is None:
        return
    path = database.path
    yield _looked_at("sqlite", lambda: _sqlite_modes(database))
    yield _looked_at("integrity", lambda: _integrity(database))
    yield _looked_at("file permissions", lambda: _private(path))


def _sqlite_modes(database: Database) -> Check:
    with database.read() as session:
        journal = session.scalar(text("PRAGMA journal_mode"))
        keys = session.scalar(text("PRAGMA foreign_keys"))
    is_good = journal == "wal" and keys == 1
    return Check("sqlite", is_good, f"journal mode {journal}, foreign keys {'on' if keys else 'off'}")


def _integrity(database: Database) -> Check:
    with database.read() as session:
        found = list(session.scalars(text("PRAGMA quick_check(5)")))
        orphans = session.execute(text("PRAGMA foreign_key_check")).all()
    if found != ["ok"]:
        return Check("integrity", False, f"The file is damaged: {'; '.join(map(str, found))}. Restore a backup.")
    if orphans:
        tables = ", ".join(sorted({str(row[0]) for row in orphans}))
        return Check("integrity", False, f"{len(orphans)} rows name others that are not there, in: {tables}.")
    return Check("integrity", True, "no damage found")


def _private(path: Path) -> Check:
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name == "posix" and mode & stat.S_IROTH:
        return Check(
            "file permissions", False, f"Everyone on this machine can read {path} ({mode:o}). Run: chmod 600 {path}"
        )
    return Check("file permissions", True, f"{path} is {mode:o}")


def _zone_and_currency(settings: Settings, database: Database) -> Check:
    with database.read() as session:
        row = session.execute(select(WorkspaceRow)).scalar_one()
    detail = f"time zone {settings.timezone or row.timezone}, currency {row.currency}"
    if settings.currency not in (None, row.currency):
        return Check(
            "settings", False, f"{detail}; RAPPORT_CURRENCY is {settings.currency}. Unset it, or use another workspace."
        )
    return Check("settings", True, detail)


def _snapshot(settings: Settings) -> Check:
    workspace = Workspace.open(settings)
    try:
        state = workspace.warehouse.staleness()
    finally:
        workspace.close()
    if not state.has_snapshot:
        return Check("snapshot", False, "There is none yet. Run: rapport refresh")
    age = f"version {state.version} of {state.taken_at:%Y-%m-%d %H:%M} UTC"
    if state.is_stale:
        behind = f"{state.changed_rows} changed rows behind; pages catch up by themselves, or run: rapport refresh"
        return Check("snapshot", True, f"{age}, {behind}")
    return Check("snapshot", True, f"{age}, up to date")


def _admin(database: Database) -> Check:
    if links.is_admin_missing(database):
        return Check("admin", False, "Nobody can sign in as admin. Run rapport serve and open the link it prints.")
    return Check("admin", True, "someone can sign in as admin")


def _writable(folder: Path, database: Path | None) -> Check:
    """Whether what a change touches can be written: the folders, and SQLite's three files."""
    folders = [folder if folder.exists() else folder.absolute().parent, folder / "workspaces"]
    folders += [path for path in (folder / "workspaces").glob("*/*") if path.is_dir()]
    files = [database.with_name(database.name + ending) for ending in ("", "-wal", "-shm")] if database else []
    needed = [(path, os.W_OK | os.X_OK) for path in folders] + [(path, os.W_OK) for path in files]
    for path, rights in needed:
        if path.exists() and not os.access(path, rights):
            return Check(
                "data folder", False, f"{path} cannot be written. Give this user write access, or set RAPPORT_DATA_DIR."
            )
    return Check("data folder", True, f"{folder.absolute()} can be written")


def _disk_space(folder: Path) -> Check:
    probe = folder if folder.exists() else folder.absolute().parent

    def look() -> Check:
        free = shutil.disk_usage(probe).free
        detail = f"{free / 2**30:.1f} GiB free"
        return Check(
            "disk space", free >= LEAST_FREE_BYTES, detail if free >= LEAST_FREE_BYTES else f"{detail}; make room"
        )

    return _looked_at("disk space", look)


def _versions() -> Check:
    """Every installed package against what this version of Rapport asks for."""
    wrong = []
    wanted = [Requirement(line) for line in metadata.requires("rapport") or []]
    for requirement in wanted:
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            installed = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(installed, prereleases=True):
            wrong.append(f"{requirement.name} is {installed}, wanted {requirement.specifier}")
    if wrong:
        return Check("versions", False, f"{'; '.join(wrong)}. Run: make run")
    shown = ", ".join(f"{name} {metadata.version(name)}" for name in ("streamlit", "sqlalchemy", "duckdb", "pandas"))
    return Check("versions", True, shown)
