"""Campaigns as records: drafted, started with a hold-out, exported without it, ended, taken back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.access import SYSTEM, Role
from crm_core.db.engine import Database
from crm_core.db.models import Arm, Campaign, Customer
from crm_core.errors import Conflict, Invalid, NotFound, PermissionDenied
from crm_core.records import campaign_export, campaigns, history
from crm_core.records.arms import held_out
from crm_core.records.campaigns import FrozenList
from tests.accounts import account
from tests.core.changes import undo_change
from tests.core.marketing import add_campaign, add_customers, add_segment

NEW_YEARS_EVE = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)


@pytest.fixture
def draft(database: Database) -> Campaign:
    """A campaign for 40 customers who agreed, 5 who did not and 5 who were never asked."""
    add_customers(database, 40)
    add_customers(database, 5, first=41, consent=False)
    add_customers(database, 5, first=46, consent=None)
    return add_campaign(database, add_segment(database).id, holdout_bp=2_500, window_days=14, contact_cost="0.50")


def start(
    database: Database, campaign_id: int, ids: Any = range(1, 51), actor: Any = SYSTEM, **given: Any
) -> FrozenList:
    with database.write(actor, "form") as session:
        return campaigns.start(
            session=session,
            actor=actor,
            campaign_id=campaign_id,
            candidates=np.array(list(ids), dtype=np.int64),
            **{"timezone": "Europe/Berlin", "at": NEW_YEARS_EVE} | given,
        )


def arm(database: Database, campaign_id: int, which: Arm, actor: Any = SYSTEM) -> list[int]:
    with database.read() as session:
        return campaigns.members(session=session, actor=actor, campaign_id=campaign_id, arm=which).tolist()


def get(database: Database, campaign_id: int) -> Campaign:
    with database.read() as session:
        return campaigns.get(session=session, actor=SYSTEM, campaign_id=campaign_id)


def exported(database: Database, campaign_id: int, actor: Any = SYSTEM) -> set[str]:
    with database.write(actor, "export") as session:
        return {
            contact.ref for contact in campaign_export.export(session=session, actor=actor, campaign_id=campaign_id)
        }


def test_starting_freezes_a_list_of_those_who_agreed_and_draws_the_arms(database: Database, draft: Campaign) -> None:
    assert start(database, draft.id) == FrozenList(n_treated=30, n_held_out=10, n_without_consent=10)
    treated, held = arm(database, draft.id, Arm.TREATED), arm(database, draft.id, Arm.HELD_OUT)
    assert sorted(treated + held) == list(range(1, 41))
    started = get(database, draft.id)
    assert started.status == "running"
    assert (started.starts_on, started.ends_on) == (date(2027, 1, 1), date(2027, 1, 15))  # the local days
    with database.read() as session:
        row = campaigns.list_all(session=session, actor=SYSTEM)[0]
    assert (row.segment_name, row.n_treated, row.n_held_out) == ("Berliners", 30, 10)


def test_the_window_counts_the_days_of_the_workspaces_zone(database: Database, draft: Campaign) -> None:
    start(database, draft.id, timezone="America/New_York")
    assert get(database, draft.id).starts_on == date(2026, 12, 31)


def test_the_export_never_holds_anyone_held_out_nor_who_took_the_agreement_back(
    database: Database, draft: Campaign
) -> None:
    start(database, draft.id)
    treated, held = arm(database, draft.id, Arm.TREATED), arm(database, draft.id, Arm.HELD_OUT)
    assert exported(database, draft.id) == {f"C-{customer_id}" for customer_id in treated}
    with database.write(SYSTEM, "form") as session:
        session.get_one(Customer, treated[0]).has_marketing_consent = False
    assert exported(database, draft.id) == {f"C-{customer_id}" for customer_id in treated[1:]}
    assert exported(database, draft.id).isdisjoint({f"C-{customer_id}" for customer_id in held})
    assert arm(database, draft.id, Arm.TREATED) == treated  # still compared: leaving them out would bias
    with database.read() as session:
        entries = history.for_record(session=session, actor=SYSTEM, table="campaigns", row_id=draft.id).entries
    assert [entry.cause for entry in entries] == ["export", "form", "form"]  # noted once, the first time


def test_a_draft_and_an_ended_campaign_have_nothing_to_export(database: Database, draft: Campaign) -> None:
    with pytest.raises(Invalid, match="Only a running campaign"):
        exported(database, draft.id)
    start(database, draft.id)
    with database.write(SYSTEM, "form") as session:
        campaigns.end(session=session, actor=SYSTEM, campaign_id=draft.id, timezone="Europe/Berlin", at=NEW_YEARS_EVE)
    with pytest.raises(Invalid, match="Only a running campaign"):
        exported(database, draft.id)
    ended = get(database, draft.id)
    assert (ended.status, ended.ends_on) == ("ended", date(2027, 1, 2))  # cut off after today


def test_a_campaign_starts_once(database: Database, draft: Campaign) -> None:
    start(database, draft.id)
    with pytest.raises(Invalid, match="has started already"):
        start(database, draft.id)


def test_a_start_that_is_taken_back_can_be_repeated_and_keeps_nearly_every_arm(
    database: Database, draft: Campaign
) -> None:
    start(database, draft.id)
    first = set(arm(database, draft.id, Arm.HELD_OUT))
    with database.read() as session:
        entry = history.for_record(session=session, actor=SYSTEM, table="campaigns", row_id=draft.id).entries[0]
    assert entry.change_id is not None
    undo_change(database, SYSTEM, entry.change_id)
    assert get(database, draft.id).status == "draft"
    assert arm(database, draft.id, Arm.HELD_OUT) == []
    add_customers(database, 1, first=60)
    start(database, draft.id, ids=[*range(1, 41), 60])
    assert len(first & set(arm(database, draft.id, Arm.HELD_OUT))) >= len(first) - 1


def test_too_few_who_agreed_are_refused_in_words(database: Database, draft: Campaign) -> None:
    with pytest.raises(Invalid, match="Fewer than two customers of the segment agreed"):
        start(database, draft.id, ids=[1, 41, 46, 999])
    assert get(database, draft.id).status == "draft"


def test_what_decides_list_and_claim_stays_once_the_list_is_frozen(database: Database, draft: Campaign) -> None:
    start(database, draft.id)

    def update(**values: Any) -> None:
        with database.write(SYSTEM, "form") as session:
            campaigns.update(session=session, actor=SYSTEM, campaign_id=draft.id, seen_version=2, values=values)

    for name, value in {"window_days": 90, "holdout_bp": 100, "seed": 9, "is_stratified": True}.items():
        with pytest.raises(Invalid, match="The list is frozen"):
            update(**{name: value})
    update(contact_cost="0.75", margin_bp=4_000, name="Summer")
    assert (get(database, draft.id).contact_cost, get(database, draft.id).name) == (Decimal("0.75"), "Summer")


def test_two_who_change_the_same_field_of_a_draft_meet_a_conflict(database: Database, draft: Campaign) -> None:
    def update(**values: Any) -> tuple[str, ...]:
        with database.write(SYSTEM, "form") as session:
            return campaigns.update(session=session, actor=SYSTEM, campaign_id=draft.id, seen_version=1, values=values)

    update(window_days=30)
    assert update(channel="e-mail") == ("window_days",)
    with pytest.raises(Conflict, match="window_days"):
        update(window_days=60)


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"name": ""}, "name", "Give it a name."),
        ({"segment_id": None}, "segment_id", "Choose a segment."),
        ({"segment_id": 99}, "segment_id", "There is no such segment."),
        ({"contact_cost": "-1"}, "contact_cost", "an amount of money of 0 or more"),
        ({"contact_cost": "much"}, "contact_cost", "an amount of money of 0 or more"),
        ({"contact_cost": "NaN"}, "contact_cost", "an amount of money of 0 or more"),
        ({"margin_bp": 10_001}, "margin_bp", "a share from 0 % to 100 %"),
        ({"window_days": 0}, "window_days", "a whole number from 1 to 365"),
        ({"holdout_bp": 0}, "holdout_bp", "a share from 0.01 % to 50 %"),
        ({"holdout_bp": True}, "holdout_bp", "a share from 0.01 % to 50 %"),
        ({"channel": "x" * 65}, "channel", "at most 64 characters"),
    ],
)
def test_what_cannot_be_saved_is_said_beside_its_field(
    database: Database, values: dict[str, Any], field: str, words: str
) -> None:
    segment = add_segment(database)
    with pytest.raises(Invalid) as refused:
        add_campaign(database, **{"segment_id": segment.id} | values)
    assert words in str(refused.value.fields[field])


def test_who_sees_only_their_own_lists_and_exports_only_their_own(database: Database, draft: Campaign) -> None:
    own = account(database, "Mei", Role.MARKETING, sees_only_own=True)
    add_customers(database, 10, first=100, owner_id=own.user_id)
    start(database, draft.id, ids=[*range(1, 41), *range(100, 110)])
    seen = {which: set(arm(database, draft.id, which, own)) for which in Arm}
    assert seen[Arm.TREATED] | seen[Arm.HELD_OUT] == set(range(100, 110))
    assert exported(database, draft.id, own) == {f"C-{customer_id}" for customer_id in seen[Arm.TREATED]}
    mine = add_campaign(database, draft.segment_id, own)
    assert start(database, mine.id, range(1, 200), own).n_without_consent == 189


def test_exporting_takes_a_permission_of_its_own(database: Database, draft: Campaign) -> None:
    start(database, draft.id)
    staff = account(database, "Stella", Role.STAFF)
    with pytest.raises(PermissionDenied):
        exported(database, draft.id, staff)


def test_a_campaign_that_is_not_there_is_not_found(database: Database) -> None:
    with database.read() as session, pytest.raises(NotFound, match="There is no campaign 7"):
        campaigns.get(session=session, actor=SYSTEM, campaign_id=7)


@given(
    n=st.integers(2, 300),
    holdout_bp=st.integers(1, 5_000),
    seed=st.integers(0, 2**31 - 1),
    n_strata=st.integers(1, 5),
)
def test_a_draw_has_its_share_in_all_and_in_every_stratum_to_one_customer(
    n: int, holdout_bp: int, seed: int, n_strata: int
) -> None:
    ids = np.arange(1, n + 1, dtype=np.int64) * 7
    strata = ids % n_strata
    drawn = held_out(ids, holdout_bp=holdout_bp, seed=seed, strata=strata)
    assert 1 <= drawn.sum() <= n - 1
    assert abs(drawn.sum() - n * holdout_bp / 10_000) <= 1
    for stratum in range(n_strata):
        inside = strata == stratum
        assert abs(drawn[inside].sum() - inside.sum() * holdout_bp / 10_000) <= 1.5
    again = held_out(ids[::-1], holdout_bp=holdout_bp, seed=seed, strata=strata[::-1])[::-1]
    assert (drawn == again).all()


def test_a_draw_is_no_pattern_of_the_keys_and_every_seed_draws_anew() -> None:
    ids = np.arange(1, 20_001, dtype=np.int64)
    one, other = (held_out(ids, holdout_bp=2_000, seed=seed) for seed in (1, 2))
    assert abs((one & other).sum() - 800) < 120  # a fifth of a fifth, within four standard deviations
    for modulus in (2, 3, 7, 10):
        shares = [one[ids % modulus == rest].mean() for rest in range(modulus)]
        assert max(shares) - min(shares) < 0.06
    assert abs(np.corrcoef(one[:-1], one[1:])[0, 1]) < 0.03


def test_a_draw_of_nobody_or_of_everybody_is_refused() -> None:
    ids = np.array([1, 2], dtype=np.int64)
    with pytest.raises(ValueError, match="two customers"):
        held_out(ids[:1], holdout_bp=1_000, seed=1)
    with pytest.raises(ValueError, match="one arm empty"):
        held_out(ids, holdout_bp=10_000, seed=1)
    with pytest.raises(ValueError, match="needs a stratum"):
        held_out(ids, holdout_bp=1_000, seed=1, strata=ids[:1])
