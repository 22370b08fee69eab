"""The values a column has, read by stepping through its index."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

MAX_VALUES = 300
"""At most so many; nobody chooses from a longer list."""


def distinct_values(
    session: Session, column: InstrumentedAttribute[Any], condition: ColumnElement[bool] | None = None
) -> list[Any]:
    """The column's values in their order, without NULL.

    Without a condition each value costs one step in the column's index, however many rows there are (a recursive query:
    the least value, the least one above it, …). With a condition the rows that meet it are read.
    """
    if condition is not None:
        statement = select(column).where(condition, column.is_not(None)).distinct().order_by(column).limit(MAX_VALUES)
        return list(session.scalars(statement))
    steps = select(func.min(column).label("value")).cte("steps", recursive=True)
    following = select(func.min(column)).where(column > steps.c.value).correlate(steps).scalar_subquery()
    steps = steps.union_all(select(following).where(steps.c.value.is_not(None)))
    return list(session.scalars(select(steps.c.value).where(steps.c.value.is_not(None)).limit(MAX_VALUES)))
