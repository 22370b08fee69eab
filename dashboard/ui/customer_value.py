"""What one customer is expected to buy and spend over the next year: a part of the customer's page."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from crm_core.analytics.value import CustomerValueParams, CustomerValueReport, ValueParams, customer_value, value
from crm_core.analytics.value_report import ValueReport
from dashboard.i18n import _, fmt, joined, ngettext
from dashboard.ui.drawing import empty
from dashboard.ui.page import Page
from dashboard.ui.periods import span
from dashboard.ui.plain import plain
from dashboard.ui.value import active_caveat, horizon_name, longest_horizon


def outlook(page: Page, customer_id: int, *, has_bought: bool) -> None:
    """Expected purchases and value with their intervals, what the model goes by, and what to beware of."""
    found = span(page) if has_bought else None
    if found is None:
        empty(
            _("No orders yet"),
            _("A forecast appears here once this customer has bought something."),
            icon=":material/savings:",
        )
        return
    as_of = found.anchor
    params = ValueParams(as_of, longest_horizon((as_of - found.first + timedelta(days=1)).days))
    everyone: ValueReport = page.run(value, params)
    report: CustomerValueReport = page.run(
        customer_value,
        CustomerValueParams(
            customer_id, as_of, everyone.model, horizon_days=params.horizon_days, discount_rate=params.discount_rate
        ),
    )
    horizon = horizon_name(params.horizon_days)
    st.markdown(plain(_sentence(report, horizon)))
    with st.grid(4, min_column_width=150, gap="small", key="outlook"):
        st.metric(
            _("Expected purchases"),
            fmt().number(report.purchases, 1),
            _("{low} to {high}", low=fmt().number(report.purchases_low), high=fmt().number(report.purchases_high)),
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
        )
        st.metric(
            _("Expected value"),
            fmt().money(report.value),
            _(
                "{low} to {high}",
                low=fmt().money(round(report.value_low), compact=True),
                high=fmt().money(round(report.value_high), compact=True),
            ),
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
        )
        st.metric(_("Per purchase"), fmt().money(report.spend), border=True, height="stretch")
        st.metric(_("Active"), fmt().percent(report.p_alive, 0), border=True, height="stretch")
    st.caption(plain(joined(_basis(report, everyone), active_caveat())))
    page.link("value", _("How this is computed, and how right it has been"), icon=":material/savings:")


def _sentence(report: CustomerValueReport, horizon: str) -> str:
    if report.purchases < 0.5:
        return _(
            "Probably no purchase in the next {horizon}; on average {value} of it is to be expected.",
            horizon=horizon,
            value=fmt().money(report.value, compact=True),
        )
    return _(
        "In the next {horizon} about {purchases} are expected, worth {value}.",
        horizon=horizon,
        purchases=ngettext("{n} purchase", "{n} purchases", round(report.purchases)),
        value=fmt().money(report.value, compact=True),
    )


def _basis(report: CustomerValueReport, everyone: ValueReport) -> str:
    """What the forecast goes by, and how sure it is."""
    bought = ngettext("{n} purchase", "{n} purchases", report.purchases_so_far)
    basis = _(
        "From {purchases} between {first} and {last}, beside what {n} customers did.",
        purchases=bought,
        first=fmt().date(report.first_on),
        last=fmt().date(report.last_on),
        n=fmt().number(everyone.n_customers),
    )
    return joined(basis, _("The ranges hold 95 of 100 such customers."))
