"""While another process writes for long, a form says so, keeps what was typed, and saves when asked again."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from crm_core.access import SYSTEM
from crm_core.db import engine
from crm_core.records import customers
from crm_core.workspace import Workspace
from tests.pages.test_pages import texts

Open = Callable[..., AppTest]

_WRITER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("writing", flush=True)
sys.stdin.readline()
connection.execute("COMMIT")
"""


class Writer:
    """Another process in the middle of a long transaction, until `finish`."""

    def __init__(self, path: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "writing\n"

    def finish(self) -> None:
        if self._process.returncode is None:
            self._process.communicate("\n", timeout=30)


@pytest.fixture
def writer(demo_workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Writer]:
    """A second process that writes, and connections with little patience."""
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 200)
    monkeypatch.setattr(importlib.import_module("dashboard.ui.form_drafts"), "DRAFT_PATIENCE", 0.2)
    demo_workspace.database.dispose()
    assert demo_workspace.database.path is not None
    writer = Writer(demo_workspace.database.path)
    yield writer
    writer.finish()
    demo_workspace.database.dispose()


def test_a_form_says_that_another_is_writing_keeps_what_was_typed_and_saves_later(
    open_app: Open, demo_workspace: Workspace, writer: Writer
) -> None:
    app = open_app("customer", id="7")
    app.text_input(key="customer:7.city.0").set_value("Timbuktu").run()
    app.button(key="customer:7.save").click().run()
    assert not app.exception
    assert not app.error
    assert app.warning[0].value == (
        "The database is busy with another writer, such as an import that is being saved; nothing was saved. "
        "Try again in a moment. What you typed stays in the form."
    )
    assert "1 unsaved change, only on this page" in texts(app)
    assert app.text_input(key="customer:7.city.0").value == "Timbuktu"
    writer.finish()
    app.button(key="customer:7.save").click().run()
    assert not app.warning
    with demo_workspace.read() as session:
        assert customers.get(session=session, actor=SYSTEM, customer_id=7).city == "Timbuktu"
