"""A customer's timeline: everything in one order, page by page, of what one may see."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from crm_core.access import PERMISSIONS, SYSTEM, Permission, Role
from crm_core.db.engine import Database
from crm_core.db.models import Order
from crm_core.errors import NotFound
from crm_core.records import customers
from crm_core.records.kinds import KINDS
from crm_core.records.timeline import TABLES, timeline
from tests.accounts import account
from tests.core.test_records_of_each_kind import create, customer


@pytest.fixture
def buyer(database: Database) -> int:
    """A customer with one of everything, and another with a ticket."""
    found = customer(database)
    with database.write(SYSTEM, "form") as session:
        session.add(Order(number="A-1", customer_id=found, ordered_at=datetime(2026, 5, 1, tzinfo=UTC)))
    for table in ("tickets", "deals", "needs", "tasks"):
        create(database, KINDS[table], customer_id=found)
    create(database, KINDS["activities"], customer_id=found, at="2026-05-02T10:00+02:00")
    with database.write(SYSTEM, "form") as session:
        customers.update(
            session=session, actor=SYSTEM, customer_id=found, seen_version=1, values={"has_marketing_consent": True}
        )
    create(database, KINDS["tickets"], customer_id=customer(database), subject="Somebody else's")
    return found


def test_the_latest_stands_first_and_nothing_is_missing_or_somebody_elses(database: Database, buyer: int) -> None:
    with database.read() as session:
        found = timeline(session=session, actor=SYSTEM, customer_id=buyer)
    assert sorted(moment.table for moment in found.moments) == sorted(TABLES)
    assert [moment.at for moment in found.moments] == sorted((moment.at for moment in found.moments), reverse=True)
    assert [(moment.table, moment.title) for moment in found.moments[-2:]] == [
        ("activities", "Asked for prices"), ("orders", "A-1"),
    ]  # fmt: skip
    assert (found.moments[0].table, found.moments[0].title) == ("consent_events", "yes")


def test_it_is_narrowed_to_tables_and_read_page_by_page(database: Database, buyer: int) -> None:
    with database.read() as session:
        narrowed = timeline(session=session, actor=SYSTEM, customer_id=buyer, tables=("orders", "deals"))
        pages = [timeline(session=session, actor=SYSTEM, customer_id=buyer, page=n, per_page=3) for n in (1, 2, 3)]
        with pytest.raises(ValueError, match="not users"):
            timeline(session=session, actor=SYSTEM, customer_id=buyer, tables=("users",))
    assert [moment.table for moment in narrowed.moments] == ["deals", "orders"]
    assert [len(page.moments) for page in pages] == [3, 3, 1]
    assert len({(moment.table, moment.row_id) for page in pages for moment in page.moments}) == len(TABLES)


def test_what_a_role_may_not_see_is_left_out_and_others_customers_are_refused(
    database: Database, buyer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff = account(database, "Sam", Role.STAFF)
    monkeypatch.setitem(PERMISSIONS, Role.STAFF, PERMISSIONS[Role.STAFF] - {Permission.DEALS_VIEW})
    with database.read() as session:
        found = timeline(session=session, actor=staff, customer_id=buyer)
        assert "deals" not in {moment.table for moment in found.moments}
        only_own = replace(staff, scope=account(database, "Eve", Role.STAFF, sees_only_own=True).scope)
        with pytest.raises(NotFound):
            timeline(session=session, actor=only_own, customer_id=buyer)
