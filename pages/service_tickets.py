"""The tickets behind a number of service, and the file of them."""

import streamlit as st

from crm_core.analytics.service_drill import service_tickets
from crm_core.analytics.service_metrics import SERVICE_METRICS
from dashboard import ui
from dashboard.i18n import _, fmt
from dashboard.ui import customers, service
from dashboard.ui import service_rows as parts

params = parts.wanted()
if params is None:
    page = ui.page("service_tickets", reads_snapshot=True)
    with ui.empty(_("No number chosen"), _("Open the tickets of a number from the Service page.")):
        page.link("service", _("Service"), icon=":material/support_agent:")
    st.stop()

metric = SERVICE_METRICS[params.metric]
page = ui.page("service_tickets", title=_(metric.name), reads_snapshot=True)
report = page.run(service_tickets, params)
rows = report.tickets
names = service.names_of({name: rows[name].dropna().unique().astype("int64").tolist() for name in service.KEYED})
page.headline(parts.value_said(params, report))
st.caption(_(metric.formula))

number = customers.page_number("service_tickets", params)
with st.container(horizontal=True, vertical_alignment="center"):
    shown = {"n": fmt().number(len(rows)), "period": fmt().period(params.period)}
    st.caption(_("{n} rows in {period}", **shown), width="content")
    parts.download(params, report, names)
parts.table(report, names, number)
parts.pager(len(rows))
page.link("service", _("Back to Service"), icon=":material/arrow_back:")
