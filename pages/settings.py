"""Settings of service and sales: targets, working hours, teams, statuses, stages."""

import streamlit as st

from dashboard import ui
from dashboard.i18n import _
from dashboard.ui import done, settings

page = ui.page("settings")
done.notice()
tabs = dict(
    zip(
        settings.TABS,
        st.tabs([_(title) for title in settings.TABS.values()], key="settings.tabs", on_change="rerun"),
        strict=True,
    )
)
for table, tab in tabs.items():
    if tab.open:
        with tab:
            settings.tab(table)
