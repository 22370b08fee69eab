"""Saved segments as records: created, changed by several, listed by hand, frozen, removed, taken back."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from crm_core.access import SYSTEM, Role, Scope
from crm_core.db.engine import Database
from crm_core.db.models import SegmentKind
from crm_core.errors import Conflict, Invalid, NotFound, PermissionDenied
from crm_core.records import history, saved_segments, segment_sizes
from tests.accounts import account
from tests.core.changes import undo_change
from tests.core.marketing import BERLIN, add_customers, add_segment, by_hand

PARIS = {"all": [{"is": "field", "field": "city", "values": ["Paris"]}]}


def members(database: Database, segment_id: int, actor: Any = SYSTEM) -> list[int]:
    with database.read() as session:
        return saved_segments.members(session=session, actor=actor, segment_id=segment_id).tolist()


def names(database: Database) -> list[str]:
    with database.read() as session:
        return [row.name for row in saved_segments.list_all(session=session, actor=SYSTEM)]


def last_change(database: Database, segment_id: int) -> int:
    with database.read() as session:
        entry = history.for_record(session=session, actor=SYSTEM, table="saved_segments", row_id=segment_id).entries[0]
    assert entry.change_id is not None
    return entry.change_id


def test_a_segment_keeps_its_rule_and_its_owner(database: Database) -> None:
    mei = account(database, "Mei", Role.MARKETING)
    made = add_segment(database, "  Berliners ", actor=mei)
    with database.read() as session:
        kept = saved_segments.get(session=session, actor=mei, segment_id=made.id)
        rows = saved_segments.list_all(session=session, actor=mei)
    assert (kept.name, kept.definition, kept.is_live, kept.owner_id) == ("Berliners", BERLIN, True, mei.user_id)
    assert [(row.name, row.owner_name, row.size) for row in rows] == [("Berliners", "Mei", None)]


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"values": {"name": "  ", "definition": BERLIN}}, "name", "Give it a name."),
        ({"values": {"name": "x" * 121, "definition": BERLIN}}, "name", "A name has at most 120 characters."),
        ({"values": {"name": "B", "definition": None}}, "definition", "A live segment needs a rule."),
        ({"values": {"name": "B", "definition": ["x"]}}, "definition", "A rule is an object of conditions."),
        ({"kind": SegmentKind.HAND, "values": {"name": "B"}}, "members", "Choose at least one customer."),
        ({"kind": SegmentKind.HAND, "values": {"name": "B"}, "member_ids": [999]}, "members", "at least one"),
        ({"is_live": False}, "members", "A frozen segment needs its list of customers."),
        ({"values": {"name": "Taken", "definition": BERLIN}}, "name", "There is a segment “Taken” already."),
        ({"values": {"name": "B", "definition": BERLIN, "note": "x" * 2001}}, "note", "at most 2000"),
    ],
)
def test_what_cannot_be_saved_is_said_beside_its_field(
    database: Database, given: dict[str, Any], field: str, words: str
) -> None:
    add_segment(database, "Taken")
    with pytest.raises(Invalid) as refused:
        add_segment(database, **given)
    assert words in str(refused.value.fields[field])
    assert names(database) == ["Taken"]


def test_two_who_change_different_fields_both_succeed_and_the_same_field_is_a_conflict(database: Database) -> None:
    segment = add_segment(database)
    mei = account(database, "Mei", Role.MARKETING)

    def update(seen_version: int, **values: Any) -> tuple[str, ...]:
        with database.write(mei, "form") as session:
            return saved_segments.update(
                session=session, actor=mei, segment_id=segment.id, seen_version=seen_version, values=values
            )

    update(1, name="Locals")
    assert update(1, definition=PARIS) == ("name",)
    with pytest.raises(Conflict) as conflict:
        update(1, name="Neighbours")
    assert [(item.original, item.theirs, item.yours) for item in conflict.value.fields] == [
        ("Berliners", "Locals", "Neighbours")
    ]
    assert names(database) == ["Locals"]


def test_a_change_of_the_rule_is_taken_back(database: Database) -> None:
    segment = add_segment(database)
    with database.write(SYSTEM, "form") as session:
        saved_segments.update(
            session=session, actor=SYSTEM, segment_id=segment.id, seen_version=1, values={"definition": PARIS}
        )
    undo_change(database, SYSTEM, last_change(database, segment.id))
    with database.read() as session:
        assert saved_segments.get(session=session, actor=SYSTEM, segment_id=segment.id).definition == BERLIN


def test_customers_are_added_by_hand_and_taking_that_back_brings_the_old_list_back(database: Database) -> None:
    add_customers(database, 5)
    segment = by_hand(database, [2, 1, 2])
    with database.write(SYSTEM, "form") as session:
        n = saved_segments.change_members(
            session=session, actor=SYSTEM, segment_id=segment.id, add=[4, 999], remove=[1, 5]
        )
    assert (n, members(database, segment.id)) == (2, [2, 4])
    undo_change(database, SYSTEM, last_change(database, segment.id))
    assert members(database, segment.id) == [1, 2]
    with database.write(SYSTEM, "form") as session, pytest.raises(Invalid, match="at least one customer"):
        saved_segments.change_members(session=session, actor=SYSTEM, segment_id=segment.id, remove=[1, 2])


def test_a_list_written_after_an_undo_never_overwrites_an_older_one(database: Database) -> None:
    add_customers(database, 5)
    segment = by_hand(database, [1])
    for customer_id in (2, 3):
        with database.write(SYSTEM, "form") as session:
            saved_segments.change_members(session=session, actor=SYSTEM, segment_id=segment.id, add=[customer_id])
    second = last_change(database, segment.id)
    undo_change(database, SYSTEM, second)
    with database.write(SYSTEM, "form") as session:
        saved_segments.change_members(session=session, actor=SYSTEM, segment_id=segment.id, add=[5])
    assert members(database, segment.id) == [1, 2, 5]


def test_a_segment_with_a_rule_takes_nobody_by_hand(database: Database) -> None:
    add_customers(database, 1)
    segment = add_segment(database)
    with database.write(SYSTEM, "form") as session, pytest.raises(Invalid, match="change the rule instead"):
        saved_segments.change_members(session=session, actor=SYSTEM, segment_id=segment.id, add=[1])


def test_freezing_keeps_the_members_and_thawing_lets_the_rule_speak_again(database: Database) -> None:
    add_customers(database, 3)
    segment = add_segment(database)
    assert members(database, segment.id) == []
    with database.write(SYSTEM, "form") as session:
        saved_segments.freeze(session=session, actor=SYSTEM, segment_id=segment.id, member_ids=[3, 1])
    assert members(database, segment.id) == [1, 3]
    with database.write(SYSTEM, "form") as session:
        saved_segments.thaw(session=session, actor=SYSTEM, segment_id=segment.id)
    assert members(database, segment.id) == []
    by_name = by_hand(database, [1])
    with database.write(SYSTEM, "form") as session, pytest.raises(Invalid, match="has no rule to follow"):
        saved_segments.thaw(session=session, actor=SYSTEM, segment_id=by_name.id)


def test_a_removed_segment_leaves_the_list_frees_its_name_and_comes_back(database: Database) -> None:
    segment = add_segment(database)
    with database.write(SYSTEM, "form") as session:
        saved_segments.remove(session=session, actor=SYSTEM, segment_id=segment.id)
    assert names(database) == []
    other = add_segment(database)
    with (
        database.write(SYSTEM, "form") as session,
        pytest.raises(Invalid, match="There is a segment “Berliners” already"),
    ):
        saved_segments.restore(session=session, actor=SYSTEM, segment_id=segment.id)
    with database.write(SYSTEM, "form") as session:
        saved_segments.remove(session=session, actor=SYSTEM, segment_id=other.id)
    with database.write(SYSTEM, "form") as session:
        saved_segments.restore(session=session, actor=SYSTEM, segment_id=segment.id)
    assert names(database) == ["Berliners"]


def test_who_sees_only_their_own_sees_and_chooses_only_their_own(database: Database) -> None:
    own = account(database, "Mei", Role.MARKETING, sees_only_own=True)
    add_customers(database, 2)
    add_customers(database, 2, first=3, owner_id=own.user_id)
    segment = by_hand(database, [1, 2, 3])
    assert members(database, segment.id, own) == [3]
    with database.write(own, "form") as session:
        saved_segments.change_members(session=session, actor=own, segment_id=segment.id, add=[1, 4], remove=[2])
    assert members(database, segment.id) == [1, 2, 3, 4]
    rule = add_segment(database)
    with database.write(own, "form") as session, pytest.raises(PermissionDenied, match="only your own customers"):
        saved_segments.freeze(session=session, actor=own, segment_id=rule.id, member_ids=[3])


def test_sizes_are_kept_one_a_day_and_never_from_a_partial_view(database: Database) -> None:
    segment = add_segment(database)
    own = account(database, "Mei", Role.MARKETING, sees_only_own=True)
    assert own.scope == Scope(own.user_id)

    def note(actor: Any, day: int, customers: int) -> None:
        with database.untracked() as session:
            segment_sizes.note(
                session=session, actor=actor, segment_id=segment.id, on=date(2026, 1, day), customers=customers
            )

    note(SYSTEM, 2, 7)
    note(SYSTEM, 1, 5)
    note(SYSTEM, 2, 8)
    note(own, 2, 1)
    with database.read() as session:
        ask = {"session": session, "segment_id": segment.id}
        assert segment_sizes.of_segment(actor=SYSTEM, **ask) == [(date(2026, 1, 1), 5), (date(2026, 1, 2), 8)]
        assert segment_sizes.of_segment(actor=own, **ask) == []
        assert saved_segments.list_all(session=session, actor=SYSTEM)[0].size == 8
        assert saved_segments.list_all(session=session, actor=own)[0].size is None


def test_the_history_of_a_segment_is_for_those_who_may_see_segments(database: Database) -> None:
    segment = add_segment(database)
    staff = account(database, "Stella", Role.STAFF)
    with database.read() as session, pytest.raises(PermissionDenied):
        history.for_record(session=session, actor=staff, table="saved_segments", row_id=segment.id)


def test_a_segment_that_is_not_there_is_not_found(database: Database) -> None:
    with database.read() as session, pytest.raises(NotFound, match="There is no segment 7"):
        saved_segments.get(session=session, actor=SYSTEM, segment_id=7)
