"""Tickets: their fields, and what follows from replies, notes and changes of status, assignee and priority."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.access import Actor, Permission
from crm_core.db.base import now
from crm_core.db.history import TrackedSession
from crm_core.db.models import (
    Author,
    Team,
    Ticket,
    TicketEvent,
    TicketEventKind,
    TicketState,
    TicketStatus,
    User,
)
from crm_core.errors import FieldError, Invalid
from crm_core.records.field_specs import PRIORITIES, answer, choice, line, prose, reference, row_code
from crm_core.records.record_kind import RecordKind
from crm_core.records.record_service import get as get_record
from crm_core.records.record_service import locked
from crm_core.records.scope import tickets_in
from crm_core.records.ticket_times import events_by_ticket, promise_of, retime
from crm_core.translation import N_

STATES = {
    TicketState.OPEN.value: N_("Open"),
    TicketState.ON_HOLD.value: N_("On hold"),
    TicketState.RESOLVED.value: N_("Resolved"),
}
OPENED_BY = {Author.CUSTOMER.value: N_("The customer"), Author.AGENT.value: N_("The team")}
MAX_TEXT = 100_000
"""Characters of a ticket's text; people send long letters."""
FIRST_STATUSES = (N_("Waiting for the customer"), N_("Waiting for others"), N_("Closed"))
"""Names, beside those of the states, of the statuses a workspace begins with; screens translate them."""
CHANNELS = ("email", "phone", "chat", "web", "shop")
"""Suggested; any word will do."""


def statuses(*, session: Session, actor: Actor) -> list[TicketStatus]:
    """The statuses of tickets in their order.

    Raises:
        PermissionDenied: the role may not see tickets.
    """
    actor.require(Permission.TICKETS_VIEW)
    return list(session.scalars(select(TicketStatus).order_by(TicketStatus.position, TicketStatus.id)))


def reply(*, session: TrackedSession, actor: Actor, ticket_id: int, text: str, author: Author = Author.AGENT) -> Ticket:
    """Add a public message by a person of the team, the customer, or a bot; the first of the team stops the clock.

    Raises:
        PermissionDenied: the role may not change tickets.
        NotFound: there is no such ticket, or the actor may not see it.
        Invalid: nothing was written.
    """
    return _said(session, actor, ticket_id, TicketEventKind.REPLY, text, author)


def note(*, session: TrackedSession, actor: Actor, ticket_id: int, text: str) -> Ticket:
    """Add an internal note; raises as `reply` does."""
    return _said(session, actor, ticket_id, TicketEventKind.NOTE, text, Author.AGENT)


def events_of(*, session: Session, actor: Actor, ticket_id: int) -> list[TicketEvent]:
    """What happened to the ticket, in its order.

    Raises:
        PermissionDenied: the role may not see tickets.
        NotFound: there is no such ticket, or the actor may not see it.
    """
    get_record(session=session, actor=actor, kind=TICKETS, row_id=ticket_id)
    return _events(session, ticket_id)


def merge_into(*, session: TrackedSession, actor: Actor, ticket_id: int, survivor_id: int) -> Ticket:
    """Close a ticket as the same as another; it is counted once, under the survivor.

    Raises:
        PermissionDenied, NotFound: as `reply`, for either of the two.
        Invalid: the two are one, or the survivor was itself merged away.
    """
    ticket: Ticket = locked(session, actor, TICKETS, ticket_id)
    survivor = locked(session, actor, TICKETS, survivor_id)
    if ticket.id == survivor.id or survivor.merged_into_id is not None or ticket.merged_into_id is not None:
        raise Invalid({"merged_into_id": FieldError("Choose another ticket that is not merged itself.")})
    ticket.merged_into_id = survivor.id
    earlier = _events(session, ticket.id)
    retime(session, ticket, [*earlier, _add(session, actor, ticket, TicketEventKind.MERGED, after=survivor.number)])
    session.flush()
    return ticket


def _said(
    session: TrackedSession, actor: Actor, ticket_id: int, kind: TicketEventKind, text: str, author: Author
) -> Ticket:
    ticket: Ticket = locked(session, actor, TICKETS, ticket_id)
    words = prose("text", N_("Text")).clean(text)
    if words is None:
        raise Invalid({"text": FieldError("Write something first.")})
    earlier = _events(session, ticket.id)
    retime(session, ticket, [*earlier, _add(session, actor, ticket, kind, text=words, author=author)])
    session.flush()
    return ticket


def _prepare(session: TrackedSession, actor: Actor, ticket: Ticket) -> None:  # noqa: ARG001
    ticket.state = _state_of(session, ticket.status)
    ticket.opened_at = ticket.opened_at or now()
    retime(session, ticket, [])
    if ticket.state == TicketState.RESOLVED:
        ticket.first_resolved_at = ticket.resolved_at = ticket.opened_at


def _follow(session: TrackedSession, actor: Actor, ticket: Ticket, before: Mapping[str, Any]) -> None:
    """Write the events a change means, and bring the times into step."""
    if not before:
        _add(
            session, actor, ticket, TicketEventKind.OPENED, author=Author(ticket.opened_by), text=ticket.text,
            after=ticket.status, state=ticket.state, at=ticket.opened_at,
        )  # fmt: skip
        return
    earlier = _events(session, ticket.id)
    if "status" in before:
        ticket.state = _state_of(session, ticket.status)
        earlier.append(
            _add(
                session, actor, ticket, TicketEventKind.STATUS, before=before["status"], after=ticket.status,
                state=ticket.state,
            )
        )  # fmt: skip
    if "priority" in before:
        _add(session, actor, ticket, TicketEventKind.PRIORITY, before=before["priority"], after=ticket.priority)
    for name, model in (("assignee_id", User), ("team_id", Team)):
        if name in before:
            was, is_now = (_name_of(session, model, key) for key in (before[name], getattr(ticket, name)))
            _add(session, actor, ticket, TicketEventKind.ASSIGNED, before=was, after=is_now)
    if "is_satisfied" in before:
        ticket.rated_at = None if ticket.is_satisfied is None else now()
        _add(session, actor, ticket, TicketEventKind.RATED, author=Author.CUSTOMER, after=_said_of(ticket.is_satisfied))
    if before.keys() & {"status", "priority"}:
        retime(session, ticket, earlier, is_promised_anew="priority" in before)


def _settle(session: TrackedSession, tickets: Sequence[Ticket]) -> None:
    states = dict(session.execute(select(TicketStatus.code, TicketStatus.state)).all())
    promises = {priority: promise_of(session, priority) for priority in {ticket.priority for ticket in tickets}}
    events = events_by_ticket(session, [ticket.id for ticket in tickets])
    for ticket in tickets:
        ticket.state = states[ticket.status]
        retime(session, ticket, events[ticket.id], promises[ticket.priority])


def _said_of(is_satisfied: bool | None) -> str | None:
    return None if is_satisfied is None else "yes" if is_satisfied else "no"


def _state_of(session: Session, status: str) -> str:
    with session.no_autoflush:
        state = session.scalar(select(TicketStatus.state).where(TicketStatus.code == status))
    if state is None:
        raise Invalid({"status": FieldError("There is no status '{code}'", {"code": status})})
    return state


def _name_of(session: Session, model: type[User] | type[Team], key: int | None) -> str | None:
    with session.no_autoflush:
        name = None if key is None else session.scalar(select(model.name).where(model.id == key))
    return None if name is None else name[:64]


def _add(
    session: TrackedSession,
    actor: Actor,
    ticket: Ticket,
    kind: TicketEventKind,
    *,
    author: Author = Author.AGENT,
    **values: Any,
) -> TicketEvent:
    by = actor.user_id if author is Author.AGENT else None
    values.setdefault("at", now())
    event = TicketEvent(ticket_id=ticket.id, kind=kind.value, author=author.value, author_id=by, **values)
    session.add(event)
    return event


def _events(session: Session, ticket_id: int) -> list[TicketEvent]:
    with session.no_autoflush:
        return events_by_ticket(session, [ticket_id])[ticket_id]


TICKETS = RecordKind(
    model=Ticket,
    one=N_("Ticket"),
    title="subject",
    view=Permission.TICKETS_VIEW,
    edit=Permission.TICKETS_EDIT,
    fields=(
        line("subject", N_("Subject"), 300, required=FieldError("A ticket needs a subject.")),
        reference("customer_id", N_("Customer"), "customers"),
        prose("text", N_("Text"), MAX_TEXT),
        line("channel", N_("Channel"), 64),
        line("category", N_("Category"), 100),
        choice("priority", N_("Priority"), PRIORITIES),
        row_code("status", N_("Status"), "ticket_statuses"),
        reference("product_id", N_("Product"), "products"),
        reference("assignee_id", N_("Assigned to"), "users"),
        reference("team_id", N_("Team"), "teams"),
        choice("opened_by", N_("Opened by"), OPENED_BY),
        answer("is_satisfied", N_("Satisfied")),
    ),
    filters=("state", "status", "priority", "category", "channel", "assignee_id", "team_id", "customer_id"),
    sorts={
        "due": ("due_at", "id"),
        "-opened": ("-opened_at", "-id"),
        "opened": ("opened_at", "id"),
    },
    searched=("number", "subject", "text"),
    in_scope=tickets_in,
    number_prefix="T",
    defaults={"priority": "normal", "status": "new", "opened_by": Author.CUSTOMER.value},
    prepare=_prepare,
    follow=_follow,
    settle=_settle,
    restored=frozenset({"response_due_at", "resolution_due_at"}),
    followed=frozenset({"status", "priority", "assignee_id", "team_id", "is_satisfied"}),
)
