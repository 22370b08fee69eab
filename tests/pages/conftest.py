"""The app from its entry script, without a browser: a small simulated workspace and a person signed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from crm_core import demo
from crm_core.access import Actor, Role
from crm_core.config import Settings
from crm_core.db.models import User
from crm_core.records.sessions import SignedIn
from crm_core.workspace import Workspace
from dashboard import session

APP = Path(__file__).resolve().parent.parent.parent / "dashboard" / "app.py"
TODAY = date(2026, 6, 30)
PATIENCE = 60


@pytest.fixture(scope="session")
def demo_workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace of 200 simulated customers, its snapshot taken; shared, so tests only add and edit customers."""
    folder = tmp_path_factory.mktemp("demo")
    settings = Settings(data_dir=folder, timezone="Europe/Berlin", _env_file=None)  # type: ignore[call-arg]
    workspace = Workspace.open(settings, create=True)
    demo.fill(workspace, customers=200, seed=3, today=TODAY)
    workspace.warehouse.refresh()
    yield workspace
    workspace.close()


@pytest.fixture
def open_app(demo_workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Start the app as someone with a role, in a language, on a page."""

    def start(page: str = "overview", *, role: Role = Role.ADMIN, language: str = "en", **address: str) -> AppTest:
        with demo_workspace.read() as database_session:
            user = database_session.scalars(select(User).where(User.role == role.value)).first()
        assert user is not None
        actor = Actor(user_id=user.id, name=user.name, role=role)
        signed_in = SignedIn(actor=actor, email=user.email, language=language, session_id=0)

        def require_signed_in() -> SignedIn:
            import streamlit as st

            st.session_state["signed_in"] = signed_in
            return signed_in

        monkeypatch.setattr(session, "workspace", lambda: demo_workspace)
        monkeypatch.setattr(session, "require_signed_in", require_signed_in)
        app = AppTest.from_file(str(APP), default_timeout=PATIENCE)
        app.run()
        app.switch_page(f"../pages/{page}.py")
        for name, value in address.items():
            app.query_params[name] = value
        app.run()
        return app

    return start
