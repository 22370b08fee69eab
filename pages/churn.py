"""Churn: who will probably not buy again soon, why, what the prediction is worth, and whom to contact."""

import streamlit as st

from crm_core import charts
from crm_core.analytics.churn import ChurnParams, churn
from dashboard import ui
from dashboard.i18n import _
from dashboard.ui import churn as parts
from dashboard.ui import churn_actions as actions
from dashboard.ui.churn_table import customer_list
from dashboard.ui.overview import drawing
from dashboard.ui.segments import as_of

page = ui.page("churn", reads_snapshot=True)
span = ui.span(page)
if span is None:
    with ui.empty(_("No orders yet"), _("Import orders on the Data page; chances to leave appear here.")):
        page.link("data", _("Import orders"), icon=":material/upload_file:")
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom"):
    horizon = page.choice(
        "horizon", _("Leaving means no purchase for"), parts.horizons(), default="90", kind="select", width=260
    )
    day = as_of(page, span)

report = page.run(churn, ChurnParams(as_of=day, horizon=int(horizon)))
page.headline(parts.sentence(report))
st.caption(parts.worth(report))
parts.warnings(report, span.today)

if report.n_tested:
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(parts.calibration(report))
        ui.chart(
            charts.churn_calibration(report.calibration, **drawing()),
            key="churn_calibration",
            alt=_("Share that left by predicted chance"),
            table=parts.calibration_table(report),
        )
    with right:
        st.markdown(parts.gain(report))
        ui.chart(
            charts.churn_gain(report.gain, **drawing()),
            key="churn_gain",
            alt=_("Share of the leaving customers found among the riskiest"),
            table=parts.gain_table(report),
        )
    parts.verdict_card(report)

if report.n_scored:
    customer_list(page, report)
    actions.contact(page, report)
page.method(*parts.method(report))
