"""The board of deals and the ranking of needs: exact sums, and nobody else's."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from crm_core.access import SYSTEM, Role
from crm_core.db.engine import Database
from crm_core.records import deal_board, need_ranking, record_list
from crm_core.records.deals import DEALS
from crm_core.records.record_list import RecordQuery
from crm_core.records.relations import NEEDS, OPEN_NEEDS, TASKS
from tests.accounts import account
from tests.core.test_records_of_each_kind import create, customer, found


def test_the_board_counts_every_open_deal_and_weighs_it_by_its_own_chance_or_its_stages(database: Database) -> None:
    create(database, DEALS, amount="100.10", stage="proposal")
    create(database, DEALS, amount="200", stage="proposal", probability_bp=0)
    create(database, DEALS, amount=None, stage="engaging", expected_close_on=date(2026, 5, 1))
    create(database, DEALS, amount="900", stage="lost")
    with database.read() as session:
        columns = deal_board.board(session=session, actor=SYSTEM)
    said = [(column.stage.code, column.count, column.amount, column.weighted) for column in columns]
    assert said == [
        ("prospecting", 0, Decimal(0), Decimal(0)),
        ("engaging", 1, Decimal(0), Decimal(0)),
        ("proposal", 2, Decimal("300.10"), Decimal("50.05")),
        ("negotiation", 0, Decimal(0), Decimal(0)),
    ]


def test_a_column_lists_what_closes_next_and_counts_the_rest(database: Database) -> None:
    for day in range(deal_board.SHOWN, 0, -1):
        create(database, DEALS, name=f"May {day}", expected_close_on=date(2026, 5, day))
    create(database, DEALS, name="Some day", expected_close_on=None)
    with database.read() as session:
        first = deal_board.board(session=session, actor=SYSTEM)[0]
    assert [deal.name for deal, _customer in first.deals] == [f"May {day}" for day in range(1, deal_board.SHOWN + 1)]
    assert first.count == deal_board.SHOWN + 1


def test_who_sees_only_their_own_finds_only_their_own_on_board_and_in_ranking(database: Database) -> None:
    eve = account(database, "Eve", Role.STAFF, sees_only_own=True)
    mine, others = customer(database, owner_id=eve.user_id), customer(database)
    for buyer in (mine, others):
        create(database, DEALS, customer_id=buyer, amount="5")
        create(database, NEEDS, customer_id=buyer, value="7")
    with database.read() as session:
        assert deal_board.board(session=session, actor=eve)[0].amount == Decimal(5)
        (need,) = need_ranking.ranked(session=session, actor=eve, statuses=OPEN_NEEDS)
    assert (need.customers, need.count, need.value, need.sales) == (1, 1, Decimal(7), Decimal(0))


def test_one_customer_who_asks_twice_counts_once(database: Database) -> None:
    buyer = customer(database)
    for title in ("Quiet  fans", "quiet fans", "Quiet fans"):
        create(database, NEEDS, title=title, customer_id=buyer)
    create(database, NEEDS, title="Loud fans", status="declined")
    with database.read() as session:
        (need,) = need_ranking.ranked(session=session, actor=SYSTEM, statuses=OPEN_NEEDS)
    assert (need.customers, need.count) == (1, 3)


def test_a_list_is_bounded_by_what_orders_it_and_by_nothing_else(database: Database) -> None:
    for day in (1, 2, 3):
        create(database, TASKS, due_on=date(2026, 5, day))
    assert found(database, TASKS, spans={"due_on": (date(2026, 5, 2), None)}) == [2, 3]
    assert found(database, TASKS, spans={"due_on": (None, date(2026, 5, 2))}) == [1]
    with database.read() as session, pytest.raises(ValueError, match="has spans of"):
        record_list.page(session=session, actor=SYSTEM, kind=TASKS, query=RecordQuery(spans={"text": ("a", "b")}))
