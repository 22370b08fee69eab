"""The parts of the Segments page: choices, sentences, tables, members and their download."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from crm_core.analytics import rfm as rfm_analysis
from crm_core.analytics.rfm import RfmMembersParams, RfmReport
from crm_core.analytics.rfm_scores import Scoring, Thresholds
from crm_core.db.models import SegmentKind
from dashboard.i18n import _, column_format, fmt, ngettext
from dashboard.ui import customers, scoring
from dashboard.ui.downloads import downloads
from dashboard.ui.opening import opening_column
from dashboard.ui.page import Page
from dashboard.ui.periods import Span
from dashboard.ui.save_segment import save_as_segment

SHOWN = 200
MONTHS_BACK = 12
RULE_BINS = 5


def views() -> dict[str, str]:
    return {
        "rfm": _("Recency, frequency, value"),
        "moves": _("Moves between segments"),
        "clusters": _("Groups that form by themselves"),
    }


def as_of(page: Page, span: Span) -> date:
    """The last day whose sales count: where the data ends, or the end of a month before."""
    options: dict[str, str] = {"now": fmt().date(span.anchor)}
    days = {day.isoformat(): day for day in reversed(month_ends(span, span.anchor))}
    options |= {code: fmt().date(day) for code, day in days.items()}
    chosen = page.choice("as_of", _("Sales up to"), options, default="now", kind="select", width=190)
    return days.get(chosen, span.anchor)


def earlier(page: Page, span: Span, after: date) -> date | None:
    """The earlier of two days to compare: by default three months back; None if the records begin too late."""
    days = month_ends(span, after)
    return pick_day(page, "before", _("Compared with"), days) if days else None


def pick_day(page: Page, name: str, label: str, days: Sequence[date]) -> date:
    """One of the days, latest first; by default the third last."""
    options = {day.isoformat(): fmt().date(day) for day in reversed(days)}
    default = days[-min(3, len(days))].isoformat()
    return date.fromisoformat(page.choice(name, label, options, default=default, kind="select", width=190))


def month_ends(span: Span, before: date) -> list[date]:
    """The last days of at most twelve months that end before that day and after the first order, in order."""
    days: list[date] = []
    day = before.replace(day=1) - timedelta(days=1)
    while day > span.first and len(days) < MONTHS_BACK:
        days.append(day)
        day = day.replace(day=1) - timedelta(days=1)
    return days[::-1]


def rfm_sentence(report: RfmReport) -> str:
    """Which named segment matters most, and how many customers there are."""
    segments = report.segments
    if segments.empty:
        return _("No customer had bought by {day}.", day=fmt().date(report.as_of))
    best = segments.sort_values("sales", ascending=False).iloc[0]
    total = float(segments["sales"].sum())
    share = float(best["sales"]) / total if total else 0.0
    return _(
        "{share_customers} of {n} customers, “{name}”, bring {share_sales} of sales.",
        share_customers=fmt().percent(float(best["share"])),
        n=fmt().number(report.customers),
        name=_(best["name"]),
        share_sales=fmt().percent(share),
    )


def named(segments: pd.DataFrame) -> pd.DataFrame:
    """RFM segments as the table shows them; the first column is the name the members are asked for by."""
    return pd.DataFrame(
        {
            "key": segments["name"],
            "name": [_(name) for name in segments["name"]],
            "customers": segments["customers"],
            "share": segments["share"] * 100,
            "sales": segments["sales"].astype(float),
        }
    )


def segment_table(frame: pd.DataFrame, *, key: str, title: str | None = None) -> Any:
    """The segments, or groups called by another `title`; the one whose row is chosen, or None."""
    columns = {
        "name": st.column_config.TextColumn(title or _("Segment")),
        "customers": st.column_config.NumberColumn(_("Customers"), format=column_format("count")),
        "share": st.column_config.NumberColumn(_("Share"), format="%.1f%%"),
        "new": st.column_config.NumberColumn(_("New"), format=column_format("count")),
        "sales": st.column_config.NumberColumn(_("Sales"), format=column_format("money")),
    }
    state = st.dataframe(
        frame.drop(columns="key"),
        key=key,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        lazy=False,
        column_config={name: columns[name] for name in frame.columns if name != "key"},
        alt=title or _("Segments"),
        height="content",
    )
    st.caption(_("Choose a row to see its customers."))
    rows = state.selection.rows
    return frame["key"].iloc[rows[0]] if rows else None


def picked_cell(state: Any) -> tuple[int, int] | None:
    """The (recency, frequency) score of the grid's cell that was clicked."""
    points = state.selection.points if state is not None else []
    cell = points[0].get("customdata") if points else None
    if not isinstance(cell, (list, tuple)) or len(cell) < 2:
        return None
    return int(cell[0]), int(cell[1])


def rfm_members(
    page: Page, report: RfmReport, thresholds: Thresholds | None, segment: str | None, cell: tuple[int, int] | None
) -> None:
    """The customers of the chosen segment, or of the cell that was clicked."""
    if segment is not None:
        title, cell = _(segment), None
        meaning = next(rule.meaning for rule in rfm_analysis.SEGMENT_RULES if rule.name == segment)
    elif cell is not None:
        title, meaning = _("Recency {r}, frequency {f}", r=cell[0], f=cell[1]), ""
    else:
        return
    params = RfmMembersParams(report.as_of, report.n_bins, segment, cell, thresholds)
    found = page.run(rfm_analysis.rfm_members, params).members
    members(title, _(meaning) if meaning else "", found, key="rfm_members")
    condition: dict[str, Any] = {"is": "rfm_segment", "op": "is", "segments": [segment]}
    if cell is not None:
        condition = {"is": "rfm_scores", "r": cell[0], "f": cell[1]}
    is_usual = thresholds is None and report.n_bins == RULE_BINS  # a rule scores so; other scores are kept as a list
    save_as_segment(
        f"rfm.{report.as_of}.{report.n_bins}.{segment or cell}",
        name=title,
        kind=SegmentKind.MODEL,
        definition={"all": [condition]} if is_usual else None,
        member_ids=None if is_usual else [int(value) for value in found["customer_id"]],
        is_live=is_usual,
    )


def rfm_method(report: RfmReport, scores: Scoring) -> list[str]:
    """Scores and the table of named segments, as it is applied."""
    past = _(
        "Scores say what customers did and predict nothing, so there is no model to judge. Reference: Hughes 1994."
    )
    return [rfm_words(report.as_of), scoring.method(scores), rules_table(), past]


def rfm_words(day: date) -> str:
    """What is scored."""
    return _(
        "Recency is days since the last sale, frequency the number of orders with a sale, monetary net sales up to "
        "{day}.",
        day=fmt().date(day),
    )


def rules_table() -> str:
    """The table of named segments, as it is applied."""
    head = f"| {_('Segment')} | {_('Recency')} | FM | {_('Meaning')} |\n|---|---|---|---|\n"
    return head + "\n".join(
        f"| {_(rule.name)} | {_whole(rule.r)} | {_whole(rule.fm)} | {_(rule.meaning)} |"
        for rule in rfm_analysis.SEGMENT_RULES
    )


def _whole(scores: tuple[int, int]) -> str:
    """From one score to another, not broken at the dash on a phone: invisible joiners hold it."""
    return f"{scores[0]}\u2060–\u2060{scores[1]}"


def grid_table(grid: pd.DataFrame) -> pd.DataFrame:
    """The grid's numbers."""
    return pd.DataFrame(
        {
            _("Recency"): grid["r"],
            _("Frequency"): grid["f"],
            _("Customers"): grid["customers"],
            _("Sales"): [fmt().money(value) for value in grid["sales"]],
        }
    )


def members(title: str, meaning: str, frame: pd.DataFrame, *, key: str) -> None:
    """Customers of a segment: the first of them, each a way to its page, and all of them as a file."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(title, anchor=False, width="content")
        st.caption(ngettext("{n} customer", "{n} customers", len(frame)), width="content")
        downloads(lambda: frame, file_name=key, key=f"{key}.download")
    if meaning:
        st.caption(meaning)
    first = frame.head(SHOWN)
    ids = [int(value) for value in first["customer_id"]]
    table = pd.DataFrame(
        {
            "name": first["name"].tolist(),
            "ref": first["ref"].tolist(),
            "country": [customers.country(code) for code in first["country"]],
            "recency": first["recency_days"].tolist(),
            "frequency": first["frequency"].tolist(),
            "monetary": (first["monetary_e4"] / 10_000).tolist(),
        }
    )
    st.dataframe(
        table,
        key=f"{key}.table",
        hide_index=True,
        lazy=False,
        alt=title,
        column_config={
            "name": opening_column(_("Name"), key=key, page="customer", ids=ids),
            "ref": st.column_config.TextColumn(_("Reference")),
            "country": st.column_config.TextColumn(_("Country")),
            "recency": st.column_config.NumberColumn(_("Days since"), format=column_format("count")),
            "frequency": st.column_config.NumberColumn(_("Orders"), format=column_format("count")),
            "monetary": st.column_config.NumberColumn(_("Net sales"), format=column_format("money")),
        },
    )
    if len(frame) > SHOWN:
        st.caption(_("The first {n} are shown; the file holds all.", n=fmt().number(SHOWN)))
