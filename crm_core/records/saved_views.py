"""Views of lists: search, filters, order and columns under a name, one's own or shared with everybody.

A view holds what the address of its list holds, so that opening one is following a link. Who shares a view keeps it:
others open it and make one of their own from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from crm_core.access import Actor, Permission
from crm_core.db.history import TrackedSession
from crm_core.db.models import DefaultView, SavedView, User
from crm_core.errors import FieldError, Invalid, NotFound, PermissionDenied
from crm_core.records.edits import fitted_edit
from crm_core.records.kinds import KINDS
from crm_core.records.marketing_fields import clean_name

FIELDS = ("name", "query", "is_shared")
MOST_PARTS, LONGEST_PART = 40, 500
"""So many parts of an address are kept, each of so many characters at most."""

LISTS: Mapping[str, Permission] = {"customers": Permission.CUSTOMERS_VIEW} | {
    table: kind.view for table, kind in KINDS.items()
}
"""The lists that have views, and what it takes to see each."""


@dataclass(frozen=True)
class ViewRow:
    """One view as its list offers it; `owner_name` is that of the one who shares it."""

    id: int
    version: int
    name: str
    query: Mapping[str, str]
    is_shared: bool
    is_own: bool
    is_default: bool
    owner_name: str | None


def listed(*, session: Session, actor: Actor, list_name: str) -> list[ViewRow]:
    """The views of a list that the actor may open: their own first, then those others share, each by name.

    Raises:
        PermissionDenied: the role may not see the list.
        ValueError: there is no such list.
    """
    _require_list(actor, list_name)
    rows = session.execute(
        select(SavedView, User.name, DefaultView.view_id)
        .outerjoin(User, User.id == SavedView.owner_id)
        .outerjoin(DefaultView, (DefaultView.view_id == SavedView.id) & (DefaultView.user_id == actor.user_id))
        .where(SavedView.list_name == list_name, _open_to(actor))
        .order_by(SavedView.name, SavedView.id)
    )
    found = [
        ViewRow(
            id=view.id,
            version=view.version,
            name=view.name,
            query=view.query,
            is_shared=view.is_shared,
            is_own=_is_own(actor, view),
            is_default=default is not None,
            owner_name=owner,
        )
        for view, owner, default in rows
    ]
    return sorted(found, key=lambda row: not row.is_own)


def get(*, session: Session, actor: Actor, view_id: int) -> SavedView:
    """The view.

    Raises:
        PermissionDenied: the role may not see the list it is of.
        NotFound: there is no such view, or it is somebody else's own.
    """
    view = session.scalars(select(SavedView).where(SavedView.id == view_id, _open_to(actor))).one_or_none()
    if view is None:
        raise NotFound("There is no view {id}, or it is not shared.", id=view_id)
    _require_list(actor, view.list_name)
    return view


def create(
    *,
    session: TrackedSession,
    actor: Actor,
    list_name: str,
    name: str,
    query: Mapping[str, str],
    is_shared: bool = False,
) -> SavedView:
    """Keep a view of a list.

    Raises:
        PermissionDenied: the role may not see the list, or not share views; or the actor is no account.
        Invalid: values that cannot be saved, by field; a name that one's views of the list have already.
    """
    _require_list(actor, list_name)
    if actor.user_id is None:
        raise PermissionDenied("{name} is no account and has no views.", name=actor.name)
    _require_sharing(actor, is_shared=is_shared)
    cleaned = _cleaned({"name": name, "query": query, "is_shared": is_shared})
    _check_name(session, actor.user_id, list_name, cleaned["name"], None)
    view = SavedView(list_name=list_name, owner_id=actor.user_id, **cleaned)
    session.add(view)
    session.flush()
    return view


def update(
    *, session: TrackedSession, actor: Actor, view_id: int, seen_version: int, values: Mapping[str, Any]
) -> tuple[str, ...]:
    """Rename one's view, give it another query, share it or take it back; the fields that stay someone else's.

    Raises:
        PermissionDenied: the view is somebody else's, or the role may not share views.
        NotFound: there is no such view, or it is somebody else's own.
        Invalid: values that cannot be saved, by field.
        Conflict: the same fields got other values since, in another window.
    """
    view = _locked(session, actor, view_id)
    edit = fitted_edit(
        session,
        view,
        fields=FIELDS,
        seen_version=seen_version,
        values=values,
        clean=lambda touched, _: _cleaned(touched),
    )
    _require_sharing(actor, is_shared=bool(edit.apply.get("is_shared")))
    if "name" in edit.apply and view.owner_id is not None:
        _check_name(session, view.owner_id, view.list_name, edit.apply["name"], view.id)
    for name, value in edit.apply.items():
        setattr(view, name, value)
    session.flush()
    return edit.kept


def remove(*, session: TrackedSession, actor: Actor, view_id: int) -> None:
    """Delete one's view; undo brings it back, but nobody's list begins with it any more.

    Raises:
        PermissionDenied: the view is somebody else's.
        NotFound: there is no such view, or it is somebody else's own.
    """
    view = _locked(session, actor, view_id)
    session.execute(delete(DefaultView).where(DefaultView.view_id == view.id))
    session.delete(view)
    session.flush()


def default_of(*, session: Session, actor: Actor, list_name: str) -> SavedView | None:
    """The view the actor's list begins with; None where it is no longer shared, or there is none."""
    _require_list(actor, list_name)
    chosen = select(SavedView).join(DefaultView, DefaultView.view_id == SavedView.id)
    mine = (DefaultView.user_id == actor.user_id, DefaultView.list_name == list_name)
    return session.scalars(chosen.where(*mine, _open_to(actor))).one_or_none()


def set_default(*, session: Session, actor: Actor, list_name: str, view_id: int | None) -> None:
    """Begin the list with this view from now on, or with none; nobody else's list changes.

    Raises:
        PermissionDenied: the role may not see the list, or the actor is no account.
        NotFound: there is no such view of the list, or it is somebody else's own.
    """
    _require_list(actor, list_name)
    if actor.user_id is None:
        raise PermissionDenied("{name} is no account and has no views.", name=actor.name)
    mine = (DefaultView.user_id == actor.user_id, DefaultView.list_name == list_name)
    session.execute(delete(DefaultView).where(*mine))
    if view_id is not None:
        view = get(session=session, actor=actor, view_id=view_id)
        if view.list_name != list_name:
            raise NotFound("There is no view {id}, or it is not shared.", id=view_id)
        session.add(DefaultView(user_id=actor.user_id, list_name=list_name, view_id=view_id))
    session.flush()


def _open_to(actor: Actor) -> Any:
    return or_(SavedView.is_shared, SavedView.owner_id == actor.user_id)


def _is_own(actor: Actor, view: SavedView) -> bool:
    return actor.user_id is not None and view.owner_id == actor.user_id


def _require_list(actor: Actor, list_name: str) -> None:
    if list_name not in LISTS:
        raise ValueError(f"there are views of {', '.join(LISTS)}, not of {list_name}")
    actor.require(LISTS[list_name])


def _require_sharing(actor: Actor, *, is_shared: bool) -> None:
    if is_shared:
        actor.require(Permission.VIEWS_SHARE)


def _locked(session: TrackedSession, actor: Actor, view_id: int) -> SavedView:
    get(session=session, actor=actor, view_id=view_id)
    statement = select(SavedView).where(SavedView.id == view_id).with_for_update()
    view = session.scalars(statement.execution_options(populate_existing=True)).one()
    if not _is_own(actor, view):
        raise PermissionDenied("This view is shared with you; only who made it may change it.")
    return view


def _check_name(session: Session, owner_id: int, list_name: str, name: str, own_id: int | None) -> None:
    taken = select(SavedView.id).where(
        SavedView.list_name == list_name, SavedView.owner_id == owner_id, SavedView.name == name
    )
    if session.scalars(taken.where(SavedView.id != (own_id or 0)).limit(1)).first() is not None:
        raise Invalid({"name": FieldError("You have a view “{name}” of this list already.", {"name": name})})


def _cleaned(values: Mapping[str, Any]) -> dict[str, Any]:
    cleaned = dict(values)
    if unknown := values.keys() - set(FIELDS):
        raise TypeError(f"a view has no field {', '.join(sorted(unknown))}")
    if "name" in values:
        cleaned["name"] = clean_name(values["name"])
    if "query" in values:
        query = {str(key): str(text) for key, text in dict(values["query"]).items()}
        if len(query) > MOST_PARTS or any(len(text) > LONGEST_PART for text in query.values()):
            raise Invalid({"query": FieldError("This is too much for a view; search for less.")})
        cleaned["query"] = query
    if "is_shared" in values:
        cleaned["is_shared"] = bool(values["is_shared"])
    return cleaned
