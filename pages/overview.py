"""Overview: how sales and customers went, what changed and why; every number opens its rows."""

import streamlit as st

from crm_core import charts
from crm_core.analytics.overview import OverviewParams, overview
from dashboard import ui
from dashboard.i18n import _
from dashboard.ui import overview as parts
from dashboard.ui import segment_filter
from dashboard.ui.standings import standings_of

page = ui.page("overview", reads_snapshot=True)
span = ui.span(page)
if span is None:
    with ui.empty(
        _("No orders yet"), _("Import orders on the Data page, and sales, customers and trends appear here.")
    ):
        page.link("data", _("Import orders"), icon=":material/upload_file:")
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="overview_bar"):
    period = ui.period_filter(page, span)
    compare = page.choice(
        "compare", _("Compare with"), parts.comparisons(), default="previous", kind="select", width=160
    )
    with st.popover(_("Filters"), icon=":material/tune:", key="overview_filters"):
        filters = parts.filters(page, span)
        segment_id = segment_filter.choice(page)

answer, bar = st.container(), st.empty()  # the answer stands first, though the chart's choices decide what is computed
with bar.container(horizontal=True, horizontal_alignment="distribute", key="overview_chart_bar"):
    metric = page.choice("metric", _("Chart"), parts.charted(), default="net_sales", label_visibility="collapsed")
    grain = page.choice(
        "grain", _("Steps"), parts.grains(), default=ui.fitting_grain(period), label_visibility="collapsed"
    )

with answer:
    among = segment_filter.narrowed(page, segment_id)
    report = page.run(
        overview,
        OverviewParams(period=period, compare=compare, grain=grain, customers=among.customers, **filters),
    )
    if parts.is_nothing(report):
        bar.empty()
        narrowing = {**filters, "segment": segment_id}
        ui.empty(parts.sentence(report), parts.elsewhere(span, narrowing), icon=":material/event_busy:")
        st.stop()
    page.headline(parts.sentence(report))
    st.caption(parts.windows(report, filters, among.words))
    if among.caution:
        st.caption(among.caution)
    address = {"from": str(period.start), "to": str(period.end)}
    address |= {name: value for name, value in filters.items() if value}
    address |= {segment_filter.NAME: str(segment_id)} if segment_id is not None else {}
    kpis, is_narrowed = report.kpis, among.customers is not None or any(filters.values())
    held = standings_of(kpis.metrics, period, kpis.complete_until, is_narrowed=is_narrowed)
    ui.kpi_cards(kpis.metrics, parts.CARDS, trends=parts.trends(report), address=address, standings=held)

ui.chart(
    charts.sales_over_time(report.series, report.compared_series, metric=metric, **parts.drawing()),
    key="overview_series",
    alt=_("{metric} over time", metric=parts.charted()[metric]),
    table=parts.series_table(report.series, metric),
)
if len(report.bridge):
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.subheader(_("Why net sales changed"), anchor=False)
        ui.chart(
            charts.revenue_bridge(report.bridge, **parts.bridge_ends(report), **parts.drawing()),
            key="overview_bridge",
            alt=_("From the earlier period's net sales to this one's, by what customers did"),
            table=parts.bridge_table(report.bridge),
        )
    with right:
        st.subheader(_("Where it changed most"), anchor=False)
        ui.grid(
            parts.drivers_table(report.drivers),
            key="overview_drivers",
            alt=_("Largest changes by country, category and channel"),
            right=[_("Change")],
            height="content",
        )

page.method(*parts.method(report), _("Times are cut into days in {zone}.", zone=report.kpis.timezone))
