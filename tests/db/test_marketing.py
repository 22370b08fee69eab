"""Saved segments and campaigns on SQLite, PostgreSQL and MariaDB: the same answers from each."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from crm_core.access import SYSTEM
from crm_core.db.engine import Database
from crm_core.db.models import Arm
from crm_core.errors import Conflict, Invalid
from crm_core.records import campaign_export, campaigns, history, saved_segments, segment_sizes, undo
from tests.core.marketing import BERLIN, add_campaign, add_customers, add_segment, by_hand


def undo_newest(database: Database, table: str, row_id: int) -> None:
    with database.read() as session:
        entry = history.for_record(session=session, actor=SYSTEM, table=table, row_id=row_id).entries[0]
    assert entry.change_id is not None
    with database.write(SYSTEM, "undo") as session:
        undo.undo_change(session=session, actor=SYSTEM, change_id=entry.change_id)


def test_segments_are_changed_listed_sized_and_taken_back_on_every_database(any_database: Database) -> None:
    add_customers(any_database, 12)
    rule, chosen = add_segment(any_database, "Åland 王"), by_hand(any_database, [3, 1, 2])
    with any_database.write(SYSTEM, "form") as session:
        saved_segments.update(
            session=session, actor=SYSTEM, segment_id=rule.id, seen_version=1, values={"name": "åland 王"}
        )
    with any_database.write(SYSTEM, "form") as session, pytest.raises(Conflict, match="name"):
        saved_segments.update(session=session, actor=SYSTEM, segment_id=rule.id, seen_version=1, values={"name": "X"})
    with any_database.write(SYSTEM, "form") as session:
        saved_segments.change_members(session=session, actor=SYSTEM, segment_id=chosen.id, add=[9], remove=[1])
    for customers in (5, 6):
        with any_database.untracked() as session:
            segment_sizes.note(
                session=session, actor=SYSTEM, segment_id=rule.id, on=date(2026, 1, 2), customers=customers
            )

    def members() -> list[int]:
        with any_database.read() as session:
            return saved_segments.members(session=session, actor=SYSTEM, segment_id=chosen.id).tolist()

    assert members() == [2, 3, 9]
    undo_newest(any_database, "saved_segments", chosen.id)
    assert members() == [1, 2, 3]
    with any_database.read() as session:
        rows = {row.name: row for row in saved_segments.list_all(session=session, actor=SYSTEM)}
        assert saved_segments.get(session=session, actor=SYSTEM, segment_id=rule.id).definition == BERLIN
    assert set(rows) == {"Chosen", "åland 王"}
    assert (rows["åland 王"].size, rows["åland 王"].sized_on) == (6, date(2026, 1, 2))


def test_a_campaign_starts_once_exports_its_arm_and_ends_on_every_database(any_database: Database) -> None:
    add_customers(any_database, 40)
    add_customers(any_database, 3, first=41, consent=False)
    draft = add_campaign(any_database, add_segment(any_database).id, holdout_bp=2_500, contact_cost="0.1234")
    candidates = np.arange(1, 44, dtype=np.int64)
    with any_database.write(SYSTEM, "form") as session:
        frozen = campaigns.start(
            session=session, actor=SYSTEM, campaign_id=draft.id, candidates=candidates, timezone="Europe/Berlin"
        )
    assert (frozen.n_treated, frozen.n_held_out, frozen.n_without_consent) == (30, 10, 3)
    with any_database.write(SYSTEM, "form") as session, pytest.raises(Invalid, match="has started already"):
        campaigns.start(
            session=session, actor=SYSTEM, campaign_id=draft.id, candidates=candidates, timezone="Europe/Berlin"
        )
    with any_database.write(SYSTEM, "export") as session:
        contacts = campaign_export.export(session=session, actor=SYSTEM, campaign_id=draft.id)
    with any_database.read() as session:
        row = campaigns.list_all(session=session, actor=SYSTEM)[0]
        held = campaigns.members(session=session, actor=SYSTEM, campaign_id=draft.id, arm=Arm.HELD_OUT)
    assert (row.n_treated, row.n_held_out, str(row.campaign.contact_cost)) == (30, 10, "0.1234")
    assert not {contact.ref for contact in contacts} & {f"C-{customer_id}" for customer_id in held}
    # The draw is the same on every database: it depends on keys and seed alone.
    assert held.tolist() == [3, 5, 9, 13, 20, 22, 25, 26, 32, 39]
    with any_database.write(SYSTEM, "form") as session:
        campaigns.end(session=session, actor=SYSTEM, campaign_id=draft.id, timezone="Europe/Berlin")
    undo_newest(any_database, "campaigns", draft.id)
    with any_database.read() as session:
        assert campaigns.get(session=session, actor=SYSTEM, campaign_id=draft.id).status == "running"
