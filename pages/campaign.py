"""One campaign: the plan before it starts, the list while it runs, and what it changed."""

import streamlit as st

from dashboard import ui
from dashboard.i18n import _
from dashboard.ui import campaign as parts
from dashboard.ui import campaign_outcome, customer
from dashboard.ui.addressed import wanted
from dashboard.ui.campaigns import STATES, state, window_text
from dashboard.ui.plain import plain

campaign = parts.found(wanted("campaign"))
if campaign is None:
    page = ui.page("campaign")
    with ui.empty(_("No campaign chosen"), _("Open one from the list of campaigns.")):
        page.link("campaigns", _("Campaigns"), icon=":material/campaign:")
    st.stop()

page = ui.page("campaign", title=plain(campaign.name), reads_snapshot=True)
segment = parts.segment_of(campaign)
st.caption(plain(" · ".join((_(STATES[state(campaign)]), segment.name, window_text(campaign)))))
customer.flash()
if campaign.status == "draft":
    plan = parts.plan_of(page, campaign)
    page.headline(parts.plan_headline(plan))
    parts.plan_figures(campaign, plan)
    parts.start_button(page, campaign, plan)
else:
    report = campaign_outcome.outcome_of(page, campaign)
    page.headline(campaign_outcome.headline(report))
    st.markdown(campaign_outcome.reason(campaign, report))
    with st.container(horizontal=True, vertical_alignment="center", key="campaign_actions"):
        parts.export_button(campaign)
        parts.end_button(page, campaign)
    campaign_outcome.figures(report)
with st.expander(_("Settings"), icon=":material/tune:", expanded=campaign.status == "draft"):
    parts.details(campaign)
page.link("saved_segment", _("Segment “{name}”", name=plain(segment.name)), icon=":material/bookmark:", id=segment.id)
page.method(*campaign_outcome.method())
page.link("campaigns", _("All campaigns"), icon=":material/arrow_back:")
