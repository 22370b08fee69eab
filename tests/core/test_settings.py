"""Settings: targets and working hours move when open tickets are due, undo moves them back; nothing is pulled away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from crm_core.access import SYSTEM, Actor, Role
from crm_core.db.engine import Database
from crm_core.db.models import BusinessCalendar, Change, ChangeSet, SlaTarget, Ticket, WorkspaceRow
from crm_core.errors import Conflict, Invalid, NotFound, PermissionDenied
from crm_core.records import history, record_service, team_members, tickets, undo
from crm_core.records.deals import DEALS
from crm_core.records.record_kind import RecordKind
from crm_core.records.settings_kinds import CALENDARS, SETTINGS, STAGES, STATUSES, TARGETS, TEAMS
from crm_core.records.team_members import MemberChange
from crm_core.records.tickets import TICKETS
from tests.accounts import account
from tests.core.changes import contents
from tests.core.test_records_of_each_kind import create as create_record

NORMAL = 3  # the target of normal priority in a new workspace: 480 and 2400 minutes of office hours
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def in_utc(database: Database) -> Database:
    with database.untracked() as session:
        session.execute(update(WorkspaceRow).values(timezone="UTC"))
    return database


def change(
    database: Database, kind: RecordKind, row_id: int, seen: int = 1, actor: Actor = SYSTEM, **values: Any
) -> Any:
    with database.write(actor, "form") as session:
        return record_service.update(
            session=session, actor=actor, kind=kind, row_id=row_id, seen_version=seen, values=values
        )


def add(database: Database, kind: RecordKind, actor: Actor = SYSTEM, **values: Any) -> Any:
    with database.write(actor, "form") as session:
        return record_service.create(session=session, actor=actor, kind=kind, values=values)


def ticket(database: Database, opened_at: datetime = MONDAY, **values: Any) -> int:
    with database.write(SYSTEM, "form") as session:
        made = record_service.create(session=session, actor=SYSTEM, kind=TICKETS, values={"subject": "Late"} | values)
        made.opened_at = opened_at
        session.flush()
        (opened,) = tickets._events(session, made.id)
        opened.at = opened_at
        TICKETS.settle(session, [made])
        return int(made.id)


def join(database: Database, team_id: int, *joining: Actor, actor: Actor, leaving: Sequence[Actor] = ()) -> None:
    with database.write(actor, "form") as session:
        team_members.change_members(
            session=session,
            actor=actor,
            team_id=team_id,
            joining=[one.user_id for one in joining if one.user_id is not None],
            leaving=[one.user_id for one in leaving if one.user_id is not None],
        )


def members(database: Database) -> dict[int, list[int]]:
    with database.read() as session:
        return team_members.members(session=session, actor=SYSTEM)


def due(database: Database, ticket_id: int) -> tuple[datetime | None, datetime | None, datetime | None]:
    with database.read() as session:
        held = session.get_one(Ticket, ticket_id)
    return held.response_due_at, held.resolution_due_at, held.due_at


def last_set(database: Database) -> int:
    with database.read() as session:
        return session.scalars(select(func.max(ChangeSet.id))).one()


def take_back(database: Database, set_id: int | None = None) -> Any:
    set_id = set_id or last_set(database)
    with database.write(SYSTEM, "undo", cause_id=set_id) as session:
        return undo.undo_change_set(session=session, actor=SYSTEM, change_set_id=set_id)


def test_another_target_moves_when_open_tickets_of_its_priority_are_due_and_undo_moves_them_back(
    in_utc: Database,
) -> None:
    waiting, urgent = ticket(in_utc), ticket(in_utc, priority="urgent")
    resolved, replied = ticket(in_utc, status="resolved"), ticket(in_utc)
    with in_utc.write(SYSTEM, "form") as session:
        tickets.reply(session=session, actor=SYSTEM, ticket_id=replied, text="Hello")
    # Monday 9:00 and 8 working hours of 9 to 17 end on Monday at 17:00; 40 hours on Friday at 17:00.
    assert due(in_utc, waiting)[:2] == (MONDAY + timedelta(hours=8), datetime(2026, 3, 6, 17, tzinfo=UTC))
    before = contents(in_utc)
    kept = due(in_utc, urgent), due(in_utc, resolved)
    change(in_utc, TARGETS, NORMAL, response_minutes=90, resolution_minutes=600)
    tuesday = datetime(2026, 3, 3, 11, tzinfo=UTC)  # ten working hours: eight on Monday, two on Tuesday
    assert due(in_utc, waiting) == (MONDAY + timedelta(minutes=90), tuesday, MONDAY + timedelta(minutes=90))
    assert due(in_utc, replied)[1:] == (tuesday, tuesday)
    assert (due(in_utc, urgent), due(in_utc, resolved)) == kept
    with in_utc.read() as session:
        touched = session.execute(
            select(Change.table_name, func.count())
            .where(Change.change_set_id == last_set(in_utc))
            .group_by(Change.table_name)
        ).all()
    assert sorted(map(tuple, touched)) == [("sla_targets", 1), ("tickets", 2)]
    assert take_back(in_utc).conflicts == ()
    assert contents(in_utc) == before


def test_other_working_hours_and_holidays_move_what_is_counted_in_them_and_undo_moves_it_back(
    in_utc: Database,
) -> None:
    waiting = ticket(in_utc)
    before = contents(in_utc)
    change(in_utc, CALENDARS, 1, holidays="2026-03-02\n2026-03-04")
    tuesday = datetime(2026, 3, 3, 17, tzinfo=UTC)
    assert due(in_utc, waiting)[0] == tuesday
    with in_utc.read() as session:
        hours = dict(session.get_one(BusinessCalendar, 1).hours)
    change(in_utc, CALENDARS, 1, seen=2, hours=hours | {"1": [["10:00", "12:00"], ["13:00", "19:00"]]})
    assert due(in_utc, waiting)[0] == datetime(2026, 3, 3, 19, tzinfo=UTC)
    assert take_back(in_utc).conflicts == ()
    assert due(in_utc, waiting)[0] == tuesday
    change(in_utc, CALENDARS, 1, seen=4, holidays=[])
    assert contents(in_utc) == before


def test_a_target_counted_by_day_and_night_and_one_without_an_end(in_utc: Database) -> None:
    waiting = ticket(in_utc)
    change(in_utc, TARGETS, NORMAL, calendar_id=None, resolution_minutes=None)
    assert due(in_utc, waiting) == (MONDAY + timedelta(hours=8), None, MONDAY + timedelta(hours=8))


@pytest.mark.parametrize(
    ("values", "field", "says"),
    [
        ({"hours": {"0": [["9", "17:00"]]}}, "hours", "Write hours as"),
        ({"hours": {"0": [["17:00", "09:00"]]}}, "hours", "each ends after it begins"),
        ({"hours": {"0": [["09:00", "12:00"], ["11:00", "13:00"]]}}, "hours", "follow each other"),
        ({"hours": {}}, "hours", "on one day at least"),
        ({"holidays": "25.12.2026"}, "holidays", "'25.12.2026' is not a date"),
        ({"name": " "}, "name", "Give it a name."),
    ],
)
def test_hours_that_cannot_be_are_refused_and_nothing_moves(
    in_utc: Database, values: dict[str, Any], field: str, says: str
) -> None:
    ticket(in_utc)
    before = contents(in_utc)
    with pytest.raises(Invalid) as invalid:
        change(in_utc, CALENDARS, 1, **values)
    assert says in str(invalid.value.fields[field])
    assert contents(in_utc) == before


def test_two_who_change_one_target_are_merged_or_asked(in_utc: Database) -> None:
    change(in_utc, TARGETS, NORMAL, response_minutes=60)
    assert change(in_utc, TARGETS, NORMAL, resolution_minutes=999).merged == ("response_minutes",)
    with pytest.raises(Conflict) as conflict:
        change(in_utc, TARGETS, NORMAL, response_minutes=30)
    assert [(one.original, one.theirs, one.yours) for one in conflict.value.fields] == [(480, 60, 30)]
    with in_utc.read() as session:
        held = session.get_one(SlaTarget, NORMAL)
    assert (held.response_minutes, held.resolution_minutes) == (60, 999)


def test_what_a_status_or_a_stage_means_stays_while_something_is_in_it(in_utc: Database) -> None:
    own = add(in_utc, STATUSES, name="Asked the maker", state="on_hold")
    assert own.code == "asked_the_maker"
    change(in_utc, STATUSES, own.id, state="open")
    held = ticket(in_utc, status="asked_the_maker")
    with pytest.raises(Invalid) as invalid:
        change(in_utc, STATUSES, own.id, seen=2, state="resolved")
    assert str(invalid.value.fields["state"]).startswith("1 records have this")
    change(in_utc, STATUSES, own.id, seen=2, name="With the maker")
    assert due(in_utc, held)[2] is not None
    stage = add(in_utc, STAGES, name="审批", outcome="open", probability_bp=9000)
    assert stage.code == "own"
    with in_utc.write(SYSTEM, "form") as session:
        record_service.create(session=session, actor=SYSTEM, kind=DEALS, values={"name": "Fans", "stage": "own"})
    with pytest.raises(Invalid):
        change(in_utc, STAGES, stage.id, outcome="won")
    change(in_utc, STAGES, stage.id, probability_bp=8000)


def test_a_resolved_ticket_is_measured_by_what_it_was_promised(in_utc: Database) -> None:
    resolved = ticket(in_utc, status="resolved")
    promised = due(in_utc, resolved)
    change(in_utc, TARGETS, NORMAL, response_minutes=90, resolution_minutes=600)
    with in_utc.write(SYSTEM, "form") as session:
        tickets.note(session=session, actor=SYSTEM, ticket_id=resolved, text="Thanked us by phone")
    change(in_utc, TICKETS, resolved, seen=99, is_satisfied=True)
    assert due(in_utc, resolved) == promised
    take_back(in_utc)
    assert due(in_utc, resolved) == promised

    change(in_utc, TICKETS, resolved, seen=99, priority="urgent")
    assert due(in_utc, resolved)[:2] != promised[:2]
    take_back(in_utc)
    assert due(in_utc, resolved) == promised  # not what its old priority is promised by now

    change(in_utc, TICKETS, resolved, seen=99, status="open")
    assert due(in_utc, resolved)[0] == MONDAY + timedelta(minutes=90)  # open again, it follows the targets


def test_an_account_is_in_one_team_and_joins_by_those_who_may(database: Database) -> None:
    ada, bob = account(database, "Ada", role=Role.MANAGER), account(database, "Bob", role=Role.SUPPORT)
    first, second = (add(database, TEAMS, ada, name=name).id for name in ("First", "Second"))
    with pytest.raises(Invalid):
        add(database, TEAMS, name="First")
    join(database, first, ada, bob, actor=ada)
    join(database, second, bob, actor=ada)
    assert members(database) == {first: [ada.user_id], second: [bob.user_id]}
    join(database, first, leaving=[ada, bob], actor=ada)
    assert members(database) == {second: [bob.user_id]}
    with pytest.raises(PermissionDenied):
        join(database, first, bob, actor=bob)
    with pytest.raises(NotFound):
        join(database, 99, bob, actor=ada)
    with pytest.raises(Invalid), database.write(ada, "form") as session:
        team_members.change_members(session=session, actor=ada, team_id=first, joining=[999])


def test_who_joined_and_left_is_in_the_history_of_both_teams_and_undone_there(database: Database) -> None:
    ada, bob = account(database, "Ada", role=Role.MANAGER), account(database, "Bob", role=Role.SUPPORT)
    first, second = (add(database, TEAMS, ada, name=name).id for name in ("First", "Second"))
    join(database, first, ada, bob, actor=ada)
    before = contents(database)
    join(database, second, bob, actor=ada)
    moved = last_set(database)
    with database.read() as session:
        entries = [
            history.for_record(session=session, actor=ada, table="teams", row_id=team).entries
            for team in (first, second)
        ]
        said = [
            team_members.member_changes(session=session, actor=ada, team_id=team, change_set_ids=[moved])
            for team in (first, second)
        ]
    assert [page[0].change_set_id for page in entries] == [moved, moved]
    assert [page[0].is_undoable for page in entries] == [True, True]
    assert said == [{moved: MemberChange((), ("Bob",))}, {moved: MemberChange(("Bob",), ())}]
    assert take_back(database).conflicts == ()
    assert contents(database) == before

    join(database, first, leaving=[ada], actor=ada)
    left = last_set(database)
    with database.read() as session:
        assert team_members.member_changes(session=session, actor=ada, team_id=first, change_set_ids=[left]) == {
            left: MemberChange((), ("Ada",))
        }
    join(database, second, bob, actor=ada)
    assert take_back(database, left).conflicts == ()  # others came and went meanwhile
    assert members(database) == {first: [ada.user_id], second: [bob.user_id]}


def test_a_team_with_members_is_not_undone_away(database: Database) -> None:
    ada = account(database, "Ada", role=Role.MANAGER)
    team = add(database, TEAMS, ada, name="First").id
    made = last_set(database)
    join(database, team, ada, actor=ada)
    assert take_back(database, made).conflicts
    assert members(database) == {team: [ada.user_id]}


@pytest.mark.parametrize("table", SETTINGS)
def test_admins_and_managers_change_settings_and_nobody_else_does(database: Database, table: str) -> None:
    kind = SETTINGS[table]
    if kind is TEAMS:
        add(database, TEAMS, name="First")
    field = {"sla_targets": "response_minutes", "deal_stages": "position", "ticket_statuses": "position"}.get(table)
    for number, role in enumerate(Role, 1):
        actor = account(database, role.value.title(), role=role)
        with database.read() as session:
            seen = record_service.get(session=session, actor=actor, kind=kind, row_id=1).version
        values: dict[str, Any] = {field: number} if field else {"name": f"N{number}"}
        if role in {Role.ADMIN, Role.MANAGER}:
            change(database, kind, 1, seen, actor, **values)
        else:
            before = contents(database)
            with pytest.raises(PermissionDenied):
                change(database, kind, 1, seen, actor, **values)
            assert contents(database) == before


def test_many_open_tickets_are_retimed_batch_by_batch(in_utc: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm_core.records.retiming._BATCH", 2)
    some = [create_record(in_utc, TICKETS) for _ in range(5)]
    before = [due(in_utc, one) for one in some]
    change(in_utc, TARGETS, NORMAL, response_minutes=1)
    assert all(new[0] < old[0] for new, old in zip([due(in_utc, one) for one in some], before, strict=True))  # type: ignore[operator]
