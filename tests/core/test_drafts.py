"""Forms that were typed into and not saved."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from crm_core.access import Actor
from crm_core.db.engine import Database
from crm_core.errors import Invalid, PermissionDenied
from crm_core.records import drafts
from crm_core.records.drafts import SavedDraft
from tests.accounts import account


def save(database: Database, actor: Actor, form: str, seen_version: int | None = None, **values: Any) -> None:
    with database.untracked() as session:
        drafts.save(session=session, actor=actor, form=form, values=values, seen_version=seen_version)


def load(database: Database, actor: Actor, form: str) -> SavedDraft | None:
    with database.read() as session:
        return drafts.load(session=session, actor=actor, form=form)


def test_a_draft_survives_a_restart_with_every_type_of_value(database: Database) -> None:
    ada = account(database, "Ada")
    values = {
        "name": "Ána", "city": None, "birthday_on": date(1990, 1, 2), "tags": ["a"], "has_marketing_consent": False,
        "at": datetime(2026, 1, 2, 3, tzinfo=UTC), "amount": Decimal("1.10"),
        "custom": {"on": date(2020, 1, 1), "n": 1},
    }  # fmt: skip
    save(database, ada, "customer:17", 3, **values)
    reopened = Database(str(database.url))
    kept = load(reopened, ada, "customer:17")
    reopened.dispose()
    assert kept is not None
    assert (kept.form, kept.values, kept.seen_version) == ("customer:17", values, 3)
    assert kept.updated_at.tzinfo is not None


def test_the_newest_draft_of_a_form_replaces_the_one_before(database: Database) -> None:
    ada = account(database, "Ada")
    save(database, ada, "customer:17", 3, name="An")
    first = load(database, ada, "customer:17")
    save(database, ada, "customer:17", 4, city="Bonn")
    kept = load(database, ada, "customer:17")
    assert kept is not None
    assert first is not None
    assert (kept.values, kept.seen_version) == ({"city": "Bonn"}, 4)
    assert kept.updated_at > first.updated_at


def test_drafts_belong_to_one_person_and_one_form(database: Database) -> None:
    ada, bob = account(database, "Ada"), account(database, "Bob")
    save(database, ada, "customer:17", name="Ana")
    assert load(database, bob, "customer:17") is None
    assert load(database, ada, "customer:18") is None
    save(database, bob, "customer:17", name="Bob's")
    kept = load(database, ada, "customer:17")
    assert kept is not None
    assert kept.values == {"name": "Ana"}


def test_a_discarded_draft_is_gone_and_discarding_nothing_is_fine(database: Database) -> None:
    ada = account(database, "Ada")
    save(database, ada, "customer:17", name="Ana")
    for _ in range(2):
        with database.untracked() as session:
            drafts.discard(session=session, actor=ada, form="customer:17")
        assert load(database, ada, "customer:17") is None


def test_all_drafts_of_a_person_are_listed_newest_first(database: Database) -> None:
    ada, bob = account(database, "Ada"), account(database, "Bob")
    for actor, form in ((ada, "customer:1"), (bob, "customer:2"), (ada, "customer:3"), (ada, "customer:1")):
        save(database, actor, form, name="x")
    with database.read() as session:
        assert [draft.form for draft in drafts.list_all(session=session, actor=ada)] == ["customer:1", "customer:3"]


def test_without_an_account_there_is_nowhere_to_keep_a_draft(database: Database, admin: Actor) -> None:
    with pytest.raises(PermissionDenied, match=r"Ada Admin has no account, so there is nowhere to keep a draft\."):
        save(database, admin, "customer:17", name="Ana")
    assert load(database, admin, "customer:17") is None


def test_a_draft_too_long_to_keep_is_refused_in_words(database: Database) -> None:
    with pytest.raises(Invalid, match="too long to keep as a draft; at most 200000 characters fit"):
        save(database, account(database, "Ada"), "customer:17", notes="x" * 200_001)
