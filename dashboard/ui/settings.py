"""The settings of a workspace: each of a kind in a form of its own, saved with its undo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from crm_core.errors import CrmError, Invalid
from crm_core.records import record_list, record_service, team_members
from crm_core.records.record_kind import RecordKind
from crm_core.records.record_list import RecordQuery
from crm_core.records.settings_kinds import CALENDARS, SETTINGS, STAGES, STATUSES, TARGETS, TEAMS
from crm_core.translation import N_
from dashboard import session
from dashboard.i18n import _, fmt, ngettext
from dashboard.ui import done, record_history
from dashboard.ui.form_state import Field, opened
from dashboard.ui.plain import plain, plain_error
from dashboard.ui.record_form import record_form
from dashboard.ui.records_form import choices, field_of, rows_of, values_of

TABS = {
    TARGETS.table: N_("Service targets"),
    CALENDARS.table: N_("Working hours"),
    TEAMS.table: N_("Teams"),
    STATUSES.table: N_("Ticket statuses"),
    STAGES.table: N_("Deal stages"),
}
WEEKDAYS = (
    N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday"),
)  # fmt: skip
NEW = {
    CALENDARS.table: N_("New calendar"),
    TEAMS.table: N_("New team"),
    STATUSES.table: N_("New status"),
    STAGES.table: N_("New stage"),
}
_SAYS = {
    TARGETS.table: N_(
        "Saving works out anew when open tickets of the priority are due. Resolved ones stay as they were."
    ),
    CALENDARS.table: N_("Saving works out anew when open tickets counted in these hours are due. Times are local."),
    STATUSES.table: N_("What a status counts as can change only while no ticket has it."),
    STAGES.table: N_("What a stage counts as can change only while no deal is in it."),
}
_LAYOUTS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    TARGETS.table: (("response_minutes", "resolution_minutes", "calendar_id"),),
    TEAMS.table: (("name", "is_active"),),
    STATUSES.table: (("name", "state", "position"),),
    STAGES.table: (("name", "probability_bp", "outcome", "position"),),
}
_HOURS = "hours."


def tab(table: str) -> None:
    """All that is set of one kind, each in its form, and one more."""
    kind = SETTINGS[table]
    if table in _SAYS:
        st.caption(_(_SAYS[table]))
    with session.workspace().read() as database_session:
        found = record_list.page(
            session=database_session, actor=session.actor(), kind=kind, query=RecordQuery(per_page=200)
        ).rows
    for row in found:
        box = st.expander(plain(_title(kind, row)), key=f"{table}.{row.id}.box", on_change="rerun")
        if box.open:
            with box:
                _form(kind, row)
                if kind is TEAMS:
                    _members(row)
                _history(kind, row)
    if table in NEW:
        box = st.expander(_(NEW[table]), icon=":material/add:", key=f"{table}.new.box", on_change="rerun")
        if box.open:
            with box:
                _form(kind, None)


def _title(kind: RecordKind, row: Any) -> str:
    name = str(getattr(row, kind.title))
    words = kind.specs[kind.title].choices
    return _(words[name]) if name in words else _(name)


def _form(kind: RecordKind, row: Any | None) -> None:
    """The form of what is set, or of a new one where `row` is None."""
    form = f"{kind.table}:{'new' if row is None else row.id}"
    values = dict.fromkeys(kind.specs) | dict(kind.defaults) if row is None else values_of(kind, row)
    shown = _spread(values) if kind is CALENDARS else values
    if kind is TARGETS:
        shown = {name: value for name, value in shown.items() if name != "priority"}

    def save(touched: dict[str, Any], version: int | None) -> bool:
        try:
            return keep(_gathered(values, touched) if kind is CALENDARS else touched, version)
        except Invalid as error:
            raise Invalid({_typed_in(name, touched): problem for name, problem in error.fields.items()}) from error

    def keep(given: dict[str, Any], version: int | None) -> bool:
        actor = session.actor()
        with session.workspace().write(actor, "form") as database_session:
            if row is None:
                filled = {name: value for name, value in (values | given).items() if value is not None}
                record_service.create(session=database_session, actor=actor, kind=kind, values=filled)
            else:
                record_service.update(
                    session=database_session, actor=actor, kind=kind, row_id=row.id,
                    seen_version=version or row.version, values=given,
                )  # fmt: skip
            set_id = done.change_set_of(database_session)
            done.note(_saved(database_session.n_changes.get("tickets", 0)), set_id)
        return True

    @st.fragment
    def draw() -> None:
        state = opened(form, shown, None if row is None else row.version)
        rows = _calendar_rows() if kind is CALENDARS else _rows(kind, state.original | state.touched)
        parts = {"hours": Field("hours", _("Working hours"), said=_spells)} if kind is CALENDARS else None
        label = _("Save changes") if row is not None else _("Add")
        if record_form(form, rows, state, save, save_label=label, shortcut=None, parts=parts):
            st.rerun()

    draw()


def _rows(kind: RecordKind, values: Mapping[str, Any]) -> list[list[Field]]:
    hidden = {"priority"} if kind is TARGETS else set()
    rows = rows_of(kind, _LAYOUTS[kind.table], values)
    return [kept for row in rows if (kept := [item for item in row if item.name not in hidden])]


def _calendar_rows() -> list[list[Field]]:
    name, _hours, holidays = (field_of(spec) for spec in CALENDARS.fields)
    days = [Field(f"{_HOURS}{number}", _(day), placeholder=_("Closed")) for number, day in enumerate(WEEKDAYS)]
    help_text = _("One day a line, as 2026-12-25.")
    off = Field(holidays.name, holidays.label, "long_text", help=help_text)
    return [[name], days[:4], days[4:], [off]]


def _spread(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a calendar as its form shows them: hours by weekday and holidays as text."""
    hours = values["hours"] or {}
    days = {f"{_HOURS}{day}": ", ".join("-".join(spell) for spell in hours.get(str(day), [])) for day in range(7)}
    return {"name": values["name"], "holidays": "\n".join(values["holidays"] or [])} | days


def _gathered(values: Mapping[str, Any], touched: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed as the calendar holds it; hours chosen in a conflict are whole already."""
    given = {name: value for name, value in touched.items() if not name.startswith(_HOURS)}
    days = {name.removeprefix(_HOURS): value for name, value in touched.items() if name.startswith(_HOURS)}
    if days and "hours" not in given:
        hours = dict(values["hours"] or {})
        given["hours"] = hours | {day: _read(text) for day, text in days.items()}
    if given.get("holidays", "") is None:
        given["holidays"] = []
    return given


def _typed_in(name: str, touched: Mapping[str, Any]) -> str:
    """Where the hours are wrong, the first day somebody typed them for."""
    return min((day for day in touched if day.startswith(_HOURS)), default=f"{_HOURS}0") if name == "hours" else name


def _read(text: str | None) -> list[list[str]]:
    spells = (part.strip() for part in (text or "").replace("–", "-").replace("，", ",").split(","))
    return [[clock.strip().rjust(5, "0") for clock in spell.split("-")] for spell in spells if spell]


def _spells(hours: Any) -> str:
    days = _spread({"name": "", "hours": hours, "holidays": []})
    return "; ".join(
        f"{_(day)} {days[f'{_HOURS}{number}']}" for number, day in enumerate(WEEKDAYS) if days[f"{_HOURS}{number}"]
    )


def _saved(tickets: int) -> str:
    if not tickets:
        return _("Saved.")
    return ngettext(
        "Saved. {n} open ticket is due at another time now.", "Saved. {n} open tickets are due at other times now.",
        tickets,
    )  # fmt: skip


def _members(team: Any) -> None:
    """Who is in the team, changed at once."""
    with session.workspace().read() as database_session:
        there = team_members.members(session=database_session, actor=session.actor()).get(team.id, [])
    people = choices("users")
    known = [user_id for user_id in there if user_id in people]
    key = f"teams.{team.id}.members.{'-'.join(map(str, known))}"
    if key not in st.session_state:
        st.session_state[key] = known
    st.multiselect(
        _("Members"), list(people), format_func=people.__getitem__, key=key, on_change=_join,
        args=(team.id, key, known),
        help=_("An account is in one team: who joins this one leaves the other."), placeholder=_("Nobody yet"),
    )  # fmt: skip


def _join(team_id: int, key: str, known: Sequence[int]) -> None:
    actor, chosen = session.actor(), set(st.session_state[key])
    try:
        with session.workspace().write(actor, "form") as database_session:
            team_members.change_members(
                session=database_session, actor=actor, team_id=team_id,
                joining=chosen - set(known), leaving=set(known) - chosen,
            )  # fmt: skip
            done.note(_("Saved."), done.change_set_of(database_session))
    except CrmError as error:
        st.toast(plain_error(error), icon=":material/error:")


def _who_moved(team_id: int, change_set_ids: Sequence[int]) -> dict[int, list[str]]:
    """By change set, who joined the team and who left it, in words."""
    with session.workspace().read() as database_session:
        found = team_members.member_changes(
            session=database_session, actor=session.actor(), team_id=team_id, change_set_ids=change_set_ids
        )
    return {
        set_id: [
            *([_("Joined: {names}", names=plain(fmt().listing(moved.joined)))] if moved.joined else []),
            *([_("Left: {names}", names=plain(fmt().listing(moved.left)))] if moved.left else []),
        ]
        for set_id, moved in found.items()
    }


def _history(kind: RecordKind, row: Any) -> None:
    box = st.expander(_("History"), icon=":material/history:", key=f"{kind.table}.{row.id}.history", on_change="rerun")
    if box.open:
        fields = {spec.name: field_of(spec, getattr(row, spec.name)) for spec in kind.fields}
        if kind is CALENDARS:
            fields["hours"] = Field("hours", _("Working hours"), said=_spells)
        with box:
            parts = partial(_who_moved, row.id) if kind is TEAMS else None
            record_history.history_list(kind.table, row.id, fields, by_set=True, parts=parts)
