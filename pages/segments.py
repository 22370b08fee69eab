"""Segments: customers by recency, frequency and value, groups that form by themselves, and moves between them."""

import streamlit as st

from dashboard import ui
from dashboard.i18n import _
from dashboard.ui import segment_views
from dashboard.ui import segments as parts

page = ui.page("segments", reads_snapshot=True)
span = ui.span(page)
if span is None:
    with ui.empty(_("No orders yet"), _("Import orders on the Data page; groups of customers appear here.")):
        page.link("data", _("Import orders"), icon=":material/upload_file:")
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom"):
    view = page.choice("view", _("Group by"), parts.views(), default="rfm", kind="select", width=260)
    as_of = parts.as_of(page, span)
    before = parts.earlier(page, span, as_of) if view == "moves" else None

if view == "rfm":
    segment_views.rfm_view(page, as_of)
elif view == "moves":
    segment_views.moves_view(page, before, as_of)
else:
    segment_views.clusters_view(page, span, as_of)
