"""What a customer is found by, and that the terms follow every change."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from crm_core.access import SYSTEM
from crm_core.db import schema
from crm_core.db.engine import Database
from crm_core.db.models import Customer, CustomerTerm
from crm_core.records.search import index_new, sort_key
from crm_core.records.terms import MAX_TERM, Clause, fold, parse, reference_terms, terms_of
from crm_core.records.undo import apply_backwards

ANA = {"ref": "C-000123", "name": "Ána O'Brien-Süß", "email": "Ana.Suess@Example.com", "phone": "+4930901820"}
WANG = {"ref": "7", "name": "王小明 (株)ソニー", "email": None, "phone": "+861065529988"}


def finds(text: str, customer: dict[str, str | None]) -> bool:
    """Whether the text finds the customer, by the definition of clauses and ranges."""
    terms = terms_of(**customer)  # type: ignore[arg-type]
    clauses = parse(text)
    return bool(clauses) and all(
        any(
            term == item.low if item.high is None else item.low <= term < item.high for term in terms for item in clause
        )
        for clause in clauses
    )


@pytest.mark.parametrize(
    "text",
    [
        "ana", "ÁNA", "a", "sus", "süß", "suß", "brien", "o'brien", "O’Brien", "obrien", "brien-süß", "süß, ána",
        "ana s",
        "ana.suess@example.com", "ANA.SUESS@", "ana.suess", "@example", "example.com", "example",
        "C-000123", "c-0001", "000123", "123", "c 123",
        "+49 30 901820", "030 901820", "030901820", "(030) 90 18-20", "0049 30 9018", "1820", "901820", "49309",
        "ana 030 901820",
    ],
)  # fmt: skip
def test_a_customer_is_found_by(text: str) -> None:
    assert finds(text, ANA)


@pytest.mark.parametrize(
    "text", ["bna", "na", "ana x", "example.org", "C-000124", "0124", "182", "030 901821", "suess@"]
)
def test_a_customer_is_not_found_by(text: str) -> None:
    assert not finds(text, ANA)


@pytest.mark.parametrize(
    "text", ["王", "小", "明", "王小", "小明", "王小明", "株", "ソニ", "ー", "010 6552", "9988", "王 9988"]
)
def test_names_without_blanks_are_found_by_any_part(text: str) -> None:
    assert finds(text, WANG)


@pytest.mark.parametrize("text", ["王明", "明小", "王x", "ニソ"])
def test_names_without_blanks_are_not_found_by_parts_in_another_order(text: str) -> None:
    assert not finds(text, WANG)


def test_nothing_typed_asks_for_nothing() -> None:
    assert parse("") == parse(" \t ") == ()


def test_a_name_made_of_signs_is_found_by_them() -> None:
    customer = {"ref": "9", "name": "??? !", "email": None, "phone": None}
    assert finds("???", customer)
    assert finds("??? !", customer)
    assert not finds("!", customer)


def test_a_word_longer_than_a_term_is_found_as_it_is_typed() -> None:
    name = "x" * 100
    customer = {"ref": "9", "name": name, "email": None, "phone": None}
    assert all(len(term) <= MAX_TERM for term in terms_of(**customer))  # type: ignore[arg-type]
    assert finds(name, customer)
    assert finds(name[:70], customer)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("  Ána   Süß ", "ana suss"),
        ("ŁUKASZ Ørsted", "lukasz orsted"),
        ("王小明", "王小明"),
        ("ＡＢＣ", "abc"),
        ("", ""),
    ],
)
def test_customers_are_sorted_without_regard_to_case_and_accents(name: str, key: str) -> None:
    assert sort_key(name) == key


def test_a_sort_key_fits_its_column_whatever_the_name() -> None:
    assert len(sort_key("\ufdfa" * 200)) == 200  # one character that unfolds to eighteen


@given(st.text(min_size=1, max_size=40))
def test_folding_is_stable_and_any_name_is_found_by_itself_unless_it_is_blank(name: str) -> None:
    assert fold(fold(name)) == fold(name)
    customer = {"ref": "1", "name": name, "email": None, "phone": None}
    assert finds(name, customer) or not parse(name)
    for term in terms_of(**customer):  # type: ignore[arg-type]
        term.encode()
        assert 0 < len(term) <= MAX_TERM


@given(st.lists(st.from_regex(r"[a-zäöüßé0-9]{1,8}", fullmatch=True), min_size=1, max_size=4), st.data())
def test_a_name_is_found_by_the_beginnings_of_any_of_its_words_in_any_order(
    words: list[str], data: st.DataObject
) -> None:
    chosen = data.draw(st.lists(st.sampled_from(words), min_size=1, max_size=3))
    typed = [word[: data.draw(st.integers(1, len(word)))] for word in chosen]
    typed = [
        word if not word.isdigit() or not word.startswith("0") else whole
        for word, whole in zip(typed, chosen, strict=True)
    ]
    assert finds(" ".join(typed), {"ref": "C-1", "name": " ".join(words), "email": None, "phone": None})


EDIT = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["Ana Süß", "Bob", "王小明", "Ana Bob"]),
        "email": st.sampled_from([None, "ana@example.com", "bob@example.com"]),
        "phone": st.sampled_from([None, "+4930901820", "+441212345678"]),
        "ref": st.sampled_from(["A-1", "A-2", "B-1"]),
        "city": st.sampled_from(["Bonn", "Köln"]),
    },
)


@settings(max_examples=15, deadline=None)
@given(steps=st.lists(st.one_of(EDIT, st.sampled_from(["delete", "undo"])), max_size=8))
def test_the_stored_terms_are_those_of_the_customer_after_any_edits_deletions_and_undos(
    steps: list[dict[str, str | None] | str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('terms') / 'rapport.db'}")
    schema.upgrade(database)
    sets: list[int] = []
    with database.write(SYSTEM, "form") as session:
        session.add(Customer(id=1, ref="A-1", name="Ana"))
        sets.append(session.change_set_id())
    for step in steps:
        with database.write(SYSTEM, "form") as session:
            customer = session.get(Customer, 1)
            if step == "undo":
                apply_backwards(session, sets.pop()) if sets else None
            elif step == "delete":
                session.delete(customer) if customer else None
            elif customer is not None:
                for name, value in step.items():  # type: ignore[union-attr]
                    setattr(customer, name, value)
            session.flush()
            if session.collected and step != "undo":
                sets.append(session.change_set_id())
        with database.read() as session:
            customer = session.get(Customer, 1)
            stored = set(session.scalars(select(CustomerTerm.term)))
            if customer is None:
                assert stored == set()
                continue
            assert stored == terms_of(ref=customer.ref, name=customer.name, email=customer.email, phone=customer.phone)
            assert customer.sort_name == sort_key(customer.name)
    database.dispose()


def test_terms_of_many_new_customers_are_stored_in_one_go(database: Database) -> None:
    with database.write(SYSTEM, "form") as session:
        session.connection().exec_driver_sql(
            "INSERT INTO customers (id, ref, kind, name, sort_name, tags, custom, created_at) "
            "VALUES (1, 'C-000123', 'person', 'Ana', 'ana', '[]', '{}', 0), (2, '7', 'person', 'W', 'w', '[]', '{}', 0)"
        )
        index_new(session, [(1, *ANA.values()), (2, *WANG.values())])  # type: ignore[list-item]
    with database.read() as session:
        stored = {(term.customer_id, term.term) for term in session.scalars(select(CustomerTerm))}
    assert stored == {(1, term) for term in terms_of(**ANA)} | {(2, term) for term in terms_of(**WANG)}  # type: ignore[arg-type]


def test_a_whole_number_finds_its_record_and_none_it_is_the_beginning_of() -> None:
    whole = parse("T-005000")
    assert all(meets(clause, set(reference_terms("T-005000"))) for clause in whole)
    for other in ("T-500012", "T-050001", "T-005001"):
        assert not all(meets(clause, set(reference_terms(other))) for clause in whole)
    begun = parse("t-0050")
    assert all(meets(clause, set(reference_terms("T-005012"))) for clause in begun)


def meets(clause: Clause, terms: set[str]) -> bool:
    return any(
        term == item.low if item.high is None else item.low <= term < item.high for term in terms for item in clause
    )
