"""An import puts a file's orders into the records, exactly and once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select

from crm_core import imports
from crm_core.db.engine import Database
from crm_core.db.models import Change, ChangeRange, ChangeSet, Customer, Import, Order, OrderLine, Product
from crm_core.errors import ImportFailed, ImportRejected
from crm_core.imports import orders
from crm_core.records import customers as customer_records
from tests.core.order_files import ADMIN, BASIC, HEADER, everything, rows_of, take, take_rows, write

TWO_ORDERS = (
    "1001,2024-03-01 09:30,A1, Red mug ,2,2.55,C7,Germany\n"
    "1001,2024-03-01 09:30,B2,Tea pot,1,12.5,C7,Germany\n"
    "1002,2024-03-02 10:00,A1,Red mug,-1,2.55,,Germany\n"
)


def test_an_import_creates_orders_lines_products_and_customers(database: Database, tmp_path: Path) -> None:
    result = take_rows(database, tmp_path, TWO_ORDERS)
    assert (result.read, result.created, result.rejected, result.rejects_file) == (3, 3, 0, None)
    assert result.by_entity == {
        "customers": {"created": 1, "updated": 0, "unchanged": 0},
        "products": {"created": 2, "updated": 0, "unchanged": 0},
        "orders": {"created": 2, "updated": 0, "unchanged": 0},
        "order_lines": {"created": 3, "updated": 0, "unchanged": 0},
    }
    with database.read() as session:
        first, second = session.scalars(select(Order).order_by(Order.number))
        customer = session.scalars(select(Customer)).one()
        lines = session.scalars(select(OrderLine).order_by(OrderLine.id)).all()
        products = session.scalars(select(Product).order_by(Product.code)).all()
    assert (first.number, first.customer_id, first.country) == ("1001", customer.id, "DE")
    assert first.ordered_at.isoformat() == "2024-03-01T08:30:00+00:00"  # half past nine in Berlin, in winter
    assert second.customer_id is None
    assert (customer.ref, customer.name, customer.sort_name, customer.country) == ("C7", "C7", "c7", "DE")
    assert [(product.code, product.name) for product in products] == [("A1", "Red mug"), ("B2", "Tea pot")]
    assert [(line.line_no, line.kind, line.quantity, line.unit_price, line.amount) for line in lines] == [
        (1, "sale", 2, Decimal("2.55"), Decimal("5.10")),
        (2, "sale", 1, Decimal("12.5"), Decimal("12.5")),
        (1, "refund", -1, Decimal("2.55"), Decimal("-2.55")),
    ]
    assert all(row.import_id == result.import_id for row in (first, customer, *lines, *products))


def test_an_import_is_one_change_set_and_keeps_creations_as_spans(database: Database, tmp_path: Path) -> None:
    result = take_rows(database, tmp_path, TWO_ORDERS)
    with database.read() as session:
        change_set = session.scalars(select(ChangeSet)).one()
        spans = {span.table_name: span for span in session.scalars(select(ChangeRange))}
        changes = session.scalars(select(Change)).all()
        record = session.scalars(select(Import)).one()
    assert (change_set.cause, change_set.cause_id, change_set.actor_name) == ("import", result.import_id, "Ada Admin")
    assert {name: span.n_created for name, span in spans.items()} == {
        "customers": 1,
        "products": 2,
        "orders": 2,
        "order_lines": 3,
    }
    assert changes == []
    assert (record.change_set_id, record.file_name, record.counts["created"]) == (change_set.id, "orders.csv", 3)
    assert len(record.file_sha256 or "") == 64


def test_importing_the_same_file_again_changes_nothing(database: Database, tmp_path: Path) -> None:
    take_rows(database, tmp_path, TWO_ORDERS)
    before = everything(database)
    versions = rows_of(database, "SELECT * FROM table_versions ORDER BY 1")
    again = take_rows(database, tmp_path, TWO_ORDERS)
    assert (again.read, again.unchanged, again.created, again.updated) == (3, 3, 0, 0)
    assert everything(database) == before
    assert rows_of(database, "SELECT * FROM table_versions ORDER BY 1") == versions
    assert rows_of(database, "SELECT count(*) FROM change_sets") == [(1,)]


def test_lines_of_one_order_may_be_scattered_through_the_file(database: Database, tmp_path: Path) -> None:
    rows = "".join(f"{order},2024-03-01,P{line},,1,1,,\n" for line in (1, 2, 3) for order in ("X", "Y"))
    take_rows(database, tmp_path, rows)
    found = rows_of(
        database,
        "SELECT o.number, l.line_no, p.code FROM order_lines l JOIN orders o ON o.id = l.order_id"
        " JOIN products p ON p.id = l.product_id ORDER BY 1, 2",
    )
    assert found == [(order, line, f"P{line}") for order in ("X", "Y") for line in (1, 2, 3)]


def test_a_changed_line_is_updated_with_its_history(database: Database, tmp_path: Path) -> None:
    take_rows(database, tmp_path, TWO_ORDERS)
    result = take_rows(database, tmp_path, TWO_ORDERS.replace("1,12.5,", "3,12.25,"))
    assert (result.updated, result.unchanged, result.created) == (1, 2, 0)
    assert result.by_entity["order_lines"] == {"created": 0, "updated": 1, "unchanged": 2}
    with database.read() as session:
        change = session.scalars(select(Change)).one()
    assert (change.table_name, change.op, change.row_version) == ("order_lines", "update", 2)
    assert change.before == {"quantity": 1, "unit_price": "12.5000", "amount": "12.5000"}
    assert change.after == {"quantity": 3, "unit_price": "12.2500", "amount": "36.7500"}


def test_a_changed_order_updates_every_row_of_it(database: Database, tmp_path: Path) -> None:
    take_rows(database, tmp_path, TWO_ORDERS)
    result = take_rows(database, tmp_path, TWO_ORDERS.replace("09:30", "09:45"))
    assert (result.updated, result.unchanged) == (2, 1)
    assert result.by_entity["orders"] == {"created": 0, "updated": 1, "unchanged": 1}
    assert result.by_entity["order_lines"]["updated"] == 0


def test_a_line_may_move_to_a_product_that_is_new(database: Database, tmp_path: Path) -> None:
    take_rows(database, tmp_path, "1,2024-03-01,A1,Mug,1,1,,\n")
    result = take_rows(database, tmp_path, "1,2024-03-01,N9,New,1,1,,\n")
    assert (result.updated, result.by_entity["products"]["created"]) == (1, 1)
    assert rows_of(database, "SELECT p.code FROM order_lines l JOIN products p ON p.id = l.product_id") == [("N9",)]


def test_a_guest_order_gets_the_customer_a_later_file_names(database: Database, tmp_path: Path) -> None:
    take_rows(database, tmp_path, "1,2024-03-01,A1,Mug,1,1,,\n")
    result = take_rows(database, tmp_path, "1,2024-03-01,A1,Mug,1,1,C1,\n")
    assert (result.updated, result.by_entity["customers"]["created"]) == (1, 1)
    assert rows_of(database, "SELECT c.ref FROM orders o JOIN customers c ON c.id = o.customer_id") == [("C1",)]


def test_what_a_file_leaves_empty_erases_nothing(database: Database, tmp_path: Path) -> None:
    take_rows(database, tmp_path, "1,2024-03-01,A1,Mug,1,1,C1,France\n1,2024-03-01,A1,Other words,1,1,C1,France\n")
    before = everything(database)
    result = take_rows(database, tmp_path, "1,2024-03-01,,,1,1,,\n1,2024-03-01,A1,,1,1,,\n")
    assert result.unchanged == 2
    assert everything(database) == before


def test_a_customer_edited_by_staff_is_not_renamed_by_an_import(database: Database, tmp_path: Path) -> None:
    mapping = replace(BASIC, columns={**BASIC.columns, "customer_name": "who"})
    text = HEADER.replace("country\n", "country,who\n") + "1,2024-03-01,A1,Mug,1,1,C1,France,J. Roe\n"
    take(database, write(tmp_path, text), mapping)
    with database.write(ADMIN, "form") as session:
        customer_records.update(
            session=session, actor=ADMIN, customer_id=1, seen_version=1, values={"name": "Jane Roe"}
        )
    assert take(database, write(tmp_path, text), mapping).unchanged == 1
    assert rows_of(database, "SELECT name FROM customers") == [("Jane Roe",)]


def test_a_name_that_only_repeats_the_reference_is_filled_in(database: Database, tmp_path: Path) -> None:
    take_rows(database, tmp_path, "1,2024-03-01,A1,,1,1,C1,\n")
    mapping = replace(BASIC, columns={**BASIC.columns, "customer_name": "who"})
    text = HEADER.replace("country\n", "country,who\n") + "1,2024-03-01,A1,Mug,1,1,C1,France,Zoë Roe\n"
    result = take(database, write(tmp_path, text), mapping)
    assert result.by_entity["customers"]["updated"] == result.by_entity["products"]["updated"] == 1
    assert rows_of(database, "SELECT name, sort_name, country FROM customers") == [("Zoë Roe", "zoe roe", "FR")]
    assert rows_of(database, "SELECT name FROM products") == [("Mug",)]
    assert ("zoe",) in rows_of(database, "SELECT term FROM customer_terms")


def test_new_customers_can_be_found_by_their_words(database: Database, tmp_path: Path) -> None:
    take_rows(database, tmp_path, TWO_ORDERS)
    assert rows_of(database, "SELECT term FROM customer_terms") == [("c7",)]


def test_a_line_keeps_its_own_words_where_they_differ_from_its_products(database: Database, tmp_path: Path) -> None:
    rows = "1,2024-03-01,A1,,1,1,,\n1,2024-03-01,A1, Mug,1,1,,\n1,2024-03-01,A1,MUG RED,1,1,,\n"
    take_rows(database, tmp_path, rows)
    assert rows_of(database, "SELECT name FROM products") == [("Mug",)]
    assert rows_of(database, "SELECT description FROM order_lines ORDER BY line_no") == [(None,), (None,), ("MUG RED",)]


def test_a_renamed_product_does_not_make_the_same_file_an_update(database: Database, tmp_path: Path) -> None:
    rows = "1,2024-03-01,A1,Mug,1,1,,\n"
    take_rows(database, tmp_path, rows)
    with database.write(ADMIN, "form") as session:
        session.scalars(select(Product)).one().name = "Mug, red"
    assert take_rows(database, tmp_path, rows).unchanged == 1


def test_exact_repeats_are_kept_as_lines_of_their_own(database: Database, tmp_path: Path) -> None:
    assert take_rows(database, tmp_path, "1,2024-03-01,A1,Mug,1,1,,\n" * 2).created == 2
    assert rows_of(database, "SELECT line_no FROM order_lines ORDER BY 1") == [(1,), (2,)]


def test_an_order_takes_the_first_date_and_place_its_rows_give(database: Database, tmp_path: Path) -> None:
    take_rows(database, tmp_path, "1,2024-03-01 10:00,A1,,1,1,,\n1,2024-03-01 10:01,A1,,1,1,C1,Spain\n")
    assert rows_of(database, "SELECT ordered_at, country FROM orders") == [(1709283600000000, "ES")]


@pytest.mark.parametrize(
    ("mode", "counts", "quantities"),
    [
        ("create", {"created": 1, "updated": 0, "skipped": 1}, [(1,), (5,)]),
        ("update", {"created": 0, "updated": 1, "skipped": 1}, [(9,)]),
        ("upsert", {"created": 1, "updated": 1, "skipped": 0}, [(9,), (5,)]),
    ],
)
def test_the_mode_says_whether_lines_are_created_or_changed(
    database: Database, tmp_path: Path, mode: str, counts: dict[str, int], quantities: list[tuple[int]]
) -> None:
    take_rows(database, tmp_path, "1,2024-03-01,A1,Mug,1,1,,\n")
    result = take_rows(database, tmp_path, "1,2024-03-01,A1,Mug,9,1,,\n2,2024-03-01,NEW,New,5,1,C1,Spain\n", mode=mode)
    assert {name: getattr(result, name) for name in counts} == counts
    assert rows_of(database, "SELECT quantity FROM order_lines ORDER BY id") == quantities
    is_there = [("NEW",)] if mode != "update" else []
    assert rows_of(database, "SELECT code FROM products WHERE code = 'NEW'") == is_there
    assert len(rows_of(database, "SELECT ref FROM customers")) == len(is_there)


@pytest.mark.parametrize("mode", ["create", "update", "upsert"])
def test_a_dry_run_counts_the_same_and_writes_nothing(database: Database, tmp_path: Path, mode: str) -> None:
    take_rows(database, tmp_path, TWO_ORDERS)
    rows = TWO_ORDERS.replace("1,12.5,", "3,12.25,") + "1003,2024-03-05,N1,New,1,1,C8,Spain\nx,y,z,,,,,\n"
    before = everything(database)
    tried = take_rows(database, tmp_path, rows, mode=mode, dry_run=True, on_error="skip")
    assert everything(database) == before
    assert rows_of(database, "SELECT count(*) FROM imports") == [(1,)]
    assert not (tmp_path / "rejects").exists() or list((tmp_path / "rejects").iterdir()) == []
    done = take_rows(database, tmp_path, rows, mode=mode, on_error="skip")
    assert (tried.import_id, tried.is_dry_run, tried.rejects_file) == (None, True, None)
    names = ("read", "created", "updated", "unchanged", "skipped", "rejected", "by_entity", "problems")
    assert [getattr(tried, name) for name in names] == [getattr(done, name) for name in names]


def test_counts_add_up_to_the_rows_that_were_read(database: Database, tmp_path: Path) -> None:
    result = take_rows(database, tmp_path, TWO_ORDERS + "bad,2024-03-01,A1,,x,y,,\n", on_error="skip")
    assert result.read == 4 == result.created + result.rejected
    assert result.rejected == 1  # one row, though two of its values are bad
    assert len(result.problems) == 2


def test_progress_ends_at_the_number_of_rows(database: Database, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    take_rows(database, tmp_path, TWO_ORDERS, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (3, 3)
    assert [done for done, _total in seen] == sorted(done for done, _total in seen)


def test_a_mapping_put_together_in_a_form_is_checked_again(database: Database, tmp_path: Path) -> None:
    with pytest.raises(ImportFailed) as caught:
        take_rows(database, tmp_path, TWO_ORDERS, mapping=imports.Mapping(columns={"order_number": "order"}))
    assert str(caught.value) == (
        "The mapping does not say which column holds ordered_at, quantity, unit_price or line_total."
        " Add them under [columns]."
    )


def test_what_others_save_while_a_file_is_read_is_planned_for(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan is made before anyone has to wait, and made again where it no longer fits."""
    path = write(tmp_path, HEADER + TWO_ORDERS)
    fingerprint = orders.fingerprint_of

    def others_import_first(file: Path) -> str:
        monkeypatch.undo()
        take_rows(database, tmp_path / "theirs", TWO_ORDERS.replace("2.55", "3.00"))
        return fingerprint(file)

    (tmp_path / "theirs").mkdir()
    monkeypatch.setattr(orders, "fingerprint_of", others_import_first)
    result = take(database, path)
    assert (result.created, result.updated, result.unchanged) == (0, 2, 1)
    assert rows_of(database, "SELECT count(*), sum(amount_e4) FROM order_lines") == [(3, 150500)]


def test_two_files_that_agree_on_nothing_but_the_product_share_it(database: Database, tmp_path: Path) -> None:
    take_rows(database, tmp_path, "1,2024-03-01,A1,Mug,1,1,,\n")
    take_rows(database, tmp_path, "2,2024-03-01,A1,Mug,1,1,,\n")
    assert rows_of(database, "SELECT code FROM products") == [("A1",)]
    assert rows_of(database, "SELECT count(*) FROM order_lines") == [(2,)]


def test_codes_that_differ_in_case_only_are_two_products(database: Database, tmp_path: Path) -> None:
    take_rows(database, tmp_path, "1,2024-03-01,m,Manual,1,1,,\n1,2024-03-01,M,Manual,1,1,,\n")
    assert rows_of(database, "SELECT code FROM products ORDER BY 1") == [("M",), ("m",)]


def test_an_order_has_one_customer(database: Database, tmp_path: Path) -> None:
    rows = "1,2024-03-01,A1,,1,1,,\n1,2024-03-01,A1,,1,1,C1,\n1,2024-03-01,A1,,1,1,C2,\n"
    with pytest.raises(ImportRejected) as caught:
        take_rows(database, tmp_path, rows)
    assert str(caught.value) == (
        "orders.csv, row 3, column 'customer': Order 1 is of customer C1 since row 2; an order has one customer."
        " Nothing was imported."
    )


def test_a_line_number_is_used_once_in_an_order(database: Database, tmp_path: Path) -> None:
    mapping = replace(BASIC, columns={**BASIC.columns, "line_number": "line"})
    text = HEADER.replace("country\n", "country,line\n") + "".join(
        f"1,2024-03-01,{code},,1,1,,,{line}\n" for code, line in (("A", "10"), ("B", "20"), ("C", "10.0"))
    )
    with pytest.raises(ImportRejected) as caught:
        take(database, write(tmp_path, text), mapping)
    assert str(caught.value) == (
        "orders.csv, row 3, column 'line': Order 1 has line 10 twice; the first is row 1. Nothing was imported."
    )
    take(database, write(tmp_path, text), mapping, on_error="skip")
    assert rows_of(database, "SELECT line_no FROM order_lines ORDER BY 1") == [(10,), (20,)]
