"""The Alerts page: rules are added and dropped, what fired is counted, opened and marked as seen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import delete, func, select
from streamlit.testing.v1 import AppTest

from crm_core.access import SYSTEM, Role
from crm_core.analytics import alerts
from crm_core.analytics.alert_run import check_alerts, refresh_and_check
from crm_core.db.models import AlertFiring, AlertRule, AlertSeen
from crm_core.errors import StorageFailed
from crm_core.workspace import Workspace
from dashboard.watch import watch_alerts
from tests.pages.test_areas import ready
from tests.pages.test_pages import texts

Open = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def _no_alerts(demo_workspace: Workspace) -> Iterator[None]:
    yield
    with demo_workspace.database.untracked() as session:
        for model in (AlertSeen, AlertFiring, AlertRule):
            session.execute(delete(model))


def watch_orders(workspace: Workspace) -> int:
    """A shared rule that fires for the last two months that are over; how many firings are new."""
    with workspace.database.untracked() as session:
        alerts.create(
            session=session, actor=SYSTEM, metric="orders", grain="month", kind="above", threshold=1, is_shared=True
        )
    return check_alerts(workspace.analyses, workspace.database)


def test_what_fired_is_counted_until_it_is_seen_and_never_fires_again(
    open_app: Open, demo_workspace: Workspace
) -> None:
    assert watch_orders(demo_workspace) == 2
    assert check_alerts(demo_workspace.analyses, demo_workspace.database) == 0
    app = open_app("alerts", role=Role.SUPPORT)
    assert "2 new alerts" in texts(app)
    assert "May 2026: Orders of" in texts(app).replace("\\", "")
    app.button(key="alerts.seen").click().run()
    assert not app.exception
    assert "Nothing new" in texts(app)
    assert "May 2026: Orders of" in texts(app).replace("\\", "")
    assert "2 new alerts" in texts(open_app("alerts", role=Role.MANAGER))


def test_the_server_checks_by_itself_and_goes_on_after_an_error(
    demo_workspace: Workspace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with demo_workspace.database.untracked() as session:
        alerts.create(session=session, actor=SYSTEM, metric="orders", grain="month", kind="above", threshold=1)
    tries = []

    def check(*given: Any) -> int:
        tries.append(given)
        if len(tries) < 3:
            raise (StorageFailed("The disk is full."), ZeroDivisionError())[len(tries) - 1]
        return refresh_and_check(*given)

    def n_fired() -> int:
        with demo_workspace.read() as session:
            return session.scalars(select(func.count(AlertFiring.id))).one()

    async def watch() -> None:
        task = asyncio.create_task(watch_alerts(demo_workspace, every=0.01))
        while not await asyncio.to_thread(n_fired):
            await asyncio.sleep(0.05)
        task.cancel()

    monkeypatch.setattr("dashboard.watch.refresh_and_check", check)
    asyncio.run(asyncio.wait_for(watch(), 60))
    assert n_fired() == 2
    assert [record.levelname for record in caplog.records if record.name == "dashboard.watch"] == ["WARNING", "ERROR"]


def test_what_is_new_stands_first_among_all_areas(open_app: Open, demo_workspace: Workspace) -> None:
    watch_orders(demo_workspace)
    first = ready(open_app("areas", role=Role.MANAGER)).markdown
    said = [element.value for element in first if "is above 1" in element.value]
    assert len(said) == 1
    assert said[0].count("\n") == 1  # two alerts, a line each
    app = open_app("alerts", role=Role.MANAGER)
    app.button(key="alerts.seen").click().run()
    assert "is above 1" not in texts(ready(open_app("areas", role=Role.MANAGER)))


def test_only_who_may_drop_a_shared_rule_is_offered_to(open_app: Open, demo_workspace: Workspace) -> None:
    watch_orders(demo_workspace)
    labels = {button.label for button in open_app("alerts", role=Role.SUPPORT).button}
    assert "Stop watching" not in labels
    app = open_app("alerts", role=Role.MANAGER)
    next(button for button in app.button if button.label == "Stop watching").click().run()
    assert "Nothing is watched yet." in texts(app)
    assert "Nothing new" in texts(app)
