"""Segments: customers by recency, frequency and value, and the groups that form by themselves."""

import streamlit as st

from crm_core import charts
from crm_core.analytics.rfm import RfmParams, rfm
from crm_core.analytics.segments import SegmentsParams, segments
from dashboard import ui
from dashboard.i18n import _
from dashboard.ui import clusters
from dashboard.ui import segments as parts
from dashboard.ui.overview import drawing

page = ui.page("segments", reads_snapshot=True)
span = ui.span(page)
if span is None:
    with ui.empty(_("No orders yet"), _("Import orders on the Data page; groups of customers appear here.")):
        page.link("data", _("Import orders"), icon=":material/upload_file:")
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom"):
    view = page.choice("view", _("Group by"), parts.views(), default="rfm", kind="select", width=260)
    as_of = parts.as_of(page, span)
    k = (
        page.choice("k", _("Number of groups"), parts.group_counts(), default="auto", kind="select", width=200)
        if view == "clusters"
        else "auto"
    )

if view == "rfm":
    report = page.run(rfm, RfmParams(as_of=as_of))
    page.headline(parts.rfm_sentence(report))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        picked = ui.chart(
            charts.rfm_grid(report.grid, **drawing()),
            key="rfm_grid",
            alt=_("Customers by recency and frequency score"),
            table=parts.grid_table(report.grid),
            on_select="rerun",
        )
    with right:
        segment = parts.segment_table(parts.named(report.segments), key="rfm_segments")
    parts.rfm_members(page, report, segment, parts.picked_cell(picked))
    page.method(*parts.rfm_method(report))
else:
    found = page.run(segments, SegmentsParams(as_of=as_of, k=None if k == "auto" else int(k)))
    page.headline(clusters.sentence(found))
    st.caption(clusters.verdict(found))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        ui.chart(
            charts.cluster_map(found.points, names=clusters.names(found), **drawing()),
            key="cluster_map",
            alt=_("Customers on two axes, coloured by group"),
        )
        clusters.profile(found)
    with right:
        segment = parts.segment_table(clusters.described(found.segments), key="cluster_segments")
        clusters.k_choice(found)
    clusters.members(page, found, segment)
    page.method(*clusters.method(found))
