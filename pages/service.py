"""Service: how fast customers are answered and helped, what stands open; every number opens its tickets."""

import streamlit as st

from crm_core import charts
from crm_core.analytics.service import service
from crm_core.analytics.service_due import DueParams, service_due
from crm_core.analytics.service_params import ServiceParams, TicketFilter
from crm_core.analytics.ticket_topics import ticket_topics
from dashboard import ui
from dashboard.i18n import _
from dashboard.ui import service as parts
from dashboard.ui import service_tables as tables
from dashboard.ui.overview import comparisons, drawing, grains
from dashboard.ui.standings import standings_of

page = ui.page("service", reads_snapshot=True)
found = parts.span(page)
if found is None:
    with ui.empty(_("No tickets yet"), _("Add or import tickets; response times, targets and trends appear here.")):
        page.link("tickets", _("Tickets"), icon=":material/confirmation_number:")
    st.stop()
span, extent = found
names = parts.names_of(extent.values)

with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="service_bar"):
    period = ui.period_filter(page, span, ended=parts.ENDED)
    compare = page.choice("compare", _("Compare with"), comparisons(), default="previous", kind="select", width=160)
    with st.popover(_("Filters"), icon=":material/tune:", key="service_filters"):
        hours = parts.hours_choice(page)
        only = parts.filters(page, extent, names)

answer, bar = st.container(), st.empty()
with bar.container(horizontal=True, horizontal_alignment="distribute", key="service_chart_bar"):
    metric = page.choice(
        "metric", _("Chart"), parts.charted(), default="opened", kind="select", width=230, label_visibility="collapsed"
    )
    grain = page.choice("grain", _("Steps"), grains(), default=ui.fitting_grain(period), label_visibility="collapsed")

params = ServiceParams(period, compare, only, hours, parts.now(), grain, parts.days_off())
with answer:
    report = page.run(service, params)
    page.headline(parts.sentence(report))
    st.caption(parts.windows(report, names))
    parts.flags(page, report)
    ui.kpi_cards(
        report.metrics,
        parts.CARDS,
        trends=parts.trends(report),
        address=parts.address_of(report),
        rows="service_tickets",
        standings=standings_of(
            report.metrics,
            period,
            report.complete_until,
            is_narrowed=only != TicketFilter() or hours is not None,
        ),
    )

picked = ui.chart(
    charts.sales_over_time(report.series, report.compared_series, metric=metric, **drawing()),
    key="service_series",
    alt=_("{metric} over time", metric=parts.charted()[metric]),
    table=tables.series_table(report, metric),
    on_select="rerun",
)
parts.picked_link(page, report, picked, metric, ("from", "to"), _("Click a bar to open its tickets."))

left, right = st.columns(2, gap="medium")
with left:
    st.subheader(_("When tickets come in"), anchor=False)
    picked = ui.chart(
        charts.hours_of_week(report.by_hour, **drawing()),
        key="service_hours",
        alt=_("Tickets opened by weekday and hour"),
        table=tables.hours_table(report),
        on_select="rerun",
    )
    parts.picked_link(page, report, picked, "opened", ("weekday", "hour"), _("Click an hour to open its tickets."))
with right:
    st.subheader(_("How old the open ones are"), anchor=False)
    picked = ui.chart(
        charts.age_bars(report.ageing, **drawing()),
        key="service_ages",
        alt=_("Open tickets by days since they were opened"),
        table=tables.ages_table(report),
        on_select="rerun",
    )
    parts.picked_link(page, report, picked, "backlog", ("age", "until"), _("Click a bar to open its tickets."))

st.subheader(_("By group"), anchor=False)
tables.breakdown(page, report, names)
st.subheader(_("Late or due soon"), anchor=False)
tables.due(page, page.run(service_due, DueParams(only, params.at)), names)
st.subheader(_("What tickets are about"), anchor=False)
tables.topics(page.run(ticket_topics, params))

page.method(*parts.method(report))
