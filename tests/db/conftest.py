"""The same suite on SQLite, PostgreSQL and MariaDB; a server that does not answer is skipped, with the reason."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from crm_core.db import schema
from crm_core.db.engine import Database

SERVERS = {
    "postgresql": os.environ.get("TEST_POSTGRESQL_URL", "postgresql://postgres@127.0.0.1:5432/postgres"),
    "mariadb": os.environ.get("TEST_MARIADB_URL", "mariadb://root@127.0.0.1:3306/mysql"),
}


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def any_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty, up-to-date database of each kind, dropped afterwards."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'rapport.db'}")
        schema.upgrade(database, timezone="Europe/Berlin", currency="EUR")
        yield database
        database.dispose()
        return
    server = Database(SERVERS[request.param])
    name = f"rapport_test_{uuid4().hex[:12]}"
    autocommit = server.engine.execution_options(isolation_level="AUTOCOMMIT")
    try:
        with autocommit.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
    except OperationalError as error:
        pytest.skip(f"no {request.param} server answers at {server.url.render_as_string()}: {error.orig}")
    database = Database(server.url.set(database=name).render_as_string(hide_password=False))
    try:
        schema.upgrade(database, timezone="Europe/Berlin", currency="EUR")
        yield database
    finally:
        database.dispose()
        with autocommit.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name}"))
        server.dispose()
