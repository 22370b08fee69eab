"""Views of lists: kept, shared, opened first, read-only for others, taken back; within permission and scope."""

from __future__ import annotations

from typing import Any

import pytest

from crm_core.access import PERMISSIONS, SYSTEM, Actor, Permission, Role
from crm_core.db.engine import Database
from crm_core.db.models import SavedView
from crm_core.errors import Conflict, Invalid, NotFound, PermissionDenied
from crm_core.records import history, saved_views, undo
from crm_core.records.saved_views import LISTS
from tests.accounts import account
from tests.core.changes import contents, undo_set

QUERY = {"q": "印机", "priority": "high", "sort": "-opened"}


def keep(database: Database, actor: Actor, name: str = "Urgent ones", **values: Any) -> int:
    given = {"list_name": "tickets", "name": name, "query": QUERY} | values
    with database.write(actor, "form") as session:
        return saved_views.create(session=session, actor=actor, **given).id


def change(database: Database, actor: Actor, view_id: int, seen: int = 1, **values: Any) -> tuple[str, ...]:
    with database.write(actor, "form") as session:
        return saved_views.update(session=session, actor=actor, view_id=view_id, seen_version=seen, values=values)


def offered(database: Database, actor: Actor, list_name: str = "tickets") -> list[tuple[str, bool, bool]]:
    """Name, whether it is theirs and whether their list begins with it, of the views of a list."""
    with database.read() as session:
        rows = saved_views.listed(session=session, actor=actor, list_name=list_name)
    return [(row.name, row.is_own, row.is_default) for row in rows]


def begin_with(database: Database, actor: Actor, view_id: int | None, list_name: str = "tickets") -> None:
    with database.untracked() as session:
        saved_views.set_default(session=session, actor=actor, list_name=list_name, view_id=view_id)


def begins_with(database: Database, actor: Actor, list_name: str = "tickets") -> str | None:
    with database.read() as session:
        view = saved_views.default_of(session=session, actor=actor, list_name=list_name)
    return None if view is None else view.name


@pytest.fixture
def lea(database: Database) -> Actor:
    return account(database, "Lea", role=Role.SUPPORT)


@pytest.fixture
def sam(database: Database) -> Actor:
    return account(database, "Sam", role=Role.STAFF)


def test_a_view_keeps_what_the_address_holds_and_is_ones_own_until_it_is_shared(
    database: Database, lea: Actor, sam: Actor
) -> None:
    view_id = keep(database, lea, " Urgent ones ")
    with database.read() as session:
        assert saved_views.get(session=session, actor=lea, view_id=view_id).query == QUERY
        with pytest.raises(NotFound):
            saved_views.get(session=session, actor=sam, view_id=view_id)
    assert offered(database, lea) == [("Urgent ones", True, False)]
    assert offered(database, sam) == offered(database, lea, "deals") == []
    change(database, lea, view_id, is_shared=True)
    assert offered(database, sam) == [("Urgent ones", False, False)]
    change(database, lea, view_id, seen=2, is_shared=False)
    assert offered(database, sam) == []


def test_ones_own_views_come_first_and_then_those_of_others_by_name(database: Database, lea: Actor, sam: Actor) -> None:
    for name in ("Zebra", "Aardvark"):
        keep(database, lea, name, is_shared=True)
    keep(database, sam, "Mine")
    assert [name for name, *_rest in offered(database, sam)] == ["Mine", "Aardvark", "Zebra"]


def test_a_shared_view_is_read_only_for_others_whatever_their_role(database: Database, lea: Actor) -> None:
    view_id = keep(database, lea, is_shared=True)
    before = contents(database)
    for role in Role:
        other = account(database, f"Other {role}", role=role)
        with pytest.raises(PermissionDenied, match="only who made it may change it"):
            change(database, other, view_id, name="Mine now")
        with pytest.raises(PermissionDenied), database.write(other, "form") as session:
            saved_views.remove(session=session, actor=other, view_id=view_id)
    assert contents(database) == before


@pytest.mark.parametrize("role", list(Role))
def test_sharing_takes_its_permission_and_keeping_ones_own_does_not(database: Database, role: Role) -> None:
    actor = account(database, "Somebody", role=role)
    view_id = keep(database, actor)
    if Permission.VIEWS_SHARE in PERMISSIONS[role]:
        change(database, actor, view_id, is_shared=True)
        keep(database, actor, "Another", is_shared=True)
        return
    with pytest.raises(PermissionDenied):
        change(database, actor, view_id, is_shared=True)
    with pytest.raises(PermissionDenied):
        keep(database, actor, "Another", is_shared=True)


@pytest.mark.parametrize("list_name", LISTS)
def test_views_of_a_list_are_for_those_who_may_see_it(
    database: Database, monkeypatch: pytest.MonkeyPatch, lea: Actor, list_name: str
) -> None:
    view_id = keep(database, lea, list_name=list_name, is_shared=True)
    assert offered(database, lea, list_name) == [("Urgent ones", True, False)]
    monkeypatch.setitem(PERMISSIONS, Role.SUPPORT, frozenset(Permission) - {LISTS[list_name]})
    with database.write(lea, "form") as session:
        for call in (
            lambda: saved_views.listed(session=session, actor=lea, list_name=list_name),
            lambda: saved_views.default_of(session=session, actor=lea, list_name=list_name),
            lambda: saved_views.set_default(session=session, actor=lea, list_name=list_name, view_id=None),
            lambda: saved_views.get(session=session, actor=lea, view_id=view_id),
            lambda: saved_views.remove(session=session, actor=lea, view_id=view_id),
            lambda: saved_views.create(session=session, actor=lea, list_name=list_name, name="B", query={}),
        ):
            with pytest.raises(PermissionDenied):
                call()


def test_the_list_begins_with_the_view_one_chose_as_long_as_one_may_open_it(
    database: Database, lea: Actor, sam: Actor
) -> None:
    view_id, own = keep(database, lea, is_shared=True), keep(database, sam, "Mine")
    for actor, chosen in ((sam, own), (sam, view_id), (lea, view_id)):
        begin_with(database, actor, chosen)
    assert begins_with(database, sam) == begins_with(database, lea) == "Urgent ones"
    assert offered(database, sam) == [("Mine", True, False), ("Urgent ones", False, True)]
    assert begins_with(database, sam, "deals") is None
    change(database, lea, view_id, is_shared=False)
    assert (begins_with(database, sam), begins_with(database, lea)) == (None, "Urgent ones")
    begin_with(database, lea, None)
    assert begins_with(database, lea) is None
    for list_name, wrong in (("deals", own), ("tickets", 99), ("tickets", view_id)):
        with pytest.raises(NotFound):
            begin_with(database, sam, wrong, list_name)


def test_a_deleted_view_is_nobodys_first_and_comes_back_by_undo(database: Database, lea: Actor, sam: Actor) -> None:
    view_id = keep(database, lea, is_shared=True)
    begin_with(database, sam, view_id)
    before = contents(database)
    with database.write(lea, "form") as session:
        saved_views.remove(session=session, actor=lea, view_id=view_id)
        session.flush()
        set_id = session.change_set_id()
    assert offered(database, lea) == []
    assert begins_with(database, sam) is None
    with pytest.raises(PermissionDenied):
        undo_set(database, sam, set_id)
    undo_set(database, lea, set_id)
    assert contents(database) == before


def test_who_sees_only_their_own_customers_keeps_and_takes_back_their_own_views(database: Database) -> None:
    ada = account(database, "Ada", role=Role.STAFF, sees_only_own=True)
    view_id = keep(database, ada)
    before = contents(database)
    change(database, ada, view_id, name="Renamed")
    with database.read() as session:
        entry = history.for_record(session=session, actor=ada, table="saved_views", row_id=view_id).entries[0]
    assert entry.is_undoable
    undo_set(database, ada, entry.change_set_id)
    assert contents(database) == before


def test_the_history_of_a_private_view_is_its_owners_alone(database: Database, lea: Actor) -> None:
    view_id = keep(database, lea)
    boss = account(database, "Boss", role=Role.MANAGER)
    with database.write(boss, "undo") as session:
        with pytest.raises(NotFound):
            history.for_record(session=session, actor=boss, table="saved_views", row_id=view_id)
        with pytest.raises(NotFound):
            undo.undo_change(session=session, actor=boss, change_id=1)
    with database.read() as session:
        assert history.for_record(session=session, actor=lea, table="saved_views", row_id=view_id).total == 1


def test_two_windows_that_rename_one_view_meet_in_a_conflict(database: Database, lea: Actor) -> None:
    view_id = keep(database, lea)
    change(database, lea, view_id, name="First")
    assert change(database, lea, view_id, query={"q": "x"}) == ("name",)
    with pytest.raises(Conflict):
        change(database, lea, view_id, name="Second")
    with database.read() as session:
        view = session.get_one(SavedView, view_id)
    assert (view.name, view.query) == ("First", {"q": "x"})


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"name": " "}, "name", "Give it a name."),
        ({"name": "Taken"}, "name", "You have a view “Taken” of this list already."),
        ({"query": {"q": "x" * 501}}, "query", "too much for a view"),
        ({"query": {str(n): "x" for n in range(41)}}, "query", "too much for a view"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_words(
    database: Database, lea: Actor, sam: Actor, values: dict[str, Any], field: str, words: str
) -> None:
    keep(database, lea, "Taken")
    keep(database, sam, "Taken")
    keep(database, lea, "Taken", list_name="deals")
    view_id = keep(database, lea, "Free")
    for call in (
        lambda: keep(database, lea, **{"name": "New"} | values),
        lambda: change(database, lea, view_id, **values),
    ):
        with pytest.raises(Invalid) as refused:
            call()
        assert words in str(refused.value.fields[field])


def test_only_accounts_have_views_and_only_of_lists_there_are(database: Database, lea: Actor) -> None:
    with pytest.raises(PermissionDenied):
        keep(database, SYSTEM)
    with pytest.raises(ValueError, match="not of moods"):
        keep(database, lea, list_name="moods")
