"""Needs, activities, tasks and the contacts of organisations: their fields and what follows from a change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from crm_core.access import Actor, Permission
from crm_core.db.base import now
from crm_core.db.history import TrackedSession
from crm_core.db.models import Activity, ActivityKind, Contact, Customer, Need, NeedStatus, Task
from crm_core.errors import FieldError, Invalid
from crm_core.records.field_specs import (
    PRIORITIES,
    choice,
    contact,
    day,
    flag,
    instant,
    line,
    money,
    prose,
    reference,
    whole,
)
from crm_core.records.record_kind import RecordKind
from crm_core.records.scope import activities_in, contacts_in, needs_in, tasks_in
from crm_core.translation import N_

NEED_STATUSES = {
    NeedStatus.NEW.value: N_("New"),
    NeedStatus.CONSIDERED.value: N_("Considered"),
    NeedStatus.PLANNED.value: N_("Planned"),
    NeedStatus.DONE.value: N_("Done"),
    NeedStatus.DECLINED.value: N_("Declined"),
}
ACTIVITY_KINDS = {
    ActivityKind.CALL.value: N_("Call"),
    ActivityKind.EMAIL.value: N_("E-mail"),
    ActivityKind.MEETING.value: N_("Meeting"),
    ActivityKind.NOTE.value: N_("Note"),
}
_CLOSED_NEEDS = frozenset({NeedStatus.DONE.value, NeedStatus.DECLINED.value})
OPEN_NEEDS = tuple(status for status in NEED_STATUSES if status not in _CLOSED_NEEDS)
"""The statuses of needs that are neither done nor declined."""
_MOST_MINUTES = 24 * 60


def _prepare_need(session: TrackedSession, actor: Actor, need: Need) -> None:  # noqa: ARG001
    need.closed_at = now() if need.status in _CLOSED_NEEDS else None


def _need_follows(session: TrackedSession, actor: Actor, need: Need, before: Mapping[str, Any]) -> None:  # noqa: ARG001
    if need.status not in _CLOSED_NEEDS:
        need.closed_at = None
    elif before.get("status", need.status) not in _CLOSED_NEEDS:
        need.closed_at = now()


def _prepare_task(session: TrackedSession, actor: Actor, task: Task) -> None:  # noqa: ARG001
    task.owner_id = task.owner_id if task.owner_id is not None else actor.user_id
    task.done_at = now() if task.is_done else None


def _task_follows(session: TrackedSession, actor: Actor, task: Task, before: Mapping[str, Any]) -> None:  # noqa: ARG001
    if "is_done" in before:
        task.done_at = now() if task.is_done else None


def _prepare_activity(session: TrackedSession, actor: Actor, done: Activity) -> None:  # noqa: ARG001
    done.at = done.at or now()
    done.owner_id = done.owner_id if done.owner_id is not None else actor.user_id


def _prepare_contact(session: TrackedSession, actor: Actor, person: Contact) -> None:
    _contact_follows(session, actor, person, {"customer_id": None})


def _contact_follows(session: TrackedSession, actor: Actor, person: Contact, before: Mapping[str, Any]) -> None:  # noqa: ARG001
    if "customer_id" not in before:
        return
    with session.no_autoflush:
        kind = session.scalar(select(Customer.kind).where(Customer.id == person.customer_id))
    if kind != "organisation":
        raise Invalid({"customer_id": FieldError("Only an organisation has contacts; a person is one.")})


NEEDS = RecordKind(
    model=Need,
    one=N_("Need"),
    title="title",
    view=Permission.NEEDS_VIEW,
    edit=Permission.NEEDS_EDIT,
    fields=(
        line("title", N_("Title"), 200, required=FieldError("Say in a few words what is wanted.")),
        reference("customer_id", N_("Customer"), "customers"),
        prose("text", N_("Text")),
        reference("product_id", N_("Product"), "products"),
        choice("priority", N_("Priority"), PRIORITIES),
        choice("status", N_("Status"), NEED_STATUSES),
        money("value", N_("Worth per year")),
        reference("owner_id", N_("Owner"), "users"),
    ),
    filters=("status", "priority", "product_id", "owner_id", "customer_id"),
    sorts={"-created": ("-created_at", "-id"), "-value": ("-value", "-id")},
    searched=("title", "text"),
    in_scope=needs_in,
    defaults={"priority": "normal", "status": NeedStatus.NEW.value},
    prepare=_prepare_need,
    follow=_need_follows,
    followed=frozenset({"status"}),
)

ACTIVITIES = RecordKind(
    model=Activity,
    one=N_("Activity"),
    title="subject",
    view=Permission.ACTIVITIES_VIEW,
    edit=Permission.ACTIVITIES_EDIT,
    fields=(
        choice("kind", N_("Kind"), ACTIVITY_KINDS),
        line("subject", N_("Subject"), 200, required=FieldError("Say in a few words what it was about.")),
        reference("customer_id", N_("Customer"), "customers"),
        instant("at", N_("When")),
        whole("minutes", N_("Minutes"), 0, _MOST_MINUTES),
        prose("text", N_("Text")),
        reference("deal_id", N_("Deal"), "deals"),
        reference("owner_id", N_("Done by"), "users"),
    ),
    filters=("kind", "owner_id", "customer_id", "deal_id"),
    sorts={"-at": ("-at", "-id")},
    searched=("subject", "text"),
    in_scope=activities_in,
    defaults={"kind": ActivityKind.NOTE.value},
    prepare=_prepare_activity,
)

TASKS = RecordKind(
    model=Task,
    one=N_("Task"),
    title="title",
    view=Permission.ACTIVITIES_VIEW,
    edit=Permission.ACTIVITIES_EDIT,
    fields=(
        line("title", N_("Title"), 200, required=FieldError("Say in a few words what is to be done.")),
        day("due_on", N_("Due")),
        choice("priority", N_("Priority"), PRIORITIES),
        reference("owner_id", N_("Owner"), "users"),
        reference("customer_id", N_("Customer"), "customers"),
        reference("deal_id", N_("Deal"), "deals"),
        reference("ticket_id", N_("Ticket"), "tickets"),
        prose("text", N_("Text")),
        flag("is_done", N_("Done")),
    ),
    filters=("is_done", "owner_id", "priority", "customer_id", "deal_id", "ticket_id"),
    sorts={"due": ("due_on", "id"), "-created": ("-created_at", "-id")},
    searched=("title", "text"),
    in_scope=tasks_in,
    defaults={"priority": "normal", "is_done": False},
    prepare=_prepare_task,
    follow=_task_follows,
    followed=frozenset({"is_done"}),
)

CONTACTS = RecordKind(
    model=Contact,
    one=N_("Contact"),
    title="name",
    view=Permission.CUSTOMERS_VIEW,
    edit=Permission.CUSTOMERS_EDIT,
    export=Permission.CUSTOMERS_EXPORT,
    fields=(
        line("name", N_("Name"), 200, required=FieldError("A name is needed")),
        reference("customer_id", N_("Organisation"), "customers", required=True),
        line("position", N_("Position"), 100),
        contact("email", N_("E-mail")),
        contact("phone", N_("Phone")),
        flag("is_main", N_("Main contact")),
        prose("notes", N_("Notes")),
    ),
    filters=("customer_id",),
    sorts={"name": ("name", "id")},
    searched=("name", "position", "email"),
    in_scope=contacts_in,
    defaults={"is_main": False},
    prepare=_prepare_contact,
    follow=_contact_follows,
    followed=frozenset({"customer_id"}),
)
