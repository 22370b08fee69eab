"""Values that one record only may have, such as the code of a product."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from crm_core.db.history import TrackedSession
from crm_core.errors import FieldError, Invalid
from crm_core.records.record_kind import RecordKind


def check_unique(
    session: TrackedSession, kind: RecordKind, values: Mapping[str, Any], *, except_id: int | None = None
) -> None:
    """Raise Invalid where another record has a value that only one may have."""
    errors: dict[str, FieldError] = {}
    for name in kind.unique & values.keys():
        if values[name] is None:
            continue
        others = select(kind.model.id).where(kind.attribute(name) == values[name], kind.model.id != (except_id or 0))
        with session.no_autoflush:
            if session.scalar(others) is not None:
                errors[name] = FieldError("'{value}' is taken by another record", {"value": values[name]})
    if errors:
        raise Invalid(errors)


@contextmanager
def taken_meanwhile(kind: RecordKind, values: Mapping[str, Any]) -> Iterator[None]:
    """Raise Invalid where somebody who saved at the same moment took a value that only one record may have."""
    try:
        yield
    except IntegrityError as error:
        given = sorted(kind.unique & values.keys())
        if not given:
            raise
        problem = FieldError("Somebody took this a moment ago; choose another, or save again.")
        raise Invalid(dict.fromkeys(given, problem)) from error
