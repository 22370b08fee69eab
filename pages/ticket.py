"""One ticket: what was said, what is due, and what to do next."""

import streamlit as st

from dashboard.i18n import _
from dashboard.ui import done, record_page, ticket
from dashboard.ui.records_views import VIEWS

view = VIEWS["tickets"]
opened = record_page.opened(view)
if opened is None:
    st.stop()
page, row = opened
ticket.subtitle(page, row)
done.notice()
ticket.steps(page, row)
tabs = st.tabs([_("Conversation"), _("History")], key=f"ticket.tabs.{row.id}", on_change="rerun")
if tabs[0].open:
    with tabs[0]:
        said, fields = st.columns((5, 4), gap="large")
        with said:
            ticket.conversation(row)
        with fields:
            record_page.details(view, row, shortcut=None)
if tabs[1].open:
    with tabs[1]:
        record_page.history(view, row)
