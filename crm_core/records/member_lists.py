"""The lists of customers that segments hold: each written once, never changed."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from crm_core.access import EVERYTHING, Scope
from crm_core.db.history import TrackedSession
from crm_core.db.models import Customer, SavedSegment, SegmentMember
from crm_core.records.arms import Ids
from crm_core.records.scope import customers_in

BATCH = 10_000
"""Rows that are written at a time."""


def visible(session: Session, scope: Scope, ids: Iterable[int]) -> Ids:
    """Those of the customers that are there and within the scope, rising, each once."""
    wanted = np.unique(np.fromiter((int(value) for value in ids), dtype=np.int64))
    if not len(wanted):
        return wanted
    between = Customer.id.between(int(wanted[0]), int(wanted[-1]))
    there = session.scalars(select(Customer.id).where(between, customers_in(scope)).order_by(Customer.id))
    return np.intersect1d(wanted, np.fromiter(there, dtype=np.int64), assume_unique=True)


def listed(session: Session, segment: SavedSegment, *, scope: Scope = EVERYTHING) -> Ids:
    """The customers on the list that the segment points at, rising, of those within the scope."""
    statement = select(SegmentMember.customer_id).where(
        SegmentMember.segment_id == segment.id, SegmentMember.list_number == segment.list_number
    )
    if not scope.is_everything:
        statement = statement.join(Customer, Customer.id == SegmentMember.customer_id).where(customers_in(scope))
    return np.fromiter(session.scalars(statement.order_by(SegmentMember.customer_id)), dtype=np.int64)


def write_list(session: TrackedSession, segment: SavedSegment, ids: Ids) -> None:
    """Write the segment's next list and point at it; the segment is locked or new."""
    last = session.scalar(select(func.max(SegmentMember.list_number)).where(SegmentMember.segment_id == segment.id))
    number = max(last or 0, segment.list_number) + 1
    for start in range(0, len(ids), BATCH):
        session.execute(
            insert(SegmentMember),
            [
                {"segment_id": segment.id, "list_number": number, "customer_id": customer_id}
                for customer_id in ids[start : start + BATCH].tolist()
            ],
        )
    segment.list_number = number
    session.flush()
