"""When the customer agreed to marketing or refused it."""

from __future__ import annotations

import streamlit as st

from crm_core.records import consent
from dashboard import session
from dashboard.i18n import _, fmt
from dashboard.ui.plain import plain
from dashboard.ui.record_history import CAUSES

SHOWN = 20


def consent_history(customer_id: int) -> None:
    """What the customer said about marketing, the latest first: when, how, and who wrote it down."""
    with session.workspace().read() as database_session:
        said = consent.history(session=database_session, actor=session.actor(), customer_id=customer_id)
    if not said:
        return
    answers = {True: _("agreed"), False: _("refused"), None: _("no answer any more")}
    with st.expander(_("Marketing: what was said and when"), icon=":material/contract:", key="customer.consent"):
        for event in said[:SHOWN]:
            how = _(CAUSES.get(event.how or "", event.how or ""))
            who = plain(" · ".join(part for part in (fmt().instant(event.at), event.by, how) if part))
            st.caption(f"**{answers[event.has_consent]}** · {who}")
