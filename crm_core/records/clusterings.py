"""Clusterings that were kept: found on the customers of one day, laid on those of any other.

What one holds is read and applied in `analytics.clustering`; here it is kept, with who did so and when. It never
changes: groups found anew are another one, so that sizes and moves are always measured by the same yardstick.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.access import Actor, Permission
from crm_core.db.history import TrackedSession
from crm_core.db.models import KeptClustering, User
from crm_core.errors import FieldError, Invalid, NotFound
from crm_core.records.marketing_fields import clean_name


@dataclass(frozen=True)
class KeptRow:
    """One line of the list: found on the customers of `found_on`, kept at `kept_at` by `owner_name`."""

    id: int
    name: str
    found_on: date
    kept_at: datetime
    owner_name: str | None


def list_all(*, session: Session, actor: Actor) -> list[KeptRow]:
    """The clusterings that are not removed, newest first.

    Raises:
        PermissionDenied: the role may not see segments.
    """
    actor.require(Permission.SEGMENTS_VIEW)
    rows = session.execute(
        select(KeptClustering, User.name)
        .outerjoin(User, User.id == KeptClustering.owner_id)
        .where(KeptClustering.is_removed.is_(False))
        .order_by(KeptClustering.created_at.desc(), KeptClustering.id.desc())
    )
    return [KeptRow(kept.id, kept.name, kept.found_on, kept.created_at, owner) for kept, owner in rows]


def get(*, session: Session, actor: Actor, clustering_id: int) -> KeptClustering:
    """The clustering, a removed one too.

    Raises:
        PermissionDenied: the role may not see segments.
        NotFound: there is no such clustering.
    """
    actor.require(Permission.SEGMENTS_VIEW)
    kept = session.get(KeptClustering, clustering_id)
    if kept is None:
        raise NotFound("There is no clustering {id}.", id=clustering_id)
    return kept


def keep(
    *, session: TrackedSession, actor: Actor, name: str, found_on: date, definition: Mapping[str, Any]
) -> KeptClustering:
    """Keep a clustering under a name of its own.

    Raises:
        PermissionDenied: the role may not save segments.
        Invalid: no name, one too long, or one in use.
    """
    actor.require(Permission.SEGMENTS_SAVE)
    cleaned = clean_name(name)
    in_use = select(KeptClustering.id).where(KeptClustering.name == cleaned, KeptClustering.is_removed.is_(False))
    if session.scalars(in_use.limit(1)).first() is not None:
        raise Invalid({"name": FieldError("Another clustering is called '{name}'.", {"name": cleaned})})
    kept = KeptClustering(name=cleaned, found_on=found_on, definition=dict(definition), owner_id=actor.user_id)
    session.add(kept)
    session.flush()
    return kept


def remove(*, session: TrackedSession, actor: Actor, clustering_id: int) -> None:
    """Take a clustering off the list; what it holds stays, and the removal can be taken back.

    Raises:
        PermissionDenied: the role may not save segments.
        NotFound: there is no such clustering.
    """
    actor.require(Permission.SEGMENTS_SAVE)
    get(session=session, actor=actor, clustering_id=clustering_id).is_removed = True
    session.flush()
