"""Customers on SQLite, PostgreSQL and MariaDB: the same answers from each."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from crm_core.access import SYSTEM
from crm_core.db.engine import Database
from crm_core.db.models import Customer, Order, OrderLine, Product
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.imports.undo import undo_import
from crm_core.records import customer_list, customers, drafts, duplicates, history, orders, undo
from crm_core.records.customer_list import CustomerQuery
from tests.accounts import account

PEOPLE: list[dict[str, Any]] = [
    {"name": "Ána Süß", "email": "ana@example.com", "phone": "+4930901820", "country": "DE", "source": "web"},
    {"name": "ana süß", "email": "ANA@example.com", "country": "DE", "source": "fair"},
    {"name": "王小明", "phone": "+861065529988", "country": "CN", "has_marketing_consent": True},
    {"name": "O'Brien & Sons 😀", "kind": "organisation", "country": "IE", "ref": "x-7"},
    {"name": "Zoe", "country": "DE", "has_marketing_consent": False},
]


def test_search_filters_and_order_give_the_same_on_every_database(any_database: Database) -> None:
    for person in PEOPLE:
        with any_database.write(SYSTEM, "form") as session:
            customers.create(session=session, actor=SYSTEM, values=person)

    def ids(**query: Any) -> list[int]:
        with any_database.read() as session:
            return [
                row.id for row in customer_list.page(session=session, actor=SYSTEM, query=CustomerQuery(**query)).rows
            ]

    expected: list[tuple[dict[str, Any], list[int]]] = [
        ({}, [1, 2, 4, 5, 3]),
        ({"descending": True}, [3, 5, 4, 2, 1]),
        ({"sort": "ref"}, [1, 2, 3, 5, 4]),
        ({"sort": "created_at", "descending": True}, [5, 4, 3, 2, 1]),
        ({"text": "suss"}, [1, 2]),
        ({"text": "Süß an"}, [1, 2]),
        ({"text": "ana@"}, [1, 2]),
        ({"text": "王小"}, [3]),
        ({"text": "明"}, [3]),
        ({"text": "030 901"}, [1]),
        ({"text": "9988"}, [3]),
        ({"text": "brien"}, [4]),
        ({"text": "X-7"}, [4]),
        ({"text": "000003"}, [3]),
        ({"text": "o", "country": "IE"}, [4]),
        ({"text": "a", "country": "DE", "source": "fair"}, [2]),
        ({"text": "%"}, []),
        ({"text": "_"}, []),
        ({"country": "DE"}, [1, 2, 5]),
        ({"country": "DE", "sort": "created_at"}, [1, 2, 5]),
        ({"kind": "organisation"}, [4]),
        ({"has_consent": True}, [3]),
        ({"has_consent": False}, [5]),
        ({"ids": (5, 3)}, [5, 3]),
        ({"ids": (5, 3), "text": "zo"}, [5]),
    ]
    for query, found in expected:
        assert ids(**query) == found, query
    with any_database.read() as session:
        known = customer_list.filter_values(session=session, actor=SYSTEM)
        assert (known.countries, known.sources) == (("CN", "DE", "IE"), ("fair", "web"))
        alike = duplicates.likely(
            session=session, actor=SYSTEM, values={"name": "Ana Suess", "email": "ana@EXAMPLE.com"}
        )
        assert [item.customer_id for item in alike] == [1, 2]


def test_an_edit_a_conflict_and_an_undo_give_the_same_on_every_database(any_database: Database) -> None:
    def update(seen_version: int, **values: Any) -> customers.UpdateResult:
        with any_database.write(SYSTEM, "form") as session:
            return customers.update(
                session=session, actor=SYSTEM, customer_id=1, seen_version=seen_version, values=values
            )

    with any_database.write(SYSTEM, "form") as session:
        customers.create(
            session=session, actor=SYSTEM, values={"name": "Ana", "birthday_on": date(1990, 1, 1), "ref": "A"}
        )
    update(1, name="Änne", tags=["vip"], custom={"shoe": 38})
    assert update(1, birthday_on=date(1991, 1, 1)).merged == ("name", "tags", "custom")
    with pytest.raises(Conflict, match="name"):
        update(1, name="Anne")
    with (
        pytest.raises(Invalid, match="Another customer has the reference 'A'"),
        any_database.write(SYSTEM, "form") as session,
    ):
        customers.create(session=session, actor=SYSTEM, values={"name": "B", "ref": "A"})
    with any_database.read() as session:
        entries = history.for_record(session=session, actor=SYSTEM, table="customers", row_id=1).entries
    assert [entry.op for entry in entries] == ["update", "update", "insert"]
    for entry in entries:
        assert entry.change_id is not None
        with any_database.write(SYSTEM, "undo") as session:
            undo.undo_change(session=session, actor=SYSTEM, change_id=entry.change_id)
    with any_database.read() as session:
        assert session.get(Customer, 1) is None
        entries = history.for_record(session=session, actor=SYSTEM, table="customers", row_id=1).entries
    with any_database.write(SYSTEM, "undo") as session:
        assert entries[0].change_id is not None
        undo.undo_change(session=session, actor=SYSTEM, change_id=entries[0].change_id)
    with any_database.read() as session:
        restored = customers.get(session=session, actor=SYSTEM, customer_id=1)
        assert (restored.name, restored.birthday_on, restored.tags, restored.version) == (
            "Ana",
            date(1990, 1, 1),
            [],
            6,
        )
        found = customer_list.page(session=session, actor=SYSTEM, query=CustomerQuery(text="an"))
        assert [row.id for row in found.rows] == [1]


def test_orders_and_lifetime_give_the_same_on_every_database(any_database: Database) -> None:
    first, second = datetime(2026, 1, 1, 23, 30, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    with any_database.write(SYSTEM, "import") as session:
        session.add_all([Customer(id=1, ref="C-1", name="Ana"), Product(id=1, code="A", name="Anvil")])
        session.flush()
        session.add_all(
            [
                Order(id=1, number="1", ordered_at=first, customer_id=1, country="DE", channel="web"),
                Order(id=2, number="2", ordered_at=second, customer_id=1, country="FR"),
                Order(id=3, number="C3", ordered_at=second, customer_id=1),
                Order(id=4, number="4", ordered_at=second, country="IT", channel="shop"),
            ]
        )
        session.flush()
        for order_id, line_no, kind, quantity, price, discount in (
            (1, 1, "sale", 3, "0.3333", "0.1"),
            (1, 2, "adjustment", 1, "4.5", "0"),
            (2, 1, "sale", 1, "10", "0"),
            (2, 2, "sale", 5, "0", "0"),
            (2, 3, "sale", 2, "1", "0"),
            (3, 1, "refund", -1, "10", "0"),
            (4, 1, "sale", 1, "99", "0"),
        ):
            amount = quantity * Decimal(price)
            session.add(
                OrderLine(
                    order_id=order_id, line_no=line_no, product_id=1, kind=kind, quantity=quantity,
                    unit_price=Decimal(price), amount=amount, discount=Decimal(discount), description=None,
                )
            )  # fmt: skip
    with any_database.read() as session:
        life = orders.lifetime(session=session, actor=SYSTEM, customer_id=1)
        assert (life.orders, life.gross_sales, life.refunds, life.discounts) == (
            2, Decimal("12.9999"), Decimal("10"), Decimal("0.1"),
        )  # fmt: skip
        assert (life.net_sales, life.aov) == (Decimal("2.8999"), Decimal("6.50"))
        assert (life.first_ordered_at, life.last_ordered_at) == (first, second)
        page = orders.for_customer(session=session, actor=SYSTEM, customer_id=1, per_page=2)
        assert [(row.number, row.count_lines, row.amount) for row in page.rows] == [
            ("C3", 1, Decimal("-10")),
            ("2", 3, Decimal("12")),
        ]
        assert (page.total, page.pages) == (3, 2)
        last = orders.for_customer(session=session, actor=SYSTEM, customer_id=1, per_page=2, page=7)
        assert [(row.number, row.amount, row.channel) for row in last.rows] == [("1", Decimal("5.3999"), "web")]
        details = orders.get(session=session, actor=SYSTEM, order_id=1)
        assert (details.amount, [line.name for line in details.lines]) == (Decimal("5.3999"), ["Anvil", "Anvil"])


def test_a_draft_is_kept_on_every_database(any_database: Database) -> None:
    ada = account(any_database, "Ada")
    for name in ("An", "Ana"):
        with any_database.untracked() as session:
            drafts.save(session=session, actor=ada, form="customer:new", values={"name": name}, seen_version=None)
    with any_database.read() as session:
        kept = drafts.load(session=session, actor=ada, form="customer:new")
    assert kept is not None
    assert kept.values == {"name": "Ana"}


@pytest.mark.parametrize("key", [2**63, -(2**63) - 1, 10**30])
def test_a_number_beyond_every_key_finds_nothing(any_database: Database, key: int) -> None:
    with any_database.read() as session, pytest.raises(NotFound):
        customers.get(session=session, actor=SYSTEM, customer_id=key)
    with pytest.raises(NotFound, match=f"There is no import {key}"):
        undo_import(database=any_database, actor=SYSTEM, import_id=key)
