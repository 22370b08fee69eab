"""The Customers view of the Churn page: verdict and its evidence first; scores only where the model earned them."""

from __future__ import annotations

import streamlit as st

from crm_core import charts
from crm_core.analytics.churn import ChurnParams, ChurnReport, churn
from dashboard.i18n import _
from dashboard.ui import churn as parts
from dashboard.ui import churn_actions as actions
from dashboard.ui.churn_table import customer_list
from dashboard.ui.drawing import chart
from dashboard.ui.overview import drawing
from dashboard.ui.page import Page
from dashboard.ui.periods import Span
from dashboard.ui.segments import as_of


def view(page: Page, span: Span) -> None:
    """From the question to the list."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        horizon = page.choice(
            "horizon", _("Leaving means no purchase for"), parts.horizons(), default="90", kind="select", width=260
        )
        day = as_of(page, span)
    report = page.run(churn, ChurnParams(as_of=day, horizon=int(horizon)))
    page.headline(parts.sentence(report))
    st.caption(parts.worth(report))
    parts.instead(page, report)
    parts.warnings(report, span.today)
    if report.n_tested:
        _evidence(report)
    if report.n_scored:
        customer_list(page, report)
        actions.contact(page, report)
    page.method(*parts.method(report))


def _evidence(report: ChurnReport) -> None:
    """How the model did on later days, beside its baselines."""
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(parts.calibration(report))
        chart(
            charts.churn_calibration(report.calibration, **drawing()),
            key="churn_calibration",
            alt=_("Share that left by predicted chance"),
            table=parts.calibration_table(report.calibration, happened=_("Left"), counted=_("Customers")),
        )
    with right:
        st.markdown(parts.gain(report))
        chart(
            charts.churn_gain(report.gain, **drawing()),
            key="churn_gain",
            alt=_("Share of the leaving customers found among the riskiest"),
            table=parts.gain_table(report),
        )
    parts.verdict_card(report)
