"""How each kind of record is shown: its pages, the columns of its list, the words for it, what stands side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from crm_core.access import Actor
from crm_core.db.base import now
from crm_core.db.models import Outcome
from crm_core.records import deals, orders
from crm_core.records.kinds import KINDS
from crm_core.records.record_export import Computed
from crm_core.records.record_kind import RecordKind
from crm_core.records.tickets import STATES
from crm_core.translation import N_
from dashboard.i18n import _, fmt, ngettext

OUTCOMES = {Outcome.OPEN.value: N_("Open"), Outcome.WON.value: N_("Closed won"), Outcome.LOST.value: N_("Closed lost")}


@dataclass(frozen=True)
class View:
    """How one kind is shown.

    Attributes:
        pages: the names of the page of the list and of the page of one.
        new: what the button that adds one says; `added` what the one that saves it says.
        columns: of the list, besides the title: attributes, and the label of those that are no fields.
        sorts: what each order is called.
        derived: the labels of filters that are no fields.
        computed: columns that no attribute holds, and how what stands in them is written.
        layout: fields that stand side by side in the form; the others follow.
        count: so many of them, in words.
    """

    table: str
    pages: tuple[str, str]
    icon: str
    new: str
    added: str
    nothing: tuple[str, str]
    columns: Mapping[str, str]
    sorts: Mapping[str, str]
    count: Callable[[int], str]
    layout: tuple[tuple[str, ...], ...]
    derived: Mapping[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)
    computed: Mapping[str, tuple[Computed, Callable[[Any], str]]] = field(default_factory=dict)

    @property
    def kind(self) -> RecordKind:
        """The kind it shows."""
        return KINDS[self.table]


def left(due_at: datetime | None) -> str:
    """How long is left until then, or how long it is overdue."""
    if due_at is None:
        return ""
    gap = due_at - now()
    length = _length(abs(gap))
    return _("{time} left", time=length) if gap > timedelta() else _("{time} overdue", time=length)


def _length(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes < 60:
        return _("{n} min", n=minutes)
    if minutes < 48 * 60:
        return _("{n} h", n=fmt().number(minutes // 60))
    return ngettext("{n} day", "{n} days", minutes // (24 * 60))


def _billed(database_session: Any, actor: Actor, order_ids: Sequence[int]) -> dict[int, Decimal]:
    return orders.billed(session=database_session, actor=actor, order_ids=order_ids)


def _chances(database_session: Any, actor: Actor, deal_ids: Sequence[int]) -> dict[int, int]:
    return deals.chances(session=database_session, actor=actor, deal_ids=deal_ids)


VIEWS: Mapping[str, View] = {
    "deals": View(
        table="deals",
        pages=("deals", "deal"),
        icon=":material/handshake:",
        new=N_("New deal"),
        added=N_("Add deal"),
        nothing=(
            N_("No deals yet"),
            N_("Add one with “New deal” when somebody may buy; each stage it passes is kept."),
        ),
        columns={
            "amount": "", "stage": "", "expected_close_on": "", "customer_id": "", "owner_id": "",
            "probability_bp": "", "source": "", "number": N_("Number"), "opened_at": N_("Opened"),
        },
        sorts={"expected": N_("Closing next"), "-opened": N_("Newest first"), "-amount": N_("Largest first")},
        count=lambda n: ngettext("{n} deal", "{n} deals", n),
        layout=(
            ("name",), ("customer_id",), ("stage", "amount"), ("probability_bp", "expected_close_on"),
            ("owner_id", "source"), ("product_id",), ("lost_reason",), ("notes",),
        ),
        derived={"outcome": (N_("Outcome"), OUTCOMES)},
        computed={"probability_bp": (_chances, lambda bp: fmt().percent(bp / 10_000, 0))},
    ),
    "needs": View(
        table="needs",
        pages=("needs", "need"),
        icon=":material/lightbulb:",
        new=N_("New need"),
        added=N_("Add need"),
        nothing=(N_("No needs yet"), N_("Add one with “New need” when a customer wants something you do not offer.")),
        columns={
            "status": "", "priority": "", "customer_id": "", "product_id": "", "value": "", "owner_id": "",
            "created_at": N_("Noted"),
        },
        sorts={"-created": N_("Newest first"), "-value": N_("Worth most first")},
        count=lambda n: ngettext("{n} need", "{n} needs", n),
        layout=(
            ("title",), ("customer_id",), ("text",), ("status", "priority"), ("value", "owner_id"), ("product_id",),
        ),
    ),
    "tasks": View(
        table="tasks",
        pages=("tasks", "task"),
        icon=":material/task_alt:",
        new=N_("New task"),
        added=N_("Add task"),
        nothing=(N_("No tasks yet"), N_("Add one with “New task”, or on the page of a customer, deal or ticket.")),
        columns={"due_on": "", "priority": "", "customer_id": "", "deal_id": "", "ticket_id": "", "owner_id": ""},
        sorts={"due": N_("Due next"), "-created": N_("Newest first")},
        count=lambda n: ngettext("{n} task", "{n} tasks", n),
        layout=(("title",), ("due_on", "priority"), ("owner_id", "is_done"), ("customer_id",), ("text",)),
    ),
    "activities": View(
        table="activities",
        pages=("activities", "activity"),
        icon=":material/call:",
        new=N_("Log a call"),
        added=N_("Add activity"),
        nothing=(N_("No activities yet"), N_("Log a call, an e-mail or a meeting on a customer's or a deal's page.")),
        columns={"kind": "", "at": "", "minutes": "", "customer_id": "", "deal_id": "", "owner_id": ""},
        sorts={"-at": N_("Newest first")},
        count=lambda n: ngettext("{n} activity", "{n} activities", n),
        layout=(("kind", "at"), ("subject",), ("text",), ("minutes", "owner_id"), ("customer_id",), ("deal_id",)),
    ),
    "tickets": View(
        table="tickets",
        pages=("tickets", "ticket"),
        icon=":material/confirmation_number:",
        new=N_("New ticket"),
        added=N_("Add ticket"),
        nothing=(
            N_("No tickets yet"),
            N_("Add one with “New ticket” when a customer writes or calls; what is due next stands at the top."),
        ),
        columns={
            "due_at": N_("Due"), "customer_id": "", "priority": "", "status": "", "assignee_id": "", "category": "",
            "number": N_("Number"), "opened_at": N_("Opened"),
        },
        sorts={"due": N_("Due next"), "-opened": N_("Newest first"), "opened": N_("Oldest first")},
        count=lambda n: ngettext("{n} ticket", "{n} tickets", n),
        layout=(
            ("subject",), ("customer_id",), ("text",), ("status", "priority"), ("assignee_id", "team_id"),
            ("channel", "category"), ("product_id",), ("opened_by", "is_satisfied"),
        ),
        derived={"state": (N_("State"), STATES)},
    ),
    "contacts": View(
        table="contacts",
        pages=("contacts", "contact"),
        icon=":material/contacts:",
        new=N_("New contact"),
        added=N_("Add contact"),
        nothing=(N_("No contacts yet"), N_("Add the people you talk to at a customer that is an organisation.")),
        columns={"position": "", "customer_id": "", "email": "", "phone": "", "is_main": ""},
        sorts={"name": N_("By name")},
        count=lambda n: ngettext("{n} contact", "{n} contacts", n),
        layout=(("name",), ("customer_id",), ("position", "is_main"), ("email", "phone"), ("notes",)),
    ),
    "orders": View(
        table="orders",
        pages=("orders", "order"),
        icon=":material/receipt_long:",
        new=N_("New order"),
        added=N_("Add order"),
        nothing=(N_("No orders yet"), N_("Add one with “New order”, or import them on the Data page.")),
        columns={"ordered_at": "", "customer_id": "", "amount": N_("Amount"), "channel": "", "country": ""},
        sorts={"-ordered": N_("Newest first"), "ordered": N_("Oldest first")},
        count=lambda n: ngettext("{n} order", "{n} orders", n),
        layout=(("customer_id",), ("number", "ordered_at"), ("channel", "country")),
        computed={"amount": (_billed, lambda amount: fmt().money(amount))},
    ),
    "products": View(
        table="products",
        pages=("products", "product"),
        icon=":material/inventory_2:",
        new=N_("New product"),
        added=N_("Add product"),
        nothing=(
            N_("No products yet"), N_("Add one with “New product”, or import orders; what they sell appears here."),
        ),
        columns={"code": "", "category": "", "unit_price": "", "is_active": "", "is_adjustment": ""},
        sorts={
            "name": N_("By name"), "code": N_("By code"), "-price": N_("Dearest first"), "-created": N_("Newest first"),
        },
        count=lambda n: ngettext("{n} product", "{n} products", n),
        layout=(("name",), ("code", "category"), ("unit_price",), ("is_active", "is_adjustment")),
    ),
}  # fmt: skip
"""By table."""
