"""What happened to the lines of an order, change set by change set."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from crm_core.access import Actor, Permission
from crm_core.db.history import decode
from crm_core.db.models import Change, OrderLine
from crm_core.records import record_service
from crm_core.records.order_kind import ORDERS
from crm_core.records.order_lines import SPECS, lines_of

_MAX_CHANGES = 2_000
"""So many changes of a set are looked through; an import that was taken back may hold very many."""


@dataclass(frozen=True)
class LineChange:
    """What one change set did to one line: of each field what it was and is; `op` is insert, update or delete."""

    line_no: int
    op: str
    fields: tuple[tuple[str, Any, Any], ...]


def line_changes(
    *, session: Session, actor: Actor, order_id: int, change_set_ids: Collection[int]
) -> dict[int, list[LineChange]]:
    """By change set, what was done to lines of the order.

    Raises:
        PermissionDenied: the role may not see history, or orders.
        NotFound: there is no such order, or the actor may not see it.
    """
    actor.require(Permission.HISTORY_VIEW)
    record_service.get(session=session, actor=actor, kind=ORDERS, row_id=order_id)
    numbers = {one.id: one.line_no for one in lines_of(session, order_id)}
    statement = (
        select(Change)
        .where(Change.change_set_id.in_(change_set_ids), Change.table_name == "order_lines")
        .where(or_(Change.op == "delete", Change.row_id.in_(numbers)))
        .order_by(Change.id)
        .limit(_MAX_CHANGES)
    )
    found: dict[int, list[LineChange]] = {}
    for change in session.scalars(statement):
        whole = change.before if change.op == "delete" else None
        if whole is not None and whole.get("order_id") != order_id:
            continue
        number = numbers.get(change.row_id) or (whole or {}).get("line_no", 0)
        found.setdefault(change.change_set_id, []).append(LineChange(number, change.op, _fields(change)))
    return found


def _fields(change: Change) -> tuple[tuple[str, Any, Any], ...]:
    before, after = change.before or {}, change.after or {}
    names = [name for name in SPECS if name in (after or before)]
    return tuple(
        (name, decode(OrderLine, name, before.get(name)), decode(OrderLine, name, after.get(name)))
        for name in names
        if before.get(name) or after.get(name)
    )
