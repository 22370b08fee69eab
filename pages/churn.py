"""Churn: who will probably not buy again soon, why, what the prediction is worth, and whom to contact."""

import streamlit as st

from dashboard import ui
from dashboard.i18n import _
from dashboard.ui import churn as parts
from dashboard.ui import churn_view, contracts

page = ui.page("churn", reads_snapshot=True)
view = page.choice("view", _("Who leaves"), parts.views(), default="customers")
if view == "contracts":
    contracts.view(page)
    st.stop()

span = ui.span(page)
if span is None:
    with ui.empty(_("No orders yet"), _("Import orders on the Data page; chances to leave appear here.")):
        page.link("data", _("Import orders"), icon=":material/upload_file:")
    st.stop()
churn_view.view(page, span)
