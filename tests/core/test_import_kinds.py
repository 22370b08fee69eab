"""Files of tickets, deals, needs, products and customers: history from logs, references made, all taken back."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from crm_core.access import SYSTEM, Role
from crm_core.db.engine import Database
from crm_core.db.models import (
    Change,
    Customer,
    Deal,
    DealMove,
    Need,
    Product,
    RecordTerm,
    Team,
    TeamMember,
    Ticket,
    TicketEvent,
    User,
)
from crm_core.errors import ImportFailed, ImportRejected, PermissionDenied
from crm_core.imports import ImportResult, undo_import
from crm_core.imports.kinds import KindMapping, guess_kind_mapping, import_kind, kind_preset, load_kind_mapping
from crm_core.records import record_list
from crm_core.records.kinds import KINDS
from crm_core.records.record_list import RecordQuery
from tests.accounts import account

HEADER = (
    "number,opened_at,sys_updated_at,incident_state,priority,category,contact_type,caller_id,assignment_group,"
    "assigned_to,made_sla\n"
)
LOG = (
    HEADER
    + """A,1/3/2026 09:00,1/3/2026 09:05,New,3 - Moderate,Mail,Phone,Caller 1,Group 1,?,true
B,2/3/2026 10:00,2/3/2026 10:00,New,1 - Critical,Net,Email,Caller 2,Group 2,Ann,true
A,1/3/2026 09:00,1/3/2026 11:00,Awaiting User Info,3 - Moderate,Mail,Phone,Caller 1,Group 1,Bob,true
A,1/3/2026 09:00,3/3/2026 11:00,Active,2 - High,Mail,Phone,Caller 1,Group 1,Bob,true
A,1/3/2026 09:00,4/3/2026 12:00,Resolved,2 - High,Mail,Phone,Caller 1,Group 1,Bob,false
A,1/3/2026 09:00,13/3/2026 12:00,Closed,2 - High,Mail,Phone,Caller 1,Group 1,Bob,false
"""
)


def file(folder: Path, text: str, name: str = "file.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def load(database: Database, path: Path, mapping: KindMapping, **options: Any) -> ImportResult:
    return import_kind(
        database=database,
        actor=SYSTEM,
        path=path,
        mapping=mapping,
        rejects_folder=path.parent / "rejects",
        timezone="UTC",
        **options,
    )


def mapped(kind: str, header: str, **more: Any) -> KindMapping:
    guessed = guess_kind_mapping(kind, tuple(header.split(",")), name="file.csv")
    return KindMapping.from_dict({"kind": kind, "columns": dict(guessed.columns), **more}, name="mapping")


def counts(database: Database, *models: Any) -> list[int]:
    with database.read() as session:
        return [session.scalar(select(func.count()).select_from(model)) or 0 for model in models]


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc]


def test_the_last_row_of_a_log_is_the_state_and_the_earlier_ones_its_history(
    database: Database, tmp_path: Path
) -> None:
    result = load(database, file(tmp_path, LOG), kind_preset("incident-log"))
    assert (result.read, result.created, result.by_entity["tickets"]["created"]) == (6, 6, 2)
    assert {name: n["created"] for name, n in result.by_entity.items()} == {
        "tickets": 2, "customers": 2, "users": 2, "teams": 2,
    }  # fmt: skip
    with database.read() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.number == "A")).one()
        events = session.scalars(select(TicketEvent).where(TicketEvent.ticket_id == ticket.id).order_by(TicketEvent.at))
        told = [(event.kind, event.before, event.after, event.at) for event in events]
        assert session.get_one(User, ticket.assignee_id).is_active is False
        assert session.get_one(Team, ticket.team_id).name == "Group 1"
    assert (ticket.status, ticket.state, ticket.priority, ticket.is_sla_met) == ("closed", "resolved", "high", False)
    assert (ticket.first_resolved_at, ticket.resolved_at, ticket.reopened) == (
        at(2026, 3, 4, 12),
        at(2026, 3, 4, 12),
        0,
    )
    assert told == [
        ("opened", None, "new", at(2026, 3, 1, 9)),
        ("status", "new", "waiting", at(2026, 3, 1, 11)),
        ("assigned", None, "Bob", at(2026, 3, 1, 11)),
        ("status", "waiting", "open", at(2026, 3, 3, 11)),
        ("priority", "normal", "high", at(2026, 3, 3, 11)),
        ("status", "open", "resolved", at(2026, 3, 4, 12)),
        ("status", "resolved", "closed", at(2026, 3, 13, 12)),
    ]


def test_the_same_file_again_changes_nothing_and_a_longer_one_adds_what_is_new(
    database: Database, tmp_path: Path
) -> None:
    mapping = kind_preset("incident-log")
    load(database, file(tmp_path, LOG), mapping)
    again = load(database, file(tmp_path, LOG), mapping)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 6)
    more = LOG + "B,2/3/2026 10:00,5/3/2026 10:00,Resolved,1 - Critical,Net,Email,Caller 2,Group 2,Ann,true\n"
    dry = load(database, file(tmp_path, more), mapping, dry_run=True)
    done = load(database, file(tmp_path, more), mapping)
    assert dry.by_entity == done.by_entity
    assert (done.updated, done.unchanged, done.by_entity["tickets"]["updated"]) == (2, 5, 1)
    with database.read() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.number == "B")).one()
    assert (ticket.status, ticket.resolved_at, ticket.due_at) == ("resolved", at(2026, 3, 5, 10), None)
    assert done.import_id is not None
    undo_import(database=database, actor=SYSTEM, import_id=done.import_id)
    with database.read() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.number == "B")).one()
    assert (ticket.status, ticket.resolved_at, ticket.state) == ("new", None, "open")


def test_an_import_is_taken_back_with_what_it_made(database: Database, tmp_path: Path) -> None:
    result = load(database, file(tmp_path, LOG), kind_preset("incident-log"))
    with database.read() as session:
        page = record_list.page(session=session, actor=SYSTEM, kind=KINDS["tickets"], query=RecordQuery(text="mail"))
    assert [row.number for row in page.rows] == ["A"]
    assert result.import_id is not None
    undone = undo_import(database=database, actor=SYSTEM, import_id=result.import_id)
    assert undone.kept == 0
    assert counts(database, Ticket, TicketEvent, Customer, Team, RecordTerm) == [0, 0, 0, 0, 0]


def test_deals_come_with_their_accounts_products_and_teams(database: Database, tmp_path: Path) -> None:
    file(tmp_path, "account,sector,office_location\nAcme,technolgy,Korea\nBeta,medical,\n", "accounts.csv")
    file(tmp_path, "product,series,sales_price\nGTX Pro,GTX,4821\n", "products.csv")
    file(tmp_path, "sales_agent,manager,regional_office\nAnna Öz,Dustin,West\n", "sales_teams.csv")
    pipeline = file(
        tmp_path,
        "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n"
        "1,Anna Öz,GTXPro,Acme,Won,2016-10-20,2017-03-01,1054\n"
        "2,Anna Öz,GTXPro,Acme,Lost,2016-10-25,2017-03-11,0\n"
        "3,Anna Öz,GTX Pro,,Engaging,2016-11-25,,\n"
        "4,Anna Öz,GTX Pro,Beta,Prospecting,,,\n",
        "sales_pipeline.csv",
    )
    mapping = kind_preset("sales-pipeline")
    result = load(database, pipeline, mapping)
    assert result.by_entity["deals"]["created"] == 4
    assert result.by_entity["products"] == {"created": 1, "updated": 0, "unchanged": 0}
    assert load(database, pipeline, mapping).unchanged == 4
    with database.read() as session:
        deals = session.scalars(select(Deal).order_by(Deal.number)).all()
        moves = session.execute(
            select(DealMove.before, DealMove.after, DealMove.at).where(DealMove.deal_id == deals[0].id)
        ).all()
        acme = session.scalars(select(Customer).where(Customer.ref == "Acme")).one()
        assert session.scalars(select(TeamMember.team_id)).all() == session.scalars(select(Team.id)).all()
    assert [deal.outcome for deal in deals] == ["won", "lost", "open", "open"]
    assert (deals[0].amount, deals[0].closed_at, deals[0].opened_at) == (
        Decimal(1054), at(2017, 3, 1), at(2016, 10, 20),
    )  # fmt: skip
    assert [tuple(move) for move in moves] == [
        (None, "engaging", at(2016, 10, 20)), ("engaging", "won", at(2017, 3, 1)),
    ]  # fmt: skip
    assert (acme.kind, acme.source, acme.region) == ("organisation", "technology", "Korea")
    assert {deal.product_id for deal in deals} == {1}
    assert [deal.customer_id is None for deal in deals] == [False, False, True, False]


def test_line_breaks_in_a_complaint_stay(database: Database, tmp_path: Path) -> None:
    header = (
        "Complaint ID,Date received,Issue,Consumer complaint narrative,Product,Submitted via,"
        "Company response to consumer,Company,Timely response?\n"
    )
    row = '7,2020/3/18,Wrong,"XXXX called.\n\nThen, ""again"".",Loan,Web,Closed with explanation,ACME,Yes\n'
    load(database, file(tmp_path, header + row), kind_preset("complaints"))
    with database.read() as session:
        ticket = session.scalars(select(Ticket)).one()
    assert ticket.text == 'XXXX called.\n\nThen, "again".'
    assert (ticket.state, ticket.resolved_at, ticket.is_sla_met) == ("resolved", None, True)  # when is not in the file


def test_needs_products_and_customers_are_recognised_by_their_columns(database: Database, tmp_path: Path) -> None:
    needs = "title,customer,product,priority,worth\nQuieter fans,Acme,Fan,high,1200.50\nQuieter fans,Beta,Fan,,\n"
    result = load(database, file(tmp_path, needs), mapped("needs", needs.splitlines()[0]))
    assert (result.created, result.by_entity["customers"]["created"]) == (2, 2)
    products = "sku,name,category,price\nFan,Big fan,Air,9.99\nBox,Box,,\n"
    result = load(database, file(tmp_path, products), mapped("products", products.splitlines()[0]))
    assert (result.created, result.updated) == (1, 1)
    people = "ref,name,email,country,consent\nAcme,Acme Ltd,info@acme.example,Germany,yes\nZ,Zoë,,,no\n"
    result = load(database, file(tmp_path, people), mapped("customers", people.splitlines()[0]))
    assert (result.created, result.updated) == (1, 1)
    with database.read() as session:
        assert session.scalars(select(Need.value).order_by(Need.id)).all() == [Decimal("1200.5"), None]
        assert session.execute(select(Product.code, Product.name, Product.unit_price).order_by(Product.id)).all() == [
            ("Fan", "Big fan", Decimal("9.99")), ("Box", "Box", None),
        ]  # fmt: skip
        acme = session.scalars(select(Customer).where(Customer.ref == "Acme")).one()
        n_changes = session.scalar(select(func.count()).where(Change.table_name == "customers"))
    assert (acme.name, acme.sort_name, acme.country, acme.has_marketing_consent) == ("Acme Ltd", "acme ltd", "DE", True)
    assert n_changes == 1


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("A,32/3/2026 09:00,1/3/2026 09:05,New,3 - Moderate,,,,,,true", "column 'opened_at'"),
        ("A,1/3/2026 09:00,1/3/2026 09:05,Lost in space,3 - Moderate,,,,,,true", "none of new, open"),
        ("A,1/3/2026 09:00,1/3/2026 09:05,New,5 - Planning,,,,,,true", "none of low, normal"),
        ("A,1/3/2026 09:00,1/3/2026 09:05,New,3 - Moderate,,,,,,perhaps", "neither yes nor no"),
        (",1/3/2026 09:00,1/3/2026 09:05,New,3 - Moderate,,,,,,true", "is missing"),
    ],
)
def test_a_bad_row_stops_the_import_or_is_left_out_with_its_reason(
    database: Database, tmp_path: Path, row: str, words: str
) -> None:
    path = file(tmp_path, LOG + row + "\n")
    with pytest.raises(ImportRejected, match="row 7") as rejected:
        load(database, path, kind_preset("incident-log"))
    assert words in str(rejected.value)
    assert counts(database, Ticket, Customer, User) == [0, 0, 0]
    result = load(database, path, kind_preset("incident-log"), on_error="skip")
    assert (result.created, result.rejected) == (6, 1)
    assert result.rejects_file is not None
    assert words.strip("'").split("'")[-1] in Path(result.rejects_file).read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"kind": "tickets", "columns": {"number": "a"}}, "does not say which column holds opened_at"),
        ({"kind": "tickets", "columns": {"colour": "a"}}, "'colour' is not a field of tickets"),
        ({"kind": "elephants", "columns": {}}, "the kinds are: orders, customers"),
        ({"kind": "products", "columns": {"code": "a"}, "extra": 1}, "'extra' is not part"),
        ({"kind": "products", "columns": {"code": "a"}, "rules": {"is_log": "yes"}}, "must be true or false"),
        (
            {"kind": "tickets", "columns": {"number": "a", "opened_at": "b"}, "rules": {"is_log": True}},
            "which column holds updated_at",
        ),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_in_words(mapping: dict[str, Any], words: str) -> None:
    with pytest.raises(ImportFailed, match=words):
        KindMapping.from_dict(mapping, name="m.toml")


@pytest.mark.parametrize("preset", ["incident-log", "complaints"])
def test_a_mapping_comes_back_from_its_file_and_from_what_an_import_keeps(tmp_path: Path, preset: str) -> None:
    mapping = kind_preset(preset)
    (tmp_path / "mapping.toml").write_text(mapping.to_toml(), encoding="utf-8")
    assert load_kind_mapping(tmp_path / "mapping.toml") == mapping
    assert KindMapping.from_dict(mapping.as_dict(), name="kept") == mapping


def test_an_archive_of_one_file_is_read_and_others_are_not(database: Database, tmp_path: Path) -> None:
    def packed(name: str, members: dict[str, bytes]) -> Path:
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in members.items():
                archive.writestr(member, content)
        return tmp_path / name

    log = LOG.encode()
    assert load(database, packed("log.zip", {"log.csv": log}), kind_preset("incident-log")).created == 6
    with pytest.raises(ImportFailed, match="a zip archive of 2 files"):
        load(database, packed("two.zip", {"a.csv": log, "b.csv": log}), kind_preset("incident-log"))
    with pytest.raises(ImportFailed, match="it is not opened"):
        load(database, packed("bomb.zip", {"a.csv": b"0" * 5_000_000}), kind_preset("incident-log"))
    broken = packed("broken.zip", {"log.csv": log * 20})
    content = bytearray(broken.read_bytes())
    content[60:80] = b"x" * 20
    broken.write_bytes(bytes(content))
    with pytest.raises(ImportFailed, match="damaged"):
        load(database, broken, kind_preset("incident-log"))


def test_who_may_not_import_or_sees_only_some_is_refused(database: Database, tmp_path: Path) -> None:
    for actor in (
        account(database, "Stella", Role.STAFF),
        account(database, "Mei", Role.MARKETING, sees_only_own=True),
    ):
        with pytest.raises(PermissionDenied):
            import_kind(
                database=database, actor=actor, path=file(tmp_path, LOG), mapping=kind_preset("incident-log"),
                rejects_folder=tmp_path,
            )  # fmt: skip
    assert counts(database, Ticket) == [0]
