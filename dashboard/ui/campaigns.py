"""The list of campaigns, and what they did for each segment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from crm_core import charts
from crm_core.access import Permission
from crm_core.analytics.periods import local_today
from crm_core.analytics.uplift_pooling import FEWEST_CAMPAIGNS, FEWEST_SEGMENTS, Measured, SegmentUplift, pooled_uplift
from crm_core.db.models import Campaign
from crm_core.errors import AnalysisRefused, Invalid
from crm_core.records import campaigns
from crm_core.records.campaigns import CampaignRow
from crm_core.records.marketing_fields import MAX_NAME
from crm_core.translation import N_, translate_fields
from dashboard import session
from dashboard.i18n import _, fmt, ngettext, texts
from dashboard.ui.campaign_outcome import method as outcome_method
from dashboard.ui.campaign_outcome import outcome_of
from dashboard.ui.drawing import chart
from dashboard.ui.opening import opening_column
from dashboard.ui.overview import drawing
from dashboard.ui.page import Page
from dashboard.ui.plain import plain_error, shortened, unlinked
from dashboard.ui.saved_segments import LONGEST_LISTED
from dashboard.ui.saved_segments import listed as segments

STATES = {
    "draft": N_("Draft"),
    "running": N_("Running"),
    "over": N_("Window over"),
    "ended": N_("Ended"),
}


def listed() -> list[CampaignRow]:
    """All campaigns, newest first."""
    with session.workspace().read() as database_session:
        return campaigns.list_all(session=database_session, actor=session.actor())


def state(campaign: Campaign) -> str:
    """How far the campaign is; one whose window is over is so whether somebody closed it or not."""
    today = local_today(session.workspace().timezone)
    is_over = campaign.status == "running" and campaign.ends_on is not None and today >= campaign.ends_on
    return "over" if is_over else campaign.status


def window_text(campaign: Campaign) -> str:
    """First and last day of the window; its length before the start."""
    if campaign.starts_on is None or campaign.ends_on is None:
        return ngettext("{n} day from the start", "{n} days from the start", campaign.window_days)
    return fmt().period(_Days(campaign))


class _Days:
    """The window as a period the formats can say."""

    def __init__(self, campaign: Campaign) -> None:
        assert campaign.starts_on is not None
        assert campaign.ends_on is not None
        self.start, self.end = campaign.starts_on, campaign.ends_on


def table(rows: Sequence[CampaignRow]) -> None:
    """The campaigns; clicking a name opens one."""
    ids = [row.campaign.id for row in rows]
    frame = pd.DataFrame(
        {
            "name": [shortened(row.campaign.name, LONGEST_LISTED) for row in rows],
            "state": [_(STATES[state(row.campaign)]) for row in rows],
            "window": [window_text(row.campaign) for row in rows],
            "treated": [fmt().number(row.n_treated) if row.campaign.list_number else "–" for row in rows],
            "held_out": [fmt().number(row.n_held_out) if row.campaign.list_number else "–" for row in rows],
            "segment": [shortened(row.segment_name, LONGEST_LISTED) for row in rows],
            "owner": [row.owner_name or "" for row in rows],
        }
    )
    columns: dict[str, Any] = {
        "name": opening_column(_("Name"), key="campaigns", page="campaign", ids=ids, is_pinned=False),
        "state": st.column_config.TextColumn(_("State")),
        "window": st.column_config.TextColumn(_("Window")),
        "treated": st.column_config.TextColumn(_("To contact"), alignment="right"),
        "held_out": st.column_config.TextColumn(_("Held out"), alignment="right"),
        "segment": st.column_config.TextColumn(_("Segment")),
        "owner": st.column_config.TextColumn(_("Owner")),
    }
    st.dataframe(
        frame,
        key="campaigns.table",
        hide_index=True,
        lazy=False,
        column_config=columns,
        alt=_("Campaigns"),
        height="content",
    )


def new_campaign(page: Page) -> None:
    """Draft a campaign for a segment, for those who may."""
    if not page.may(Permission.CAMPAIGNS_EDIT):
        return
    names = {row.id: row.name for row in segments()}
    if not names:
        page.link("saved_segments", _("Save a segment first"), icon=":material/bookmarks:")
        return
    with st.popover(_("New campaign"), icon=":material/add:", type="primary", key="campaigns.new"):
        name = st.text_input(_("Name"), key="campaigns.new_name", max_chars=MAX_NAME)
        segment_id = st.selectbox(
            _("Segment"), list(names), format_func=lambda key: names.get(key, str(key)), key="campaigns.new_segment"
        )
        if st.button(_("Create draft"), key="campaigns.create", type="primary", icon=":material/check:"):
            try:
                with session.workspace().write(session.actor(), "form") as database_session:
                    made = campaigns.create(
                        session=database_session,
                        actor=session.actor(),
                        values={"name": name, "segment_id": segment_id},
                    )
            except Invalid as error:
                said = " ".join(translate_fields(error, texts()).values())
                st.error(unlinked(said), icon=":material/error:")
            else:
                page.go("campaign", id=made.id)


def by_segment(page: Page, rows: Sequence[CampaignRow]) -> None:
    """The uplift of each segment over its finished campaigns, or why it cannot be said yet."""
    finished = [row for row in rows if state(row.campaign) in {"over", "ended"}]
    if not finished:
        return
    st.subheader(_("Uplift by segment"), anchor=False)
    measured = []
    for row in finished:
        report = outcome_of(page, row.campaign)
        if report.conversion is not None:
            measured.append(Measured(row.segment_name, report.conversion))
    try:
        found = pooled_uplift(measured)
    except AnalysisRefused as refusal:
        st.info(plain_error(refusal), icon=":material/info:")
        return
    chart(
        charts.intervals(
            [item.segment for item in found],
            [item.pooled.value for item in found],
            [item.pooled.low for item in found],
            [item.pooled.high for item in found],
            said=[_points(item) for item in found],
            ends=(_("bought less often"), _("bought more often")),
            dark=drawing()["dark"],
        ),
        key="uplift_by_segment",
        alt=_("Uplift in conversion by segment, with 95 % intervals"),
        table=pd.DataFrame(
            {
                _("Segment"): [item.segment for item in found],
                _("Campaigns"): [fmt().number(item.n_campaigns) for item in found],
                _("Its own campaigns"): [_pp(item.own.value) for item in found],
                _("Pooled"): [_pp(item.pooled.value) for item in found],
            }
        ),
    )


def method() -> list[str]:
    """How each campaign is measured, and how segments lean on each other."""
    return [
        *outcome_method(),
        _(
            "A segment's uplift is the mean of its own campaigns, drawn towards the mean of all by as much as it is "
            "uncertain (DerSimonian and Laird 1986; Efron and Morris 1975). It is shown from {campaigns} finished "
            "campaigns of {segments} segments on.",
            campaigns=FEWEST_CAMPAIGNS,
            segments=FEWEST_SEGMENTS,
        ),
    ]


def _points(item: SegmentUplift) -> str:
    return _(
        "{value} ({low} to {high}), {campaigns}",
        value=_pp(item.pooled.value),
        low=_pp(item.pooled.low),
        high=_pp(item.pooled.high),
        campaigns=ngettext("{n} campaign", "{n} campaigns", item.n_campaigns),
    )


def _pp(value: float) -> str:
    """A difference of shares in percentage points."""
    return _("{points} pp", points=f"{value * 100:+.1f}")
