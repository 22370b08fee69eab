"""Saved segments: named groups of customers, by a rule or chosen by hand, live or frozen.

What a rule says is read and evaluated in `analytics.segment_rules`; here it is kept. A live segment holds whoever
meets its rule when it is looked at; any other holds a list. Lists are never changed: an edit writes the next one and
points at it, so that taking the edit back brings the old members back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_core.access import Actor, Permission
from crm_core.db.history import TrackedSession
from crm_core.db.models import SavedSegment, SegmentKind, SegmentSize, User
from crm_core.errors import FieldError, Invalid, NotFound, PermissionDenied
from crm_core.records.arms import Ids
from crm_core.records.edits import fitted_edit
from crm_core.records.marketing_fields import clean_name, clean_note
from crm_core.records.member_lists import listed, visible, write_list

FIELDS = ("name", "note", "definition")
MAX_BY_HAND = 10_000
"""So many customers can be chosen one by one; more than that is a rule."""


@dataclass(frozen=True)
class SegmentRow:
    """One line of the list of segments; `size` and `sized_on` as last looked at, None before the first time."""

    id: int
    version: int
    name: str
    kind: str
    is_live: bool
    owner_name: str | None
    size: int | None
    sized_on: date | None


def list_all(*, session: Session, actor: Actor) -> list[SegmentRow]:
    """The segments that are not removed, by name. Sizes are those of all customers, for who may see all.

    Raises:
        PermissionDenied: the role may not see segments.
    """
    actor.require(Permission.SEGMENTS_VIEW)
    newest = (
        select(SegmentSize.segment_id, func.max(SegmentSize.on).label("last_on"))
        .group_by(SegmentSize.segment_id)
        .subquery()
    )
    rows = session.execute(
        select(SavedSegment, User.name, SegmentSize.customers, SegmentSize.on)
        .outerjoin(User, User.id == SavedSegment.owner_id)
        .outerjoin(newest, newest.c.segment_id == SavedSegment.id)
        .outerjoin(SegmentSize, (SegmentSize.segment_id == SavedSegment.id) & (SegmentSize.on == newest.c.last_on))
        .where(SavedSegment.is_removed.is_(False))
        .order_by(SavedSegment.name, SavedSegment.id)
    )
    may_count = actor.scope.is_everything
    return [
        SegmentRow(
            id=segment.id,
            version=segment.version,
            name=segment.name,
            kind=segment.kind,
            is_live=segment.is_live,
            owner_name=owner,
            size=size if may_count else None,
            sized_on=on if may_count else None,
        )
        for segment, owner, size, on in rows
    ]


def get(*, session: Session, actor: Actor, segment_id: int) -> SavedSegment:
    """The segment, a removed one too.

    Raises:
        PermissionDenied: the role may not see segments.
        NotFound: there is no such segment.
    """
    actor.require(Permission.SEGMENTS_VIEW)
    segment = session.get(SavedSegment, segment_id)
    if segment is None:
        raise NotFound("There is no segment {id}.", id=segment_id)
    return segment


def members(*, session: Session, actor: Actor, segment_id: int) -> Ids:
    """The keys of the customers on the segment's list, rising, of those the actor may see; none of a live segment.

    Raises:
        PermissionDenied: the role may not see segments.
        NotFound: there is no such segment.
    """
    segment = get(session=session, actor=actor, segment_id=segment_id)
    if segment.is_live:
        return np.empty(0, dtype=np.int64)
    return listed(session, segment, scope=actor.scope)


def create(
    *,
    session: TrackedSession,
    actor: Actor,
    values: Mapping[str, Any],
    kind: SegmentKind,
    is_live: bool = True,
    member_ids: Iterable[int] | None = None,
) -> SavedSegment:
    """Save a segment: a rule (`values["definition"]`), or a list of members where it is not live.

    Raises:
        PermissionDenied: the role may not save segments.
        Invalid: values that cannot be saved, by field; a name in use; a rule or a list that is missing.
    """
    actor.require(Permission.SEGMENTS_SAVE)
    cleaned = _cleaned({"name": None, "definition": None} | dict(values), {})
    _check_name(session, cleaned["name"], None)
    chosen = visible(session, actor.scope, member_ids) if member_ids is not None else None
    if kind is SegmentKind.HAND:
        is_live, cleaned["definition"] = False, None
        _check_by_hand(chosen)
    elif is_live and cleaned["definition"] is None:
        raise Invalid({"definition": FieldError("A live segment needs a rule.")})
    if not is_live and chosen is None:
        raise Invalid({"members": FieldError("A frozen segment needs its list of customers.")})
    segment = SavedSegment(**cleaned, kind=kind.value, is_live=is_live, owner_id=actor.user_id)
    session.add(segment)
    session.flush()
    if not is_live and chosen is not None:
        write_list(session, segment, chosen)
    return segment


def update(
    *, session: TrackedSession, actor: Actor, segment_id: int, seen_version: int, values: Mapping[str, Any]
) -> tuple[str, ...]:
    """Change name, note or rule of a segment read at `seen_version`; the fields whose values stay someone else's.

    Raises:
        PermissionDenied: the role may not save segments.
        NotFound: there is no such segment.
        Invalid: values that cannot be saved, by field.
        Conflict: others gave the same fields other values since; nothing is saved.
    """
    segment = _locked(session, actor, segment_id)
    edit = fitted_edit(session, segment, fields=FIELDS, seen_version=seen_version, values=values, clean=_cleaned)
    if "name" in edit.apply:
        _check_name(session, edit.apply["name"], segment.id)
    if "definition" in edit.apply and edit.apply["definition"] is None and segment.is_live:
        raise Invalid({"definition": FieldError("A live segment needs a rule.")})
    if edit.apply.get("definition") is not None and segment.kind == SegmentKind.HAND:
        raise Invalid({"definition": FieldError("A segment that was chosen by hand has no rule to follow.")})
    for name, value in edit.apply.items():
        setattr(segment, name, value)
    session.flush()
    return edit.kept


def change_members(
    *,
    session: TrackedSession,
    actor: Actor,
    segment_id: int,
    add: Collection[int] = (),
    remove: Collection[int] = (),
) -> int:
    """Add customers to a segment chosen by hand, or take some off it; how many it holds then.

    Two who do so at once both succeed. Customers the actor may not see are neither added nor taken off.

    Raises:
        PermissionDenied: the role may not save segments.
        NotFound: there is no such segment.
        Invalid: the segment is not chosen by hand, would be empty, or would hold more than 10,000.
    """
    segment = _locked(session, actor, segment_id)
    if segment.kind != SegmentKind.HAND:
        raise Invalid({"members": FieldError("This segment follows a rule; change the rule instead.")})
    now = listed(session, segment)
    added, removed = visible(session, actor.scope, add), visible(session, actor.scope, remove)
    changed = np.setdiff1d(np.union1d(now, added), removed)
    _check_by_hand(changed)
    if not np.array_equal(changed, now):
        write_list(session, segment, changed)
    return len(changed)


def freeze(*, session: TrackedSession, actor: Actor, segment_id: int, member_ids: Iterable[int]) -> None:
    """Keep today's members of a live segment: from now on they are its members, whatever changes.

    Raises:
        PermissionDenied: the role may not save segments, or the actor sees only some of the customers.
        NotFound: there is no such segment.
    """
    segment = _locked(session, actor, segment_id)
    if not actor.scope.is_everything:
        raise PermissionDenied("You see only your own customers, so you cannot freeze a segment of everybody's.")
    write_list(session, segment, visible(session, actor.scope, member_ids))
    segment.is_live = False
    session.flush()


def thaw(*, session: TrackedSession, actor: Actor, segment_id: int) -> None:
    """Let a frozen segment follow its rule again.

    Raises:
        PermissionDenied: the role may not save segments.
        NotFound: there is no such segment.
        Invalid: it has no rule.
    """
    segment = _locked(session, actor, segment_id)
    if segment.definition is None:
        raise Invalid({"definition": FieldError("This segment has no rule to follow.")})
    segment.is_live = True
    session.flush()


def restore(*, session: TrackedSession, actor: Actor, segment_id: int) -> None:
    """Put a removed segment back on the lists.

    Raises:
        PermissionDenied: the role may not save segments.
        NotFound: there is no such segment.
        Invalid: another segment has its name by now.
    """
    segment = _locked(session, actor, segment_id)
    _check_name(session, segment.name, segment.id)
    segment.is_removed = False
    session.flush()


def remove(*, session: TrackedSession, actor: Actor, segment_id: int) -> None:
    """Take a segment off the lists; its campaigns keep it, and `restore` or undo brings it back.

    Raises:
        PermissionDenied: the role may not save segments.
        NotFound: there is no such segment.
    """
    segment = _locked(session, actor, segment_id)
    segment.is_removed = True
    session.flush()


def _locked(session: TrackedSession, actor: Actor, segment_id: int) -> SavedSegment:
    actor.require(Permission.SEGMENTS_SAVE)
    segment = session.scalars(
        select(SavedSegment)
        .where(SavedSegment.id == segment_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if segment is None:
        raise NotFound("There is no segment {id}.", id=segment_id)
    return segment


def _cleaned(values: Mapping[str, Any], _known: Mapping[str, Any]) -> dict[str, Any]:
    cleaners = {"name": clean_name, "note": clean_note, "definition": _clean_definition}
    errors: dict[str, FieldError] = {}
    cleaned: dict[str, Any] = {}
    for name, value in values.items():
        if name not in cleaners:
            raise TypeError(f"a segment has no field {name}")
        try:
            cleaned[name] = cleaners[name](value)
        except Invalid as error:
            errors |= error.fields
    if errors:
        raise Invalid(errors)
    return cleaned


def _clean_definition(value: Any) -> dict[str, Any] | None:
    if value is not None and not isinstance(value, dict):
        raise Invalid({"definition": FieldError("A rule is an object of conditions.")})
    return value or None


def _check_name(session: Session, name: str, own_id: int | None) -> None:
    taken = select(SavedSegment.id).where(SavedSegment.name == name, SavedSegment.is_removed.is_(False))
    if session.scalars(taken.where(SavedSegment.id != (own_id or 0)).limit(1)).first() is not None:
        raise Invalid({"name": FieldError("There is a segment “{name}” already.", {"name": name})})


def _check_by_hand(chosen: Ids | None) -> None:
    if chosen is None or not len(chosen):
        raise Invalid({"members": FieldError("Choose at least one customer.")})
    if len(chosen) > MAX_BY_HAND:
        most = {"most": MAX_BY_HAND}
        raise Invalid({"members": FieldError("At most {most} customers can be chosen by hand; use a rule.", most)})
