"""The list of saved segments: its table, and what several of them share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from crm_core import charts
from crm_core.analytics.saved_members import SavedCountsParams, SavedCountsReport, saved_counts
from crm_core.analytics.segment_overlap import (
    MOST_SEGMENTS,
    SegmentOverlapParams,
    SegmentOverlapReport,
    segment_overlap,
)
from crm_core.db.models import SavedSegment
from crm_core.formats import NO_DATA
from crm_core.records import saved_segments
from crm_core.records.saved_segments import SegmentRow
from crm_core.translation import N_, translate_field
from dashboard import session
from dashboard.i18n import _, fmt, ngettext, texts
from dashboard.ui.drawing import chart
from dashboard.ui.opening import opening_column
from dashboard.ui.overview import drawing
from dashboard.ui.page import Page
from dashboard.ui.plain import shortened, unlinked
from dashboard.ui.who import looked_at, who

KINDS = {"rule": N_("By rule"), "model": N_("By model"), "hand": N_("By hand")}
MOST_COMBINATIONS = 10
LONGEST_NAME = 16
"""Characters of a segment's name beside a bar; the numbers behind the chart say it whole."""
LONGEST_LISTED = 34
"""Characters of a name in a list: its size stands beside it on a phone too; the page it opens says it whole."""


def kind_text(kind: str, is_live: bool) -> str:
    """How the segment came to be, and whether it still follows."""
    return _("{kind}, live", kind=_(KINDS[kind])) if is_live else _("{kind}, fixed list", kind=_(KINDS[kind]))


def listed() -> list[SegmentRow]:
    """The segments there are, by name."""
    with session.workspace().read() as database_session:
        return saved_segments.list_all(session=database_session, actor=session.actor())


def table(page: Page, rows: Sequence[SegmentRow]) -> None:
    """The segments with their sizes today; clicking a name opens one."""
    ids = [row.id for row in rows]
    people = tuple(who(segment) for segment in _found(ids))
    counts: SavedCountsReport = page.run(saved_counts, SavedCountsParams(people, looked_at(page)))
    frame = pd.DataFrame(
        {
            "name": [shortened(row.name, LONGEST_LISTED) for row in rows],
            "customers": [NO_DATA if n is None else fmt().number(n) for n in counts.customers],
            "kind": [kind_text(row.kind, row.is_live) for row in rows],
            "owner": [row.owner_name or "" for row in rows],
        }
    )
    columns: dict[str, Any] = {
        "name": opening_column(_("Name"), key="saved_segments", page="saved_segment", ids=ids, is_pinned=False),
        "customers": st.column_config.TextColumn(_("Customers"), alignment="right"),
        "kind": st.column_config.TextColumn(_("Kind")),
        "owner": st.column_config.TextColumn(_("Owner")),
    }
    st.dataframe(
        frame,
        key="saved_segments.table",
        hide_index=True,
        lazy=False,
        column_config=columns,
        alt=_("Saved segments"),
        height="content",
    )
    for reason in counts.reasons:
        st.caption(f"{NO_DATA} {unlinked(translate_field(reason, texts()))}")


def method(page: Page) -> list[str]:
    """When sizes were counted, and what is shared."""
    return [
        _(
            "Sizes count who belongs on {day}; nothing later counts. Live segments are read anew each day, fixed lists "
            "stay as they were kept.",
            day=fmt().date(looked_at(page)),
        ),
        _("What two segments share is the number in both divided by the number in either (Jaccard 1901)."),
    ]


def overlap(page: Page, rows: Sequence[SegmentRow]) -> None:
    """Customers that several chosen segments share."""
    st.subheader(_("What segments share"), anchor=False)
    names = {row.id: row.name for row in rows}
    chosen = st.multiselect(
        _("Segments to lay over each other"),
        list(names),
        format_func=lambda segment_id: names.get(segment_id, str(segment_id)),
        default=list(names)[:3],
        max_selections=MOST_SEGMENTS,
        key="saved_segments.overlap",
    )
    if len(chosen) < 2:
        st.caption(_("Choose two or more segments."))
        return
    segments = _found(chosen)
    params = SegmentOverlapParams(tuple(who(segment) for segment in segments), looked_at(page))
    report: SegmentOverlapReport = page.run(segment_overlap, params)
    if report.combinations.empty:
        st.caption(_("None of these segments holds a customer."))
        return
    chosen_names = [segment.name for segment in segments]
    shown = report.combinations.head(MOST_COMBINATIONS)
    short = [shortened(name, LONGEST_NAME) for name in chosen_names]
    labels = [_combination(pattern, short) for pattern in shown["pattern"]]
    everything = pd.DataFrame(
        {
            _("Segments"): [_combination(pattern, chosen_names) for pattern in report.combinations["pattern"]],
            _("Customers"): [fmt().number(int(n)) for n in report.combinations["customers"]],
        }
    )
    st.caption(_closest(report, chosen_names))
    chart(
        charts.bars(labels, shown["customers"], "count", **drawing()),
        key="segment_overlap",
        alt=_("Customers by the segments they are in"),
        table=everything,
    )


def _found(ids: Sequence[int]) -> list[SavedSegment]:
    with session.workspace().read() as database_session:
        return [
            saved_segments.get(session=database_session, actor=session.actor(), segment_id=segment_id)
            for segment_id in ids
        ]


def _combination(pattern: str, names: Sequence[str]) -> str:
    inside = [name for name, flag in zip(names, pattern, strict=True) if flag == "1"]
    return _("Only {name}", name=inside[0]) if len(inside) == 1 else " + ".join(inside)


def _closest(report: SegmentOverlapReport, names: Sequence[str]) -> str:
    """The two segments that share most, in words."""
    best = report.pairs.sort_values(["share", "shared"], ascending=False, kind="stable").iloc[0]
    if not best["shared"]:
        return _("These segments share nobody.")
    return _(
        "“{one}” and “{other}” share most: {customers}, {share} of those in either.",
        one=names[int(best["one"])],
        other=names[int(best["other"])],
        customers=ngettext("{n} customer", "{n} customers", int(best["shared"])),
        share=fmt().percent(float(best["share"])),
    )
