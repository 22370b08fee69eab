"""All records that match a list, as the cells of a table to take away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.access import Actor
from crm_core.records.record_kind import RecordKind
from crm_core.records.record_list import RecordQuery, conditions, labels_of, ordering

MAX_EXPORTED = 200_000
_BATCH = 2_000

Computed: TypeAlias = Callable[[Session, Actor, Sequence[int]], Mapping[int, Any]]
"""`computed(session, actor, ids)`: by id, what stands in a column that no attribute holds."""


def cells(
    *,
    session: Session,
    actor: Actor,
    kind: RecordKind,
    query: RecordQuery,
    names: Sequence[str],
    codes: Mapping[str, Mapping[Any, str]],
    computed: Mapping[str, Computed] = MappingProxyType({}),
) -> list[list[Any]]:
    """The records that match, in the order of the list, at most MAX_EXPORTED: of each the attributes `names`.

    `codes` gives the words for the codes of some; references become the names of what they point to; `computed` are
    the names that are no attributes.

    Raises:
        PermissionDenied: the role may not see records of this kind, or not export them.
    """
    actor.require(kind.view)
    actor.require(kind.export)
    matching = conditions(kind, query, actor.scope)
    statement = select(kind.model).where(*matching).order_by(*ordering(kind, query.sort)).limit(MAX_EXPORTED)
    written: list[list[Any]] = []
    for rows in session.scalars(statement.execution_options(yield_per=_BATCH)).partitions(_BATCH):
        labels = labels_of(session, kind, rows)
        ids = [row.id for row in rows]
        columns = {name: compute(session, actor, ids) for name, compute in computed.items()}
        for row in rows:
            written.append(
                [
                    columns[name].get(row.id) if name in columns else _cell(kind, row, name, labels, codes)
                    for name in names
                ]
            )
            session.expunge(row)
    return written


def _cell(
    kind: RecordKind, row: Any, name: str, labels: Mapping[tuple[str, int], str], codes: Mapping[str, Mapping[Any, str]]
) -> Any:
    value, spec = getattr(row, name), kind.specs.get(name)
    if value is None:
        return None
    if name in codes:
        return codes[name].get(value, value)
    if spec is not None and spec.kind == "reference":
        return labels.get((str(spec.target), value), value)
    return value
