"""When a customer agreed to marketing or refused it, how, and who wrote it down."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.access import Actor
from crm_core.db.history import TrackedSession
from crm_core.db.models import Change, ConsentEvent, Customer
from crm_core.records import customers

FIELD = "has_marketing_consent"


def history(*, session: Session, actor: Actor, customer_id: int) -> list[ConsentEvent]:
    """What the customer said about marketing, the latest first.

    Raises:
        PermissionDenied: the role may not see customers.
        NotFound: there is no such customer, or the actor may not see it.
    """
    customers.get(session=session, actor=actor, customer_id=customer_id)
    statement = select(ConsentEvent).where(ConsentEvent.customer_id == customer_id)
    return list(session.scalars(statement.order_by(ConsentEvent.at.desc(), ConsentEvent.id.desc())))


def of_change(session: Session, change: Change) -> list[Change]:
    """The changes that wrote down, in the same change set, what a change of a customer did to the consent."""
    if change.table_name != Customer.__tablename__:
        return []
    written = session.scalars(
        select(Change).where(
            Change.change_set_id == change.change_set_id, Change.table_name == ConsentEvent.__tablename__
        )
    )
    return [item for item in written if (item.after or item.before or {}).get("customer_id") == change.row_id]


def remove_with(session: TrackedSession, customer_ids: Sequence[int]) -> None:
    """Remove what customers said together with them, so that history keeps it."""
    for event in session.scalars(select(ConsentEvent).where(ConsentEvent.customer_id.in_(customer_ids))):
        session.delete(event)
    session.flush()
