"""An analysis' report on the page: there at once, or progress until it is; failures in words with a way on."""

from __future__ import annotations

from typing import Any

import streamlit as st

from crm_core.analytics.runner import Failed, Ready, Running
from crm_core.errors import AnalysisRefused, WorkerDied
from dashboard import session
from dashboard.i18n import _
from dashboard.ui import freshness
from dashboard.ui.plain import plain_error

POLL_SECONDS = 0.4


def report(page: str, analysis: Any, params: Any) -> Any:
    """The report, or the end of this run: with progress, a refusal or a failure on the page instead."""
    freshness.wait_for_first_snapshot(page)
    analyses = session.workspace().analyses
    outcome = analyses.poll(analysis, params, actor=session.actor())
    if isinstance(outcome, Ready):
        return outcome.report
    if isinstance(outcome, Running):
        _wait(page, analysis, params)
    else:
        _failed(page, analysis, params, outcome)
    return st.stop()


def _wait(page: str, analysis: Any, params: Any) -> None:
    @st.fragment(run_every=POLL_SECONDS, key=f"{page}.{analysis.name}.wait")
    def waiting() -> None:
        analyses = session.workspace().analyses
        outcome = analyses.poll(analysis, params, actor=session.actor())
        if not isinstance(outcome, Running):
            st.rerun()
        with st.container(border=True, key=f"{page}.{analysis.name}.progress"):
            st.progress(
                min(max(outcome.fraction, 0.0), 1.0), text=_(outcome.step) if outcome.step else _("Computing …")
            )
            st.caption(_("You can leave this page; the result will be here when you come back."))
            if st.button(_("Cancel"), key=f"{page}.{analysis.name}.cancel", icon=":material/close:"):
                analyses.cancel(analysis, params, actor=session.actor())
                st.rerun()

    waiting()


def _failed(page: str, analysis: Any, params: Any, outcome: Failed) -> None:
    if isinstance(outcome.error, AnalysisRefused):
        st.info(plain_error(outcome.error), icon=":material/info:")
        return
    icon = ":material/power_off:" if isinstance(outcome.error, WorkerDied) else ":material/error:"
    st.error(plain_error(outcome.error), icon=icon)
    if st.button(_("Try again"), key=f"{page}.{analysis.name}.retry", icon=":material/refresh:"):
        session.workspace().analyses.retry(analysis, params, actor=session.actor())
        st.rerun()
