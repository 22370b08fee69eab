"""Lists give the same answer whichever way they find it, on every database; so do timeline and board."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from sqlalchemy import select

from crm_core.access import SYSTEM, Role
from crm_core.db.engine import Database
from crm_core.db.models import Customer, Deal, User
from crm_core.records import deal_board, record_find, record_list, record_search, timeline
from crm_core.records.kinds import KINDS
from crm_core.records.record_list import RecordQuery, conditions, ordering
from tests.accounts import account
from tests.core.test_records_of_each_kind import create, customer

N = 60
WORDS = ("invoice printer", "invoice scanner", "order printer late", "invoice")


@dataclass(frozen=True)
class Ways:
    """How many count as few, and how many are gone along at a time: which way a list is found."""

    few: int
    stretch: int


WAYS = (Ways(2_000, 250), Ways(0, 7), Ways(20, 3))


@pytest.fixture
def deals(any_database: Database) -> Database:
    """Deals of every outcome, some without amount or day, that share words, customers and owners."""
    with any_database.write(SYSTEM, "form") as session:
        owners = [User(email=f"u{n}@example.org", name=f"U{n}", role=Role.STAFF.value) for n in range(3)]
        buyers = [Customer(ref=f"C-{n}", name=f"Buyer {n}") for n in range(4)]
        session.add_all([*owners, *buyers])
        session.flush()
        for number in range(N):
            stage, outcome = (("prospecting", "open"), ("won", "won"), ("engaging", "open"))[number % 3]
            session.add(
                Deal(
                    number=f"D-{number:06d}", name=WORDS[number % len(WORDS)], stage=stage, outcome=outcome,
                    amount=None if number % 5 == 0 else Decimal(number % 7), customer_id=buyers[number % 4].id,
                    owner_id=None if number % 4 == 0 else owners[number % 3].id, source=("web", "fair")[number % 2],
                )
            )  # fmt: skip
    return any_database


def questions() -> list[RecordQuery]:
    texts = ("", "invoice", "printer late", "D-000007", "inv prin", "nothing")
    filters: tuple[dict[str, Any], ...] = (
        {}, {"outcome": "open"}, {"outcome": "open", "source": "web"}, {"owner_id": None},
        {"stage": ["won", "engaging"]}, {"customer_id": 1, "outcome": "won"},
    )  # fmt: skip
    asked = [
        RecordQuery(text=text, filters=given, sort=sort, per_page=7)
        for text, given, sort in product(texts, filters, KINDS["deals"].sorts)
    ]
    return [*asked, RecordQuery(ids=(3, 5, 8), per_page=2), RecordQuery(spans={"amount": (Decimal(2), Decimal(5))})]


@pytest.mark.parametrize("ways", WAYS, ids=str)
def test_every_page_of_every_list_is_that_of_one_plain_statement(
    deals: Database, monkeypatch: pytest.MonkeyPatch, ways: Ways
) -> None:
    monkeypatch.setattr(record_find, "FEW", ways.few)
    monkeypatch.setattr(record_find, "_STRETCH", ways.stretch)
    kind = KINDS["deals"]
    with deals.read() as session:
        for query in questions():
            plain = select(Deal.id).where(*conditions(kind, query, SYSTEM.scope)).order_by(*ordering(kind, query.sort))
            wanted = list(session.scalars(plain))
            got: list[int] = []
            for number in range(1, max(1, -(-len(wanted) // query.per_page)) + 1):
                asked = RecordQuery(**{**query.__dict__, "page": number})
                page = record_list.page(session=session, actor=SYSTEM, kind=kind, query=asked)
                assert (page.total, page.is_total_exact, page.page) == (len(wanted), True, number), asked
                got += [row.id for row in page.rows]
            assert got == wanted, query


@pytest.mark.parametrize("ways", WAYS, ids=str)
def test_a_scope_is_kept_whichever_way_a_list_is_found(
    deals: Database, monkeypatch: pytest.MonkeyPatch, ways: Ways
) -> None:
    monkeypatch.setattr(record_find, "FEW", ways.few)
    monkeypatch.setattr(record_find, "_STRETCH", ways.stretch)
    ada = account(deals, "Ada", role=Role.STAFF, sees_only_own=True)
    with deals.write(SYSTEM, "form") as session:
        session.get_one(Customer, 2).owner_id = ada.user_id
        session.get_one(Deal, 8).owner_id = ada.user_id
    with deals.read() as session:
        mine = set(session.scalars(select(Deal.id).where((Deal.customer_id == 2) | (Deal.owner_id == ada.user_id))))
        for text, sort in product(("", "invoice"), KINDS["deals"].sorts):
            query = RecordQuery(text=text, sort=sort, per_page=200)
            found = record_list.page(session=session, actor=ada, kind=KINDS["deals"], query=query)
            words = {row.id for row in found.rows}
            assert words <= mine
            assert found.total == len(words) > 0
            if not text:
                assert words == mine


def test_more_than_are_counted_are_said_to_be_more(deals: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_find, "MAX_COUNTED", 20)
    monkeypatch.setattr(record_find, "FEW", 0)
    monkeypatch.setattr(record_find, "_STRETCH", 5)
    with deals.read() as session:
        for query in (RecordQuery(), RecordQuery(text="invoice"), RecordQuery(filters={"source": "web"})):
            asked = RecordQuery(**{**query.__dict__, "page": 99, "per_page": 8})
            found = record_list.page(session=session, actor=SYSTEM, kind=KINDS["deals"], query=asked)
            assert (found.total, found.is_total_exact, found.page, found.pages) == (20, False, 3, 3)
            assert len(found.rows) == 4


def test_every_order_of_every_long_list_has_an_index() -> None:
    for table in ("tickets", "deals", "needs", "activities", "tasks", "contacts", "products", "orders"):
        kind = KINDS[table]
        first = {columns[0] for columns in record_find._indexes(kind)}
        for order in kind.sorts.values():
            column = record_find._column(kind, order[0].lstrip("-"))
            assert column in first, (kind.table, order)


def test_words_are_kept_for_all_that_is_searched(deals: Database) -> None:
    with deals.read() as session:
        for deal in session.scalars(select(Deal).limit(3)):
            values = {"number": deal.number, "name": deal.name}
            assert "invoice" in record_search.terms_of(KINDS["deals"], values) or "order" in deal.name


def test_the_timeline_and_the_board_are_the_same_on_every_database(any_database: Database) -> None:
    buyer = customer(any_database)
    for table in ("tickets", "deals", "needs", "tasks", "activities"):
        create(any_database, KINDS[table], customer_id=buyer)
    create(any_database, KINDS["deals"], customer_id=buyer, amount="99.50", stage="proposal", probability_bp=5000)
    with any_database.read() as session:
        first = timeline.timeline(session=session, actor=SYSTEM, customer_id=buyer, per_page=4)
        rest = timeline.timeline(session=session, actor=SYSTEM, customer_id=buyer, per_page=4, page=2)
        columns = deal_board.board(session=session, actor=SYSTEM)
    moments = [*first.moments, *rest.moments]
    assert (first.total, first.pages) == (6, 2)
    assert [moment.at for moment in moments] == sorted((moment.at for moment in moments), reverse=True)
    assert sorted(moment.table for moment in moments) == ["activities", "deals", "deals", "needs", "tasks", "tickets"]
    by_code = {column.stage.code: column for column in columns}
    proposal, first_stage = by_code["proposal"], by_code["prospecting"]
    assert (proposal.count, proposal.amount, proposal.weighted) == (1, Decimal("99.50"), Decimal("49.75"))
    assert (first_stage.count, first_stage.amount) == (1, Decimal("1200.50"))
