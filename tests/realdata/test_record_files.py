"""The incident log, the sales pipeline and the complaints go in with their presets and add up."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from crm_core.access import SYSTEM
from crm_core.db import schema
from crm_core.db.engine import Database
from crm_core.db.models import Deal, Ticket, TicketEvent
from crm_core.imports import ImportResult, undo_import
from crm_core.imports.kinds import import_kind, kind_preset
from tests.conftest import REAL_DATA

pytestmark = [pytest.mark.realdata, pytest.mark.xdist_group("record_files")]

LOG = REAL_DATA / "incident_log" / "incident_event_log.zip"
PIPELINE = REAL_DATA / "crm_sales_opportunities" / "sales_pipeline.csv"
COMPLAINTS = REAL_DATA / "complaints" / "complaints_sample.csv"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    if not LOG.exists():
        pytest.skip(f"the public data sets are not at {REAL_DATA}")
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('records') / 'rapport.db'}")
    schema.upgrade(database, timezone="UTC", currency="USD")
    yield database
    database.dispose()


@pytest.fixture(scope="module")
def logged(database: Database, tmp_path_factory: pytest.TempPathFactory) -> ImportResult:
    """The incident log, taken in."""
    return take(database, LOG, "incident-log", tmp_path_factory.mktemp("log"))


def take(database: Database, path: Path, preset: str, folder: Path) -> ImportResult:
    return import_kind(database=database, actor=SYSTEM, path=path, mapping=kind_preset(preset), rejects_folder=folder)


def one(database: Database, statement: Any) -> Any:
    with database.read() as session:
        return session.execute(statement).scalar_one()


def test_the_incident_log_gives_its_tickets_with_their_history(
    database: Database, logged: ImportResult, tmp_path: Path
) -> None:
    assert (logged.read, logged.created, logged.rejected) == (141_712, 141_712, 0)
    assert logged.by_entity["tickets"] == {"created": 24_918, "updated": 0, "unchanged": 0}
    met = one(database, select(func.count()).where(Ticket.is_sla_met))
    assert round(100 * met / 24_918, 1) == 63.4
    again = take(database, LOG, "incident-log", tmp_path)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 141_712)


@pytest.mark.parametrize("on", [date(2016, 3, 1), date(2016, 4, 15), date(2016, 6, 1)])
@pytest.mark.usefixtures("logged")
def test_the_backlog_of_a_day_is_what_the_raw_log_says(database: Database, on: date) -> None:
    """Counted from the file itself: opened by the end of the day, not in a resolved state in its last row by then."""
    end = datetime(on.year, on.month, on.day) + timedelta(days=1)

    def moment(text: str) -> datetime:
        return datetime.strptime(text, "%d/%m/%Y %H:%M")  # noqa: DTZ007

    state: dict[str, tuple[datetime, str]] = {}
    opened: dict[str, datetime] = {}
    with zipfile.ZipFile(LOG) as archive, archive.open(archive.namelist()[0]) as packed:
        for row in csv.DictReader(io.TextIOWrapper(packed, "utf-8")):
            number, at = row["number"], max(moment(row["sys_updated_at"]), moment(row["opened_at"]))
            opened[number] = moment(row["opened_at"])
            if at < end and (number not in state or at >= state[number][0]):
                state[number] = (at, row["incident_state"])
    by_hand = sum(
        opened[number] < end and state.get(number, (end, "New"))[1] not in ("Resolved", "Closed") for number in opened
    )
    assert by_hand > 0
    at_end = end.replace(tzinfo=None)
    held = _backlog_by_events(database, at_end)
    assert held == by_hand


def _backlog_by_events(database: Database, end: datetime) -> int:
    states: dict[int, str] = {}
    with database.read() as session:
        told = session.execute(
            select(TicketEvent.ticket_id, TicketEvent.state)
            .where(TicketEvent.at < end.replace(tzinfo=UTC), TicketEvent.state.is_not(None))
            .order_by(TicketEvent.at, TicketEvent.id)
        )
        for ticket_id, state in told:
            states[ticket_id] = state
    return sum(state != "resolved" for state in states.values())


def test_the_sales_pipeline_comes_with_accounts_products_and_teams(database: Database, tmp_path: Path) -> None:
    result = take(database, PIPELINE, "sales-pipeline", tmp_path)
    assert {name: counts["created"] for name, counts in result.by_entity.items()} == {
        "customers": 85, "products": 7, "deals": 8_800, "users": 35, "teams": 6,
    }  # fmt: skip
    won, lost = (one(database, select(func.count()).where(Deal.outcome == outcome)) for outcome in ("won", "lost"))
    assert (won, lost, round(100 * won / (won + lost), 2)) == (4_238, 2_473, 63.15)
    assert one(database, select(func.sum(Deal.amount)).where(Deal.outcome == "won")) == 10_005_534
    assert one(database, select(func.count()).where(Deal.product_id.is_(None))) == 0
    assert one(database, select(func.count()).where(Deal.customer_id.is_(None))) == 1_425
    assert take(database, PIPELINE, "sales-pipeline", tmp_path).unchanged == 8_800


def test_complaints_keep_their_line_breaks_and_are_taken_back_whole(database: Database, tmp_path: Path) -> None:
    before = one(database, select(func.count()).select_from(Ticket))
    result = take(database, COMPLAINTS, "complaints", tmp_path)
    assert (result.read, result.created) == (6_623, 6_623)
    with database.read() as session:
        texts = session.scalars(
            select(Ticket.text).where(Ticket.import_id == result.import_id, Ticket.text.is_not(None))
        )
        found = texts.all()
    assert len(found) == 1_532
    assert sum("\n" in text for text in found) > 500
    assert result.import_id is not None
    assert undo_import(database=database, actor=SYSTEM, import_id=result.import_id).kept == 0
    assert one(database, select(func.count()).select_from(Ticket)) == before
