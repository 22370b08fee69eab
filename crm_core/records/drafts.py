"""What someone typed into a form and did not save: kept on the server, so that it survives leaving and restarts.

Drafts keep no history, so their session is `database.untracked()`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm_core.access import Actor
from crm_core.db.base import now
from crm_core.db.models import Draft
from crm_core.errors import FieldError, Invalid, PermissionDenied

MAX_CHARACTERS = 200_000
"""A draft may be as long as all fields of a form together; nothing longer is typed."""

_TYPE, _VALUE = "$type", "$value"
_READ: dict[str, Callable[[str], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "decimal": Decimal,
}


@dataclass(frozen=True)
class SavedDraft:
    """What was typed into a form, and the version of the record it was typed on (None: a new record)."""

    form: str
    values: dict[str, Any]
    seen_version: int | None
    updated_at: datetime


def save(*, session: Session, actor: Actor, form: str, values: Mapping[str, Any], seen_version: int | None) -> None:
    """Keep what the actor typed into the form, in place of what was kept before.

    Raises:
        PermissionDenied: the actor has no account.
        Invalid: it is too much to keep.
    """
    user_id = _owner(actor)
    kept = {name: _to_json(value) for name, value in values.items()}
    if len(json.dumps(kept, ensure_ascii=False)) > MAX_CHARACTERS:
        too_long = FieldError(
            "This is too long to keep as a draft; at most {limit} characters fit", {"limit": MAX_CHARACTERS}
        )
        raise Invalid({form: too_long})
    draft = _find(session, user_id, form)
    if draft is None:
        draft = Draft(user_id=user_id, form=form, values=kept, seen_version=seen_version)
        try:
            with session.begin_nested():
                session.add(draft)
            return
        except IntegrityError:  # the same person's other window was first
            draft = _find(session, user_id, form)
            if draft is None:
                raise
    draft.values, draft.seen_version, draft.updated_at = kept, seen_version, now()
    session.flush()


def load(*, session: Session, actor: Actor, form: str) -> SavedDraft | None:
    """What the actor typed into the form and did not save, or None."""
    draft = _find(session, actor.user_id, form) if actor.user_id is not None else None
    return _saved(draft) if draft is not None else None


def discard(*, session: Session, actor: Actor, form: str) -> None:
    """Forget what the actor typed into the form, if anything."""
    session.execute(delete(Draft).where(Draft.user_id == _owner(actor), Draft.form == form))


def list_all(*, session: Session, actor: Actor) -> list[SavedDraft]:
    """The actor's drafts, the newest first."""
    drafts = session.scalars(
        select(Draft).where(Draft.user_id == actor.user_id).order_by(Draft.updated_at.desc(), Draft.id.desc())
    )
    return [_saved(draft) for draft in drafts]


def _owner(actor: Actor) -> int:
    if actor.user_id is None:
        raise PermissionDenied("{name} has no account, so there is nowhere to keep a draft.", name=actor.name)
    return actor.user_id


def _find(session: Session, user_id: int, form: str) -> Draft | None:
    return session.scalars(
        select(Draft)
        .where(Draft.user_id == user_id, Draft.form == form)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


def _saved(draft: Draft) -> SavedDraft:
    values = {name: _from_json(value) for name, value in draft.values.items()}
    return SavedDraft(draft.form, values, draft.seen_version, draft.updated_at)


def _to_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return {_TYPE: "datetime", _VALUE: value.isoformat()}
    if isinstance(value, date):
        return {_TYPE: "date", _VALUE: value.isoformat()}
    if isinstance(value, Decimal):
        return {_TYPE: "decimal", _VALUE: str(value)}
    if isinstance(value, (list, tuple)):
        return [_to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {str(name): _to_json(item) for name, item in value.items()}
    return value


def _from_json(value: Any) -> Any:
    if isinstance(value, list):
        return [_from_json(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {_TYPE, _VALUE} and value[_TYPE] in _READ:
        return _READ[value[_TYPE]](value[_VALUE])
    return {name: _from_json(item) for name, item in value.items()}
