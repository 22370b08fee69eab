"""The parts of the Cohorts page about the life cycle and the time between orders."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from crm_core import charts
from crm_core.analytics.lifecycle import LifecycleReport
from crm_core.analytics.metrics import METRICS
from crm_core.analytics.order_gaps import OrderGapsReport
from crm_core.analytics.periods import Period
from crm_core.charts.order_times import STATUSES
from crm_core.charts.scale import say
from dashboard.i18n import _, fmt, joined, ngettext, texts
from dashboard.ui.drawing import chart, grid
from dashboard.ui.overview import drawing
from dashboard.ui.page import Page

_METRICS = {status: f"{status}_customers" for status in STATUSES}


def lifecycle_sentence(report: LifecycleReport) -> str:
    """What the customers did in the last month or week that is over."""
    over = report.course[report.course["is_complete"]]
    if over.empty:
        return _("No whole month or week of sales lies in this period yet.")
    last = over.iloc[-1]
    counts = {status: fmt().number(int(last[status])) for status in STATUSES}
    return _(
        "In {period}, {active} customers bought: {new} new, {returning} returning, {resurrected} came back; "
        "{dormant} stopped buying.",
        period=fmt().period(Period(last["start"], last["end"])),
        active=fmt().number(int(last["active"])),
        **counts,
    )


def lifecycle_table(course: pd.DataFrame) -> pd.DataFrame:
    """The chart's numbers."""
    rows: list[Any] = list(course.itertuples(index=False))
    periods = [fmt().period(Period(row.start, row.end)) for row in rows]
    counts = {_(name): [fmt().number(n) for n in course[status]] for status, name in STATUSES.items()}
    done = [_("Yes") if flag else _("No") for flag in course["is_complete"]]
    return pd.DataFrame({_("Period"): periods, **counts, _("Complete"): done})


def rows_link(page: Page, state: Any) -> None:
    """The way to the customers behind the bar that was clicked."""
    points = state.selection.points if state is not None else []
    bar = points[0].get("customdata") if points else None
    if not isinstance(bar, (list, tuple)) or len(bar) < 3:
        st.caption(_("Click a bar to open its customers."))
        return
    start, end, status = (str(part) for part in bar[:3])
    period = fmt().period(Period(date.fromisoformat(start), date.fromisoformat(end)))
    address = {"metric": _METRICS[status], "from": start, "to": end}
    label = _("{status}, {period}: open the customers", status=_(STATUSES[status]), period=period)
    page.link("rows", label, icon=":material/table_rows:", **address)


def lifecycle_method(report: LifecycleReport) -> list[str]:
    """The definitions, which are those of the metrics."""
    lines = [
        _("{label}: {choice}", label=f"**{_(STATUSES[status])}**", choice=_(METRICS[metric].formula))
        for status, metric in _METRICS.items()
    ]
    return [
        _("Orders of {period}", period=fmt().period(report.period)),
        *lines,
        _(
            "The period before a month or week is as many days just before it, as everywhere in Rapport. Guests are "
            "left out. Days are cut in {zone}.",
            zone=report.timezone,
        ),
    ]


def gaps_sentence(report: OrderGapsReport) -> str:
    """How quickly customers order again, and how many have not yet."""
    if report.median_days is None:
        return _("Nobody has ordered again in this period yet.")
    orders = report.gaps + report.waiting
    return joined(
        _("Half of all repeat orders come within {days} of the one before.", days=_days(report.median_days)),
        _("After {share} of orders the next one has not come yet.", share=fmt().percent(report.waiting / orders)),
    )


def histogram_table(report: OrderGapsReport) -> pd.DataFrame:
    """The chart's numbers."""
    ends = ["" if end is None else fmt().number(int(end) - 1) for end in report.histogram["to_days"]]
    return pd.DataFrame(
        {
            _("From day"): [fmt().number(start) for start in report.histogram["from_days"]],
            _("To day"): ends,
            _("Orders"): [fmt().number(n) for n in report.histogram["gaps"]],
        }
    )


def steps(report: OrderGapsReport) -> None:
    """How long the wait is after the first, second, … order."""
    found = report.steps[report.steps["customers"] > 0]
    if found.empty:
        return
    st.subheader(_("By order number"), anchor=False)
    left, right = st.columns([2, 3], gap="medium")
    known = found[found["gaps"] > 0]
    labels = [_("After order {n}", n=n) for n in known["order_number"]]
    with left:
        middle, low, high = (known[name].round(1) for name in ("median_days", "p25_days", "p75_days"))
        bars = charts.bars(labels, middle, "days", low=low, high=high, **drawing())
        chart(bars, key="gap_steps", alt=_("Days until the next order: median and middle half, by order number"))
    with right:
        numbers = pd.DataFrame(
            {
                _("After order"): [fmt().number(n) for n in found["order_number"]],
                _("Customers"): [fmt().number(n) for n in found["customers"]],
                _("Ordered again"): [fmt().percent(again / n) for again, n in _pairs(found, "gaps", "customers")],
                _("Median"): [_days(value) for value in found["median_days"]],
                _("Half had ordered again"): [_days(value) for value in found["time_to_half"]],
            }
        )
        grid(
            numbers,
            key="gap_numbers",
            alt=_("By order number"),
            right=numbers.columns,
            height="content",
        )
        st.caption(_("The last column also counts customers who are still waiting; — means that half have not yet."))


def gaps_method(report: OrderGapsReport) -> list[str]:
    """What a gap is, and why there are two medians."""
    return [
        _("Orders of {period}", period=fmt().period(report.period)),
        _(
            "A gap is the number of local days ({zone}) from an order in the period to the same customer's next order "
            "in it; two orders on one day are 0 days apart. Orders are numbered from a customer's first ever. Guests "
            "are left out.",
            zone=report.timezone,
        ),
        _(
            "The median of the gaps leaves out those who have not ordered again, so it makes customers look quicker "
            "than they are. The time until half had ordered again counts them as long as they are known to wait "
            "(Kaplan and Meier, 1958)."
        ),
        ngettext("{n} gap", "{n} gaps", report.gaps) + " · " + _("{n} waiting", n=fmt().number(report.waiting)),
    ]


def _pairs(frame: pd.DataFrame, one: str, other: str) -> list[tuple[int, int]]:
    return list(zip(frame[one].tolist(), frame[other].tolist(), strict=True))


def _days(value: float | None) -> str:
    return say(value, "days", _=texts(), formats=fmt())
