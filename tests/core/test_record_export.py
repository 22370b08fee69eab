"""Records taken away as a table: what matches, in the list's order, in words, for those who may."""

from __future__ import annotations

import pytest

from crm_core.access import SYSTEM, Role
from crm_core.db.engine import Database
from crm_core.errors import PermissionDenied
from crm_core.records import choosable
from crm_core.records.record_export import cells
from crm_core.records.record_list import RecordQuery
from crm_core.records.tickets import TICKETS
from tests.accounts import account
from tests.core.test_records_of_each_kind import create, customer

NAMES = ("number", "subject", "customer_id", "priority")
CODES = {"priority": {"urgent": "Right now"}}


def test_the_export_holds_what_matches_in_order_and_in_words(database: Database) -> None:
    buyer = customer(database)
    create(database, TICKETS, subject="Slow", priority="low")
    create(database, TICKETS, subject="Quick", priority="urgent", customer_id=buyer)
    create(database, TICKETS, subject="Other", category="else")
    query = RecordQuery(filters={"category": None}, sort="due")
    with database.read() as session:
        rows = cells(session=session, actor=SYSTEM, kind=TICKETS, query=query, names=NAMES, codes=CODES)
    assert rows == [["T-000002", "Quick", "Müller GmbH", "Right now"], ["T-000001", "Slow", None, "low"]]


def test_only_those_who_may_export_get_the_table(database: Database) -> None:
    support = account(database, "Sam", Role.SUPPORT)
    with database.read() as session, pytest.raises(PermissionDenied, match="may not do this"):
        cells(session=session, actor=support, kind=TICKETS, query=RecordQuery(), names=NAMES, codes=CODES)


def test_what_a_reference_may_point_to_is_found_by_typing_or_listed(database: Database) -> None:
    buyer = customer(database)
    number = create(database, TICKETS)
    with database.read() as session:
        typed = {
            table: choosable.found(session=session, actor=SYSTEM, table=table, text=text)
            for table, text in (("customers", "müll"), ("tickets", "printer"), ("products", "none"))
        }
        stages = choosable.choices(session=session, actor=SYSTEM, table="deal_stages")
        with pytest.raises(ValueError, match="found by typing"):
            choosable.choices(session=session, actor=SYSTEM, table="customers")
    assert list(typed["customers"]) == [buyer]
    assert typed["tickets"] == {number: "Printer 打印机坏了 · T-000001"}
    assert typed["products"] == {}
    assert list(stages) == ["prospecting", "engaging", "proposal", "negotiation", "won", "lost"]
