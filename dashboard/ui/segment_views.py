"""The three views of the Segments page, each from its question to its members and its method."""

from __future__ import annotations

from datetime import date

import streamlit as st

from crm_core import charts
from crm_core.analytics.clustering import Clustering
from crm_core.analytics.migration import SizesParams, segment_sizes
from crm_core.analytics.rfm import RfmParams, rfm
from crm_core.analytics.segments import segments
from dashboard.i18n import _
from dashboard.ui import clusters, kept_clusterings, migration, scoring
from dashboard.ui import segments as parts
from dashboard.ui.drawing import chart
from dashboard.ui.overview import drawing
from dashboard.ui.page import Page
from dashboard.ui.periods import Span


def rfm_view(page: Page, as_of: date) -> None:
    """Scores and named segments."""
    scores = scoring.asked(page, as_of)
    report = page.run(rfm, RfmParams(as_of, scores.n_bins, scores.thresholds))
    page.headline(parts.rfm_sentence(report))
    left, right = st.columns(2, gap="medium")
    with left:
        picked = chart(
            charts.rfm_grid(report.grid, **drawing()),
            key="rfm_grid",
            alt=_("Customers by recency and frequency score"),
            table=parts.grid_table(report.grid),
            on_select="rerun",
        )
    with right:
        segment = parts.segment_table(parts.named(report.segments), key="rfm_segments")
    parts.rfm_members(page, report, scores.thresholds, segment, parts.picked_cell(picked))
    page.method(*parts.rfm_method(report, scores))


def moves_view(page: Page, before: date | None, after: date) -> None:
    """Who moved between named segments."""
    if before is None:
        st.info(_("The records begin too late to compare two days; choose a later one."), icon=":material/info:")
        return
    scores = scoring.asked(page, after)
    migration.show(page, scores, {name: _(name) for name in scores.keys}, before, after)
    page.method(parts.rfm_words(after), scoring.method(scores), migration.method((before, after)), parts.rules_table())


def clusters_view(page: Page, span: Span, as_of: date) -> None:
    """Groups that form by themselves, what they are worth, and how they developed; or groups that were kept."""
    row = kept_clusterings.choice(page)
    if row is not None:
        kept = kept_clusterings.opened(row)
        kept_clusterings.show(page, row, kept, as_of)
        _development(page, span, kept, as_of)
        kept_clusterings.remove_button(page, row)
        page.method(kept_clusterings.method(kept))
        return
    asked = clusters.asked(page, as_of)
    found = page.run(segments, asked)
    page.headline(clusters.sentence(found))
    st.caption(clusters.verdict(found))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        chart(
            charts.cluster_map(found.points, names=clusters.names(found), **drawing()),
            key="cluster_map",
            alt=_("Customers on two axes, coloured by group"),
        )
        clusters.profile(asked, found)
    with right:
        segment = parts.segment_table(clusters.described(found.segments), key="cluster_segments", title=_("Groups"))
        clusters.sentences(found)
        kept_clusterings.keep_button(page, found.clustering)
        clusters.k_choice(found)
    clusters.members(page, asked, found, segment)
    if found.clustering is not None:
        _development(page, span, found.clustering, as_of)
    page.method(*clusters.method(asked, found))


def _development(page: Page, span: Span, found: Clustering, as_of: date) -> None:
    """Sizes over time and who switched, by the same centres; asked for, because every month is read anew."""
    days = parts.month_ends(span, as_of)
    if not days:
        return
    st.subheader(_("How the groups developed"), anchor=False)
    st.caption(_("The same centres, applied to the customers of earlier days."))
    if not st.toggle(_("Look back in time"), key="segments.back"):
        return
    names = kept_clusterings.group_names(found)
    sizes = page.run(segment_sizes, SizesParams(found, (*days, as_of))).sizes
    chart(
        charts.segment_shares(sizes, names=names, **drawing()),
        key="segment_shares",
        alt=_("Each group's share of the customers over time"),
    )
    before = parts.pick_day(page, "since", _("Moves since"), days)
    migration.show(page, found, names, before, as_of)
