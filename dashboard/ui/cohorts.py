"""The parts of the Cohorts page about retention and value: choices, sentences, tables, the customers of a cell."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from crm_core.analytics.cohorts import CohortMembersParams, CohortParams, CohortReport, cohort_members
from crm_core.analytics.periods import Period, bucket_key
from crm_core.charts.cohorts import FIRM_FROM, window_name
from crm_core.db.models import SegmentKind
from crm_core.translation import N_
from dashboard.i18n import _, fmt, joined, texts
from dashboard.ui import segments
from dashboard.ui.page import Page
from dashboard.ui.save_segment import save_as_segment

SHOWN = 24
"""As many cohorts and windows as a screen has room for."""

ENTRIES = {"first": N_("First order ever"), "recurring": N_("Every month or week with an order")}
WINDOWS = {"calendar": N_("Calendar"), "rolling": N_("From each customer's own day")}
CRITERIA = {"on": N_("In that window"), "on-or-after": N_("In that window or later")}
MONTHS = {"calendar": N_("Calendar months"), "30-days": N_("30 days")}
MEANS = {"weighted": N_("By cohort size"), "simple": N_("Each cohort alike")}
LABELS = {
    "entry": N_("Customers enter with"),
    "window": N_("Windows"),
    "criterion": N_("Counts as retained"),
    "month": N_("A month is"),
    "mean": N_("Mean"),
}
_OPTIONS = {"entry": ENTRIES, "window": WINDOWS, "criterion": CRITERIA, "month": MONTHS, "mean": MEANS}


def views() -> dict[str, str]:
    return {
        "retention": _("Retention"),
        "value": _("Value so far"),
        "lifecycle": _("Life cycle"),
        "gaps": _("Time between orders"),
    }


def units() -> dict[str, str]:
    return {"month": _("Months"), "week": _("Weeks")}


def choices(page: Page, period: Period, unit: str) -> CohortParams:
    """What counts as retained, kept in the address; the period begins with a whole month or week."""
    chosen = {
        name: page.choice(name, _(LABELS[name]), {code: _(label) for code, label in options.items()},
                          default=next(iter(options)), kind="select")
        for name, options in _OPTIONS.items()
        if name != "month" or unit == "month"
    }  # fmt: skip
    return CohortParams(whole_units(period, unit), unit=unit, **chosen)  # type: ignore[arg-type]  # codes of the options


def whole_units(period: Period, unit: str) -> Period:
    """The period from the beginning of the month or week its first day lies in: a cohort cut off says little."""
    return Period(bucket_key(period.start, "week" if unit == "week" else "month"), period.end)


def said(params: CohortParams) -> str:
    """The choices made, in one line."""
    made = [
        _("{label}: {choice}", label=_(LABELS[name]), choice=_(options[getattr(params, name)]))
        for name, options in _OPTIONS.items()
        if name != "month" or params.unit == "month"
    ]
    return " · ".join([fmt().period(params.period), *made])


def retention_sentence(report: CohortReport) -> str:
    """How many come back in the first window after that of the entry."""
    mean = _mean(report, 1)
    if mean is None:
        return _("No cohort is old enough yet to say how many come back.")
    params = report.params
    templates = {
        ("first", "on"): N_("{share} of new customers bought again in {window} their first order."),
        ("first", "on-or-after"): N_("{share} of new customers bought again in {window} their first order, or later."),
        ("recurring", "on"): N_("{share} of customers bought again in {window} an order."),
        ("recurring", "on-or-after"): N_("{share} of customers bought again in {window} an order, or later."),
    }
    template = templates[params.entry, params.criterion]
    sentence = _(template, share=fmt().percent(mean["rate"]), window=_next_window(params))
    return joined(sentence, _interval(mean))


def value_sentence(report: CohortReport) -> str:
    """What a customer who entered has brought, as far as at least three cohorts go."""
    means = report.means
    far = means[means["cohorts"] >= min(FIRM_FROM, int(means["cohorts"].max()))] if len(means) else means
    if far.empty:
        return _("No cohort is old enough yet to say what its customers are worth.")
    last, start = far.iloc[-1], far.iloc[0]
    return _(
        "Each customer who entered brought {value} by the end of {last}, {start} of it in {first}.",
        value=fmt().money(last["value"]),
        last=window_name(report.params.unit, int(last["offset"]), texts()),
        start=fmt().money(start["value"]),
        first=window_name(report.params.unit, 0, texts()),
    )


def step(params: CohortParams) -> str:
    """The title of the windows' axis."""
    return _("{unit} since the first order", unit=_unit(params)) if params.entry == "first" else (
        _("{unit} since an order", unit=_unit(params))
    )  # fmt: skip


def shown(report: CohortReport) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Cohorts, cells and means as far as a chart has room: the latest cohorts and the first windows."""
    found = report.cohorts.tail(SHOWN)
    cells, means = report.cells, report.means
    cells = cells[cells["cohort"].isin(found["start"]) & (cells["offset"] < SHOWN)]
    return found, cells, means[means["offset"] < SHOWN]


def note_if_cut(report: CohortReport) -> None:
    """Say that there is more than the chart shows."""
    if len(report.cohorts) > SHOWN:
        st.caption(
            _(
                "The latest {shown} of {n} cohorts are shown; means and the table hold all.",
                shown=fmt().number(SHOWN),
                n=fmt().number(len(report.cohorts)),
            )
        )


def table(report: CohortReport, column: str) -> pd.DataFrame:
    """The chart's numbers: a row a cohort, a column a window; ~ marks what is not over."""
    names = [
        fmt().period(Period(start, end)) for start, end in report.cohorts[["start", "end"]].itertuples(index=False)
    ]
    words = fmt().percent if column == "rate" else fmt().money
    cells = [
        words(value) + ("" if done else " ~")
        for value, done in zip(report.cells[column], report.cells["is_complete"], strict=True)
    ]
    wide = report.cells.assign(text=cells).pivot(index="cohort", columns="offset", values="text").fillna("")
    wide.columns = [str(offset) for offset in wide.columns]
    sizes = [fmt().number(size) for size in report.cohorts["size"]]
    out = pd.DataFrame({_("Cohort"): names, _("Customers"): sizes})
    out = pd.concat([out, wide.reset_index(drop=True)], axis=1)
    means = {str(int(row["offset"])): words(row[column]) for _index, row in report.means.iterrows()}
    out.loc[len(out)] = [_("Mean"), "", *(means.get(name, "") for name in wide.columns)]
    return out


def picked_cell(state: Any) -> tuple[date, int] | None:
    """The cohort and window of the cell that was clicked."""
    points = state.selection.points if state is not None else []
    cell = points[0].get("customdata") if points else None
    if not isinstance(cell, (list, tuple)) or len(cell) < 2:
        return None
    return date.fromisoformat(str(cell[0])), int(cell[1])


def members(page: Page, report: CohortReport, cell: tuple[date, int] | None) -> None:
    """The customers of the cell that was clicked: those who came back, or those who did not."""
    if cell is None or cell[0] not in set(report.cohorts["start"]):
        st.caption(_("Click a cell to see its customers."))
        return
    start, offset = cell
    row = report.cohorts.loc[report.cohorts["start"] == start].iloc[0]
    title = _(
        "{cohort}, {window}",
        cohort=fmt().period(Period(row["start"], row["end"])),
        window=window_name(report.params.unit, offset, texts()),
    )
    who = {"yes": _("Bought again"), "no": _("Did not")} if offset else {"yes": _("Everyone who entered")}
    chosen = page.choice("who", _("Customers"), who, default="yes", label_visibility="collapsed")
    params = CohortMembersParams(report.params, start, offset, is_retained=chosen == "yes")
    found = page.run(cohort_members, params).members
    segments.members(title, "", found, key="cohort_members")
    save_as_segment(
        f"cohort.{report.params}.{start}.{offset}.{chosen}",
        name=_("{cohort}: {who}", cohort=title, who=who[chosen]),
        kind=SegmentKind.MODEL,
        member_ids=[int(value) for value in found["customer_id"]],
        is_live=False,
    )


def method(report: CohortReport) -> list[str]:
    """The definition of every number, with the choices made."""
    params = report.params
    made = "\n".join(
        f"| {_(LABELS[name])} | {_(options[getattr(params, name)])} |"
        for name, options in _OPTIONS.items()
        if name != "month" or params.unit == "month"
    )
    known = _("nothing yet") if report.known_until is None else fmt().date(report.known_until)
    return [
        _("Orders of {period}", period=fmt().period(params.period)),
        f"| {_('Choice')} | {_('Made')} |\n|---|---|\n{made}",
        _(
            "A cohort is all known customers who entered in the same month or week (from Monday) of the period; guests "
            "are in none. The entry lies in window 0. Only sales inside the period count, but the first order is the "
            "first ever. A sale counts even if it is refunded later; refunds lower the value."
        ),
        _(
            "Hatched cells are not over: the cohort may still grow, or the window has not ended for everyone who could "
            "enter. They are left out of means. Records are whole before {day}. Days are cut in {zone}.",
            day=known,
            zone=report.timezone,
        ),
        _(
            "Intervals are Wilson's (1927), 95%: how far the share could lie from the one seen by chance alone. A "
            "simple mean has none, nor has the mean of recurring entries, in which customers stand several times."
        ),
        _(
            "Value is net sales (sales − discounts − refunds) from the entry to the end of the window, divided by all "
            "who entered. Means of later windows rest on fewer and older cohorts."
        ),
    ]


def _mean(report: CohortReport, offset: int) -> Any:
    found = report.means[report.means["offset"] == offset]
    return found.iloc[0] if len(found) else None


def _interval(mean: Any) -> str:
    if mean["low"] != mean["low"]:
        return ""
    return _("95% interval {low} to {high}.", low=fmt().percent(mean["low"]), high=fmt().percent(mean["high"]))


def _next_window(params: CohortParams) -> str:
    """Window 1 in words; "after" belongs to it."""
    is_thirty = params.unit == "month" and params.month == "30-days"
    if params.window == "rolling":
        if is_thirty:
            return _("days 30 to 59 after")
        return _("the second week after") if params.unit == "week" else _("the second month after")
    if is_thirty:
        return _("the block of 30 days after that of")
    return _("the calendar week after that of") if params.unit == "week" else _("the calendar month after that of")


def _unit(params: CohortParams) -> str:
    if params.unit == "week":
        return _("Weeks")
    return _("Blocks of 30 days") if params.month == "30-days" else _("Months")
