"""The parts of the Service page: its choices, its sentence, its tables, and the ways to the tickets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import streamlit as st

from crm_core.analytics.periods import Period
from crm_core.analytics.service import ServiceReport
from crm_core.analytics.service_extent import ServiceExtentParams, ServiceExtentReport, service_extent
from crm_core.analytics.service_metrics import SERVICE_METRICS
from crm_core.analytics.service_params import BusinessHours, TicketFilter, workspace_days_off, workspace_hours
from crm_core.analytics.volume_scan import NEEDED_DAYS
from crm_core.config import zone
from crm_core.records import record_list
from crm_core.records.field_specs import PRIORITIES
from crm_core.records.tickets import TICKETS
from crm_core.translation import N_
from dashboard import session
from dashboard.i18n import _, fmt, joined, ngettext
from dashboard.ui.cards import metric_text
from dashboard.ui.page import Page
from dashboard.ui.periods import Span
from dashboard.ui.plain import plain

CARDS = (
    "opened", "resolved", "backlog", "first_response", "resolution", "sla_attainment", "reopen_rate", "csat",
)  # fmt: skip
CHARTED = (*CARDS, "first_resolution", "sla_response", "sla_resolution")
DIMENSIONS = {
    "category": N_("Category"),
    "channel": N_("Channel"),
    "priority": N_("Priority"),
    "team_id": N_("Team"),
    "assignee_id": N_("Assigned to"),
}
KEYED = ("team_id", "assignee_id")
ENDED = N_("Tickets end on {day}; periods end there.")
ANY, UNSET = "", "-"
_QUARTER = 15
_FLAGS_SHOWN = 5


def span(page: Page) -> tuple[Span, ServiceExtentReport] | None:
    """Where this workspace's tickets begin and end and what they name, or None before the first."""
    found: ServiceExtentReport = page.run(service_extent, ServiceExtentParams())
    if found.first is None or found.last is None:
        return None
    today = datetime.now(zone(session.workspace().timezone)).date()
    return Span(found.first, max(found.last, found.first), today), found


def now() -> datetime:
    """The last quarter of an hour: what is late is decided as of then, and a report computed once is shown often."""
    at = datetime.now(UTC)
    return at.replace(minute=at.minute - at.minute % _QUARTER, second=0, microsecond=0)


def business_hours() -> BusinessHours | None:
    """The working hours of the workspace, if it has a calendar."""
    with session.workspace().read() as database_session:
        return workspace_hours(database_session)


def days_off() -> tuple[str, ...]:
    """The days off of the workspace."""
    with session.workspace().read() as database_session:
        return workspace_days_off(database_session)


def hours_choice(page: Page) -> BusinessHours | None:
    """The hours durations are measured in; None: by the clock."""
    known = business_hours()
    if known is None:
        return None
    options = {"calendar": _("By the clock"), "business": _("Working hours")}
    chosen = page.choice("hours", _("Durations"), options, default="calendar", kind="select")
    return known if chosen == "business" else None


def names_of(values: Mapping[str, Sequence[Any]]) -> dict[tuple[str, Any], str]:
    """What the values of the dimensions are called, by dimension and value."""
    people, teams = values.get("assignee_id", ()), values.get("team_id", ())
    rows = [SimpleNamespace(customer_id=None, product_id=None, assignee_id=key, team_id=None) for key in people]
    rows += [SimpleNamespace(customer_id=None, product_id=None, assignee_id=None, team_id=key) for key in teams]
    with session.workspace().read() as database_session:
        labels = record_list.labels_of(database_session, TICKETS, rows)
    found: dict[tuple[str, Any], str] = {("assignee_id", key): labels.get(("users", key), str(key)) for key in people}
    found |= {("team_id", key): labels.get(("teams", key), str(key)) for key in teams}
    found |= {("priority", code): _(name) for code, name in PRIORITIES.items()}
    return found


def name_of(names: Mapping[tuple[str, Any], str], dimension: str, value: Any) -> str:
    """One value in words."""
    return _("Not set") if value is None else names.get((dimension, value), str(value))


def filters(page: Page, found: ServiceExtentReport, names: Mapping[tuple[str, Any], str]) -> TicketFilter:
    """The tickets looked at, kept in the address."""
    chosen: dict[str, Any] = {}
    for dimension, label in DIMENSIONS.items():
        values = found.values[dimension]
        if not values:
            continue
        options = {ANY: _("All"), UNSET: _("Not set")}
        options |= {str(value): name_of(names, dimension, value) for value in values}
        code = page.choice(dimension, _(label), options, default=ANY, kind="select")
        chosen[dimension] = value_of(dimension, code)
    return TicketFilter(**chosen)


def value_of(dimension: str, code: str) -> str | int | None:
    """What a filter's code stands for."""
    if code == ANY:
        return None
    is_key = dimension.endswith("_id")
    if code == UNSET:
        return 0 if is_key else ""
    return int(code) if is_key else code


def code_of(value: str | int | None) -> str:
    """The code of a filter's value."""
    if value is None:
        return ANY
    return str(value) if value else UNSET


def address_of(report: ServiceReport, **more: Any) -> dict[str, str]:
    """The address of the tickets behind a number of this report."""
    params = report.params
    address = {"from": str(params.period.start), "to": str(params.period.end)}
    address |= {name: code for name in DIMENSIONS if (code := code_of(getattr(params.only, name)))}
    if params.hours is not None:
        address["hours"] = "business"
    return address | {name: str(value) for name, value in more.items()}


def sentence(report: ServiceReport) -> str:
    """How service went, in a sentence."""
    backlog, response = report.metrics["backlog"], report.metrics["first_response"]
    if backlog.value is None:
        return _("There is no record of tickets in {period}.", period=fmt().period(report.params.period))
    n = int(backlog.value)
    start = ngettext("{n} ticket is unresolved", "{n} tickets are unresolved", n)
    if backlog.previous is not None and report.compared is not None:
        start = _("{fact}, {comparison}", fact=start, comparison=_gap(n - int(backlog.previous)))
    start = _("{sentence}.", sentence=start)
    if response.value is None:
        return joined(start, _("Nobody was answered in this period."))
    answer = _("Half of the first answers came within {time}.", time=metric_text("first_response", response.value))
    return joined(start, answer, _targets(report))


def _gap(gap: int) -> str:
    if not gap:
        return _("as many as before")
    if gap > 0:
        return ngettext("{n} more than before", "{n} more than before", gap)
    return ngettext("{n} fewer than before", "{n} fewer than before", -gap)


def _targets(report: ServiceReport) -> str:
    met = report.metrics["sla_attainment"]
    return "" if met.value is None else _("{share} of targets were met.", share=fmt().percent(met.value))


def windows(report: ServiceReport, names: Mapping[tuple[str, Any], str]) -> str:
    """The period, what it is compared with, the tickets looked at, and the hours durations are in."""
    params = report.params
    shown = fmt().period(params.period)
    if report.compared is not None:
        shown = _("{period}, compared with {before}", period=shown, before=fmt().period(report.compared))
    parts = [shown]
    for dimension, label in DIMENSIONS.items():
        value = getattr(params.only, dimension)
        if value is not None:
            parts.append(_("{label}: {choice}", label=_(label), choice=name_of(names, dimension, value or None)))
    parts.append(_("Durations in working hours") if params.hours else _("Durations by the clock"))
    return plain(" · ".join(parts))


def trends(report: ServiceReport) -> dict[str, Sequence[Any]]:
    """The cards' sparklines: complete steps only."""
    complete = report.series[report.series["is_complete"]]
    return {name: [value for value in complete[name] if value == value] for name in CARDS}


def charted() -> dict[str, str]:
    return {name: _(SERVICE_METRICS[name].name) for name in CHARTED}


def flags(page: Page, report: ServiceReport) -> None:
    """Days out of the ordinary, each with the way to its tickets; the latest first."""
    if report.judged_from is None or report.judged_from >= report.params.period.end:
        weeks = NEEDED_DAYS // 7
        st.caption(_("Spikes and drops are told once there are {n} weeks of tickets before them.", n=weeks))
        return
    for flag in report.flags.iloc[::-1].head(_FLAGS_SHOWN).to_dict("records"):
        category, days = flag["category"], Period(flag["start"], flag["end"])
        counts = {"n": fmt().number(flag["opened"]), "expected": fmt().number(flag["expected"], 1)}
        named = {"days": fmt().period(days), "category": plain(category or _("All tickets"))}
        said = _("{category}, {days}: {n} opened where {expected} were expected", **named, **counts)
        there = {"from": str(days.start), "to": str(days.end)} | ({"category": category} if category else {})
        icon = ":material/trending_up:" if flag["is_more"] else ":material/trending_down:"
        page.link("service_tickets", said, icon=icon, **(address_of(report, metric="opened") | there))


def picked_link(page: Page, report: ServiceReport, state: Any, metric: str, names: tuple[str, str], hint: str) -> None:
    """The way to the tickets behind what was clicked; the mark's customdata gives these two parts of the address."""
    points = state.selection.points if state is not None else []
    data = points[0].get("customdata") if points else None
    if not isinstance(data, (list, tuple)) or len(data) < 2:
        st.caption(hint)
        return
    more = dict(zip(names, (str(part) for part in data), strict=False))
    period = report.params.period
    if names == ("from", "to"):
        period = Period(date.fromisoformat(more["from"]), date.fromisoformat(more["to"]))
    named = {"metric": _(SERVICE_METRICS[metric].name), "period": fmt().period(period)}
    label = _("{metric}, {period}: open the tickets", **named)
    page.link("service_tickets", label, icon=":material/table_rows:", **(address_of(report, metric=metric) | more))


def method(report: ServiceReport) -> list[str]:
    """The definition of every number on the page."""
    lines = [f"**{_(metric.name)}**: {_(metric.formula)}" for metric in SERVICE_METRICS.values()]
    return [
        *lines,
        _(
            "Each is placed by when it happened, not by when the ticket was opened. Category, team and so on are those "
            "a ticket has now; a merged ticket counts under the one it was merged into."
        ),
        _(
            "Out of the ordinary: new tickets of 1, 3, 7 and 14 days, of all and of each category, are compared with "
            "where the eight weeks before them lead, with the weekdays and the category's usual share, allowing for as "
            "much scatter as there was (negative-binomial). Where nothing happens, that flags at most about one event "
            "a year, all together."
        ),
        ngettext("Computed from {n} ticket.", "Computed from {n} tickets.", report.n_tickets),
        _("Times are cut into days in {zone}.", zone=report.timezone),
    ]
