"""Deals follow their stage: outcome, closing and history; corrections keep the day a deal closed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from crm_core.access import SYSTEM
from crm_core.db.engine import Database
from crm_core.db.models import Deal, DealStage
from crm_core.errors import Invalid
from crm_core.records import deals, record_service, undo
from crm_core.records.deals import DEALS


def changed(database: Database, **values: Any) -> Deal:
    with database.write(SYSTEM, "form") as session:
        if not values.pop("is_new", False):
            seen = session.get_one(Deal, 1).version
            return record_service.update(
                session=session, actor=SYSTEM, kind=DEALS, row_id=1, seen_version=seen, values=values
            ).row
        return record_service.create(session=session, actor=SYSTEM, kind=DEALS, values=values)


def test_a_deal_closes_when_it_is_won_and_opens_again(database: Database) -> None:
    new = changed(database, is_new=True, name="A")
    assert (new.number, new.stage, new.outcome, new.closed_at) == ("D-000001", "prospecting", "open", None)
    assert changed(database, stage="proposal").stage_since > new.opened_at
    won = changed(database, stage="won")
    assert (won.outcome, won.closed_at) == ("won", won.stage_since)
    lost = changed(database, stage="lost", lost_reason="price")
    assert (lost.outcome, lost.closed_at) == ("lost", won.closed_at)  # a correction: it closed when it closed
    with pytest.raises(Invalid) as invalid:
        changed(database, stage="proposal")
    assert set(invalid.value.fields) == {"lost_reason"}
    assert changed(database, stage="proposal", lost_reason=None).closed_at is None
    with database.read() as session:
        moves = deals.moves_of(session=session, actor=SYSTEM, deal_id=1)
    assert [(move.before, move.after) for move in moves] == [
        (None, "prospecting"), ("prospecting", "proposal"), ("proposal", "won"), ("won", "lost"), ("lost", "proposal"),
    ]  # fmt: skip


def test_an_edit_long_after_does_not_move_the_day_it_was_won(database: Database) -> None:
    changed(database, is_new=True, name="A", stage="won")
    before = changed(database, amount="10").closed_at
    assert changed(database, name="B").closed_at == before


def test_undoing_a_move_takes_it_out_of_the_history(database: Database) -> None:
    changed(database, is_new=True, name="A")
    first = changed(database, stage="won")
    assert first.closed_at is not None
    changed(database, name="B")
    with database.write(SYSTEM, "undo", cause_id=2) as session:
        undo.undo_change_set(session=session, actor=SYSTEM, change_set_id=2)
    with database.read() as session:
        deal = session.get_one(Deal, 1)
        moves = deals.moves_of(session=session, actor=SYSTEM, deal_id=1)
    assert (deal.stage, deal.outcome, deal.closed_at, deal.name) == ("prospecting", "open", None, "B")
    assert deal.stage_since == deal.opened_at
    assert len(moves) == 1


@pytest.mark.parametrize(
    "values", [{"stage": "nowhere"}, {"amount": "-1"}, {"amount": "1.00001"}, {"amount": "NaN"},
               {"probability_bp": 10_001}, {"expected_close_on": "31.12.2026"}, {"name": ""}],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_field(database: Database, values: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as invalid:
        changed(database, is_new=True, **({"name": "A"} | values))
    assert set(invalid.value.fields) == set(values)


def test_the_chance_is_the_deals_own_or_that_of_its_stage(database: Database) -> None:
    with database.write(SYSTEM, "form") as session:
        own, staged = (
            record_service.create(session=session, actor=SYSTEM, kind=DEALS, values={"name": "Fans"} | values).id
            for values in ({"probability_bp": 1234}, {"stage": "proposal"})
        )
    with database.read() as session:
        (of_stage,) = session.scalars(select(DealStage.probability_bp).where(DealStage.code == "proposal")).all()
        found = deals.chances(session=session, actor=SYSTEM, deal_ids=[own, staged, 99])
    assert found == {own: 1234, staged: of_stage}
