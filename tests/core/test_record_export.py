"""Records taken away as a table: what matches, in the list's order, in words, for those who may."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm_core.access import SYSTEM, Actor, Permission, Role
from crm_core.db.engine import Database
from crm_core.db.models import Order, OrderLine
from crm_core.errors import PermissionDenied
from crm_core.records import choosable, customer_export, orders
from crm_core.records.customer_list import CustomerQuery
from crm_core.records.order_kind import ORDERS
from crm_core.records.record_export import cells
from crm_core.records.record_list import RecordQuery
from crm_core.records.relations import CONTACTS
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
    create(database, TICKETS)
    asked = {"kind": TICKETS, "query": RecordQuery(), "names": NAMES, "codes": CODES}
    for role in Role:
        actor = account(database, f"Some {role}", role)
        with database.read() as session:
            if role in {Role.ADMIN, Role.MANAGER, Role.MARKETING, Role.SUPPORT}:
                assert len(cells(session=session, actor=actor, **asked)) == 1
                continue
            with pytest.raises(PermissionDenied, match="may not do this"):
                cells(session=session, actor=actor, **asked)


def test_lists_of_people_take_the_permission_to_export_people(database: Database) -> None:
    buyer = customer(database, email="eva@example.org")
    create(database, CONTACTS, customer_id=buyer)
    for role in Role:
        actor = account(database, f"Some {role}", role)
        with database.read() as session:
            may = actor.may(Permission.CUSTOMERS_EXPORT)
            assert may is (role in {Role.ADMIN, Role.MANAGER, Role.MARKETING})
            refused = nullcontext() if may else pytest.raises(PermissionDenied)
            with refused:
                query = RecordQuery()
                assert cells(session=session, actor=actor, kind=CONTACTS, query=query, names=["name"], codes={}) == [
                    ["Eva Öz"]
                ]
            refused = nullcontext() if may else pytest.raises(PermissionDenied)
            with refused:
                (row,) = customer_export.cells(session=session, actor=actor, query=CustomerQuery())
                assert dict(zip(customer_export.COLUMNS, row, strict=True))["email"] == "eva@example.org"


@pytest.mark.parametrize(
    ("asked", "names"),
    [({}, ["Ana", "Bo", "Cy"]), ({"descending": True}, ["Cy", "Bo", "Ana"]), ({"text": "bo"}, ["Bo"]),
     ({"country": "DE"}, ["Ana", "Cy"]), ({"country": "DE", "text": "cy"}, ["Cy"]), ({"ids": (2, 3)}, ["Bo", "Cy"]),
     ({"page": 9, "per_page": 1}, ["Ana", "Bo", "Cy"])],
)  # fmt: skip
def test_all_customers_that_match_are_taken_away_in_the_lists_order(
    database: Database, asked: dict[str, Any], names: list[str]
) -> None:
    for name, country in (("Ana", "DE"), ("Bo", "FR"), ("Cy", "DE")):
        customer(database, name=name, country=country)
    with database.read() as session:
        rows = list(customer_export.cells(session=session, actor=SYSTEM, query=CustomerQuery(**asked)))
    assert [row[customer_export.COLUMNS.index("name")] for row in rows] == names


def test_who_sees_only_their_own_customers_takes_only_those_away(database: Database) -> None:
    mia = account(database, "Mia", Role.MARKETING, sees_only_own=True)
    customer(database, name="Mine", owner_id=mia.user_id)
    customer(database, name="Other")
    with database.read() as session:
        rows = list(customer_export.cells(session=session, actor=mia, query=CustomerQuery()))
    assert [row[customer_export.COLUMNS.index("name")] for row in rows] == ["Mine"]


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


def test_what_no_attribute_holds_is_worked_out_for_the_rows_written(database: Database) -> None:
    with database.untracked() as session:
        for number, amounts in (("A", (10, 5)), ("B", (-3,)), ("C", ())):
            order = Order(number=number, ordered_at=datetime(2026, 1, ord(number) - 64, tzinfo=UTC))
            session.add(order)
            session.flush()
            session.add_all(
                OrderLine(order_id=order.id, line_no=place, quantity=1, unit_price=amount, amount=amount, discount=1)
                for place, amount in enumerate(map(Decimal, amounts), 1)
            )

    def billed(session: Session, actor: Actor, ids: Sequence[int]) -> dict[int, Decimal]:
        return orders.billed(session=session, actor=actor, order_ids=ids)

    with database.read() as session:
        rows = cells(
            session=session, actor=SYSTEM, kind=ORDERS, query=RecordQuery(), names=("number", "amount"), codes={},
            computed={"amount": billed},
        )  # fmt: skip
    assert rows == [["C", 0], ["B", -4], ["A", 13]]
