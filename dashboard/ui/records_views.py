"""How each kind of record is shown: its pages, the columns of its list, the words for it, what stands side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crm_core.db.base import now
from crm_core.db.models import Outcome
from crm_core.records.kinds import KINDS
from crm_core.records.record_kind import RecordKind
from crm_core.records.tickets import STATES
from crm_core.translation import N_
from dashboard.i18n import _, fmt, ngettext

OUTCOMES = {Outcome.OPEN.value: N_("Open"), Outcome.WON.value: N_("Won"), Outcome.LOST.value: N_("Lost")}


@dataclass(frozen=True)
class View:
    """How one kind is shown.

    Attributes:
        pages: the names of the page of the list and of the page of one.
        new: what the button that adds one says; `added` what the one that saves it says.
        columns: of the list, besides the title: attributes, and the label of those that are no fields.
        sorts: what each order is called.
        derived: the labels of filters that are no fields.
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


VIEWS: Mapping[str, View] = {
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
}  # fmt: skip
"""By table."""
