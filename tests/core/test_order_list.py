"""Lists of orders: by number, by customer and narrowed, the same whichever way they are found."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product as product_of

import pytest
from sqlalchemy import select

from crm_core.access import SYSTEM, Role
from crm_core.db.engine import Database
from crm_core.db.models import Order
from crm_core.records import record_find, record_list
from crm_core.records.order_kind import ORDERS
from crm_core.records.record_list import RecordQuery
from tests.accounts import account
from tests.core.order_records import create, new, product
from tests.core.test_records_of_each_kind import customer, found


@pytest.mark.parametrize("few", [2_000, 3])
def test_a_list_of_orders_is_what_looking_through_all_of_them_finds(
    database: Database, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """Where names are rare their orders are read whole, where they are frequent a list goes along its order."""
    monkeypatch.setattr(record_find, "FEW", few)
    monkeypatch.setattr(record_find, "_STRETCH", 4)
    ada = account(database, "Ada", role=Role.STAFF, sees_only_own=True)
    first, last = ("Eva", "Udo", "Ann"), ("Berg", "Bergmann", "Stein")
    people = [
        customer(database, name=f"{first[n % 3]} {last[n // 3]}", owner_id=ada.user_id if n % 2 else None)
        for n in range(9)
    ]
    with database.write(SYSTEM, "form") as session:
        for n in range(40):
            values = {"number": f"O-{n:06d}", "channel": ("web", "shop")[n % 2], "customer_id": [*people, None][n % 10]}
            session.add(Order(ordered_at=datetime(2026, 1, 1 + n * 7 % 28, tzinfo=UTC), **values))
    for text, channel, actor in product_of(
        ("eva", "eva berg", "berg", "stein ann", "O-0000", "O-000012", "eva O-0", "zoe"), (None, "web"), (SYSTEM, ada)
    ):
        filters = {} if channel is None else {"channel": channel}
        query = RecordQuery(text=text, filters=filters, per_page=200)
        with database.read() as session:
            asked = {"session": session, "actor": actor, "kind": ORDERS, "query": query}
            page, whole = record_list.page(**asked), record_list.ids(**asked)
            orders = {row.id: row for row in session.scalars(select(Order).where(Order.id.in_(whole)))}
        in_order = sorted(whole, key=lambda row_id: (orders[row_id].ordered_at, row_id), reverse=True)
        assert [row.id for row in page.rows] == in_order, (text, channel, actor.name)
        assert (page.total, page.is_total_exact) == (len(whole), True)
    assert in_order == []


def test_orders_are_found_by_number_and_by_customer_and_narrowed(database: Database) -> None:
    ann = customer(database, name="Ann Weiß", country="DE")
    product_id = product(database)
    for number, values in enumerate(
        ({"number": "S0001", "customer_id": ann, "channel": "web"}, {"number": "S0002", "channel": "shop"},
         {"customer_id": ann, "channel": "shop"}), 1,
    ):  # fmt: skip
        create(database, ordered_at=f"2026-01-0{number}T00:00Z", **values, **new(1, product_id=product_id, quantity=1))
    for text, wanted in (("S000", [2, 1]), ("s0002", [2]), ("weiss", [3, 1]), ("O-00", [3]), ("nobody", []), ("%", [])):
        assert found(database, ORDERS, text=text) == wanted
    assert found(database, ORDERS, filters={"channel": "shop"}) == [3, 2]
    assert found(database, ORDERS, filters={"country": "DE"}) == [3, 1]
    since = datetime(2026, 1, 2, tzinfo=UTC)
    assert found(database, ORDERS, spans={"ordered_at": (since, None)}, sort="ordered") == [2, 3]
