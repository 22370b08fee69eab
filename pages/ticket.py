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
tab, content = page.tab({"conversation": _("Conversation"), "history": _("History")}, of=row.id)
with content:
    if tab == "history":
        record_page.history(view, row)
    else:
        said, fields = st.columns((5, 4), gap="large")
        with said:
            ticket.conversation(row)
        with fields:
            record_page.details(view, row, shortcut=None)
