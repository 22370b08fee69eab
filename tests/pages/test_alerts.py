"""The Alerts page: rules are added and dropped, what fired is counted, opened and marked as seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import delete
from streamlit.testing.v1 import AppTest

from crm_core.access import SYSTEM, Role
from crm_core.analytics import alerts
from crm_core.analytics.alert_run import check_alerts
from crm_core.db.models import AlertFiring, AlertRule, AlertSeen
from crm_core.workspace import Workspace
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


def test_only_who_may_drop_a_shared_rule_is_offered_to(open_app: Open, demo_workspace: Workspace) -> None:
    watch_orders(demo_workspace)
    labels = {button.label for button in open_app("alerts", role=Role.SUPPORT).button}
    assert "Stop watching" not in labels
    app = open_app("alerts", role=Role.MANAGER)
    next(button for button in app.button if button.label == "Stop watching").click().run()
    assert "Nothing is watched yet." in texts(app)
    assert "Nothing new" in texts(app)
