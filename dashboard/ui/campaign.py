"""The parts of one campaign's page before it starts, and its list once it runs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pandas as pd
import streamlit as st

from crm_core.access import Permission
from crm_core.analytics.campaign_plan import CampaignPlanParams, CampaignPlanReport, campaign_plan
from crm_core.analytics.periods import local_today
from crm_core.db.models import Campaign, SavedSegment
from crm_core.errors import CrmError, NotFound
from crm_core.records import campaign_export, campaigns, saved_segments
from crm_core.records.campaign_fields import FIXED_BY_START
from crm_core.reports import spreadsheet
from dashboard import session
from dashboard.i18n import _, fmt, ngettext
from dashboard.ui.form_state import Field, opened
from dashboard.ui.page import Page
from dashboard.ui.plain import plain_error
from dashboard.ui.record_form import record_form
from dashboard.ui.saved_segments import listed as segments
from dashboard.ui.who import looked_at, who


def found(campaign_id: int | None) -> Campaign | None:
    """The campaign, None if there is no such one."""
    try:
        with session.workspace().read() as database_session:
            return campaigns.get(session=database_session, actor=session.actor(), campaign_id=campaign_id or 0)
    except NotFound:
        return None


def segment_of(campaign: Campaign) -> SavedSegment:
    with session.workspace().read() as database_session:
        return saved_segments.get(session=database_session, actor=session.actor(), segment_id=campaign.segment_id)


def plan_of(page: Page, campaign: Campaign) -> CampaignPlanReport:
    """Who would be listed today, and what difference would show."""
    params = CampaignPlanParams(
        who=who(segment_of(campaign)),
        as_of=looked_at(page),
        window_days=campaign.window_days,
        holdout_bp=campaign.holdout_bp,
    )
    report: CampaignPlanReport = page.run(campaign_plan, params)
    return report


def plan_headline(plan: CampaignPlanReport) -> str:
    if plan.treated + plan.held_out < 2:
        return _("Too few customers of the segment agreed to marketing.")
    return _(
        "{customers} to contact, {held_out} held out to compare with.",
        customers=ngettext("{n} customer", "{n} customers", plan.treated),
        held_out=fmt().number(plan.held_out),
    )


def plan_figures(campaign: Campaign, plan: CampaignPlanReport) -> None:
    """The list as it would be, and the smallest difference it could show."""
    with st.grid(4, min_column_width=160, gap="small", key="plan_figures"):
        st.metric(_("In the segment"), fmt().number(plan.members), border=True)
        st.metric(
            _("Not agreed"),
            fmt().number(plan.without_consent),
            border=True,
            help=_("Customers of the segment who did not agree to marketing; they are never contacted."),
        )
        st.metric(_("To contact"), fmt().number(plan.treated), border=True)
        st.metric(_("Held out"), fmt().number(plan.held_out), border=True)
    if plan.conversion is None:
        return
    days = ngettext("the last {n} day", "the last {n} days", campaign.window_days)
    st.markdown(
        _(
            "In {days}, {share} of these customers bought, {mean} each on average.",
            days=days,
            share=fmt().percent(plan.conversion),
            mean=fmt().money(round(plan.sales_mean or 0, 2)),
        )
    )
    if plan.detectable_conversion is None or plan.detectable_sales is None:
        st.markdown(_("Nobody bought lately, so it cannot be said what difference would show."))
        return
    st.markdown(
        _(
            "The campaign would show a change in conversion of **{points} percentage points** or more, and a change in "
            "net sales of **{money}** or more per customer, in 4 of 5 cases. Smaller ones would go unnoticed: hold out "
            "more customers, take a larger segment or a longer window.",
            points=fmt().number(plan.detectable_conversion * 100, 1),
            money=fmt().money(round(plan.detectable_sales, 2)),
        )
    )
    cost = campaign.contact_cost * plan.treated
    if cost:
        st.markdown(_("Contacting them costs {cost}.", cost=fmt().money(cost)))


def start_button(page: Page, campaign: Campaign, plan: CampaignPlanReport) -> None:
    """Freeze the list and draw the arms, after a second question."""
    if not page.may(Permission.CAMPAIGNS_EDIT) or plan.treated + plan.held_out < 2:
        return
    with st.popover(_("Start campaign"), icon=":material/play_arrow:", type="primary", key="campaign.start"):
        st.markdown(
            _("The list is frozen and who is held out is drawn. The window begins today; neither can be changed then.")
        )
        st.button(
            _("Freeze the list and start"),
            key="campaign.start_now",
            type="primary",
            icon=":material/check:",
            on_click=_start,
            args=(campaign.id, plan.candidates),
        )


def _start(campaign_id: int, candidates: pd.DataFrame) -> None:
    workspace = session.workspace()
    try:
        with workspace.write(session.actor(), "form") as database_session:
            frozen = campaigns.start(
                session=database_session,
                actor=session.actor(),
                campaign_id=campaign_id,
                candidates=candidates["customer_id"].to_numpy(),
                strata=candidates["stratum"].to_numpy(),
                timezone=workspace.timezone,
            )
    except CrmError as error:
        st.toast(plain_error(error), icon=":material/error:")
        return
    text = _("{n} customers to contact are listed.", n=fmt().number(frozen.n_treated))
    st.session_state["flash"] = text


def export_button(campaign: Campaign) -> None:
    """The list of those to contact as a file, for those who may."""
    is_open = campaign.ends_on is not None and local_today(session.workspace().timezone) < campaign.ends_on
    if campaign.status != "running" or not is_open or not session.actor().may(Permission.CAMPAIGNS_EXPORT):
        return
    workspace, actor = session.workspace(), session.actor()

    def make() -> bytes:
        with workspace.write(actor, "export") as database_session:
            contacts = campaign_export.export(session=database_session, actor=actor, campaign_id=campaign.id)
        columns = list(campaign_export.Contact.__dataclass_fields__)
        return spreadsheet.csv_bytes(pd.DataFrame([asdict(contact) for contact in contacts], columns=columns))

    st.download_button(
        _("Export list"),
        make,
        file_name=f"campaign_{campaign.id}.csv",
        mime="text/csv",
        key="campaign.export",
        icon=":material/download:",
        type="primary",
        on_click="ignore",
    )
    st.caption(_("The file never holds anyone who is held out."), width="content")


def end_button(page: Page, campaign: Campaign) -> None:
    """Close the campaign."""
    if campaign.status == "running" and page.may(Permission.CAMPAIGNS_EDIT):
        st.button(_("End campaign"), key="campaign.end", icon=":material/stop:", on_click=_end, args=(campaign.id,))


def _end(campaign_id: int) -> None:
    workspace = session.workspace()
    try:
        with workspace.write(session.actor(), "form") as database_session:
            campaigns.end(
                session=database_session, actor=session.actor(), campaign_id=campaign_id, timezone=workspace.timezone
            )
    except CrmError as error:
        st.toast(plain_error(error), icon=":material/error:")


@st.fragment
def details(campaign: Campaign) -> None:
    """The campaign's settings in a form; what decided a frozen list is no longer offered."""
    if not session.actor().may(Permission.CAMPAIGNS_EDIT):
        st.caption(_("Your role may look at campaigns, not change them."))
        return
    form = f"campaign:{campaign.id}"

    def save(values: dict[str, Any], version: int | None) -> bool:
        with session.workspace().write(session.actor(), "form") as database_session:
            campaigns.update(
                session=database_session,
                actor=session.actor(),
                campaign_id=campaign.id,
                seen_version=version or campaign.version,
                values=values,
            )
        return True

    rows = [[item for item in row if _is_open(campaign, item)] for row in _fields()]
    original = {item.name: getattr(campaign, item.name) for row in rows for item in row}
    state = opened(form, original | {"contact_cost": str(campaign.contact_cost.normalize() + 0)}, campaign.version)
    if record_form(form, [row for row in rows if row], state, save, save_label=_("Save changes")):
        st.session_state["flash"] = _("Saved.")
        st.rerun()


def _is_open(campaign: Campaign, item: Field) -> bool:
    return campaign.status == "draft" or item.name not in FIXED_BY_START


def _fields() -> list[list[Field]]:
    names = {row.id: row.name for row in segments()}
    return [
        [Field("name", _("Name"), is_required=True), Field("segment_id", _("Segment"), "select", names)],
        [
            Field("channel", _("Channel"), placeholder=_("E-mail, letter, phone …")),
            Field("window_days", _("Days in which orders count"), "whole", is_required=True),
        ],
        [
            Field("contact_cost", _("Cost of a contact"), "amount"),
            Field("margin_bp", _("Margin of net sales, %"), "percent"),
        ],
        [
            Field("holdout_bp", _("Held out, %"), "percent", help=_("Left alone at random, to compare with.")),
            Field("seed", _("Seed of the draw"), "whole", help=_("The same seed draws the same customers again.")),
        ],
        [
            Field(
                "is_stratified",
                _("Even out by past sales"),
                "yes_no",
                is_required=True,
                help=_("Each quarter of customers by last year's net sales gives its share of the held out."),
            )
        ],
    ]
