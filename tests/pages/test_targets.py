"""The Targets page: managers set, change and remove targets; others read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from sqlalchemy import delete
from streamlit.testing.v1 import AppTest

from crm_core.access import SYSTEM, Role
from crm_core.analytics import targets
from crm_core.db.models import MetricTarget
from crm_core.workspace import Workspace
from tests.pages.test_pages import texts

Open = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def _no_targets(demo_workspace: Workspace) -> Iterator[None]:
    yield
    with demo_workspace.database.untracked() as session:
        session.execute(delete(MetricTarget))


def kept(workspace: Workspace) -> dict[tuple[str, str], Decimal]:
    with workspace.read() as session:
        return {(row.metric, row.grain): row.value for row in targets.list_all(session=session, actor=SYSTEM)}


def set_target(workspace: Workspace, metric: str, value: str) -> int:
    with workspace.write(SYSTEM, "form") as session:
        return targets.create(session=session, actor=SYSTEM, metric=metric, grain="month", value=value).id


def field(app: AppTest, start: str) -> str:
    """The key of the amount field of a form."""
    return next(str(widget.key) for widget in app.text_input if str(widget.key).startswith(start))


def test_a_share_is_typed_in_percent_and_kept_as_a_share(open_app: Open, demo_workspace: Workspace) -> None:
    app = open_app("targets", role=Role.MANAGER)
    assert "No targets yet" in texts(app)
    assert "unsaved change" not in texts(app)
    choose = next(widget for widget in app.selectbox if str(widget.key).startswith("target:new.metric"))
    choose.set_value("csat").run()
    app.text_input(key=field(app, "target:new.target")).set_value("90").run()
    app.button(key="target:new.save").click().run()
    assert not app.exception
    assert kept(demo_workspace) == {("csat", "month"): Decimal("0.9")}
    assert "Satisfaction per month: **90.0%**" in texts(app).replace("\\", "")


def test_a_number_that_is_none_is_refused_beside_its_field(open_app: Open, demo_workspace: Workspace) -> None:
    row_id = set_target(demo_workspace, "orders", "100")
    app = open_app("targets", role=Role.MANAGER, id=str(row_id))
    app.text_input(key=field(app, f"target:{row_id}.target")).set_value("many").run()
    app.button(key=f"target:{row_id}.save").click().run()
    assert "A target is a number from 0 up." in texts(app)
    assert kept(demo_workspace) == {("orders", "month"): Decimal(100)}
    app.text_input(key=field(app, f"target:{row_id}.target")).set_value("120.5").run()
    app.button(key=f"target:{row_id}.save").click().run()
    assert kept(demo_workspace) == {("orders", "month"): Decimal("120.5")}


def test_removing_a_target_can_be_taken_back(open_app: Open, demo_workspace: Workspace) -> None:
    row_id = set_target(demo_workspace, "orders", "100")
    app = open_app("targets", role=Role.MANAGER, id=str(row_id))
    app.button(key="targets.remove").click().run()
    assert kept(demo_workspace) == {}
    assert "The target was removed" in texts(app).replace("\\", "")
    app.button(key="done.undo").click().run()
    assert kept(demo_workspace) == {("orders", "month"): Decimal(100)}


@pytest.mark.parametrize("role", [Role.MARKETING, Role.SUPPORT])
def test_who_may_not_set_targets_reads_them(open_app: Open, demo_workspace: Workspace, role: Role) -> None:
    row_id = set_target(demo_workspace, "orders", "100")
    app = open_app("targets", role=role, id=str(row_id))
    assert "Orders per month: **100**" in texts(app).replace("\\", "")
    assert not app.button


@pytest.mark.parametrize(("page", "metric"), [("service", "resolved"), ("pipeline", "slipping_deals")])
def test_cards_of_a_full_month_say_how_they_stand_and_other_periods_say_nothing(
    open_app: Open, demo_workspace: Workspace, page: str, metric: str
) -> None:
    set_target(demo_workspace, metric, "100000")
    month = open_app(page, role=Role.MANAGER, period="month")
    assert any("of 100,000: " in str(caption.value) for caption in month.caption)
    year = open_app(page, role=Role.MANAGER, period="12m")
    assert not any("of 100,000: " in str(caption.value) for caption in year.caption)
