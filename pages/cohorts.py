"""Cohorts: who comes back, what they bring, where customers stand in their life cycle, and how long orders take."""

import streamlit as st

from crm_core import charts
from crm_core.analytics.cohorts import cohorts
from crm_core.analytics.lifecycle import LifecycleParams, lifecycle
from crm_core.analytics.order_gaps import OrderGapsParams, order_gaps
from dashboard import ui
from dashboard.i18n import _
from dashboard.ui import cohorts as parts
from dashboard.ui import order_times
from dashboard.ui.overview import drawing

page = ui.page("cohorts", reads_snapshot=True)
span = ui.span(page)
if span is None:
    with ui.empty(_("No orders yet"), _("Import orders on the Data page; cohorts of customers appear here.")):
        page.link("data", _("Import orders"), icon=":material/upload_file:")
    st.stop()

view = page.choice("view", _("View"), parts.views(), default="retention", label_visibility="collapsed")
with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="cohorts_bar"):
    period = ui.period_filter(page, span)
    unit = "month" if view == "gaps" else page.choice("unit", _("Steps"), parts.units(), default="month")
    if view in {"retention", "value"}:
        with st.popover(_("Definition"), icon=":material/tune:", key="cohorts_choices"):
            params = parts.choices(page, period, unit)

if view == "lifecycle":
    found = page.run(lifecycle, LifecycleParams(parts.whole_units(period, unit), unit))
    page.headline(order_times.lifecycle_sentence(found))
    if len(found.course):
        picked = ui.chart(
            charts.lifecycle_bars(found.course, **drawing()),
            key="lifecycle",
            alt=_("New, returning, resurrected and dormant customers over time"),
            table=order_times.lifecycle_table(found.course),
            on_select="rerun",
        )
        order_times.rows_link(page, picked)
    page.method(*order_times.lifecycle_method(found))
elif view == "gaps":
    gaps = page.run(order_gaps, OrderGapsParams(period))
    page.headline(order_times.gaps_sentence(gaps))
    if gaps.gaps:
        ui.chart(
            charts.gap_histogram(gaps.histogram, gaps.median_days, **drawing()),
            key="gaps",
            alt=_("How many days lie between two orders of a customer"),
            table=order_times.histogram_table(gaps),
        )
    order_times.steps(gaps)
    page.method(*order_times.gaps_method(gaps))
else:
    report = page.run(cohorts, params)
    column = "rate" if view == "retention" else "value"
    page.headline(parts.retention_sentence(report) if view == "retention" else parts.value_sentence(report))
    st.caption(parts.said(params))
    if len(report.cells) and view == "retention":
        shown = parts.shown(report)
        picked = ui.chart(
            charts.retention_triangle(*shown, unit=unit, step=parts.step(params), **drawing()),
            key="retention",
            alt=_("Share of each cohort that bought again, by window"),
            table=parts.table(report, "rate"),
            on_select="rerun",
            least_width=charts.triangle_width(shown[1]),
        )
        parts.note_if_cut(report)
        parts.members(page, report, parts.picked_cell(picked))
    if len(report.means):
        ui.chart(
            charts.cohort_curves(
                report.cohorts, report.cells, report.means, column, unit=unit, step=parts.step(params), **drawing()
            ),
            key=f"cohort_curves_{view}",
            alt=_("The mean of the cohorts over time, with each cohort behind it"),
            table=parts.table(report, column) if view == "value" else None,
        )
    page.method(*parts.method(report))
