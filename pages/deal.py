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
tabs = st.tabs([_("Details"), _("Activities"), _("Tasks"), _("History")], key=f"deal.tabs.{row.id}", on_change="rerun")
if tabs[0].open:
    with tabs[0]:
        record_page.details(view, row)
if tabs[1].open:
    with tabs[1]:
        beside.records(page, VIEWS["activities"], by="deal_id", given=given | {"kind": "call"})
if tabs[2].open:
    with tabs[2]:
        beside.records(page, VIEWS["tasks"], by="deal_id", given=given, step=tasks.step(_("Done")))
if tabs[3].open:
    with tabs[3]:
        record_page.history(view, row)
