"""What data/README.md says of every table, checked on a workspace that has seen a bit of everything."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import numpy as np
import pytest
from babel.core import get_global
from sqlalchemy import Table, func, inspect, select, text

import crm_core.demo
from crm_core.access import SYSTEM, Actor, Role
from crm_core.config import Settings
from crm_core.db.base import Base
from crm_core.db.models import (
    Arm,
    Campaign,
    CampaignMember,
    CampaignStatus,
    Change,
    ChangeRange,
    ChangeSet,
    ConsentEvent,
    Contact,
    Customer,
    CustomerTerm,
    Deal,
    DealMove,
    DealStage,
    Draft,
    Import,
    LineKind,
    MetricTarget,
    Need,
    Order,
    OrderLine,
    RecordTerm,
    SavedSegment,
    SavedView,
    SegmentKind,
    SegmentMember,
    SignInAttempt,
    TableVersion,
    Task,
    Team,
    Ticket,
    TicketEvent,
    TicketState,
    TicketStatus,
    User,
    UserSession,
    WorkspaceRow,
)  # fmt: skip
from crm_core.errors import SignInFailed
from crm_core.records import (
    campaigns,
    clusterings,
    customers,
    drafts,
    order_forms,
    record_search,
    record_service,
    refunds,
    saved_segments,
    sign_in,
    tickets,
    undo,
)
from crm_core.records.backwards import MODELS
from crm_core.records.kinds import KINDS
from crm_core.records.search import sort_key
from crm_core.records.terms import terms_of
from crm_core.records.ticket_times import times_of
from crm_core.workspace import Workspace
from tests.accounts import account
from tests.core.test_records_of_each_kind import FIRST

README = Path(__file__).resolve().parents[2] / "data" / "README.md"
SHA256 = re.compile(r"[0-9a-f]{64}")


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A demo workspace, then edited, deleted from, undone, with a draft and a failed sign-in."""
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("busy"), timezone="Europe/Berlin", currency="EUR", _env_file=None
    )  # type: ignore[call-arg]
    workspace = Workspace.open(settings, create=True)
    crm_core.demo.fill(workspace, customers=200, seed=3)
    ada = account(workspace.database, "Ada")
    with workspace.write(ada, "form") as session:
        new = customers.create(session=session, actor=ada, values={"name": "Ána Süß", "email": "ana@example.com"}).id
    for seen_version, values in (
        (1, {"name": "Anna Süß", "phone": "+4930901820"}),
        (2, {"city": "Bonn", "owner_id": ada.user_id}),
    ):
        with workspace.write(ada, "form") as session:
            customers.update(session=session, actor=ada, customer_id=new, seen_version=seen_version, values=values)
    with workspace.write(ada, "bulk_edit") as session:
        for customer in session.scalars(select(Customer).limit(20)):
            customer.tags = ["vip"]
        bulk = session.change_set_id()
    with workspace.write(ada, "form") as session:
        rule = saved_segments.create(
            session=session, actor=ada, values={"name": "A", "definition": {"all": []}}, kind=SegmentKind.RULE
        )
        saved_segments.create(
            session=session, actor=ada, values={"name": "B"}, kind=SegmentKind.HAND, member_ids=range(1, 50)
        )
        clusterings.keep(session=session, actor=ada, name="C", found_on=date(2026, 1, 31), definition={})
        for name in ("Draft", "Started"):
            started = campaigns.create(session=session, actor=ada, values={"name": name, "segment_id": rule.id}).id
    with workspace.write(ada, "form") as session:
        campaigns.start(
            session=session, actor=ada, campaign_id=started, candidates=np.arange(1, 150), timezone="Europe/Berlin"
        )
    _service_and_sales(workspace, ada)
    with workspace.write(ada, "form") as session:
        session.delete(session.get(Customer, new))
        gone = session.change_set_id()
    for set_id in (bulk, gone):
        with workspace.write(ada, "undo", cause_id=set_id) as session:
            undo.undo_change_set(session=session, actor=ada, change_set_id=set_id)
    with workspace.database.untracked() as session:
        drafts.save(session=session, actor=ada, form="customer:new", values={"name": "x"}, seen_version=None)
    with pytest.raises(SignInFailed):
        sign_in.sign_in(workspace.database, email="ada@example.com", password="wrong", address="127.0.0.1")
    yield workspace
    workspace.close()


def _service_and_sales(workspace: Workspace, ada: Actor) -> None:
    """One record of each kind and of what belongs to it, with some course of events."""
    with workspace.write(ada, "form") as session:
        firm = customers.create(session=session, actor=ada, values={"name": "Firm", "kind": "organisation"}).id
        new = {
            table: record_service.create(
                session=session, actor=ada, kind=KINDS[table],
                values=values | ({"customer_id": firm} if "customer_id" in KINDS[table].specs else {}),
            ).id
            for table, values in FIRST.items()
            if table != "orders"
        }  # fmt: skip
        line = {"line.new1.0.product_id": new["products"], "line.new1.0.quantity": 3, "line.new1.0.unit_price": "9.99"}
        order = order_forms.create(session=session, actor=ada, values={"customer_id": firm, **line})
        (sold,) = order_forms.lines(session=session, actor=ada, order_id=order.id)
        refunds.refund(session=session, actor=ada, order_id=order.id, pieces={sold.id: 2})
        session.add_all([Team(name="Second line"), SavedView(list_name="tickets", name="Mine", query={})])
        session.add_all(
            [ConsentEvent(customer_id=firm), MetricTarget(metric="orders", grain="month", target=Decimal(9))]
        )
    for table, field, values in (
        ("tickets", "status", ("waiting", "resolved", "open", "closed")),
        ("deals", "stage", ("proposal", "lost", "won")),
        ("needs", "status", ("planned", "done")),
        ("tasks", "is_done", (True, False, True)),
    ):
        for seen, value in enumerate(values, 1):
            with workspace.write(ada, "form") as session:
                record_service.update(
                    session=session, actor=ada, kind=KINDS[table], row_id=new[table], seen_version=seen,
                    values={field: value},
                )  # fmt: skip
    with workspace.write(ada, "form") as session:
        tickets.reply(session=session, actor=ada, ticket_id=new["tickets"], text="Done")


def every(workspace: Workspace, *columns: Any) -> list[Any]:
    with workspace.read() as session:
        return list(session.execute(select(*columns)).all())


def test_every_table_is_described_in_one_sentence() -> None:
    described = re.findall(r"^\| `(\w+)` \| (.+?) \|", README.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert sorted(name for name, _ in described) == sorted([*Base.metadata.tables, "alembic_version"])
    assert all(grain for _, grain in described)


def test_references_point_at_rows_that_are_there(busy: Workspace) -> None:
    with busy.read() as session:
        assert session.execute(text("PRAGMA foreign_key_check")).all() == []
        assert session.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
        assert session.scalars(text("SELECT count(*) FROM alembic_version")).one() == 1


def test_what_is_unique_is_unique_in_the_database_itself() -> None:
    unique = {
        (table.name, tuple(column.name for column in constraint.columns))
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if type(constraint).__name__ == "UniqueConstraint"
    }
    assert unique >= {
        ("customers", ("ref",)), ("products", ("code",)), ("orders", ("number",)), ("users", ("email",)),
        ("order_lines", ("order_id", "line_no")), ("drafts", ("user_id", "form")), ("user_sessions", ("token_hash",)),
        ("alert_firings", ("rule_id", "period_start")),
    }  # fmt: skip
    assert [column.name for column in Base.metadata.tables["alert_seen"].primary_key] == ["user_id", "firing_id"]


def test_customers_are_sorted_and_found_by_what_they_are_called(busy: Workspace) -> None:
    stored: dict[int, set[str]] = defaultdict(set)
    for customer_id, term in every(busy, CustomerTerm.customer_id, CustomerTerm.term):
        stored[customer_id].add(term)
    rows = every(busy, Customer)
    assert len(rows) > 200
    for (row,) in rows:
        assert row.sort_name == sort_key(row.name)
        assert row.kind in {"person", "organisation"}
        assert stored.pop(row.id) == terms_of(ref=row.ref, name=row.name, email=row.email, phone=row.phone)
    assert stored == {}


def test_lines_add_up(busy: Workspace) -> None:
    lines = every(busy, OrderLine)
    assert {line.kind for (line,) in lines} == {kind.value for kind in LineKind}
    for (line,) in lines:
        assert abs(line.amount - line.quantity * line.unit_price) <= abs(line.quantity) * Decimal("0.00005")
        assert line.amount * line.quantity >= 0 or line.unit_price < 0
    assert {row.order_id for (row,) in lines} == {row.id for (row,) in every(busy, Order)}
    sold = {(line.order_id, line.line_no): line for (line,) in lines if line.kind == LineKind.SALE}
    back: Counter[tuple[int, int]] = Counter()
    whole_of = {order.id: order.refund_of_id for (order,) in every(busy, Order)}
    for (line,) in lines:
        if whole_of[line.order_id] is not None:
            back[whole_of[line.order_id], line.line_no] -= line.quantity
    assert back
    assert all(pieces <= sold[whole].quantity for whole, pieces in back.items())


def test_segments_and_campaigns_point_at_their_lists(busy: Workspace) -> None:
    listed = Counter(every(busy, SegmentMember.segment_id, SegmentMember.list_number))
    for (segment,) in every(busy, SavedSegment):
        assert segment.kind in set(SegmentKind)
        assert segment.definition is None or segment.kind != SegmentKind.HAND
        assert not segment.is_live or segment.definition is not None
        assert segment.is_live or listed[(segment.id, segment.list_number)]
        assert segment.kind != SegmentKind.HAND or not segment.is_live
    arms = {
        tuple(row) for row in every(busy, CampaignMember.campaign_id, CampaignMember.list_number, CampaignMember.arm)
    }
    assert {arm for _, _, arm in arms} == set(Arm)
    for (campaign,) in every(busy, Campaign):
        has_list = {(campaign.id, campaign.list_number, arm) in arms for arm in Arm}
        assert has_list == {campaign.status != CampaignStatus.DRAFT}


def test_versions_of_a_record_follow_each_other_up_to_the_current_one(busy: Workspace) -> None:
    changes = every(busy, Change.table_name, Change.row_id, Change.row_version, Change.op, Change.before, Change.after)
    by_row: dict[tuple[str, int], list[tuple[int, str]]] = defaultdict(list)
    for change in sorted(changes, key=lambda change: (change.table_name, change.row_id, change.row_version)):
        by_row[change.table_name, change.row_id].append((change.row_version, change.op))
        if change.op == "update":
            assert change.before.keys() == change.after.keys() != set()
            assert change.before != change.after
    assert {op for found in by_row.values() for _, op in found} == {"insert", "update", "delete"}
    with busy.read() as session:
        for (table, row_id), found in by_row.items():
            counting = [version for version, op in found if op != "delete"]
            start = 1 if found[0][1] == "insert" else 2  # created in one go: its creation is kept as a span
            assert counting == list(range(start, start + len(counting)))
            assert session.get_one(MODELS[table], row_id).version == counting[-1]


def test_versions_of_a_table_have_no_gap_and_count_their_changes(busy: Workspace) -> None:
    n_changes = Counter((name, set_id) for name, set_id in every(busy, Change.table_name, Change.change_set_id))
    spans: dict[str, list[int]] = defaultdict(list)
    for (row,) in every(busy, ChangeRange):
        spans[row.table_name].append(row.table_version)
        assert row.n_changes == n_changes[row.table_name, row.change_set_id]
        assert row.n_created == 0 or 0 < row.first_created_id <= row.last_created_id
    assert {name: sorted(found) for name, found in spans.items()} == {
        row.table_name: list(range(1, row.table_version + 1)) for (row,) in every(busy, TableVersion)
    }


def test_what_is_undone_names_what_undid_it(busy: Workspace) -> None:
    sets = {row.id: row for (row,) in every(busy, ChangeSet)}
    undone = [row for row in sets.values() if row.undone_by_id is not None]
    assert len(undone) == 2
    assert all(sets[row.undone_by_id].cause == "undo" and sets[row.undone_by_id].cause_id == row.id for row in undone)
    assert all(row.change_set_id in sets for (row,) in every(busy, Import) if row.counts)


def test_there_is_one_workspace_and_its_people_are_known(busy: Workspace) -> None:
    ((row,),) = every(busy, WorkspaceRow)
    assert row.timezone in available_timezones()
    assert row.currency in get_global("all_currencies")
    people = [user for (user,) in every(busy, User)]
    assert all(user.email == user.email.lower() and user.role in set(Role) for user in people)
    assert all(SHA256.fullmatch(row.token_hash) for (row,) in every(busy, UserSession))
    attempts = every(busy, SignInAttempt)
    assert attempts
    assert all(SHA256.fullmatch(row.email_hash) for (row,) in attempts)
    assert len(every(busy, Draft)) == 1


def test_what_records_hold_of_their_parts_follows_from_them(busy: Workspace) -> None:
    states = dict(map(tuple, every(busy, TicketStatus.code, TicketStatus.state)))
    assert set(states.values()) == set(TicketState)
    stories: dict[int, list[TicketEvent]] = defaultdict(list)
    for (event,) in sorted(every(busy, TicketEvent), key=lambda row: (row[0].at, row[0].id)):
        stories[event.ticket_id].append(event)
    for (ticket,) in every(busy, Ticket):
        events = stories[ticket.id]
        assert events[0].kind == "opened"
        times = times_of(events, opened_by=ticket.opened_by)
        held = {name: getattr(ticket, name) for name in ("first_replied_at", "first_resolved_at", "resolved_at")}
        assert held == {name: getattr(times, name) for name in held}
        assert (ticket.reopened, ticket.state) == (times.reopened, states[ticket.status])
        is_waiting = ticket.state == "on_hold" and ticket.first_replied_at is not None  # nothing is owed meanwhile
        assert (ticket.due_at is None) == (ticket.state == "resolved" or is_waiting)
    outcomes = dict(map(tuple, every(busy, DealStage.code, DealStage.outcome)))
    steps: dict[int, list[DealMove]] = defaultdict(list)
    for (move,) in sorted(every(busy, DealMove), key=lambda row: (row[0].at, row[0].id)):
        steps[move.deal_id].append(move)
    for (deal,) in every(busy, Deal):
        moves = steps[deal.id]
        assert [move.before for move in moves] == [None, *(move.after for move in moves[:-1])]
        assert moves[-1].after == deal.stage
        assert deal.outcome == outcomes[deal.stage]
        assert (deal.closed_at is None) == (deal.outcome == "open")
        assert deal.lost_reason is None or deal.outcome == "lost"
    assert all((row.closed_at is None) == (row.status not in ("done", "declined")) for (row,) in every(busy, Need))
    assert all((row.done_at is None) != row.is_done for (row,) in every(busy, Task))
    kinds = dict(map(tuple, every(busy, Customer.id, Customer.kind)))
    assert all(kinds[person.customer_id] == "organisation" for (person,) in every(busy, Contact))
    for kind in KINDS.values():
        wanted = {
            (row.id, term)
            for (row,) in every(busy, kind.model)
            for term in record_search.terms_of(kind, {name: getattr(row, name) for name in kind.searched})
        }
        assert wanted or not kind.searched
        found = every(busy, RecordTerm.table_name, RecordTerm.row_id, RecordTerm.term)
        assert {(row_id, term) for table, row_id, term in found if table == kind.table} == wanted


def test_keys_are_never_given_out_twice(busy: Workspace) -> None:
    with busy.database.write(SYSTEM, "form") as session:
        session.add(Order(number="last", ordered_at=datetime(2026, 1, 1, tzinfo=UTC)))
    with busy.database.write(SYSTEM, "form") as session:
        last = session.scalars(select(Order).where(Order.number == "last")).one()
        highest = last.id
        session.delete(last)
    with busy.database.write(SYSTEM, "form") as session:
        again = Order(number="last", ordered_at=datetime(2026, 1, 1, tzinfo=UTC))
        session.add(again)
        session.flush()
        assert again.id == highest + 1
        session.delete(again)
    for model in MODELS.values():
        table = inspect(model).local_table
        assert isinstance(table, Table)
        assert table.dialect_options["sqlite"]["autoincrement"]
        assert every(busy, func.max(table.c.id))[0][0] > 0
