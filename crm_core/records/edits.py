"""An edit of one record made on an older version of it: what goes in, what stays the others', what clashes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from crm_core.db.base import Tracked
from crm_core.db.history import decode, encode
from crm_core.errors import Conflict, FieldConflict
from crm_core.records.merge_edits import merge, others_edits

Clean = Callable[[Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any]]
"""`clean(values, known)`: the values as they would be saved, `known` the record's other ones; raises Invalid."""


@dataclass(frozen=True)
class Edit:
    """The fields to set, and those whose values are someone else's, changed since the record was read."""

    apply: Mapping[str, Any]
    kept: tuple[str, ...]


def fitted_edit(
    session: Session,
    row: Tracked,
    *,
    fields: Collection[str],
    seen_version: int,
    values: Mapping[str, Any],
    clean: Clean,
) -> Edit:
    """The edit of a locked row that was read at `seen_version`, fitted onto what it is now. Sets nothing.

    A field given the value it had at `seen_version` is no edit, and is not validated.

    Raises:
        Invalid: values that cannot be saved, by field.
        Conflict: others gave the same fields other values since.
    """
    current = {name: encode(getattr(row, name)) for name in fields}
    others = others_edits(session, inspect(type(row)).local_table.name, row.id, since_version=seen_version)
    originals = {name: value for name, value in others.originals.items() if name in fields}
    seen = current | originals
    touched = {name: value for name, value in values.items() if name not in seen or not _is_same(value, seen[name])}
    edits = clean(touched, seen)
    merged = merge(current=current, originals=originals, edits={name: encode(value) for name, value in edits.items()})
    if merged.clashes:
        raise Conflict(
            [
                FieldConflict(
                    field=name,
                    original=decode(type(row), name, originals[name]),
                    theirs=getattr(row, name),
                    yours=edits[name],
                )
                for name in merged.clashes
            ],
            current_version=row.version,
            changed_by=others.changed_by[merged.clashes[-1]],
        )
    return Edit({name: edits[name] for name in merged.apply}, merged.kept)


def _is_same(value: Any, seen: Any) -> bool:
    """Whether a form sends back what it was given; an emptied field and one that never had a value are the same."""
    sent = encode(value)
    return bool(sent == seen) or (sent in ("", None, [], {}) and seen in ("", None, [], {}))
