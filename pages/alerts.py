"""Alerts: what fired and is new, what fired before, and which metrics are watched."""

import streamlit as st

from dashboard import session, ui
from dashboard.i18n import _, ngettext
from dashboard.ui import alerts as parts

page = ui.page("alerts", reads_snapshot=True)
if not session.actor().scope.is_everything:
    ui.empty(
        _("Not for a part of the records"),
        _("Alerts are of the whole workspace; you see only your own customers."),
        icon=":material/notifications_off:",
    )
    st.stop()
parts.check_once()
shown = parts.found()
n_new = sum(not alert.is_seen for alert in shown)
page.headline(ngettext("{n} new alert", "{n} new alerts", n_new) if n_new else _("Nothing new"))
parts.listing(page, shown)
st.subheader(_("What is watched"), anchor=False)
parts.rules()
with st.expander(_("Watch a metric"), icon=":material/add:", key="alerts_new"):
    parts.new(page)
page.method(*parts.method())
