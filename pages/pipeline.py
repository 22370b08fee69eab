"""Pipeline: what deals were won and are worth, how they move through the stages, and which are stuck."""

import streamlit as st

from crm_core.analytics.pipeline import PipelineParams, pipeline
from crm_core.translation import N_
from dashboard import ui
from dashboard.i18n import _
from dashboard.ui import deal_groups, deal_rows
from dashboard.ui import pipeline as parts
from dashboard.ui.overview import comparisons
from dashboard.ui.standings import standings_of

page = ui.page("pipeline", reads_snapshot=True)
span = parts.span(page)
if span is None:
    with ui.empty(_("No deals yet"), _("Add deals or import them on the Data page, and the pipeline appears here.")):
        page.link("data", _("Import a file"), icon=":material/upload_file:")
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="pipeline_bar"):
    period = ui.period_filter(page, span, ended=N_("Deals end on {day}; periods end there."))
    compare = page.choice("compare", _("Compare with"), comparisons(), default="previous", kind="select", width=160)

params = PipelineParams(period, compare)
report = page.run(pipeline, params)
page.headline(parts.sentence(report))
st.caption(parts.windows(report))
ui.kpi_cards(
    report.metrics,
    parts.CARDS,
    trends={},
    address=parts.address(period),
    rows=parts.ROWS_PAGE,
    standings=standings_of(report.metrics, period, report.complete_until),
)
st.caption(parts.velocity(report))

st.subheader(_("How far the deals opened in the period came"), anchor=False)
parts.funnel(page, report)
st.subheader(_("From stage to stage"), anchor=False)
parts.stages(report)
st.subheader(_("Forecast by month"), anchor=False)
parts.outlook(page, report)
st.subheader(_("Where deals are won"), anchor=False)
deal_groups.groups(page, report)
for code, name in parts.STALLED.items():
    deal_rows.shortlist(page, code, params, name())
page.method(*parts.method(report))
