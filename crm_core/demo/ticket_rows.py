"""Rows of tickets and their events; what a ticket holds follows from its events as in `records.ticket_times`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from crm_core.demo import ticket_words as words
from crm_core.demo.arrivals import draw
from crm_core.demo.catalogue import items
from crm_core.demo.chance import Bools, Ints
from crm_core.demo.desk import PRIORITIES, STATUSES, TOPICS, Desk
from crm_core.demo.rows import Row
from crm_core.demo.ticket_course import NOT_YET, Course, is_taken_later
from crm_core.demo.tickets import CHANNELS, Tickets

TICKET_COLUMNS = (
    "id", "number", "customer_id", "subject", "text", "channel", "category", "priority", "status", "state",
    "product_id", "assignee_id", "team_id", "opened_by", "opened_at", "first_replied_at", "first_resolved_at",
    "resolved_at", "reopened", "response_due_at", "resolution_due_at", "due_at", "is_satisfied", "rated_at",
)  # fmt: skip
EVENT_COLUMNS = ("id", "ticket_id", "at", "kind", "author", "author_id", "text", "before", "after", "state")

_NEW, _OPEN, _WAITING, _THIRD_PARTY, _RESOLVED, _CLOSED = range(6)
_CODES = tuple(STATUSES)
_SAID = 42
_OPENING, _NO_TEXT = -1, -2
_NO_STATUS = -1


@dataclass(frozen=True, eq=False)
class Events:
    """Events of tickets, by ticket and time.

    Attributes:
        ticket: position of the ticket.
        at: microseconds since 1970 UTC.
        kind, author: position in KINDS and AUTHORS.
        said: what is said, as in `ticket_words`; _OPENING is the ticket's text, _NO_TEXT nothing.
        before, after: statuses, or _NO_STATUS.
    """

    ticket: Ints
    at: Ints
    kind: Ints
    author: Ints
    said: Ints
    before: Ints
    after: Ints


KINDS = ("opened", "reply", "note", "status", "rated", "assigned", "priority")
AUTHORS = ("agent", "customer", "bot")
_OPENED, _REPLY, _NOTE, _STATUS, _RATED, _TAKEN, _RAISED = range(7)
_AGENT, _CUSTOMER, _BOT = range(3)


def events_of(course: Course) -> Events:
    """What happened, out of when it happened."""
    by_team, hold = course.by_team, np.where(course.third_party, _THIRD_PARTY, _WAITING)
    turn = np.where(course.third_party, _AGENT, _CUSTOMER)
    news = np.where(course.third_party, words.NOTE, words.CUSTOMER)
    kind = np.where(course.third_party, _NOTE, _REPLY)
    parts = (
        (course.opened, _OPENED, np.where(by_team, _AGENT, _CUSTOMER), _OPENING, _NEW),
        (course.asked, _REPLY, _AGENT, words.ASKED, _NO_STATUS),
        (course.bot, _REPLY, _BOT, words.BOT, _NO_STATUS),
        (course.taken, _TAKEN, _AGENT, _NO_TEXT, _NO_STATUS),
        (course.raised, _RAISED, _AGENT, _NO_TEXT, _NO_STATUS),
        (course.noted, _NOTE, _AGENT, words.NOTE, _NO_STATUS),
        (course.replied, _REPLY, _AGENT, words.REPLY, _NO_STATUS),
        (course.replied, _STATUS, _AGENT, _NO_TEXT, _OPEN),
        (course.held, _STATUS, _AGENT, _NO_TEXT, hold),
        (course.resumed, kind, turn, news, _NO_STATUS),
        (course.resumed, _STATUS, turn, _NO_TEXT, _OPEN),
        (course.replied_again, _REPLY, _AGENT, words.AGAIN, _NO_STATUS),
        (course.resolved, _STATUS, _AGENT, _NO_TEXT, _RESOLVED),
        (course.reopened, _REPLY, _CUSTOMER, words.BACK, _NO_STATUS),
        (course.reopened, _STATUS, _CUSTOMER, _NO_TEXT, _OPEN),
        (course.answered, _REPLY, _AGENT, words.SORRY, _NO_STATUS),
        (course.resolved_again, _STATUS, _AGENT, _NO_TEXT, _RESOLVED),
        (course.rated, _RATED, _CUSTOMER, _NO_TEXT, _NO_STATUS),
        (course.closed, _STATUS, _BOT, _NO_TEXT, _CLOSED),
    )
    shape = (len(parts), len(course.opened))
    at, kinds, authors, said, after = (
        np.stack([np.broadcast_to(np.asarray(part[column]), shape[1:]) for part in parts]) for column in range(5)
    )
    ticket = np.broadcast_to(np.arange(shape[1]), shape)
    sequence = np.broadcast_to(np.arange(shape[0])[:, None], shape)
    happened = at != NOT_YET
    columns = [column[happened] for column in (ticket, at, kinds, authors, said, after, sequence)]
    order = np.lexsort((columns[6], columns[1], columns[0]))
    ticket, at, kinds, authors, said, after = (column[order] for column in columns[:6])
    return Events(ticket, at, kinds, authors, said, _status_before(ticket, after), after)


def ticket_rows(
    ids: Sequence[int], tickets: Tickets, course: Course, desk: Desk, *, customer_ids: Ints, product_ids: Ints,
    languages: Sequence[str], prefix: str,
) -> Iterator[Row]:  # fmt: skip
    """Tickets by time; `languages` are those of the chunk's customers."""
    status = status_at_end(course)
    state = [STATUSES[_CODES[code]] for code in status.tolist()]
    is_held = (status == _WAITING) | (status == _THIRD_PARTY)
    held = np.where(course.resumed != NOT_YET, course.resumed - course.held, 0)
    response_due = desk.due(course.opened, tickets.priority, is_resolution=False)
    resolution_due = desk.due(course.opened + held, tickets.priority, is_resolution=True)
    resolution_due = np.where(is_held, -1, resolution_due)
    is_done = (status == _RESOLVED) | (status == _CLOSED)
    resolved = np.where(course.reopened != NOT_YET, course.resolved_again, course.resolved)
    is_unassigned = is_taken_later(tickets, course.by_team) & (course.taken == NOT_YET)
    told = (texts(number, tickets, languages[owner]) for number, owner in enumerate(tickets.owner.tolist()))
    people = [agent.user_id for agent in desk.agents]
    columns = zip(
        ids, customer_ids[tickets.owner].tolist(), told, tickets.channel.tolist(), tickets.topic.tolist(),
        tickets.priority.tolist(), status.tolist(), state, tickets.product.tolist(),
        np.where(is_unassigned, -1, tickets.agent).tolist(), course.by_team.tolist(), course.opened.tolist(),
        optional(course.replied), optional(course.resolved), optional(resolved),
        (course.reopened != NOT_YET).astype(np.int64).tolist(), optional(response_due), optional(resolution_due),
        optional(_next_due(course, response_due, resolution_due, is_done)), optional(course.rated),
        course.is_satisfied.tolist(), strict=True,
    )  # fmt: skip
    products = product_ids.tolist()
    for (
        key, customer, (subject, text), channel, topic, priority, code, is_in, product, agent, by_team, opened, replied,
        first_resolved, resolved_at, reopened, response, resolution, due, rated, is_satisfied,
    ) in columns:  # fmt: skip
        yield (
            key, f"{prefix}T-{key:06d}", customer, subject, text, CHANNELS[channel], TOPICS[topic].category,
            PRIORITIES[priority], _CODES[code], is_in, None if product < 0 else products[product],
            None if agent < 0 else people[agent], desk.team_ids[TOPICS[topic].team],
            "agent" if by_team else "customer", opened, replied, first_resolved, resolved_at, reopened, response,
            resolution, due, None if rated is None else is_satisfied, rated,
        )  # fmt: skip


def event_rows(
    ids: Sequence[int], ticket_ids: Sequence[int], tickets: Tickets, course: Course, events: Events, desk: Desk, *,
    languages: Sequence[str],
) -> Iterator[Row]:  # fmt: skip
    """Events by ticket and time."""
    first = ticket_ids[0] if ticket_ids else 0
    people = [agent.user_id for agent in desk.agents]
    names, priorities = [agent.name for agent in desk.agents], tickets.priority.tolist()
    chosen = draw(tickets.key, _SAID).tolist()
    agents, owners, liked = tickets.agent.tolist(), tickets.owner.tolist(), course.is_satisfied.tolist()
    for key, ticket, at, kind, author, said, before, after in zip(
        ids, events.ticket.tolist(), events.at.tolist(), events.kind.tolist(), events.author.tolist(),
        events.said.tolist(), events.before.tolist(), events.after.tolist(), strict=True,
    ):  # fmt: skip
        text = None
        if said == _OPENING:
            text = texts(ticket, tickets, languages[owners[ticket]])[1]
        elif said != _NO_TEXT:
            variants = words.SAID["zh" if languages[owners[ticket]] == "zh" else "en"][said]
            text = variants[int(chosen[ticket] * len(variants))]
        old, new = (None if code < 0 else _CODES[code] for code in (before, after))
        state = None if new is None else STATUSES[new]
        if kind == _RATED:
            new = "yes" if liked[ticket] else "no"
        elif kind == _TAKEN:
            new = names[agents[ticket]]
        elif kind == _RAISED:
            old, new = PRIORITIES[priorities[ticket] - 1], PRIORITIES[priorities[ticket]]
        yield (
            key, first + ticket, at, KINDS[kind], AUTHORS[author], people[agents[ticket]] if author == _AGENT else None,
            text, old, new, state,
        )  # fmt: skip


def status_at_end(course: Course) -> Ints:
    """The status each ticket has come to, as a position in the desk's statuses."""
    status = np.full(len(course.opened), _NEW)
    hold = np.where(course.third_party, _THIRD_PARTY, _WAITING)
    steps = (
        (course.replied, _OPEN), (course.held, hold), (course.resumed, _OPEN), (course.resolved, _RESOLVED),
        (course.reopened, _OPEN), (course.resolved_again, _RESOLVED), (course.closed, _CLOSED),
    )  # fmt: skip
    for at, code in steps:
        status = np.where(at != NOT_YET, code, status)
    return status


def texts(number: int, tickets: Tickets, language: str) -> tuple[str, str]:
    """The subject and text of a ticket."""
    templates = words.TICKETS["zh" if language == "zh" else "en"][tickets.topic[number]]
    chosen = templates[int(tickets.key[number] >> np.uint64(40)) % len(templates)]
    product = items()[tickets.product[number]].name
    return chosen.subject.format(product=product), chosen.text.format(product=product)


def optional(at: Ints) -> list[int | None]:
    """Instants for the database: nothing where they have not come."""
    return [value if 0 <= value < NOT_YET else None for value in at.tolist()]


def _next_due(course: Course, response_due: Ints, resolution_due: Ints, is_done: Bools) -> Ints:
    response = np.where((response_due >= 0) & (course.replied == NOT_YET), response_due, NOT_YET)
    resolution = np.where(resolution_due >= 0, resolution_due, NOT_YET)
    return np.where(is_done, NOT_YET, np.minimum(response, resolution))


def _status_before(ticket: Ints, after: Ints) -> Ints:
    """For each event that sets a status, the one before it; events are by ticket and time."""
    before = np.full(len(ticket), _NO_STATUS)
    setting = np.flatnonzero(after != _NO_STATUS)
    follows = np.flatnonzero(ticket[setting][1:] == ticket[setting][:-1]) + 1
    before[setting[follows]] = after[setting[follows - 1]]
    return before
