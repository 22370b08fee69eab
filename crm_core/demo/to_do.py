"""Activities and tasks of the demo's people: contacts along their deals, what comes next, and some work for today."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from crm_core.demo.arrivals import draw
from crm_core.demo.calendar import History
from crm_core.demo.chance import Floats, Ints
from crm_core.demo.orders import DAY_S
from crm_core.demo.pipeline import OPEN_STAGES, WON, Deals
from crm_core.demo.rows import MICROS, Row

ACTIVITY_COLUMNS = (
    "id", "kind", "at", "subject", "text", "customer_id", "deal_id", "owner_id", "minutes", "created_at",
)  # fmt: skip
TASK_COLUMNS = (
    "id", "title", "text", "due_on", "priority", "owner_id", "customer_id", "deal_id", "ticket_id", "is_done",
    "done_at", "created_at",
)  # fmt: skip


class Contact(NamedTuple):
    """A contact on the way through a stage: its kind, its subject and how long it took."""

    kind: str
    subject: str
    minutes: int | None


_CONTACTS = (
    (Contact("call", "First call", 15), Contact("email", "Introduced ourselves", None)),
    (Contact("meeting", "Asked what they need", 45), Contact("call", "Talked through the range", 25)),
    (Contact("email", "Sent the offer", None), Contact("meeting", "Presented the offer", 60)),
    (Contact("call", "Talked about the price", 30), Contact("note", "Waiting for their purchasing", None)),
)
"""By open stage."""
_NEXT = ("Call back", "Find out who decides", "Follow up on the offer", "Agree on terms")
"""What is to be done next, by open stage."""
_OWN = (
    ("Prepare the weekly report", "normal", -3),
    ("Thank for the order", "low", -1),
    ("Call about the complaint", "high", 0),
    ("Send the new catalogue", "normal", 0),
    ("Ask for a review", "low", 2),
    ("Plan the visit", "normal", 6),
)
"""Tasks of each account: title, priority, and days from today on."""
_ACTIVITY, _WHEN, _DUE, _LATE = 60, 61, 62, 63
_LATE_SHARE = 0.2


def activity_rows(
    keys: Iterator[int], deals: Deals, deal_ids: Sequence[int], span: History, *, customer_ids: Ints,
    owners: Sequence[int | None],
) -> Iterator[Row]:  # fmt: skip
    """One contact in each open stage a deal entered, within its first days there, by deal and time."""
    chosen = np.stack([draw(deals.arrivals.key, _ACTIVITY, stage) for stage in range(len(OPEN_STAGES))], axis=1)
    at = contacted(deals, span)
    customers = customer_ids[deals.arrivals.owner].tolist()
    for n, (row, picks) in enumerate(zip(at.tolist(), chosen.tolist(), strict=True)):
        for stage, (instant, u) in enumerate(zip(row, picks, strict=True)):
            if instant < span.end:
                contact = _CONTACTS[stage][int(u * len(_CONTACTS[stage]))]
                micros = int(instant) * MICROS
                yield (
                    next(keys), contact.kind, micros, contact.subject, None, customers[n], deal_ids[n], owners[n],
                    contact.minutes, micros,
                )  # fmt: skip


def contacted(deals: Deals, span: History) -> Floats:
    """When the contact of each stage took place, seconds since 1970 UTC; the end of the history or later: never."""
    ends = np.concatenate([deals.entered[:, 1:], np.full((len(deals.stage), 1), np.inf)], axis=1)
    ends = np.minimum(np.minimum(ends, deals.closed[:, None]), span.end)
    u = np.stack([draw(deals.arrivals.key, _WHEN, stage) for stage in range(len(OPEN_STAGES))], axis=1)
    is_entered = np.isfinite(deals.entered)
    entered = np.where(is_entered, deals.entered, 0.0)
    later = np.minimum(entered + u * 4 * DAY_S, entered + 0.9 * (ends - entered))
    at: Floats = np.where(is_entered, np.floor(later), np.inf)
    return at


def deal_task_rows(
    ids: Sequence[int], deals: Deals, deal_ids: Sequence[int], today: date, *, customer_ids: Ints,
    owners: Sequence[int | None],
) -> Iterator[Row]:  # fmt: skip
    """What comes next in each open deal, due within two weeks; a part of it is late already."""
    is_open = open_deals(deals)
    late = draw(deals.arrivals.key, _LATE)
    due = np.where(late < _LATE_SHARE, -np.ceil(late / _LATE_SHARE * 9), np.floor(draw(deals.arrivals.key, _DUE) * 14))
    since = deals.entered[np.arange(len(deals.stage)), np.minimum(deals.stage, len(OPEN_STAGES) - 1)]
    for row_id, n in zip(ids, is_open.tolist(), strict=True):
        on = today + timedelta(days=int(due[n]))
        yield (
            row_id, _NEXT[deals.stage[n]], None, on.isoformat(), "normal", owners[n],
            int(customer_ids[deals.arrivals.owner[n]]), deal_ids[n], None, False, None, int(since[n]) * MICROS,
        )  # fmt: skip


def open_deals(deals: Deals) -> Ints:
    """The positions of the deals that are not closed."""
    return np.flatnonzero(deals.stage < WON)


def own_task_rows(
    ids: Sequence[int], account_ids: Sequence[int], customer_ids: Sequence[int], today: date, span: History
) -> Iterator[Row]:
    """Six tasks of each account, late, due today and later, about some of these customers; the first one is done."""
    keys = iter(ids)
    number = 0
    for account in account_ids:
        for title, priority, days in _OWN:
            customer = customer_ids[number % len(customer_ids)]
            created = (span.end - 9 * DAY_S + 3600 * (number % 24)) * MICROS
            done_at = (span.end - 2 * DAY_S) * MICROS if days == _OWN[0][2] else None
            yield (
                next(keys), title, None, (today + timedelta(days=days)).isoformat(), priority, account, customer, None,
                None, done_at is not None, done_at, created,
            )  # fmt: skip
            number += 1


N_OWN = len(_OWN)
"""How many tasks each account gets."""
