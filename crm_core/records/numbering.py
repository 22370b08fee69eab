"""Numbers given out one after the other, such as T-000123, never the same one twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import func, inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm_core.db.base import Tracked
from crm_core.db.history import TrackedSession
from crm_core.db.models import Change, ChangeRange
from crm_core.errors import FieldError, Invalid

_MAX_TRIES = 100

Row = TypeVar("Row", bound=Tracked)


def with_next_number(
    session: TrackedSession, model: type[Row], attribute: InstrumentedAttribute[str], prefix: str,
    make: Callable[[str], Row],
) -> Row:  # fmt: skip
    """Store the row that `make` gives for the next free number; of two who count at once the later one counts on.

    Raises:
        Invalid: no number nearby is free.
    """
    number = highest_id_ever(session, model)
    for _ in range(_MAX_TRIES):
        number += 1
        text = f"{prefix}-{number:06d}"
        row = make(text)
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:
            if session.scalar(select(model.id).where(attribute == text)) is None:
                raise
        else:
            return row
    problem = FieldError(
        "No free reference near {prefix}-{number} was found; give one", {"prefix": prefix, "number": number}
    )
    raise Invalid({attribute.key: problem})


def highest_id_ever(session: Session, model: type[Tracked]) -> int:
    """The highest key a row of the table ever had; a number made of it is not one that a deleted row had."""
    table = str(inspect(model).local_table.name)
    return max(
        session.scalar(select(func.max(model.id))) or 0,
        session.scalar(select(func.max(Change.row_id)).where(Change.table_name == table)) or 0,
        session.scalar(select(func.max(ChangeRange.last_created_id)).where(ChangeRange.table_name == table)) or 0,
    )
