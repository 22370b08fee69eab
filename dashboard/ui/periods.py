"""The period filter: presets that end where the data ends, or days of one's own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

import streamlit as st

from crm_core.analytics.extent import ExtentParams, ExtentReport, extent
from crm_core.analytics.periods import Period
from crm_core.config import zone
from crm_core.translation import N_
from dashboard import session
from dashboard.i18n import _, fmt
from dashboard.ui.page import Page

Grain = Literal["day", "week", "month"]
STALE_AFTER = timedelta(days=45)
"""Data that ends longer ago than this is history: presets then end where it ends."""


@dataclass(frozen=True)
class Span:
    """The first and the last day with an order, the day the presets end on, and the countries and channels named."""

    first: date
    last: date
    today: date
    countries: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()

    @property
    def anchor(self) -> date:
        return self.last if self.today - self.last > STALE_AFTER else self.today


def span(page: Page) -> Span | None:
    """Where this workspace's orders begin and end and what they name, or None before the first."""
    report: ExtentReport = page.run(extent, ExtentParams())
    if report.first is None or report.last is None:
        return None
    today = datetime.now(zone(session.workspace().timezone)).date()
    return Span(report.first, report.last, today, report.countries, report.channels)


def period_filter(page: Page, found: Span, *, ended: str = N_("Orders end on {day}; periods end there.")) -> Period:
    """The period chosen; presets, or two days picked. `ended` says that they end with the data, where they do."""
    presets = {
        "30d": _("Last 30 days"),
        "90d": _("Last 90 days"),
        "month": _("Last full month"),
        "ytd": _("This year"),
        "12m": _("Last 12 months"),
        "all": _("Everything"),
        "own": _("Pick days …"),
    }
    chosen = page.choice("period", _("Period"), presets, default="12m", kind="select", width=180)
    if chosen == "own":
        start = max(found.first, found.anchor - timedelta(days=89))
        first, last = page.day_range("days", _("First and last day"), default=(start, found.anchor))
        return Period(first, last + timedelta(days=1))
    if found.anchor == found.last and found.last != found.today:
        st.caption(_(ended, day=fmt().date(found.last)))
    return preset(chosen, found)


def preset(code: str, found: Span) -> Period:
    """The period a preset stands for; its end is the day after the last one in it."""
    end = found.anchor + timedelta(days=1)
    if code == "all":
        return Period(found.first, max(end, found.last + timedelta(days=1)))
    if code == "month":
        this_month = found.anchor.replace(day=1)
        if found.anchor == found.last and (found.anchor + timedelta(days=1)).day == 1:
            this_month = found.anchor + timedelta(days=1)
        return Period((this_month - timedelta(days=1)).replace(day=1), this_month)
    if code == "ytd":
        return Period(found.anchor.replace(month=1, day=1), end)
    if code == "12m":
        day = min(end.day, 28)
        return Period(end.replace(year=end.year - 1, day=day if end.month == 2 else end.day), end)
    return Period(end - timedelta(days=int(code.removesuffix("d"))), end)


def fitting_grain(period: Period) -> Grain:
    """Days up to six weeks, weeks up to half a year, months beyond."""
    if period.days <= 45:
        return "day"
    return "week" if period.days <= 190 else "month"
