"""What a campaign changed, on its page: what can be said, or why nothing can be said yet."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from crm_core import charts
from crm_core.analytics.campaign_outcome import CampaignOutcomeParams, CampaignOutcomeReport, campaign_outcome
from crm_core.analytics.differences import Interval
from crm_core.analytics.membership import Who
from crm_core.analytics.periods import Period, local_today
from crm_core.db.models import Arm, Campaign
from crm_core.records import campaigns
from dashboard import session
from dashboard.i18n import _, fmt, joined
from dashboard.ui.drawing import chart, grid
from dashboard.ui.overview import drawing
from dashboard.ui.page import Page


def outcome_of(page: Page, campaign: Campaign) -> CampaignOutcomeReport:
    """The outcome of a started campaign as far as the orders go."""
    assert campaign.starts_on is not None
    assert campaign.ends_on is not None
    with session.workspace().read() as database_session:
        members = partial(campaigns.members, session=database_session, actor=session.actor(), campaign_id=campaign.id)
        treated, held_out = (Who.by_list(members(arm=arm)) for arm in (Arm.TREATED, Arm.HELD_OUT))
    params = CampaignOutcomeParams(
        treated=treated,
        held_out=held_out,
        window=Period(campaign.starts_on, campaign.ends_on),
        today=local_today(session.workspace().timezone),
        contact_cost=campaign.contact_cost,
        margin_bp=campaign.margin_bp,
    )
    report: CampaignOutcomeReport = page.run(campaign_outcome, params)
    return report


def headline(report: CampaignOutcomeReport) -> str:
    """What the campaign changed, in a sentence; or that it is not known yet."""
    gap = report.conversion
    if gap is None or report.conversion_verdict == "unclear":
        return _("What it changed is not known yet.")
    if report.conversion_verdict == "more":
        return _("It made {points} more of those contacted buy ({low} to {high}).", **_said(gap))
    return _("{points} fewer of those contacted bought ({low} to {high}).", **_said(gap))


def reason(campaign: Campaign, report: CampaignOutcomeReport) -> str:
    """Why nothing is claimed, or what is claimed about money."""
    match report.conversion_verdict:
        case "window_open":
            return _("The window is open until the end of {day}; figures so far say nothing yet.", day=_last(campaign))
        case "data_ends":
            until = fmt().date(report.last_order_on) if report.last_order_on else "–"
            return _(
                "The records hold orders up to {until}; the window goes on to {day}.", until=until, day=_last(campaign)
            )
        case "too_small":
            return _("One of the two groups has fewer than 30 customers, too few to compare.")
        case "unclear":
            assert report.conversion is not None
            said = _said(report.conversion)
            why = _("The difference in conversion lies between {low} and {high}, so it may be nothing.", **said)
            if report.detectable_conversion is None:
                return why
            smallest = _pp(report.detectable_conversion).lstrip("+")
            return joined(
                why, _("A campaign of this size shows differences of about {smallest} and more.", smallest=smallest)
            )
    if report.sales_verdict == "unclear":
        return _("In money the difference is still too uncertain to claim.")
    assert report.extra_sales is not None
    return (
        _("Net sales rose by {value} in all ({low} to {high}).", **_money(report.extra_sales))
        if report.sales_verdict == "more"
        else _("Net sales changed by {value} in all ({low} to {high}).", **_money(report.extra_sales))
    )


def figures(report: CampaignOutcomeReport) -> None:
    """Both groups side by side, the differences with their intervals, cost and profit."""
    with st.grid(4, min_column_width=160, gap="small", key="campaign_figures"):
        treated, held_out = (row for _i, row in report.arms.iterrows())
        for title, row in ((_("Contacted"), treated), (_("Held out"), held_out)):
            st.metric(title, fmt().number(int(row["customers"])), border=True)
        st.metric(_("Cost"), fmt().money(report.cost), border=True)
        profit = report.profit if report.sales_verdict in {"more", "less"} else None
        st.metric(
            _("Profit of the campaign"),
            fmt().money(round(profit.value, 2)) if profit is not None else "–",
            border=True,
            help=_("Extra net sales × margin − cost."),
        )
    if report.profit is not None:
        st.caption(
            _("Profit lies between {low} and {high}.", **_money(report.profit))
            if profit is not None
            else _("Profit is not known yet: it lies between {low} and {high}.", **_money(report.profit))
        )
    grid(
        _arms(report),
        key="campaign_arms",
        alt=_("Both groups"),
        right=list(_arms(report).columns[1:]),
        height="content",
    )
    if report.conversion is None:
        return
    st.subheader(_("Difference between the groups"), anchor=False)
    rows = [("conversion", _("Conversion"), report.conversion, _in_points(report.conversion))]
    if report.sales is not None:
        rows.append(("sales", _("Net sales per customer"), report.sales, _in_money(report.sales)))
    for name, label, gap, said in rows:
        chart(
            charts.intervals(
                [label],
                [gap.value],
                [gap.low],
                [gap.high],
                said=[said],
                ends=(_("held out higher"), _("contacted higher")),
                dark=drawing()["dark"],
            ),
            key=f"campaign_gap_{name}",
            alt=_("{label}: {value}", label=label, value=said),
        )


def method() -> list[str]:
    """How the outcome is measured."""
    return [
        _(
            "Everybody listed counts in the group they were drawn into, contacted or not. Conversion is the share "
            "with a sale in the window; its difference has Newcombe's 95 % interval. Net sales per customer count "
            "buyers and others; their difference has Welch's 95 % interval."
        ),
        _(
            "Nothing is claimed before the window is over, while orders are known only up to a day before its end, "
            "with fewer than 30 customers in a group, or while an interval holds zero."
        ),
        _("Profit is the difference in net sales per customer × customers contacted × margin, less the cost."),
        _(
            "References: Newcombe 1998 (difference of shares); Welch 1947 (difference of means); Wilson 1927 (single "
            "shares)."
        ),
    ]


def _arms(report: CampaignOutcomeReport) -> pd.DataFrame:
    names = {"treated": _("Contacted"), "held_out": _("Held out")}
    return pd.DataFrame(
        {
            _("Group"): [names[arm] for arm in report.arms["arm"]],
            _("Customers"): [fmt().number(int(n)) for n in report.arms["customers"]],
            _("Buyers"): [fmt().number(int(n)) for n in report.arms["buyers"]],
            _("Conversion"): [
                _(
                    "{value} ({low} to {high})",
                    value=fmt().percent(row["conversion"]),
                    low=fmt().percent(row["conversion_low"]),
                    high=fmt().percent(row["conversion_high"]),
                )
                for _i, row in report.arms.iterrows()
            ],
            _("Net sales"): [fmt().money(value) for value in report.arms["net_sales"]],
            _("Net sales per customer"): [fmt().money(value) for value in report.arms["sales_per_customer"]],
        }
    )


def _last(campaign: Campaign) -> str:
    assert campaign.ends_on is not None
    return fmt().date(campaign.ends_on - pd.Timedelta(days=1).to_pytimedelta())


def _said(gap: Interval) -> dict[str, str]:
    return {"points": _pp(abs(gap.value)).lstrip("+"), "low": _pp(gap.low), "high": _pp(gap.high)}


def _pp(value: float) -> str:
    return _("{points} pp", points=f"{value * 100:+.1f}")


def _in_points(gap: Interval) -> str:
    """The difference and its interval, short: beside a chart on a phone there is little room."""
    value, low, high = (f"{end * 100:+.1f}" for end in (gap.value, gap.low, gap.high))
    return _("{value} pp ({low} to {high})", value=value, low=low, high=high)


def _in_money(gap: Interval) -> str:
    value, low, high = (fmt().money(round(end, 2), signed=True) for end in (gap.value, gap.low, gap.high))
    return _("{value} ({low} to {high})", value=value, low=low, high=high)


def _money(gap: Interval) -> dict[str, str]:
    ends = (gap.value, gap.low, gap.high)
    return dict(zip(("value", "low", "high"), (fmt().money(round(end, 2)) for end in ends), strict=True))
