"""One deal: the stages it passed, what was done for it, what comes next."""

import streamlit as st

from dashboard.i18n import _
from dashboard.ui import beside, deals, done, record_page, tasks
from dashboard.ui.records_views import VIEWS

view = VIEWS["deals"]
opened = record_page.opened(view)
if opened is None:
    st.stop()
page, row = opened
deals.subtitle(page, row)
done.notice()
deals.stage_switch(page, row)
given = {"deal_id": row.id, "customer_id": row.customer_id}
names = {"details": _("Details"), "activities": _("Activities"), "tasks": _("Tasks"), "history": _("History")}
tab, content = page.tab(names, of=row.id)
with content:
    if tab == "activities":
        beside.records(page, VIEWS["activities"], by="deal_id", given=given | {"kind": "call"})
    elif tab == "tasks":
        beside.records(page, VIEWS["tasks"], by="deal_id", given=given, step=tasks.step(_("Done")))
    elif tab == "history":
        record_page.history(view, row)
    else:
        record_page.details(view, row)
