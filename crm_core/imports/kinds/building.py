"""What the rows of one record say it is: its attributes, and the events that are its history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crm_core.db.models import Author, TicketEventKind, TicketState
from crm_core.errors import FieldError
from crm_core.imports.kinds.references import References
from crm_core.records.field_specs import PRIORITIES

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Built:
    """One record as its rows tell it: the attributes they fill, and its parts, without the id of the record.

    `assumed` are attributes the rows do not say: they hold for a new record, and change no known one.
    """

    key: tuple[Any, ...]
    values: dict[str, Any]
    parts: list[dict[str, Any]] = field(default_factory=list)
    assumed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Context:
    """What building needs: who is who, which codes there are, and when the import runs.

    states: the state of each status a ticket may have; stages: the outcome of each stage of a deal, in their order.
    """

    references: References
    states: Mapping[str, str]
    stages: Mapping[str, str]
    first_stage: str | None
    now: datetime


NEED_STATUSES = ("new", "considered", "planned", "done", "declined")
CODED: Mapping[str, tuple[str, ...]] = {
    "tickets": ("status", "priority"), "deals": ("stage",), "needs": ("status", "priority"), "customers": ("kind",),
}  # fmt: skip
"""Of each kind the fields that hold one of a few codes."""


def codes_of(kind: str, field: str, *, states: Iterable[str], stages: Iterable[str]) -> list[str]:
    """The codes a field may hold; those of tickets' statuses and of stages are the workspace's."""
    if field == "priority":
        return list(PRIORITIES)
    if field == "kind":
        return ["person", "organisation"]
    if kind == "needs":
        return list(NEED_STATUSES)
    return list(stages if field == "stage" else states)


def problem_of(kind: str, row: Row, context: Context) -> tuple[str, FieldError] | None:
    """What is wrong with a row's codes: the field, and the words."""
    for name in CODED.get(kind, ()):
        value = row.get(name)
        codes = codes_of(kind, name, states=context.states, stages=context.stages)
        if value is not None and value not in codes:
            words = "'{value}' is none of {codes}; say under [codes.{field}] of the mapping what it stands for."
            return name, FieldError(words, {"value": value, "codes": ", ".join(codes), "field": name})
    return None


def build(kind: str, rows: Sequence[Row], context: Context) -> Built:
    """The record these rows are about, in their order; the last one is its state."""
    return _BUILDERS[kind](rows, context)


def _ticket(rows: Sequence[Row], context: Context) -> Built:
    last = rows[-1]
    status = last.get("status") or "new"
    values = _given(last, "number", "subject", "text", "channel", "category", "is_sla_met", "is_satisfied")
    values |= {
        "subject": last.get("subject") or last.get("category") or last["number"],
        "priority": last.get("priority") or "normal",
        "status": status,
        "state": context.states[status],
        "opened_at": last["opened_at"],
        **_whose(last, context.references),
        "assignee_id": context.references.id_of("users", last.get("assignee")),
        "team_id": context.references.id_of("teams", last.get("team")),
        "opened_by": Author.CUSTOMER.value,
        "reopened": 0,
    }
    if last.get("is_satisfied") is not None:
        values["rated_at"] = last.get("resolved_at") or last["opened_at"]
    assumed = {name for name in ("subject", "priority", "status") if last.get(name) is None}
    events = _ticket_events(rows, context, values["opened_at"])
    return Built((last["number"],), values, events, frozenset(assumed))


def _ticket_events(rows: Sequence[Row], context: Context, opened_at: datetime) -> list[dict[str, Any]]:
    first, last = rows[0], rows[-1]
    status = first.get("status") or "new"
    state = context.states[status]
    # Nobody opens a ticket that is resolved: the file does not say when it was, or says so in a column of its own.
    is_open = state != TicketState.RESOLVED
    opening = status if is_open else "new"
    begins = state if is_open else TicketState.OPEN.value
    events = [_event(opened_at, TicketEventKind.OPENED, Author.CUSTOMER, after=opening, state=begins)]
    now_status, now_who, now_priority = opening, first.get("assignee"), first.get("priority")
    for row in rows:
        at = max(row.get("updated_at") or opened_at, opened_at)
        status = row.get("status") or now_status
        if status != now_status and row.get("updated_at") is not None:
            events.append(
                _event(at, TicketEventKind.STATUS, before=now_status, after=status, state=context.states[status])
            )
            now_status = status
        if row.get("assignee") != now_who:
            who = row.get("assignee")
            events.append(_event(at, TicketEventKind.ASSIGNED, before=_short(now_who), after=_short(who)))
            now_who = who
        if row.get("priority") != now_priority:
            events.append(_event(at, TicketEventKind.PRIORITY, before=now_priority, after=row.get("priority")))
            now_priority = row.get("priority")
    if (replied_at := last.get("first_replied_at")) is not None:
        events.append(_event(max(replied_at, opened_at), TicketEventKind.REPLY))
    resolved_at = last.get("resolved_at")
    if now_status != (last.get("status") or now_status) and resolved_at is not None and "updated_at" not in last:
        status = last["status"]
        at = max(resolved_at, opened_at)
        events.append(_event(at, TicketEventKind.STATUS, before=now_status, after=status, state=context.states[status]))
    return sorted(events, key=lambda event: event["at"])


def _event(at: datetime, kind: TicketEventKind, author: Author = Author.AGENT, **values: str | None) -> dict[str, Any]:
    return {"at": at, "kind": kind.value, "author": author.value, **values}


def _short(name: str | None) -> str | None:
    return None if name is None else name[:64]


def _deal(rows: Sequence[Row], context: Context) -> Built:
    row = rows[-1]
    stage = row["stage"]
    outcome = context.stages[stage]
    is_open = outcome == "open"
    closed_at = None if is_open else row.get("closed_at") or row.get("opened_at") or context.now
    opened_at = row.get("opened_at") or closed_at or context.now
    named = [row.get("product_name") or row.get("product_code"), row.get("customer_name") or row.get("customer_ref")]
    values = _given(row, "number", "amount", "expected_close_on", "source", "notes") | {
        "name": row.get("name") or " · ".join(part for part in named if part) or row["number"],
        "stage": stage,
        "outcome": outcome,
        "lost_reason": row.get("lost_reason") if outcome == "lost" else None,
        **_whose(row, context.references),
        "owner_id": context.references.id_of("users", row.get("owner")),
        "opened_at": opened_at,
        "stage_since": opened_at if is_open else closed_at,
        "closed_at": closed_at,
    }
    first = next(iter(context.stages)) if context.first_stage is None else context.first_stage
    moves: list[dict[str, Any]] = [{"at": opened_at, "before": None, "after": stage if is_open else first}]
    if not is_open and first != stage:
        moves.append({"at": max(closed_at or opened_at, opened_at), "before": first, "after": stage})
    assumed = {name for name in ("name", "opened_at", "closed_at") if row.get(name) is None}
    return Built((row["number"],), values, moves, frozenset(assumed))


def _need(rows: Sequence[Row], context: Context) -> Built:
    row = rows[-1]
    status = row.get("status") or "new"
    created_at = row.get("created_at") or context.now
    values = _given(row, "title", "text", "value") | {
        "priority": row.get("priority") or "normal",
        "status": status,
        **_whose(row, context.references),
        "owner_id": context.references.id_of("users", row.get("owner")),
        "created_at": created_at,
        "closed_at": created_at if status in ("done", "declined") else None,
    }
    assumed = {name for name in ("priority", "status", "created_at") if row.get(name) is None}
    return Built((row["title"], values["customer_id"]), values, assumed=frozenset(assumed))


def _plain(rows: Sequence[Row], _context: Context) -> Built:
    row = rows[-1]
    key = row.get("ref") or row.get("code")
    values = {name: value for name, value in row.items() if value is not None}
    values.setdefault("name", key)
    return Built((key,), values)


def _given(row: Row, *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names if name in row}


def _whose(row: Row, references: References) -> dict[str, Any]:
    return {
        "customer_id": references.id_of("customers", row.get("customer_ref"), row.get("customer_name")),
        "product_id": references.id_of("products", row.get("product_code"), row.get("product_name")),
    }


_BUILDERS = {"tickets": _ticket, "deals": _deal, "needs": _need, "products": _plain, "customers": _plain}
