"""The page of all areas: every area's figures against their targets, and what matters most on top."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from sqlalchemy import delete
from streamlit.testing.v1 import AppTest

from crm_core.access import SYSTEM, Role
from crm_core.analytics import targets
from crm_core.analytics.definitions import DEFINITIONS
from crm_core.analytics.kpis import KpiParams, kpis
from crm_core.analytics.periods import Period
from crm_core.db.models import MetricTarget
from crm_core.workspace import Workspace
from dashboard.ui.areas import SHOWN
from tests.pages.test_pages import texts

Open = Callable[..., AppTest]
MAY = {"grain": "month", "month_of": "2026-05-01"}


@pytest.fixture(autouse=True)
def _no_targets(demo_workspace: Workspace) -> Iterator[None]:
    yield
    with demo_workspace.database.untracked() as session:
        session.execute(delete(MetricTarget))


def ready(app: AppTest) -> AppTest:
    """The page once its long computations are there."""
    deadline = time.monotonic() + 120
    while not app.metric and time.monotonic() < deadline:
        time.sleep(0.5)
        app.run()
    assert not app.exception
    return app


def test_every_area_shows_its_figures_and_a_sentence(open_app: Open) -> None:
    app = ready(open_app("areas", role=Role.MANAGER, **MAY))
    assert [metric.label for metric in app.metric] == [
        DEFINITIONS[name].name for metrics in SHOWN.values() for name in metrics
    ]
    assert [head.value for head in app.subheader] == ["Sales", "Customers", "Retention", "Service", "Pipeline"]
    assert "May 2026, compared with Mar 31 – Apr 30, 2026" in texts(app).replace("\u2009", " ")
    assert [button.label for button in app.get("download_button")] == ["Download CSV", "Download XLSX"]


def test_a_missed_target_is_the_first_sentence_and_stands_on_its_card_in_words(
    open_app: Open, demo_workspace: Workspace
) -> None:
    period = Period.parse("2026-05-01", "2026-06-01")
    orders = demo_workspace.analyses.run(kpis, KpiParams(period), actor=SYSTEM).metrics["orders"].value
    with demo_workspace.write(SYSTEM, "form") as session:
        for metric, value in (("orders", Decimal(4 * int(orders or 0))), ("net_sales", Decimal(1))):
            targets.create(session=session, actor=SYSTEM, metric=metric, grain="month", value=value)
    app = ready(open_app("areas", role=Role.MANAGER, **MAY))
    said = texts(app)
    first = next(line for line in said.splitlines() if line.startswith("- "))
    assert "Orders:" in first
    assert "target missed" in first
    captions = [str(caption.value) for caption in app.caption]
    assert any(":material/cancel:" in text and "25% of" in text and "target missed" in text for text in captions)
    assert any(":material/check_circle:" in text and "target met" in text for text in captions)


def test_who_may_not_export_takes_no_file(open_app: Open) -> None:
    assert not ready(open_app("areas", role=Role.SUPPORT, **MAY)).get("download_button")
