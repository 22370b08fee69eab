"""The rows behind a number: the orders, lines or customers it is made of, and the file of them."""

from dataclasses import replace

import streamlit as st

from crm_core.analytics.metrics import METRICS
from dashboard import ui
from dashboard.i18n import _, fmt
from dashboard.ui import rows as parts
from dashboard.ui import segment_filter
from dashboard.ui.plain import plain

wanted = parts.wanted()
if wanted is None:
    page = ui.page("rows", reads_snapshot=True)
    with ui.empty(_("No number chosen"), _("Open the rows of a number from the Overview.")):
        page.link("overview", _("Overview"), icon=":material/monitoring:")
    st.stop()

metric_id, params = wanted
metric = METRICS[metric_id]
page = ui.page("rows", title=_(metric.name), reads_snapshot=True)
segment_id = segment_filter.addressed()
among = segment_filter.narrowed(page, segment_id)
params = replace(params, customers=among.customers)
page.headline(parts.headline(metric_id, params))
st.caption(_(metric.formula))
if among.words:
    st.caption(plain(among.words))

number = parts.page_number((wanted, segment_id))
frame, total = parts.rows_page(metric_id, params, number)
with st.container(horizontal=True, vertical_alignment="center"):  # to the left: a table's tools appear on the right
    st.caption(_("{n} rows in {period}", n=fmt().number(total), period=fmt().period(params.period)), width="content")
    parts.download(metric_id, params)
ui.grid(
    parts.shown(frame),
    key=f"rows_{number}",
    alt=_("Rows behind {metric}", metric=_(metric.name)),
    columns=parts.columns(frame),
    height="content",
)
parts.pager(total)
page.link("overview", _("Back to the Overview"), icon=":material/arrow_back:")
