"""What may be chosen where a record points to others: all of a small table, or what is found by typing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.access import Actor, Permission
from crm_core.db.models import BusinessCalendar, DealStage, Team, TicketStatus
from crm_core.records import customer_list, record_list
from crm_core.records.customer_list import CustomerQuery
from crm_core.records.deals import DEALS
from crm_core.records.products import PRODUCTS
from crm_core.records.record_kind import RecordKind
from crm_core.records.record_list import RecordQuery
from crm_core.records.tickets import TICKETS

FEW = frozenset({"users", "teams", "ticket_statuses", "deal_stages", "business_calendars"})
"""Tables that are chosen from a list of all their rows."""

_CODED: Mapping[str, type[Any]] = {"ticket_statuses": TicketStatus, "deal_stages": DealStage}
_NEEDED = {"ticket_statuses": Permission.TICKETS_VIEW, "deal_stages": Permission.DEALS_VIEW}
_KINDS: Mapping[str, tuple[RecordKind, str, Mapping[str, Any]]] = {
    "deals": (DEALS, "number", {}),
    "tickets": (TICKETS, "number", {}),
    "products": (PRODUCTS, "code", {"is_active": True}),
}
"""By table: the kind, what tells two of one name apart, and which of them are offered."""


def choices(*, session: Session, actor: Actor, table: str) -> dict[Any, str]:
    """The name of each row of a small table by what a record holds of it: a code, or the id of an account or team.

    Raises:
        PermissionDenied: the role may not see what uses them.
        ValueError: the table is not small.
    """
    if table in _CODED:
        actor.require(_NEEDED[table])
        coded = _CODED[table]
        return {row.code: row.name for row in session.scalars(select(coded).order_by(coded.position, coded.id))}
    actor.require(Permission.CUSTOMERS_VIEW)
    if table == "users":
        return dict(customer_list.owner_choices(session=session, actor=actor))
    if table == "teams":
        teams = select(Team.id, Team.name).where(Team.is_active).order_by(Team.name)
        return {row.id: row.name for row in session.execute(teams)}
    if table == "business_calendars":
        calendars = select(BusinessCalendar.id, BusinessCalendar.name).order_by(BusinessCalendar.id)
        return {row.id: row.name for row in session.execute(calendars)}
    raise ValueError(f"{table} may be large: what can be chosen is found by typing")


def found(*, session: Session, actor: Actor, table: str, text: str, limit: int = 6) -> dict[int, str]:
    """What the rows that match are called, by id, at most `limit`, within what the actor may see.

    Raises:
        PermissionDenied: the role may not see them.
    """
    if table == "customers":
        asked = CustomerQuery(text=text, per_page=limit)
        rows = customer_list.page(session=session, actor=actor, query=asked).rows
        return {row.id: f"{row.name} · {row.ref}" for row in rows}
    kind, reference, filters = _KINDS[table]
    query = RecordQuery(text=text, filters=filters, per_page=limit)
    listed = record_list.page(session=session, actor=actor, kind=kind, query=query)
    return {row.id: f"{getattr(row, kind.title)} · {getattr(row, reference)}" for row in listed.rows}
