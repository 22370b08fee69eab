"""Read, create and change one record of any kind: validated, scoped, and merged with what others changed meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from crm_core.access import Actor, Scope
from crm_core.db.history import TrackedSession
from crm_core.db.models import BusinessCalendar, Customer, Deal, Product, Team, Ticket, User
from crm_core.errors import FieldError, Invalid, NotFound
from crm_core.records.contact_fields import Refused
from crm_core.records.edits import fitted_edit
from crm_core.records.numbering import with_next_number
from crm_core.records.record_kind import RecordKind
from crm_core.records.scope import SCOPES
from crm_core.records.uniqueness import check_unique, taken_meanwhile

_TARGETS: Mapping[str, type[Any]] = {
    "customers": Customer, "products": Product, "users": User, "teams": Team, "deals": Deal, "tickets": Ticket,
    "business_calendars": BusinessCalendar,
}  # fmt: skip
"""The model of each table that a reference field may point to."""


@dataclass(frozen=True)
class Saved:
    """The record as saved, and the fields whose values are someone else's, changed since it was read."""

    row: Any
    merged: tuple[str, ...] = ()


def get(*, session: Session, actor: Actor, kind: RecordKind, row_id: int) -> Any:
    """The record.

    Raises:
        PermissionDenied: the role may not see records of this kind.
        NotFound: there is no such record, or the actor may not see it.
    """
    actor.require(kind.view)
    row = session.scalars(select(kind.model).where(kind.model.id == row_id, kind.in_scope(actor.scope))).one_or_none()
    if row is None:
        raise _not_found(row_id)
    return row


def validate(kind: RecordKind, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they would be saved.

    Raises:
        Invalid: some cannot be saved; `fields` says what is wrong with each.
    """
    cleaned: dict[str, Any] = {}
    errors: dict[str, FieldError] = {}
    for name, value in values.items():
        spec = kind.specs.get(name)
        if spec is None:
            errors[name] = FieldError("There is no field '{name}' that can be changed", {"name": name})
            continue
        try:
            cleaned[name] = spec.clean(value)
        except Refused as refused:
            errors[name] = refused.error
    if errors:
        raise Invalid(errors)
    return cleaned


def create(*, session: TrackedSession, actor: Actor, kind: RecordKind, values: Mapping[str, Any]) -> Any:
    """Create a record; one of a kind with numbers gets the next free one.

    Raises:
        PermissionDenied: the role may not change records of this kind.
        Invalid: values that cannot be saved, by field.
    """
    actor.require(kind.edit)
    required = {spec.name: None for spec in kind.fields if spec.is_required}
    cleaned = validate(kind, required | dict(kind.defaults) | dict(values))
    check_references(session, actor, kind, cleaned)
    check_unique(session, kind, cleaned)
    with taken_meanwhile(kind, cleaned), session.no_autoflush:
        row = _added(session, actor, kind, cleaned)
        kind.follow(session, actor, row, {})
    session.flush()
    _require_in_scope(session, actor, kind, row.id)
    return row


def update(
    *,
    session: TrackedSession,
    actor: Actor,
    kind: RecordKind,
    row_id: int,
    seen_version: int,
    values: Mapping[str, Any],
) -> Saved:
    """Change a record read at `seen_version`; `values` may hold fields that were not touched.

    Fields that others changed since and this editor did not stay theirs (`merged`).

    Raises:
        PermissionDenied: the role may not change records of this kind.
        NotFound: there is no such record, or the actor may not see it.
        Invalid: values that cannot be saved, by field.
        Conflict: others gave the same fields other values since; nothing is saved.
    """
    row = locked(session, actor, kind, row_id)
    edit = fitted_edit(
        session,
        row,
        fields=tuple(kind.specs),
        seen_version=seen_version,
        values=values,
        clean=lambda touched, _seen: validate(kind, touched),
    )
    with taken_meanwhile(kind, edit.apply):
        change(session, actor, kind, row, edit.apply)
        session.flush()
    _require_in_scope(session, actor, kind, row_id)
    return Saved(row, edit.kept)


def change(session: TrackedSession, actor: Actor, kind: RecordKind, row: Any, values: Mapping[str, Any]) -> bool:
    """Set cleaned values on a locked record, with all that follows; whether anything changed."""
    check_references(session, actor, kind, values)
    check_unique(session, kind, values, except_id=row.id)
    before = {name: getattr(row, name) for name, value in values.items() if getattr(row, name) != value}
    for name in before:
        setattr(row, name, values[name])
    if before:
        kind.follow(session, actor, row, before)
    return bool(before)


def locked(session: TrackedSession, actor: Actor, kind: RecordKind, row_id: int) -> Any:
    """The record, locked until the commit, for who may change it.

    Raises:
        PermissionDenied: the role may not change records of this kind.
        NotFound: there is no such record, or the actor may not see it.
    """
    actor.require(kind.edit)
    statement = select(kind.model).where(kind.model.id == row_id, kind.in_scope(actor.scope)).with_for_update()
    row = session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise _not_found(row_id)
    return row


def _added(session: TrackedSession, actor: Actor, kind: RecordKind, cleaned: Mapping[str, Any]) -> Any:
    model: type[Any] = kind.model

    def prepared(**more: Any) -> Any:
        row = model(**{**cleaned, **more})
        kind.prepare(session, actor, row)
        return row

    if kind.number_prefix is not None and cleaned.get("number") is None:
        number = kind.attribute("number")
        return with_next_number(session, model, number, kind.number_prefix, lambda text: prepared(number=text))
    row = prepared()
    session.add(row)
    session.flush()
    return row


def check_references(session: TrackedSession, actor: Actor, kind: RecordKind, values: Mapping[str, Any]) -> None:
    """Raise Invalid where a reference points to no row, to one the actor may not see, or to a closed account."""
    errors: dict[str, FieldError] = {}
    for name, value in values.items():
        spec = kind.specs[name]
        if spec.kind == "reference" and value is not None and spec.target is not None:
            model = _TARGETS[spec.target]
            with session.no_autoflush:
                found = session.scalar(select(model.id).where(model.id == value, _choosable(model, actor.scope)))
            if found is None:
                errors[name] = FieldError("There is no number {id} to choose here", {"id": value})
    if errors:
        raise Invalid(errors)


def _choosable(model: type[Any], scope: Scope) -> ColumnElement[bool]:
    if model in (User, Team):
        is_active: ColumnElement[bool] = model.is_active
        return is_active
    in_scope = SCOPES.get(model)
    return true() if in_scope is None else in_scope(scope)


def _require_in_scope(session: TrackedSession, actor: Actor, kind: RecordKind, row_id: int) -> None:
    """Raise Invalid where the record would leave what the actor may see: it could not be taken back by them."""
    if actor.scope.is_everything:
        return
    statement = select(kind.model.id).where(kind.model.id == row_id, kind.in_scope(actor.scope))
    if session.scalar(statement) is None:
        name = next((name for name in ("customer_id", "owner_id", "assignee_id") if name in kind.specs), kind.title)
        raise Invalid({name: FieldError("You see only your own customers; choose one of them, or yourself as owner")})


def _not_found(row_id: int) -> NotFound:
    return NotFound("There is no record {id} of this kind, or it is not among yours.", id=row_id)
