"""Two processes that write at once, and one that is killed while it writes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from sqlalchemy import func, select

from crm_core.access import SYSTEM
from crm_core.db.engine import Database
from crm_core.db.models import Change, ChangeRange, ChangeSet, Customer, CustomerTerm, TableVersion
from crm_core.records import customers
from crm_core.records.terms import terms_of

CUSTOMERS = 100
FIELDS = ("city", "region", "address", "notes")

EDITOR = """
import random, sys, time
from crm_core.access import Actor, Role
from crm_core.db.engine import Database
from crm_core.errors import Conflict
from crm_core.records import customers

url, name, edits, fields = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4].split(",")
database = Database(url)
actor = Actor(None, name, Role.ADMIN)
choose = random.Random(name)
conflicts = 0
sys.stdin.readline()
for number in range(edits):
    row_id, field = choose.randint(1, 100), choose.choice(fields)
    while True:
        with database.read() as session:
            customer = customers.get(session=session, actor=actor, customer_id=row_id)
            version, value = customer.version, getattr(customer, field)
        time.sleep(float(sys.argv[5]))
        try:
            with database.write(actor, "form") as session:
                customers.update(
                    session=session, actor=actor, customer_id=row_id, seen_version=version,
                    values={field: f"{name} {number} after {value.split(' after')[0]}"},
                )
            break
        except Conflict:
            conflicts += 1
print(conflicts)
"""

CREATOR = """
import sys
from crm_core.access import SYSTEM
from crm_core.db.engine import Database
from crm_core.records import customers

database = Database(sys.argv[1])
sys.stdin.readline()
for number in range(int(sys.argv[2])):
    with database.write(SYSTEM, "form") as session:
        print(customers.create(session=session, actor=SYSTEM, values={"name": "Ana"}).ref)
"""

HALF_WAY = """
import sys, time
from crm_core.access import SYSTEM
from crm_core.db.engine import Database
from crm_core.records import customers

database = Database(sys.argv[1])
with database.write(SYSTEM, "form") as session:
    for number in range(50):
        customers.create(session=session, actor=SYSTEM, values={"name": f"Ana {number}"})
    customers.update(session=session, actor=SYSTEM, customer_id=1, seen_version=2, values={"name": "Changed"})
    session.flush()
    print("written", flush=True)
    time.sleep(60)
"""


def start(script: str, database: Database, *arguments: str) -> subprocess.Popen[str]:
    url = database.url.render_as_string(hide_password=False)
    return subprocess.Popen(
        [sys.executable, "-c", script, url, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def together(*processes: subprocess.Popen[str]) -> list[str]:
    """Let the processes begin at the same time; what each printed."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=240)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return answers


def create(database: Database, count: int) -> None:
    with database.write(SYSTEM, "form") as session:
        for _ in range(count):
            customer = customers.create(session=session, actor=SYSTEM, values={"name": "Ana"})
            for field in FIELDS:
                setattr(customer, field, "nothing")


def assert_nothing_is_lost(database: Database, edits: int) -> None:
    """Every edit names the one it was made after, so following them shows that none was overwritten unseen."""
    with database.read() as session:
        changes = session.execute(
            select(Change.row_id, Change.row_version, Change.before, Change.after)
            .where(Change.table_name == "customers", Change.op == "update", Change.change_set_id > 1)
            .order_by(Change.row_id, Change.row_version)
        ).all()
        rows = {row.id: row for row in session.scalars(select(Customer))}
        last: dict[tuple[int, str], str] = {}
        versions = dict.fromkeys(rows, 2)
        for change in changes:
            assert change.before is not None
            assert change.after is not None
            ((field, after),) = change.after.items()
            before = last.get((change.row_id, field), "nothing")
            assert change.before == {field: before}
            assert after.endswith(f" after {before.split(' after')[0]}")
            assert change.row_version == versions[change.row_id] + 1
            last[change.row_id, field], versions[change.row_id] = after, change.row_version
        assert len(changes) == edits
        assert {row.id: row.version for row in rows.values()} == versions
        assert all(getattr(rows[row_id], field) == value for (row_id, field), value in last.items())
        by_actor = Counter(session.scalars(select(ChangeSet.actor_name).where(ChangeSet.actor_name != "system")))
        assert by_actor == {"Ada": edits // 2, "Bob": edits // 2}
        assert session.scalars(select(TableVersion.table_version)).all() == [edits + 1]
        ranges = session.scalars(select(ChangeRange.table_version).order_by(ChangeRange.table_version)).all()
        assert list(ranges) == list(range(1, edits + 2))


def edit_together(database: Database, edits: int) -> None:
    create(database, CUSTOMERS)
    together(*(start(EDITOR, database, name, str(edits), ",".join(FIELDS), "0") for name in ("Ada", "Bob")))
    assert_nothing_is_lost(database, 2 * edits)


def test_two_processes_editing_the_same_customers_lose_no_update_and_leave_a_whole_history(
    any_database: Database,
) -> None:
    edit_together(any_database, 150)


@pytest.mark.slow
def test_two_processes_with_a_thousand_edits_each_lose_no_update_and_no_history(database: Database) -> None:
    edit_together(database, 1_000)


def test_two_processes_editing_one_field_of_one_customer_meet_conflicts_and_still_lose_nothing(
    any_database: Database,
) -> None:
    create(any_database, 1)
    one = EDITOR.replace("choose.randint(1, 100)", "1")
    answers = together(*(start(one, any_database, name, "60", "city", "0.005") for name in ("Ada", "Bob")))
    assert_nothing_is_lost(any_database, 120)
    assert sum(int(answer) for answer in answers) > 0  # they did meet


def test_two_processes_creating_customers_never_get_the_same_reference(any_database: Database) -> None:
    answers = together(*(start(CREATOR, any_database, "40") for _ in range(2)))
    references = [reference for answer in answers for reference in answer.split()]
    assert len(references) == len(set(references)) == 80


def test_a_writer_killed_half_way_leaves_nothing_behind_and_keeps_nobody_waiting(any_database: Database) -> None:
    create(any_database, 1)
    with any_database.read() as session:
        before = session.scalar(select(func.max(Change.id)))
    with start(HALF_WAY, any_database) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        os.kill(process.pid, signal.SIGKILL)
    began = time.monotonic()
    with any_database.write(SYSTEM, "form") as session:
        customers.update(session=session, actor=SYSTEM, customer_id=1, seen_version=2, values={"city": "Bonn"})
    assert time.monotonic() - began < 10
    with any_database.read() as session:
        kept = session.scalars(select(Customer)).one()
        assert (kept.name, kept.city, kept.version) == ("Ana", "Bonn", 3)
        assert session.scalar(select(func.count()).select_from(Change).where(Change.id > (before or 0))) == 1
        assert session.scalar(select(func.count()).select_from(ChangeSet)) == 2
        assert session.scalar(select(TableVersion.table_version)) == 2
        terms = set(session.scalars(select(CustomerTerm.term)))
        assert terms == terms_of(ref=kept.ref, name="Ana", email=None, phone=None)
