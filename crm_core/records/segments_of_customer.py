"""Which saved segments a customer is on the list of."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.access import Actor, Permission
from crm_core.db.models import SavedSegment, SegmentMember
from crm_core.records import customers


def holding(*, session: Session, actor: Actor, customer_id: int) -> list[SavedSegment]:
    """The fixed lists that hold the customer, by name; live segments hold whom their rule finds and are not looked at.

    Raises:
        PermissionDenied: the role may not see segments, or customers.
        NotFound: there is no such customer, or the actor may not see it.
    """
    actor.require(Permission.SEGMENTS_VIEW)
    customers.get(session=session, actor=actor, customer_id=customer_id)
    is_on_list = (
        select(SegmentMember.customer_id)
        .where(
            SegmentMember.segment_id == SavedSegment.id,
            SegmentMember.list_number == SavedSegment.list_number,
            SegmentMember.customer_id == customer_id,
        )
        .exists()
    )
    fixed = select(SavedSegment).where(SavedSegment.is_removed.is_(False), SavedSegment.is_live.is_(False), is_on_list)
    return list(session.scalars(fixed.order_by(SavedSegment.name, SavedSegment.id)))


def live(*, session: Session, actor: Actor) -> list[SavedSegment]:
    """The segments that follow a rule, by name.

    Raises:
        PermissionDenied: the role may not see segments.
    """
    actor.require(Permission.SEGMENTS_VIEW)
    following = select(SavedSegment).where(SavedSegment.is_removed.is_(False), SavedSegment.is_live)
    return list(session.scalars(following.order_by(SavedSegment.name, SavedSegment.id)))
