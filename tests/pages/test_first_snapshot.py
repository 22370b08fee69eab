"""While the records are read for the first time, pages say so and go on; what needs no report works meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from crm_core.warehouse import RefreshResult, Warehouse
from crm_core.warehouse import warehouse as warehouses
from crm_core.workspace import Workspace

Open = Callable[..., AppTest]


@pytest.fixture
def unread(
    demo_workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Warehouse, threading.Event]]:
    """The workspace's warehouse before its first snapshot, which is written once the event is set."""
    monkeypatch.setattr(warehouses, "BLOCKS_HERE", 0)
    warehouse = Warehouse(demo_workspace.database, tmp_path / "unread", timezone="Europe/Berlin")
    go_on, original = threading.Event(), warehouse.refresh

    def slow_refresh(*, wait: float) -> RefreshResult:
        go_on.wait(60)
        return original(wait=wait)

    monkeypatch.setattr(warehouse, "refresh", slow_refresh)
    monkeypatch.setitem(demo_workspace.__dict__, "warehouse", warehouse)
    yield warehouse, go_on
    go_on.set()
    warehouse.close()


def shown(app: AppTest) -> str:
    return "\n".join(str(element.value) for element in [*app.title, *app.caption, *app.markdown])


@pytest.mark.parametrize("page", ["overview", "segments", "rows"])
def test_a_page_says_that_the_records_are_being_read_and_that_others_can_be_used(
    open_app: Open, unread: tuple[Warehouse, threading.Event], page: str
) -> None:
    app = open_app(page)
    assert not app.exception
    assert not app.error
    assert "Customers and imports can be used meanwhile" in shown(app)
    assert "Data as of" not in shown(app)


def test_the_report_is_there_once_the_records_are_read(
    open_app: Open, unread: tuple[Warehouse, threading.Event]
) -> None:
    warehouse, go_on = unread
    app = open_app("overview")
    go_on.set()
    warehouse.close()
    app.run()
    assert "Data as of" in shown(app)
    assert "Net sales were" in shown(app)
