"""What one kind of record is: its fields, who may see and change it, how it is found, what follows from a change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, inspect
from sqlalchemy.orm import InstrumentedAttribute

from crm_core.access import Actor, Permission, Scope
from crm_core.db.base import Tracked
from crm_core.db.history import TrackedSession
from crm_core.records.field_specs import Spec

Prepare: TypeAlias = Callable[[TrackedSession, Actor, Any], None]
"""`prepare(session, actor, row)`: what else a new row holds, set before it is stored; may raise Invalid."""

Follow: TypeAlias = Callable[[TrackedSession, Actor, Any, Mapping[str, Any]], None]
"""`follow(session, actor, row, before)`: what else a change means; `before` holds the changed fields' old values and is
empty for a new row, which is stored by then. May set fields and add rows, and may raise Invalid."""


@dataclass(frozen=True, eq=False)
class Given:
    """A condition that yields records by itself.

    Attributes:
        holds: it, of one record at a time.
        among: it, where all records are looked through.
        parts: statements of ids, each of all records that meet it, in sequence and perhaps of others; those that a
            list reads whole where they are few.
    """

    holds: ColumnElement[bool]
    among: ColumnElement[bool]
    parts: tuple[Select[Any], ...]


Settle: TypeAlias = Callable[[TrackedSession, Sequence[Any]], None]
"""`settle(session, rows)`: bring into step with its parts what each row holds of them, after some were taken back."""


def _nothing_to_prepare(session: TrackedSession, actor: Actor, row: Any) -> None:
    """Most records hold what was typed."""


def _nothing_follows(session: TrackedSession, actor: Actor, row: Any, before: Mapping[str, Any]) -> None:
    """Most changes mean nothing else."""


def _nothing_to_settle(session: TrackedSession, rows: Sequence[Any]) -> None:
    """Most records have no parts."""


@dataclass(frozen=True)
class RecordKind:
    """One kind of record.

    Attributes:
        one: what one of them is called, a message.
        title: the attribute it is shown by.
        fields: what people see and change, in the order of the form.
        filters: fields a list can be narrowed by.
        sorts: the orders of a list by name, the first one the usual one; each the attributes to sort by, and a "-"
            before one turns it round.
        searched: the attributes whose words it is found by.
        number_prefix: of the numbers given out, such as T for T-000123; None where they have none.
        find: the condition a typed text sets, for kinds that are not found by words.
        in_scope: the condition that shows a viewer their own.
        export: what it takes to take a list of them away; that of people takes more.
        unique: fields of which no two records have the same value; they are not edited in bulk.
        defaults: of a new one.
        prepare: what else a new one holds.
        follow: what else a change means; `followed` are the fields whose change means anything.
        settle: what to bring into step after an undo.
        restored: attributes beside the fields that an undo gives back, where they cannot be worked out anew.
    """

    model: type[Tracked]
    one: str
    title: str
    view: Permission
    edit: Permission
    fields: tuple[Spec, ...]
    filters: tuple[str, ...]
    sorts: Mapping[str, tuple[str, ...]]
    searched: tuple[str, ...]
    in_scope: Callable[[Scope], ColumnElement[bool]]
    export: Permission = Permission.RECORDS_EXPORT
    number_prefix: str | None = None
    unique: frozenset[str] = frozenset()
    find: Callable[[str], Given] | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    prepare: Prepare = _nothing_to_prepare
    follow: Follow = _nothing_follows
    followed: frozenset[str] = frozenset()
    settle: Settle = _nothing_to_settle
    restored: frozenset[str] = frozenset()

    @cached_property
    def table(self) -> str:
        """The name of its table, which is also what addresses, drafts and history call it."""
        return str(inspect(self.model).local_table.name)

    @cached_property
    def specs(self) -> Mapping[str, Spec]:
        """The fields by name."""
        return {spec.name: spec for spec in self.fields}

    def attribute(self, name: str) -> InstrumentedAttribute[Any]:
        """The mapped attribute of this name."""
        found: InstrumentedAttribute[Any] = getattr(self.model, name)
        return found
