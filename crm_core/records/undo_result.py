"""What an undo did and what it left, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import inspect

from crm_core.db.base import Tracked
from crm_core.translation import N_

MAX_LISTED = 1_000
"""At most so many of the rows that stay as they are get listed; all of them are counted."""

CHANGED_SINCE = N_("It was changed again since.")
DELETED_SINCE = N_("It was deleted since.")
NOT_YOURS = N_("It is not among your customers.")
REFERRED_TO = N_("Other records refer to it by now ({tables}).")
TAKEN = N_("Its reference is taken by another record by now, or a record it refers to is gone.")


@dataclass(frozen=True)
class UndoConflict:
    """A record, or some fields of one, that an undo left as it is, and why: a template and what fills it."""

    table_name: str
    row_id: int
    template: str
    params: Mapping[str, Any] = field(default_factory=dict)
    fields: tuple[str, ...] = ()  # empty: the whole record


@dataclass(frozen=True)
class UndoResult:
    """What an undo did: rows removed, rows brought back to what they were, rows kept as they are and why."""

    removed: int = 0
    restored: int = 0
    kept: int = 0
    conflicts: tuple[UndoConflict, ...] = ()

    def __add__(self, other: UndoResult) -> UndoResult:
        room = max(0, MAX_LISTED - len(self.conflicts))
        return UndoResult(
            removed=self.removed + other.removed,
            restored=self.restored + other.restored,
            kept=self.kept + other.kept,
            conflicts=self.conflicts + other.conflicts[:room],
        )


@dataclass(frozen=True)
class NetChange:
    """What one change set did to one row in all; `before` is None for a creation, `after` for a deletion.

    An update holds only the fields it changed, JSON-encoded as in `changes`.
    """

    row_id: int
    last_version: int
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def kept(model: type[Tracked], net: NetChange, template: str, **params: Any) -> UndoResult:
    """One row that stays as it is, and why."""
    table = str(inspect(model).local_table.name)
    return UndoResult(kept=1, conflicts=(UndoConflict(table, net.row_id, template, params),))
