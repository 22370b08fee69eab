"""The Users page: accounts are added, changed and disabled by those who manage them, and by nobody else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import delete, select
from streamlit.testing.v1 import AppTest

from crm_core.access import SYSTEM, Role
from crm_core.db.models import User
from crm_core.records import links, users
from crm_core.workspace import Workspace
from tests.pages.test_pages import texts

Open = Callable[..., AppTest]


@pytest.fixture
def colleague(demo_workspace: Workspace) -> Iterator[int]:
    """An account of its own for one test, so that the shared ones stay as they are."""
    with demo_workspace.database.untracked() as session:
        account = users.create(session=session, actor=SYSTEM, email="kim@example.com", name="Kim Sato", role=Role.STAFF)
    yield account.user_id
    with demo_workspace.database.untracked() as session:
        session.execute(delete(User).where(User.email.in_(("kim@example.com", "lee@example.com"))))


def account(workspace: Workspace, email: str) -> User | None:
    with workspace.read() as session:
        return session.scalars(select(User).where(User.email == email)).one_or_none()


def add(app: AppTest, name: str, email: str) -> None:
    app.text_input(key="users.name.0").set_value(name)
    app.text_input(key="users.email.0").set_value(email)
    next(button for button in app.button if button.label == "Add and make a link").click().run()
    assert not app.exception


def errors(app: AppTest) -> list[str]:
    """The errors as they read; what they quote is escaped for markdown."""
    return [str(error.value).replace("\\", "").replace("\u2060", "") for error in app.error]


def test_adding_an_account_shows_a_link_that_sets_its_password_once(
    open_app: Open, demo_workspace: Workspace, colleague: int
) -> None:
    app = open_app("users")
    add(app, "Lee Park", "lee@example.com")
    assert "Send this link to Lee Park." in texts(app)
    token = re.search(r"/set-password\?token=(\S+)", app.code[0].value)
    assert token is not None
    invited = links.invited(demo_workspace.database, token.group(1))
    assert invited is not None
    assert invited.email == "lee@example.com"
    app.button(key="users.link.done").click().run()
    assert not app.code


def test_an_address_that_is_none_or_taken_is_refused_in_words_and_the_fields_keep_what_was_typed(
    open_app: Open, demo_workspace: Workspace, colleague: int
) -> None:
    app = open_app("users")
    add(app, "Lee Park", "lee.example.com")
    assert errors(app) == ["'lee.example.com' is not an e-mail address."]
    assert app.text_input(key="users.name.0").value == "Lee Park"
    add(app, "Lee Park", "kim@example.com")
    assert errors(app) == ["There is an account with the e-mail address kim@example.com already."]
    assert not app.code
    assert account(demo_workspace, "lee@example.com") is None


def test_a_role_is_changed_and_an_account_disabled_and_enabled(
    open_app: Open, demo_workspace: Workspace, colleague: int
) -> None:
    app = open_app("users")
    app.selectbox(key=f"users.role_of.{colleague}").set_value(Role.MARKETING).run()
    changed = account(demo_workspace, "kim@example.com")
    assert changed is not None
    assert changed.role == "marketing"
    for is_active in (False, True):
        app.button(key=f"users.switch.{colleague}").click().run()
        assert not app.exception
        changed = account(demo_workspace, "kim@example.com")
        assert changed is not None
        assert changed.is_active is is_active


def test_nobody_changes_the_account_they_are_signed_in_with(open_app: Open, demo_workspace: Workspace) -> None:
    app = open_app("users")
    own = next(user_id for user_id in _ids(demo_workspace, Role.ADMIN))
    assert app.button(key=f"users.switch.{own}").disabled
    assert app.selectbox(key=f"users.role_of.{own}").disabled


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_administrators_find_the_page(open_app: Open, role: Role) -> None:
    app = open_app("account", role=role)
    assert "users" not in app.session_state["pages"]
    with pytest.raises(ValueError, match="Could not find a navigation page"):
        app.switch_page("../pages/users.py")


def _ids(workspace: Workspace, role: Role) -> list[int]:
    with workspace.read() as session:
        return list(session.scalars(select(User.id).where(User.role == role.value)))
