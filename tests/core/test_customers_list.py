"""The list of customers: search, filters, order, pages, bounds and scope."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.access import SYSTEM, Actor, Role
from crm_core.db import schema
from crm_core.db.engine import Database
from crm_core.db.models import Customer
from crm_core.records import customer_list, find
from crm_core.records.customer_list import CustomerPage, CustomerQuery
from tests.accounts import account

START = datetime(2026, 1, 1, tzinfo=UTC)


def fill(database: Database, *customers: dict[str, Any]) -> None:
    """Customers 1, 2, …, each a day younger than the one before."""
    with database.write(SYSTEM, "form") as session:
        for number, values in enumerate(customers, 1):
            session.add(
                Customer(**{"id": number, "ref": f"R-{number}", "created_at": START + timedelta(number)} | values)
            )


def page(database: Database, actor: Actor = SYSTEM, **query: Any) -> CustomerPage:
    with database.read() as session:
        return customer_list.page(session=session, actor=actor, query=CustomerQuery(**query))


def names(found: CustomerPage) -> list[str]:
    return [row.name for row in found.rows]


def test_customers_come_in_the_order_of_their_names_without_regard_to_case_and_accents(database: Database) -> None:
    fill(database, {"name": "Zoe"}, {"name": "émile"}, {"name": "Adam"}, {"name": "eva"})
    assert names(page(database)) == ["Adam", "émile", "eva", "Zoe"]
    assert names(page(database, descending=True)) == ["Zoe", "eva", "émile", "Adam"]


def test_customers_can_be_sorted_by_age_and_reference(database: Database) -> None:
    fill(database, {"name": "B", "ref": "2"}, {"name": "A", "ref": "1"})
    assert names(page(database, sort="created_at", descending=True)) == ["A", "B"]
    assert names(page(database, sort="ref")) == ["A", "B"]


@pytest.mark.parametrize("sort", ["name", "created_at"])
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"country": "DE"}, {"A", "C"}),
        ({"kind": "organisation"}, {"B"}),
        ({"source": "web"}, {"A", "B"}),
        ({"has_consent": True}, {"C"}),
        ({"has_consent": False}, {"A"}),
        ({"country": "DE", "source": "web"}, {"A"}),
        ({"country": "DE", "text": "c"}, {"C"}),
        ({"ids": (3, 1, 99)}, {"A", "C"}),
        ({"ids": (3, 1), "text": "a"}, {"A"}),
        ({"ids": (3, 1), "country": "FR"}, set()),
        ({"ids": ()}, set()),
    ],
)
def test_filters_narrow_the_list(database: Database, query: dict[str, Any], expected: set[str], sort: str) -> None:
    fill(
        database,
        {"name": "A", "country": "DE", "source": "web", "has_marketing_consent": False},
        {"name": "B", "country": "FR", "source": "web", "kind": "organisation"},
        {"name": "C", "country": "DE", "source": "fair", "has_marketing_consent": True},
    )
    found = page(database, sort=sort, **query)
    assert (set(names(found)), found.total, found.is_total_exact) == (expected, len(expected), True)


def test_every_customer_is_on_exactly_one_page_and_past_the_last_page_comes_the_last(database: Database) -> None:
    fill(database, *({"name": "Same"} for _ in range(7)))
    for query in ({}, {"text": "same"}, {"sort": "created_at"}, {"country": None, "kind": "person"}):
        pages = [page(database, per_page=3, page=number, **query) for number in (1, 2, 3)]
        assert [len(found.rows) for found in pages] == [3, 3, 1]
        assert sorted(row.id for found in pages for row in found.rows) == [1, 2, 3, 4, 5, 6, 7]
        assert {(found.total, found.pages, found.is_total_exact) for found in pages} == {(7, 3, True)}
        assert page(database, per_page=3, page=9, **query).rows == pages[2].rows


def test_an_empty_list_has_one_empty_page(database: Database) -> None:
    assert page(database) == page(database, text="x") == CustomerPage([], 0, True, 1)


def test_a_row_says_who_owns_the_customer(database: Database) -> None:
    ada = account(database, "Ada")
    fill(database, {"name": "A", "owner_id": ada.user_id}, {"name": "B"})
    assert [row.owner_name for row in page(database).rows] == ["Ada", None]


def test_the_words_of_a_search_must_all_match(database: Database) -> None:
    fill(database, {"name": "Ana Süß"}, {"name": "Ana Bo"}, {"name": "Bo Süß", "email": "ana@example.com"})
    assert names(page(database, text="ana süß")) == ["Ana Süß", "Bo Süß"]
    assert names(page(database, text="süß ana bo")) == ["Bo Süß"]


def test_of_very_many_matches_the_first_thousand_can_be_paged_through(database: Database, monkeypatch: Any) -> None:
    for module, name in ((find, "MAX_FOUND"), (customer_list, "MAX_FOUND")):
        monkeypatch.setattr(module, name, 4)
    fill(database, *({"name": f"Ana {number}", "country": "DE"} for number in range(6)))
    for query in ({}, {"text": "ana"}, {"country": "DE"}, {"country": "DE", "sort": "created_at"}):
        found = page(database, per_page=3, page=2, **query)
        assert (found.total, found.is_total_exact, found.pages, len(found.rows)) == (4, False, 2, 1)
    assert page(database, text="ana 3").is_total_exact


@pytest.mark.parametrize("budget", [3, 5, 8, 100])
def test_a_frequent_word_finds_every_rare_match_within_the_budget_and_else_says_that_there_may_be_more(
    database: Database, monkeypatch: Any, budget: int
) -> None:
    monkeypatch.setattr(find, "_RARE", 1)
    monkeypatch.setattr(find, "_FEW", 2)
    monkeypatch.setattr(find, "_BUDGET", budget)
    fill(
        database,
        *({"name": "Ana Bo", "country": "FR"} for _ in range(7)),
        {"name": "Bo Ana", "country": "DE", "ref": "z"},
    )
    for query in ({"text": "ana", "country": "DE"}, {"text": "ana bo", "country": "DE"}, {"text": "ana bo z"}):
        found = page(database, **query)
        assert names(found) == ["Bo Ana"], query  # by the word, or by the country, or by the rarest word
        assert found.is_total_exact
    broad = page(database, text="ana b")
    assert broad.is_total_exact == (budget >= 8)
    assert set(names(broad)) >= {"Ana Bo"}  # names that begin with what is typed come first
    assert len(broad.rows) >= 7


def test_a_filter_far_from_the_beginning_of_the_order_is_still_found(database: Database, monkeypatch: Any) -> None:
    monkeypatch.setattr(customer_list, "_BUDGET", 2)
    monkeypatch.setattr(customer_list, "MAX_FOUND", 2)
    monkeypatch.setattr(find, "_FEW", 2)
    monkeypatch.setattr(find, "_RARE", 2)
    fill(
        database,
        *({"name": f"A{n}", "country": "FR"} for n in range(5)),
        *({"name": f"B{n}", "country": "DE"} for n in range(3)),
    )
    assert names(page(database, country="DE", sort="created_at")) == ["B0", "B1"]


def test_who_sees_only_their_own_customers_finds_no_others(database: Database) -> None:
    sam, tom = (account(database, name, Role.STAFF, sees_only_own=True) for name in ("Sam", "Tom"))
    fill(
        database,
        {"name": "Ana", "owner_id": sam.user_id, "country": "DE", "source": "web"},
        {"name": "Ana", "owner_id": tom.user_id, "country": "FR", "source": "fair"},
        {"name": "Ana", "country": "IT", "source": "shop"},
    )
    for query in ({}, {"text": "ana"}, {"sort": "created_at"}, {"ids": (1, 2, 3)}, {"ids": (1, 2, 3), "text": "ana"}):
        assert [row.id for row in page(database, sam, **query).rows] == [1], query
        assert [row.id for row in page(database, tom, **query).rows] == [2], query
        assert len(page(database, **query).rows) == 3
    assert page(database, sam, owner_id=tom.user_id).rows == []
    with database.read() as session:
        known = customer_list.filter_values(session=session, actor=sam)
        assert (known.countries, known.sources, known.owners) == (("DE",), ("web",), {sam.user_id: "Sam"})
        everything = customer_list.filter_values(session=session, actor=SYSTEM)
        assert (everything.countries, everything.sources) == (("DE", "FR", "IT"), ("fair", "shop", "web"))
        assert everything.owners == {sam.user_id: "Sam", tom.user_id: "Tom"}
        assert customer_list.owner_choices(session=session, actor=sam) == {sam.user_id: "Sam"}
        assert set(customer_list.owner_choices(session=session, actor=SYSTEM).values()) == {"Sam", "Tom"}


def test_nobody_can_ask_for_an_order_or_a_page_that_is_none() -> None:
    for wrong in ({"sort": "email"}, {"page": 0}, {"per_page": 0}, {"per_page": 201}):
        with pytest.raises(ValueError, match=r"sorted by|pages count"):
            CustomerQuery(**wrong)


RECORD = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["Ana", "ana bo", "Bo", "Ánna", "王小明", "王明"]),
        "country": st.sampled_from(["DE", "FR", None]),
        "source": st.sampled_from(["web", None]),
    }
)
QUERY = st.fixed_dictionaries(
    {},
    optional={
        "text": st.sampled_from(["a", "an", "ana", "bo an", "王", "王小", "x"]),
        "country": st.sampled_from(["DE", "FR"]),
        "source": st.just("web"),
        "sort": st.sampled_from(["name", "created_at", "ref"]),
        "descending": st.booleans(),
    },
)


@settings(max_examples=20, deadline=None)
@given(records=st.lists(RECORD, max_size=12), queries=st.lists(QUERY, min_size=1, max_size=6))
def test_the_list_is_what_filtering_and_sorting_in_python_gives(
    records: list[dict[str, Any]], queries: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('list') / 'rapport.db'}")
    schema.upgrade(database)
    fill(database, *records)
    words = {
        "Ana": ["ana"],
        "ana bo": ["ana", "bo"],
        "Bo": ["bo"],
        "Ánna": ["anna"],
        "王小明": ["王小明", "小明", "明"],
        "王明": ["王明", "明"],
    }
    for query in queries:
        rows = [{"id": number, "ref": f"R-{number}", **record} for number, record in enumerate(records, 1)]
        for name in ("country", "source"):
            rows = [row for row in rows if name not in query or row[name] == query[name]]
        for typed in query.get("text", "").split():
            rows = [row for row in rows if any(word.startswith(typed) for word in words[row["name"]])]
        keys = {
            "name": lambda row: row["name"].casefold().replace("á", "a"),
            "created_at": lambda row: row["id"],
            "ref": lambda row: row["ref"],
        }
        key = keys[query.get("sort", "name")]
        rows.sort(key=lambda row: (key(row), row["id"]), reverse=query.get("descending", False))
        assert [row.id for row in page(database, **query).rows] == [row["id"] for row in rows], query
    database.dispose()
