"""How many customers a segment held on the days it was looked at."""

from __future__ import annotations

from datetime import date

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm_core.access import Actor
from crm_core.db.models import SegmentSize
from crm_core.records import saved_segments


def note(*, session: Session, actor: Actor, segment_id: int, on: date, customers: int) -> None:
    """Keep how many customers the segment held on a day; the last count of a day stays. Nothing for a partial view.

    Raises:
        PermissionDenied: the role may not see segments.
        NotFound: there is no such segment.
    """
    saved_segments.get(session=session, actor=actor, segment_id=segment_id)
    if not actor.scope.is_everything or _set(session, segment_id, on, customers):
        return
    try:
        with session.begin_nested():
            session.execute(insert(SegmentSize).values({"segment_id": segment_id, "on": on, "customers": customers}))
    except IntegrityError:  # another reader counted at the same moment
        _set(session, segment_id, on, customers)


def of_segment(*, session: Session, actor: Actor, segment_id: int) -> list[tuple[date, int]]:
    """How many customers the segment held on each day it was looked at, oldest first; none for a partial view.

    Raises:
        PermissionDenied: the role may not see segments.
        NotFound: there is no such segment.
    """
    saved_segments.get(session=session, actor=actor, segment_id=segment_id)
    if not actor.scope.is_everything:
        return []
    rows = session.execute(
        select(SegmentSize.on, SegmentSize.customers)
        .where(SegmentSize.segment_id == segment_id)
        .order_by(SegmentSize.on)
    )
    return [(on, customers) for on, customers in rows]


def _set(session: Session, segment_id: int, on: date, customers: int) -> bool:
    """Overwrite the day's count; whether there was one."""
    is_of_day = (SegmentSize.segment_id == segment_id) & (SegmentSize.on == on)
    if session.scalar(select(SegmentSize.customers).where(is_of_day)) is None:
        return False
    session.execute(update(SegmentSize).where(is_of_day).values(customers=customers))
    return True
