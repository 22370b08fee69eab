"""What tests share: workspaces that are thrown away afterwards, and people with each role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from crm_core.access import Actor, Role
from crm_core.config import Settings
from crm_core.db import schema
from crm_core.db.engine import Database
from crm_core.workspace import Workspace

# Whether a property holds does not depend on how busy the machine is.
settings.register_profile("rapport", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("rapport")

REAL_DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of an `xdist_group` in one worker: xdist 3.8 writes the group where pytest 9.2 no longer reads it
    (pytest-dev/pytest-xdist#1386). To be removed with the release that mends it."""
    for item in items:
        if (grouped := vars(item).get("_nodeid")) is not None:
            item._id = type(item._id).parse(grouped)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tests see neither the developer's environment nor a .env file."""
    import os

    for name in list(os.environ):
        if name.startswith("RAPPORT_"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _charts_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A property of a chart that Plotly does not know raises."""
    monkeypatch.setattr("crm_core.charts.theme.IS_CHECKED", True)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty, up-to-date SQLite database."""
    database = Database(f"sqlite:///{tmp_path / 'rapport.db'}")
    schema.upgrade(database, timezone="Europe/Berlin", currency="EUR")
    yield database
    database.dispose()


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace in Europe/Berlin, in euros."""
    settings = Settings(data_dir=tmp_path, timezone="Europe/Berlin", currency="EUR", _env_file=None)  # type: ignore[call-arg]
    workspace = Workspace.open(settings, create=True)
    yield workspace
    workspace.close()


@pytest.fixture
def admin() -> Actor:
    return Actor(user_id=None, name="Ada Admin", role=Role.ADMIN)


@pytest.fixture
def staff() -> Actor:
    return Actor(user_id=None, name="Sam Staff", role=Role.STAFF)


@pytest.fixture
def real_data() -> Path:
    """The folder of public data sets beside the project."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"the public data sets are not at {REAL_DATA}")
    return REAL_DATA
