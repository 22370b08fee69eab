"""What a workspace sets for its service and sales: targets by priority, working hours, teams, statuses, stages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, func, select, true

from crm_core.access import Actor, Permission, Scope
from crm_core.db.history import TrackedSession
from crm_core.db.models import (
    BusinessCalendar,
    Deal,
    DealStage,
    Outcome,
    SlaTarget,
    Team,
    Ticket,
    TicketState,
    TicketStatus,
)
from crm_core.errors import FieldError, Invalid
from crm_core.records.business_time import working_hours
from crm_core.records.contact_fields import Refused
from crm_core.records.deals import WHOLE_BP
from crm_core.records.field_specs import PRIORITIES, Spec, choice, flag, line, reference, whole
from crm_core.records.record_kind import RecordKind
from crm_core.records.retiming import retime_open
from crm_core.records.tickets import STATES
from crm_core.translation import N_

OUTCOMES = {Outcome.OPEN.value: N_("Open"), Outcome.WON.value: N_("Closed won"), Outcome.LOST.value: N_("Closed lost")}
MAX_MINUTES = 366 * 24 * 60
MAX_HOLIDAYS = 1_000
_MAX_PLACE = 1_000
_CODE = 32
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")


def _everyones(_scope: Scope) -> ColumnElement[bool]:
    """Settings are the workspace's."""
    return true()


def _hours(value: Any) -> dict[str, list[list[str]]]:
    """Spells of work by weekday, as {"0": [["09:00", "17:00"]], …}; at least one."""
    given = value if isinstance(value, Mapping) else {}
    found: dict[str, list[list[str]]] = {}
    for weekday in range(7):
        spells = [[str(clock) for clock in spell] for spell in given.get(str(weekday), [])]
        if not all(len(spell) == 2 and all(map(_CLOCK.fullmatch, spell)) for spell in spells):
            raise Refused(FieldError("Write hours as 09:00-12:00, 13:00-17:00; 24:00 ends a day."))
        if any(one[1] > other[0] for one, other in pairwise(spells)) or any(begin >= end for begin, end in spells):
            raise Refused(FieldError("Hours of a day follow each other, and each ends after it begins."))
        found[str(weekday)] = spells
    if not any(found.values()):
        raise Refused(FieldError("A calendar needs working hours on one day at least."))
    return found


def _holidays(value: Any) -> list[str]:
    """Days as 2026-12-25, in their order, each once; a text has one a line."""
    days = value.replace(",", "\n").splitlines() if isinstance(value, str) else list(value or [])
    found = set()
    for text in (str(day).strip() for day in days):
        if text:
            try:
                found.add(date.fromisoformat(text).isoformat())
            except ValueError as error:
                problem = FieldError("'{value}' is not a date; write it as 1990-12-31", {"value": text})
                raise Refused(problem) from error
    if len(found) > MAX_HOLIDAYS:
        raise Refused(FieldError("At most {limit} holidays fit.", {"limit": MAX_HOLIDAYS}))
    return sorted(found)


def _target_follows(session: TrackedSession, actor: Actor, target: SlaTarget, before: Mapping[str, Any]) -> None:  # noqa: ARG001
    retime_open(session, [target.priority])


def _calendar_follows(
    session: TrackedSession, actor: Actor, calendar: BusinessCalendar, before: Mapping[str, Any]  # noqa: ARG001
) -> None:  # fmt: skip
    if not before.keys() & {"hours", "holidays"}:
        return
    try:
        working_hours(calendar.hours, calendar.holidays, "UTC", date(2024, 1, 1), date(2024, 12, 31))
    except ValueError as error:
        raise Invalid({"hours": FieldError("A calendar needs working hours on one day at least.")}) from error
    session.flush()
    using = select(SlaTarget.priority).where(SlaTarget.calendar_id == calendar.id)
    retime_open(session, list(session.scalars(using)))


def _code_of(session: TrackedSession, model: type[Any], name: str) -> str:
    """A code of a new status or stage, from its name."""
    stem = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")[: _CODE - 4] or "own"
    code, number = stem, 1
    with session.no_autoflush:
        while session.scalar(select(model.id).where(model.code == code)) is not None:
            number += 1
            code = f"{stem}_{number}"
    return code


def _prepare_status(session: TrackedSession, actor: Actor, status: TicketStatus) -> None:  # noqa: ARG001
    status.code = _code_of(session, TicketStatus, status.name)


def _prepare_stage(session: TrackedSession, actor: Actor, stage: DealStage) -> None:  # noqa: ARG001
    stage.code = _code_of(session, DealStage, stage.name)


def _status_follows(session: TrackedSession, actor: Actor, status: TicketStatus, before: Mapping[str, Any]) -> None:  # noqa: ARG001
    """What a status means cannot change below tickets that have it, or had it: their times were made of it."""
    if "state" in before:
        _refuse_in_use(session, "state", select(func.count()).where(Ticket.status == status.code))


def _stage_follows(session: TrackedSession, actor: Actor, stage: DealStage, before: Mapping[str, Any]) -> None:  # noqa: ARG001
    if "outcome" in before:
        _refuse_in_use(session, "outcome", select(func.count()).where(Deal.stage == stage.code))


def _refuse_in_use(session: TrackedSession, name: str, counted: Any) -> None:
    with session.no_autoflush:
        n = session.scalar(counted) or 0
    if n:
        problem = FieldError("{n} records have this; move them to another one first, or add a new one.", {"n": n})
        raise Invalid({name: problem})


_SHARED: dict[str, Any] = {"edit": Permission.SETTINGS_EDIT, "searched": (), "filters": (), "in_scope": _everyones}

TARGETS = RecordKind(
    model=SlaTarget,
    one=N_("Target"),
    title="priority",
    view=Permission.TICKETS_VIEW,
    fields=(
        choice("priority", N_("Priority"), PRIORITIES),
        whole("response_minutes", N_("First reply within, in minutes"), 1, MAX_MINUTES),
        whole("resolution_minutes", N_("Resolved within, in minutes"), 1, MAX_MINUTES),
        reference("calendar_id", N_("Counted in the hours of"), "business_calendars"),
    ),
    sorts={"priority": ("id",)},
    unique=frozenset({"priority"}),
    follow=_target_follows,
    **_SHARED,
)
CALENDARS = RecordKind(
    model=BusinessCalendar,
    one=N_("Calendar"),
    title="name",
    view=Permission.TICKETS_VIEW,
    fields=(
        line("name", N_("Name"), 120, required=FieldError("Give it a name.")),
        Spec("hours", N_("Working hours"), "text", _hours, is_required=True),
        Spec("holidays", N_("Holidays"), "long_text", _holidays),
    ),
    sorts={"id": ("id",)},
    defaults={"hours": {str(day): [["09:00", "17:00"]] if day < 5 else [] for day in range(7)}, "holidays": []},
    follow=_calendar_follows,
    **_SHARED,
)
TEAMS = RecordKind(
    model=Team,
    one=N_("Team"),
    title="name",
    view=Permission.CUSTOMERS_VIEW,
    fields=(
        line("name", N_("Name"), 120, required=FieldError("Give it a name.")),
        flag("is_active", N_("In use")),
    ),
    sorts={"name": ("name", "id")},
    unique=frozenset({"name"}),
    defaults={"is_active": True},
    **_SHARED,
)
STATUSES = RecordKind(
    model=TicketStatus,
    one=N_("Status"),
    title="name",
    view=Permission.TICKETS_VIEW,
    fields=(
        line("name", N_("Name"), 100, required=FieldError("Give it a name.")),
        choice("state", N_("Counts as"), STATES),
        whole("position", N_("Place"), 1, _MAX_PLACE),
    ),
    sorts={"position": ("position", "id")},
    defaults={"state": TicketState.OPEN.value, "position": 100},
    prepare=_prepare_status,
    follow=_status_follows,
    **_SHARED,
)
STAGES = RecordKind(
    model=DealStage,
    one=N_("Stage"),
    title="name",
    view=Permission.DEALS_VIEW,
    fields=(
        line("name", N_("Name"), 100, required=FieldError("Give it a name.")),
        whole("probability_bp", N_("Chance to win"), 0, WHOLE_BP, kind="share"),
        choice("outcome", N_("Counts as"), OUTCOMES),
        whole("position", N_("Place"), 1, _MAX_PLACE),
    ),
    sorts={"position": ("position", "id")},
    defaults={"outcome": Outcome.OPEN.value, "probability_bp": 0, "position": 100},
    prepare=_prepare_stage,
    follow=_stage_follows,
    **_SHARED,
)
SETTINGS: Mapping[str, RecordKind] = {kind.table: kind for kind in (TARGETS, CALENDARS, TEAMS, STATUSES, STAGES)}
"""By the name of their table; they are changed one by one and have no list of their own."""
