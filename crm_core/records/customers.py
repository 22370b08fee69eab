"""Read one customer, create one, change one: validated, scoped, and merged with what others changed meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm_core.access import Actor, Permission
from crm_core.db.history import TrackedSession
from crm_core.db.models import ConsentEvent, Customer, User
from crm_core.errors import FieldError, Invalid, NotFound
from crm_core.records import contact_fields
from crm_core.records.edits import fitted_edit
from crm_core.records.numbering import with_next_number
from crm_core.records.scope import customers_in

FIELDS = tuple(contact_fields.CLEANERS)
"""The fields people see and change. `sort_name` follows the name; keys, versions and times are the database's."""


@dataclass(frozen=True)
class UpdateResult:
    """The customer as saved, and the fields whose values are someone else's, changed since it was read."""

    customer: Customer
    merged: tuple[str, ...] = ()


def get(*, session: Session, actor: Actor, customer_id: int) -> Customer:
    """The customer.

    Raises:
        PermissionDenied: the role may not see customers.
        NotFound: there is no such customer, or the actor may not see it.
    """
    actor.require(Permission.CUSTOMERS_VIEW)
    customer = session.scalars(
        select(Customer).where(Customer.id == customer_id, customers_in(actor.scope))
    ).one_or_none()
    if customer is None:
        raise NotFound("There is no customer {id}, or it is not among yours.", id=customer_id)
    return customer


def validate(values: Mapping[str, Any], *, known: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The values as they would be saved; `known` are the record's other values, such as the country of its phone.

    Raises:
        Invalid: some cannot be saved; `fields` says what is wrong with each.
    """
    cleaned: dict[str, Any] = {}
    errors: dict[str, FieldError] = {}
    # The country first: the phone is read in it.
    for name in sorted(values, key=lambda name: name != "country"):
        try:
            cleaned[name] = contact_fields.clean(name, values[name], {**(known or {}), **cleaned})
        except contact_fields.Refused as refused:
            errors[name] = refused.error
    if errors:
        raise Invalid({name: errors[name] for name in values if name in errors})
    return cleaned


def create(*, session: TrackedSession, actor: Actor, values: Mapping[str, Any]) -> Customer:
    """Create a customer; one without a reference gets the next free one, such as C-000123.

    Someone who sees only their own customers becomes the owner.

    Raises:
        PermissionDenied: the role may not change customers.
        Invalid: values that cannot be saved, by field.
    """
    actor.require(Permission.CUSTOMERS_EDIT)
    given = {name: value for name, value in values.items() if name != "ref" or value not in (None, "")}
    cleaned = validate({"name": None, "kind": "person"} | given)
    if not actor.scope.is_everything:
        cleaned.setdefault("owner_id", actor.scope.owner_id)
    _check_owner(session, actor, cleaned)
    if "ref" in cleaned:
        customer = Customer(**cleaned)
        with _written(session, new_ref=cleaned["ref"]):
            session.add(customer)
    else:
        customer = with_next_number(session, Customer, Customer.ref, "C", lambda ref: Customer(ref=ref, **cleaned))
    if customer.has_marketing_consent is not None:
        _note_consent(session, actor, customer)
    return customer


def update(
    *, session: TrackedSession, actor: Actor, customer_id: int, seen_version: int, values: Mapping[str, Any]
) -> UpdateResult:
    """Change a customer read at `seen_version`; `values` may hold fields that were not touched.

    Fields that others changed since and this editor did not stay theirs (`merged`). A field given the value it had at
    `seen_version` is no edit, and is not validated: what an import left there does not keep the rest from being saved.

    Raises:
        PermissionDenied: the role may not change customers.
        NotFound: there is no such customer, or the actor may not see it.
        Invalid: values that cannot be saved, by field.
        Conflict: others gave the same fields other values since; nothing is saved.
    """
    actor.require(Permission.CUSTOMERS_EDIT)
    customer = _locked(session, actor, customer_id)
    edit = fitted_edit(
        session,
        customer,
        fields=FIELDS,
        seen_version=seen_version,
        values=values,
        clean=lambda touched, seen: validate(touched, known=seen),
    )
    _check_owner(session, actor, edit.apply)
    with _written(session, new_ref=edit.apply.get("ref")):
        for name, value in edit.apply.items():
            setattr(customer, name, value)
    if "has_marketing_consent" in edit.apply:
        _note_consent(session, actor, customer)
    return UpdateResult(customer, edit.kept)


def _note_consent(session: TrackedSession, actor: Actor, customer: Customer) -> None:
    """Keep when, how and by whom it was written down what the customer says about marketing."""
    said = ConsentEvent(
        customer_id=customer.id,
        has_consent=customer.has_marketing_consent,
        how=session.change_set.cause,
        by=actor.name,
        author_id=actor.user_id,
    )
    session.add(said)
    session.flush()


def _locked(session: Session, actor: Actor, customer_id: int) -> Customer:
    customer = session.scalars(
        select(Customer)
        .where(Customer.id == customer_id, customers_in(actor.scope))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if customer is None:
        raise NotFound("There is no customer {id}, or it is not among yours.", id=customer_id)
    return customer


def _check_owner(session: Session, actor: Actor, values: Mapping[str, Any]) -> None:
    if "owner_id" not in values:
        return
    owner_id = values["owner_id"]
    if not actor.scope.is_everything and owner_id != actor.scope.owner_id:
        raise Invalid({"owner_id": FieldError("You see only your own customers, so you cannot give this one away")})
    is_active = session.scalar(select(User.is_active).where(User.id == owner_id)) if owner_id is not None else True
    if not is_active:
        raise Invalid({"owner_id": FieldError("There is no active account {id} to own this", {"id": owner_id})})


@contextmanager
def _written(session: Session, *, new_ref: str | None) -> Iterator[None]:
    """Flush what the block changes; a new reference in a savepoint, as another writer may be taking it right now."""
    if new_ref is None:
        yield
        session.flush()
        return
    try:
        with session.begin_nested():
            yield
    except IntegrityError as error:
        if session.scalar(select(Customer.id).where(Customer.ref == new_ref)) is None:
            raise
        raise Invalid({"ref": FieldError("Another customer has the reference '{ref}'", {"ref": new_ref})}) from error
