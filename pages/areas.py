"""All areas: sales, customers, retention, service and pipeline at a glance, and what matters most today."""

import streamlit as st

from crm_core.analytics.definitions import AREAS
from dashboard import ui
from dashboard.i18n import _
from dashboard.ui import alerts
from dashboard.ui import areas as parts
from dashboard.ui.overview import comparisons

page = ui.page("areas", reads_snapshot=True)
last = parts.last_day(page)
if last is None:
    with ui.empty(
        _("Nothing on record yet"),
        _("Import orders, tickets or deals on the Data page, and every area appears here."),
    ):
        page.link("data", _("Import a file"), icon=":material/upload_file:")
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="areas_bar"):
    grain, period = parts.period_choice(page, last)
    compare = page.choice("compare", _("Compare with"), comparisons(), default="previous", kind="select", width=160)

alerts.check_once()
found = parts.found(page, grain, period, compare)
alerts.news()
parts.head(found)
st.caption(parts.windows(found))
for name in AREAS:
    parts.area(page, name, found)
with st.container(horizontal=True, vertical_alignment="center", key="areas_files"):
    page.link("targets", _("Targets"), icon=":material/flag:")
    alerts.link(page)
    parts.files(found)
page.method(*parts.method())
