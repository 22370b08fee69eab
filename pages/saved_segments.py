"""Saved segments: which there are, how large, and what they share."""

import streamlit as st

from crm_core.access import Permission
from dashboard import ui
from dashboard.i18n import _, ngettext
from dashboard.ui import saved_segments as parts

page = ui.page("saved_segments", reads_snapshot=True)
rows = parts.listed()

if rows:
    page.headline(ngettext("{n} saved segment", "{n} saved segments", len(rows)))
if page.may(Permission.SEGMENTS_SAVE):
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(_("New segment by rule"), key="saved_segments.new", icon=":material/add:", type="primary"):
            page.go("segment_rule")
        page.link("segments", _("Find one in the data"), icon=":material/hub:")
        page.link("customers", _("Choose customers by hand"), icon=":material/group:")
if rows:
    parts.table(page, rows)
    if len(rows) > 1:
        parts.overlap(page, rows)
    page.method(*parts.method(page))
else:
    ui.empty(
        _("No saved segments yet"),
        _("Write a rule, save a group on the Segments page, or choose customers on the Customers page."),
        icon=":material/bookmarks:",
    )
