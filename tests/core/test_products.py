"""Products: one code each, found by words wherever they come from, offered while active, changed by those who may."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic import command

from crm_core import demo
from crm_core.access import SYSTEM, Role
from crm_core.db import schema
from crm_core.db.engine import Database
from crm_core.db.models import Product
from crm_core.errors import Invalid, PermissionDenied
from crm_core.records import bulk_edit, choosable, record_service
from crm_core.records.products import PRODUCTS
from crm_core.records.record_list import RecordQuery
from crm_core.workspace import Workspace
from tests.accounts import account
from tests.core.changes import contents
from tests.core.order_files import take_rows
from tests.core.test_records_of_each_kind import create, found, update


def test_a_code_belongs_to_one_product_and_the_message_names_it(database: Database) -> None:
    create(database, PRODUCTS, code="M")
    create(database, PRODUCTS, code="m")
    before = contents(database)
    with pytest.raises(Invalid) as invalid:
        create(database, PRODUCTS, code=" M ")
    assert str(invalid.value.fields["code"]) == "'M' is taken by another record"
    with pytest.raises(Invalid, match="code"):
        update(database, PRODUCTS, 1, code="m")
    assert contents(database) == before
    update(database, PRODUCTS, 1, code="M", name="Same code, other name")
    update(database, PRODUCTS, 2, code="X")


def test_of_two_who_take_a_code_at_once_the_second_is_told_and_loses_nothing_else(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(database, PRODUCTS, code="M")
    other = create(database, PRODUCTS, code="N")
    before = contents(database)
    monkeypatch.setattr(record_service, "check_unique", lambda *_args, **_more: None)  # it was free when looked up
    for attempt in (
        lambda: create(database, PRODUCTS, code="M"),
        lambda: rename(database, other, code="M"),
    ):
        with pytest.raises(Invalid) as invalid:
            attempt()
        assert str(invalid.value.fields["code"]).startswith("Somebody took this a moment ago")
    assert contents(database) == before


def rename(database: Database, row_id: int, **values: Any) -> None:
    with database.write(SYSTEM, "form") as session:
        record_service.update(
            session=session, actor=SYSTEM, kind=PRODUCTS, row_id=row_id, seen_version=1, values=values
        )


@pytest.mark.parametrize("text", ["mug", "blue mu", "k-77", "77", "马克", "crock"])
def test_a_product_that_came_with_an_import_is_found_by_its_words(
    database: Database, tmp_path: Path, text: str
) -> None:
    take_rows(database, tmp_path, "1,2024-03-01,K-77,Blue mug 马克杯,1,5,A,DE\n1,2024-03-01,Z,Teapot,1,5,A,DE\n")
    rename(database, 1, category="Crockery")
    assert found(database, PRODUCTS, text=text) == [1]


def test_the_products_of_the_demo_are_found_by_their_words(workspace: Workspace) -> None:
    demo.fill(workspace, customers=5, seed=1)
    with workspace.read() as session:
        some = session.get_one(Product, 3)
        offered = choosable.found(session=session, actor=SYSTEM, table="products", text=some.name)
    assert offered[3] == f"{some.name} · {some.code}"


def test_products_of_an_older_workspace_are_found_by_their_words_once_it_is_brought_up_to_date(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    config = schema._config()
    with database.writer.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        connection.exec_driver_sql(
            "INSERT INTO products (id, code, name, category, is_active, is_adjustment)"
            " VALUES (1, 'K-77', 'Blue mug 马克杯', NULL, 1, 0), (2, 'Z', 'Teapot', 'Crockery', 1, 0)"
        )
        connection.commit()
    schema.upgrade(database)
    for text, wanted in (("mug", [1]), ("马克", [1]), ("k-77", [1]), ("crock", [2]), ("plate", [])):
        assert found(database, PRODUCTS, text=text) == wanted
    update(database, PRODUCTS, 1, name="Plate")
    assert found(database, PRODUCTS, text="mug") == []
    database.dispose()


def test_a_product_no_longer_sold_is_kept_and_not_offered(database: Database) -> None:
    create(database, PRODUCTS)
    with database.read() as session:
        assert choosable.found(session=session, actor=SYSTEM, table="products", text="fan") == {
            1: "Quiet fan 静音 · F-1"
        }
    update(database, PRODUCTS, 1, is_active=False)
    with database.read() as session:
        assert choosable.found(session=session, actor=SYSTEM, table="products", text="fan") == {}
    assert found(database, PRODUCTS, text="fan") == [1]
    assert found(database, PRODUCTS, filters={"is_active": True}) == []


def test_roles_that_sell_see_products_and_roles_that_price_change_them(database: Database) -> None:
    create(database, PRODUCTS)
    for number, role in enumerate(Role):
        actor = account(database, f"P{number}", role=role)
        assert 1 in found(database, PRODUCTS, actor)
        with database.write(actor, "form") as session:
            seen = record_service.get(session=session, actor=actor, kind=PRODUCTS, row_id=1).version
        if role in {Role.ADMIN, Role.MANAGER, Role.MARKETING}:
            update(database, PRODUCTS, seen, actor, unit_price=f"{number}.5")
            create(database, PRODUCTS, actor, code=f"C{number}")
        else:
            with pytest.raises(PermissionDenied):
                update(database, PRODUCTS, seen, actor, unit_price="9")
            with pytest.raises(PermissionDenied):
                create(database, PRODUCTS, actor, code=f"C{number}")


def test_prices_change_in_bulk_for_those_who_may_and_codes_never_do(database: Database) -> None:
    for code in "ABC":
        create(database, PRODUCTS, code=code)
    before = contents(database)

    def bulk(role: Role, **values: Any) -> bulk_edit.BulkResult:
        actor = account(database, role.value.title(), role=role)
        with database.write(actor, "bulk_edit") as session:
            return bulk_edit.bulk_edit(session=session, actor=actor, kind=PRODUCTS, query=RecordQuery(), values=values)

    for role in (Role.MARKETING, Role.SUPPORT):
        with pytest.raises(PermissionDenied):
            bulk(role, unit_price="3")
    with pytest.raises(Invalid) as invalid:
        bulk(Role.ADMIN, code="D")
    assert str(invalid.value.fields["code"]) == "Each record has its own; change it there."
    assert contents(database) == before
    assert bulk(Role.MANAGER, unit_price="3").changed == 3
