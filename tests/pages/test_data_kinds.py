"""Files of tickets and other records on the Data page: recognised, translated, checked, imported, taken back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import func, select
from streamlit.testing.v1 import AppTest

from crm_core.access import SYSTEM
from crm_core.db.models import Import, Product, Ticket
from crm_core.imports import undo_import
from crm_core.imports.kinds import KindMapping
from crm_core.workspace import Workspace
from dashboard import jobs
from tests.core.test_import_kinds import LOG
from tests.pages.test_pages import texts

Open = Callable[..., AppTest]
TICKETS = "id,created,title,severity\nX-1,2026-05-01 09:00,Broken,Severe\nX-2,2026-05-02 09:00,Lost,low\n"


@pytest.fixture(autouse=True)
def no_job() -> Iterator[None]:
    """No import of another test is under way or waits to be looked at."""
    yield
    jobs._jobs().clear()


def uploaded(open_app: Open, kind: str, text: str, *, language: str = "en") -> AppTest:
    app = open_app("data", kind=kind, language=language)
    app.file_uploader(key="data.file").set_value(("file.csv", text.encode(), "text/csv"))
    return app.run()


def finished(app: AppTest) -> AppTest:
    deadline = time.monotonic() + 60
    while not any(button.key == "data.back" for button in app.button):
        assert time.monotonic() < deadline, texts(app)
        time.sleep(0.2)
        app.run()
    return app


def imports_of(workspace: Workspace) -> int:
    with workspace.read() as session:
        return session.scalar(select(func.count()).select_from(Import)) or 0


def test_columns_are_recognised_and_the_files_own_words_asked_about(open_app: Open, demo_workspace: Workspace) -> None:
    app = uploaded(open_app, "tickets", TICKETS)
    assert not app.exception
    chosen = {box.label: box.value for box in app.selectbox}
    assert chosen["Number :red[*]"] == "id"
    assert chosen["Subject"] == "title"
    assert chosen["“Severe” stands for"] == ""
    assert "“low” stands for" not in chosen
    next(box for box in app.selectbox if box.label == "“Severe” stands for").set_value("urgent").run()
    before = imports_of(demo_workspace)
    app.button(key="data.check").click().run()
    finished(app)
    assert "Checked only; nothing was saved." in texts(app)
    assert imports_of(demo_workspace) == before
    app.button(key="data.import_now").click().run()
    finished(app)
    with demo_workspace.read() as session:
        assert session.scalars(
            select(Ticket.priority).where(Ticket.number.in_(["X-1", "X-2"])).order_by(Ticket.number)
        ).all() == ["urgent", "low"]
        newest = session.scalars(select(Import).order_by(Import.id.desc())).first()
    assert newest is not None
    assert KindMapping.from_dict(newest.mapping, name="kept").codes == {"priority": {"Severe": "urgent"}}
    app.button(key="data.undo").click().run()
    with demo_workspace.read() as session:
        assert session.scalar(select(func.count()).where(Ticket.number.in_(["X-1", "X-2"]))) == 0


def test_a_log_that_fits_a_preset_goes_in_by_it(open_app: Open, demo_workspace: Workspace) -> None:
    app = uploaded(open_app, "tickets", LOG)
    assert app.selectbox(key="data.preset_tickets").value == "incident-log"
    app.button(key="data.import").click().run()
    finished(app)
    assert "Imported." in texts(app)
    with demo_workspace.read() as session:
        newest = session.scalars(select(Import).order_by(Import.id.desc())).first()
    assert newest is not None
    assert (newest.kind, newest.preset, newest.counts["read"]) == ("tickets", "incident-log", 6)
    undo_import(database=demo_workspace.database, actor=SYSTEM, import_id=newest.id)


def test_rows_that_repeat_a_number_are_taken_as_updates(open_app: Open) -> None:
    log = "id,created,updated,state\n1,2026-05-01,2026-05-01,new\n1,2026-05-01,2026-05-02,closed\n"
    assert uploaded(open_app, "tickets", log).checkbox[0].value
    once = "id,created,updated,state\n1,2026-05-01,2026-05-01,new\n2,2026-05-01,2026-05-02,closed\n"
    assert not uploaded(open_app, "tickets", once).checkbox[0].value


@pytest.mark.parametrize(("language", "words"), [("en", "Say which column holds: Stage"), ("zh_CN", "阶段")])
def test_a_needed_field_without_a_column_is_asked_for(open_app: Open, language: str, words: str) -> None:
    app = uploaded(open_app, "deals", "id,value\n1,5\n", language=language)
    assert not app.exception
    assert words in texts(app).replace("\\", "")
    assert not any(button.key == "data.import" for button in app.button)


def test_words_that_stand_for_nothing_stop_the_import_with_their_row(open_app: Open, demo_workspace: Workspace) -> None:
    app = uploaded(open_app, "tickets", TICKETS)
    app.button(key="data.import").click().run()
    finished(app)
    said = " ".join(error.value for error in app.error).replace("\\", "")
    assert "row 1" in said
    assert "'Severe' is none of low, normal, high, urgent" in said
    with demo_workspace.read() as session:
        assert session.scalar(select(func.count()).where(Ticket.number == "X-2")) == 0


def test_products_go_in_and_come_out_again(open_app: Open, demo_workspace: Workspace) -> None:
    app = uploaded(open_app, "products", "sku,name,price\nQ-9,Quill,9.50\n")
    app.button(key="data.import").click().run()
    finished(app)
    with demo_workspace.read() as session:
        assert session.scalars(select(Product.name).where(Product.code == "Q-9")).one() == "Quill"
    app.button(key="data.undo").click().run()
    with demo_workspace.read() as session:
        assert session.scalar(select(func.count()).where(Product.code == "Q-9")) == 0
