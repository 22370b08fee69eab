"""The tables of the Value page: groups of customers, the customers themselves, and the numbers behind its charts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd
import streamlit as st

from crm_core.analytics.value import MOST_BOUNDED
from crm_core.analytics.value_report import ValueReport
from crm_core.formats import NO_DATA
from dashboard.i18n import _, column_format, fmt, ngettext
from dashboard.ui.downloads import downloads
from dashboard.ui.drawing import grid
from dashboard.ui.opening import opening_column
from dashboard.ui.value import active_caveat

SHOWN = 200


def tracking(report: ValueReport) -> pd.DataFrame:
    """The numbers of the chart over time."""
    found = report.holdout.tracking
    return pd.DataFrame(
        {
            _("Day"): [*map(fmt().date, found["day"])],
            _("Bought"): [fmt().number(value) for value in found["actual"]],
            _("Expected"): [fmt().number(value, 0) for value in found["predicted"]],
        }
    )


def by_frequency(report: ValueReport) -> pd.DataFrame:
    """The numbers of the chart by frequency."""
    found = report.holdout.by_frequency
    last = len(found) - 1
    return pd.DataFrame(
        {
            _("Repeat purchases before"): [
                f"{count}{'+' if place == last else ''}" for place, count in enumerate(found["frequency"])
            ],
            _("Customers"): [fmt().number(value) for value in found["customers"]],
            _("Bought"): [fmt().number(value, 2) for value in found["actual"]],
            _("Expected"): [fmt().number(value, 2) for value in found["predicted"]],
            _("At their rate so far"): [fmt().number(value, 2) for value in found["baseline"]],
        }
    )


def groups(report: ValueReport, by: str) -> None:
    """Expected purchases and value by band, by when customers came, or by the channel they came through."""
    frames = {"band": report.bands, "cohort": report.cohorts, "channel": report.channels}
    found = frames[by]
    if by == "band":
        title, labels = _("Value band"), [_(name) for name in found["band"]]
    elif by == "cohort":
        title, labels = _("First purchase"), [_cohort(day, report.cohort_unit) for day in found["cohort"]]
    else:
        title, labels = _("Channel"), [name or _("Not set") for name in found["channel"]]
    table = pd.DataFrame(
        {
            "name": labels,
            "customers": found["customers"].tolist(),
            "share": [value * 100 for value in found["share"]],
            "sales": found["sales"].astype(float).tolist(),
            "purchases": found["purchases"].round(1).tolist(),
            "value": found["value"].astype(float).tolist(),
            "range": _ranges(found["value_low"], found["value_high"]),
            "value_share": [value * 100 for value in found["value_share"]],
            "each": found["value_per_customer"].astype(float).tolist(),
        }
    )
    grid(
        table,
        key=f"value_groups_{by}",
        alt=_("Expected value by {what}", what=title),
        height="content",
        columns={
            "name": st.column_config.TextColumn(title, pinned=True),
            "customers": st.column_config.NumberColumn(_("Customers"), format=column_format("count")),
            "share": st.column_config.NumberColumn(_("Share"), format="%.1f%%"),
            "sales": st.column_config.NumberColumn(_("Sales before later refunds"), format=column_format("money")),
            "purchases": st.column_config.NumberColumn(_("Expected purchases"), format="%,.0f"),
            "value": st.column_config.NumberColumn(_("Expected value"), format=column_format("money")),
            "range": st.column_config.TextColumn(_("95% interval"), alignment="right"),
            "value_share": st.column_config.NumberColumn(_("Share of value"), format="%.1f%%"),
            "each": st.column_config.NumberColumn(_("Value per customer"), format=column_format("money")),
        },
    )


def members(frame: pd.DataFrame, title: str, *, order: str, save: Callable[[], None] | None) -> None:
    """Customers by expected value or purchases: the first of them, each a way to its page, and all of them as a file.

    Args:
        save: draws the button that keeps them as a segment.
    """
    if order == "purchases":
        frame = frame.sort_values(["purchases", "customer_id"], ascending=[False, True], ignore_index=True)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(title, anchor=False, width="content")
        st.caption(ngettext("{n} customer", "{n} customers", len(frame)), width="content")
        downloads(lambda: in_money(frame), file_name="value", key="value_members.download")
        if save is not None:
            save()
    first = frame.head(SHOWN)
    ids = [int(value) for value in first["customer_id"]]
    table = pd.DataFrame(
        {
            "name": first["name"].tolist(),
            "purchases": first["purchases"].tolist(),
            "purchases_range": _whole_ranges(first["purchases_low"], first["purchases_high"]),
            "value": (first["value_e4"] / 10_000).tolist(),
            "range": _ranges(first["value_low_e4"] / 10_000, first["value_high_e4"] / 10_000),
            "spend": (first["spend_e4"] / 10_000).tolist(),
            "alive": (first["p_alive"] * 100).tolist(),
            "so_far": first["purchases_so_far"].tolist(),
            "last": [*map(fmt().date, first["last_on"])],
        }
    )
    grid(
        table,
        key="value_members.table",
        alt=title,
        columns={
            "name": opening_column(_("Name"), key="value_members", page="customer", ids=ids),
            "purchases": st.column_config.NumberColumn(_("Expected purchases"), format="%,.1f"),
            "purchases_range": st.column_config.TextColumn(_("95% interval"), alignment="right"),
            "value": st.column_config.NumberColumn(_("Expected value"), format=column_format("money")),
            "range": st.column_config.TextColumn(_("95% interval"), alignment="right"),
            "spend": st.column_config.NumberColumn(_("Per purchase"), format=column_format("money")),
            "alive": st.column_config.NumberColumn(_("Active"), format="%.0f%%", help=active_caveat()),
            "so_far": st.column_config.NumberColumn(_("Purchases so far"), format=column_format("count")),
            "last": st.column_config.TextColumn(_("Last purchase")),
        },
    )
    if len(frame) > SHOWN:
        st.caption(_("The first {n} are shown; the file holds all.", n=fmt().number(SHOWN)))
    if len(frame) > MOST_BOUNDED:
        bounded = _(
            "Intervals are computed for the {n} customers with the highest expected value; the others have none, here "
            "and in the file.",
            n=fmt().number(MOST_BOUNDED),
        )
        st.caption(bounded)


def in_money(frame: pd.DataFrame) -> pd.DataFrame:
    """The list as a file holds it: amounts of money instead of ten-thousandths."""
    amounts = {name: name.removesuffix("_e4") for name in frame.columns if name.endswith("_e4")}
    return frame.assign(**{name: frame[name] / 10_000 for name in amounts}).rename(columns=amounts)


def _cohort(day: Any, unit: str) -> str:
    if unit == "year":
        return fmt().year(day)
    if unit == "month":
        return fmt().month(day)
    return _("{year} Q{quarter}", year=day.year, quarter=(day.month + 2) // 3)


def _ranges(lows: Iterable[Any], highs: Iterable[Any]) -> list[str]:
    """The ends of intervals of money, in whole units of the currency."""
    money = fmt().money
    return [
        NO_DATA
        if pd.isna(low) or pd.isna(high)
        else f"{money(round(low), compact=True)} – {money(round(high), compact=True)}"
        for low, high in zip(lows, highs, strict=True)
    ]


def _whole_ranges(lows: Iterable[Any], highs: Iterable[Any]) -> list[str]:
    number = fmt().number
    return [
        NO_DATA if pd.isna(low) or pd.isna(high) else f"{number(int(low))} – {number(int(high))}"
        for low, high in zip(lows, highs, strict=True)
    ]
