"""The deals behind a number of the pipeline, and the file of them."""

import streamlit as st

from dashboard import ui
from dashboard.i18n import _, fmt
from dashboard.ui import deal_rows as parts
from dashboard.ui.plain import plain

page = ui.page("deals_behind", reads_snapshot=True)
wanted = parts.wanted()
number = parts.customers.page_number("deals_behind", wanted)
found = None if wanted is None else parts.found(*wanted, number)
if wanted is None or found is None:
    with ui.empty(_("No number chosen"), _("Open the deals of a number from the Pipeline.")):
        page.link("pipeline", _("Pipeline"), icon=":material/filter_alt:")
    st.stop()

code, params = wanted
rows, total = found
headline, formula = parts.title(code, params)
page.headline(plain(headline))
if formula:
    st.caption(formula)
with st.container(horizontal=True, vertical_alignment="center"):
    st.caption(_("{n} rows in {period}", n=fmt().number(total), period=fmt().period(params.period)), width="content")
    parts.download(code, params)
parts.table(rows, parts.ALL, key=f"deals_behind_{number}", alt=_("Deals behind a number"))
parts.pager(total)
page.link("pipeline", _("Back to the Pipeline"), icon=":material/arrow_back:")
