"""Records of every kind under two processes at once, and under one that is killed at any statement of a write."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy import func, select

from crm_core.access import SYSTEM
from crm_core.db.engine import Database
from crm_core.db.models import Change, ChangeSet
from crm_core.records import record_service
from crm_core.records.kinds import KINDS
from crm_core.records.record_kind import RecordKind
from crm_core.records.settings_kinds import SETTINGS
from tests.core.changes import contents
from tests.core.test_records_of_each_kind import FIRST, create, customer, found
from tests.db.test_concurrency import start, together

ROWS, EDITS = 10, 40
FIELDS = {
    "tickets": ("subject", "category"), "deals": ("name", "source"), "needs": ("title", "text"),
    "activities": ("subject", "text"), "tasks": ("title", "text"), "contacts": ("name", "position"),
    "products": ("name", "category"), "orders": ("channel", "region"),
}  # fmt: skip
"""Two fields of each kind that hold any text."""

EDITOR = """
import random, sys
from crm_core.access import Actor, Role
from crm_core.db.engine import Database
from crm_core.errors import Conflict
from crm_core.records import record_service
from crm_core.records.kinds import KINDS

url, name, table, fields = *sys.argv[1:4], sys.argv[4].split(",")
rows, edits = int(sys.argv[5]), int(sys.argv[6])
database, kind = Database(url), KINDS[table]
actor = Actor(None, name, Role.ADMIN)
choose = random.Random(name)
sys.stdin.readline()
for number in range(edits):
    row_id, field = choose.randint(1, rows), choose.choice(fields)
    while True:
        with database.read() as session:
            row = record_service.get(session=session, actor=actor, kind=kind, row_id=row_id)
            version, value = row.version, getattr(row, field)
        before = (value or "nothing").split(" after")[0]
        try:
            with database.write(actor, "form") as session:
                record_service.update(
                    session=session, actor=actor, kind=kind, row_id=row_id, seen_version=version,
                    values={field: f"{name} {number} after {before}"},
                )
            break
        except Conflict:
            pass
print(edits)
"""

COUNTER = """
import sys
from crm_core.access import Actor, Role
from crm_core.db.engine import Database
from crm_core.errors import Conflict
from crm_core.records import record_service
from crm_core.records.settings_kinds import SETTINGS

url, name, table, field, times = *sys.argv[1:5], int(sys.argv[5])
database, kind = Database(url), SETTINGS[table]
actor, step = Actor(None, name, Role.ADMIN), {"Ada": 1, "Bob": times + 1}[name]
sys.stdin.readline()
for _ in range(times):
    while True:
        with database.read() as session:
            row = record_service.get(session=session, actor=actor, kind=kind, row_id=1)
            version, value = row.version, getattr(row, field)
        try:
            with database.write(actor, "form") as session:
                record_service.update(
                    session=session, actor=actor, kind=kind, row_id=1, seen_version=version,
                    values={field: type(value)(int(value) + step)},
                )
            break
        except Conflict:
            pass
print(times)
"""

KILLED = """
import os, signal, sys
from sqlalchemy import event
from crm_core.access import SYSTEM
from crm_core.db.engine import Database
from crm_core.records import bulk_edit, record_service, tickets
from crm_core.records.record_list import RecordQuery
from crm_core.records.tickets import TICKETS

database, what, after = Database(sys.argv[1]), sys.argv[2], int(sys.argv[3])
count = 0

@event.listens_for(database.writer, "before_cursor_execute")
def die(*_):
    global count
    count += 1
    if count == after:
        os.kill(os.getpid(), signal.SIGKILL)

with database.write(SYSTEM, "bulk_edit" if what.startswith("bulk") else "form") as session:
    if what == "create":
        record_service.create(session=session, actor=SYSTEM, kind=TICKETS, values={"subject": "New"})
    elif what == "save":
        record_service.update(
            session=session, actor=SYSTEM, kind=TICKETS, row_id=1, seen_version=1,
            values={"status": "resolved", "priority": "high"},
        )
    elif what == "reply":
        tickets.reply(session=session, actor=SYSTEM, ticket_id=1, text="Hello")
    else:
        values = {"category": "x"} if what == "bulk" else {"status": "resolved"}
        bulk_edit.bulk_edit(session=session, actor=SYSTEM, kind=TICKETS, query=RecordQuery(), values=values)
print(count)
"""


def own(kind: RecordKind, number: int) -> dict[str, Any]:
    """Values of the fields that no two records share."""
    return {name: f"{name}-{number}" for name in kind.unique}


@pytest.mark.parametrize("table", FIELDS)
def test_no_edit_of_two_processes_is_lost(any_database: Database, table: str) -> None:
    kind = KINDS[table]
    customer_id = customer(any_database)
    for number in range(ROWS):
        create(any_database, kind, customer_id=customer_id, **own(kind, number))
    arguments = (table, ",".join(FIELDS[table]), str(ROWS), str(EDITS))
    together(start(EDITOR, any_database, "Ada", *arguments), start(EDITOR, any_database, "Bob", *arguments))
    with any_database.read() as session:
        changes = session.execute(
            select(Change.row_id, Change.row_version, Change.before, Change.after)
            .where(Change.table_name == table, Change.op == "update")
            .order_by(Change.row_id, Change.row_version)
        ).all()
        rows = {row.id: row for row in session.scalars(select(kind.model))}
    last: dict[tuple[int, str], str] = {}
    versions = dict.fromkeys(rows, 1)
    for row_id, version, before, after in changes:
        ((field, value),) = (after or {}).items()
        assert version == versions[row_id] + 1
        was = last.get((row_id, field), FIRST[table].get(field))
        assert before == {field: was}
        assert value.endswith(f" after {(was or 'nothing').split(' after')[0]}")
        last[row_id, field], versions[row_id] = value, version
    assert len(changes) == 2 * EDITS
    assert {row_id: row.version for row_id, row in rows.items()} == versions
    assert all(getattr(rows[row_id], field) == value for (row_id, field), value in last.items())


COUNTED = {
    "sla_targets": "response_minutes", "business_calendars": "name", "teams": "name", "ticket_statuses": "position",
    "deal_stages": "position",
}  # fmt: skip
"""A field of each kind of setting that can hold a number."""


@pytest.mark.parametrize("table", COUNTED)
def test_two_processes_that_count_up_one_setting_lose_no_count(any_database: Database, table: str) -> None:
    """Ada counts ones and Bob more than all of hers, for two edits that come to the same value are one."""
    kind, field = SETTINGS[table], COUNTED[table]
    with any_database.write(SYSTEM, "form") as session:
        row = session.get(kind.model, 1)
        if row is None:
            row = record_service.create(session=session, actor=SYSTEM, kind=kind, values={field: "0"})
        elif field == "name":
            row.name = "0"  # type: ignore[attr-defined]
        session.flush()
        before, version = int(getattr(row, field)), row.version
    times = EDITS // 2
    arguments = (table, field, str(times))
    together(start(COUNTER, any_database, "Ada", *arguments), start(COUNTER, any_database, "Bob", *arguments))
    with any_database.read() as session:
        row = session.get_one(kind.model, 1)
        assert int(getattr(row, field)) == before + times + times * (times + 1)
        assert row.version == version + 2 * times


@pytest.mark.parametrize("what", ["create", "save", "reply", "bulk", "bulk status"])
def test_a_write_killed_at_any_statement_leaves_nothing_half_done(database: Database, what: str) -> None:
    for _ in range(3):
        create(database, KINDS["tickets"])
    before = contents(database)
    with database.read() as session:
        n_sets = session.scalar(select(func.count()).select_from(ChangeSet))
    url = database.url.render_as_string(hide_password=False)
    killed = 0
    for after in (1, 2, 3, 5, 8, 13, 10_000):
        done = subprocess.run(
            [sys.executable, "-c", KILLED, url, what, str(after)], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert contents(database) == before
        with database.read() as session:
            assert session.scalar(select(func.count()).select_from(ChangeSet)) == n_sets
        killed += 1
    assert killed >= 3
    assert contents(database) != before
    assert found(database, KINDS["tickets"], text="printer")
