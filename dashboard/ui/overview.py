"""The parts of the Overview: its choices, its sentence, its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from crm_core.analytics.metrics import METRICS
from crm_core.analytics.overview import OverviewReport
from crm_core.charts.bridge import BRIDGE_PARTS
from crm_core.translation import N_
from dashboard.i18n import _, fmt, joined, ngettext, texts
from dashboard.ui.cards import metric_text
from dashboard.ui.customers import ANY, country
from dashboard.ui.drawing import is_dark
from dashboard.ui.page import Page
from dashboard.ui.periods import Span
from dashboard.ui.plain import plain

CARDS = ("net_sales", "orders", "aov", "active_customers", "new_customers", "repeat_rate", "churn_rate", "nrr")
CHARTED = ("net_sales", "gross_sales", "orders", "active_customers", "new_customers", "aov")
DRIVERS_SHOWN = 8
DIMENSIONS = {"country": N_("Country"), "category": N_("Category"), "channel": N_("Channel")}


def comparisons() -> dict[str, str]:
    return {"previous": _("Period before"), "year": _("Year before"), "none": _("Nothing")}


def grains() -> dict[str, str]:
    return {"day": _("Days"), "week": _("Weeks"), "month": _("Months")}


def charted() -> dict[str, str]:
    return {metric: _(METRICS[metric].name) for metric in CHARTED}


def filters(page: Page, span: Span) -> dict[str, str | None]:
    """Country and channel, where the orders name any."""
    chosen: dict[str, str | None] = {"country": None, "channel": None}
    if len(span.countries) < 2 and len(span.channels) < 2:
        st.caption(_("The orders name one country and one channel at most."))
    if len(span.countries) > 1:
        options = {ANY: _("All countries")} | {code: country(code) for code in span.countries}
        chosen["country"] = page.choice("country", _("Country"), options, default=ANY, kind="select") or None
    if len(span.channels) > 1:
        options = {ANY: _("All channels")} | {name: name for name in span.channels}
        chosen["channel"] = page.choice("channel", _("Channel"), options, default=ANY, kind="select") or None
    return chosen


def is_nothing(report: OverviewReport) -> bool:
    """Whether neither this period nor the one it is compared with holds a sale."""
    net = report.kpis.metrics["net_sales"]
    return net.value is None and net.previous is None


def elsewhere(span: Span, filters: Mapping[str, Any]) -> str:
    """Where there would be something to see."""
    there = _("Orders lie between {first} and {last}.", first=fmt().date(span.first), last=fmt().date(span.last))
    way = _("Choose another period or clear the filters.") if any(filters.values()) else _("Choose another period.")
    return joined(there, way)


def sentence(report: OverviewReport) -> str:
    """What happened and why, in one sentence."""
    net = report.kpis.metrics["net_sales"]
    if net.value is None:
        return _("Nothing was sold in {period}.", period=fmt().period(report.kpis.period))
    value = metric_text("net_sales", net.value, compact=True)
    if net.change is None or report.kpis.compared is None:
        return _("Net sales were {value}.", value=value)
    params = {"value": value, "change": fmt().percent(abs(net.change))}
    if round(net.change, 3) == 0:
        start = _("Net sales were {value}, as much as before.", **params)
    elif net.change > 0:
        start = _("Net sales were {value}, {change} more than before.", **params)
    else:
        start = _("Net sales were {value}, {change} less than before.", **params)
    return joined(start, _why(report))


def windows(report: OverviewReport, filters: Mapping[str, str | None], among: str) -> str:
    """The period shown, the one every change is measured against, and what the orders are narrowed to; `among` says
    whose they are."""
    shown = fmt().period(report.kpis.period)
    if report.kpis.compared is not None:
        shown = _("{period}, compared with {before}", period=shown, before=fmt().period(report.kpis.compared))
    places = [country(filters["country"])] if filters["country"] else []
    channels = [filters["channel"]] if filters["channel"] else []
    return plain(" · ".join([shown, *places, *channels, *([among] if among else [])]))


def _why(report: OverviewReport) -> str:
    headline = report.headline
    if headline is None or headline.component is None or headline.component_amount is None:
        return ""
    part = _(
        "The largest part of it: {component}, {amount}.",
        component=_(BRIDGE_PARTS[headline.component]),
        amount=_signed(headline.component_amount),
    )
    if headline.driver is None:
        return part
    where = headline.driver.value
    named = (country(where) if headline.driver.dimension == "country" else where) or _("Not set")
    moved = _(
        "{dimension} {value} moved most, {amount}.",
        dimension=_(DIMENSIONS[headline.driver.dimension]),
        value=named,
        amount=_signed(headline.driver.change),
    )
    return joined(part, moved)


def _signed(amount: Decimal) -> str:
    text = fmt().money(abs(amount), compact=True)
    return f"+{text}" if amount >= 0 else f"−{text}"


def trends(report: OverviewReport) -> dict[str, Sequence[Any]]:
    """The first row's sparklines: complete steps only. The second row's metrics have no meaning step by step."""
    complete = report.series[report.series["is_complete"]]
    return {metric: complete[metric].tolist() for metric in CARDS[:4]}


def drawing() -> dict[str, Any]:
    """What charts need to know of the reader."""
    return {"_": texts(), "formats": fmt(), "dark": is_dark()}


def bridge_ends(report: OverviewReport) -> dict[str, Any]:
    net = report.kpis.metrics["net_sales"]
    return {"start": net.previous, "end": net.value}


def series_table(series: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The chart's numbers."""
    return pd.DataFrame(
        {
            _("From"): [fmt().date(day) for day in series["start"]],
            _(METRICS[metric].name): [metric_text(metric, value) for value in series[metric]],
            _("Complete"): [_("Yes") if done else _("No") for done in series["is_complete"]],
        }
    )


def bridge_table(bridge: pd.DataFrame) -> pd.DataFrame:
    """The bridge's numbers."""
    return pd.DataFrame(
        {
            _("Part"): [_(BRIDGE_PARTS.get(name, name)) for name in bridge["component"]],
            _("Change"): [_signed(Decimal(amount)) for amount in bridge["amount"]],
            _("Customers"): [fmt().number(n) for n in bridge["customers"]],
        }
    )


def drivers_table(drivers: pd.DataFrame) -> pd.DataFrame:
    """Where sales moved most, in words, the largest move first."""
    sizes = [abs(Decimal(amount)) for amount in drivers["change"]]
    largest = sorted(range(len(sizes)), key=lambda row: -sizes[row])[:DRIVERS_SHOWN]
    shown = drivers.iloc[largest]
    values = [
        country(value) if dimension == "country" else value
        for dimension, value in zip(shown["dimension"], shown["value"], strict=True)
    ]
    return pd.DataFrame(
        {
            _("Where"): [value or _("Not set") for value in values],
            _("By"): [_(DIMENSIONS[name]) for name in shown["dimension"]],
            _("Change"): [_signed(Decimal(amount)) for amount in shown["change"]],
        }
    )


def method(report: OverviewReport) -> list[str]:
    """The definition of every number on the page."""
    lines = [f"**{_(METRICS[metric].name)}**: {_(METRICS[metric].formula)}" for metric in CARDS]
    n = report.kpis.metrics["net_sales"].n
    return [*lines, ngettext("Computed from {n} order line.", "Computed from {n} order lines.", n)]
