"""Customers to make segments and campaigns of, for tests of their records."""

from __future__ import annotations

from typing import Any

from crm_core.access import SYSTEM
from crm_core.db.engine import Database
from crm_core.db.models import Campaign, Customer, SavedSegment, SegmentKind
from crm_core.records import campaigns, saved_segments

BERLIN = {"all": [{"is": "field", "field": "city", "values": ["Berlin"]}]}


def add_customers(database: Database, n: int, *, consent: bool | None = True, first: int = 1, **values: Any) -> None:
    with database.write(SYSTEM, "form") as session:
        session.add_all(
            Customer(
                id=number,
                ref=f"C-{number}",
                name=f"Customer {number}",
                email=f"c{number}@example.com",
                has_marketing_consent=consent,
                **values,
            )
            for number in range(first, first + n)
        )


def add_segment(database: Database, name: str = "Berliners", actor: Any = SYSTEM, **given: Any) -> SavedSegment:
    with database.write(actor, "form") as session:
        return saved_segments.create(
            session=session,
            actor=actor,
            **{"values": {"name": name, "definition": BERLIN}, "kind": SegmentKind.RULE} | given,
        )


def by_hand(database: Database, members: list[int], name: str = "Chosen", actor: Any = SYSTEM) -> SavedSegment:
    return add_segment(database, actor=actor, values={"name": name}, kind=SegmentKind.HAND, member_ids=members)


def add_campaign(database: Database, segment_id: int, actor: Any = SYSTEM, **values: Any) -> Campaign:
    with database.write(actor, "form") as session:
        return campaigns.create(
            session=session, actor=actor, values={"name": "Spring", "segment_id": segment_id} | values
        )
