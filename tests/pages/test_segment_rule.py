"""Writing a rule: groups within groups, what was left unsaved, values that are not offered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from crm_core.access import SYSTEM, Actor, Role
from crm_core.db.models import SavedSegment, SegmentKind, User
from crm_core.errors import StorageFailed
from crm_core.records import drafts, saved_segments
from crm_core.workspace import Workspace
from tests.pages.test_marketing import until_there
from tests.pages.test_pages import texts

Open = Callable[..., AppTest]
ORDERED_TWICE = {"is": "metric", "metric": "orders", "days": None, "op": "at_least", "value": "2"}
WILLING = {"is": "consent", "answer": "yes"}
NESTED = {"all": [ORDERED_TWICE, {"any": [WILLING, {"is": "rfm_scores", "r": 5, "f": 5}]}]}


@pytest.fixture
def segment(demo_workspace: Workspace) -> Iterator[SavedSegment]:
    """A segment by a rule with a group in it; removed afterwards, and with it what was left unsaved."""
    with demo_workspace.write(SYSTEM, "form") as session:
        made = saved_segments.create(
            session=session, actor=SYSTEM, values={"name": "Nested", "definition": NESTED}, kind=SegmentKind.RULE
        )
    yield made
    with demo_workspace.write(SYSTEM, "form") as session:
        saved_segments.remove(session=session, actor=SYSTEM, segment_id=made.id)


@pytest.fixture(autouse=True)
def _no_drafts(demo_workspace: Workspace) -> Iterator[None]:
    """No new rule is half written, before or after."""
    forget_new_rule(demo_workspace)
    yield
    forget_new_rule(demo_workspace)


def forget_new_rule(workspace: Workspace) -> None:
    with workspace.database.untracked() as session:
        drafts.discard(session=session, actor=admin(workspace), form="rule.new")


def admin(workspace: Workspace) -> Actor:
    with workspace.read() as session:
        user = session.scalars(select(User).where(User.role == Role.ADMIN.value)).one()
        return Actor(user_id=user.id, name=user.name, role=Role.ADMIN)


def definition(workspace: Workspace, segment_id: int) -> Any:
    with workspace.read() as session:
        return saved_segments.get(session=session, actor=SYSTEM, segment_id=segment_id).definition


def kept(workspace: Workspace, form: str) -> Any:
    with workspace.read() as session:
        draft = drafts.load(session=session, actor=admin(workspace), form=form)
    return None if draft is None else draft.values


def test_a_group_within_a_rule_is_edited_part_by_part(
    open_app: Open, demo_workspace: Workspace, segment: SavedSegment
) -> None:
    key = f"rule.{segment.id}"
    app = until_there(open_app("segment_rule", id=str(segment.id)))
    assert app.segmented_control(key=f"{key}.2.combine").value == "any"
    app.selectbox(key=f"{key}.3.consent.answer").set_value("never").run()
    app.button(key=f"{key}.4.remove").click().run()
    app.button(key=f"{key}.2.add_group").click().run()  # a group in the group, numbered 5, its condition 6
    app.selectbox(key=f"{key}.6.is").set_value("rfm_scores").run()
    until_there(app.button(key=f"{key}.5.add").click().run())
    assert f"{key}.5.add_group" not in {button.key for button in app.button}  # deep enough
    assert "and (was never asked about marketing or (recency score is 5" in texts(app).replace("\\", "")
    until_there(app.button(key=f"{key}.save").click().run())
    assert not app.exception
    first = {"is": "metric", "metric": "net_sales", "days": 365, "op": "at_least", "value": "500"}
    deepest = {"all": [{"is": "rfm_scores", "r": 5, "f": 5}, first]}
    wanted = {"all": [ORDERED_TWICE, {"any": [{"is": "consent", "answer": "never"}, deepest]}]}
    assert definition(demo_workspace, segment.id) == wanted
    assert kept(demo_workspace, key) is None


def test_an_empty_group_says_so_in_its_own_box_and_can_be_taken_out(open_app: Open, segment: SavedSegment) -> None:
    key = f"rule.{segment.id}"
    app = until_there(open_app("segment_rule", id=str(segment.id)))
    app.button(key=f"{key}.3.remove").click().run()
    until_there(app.button(key=f"{key}.4.remove").click().run())
    assert "The rule is not finished." in texts(app)
    assert "A rule needs at least one condition." in texts(app)
    until_there(app.button(key=f"{key}.2.remove").click().run())
    assert "A rule needs at least one condition." not in texts(app)
    assert "Who belongs: Orders ≥ 2." in texts(app).replace("\\", "")
    app.button(key=f"{key}.discard").click().run()


def test_a_rule_left_unsaved_is_there_in_another_session_until_it_is_discarded(
    open_app: Open, demo_workspace: Workspace
) -> None:
    app = until_there(open_app("segment_rule"))
    assert kept(demo_workspace, "rule.new") is None
    assert "Not saved yet" not in texts(app)
    app.selectbox(key="rule.new.1.is").set_value("bought").run()
    app.text_input(key="rule.new.name").set_value("Half written").run()
    assert "Not saved yet; kept as a draft" in texts(app)
    again = until_there(open_app("segment_rule"))
    assert "You have unsaved changes from" in again.info[0].value
    assert again.selectbox(key="rule.new.1.is").value == "bought"
    assert again.text_input(key="rule.new.name").value == "Half written"
    again.text_input(key="rule.new.name").set_value("Written").run()
    assert not again.run().info
    again.button(key="rule.new.discard").click().run()
    assert kept(demo_workspace, "rule.new") is None
    assert until_there(open_app("segment_rule")).selectbox(key="rule.new.1.is").value == "metric"


def test_a_rule_as_it_was_read_leaves_no_draft(
    open_app: Open, demo_workspace: Workspace, segment: SavedSegment
) -> None:
    key = f"rule.{segment.id}"
    app = until_there(open_app("segment_rule", id=str(segment.id)))
    app.selectbox(key=f"{key}.3.consent.answer").set_value("no").run()
    assert kept(demo_workspace, key) is not None
    app.selectbox(key=f"{key}.3.consent.answer").set_value("yes").run()
    assert kept(demo_workspace, key) is None
    assert "Not saved yet" not in texts(app)


def test_a_rule_that_was_left_as_it_was_is_read_anew_when_it_is_opened_again(
    open_app: Open, demo_workspace: Workspace, segment: SavedSegment
) -> None:
    app = until_there(open_app("segment_rule", id=str(segment.id)))
    app.switch_page("../pages/account.py").run()
    with demo_workspace.write(SYSTEM, "form") as session:
        saved_segments.update(
            session=session,
            actor=SYSTEM,
            segment_id=segment.id,
            seen_version=segment.version,
            values={"definition": {"any": [WILLING]}},
        )
    app.switch_page("../pages/segment_rule.py")
    app.query_params["id"] = str(segment.id)
    until_there(app.run())
    assert "Who belongs: agreed to marketing." in texts(app).replace("\\", "")
    assert app.segmented_control(key=f"rule.{segment.id}.combine").value == "any"


def test_a_draft_the_server_cannot_keep_says_so_and_stays_on_the_page(
    open_app: Open, demo_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = until_there(open_app("segment_rule"))

    def full(**_draft: object) -> None:
        raise StorageFailed("The disk is full; nothing was saved. Free some space and try again.")

    with monkeypatch.context() as patched:
        patched.setattr(drafts, "save", full)
        app.selectbox(key="rule.new.1.is").set_value("consent").run()
    assert "Not saved yet; only here" in texts(app)
    assert "The disk is full" in app.warning[0].value
    app.run()
    assert "Not saved yet; kept as a draft" in texts(app)
    assert kept(demo_workspace, "rule.new") is not None


def test_a_value_the_workspace_no_longer_offers_stays_until_another_field_is_chosen(
    open_app: Open, demo_workspace: Workspace, segment: SavedSegment
) -> None:
    gone = {"all": [{"is": "field", "field": "city", "op": "is", "values": ["Atlantis"]}]}
    with demo_workspace.write(SYSTEM, "form") as session:
        saved_segments.update(
            session=session,
            actor=SYSTEM,
            segment_id=segment.id,
            seen_version=segment.version,
            values={"definition": gone},
        )
    key = f"rule.{segment.id}"
    app = until_there(open_app("segment_rule", id=str(segment.id)))
    assert app.multiselect(key=f"{key}.1.field.values.city").value == ["Atlantis"]
    until_there(app.selectbox(key=f"{key}.1.field.field").set_value("country").run())
    assert app.multiselect(key=f"{key}.1.field.values.country").value == []
    app.button(key=f"{key}.discard").click().run()
