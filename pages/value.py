"""Value: what customers are expected to buy and spend, who brings it, and how right such forecasts have been."""

import streamlit as st

from crm_core import charts
from crm_core.analytics.value import ValueMembersParams, value, value_members
from dashboard import ui
from dashboard.i18n import _
from dashboard.ui import value as parts
from dashboard.ui import value_tables as tables
from dashboard.ui.overview import drawing
from dashboard.ui.segments import as_of

page = ui.page("value", reads_snapshot=True)
span = ui.span(page)
if span is None:
    with ui.empty(_("No orders yet"), _("Import orders on the Data page; forecasts of value appear here.")):
        page.link("data", _("Import orders"), icon=":material/upload_file:")
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom"):
    params = parts.params(page, span, as_of(page, span))

report = page.run(value, params)
page.headline(parts.sentence(report))
st.caption(parts.concentration(report))
parts.warnings(report)

left, right = st.columns([3, 2], gap="medium")
with left:
    st.markdown(parts.check(report))
    ui.chart(
        charts.purchases_tracked(report.holdout.tracking, calibration_end=report.holdout.calibration_end, **drawing()),
        key="value_tracking",
        alt=_("Repeat purchases over time, as bought and as expected"),
        table=tables.tracking(report),
    )
with right:
    st.markdown(parts.by_frequency(report))
    ui.chart(
        charts.purchases_by_frequency(report.holdout.by_frequency, **drawing()),
        key="value_frequency",
        alt=_("Purchases in the hold-out period by purchases before it, as bought and as expected"),
        table=tables.by_frequency(report),
    )

by = page.choice("by", _("Expected value by"), parts.groupings(report), default="band")
tables.groups(report, by)

band = page.choice("band", _("Customers"), parts.bands(), default="high")
listed = ValueMembersParams(
    params.as_of, params.horizon_days, params.unit, params.discount_rate, parts.BAND_NAMES.get(band)
)
members = page.run(value_members, listed).members
order = page.choice("order", _("Sort by"), parts.orders(), default="value")
tables.members(members, parts.bands()[band], order=order, save=parts.save_band(params, band))
page.method(*parts.method(report))
