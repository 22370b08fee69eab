"""The database: one engine, read and write transactions, and errors in words."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session

from crm_core.access import Actor
from crm_core.db.history import TrackedSession, write_history
from crm_core.errors import ConfigError, StorageBusy, StorageFailed
from crm_core.translation import N_

BUSY_TIMEOUT_MS = 10_000
"""How long a writer waits for another; with WAL, 16 writing threads never ran into it."""

_BUSY = N_(
    "The database is busy with another writer, such as an import that is being saved; nothing was saved. "
    "Try again in a moment."
)

_LOST_SERVER = (
    "connection refused", "can't connect", "connection failed", "connection timeout", "server closed",
    "terminating connection", "failed to resolve host", "lost connection", "server has gone away",
)  # fmt: skip

_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}


class Database:
    """A SQL database holding one workspace: SQLite by default, PostgreSQL or MariaDB by URL."""

    def __init__(self, url: str) -> None:
        self.url = _parse(url)
        self.dialect = self.url.get_dialect().name
        self.engine = _create_engine(self.url)
        self.writer = self.engine.execution_options(rapport_write=True)

    @property
    def path(self) -> Path | None:
        """The SQLite file, or None on a server or in memory."""
        name = self.url.database
        return Path(name) if self.dialect == "sqlite" and name and name != ":memory:" else None

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session over one consistent state that writes nothing."""
        with storage_errors(), Session(self.engine, autoflush=False) as session:
            yield session

    @contextmanager
    def write(self, actor: Actor, cause: str, *, cause_id: int | None = None) -> Iterator[TrackedSession]:
        """A session in one transaction: rows, their history and the table versions, all or nothing."""
        with storage_errors(), TrackedSession(self.writer, actor=actor, cause=cause, cause_id=cause_id) as session:
            yield session
            write_history(session)
            session.commit()

    @contextmanager
    def untracked(self) -> Iterator[Session]:
        """A write transaction for tables that keep no history: sessions, drafts, accounts."""
        with storage_errors(), Session(self.writer) as session:
            yield session
            session.commit()

    @contextmanager
    def untracked_if_free(self, *, within: float = 0) -> Iterator[Session]:
        """Like `untracked`, but raises StorageBusy after `within` seconds where another process is writing.

        For notes nobody waits for, such as when someone was last here: a long import must not slow them down. Only
        SQLite has one writer at a time; the servers lock rows, so nothing is waited for there.
        """
        if self.dialect != "sqlite":
            with self.untracked() as session:
                yield session
            return
        with storage_errors(), self.engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {round(within * 1000)}")
            connection.commit()  # the session begins, and commits, a transaction of its own
            try:
                with Session(connection) as session:
                    yield session
                    session.commit()
            finally:
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn a full disk, a read-only file, a lost server and another's long write into StorageFailed."""
    try:
        yield
    except (DBAPIError, sqlite3.OperationalError) as error:
        reason = error.orig if isinstance(error, DBAPIError) else error
        message = _storage_message(reason)
        if message is None:
            raise
        raise (StorageBusy if message == _BUSY else StorageFailed)(message) from error


def _storage_message(reason: BaseException | None) -> str | None:
    text = str(reason).casefold()
    name = getattr(reason, "sqlite_errorname", "")
    if "readonly" in text or "read-only" in text:
        return N_(
            "The database is read-only; nothing was saved. Give the process write access to the file and its folder."
        )
    if name == "SQLITE_IOERR_SHMSIZE" or "is full" in text or "no space left" in text:  # reading takes some space too
        return N_("The disk is full; nothing was saved. Free some space and try again.")
    if "database is locked" in text or "lock wait timeout" in text:
        return _BUSY
    if "disk i/o error" in text or "malformed" in text or "not a database" in text:
        return N_(
            "The database file cannot be read or written; nothing was saved. Check the disk, or restore a backup."
        )
    if "unable to open database" in text:
        return N_("The database file cannot be opened. Check that its folder exists and is writable.")
    if re.search(r'unknown database|database ".*" does not exist', text):
        return N_("The database server has no database of that name. Create it, or check RAPPORT_DATABASE_URL.")
    if re.search(
        r'access denied|authentication failed|no password supplied|no pg_hba.conf entry|role ".*" does not', text
    ):
        return N_("The database server refuses this user or password. Check RAPPORT_DATABASE_URL.")
    if any(sign in text for sign in _LOST_SERVER):
        return N_("The database server does not answer. Check that it runs and that RAPPORT_DATABASE_URL names it.")
    return None


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigError(
            "RAPPORT_DATABASE_URL is not a database address; give one such as sqlite:///data/rapport.db"
        ) from error
    parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
    if parsed.get_backend_name() not in {"sqlite", "postgresql", "mysql", "mariadb"}:
        raise ConfigError(
            "Rapport works with sqlite, postgresql, mariadb and mysql, not with {name}", name=parsed.drivername
        )
    if parsed.get_backend_name() in {"mysql", "mariadb"} and "charset" not in parsed.query:
        parsed = parsed.update_query_dict({"charset": "utf8mb4"})
    return parsed


def _create_engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False})
        event.listen(engine, "do_connect", _connect_where_nothing_can_be_written)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    options: dict[str, Any] = {"pool_pre_ping": True, "isolation_level": "READ COMMITTED"}
    return create_engine(url, **options)


def _connect_where_nothing_can_be_written(
    _dialect: object, _record: object, arguments: list[Any], options: dict[str, Any]
) -> sqlite3.Connection | None:
    """A connection to a file in a folder that cannot be written, such as a read-only mount; else None.

    WAL mode keeps an index beside the file. Where it cannot be made, SQLite reads only a file that it is told never
    changes, and then skips the log: right only where the log is empty, that is, after the last writer closed the file.
    With a log and its index there, it reads both. Source: SQLite, Write-Ahead Logging, "Read-Only Databases".
    """
    path = Path(arguments[0])
    if not path.is_file() or os.access(path.parent, os.W_OK):
        return None
    log, index = (path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))
    has_log = log.exists() and (log.stat().st_size > 0 or index.exists())
    address = f"{path.resolve().as_uri()}?{'mode=ro' if has_log else 'immutable=1'}"
    connection: sqlite3.Connection = sqlite3.connect(address, uri=True, **options)
    return connection


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where _begin_sqlite says, not where the driver guesses
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA foreign_keys = ON")
    try:
        cursor.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        if "readonly" not in str(error) and "locked" not in str(error):
            raise  # a read-only file keeps the mode it has; reading goes on, writing will say so
    cursor.execute("PRAGMA synchronous = FULL")  # a saved form survives a power cut
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    is_write = connection.get_execution_options().get("rapport_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")
