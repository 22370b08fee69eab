"""One customer's chance to leave, why, and what if: a part of the customer's page."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from crm_core.analytics.churn import ChurnParams, ChurnReport, churn
from crm_core.analytics.churn_customer import ChurnCustomerParams, churn_customer, what_if
from crm_core.analytics.reasons import reasons_of, said
from crm_core.analytics.scorecard import Scorecard
from crm_core.formats import Number
from dashboard import session
from dashboard.i18n import _, fmt, texts
from dashboard.ui.drawing import grid
from dashboard.ui.page import Page
from dashboard.ui.periods import span
from dashboard.ui.plain import plain

HORIZON = 90


def churn_risk(page: Page, customer_id: int) -> None:
    """The chance to leave, if the newest churn report scores anyone; it is not computed for one customer alone."""
    found = span(page)
    if found is None:
        return
    params = ChurnParams(found.anchor, HORIZON)
    ready = session.workspace().analyses.latest(churn, params, actor=session.actor())
    st.subheader(_("Chance to leave"), anchor=False)
    if ready is None:
        st.caption(_("Nobody is scored yet; open the Churn page once to have the model learned."))
        page.link("churn", _("Churn"), icon=":material/person_cancel:")
        return
    report: ChurnReport = ready.report
    if report.model is None:
        st.caption(_("Who will leave cannot be predicted here; the Churn page says why."))
        page.link("churn", _("Churn"), icon=":material/person_cancel:")
        return
    asked = ChurnCustomerParams(customer_id, report.as_of, report.horizon, report.channel, report.expectation)
    one = page.run(churn_customer, asked)
    if one.features.empty:
        st.caption(_("This customer had bought nothing by {day}.", day=fmt().date(report.as_of)))
    elif not one.is_alive:
        st.caption(_("By their own rhythm this customer is lost already, and is not scored."))
    else:
        _shown(page, report, report.model, one.features, customer_id)


def _shown(page: Page, report: ChurnReport, model: Scorecard, features: pd.DataFrame, customer_id: int) -> None:
    chance, value = float(model.predict(features)[0]), float(features["value_e4"].iloc[0]) / 10_000
    with st.grid(3, min_column_width=150, gap="small", key="churn_risk"):
        st.metric(_("Chance to leave"), fmt().percent(chance, 0), border=True)
        st.metric(_("Usual value"), _money(value), border=True, help=_("Usual net sales within the horizon."))
        st.metric(_("Value at risk"), _money(chance * value), border=True)
    left, right = st.columns(2, gap="medium")
    with left:
        _reasons(model, features)
    with right:
        _what_if(report, model, features, customer_id)
    page.link("churn", _("How this is computed, and how right it has been"), icon=":material/person_cancel:")


def _reasons(model: Scorecard, features: pd.DataFrame) -> None:
    reasons = reasons_of(model, features)[0]
    frame = pd.DataFrame(
        {
            "label": [_(reason.feature.label) for reason in reasons],
            "value": [said(reason.feature, reason.value, texts(), fmt()) for reason in reasons],
            "typical": [said(reason.feature, reason.typical, texts(), fmt()) for reason in reasons],
            "points": [reason.points for reason in reasons],
        }
    )
    st.markdown(f"**{_('Why')}**")
    grid(
        frame,
        key="churn_reasons",
        alt=_("What adds to the risk and what takes from it"),
        columns={
            "label": st.column_config.TextColumn(_("Feature")),
            "value": st.column_config.TextColumn(_("This customer"), alignment="right"),
            "typical": st.column_config.TextColumn(_("Typical"), alignment="right"),
            "points": st.column_config.NumberColumn(_("Log-odds"), format="%+.2f"),
        },
    )
    total = model.base + sum(reason.points for reason in reasons)
    st.caption(
        _(
            "Average {base}, with these parts {total} in log-odds: a chance of {chance}.",
            base=fmt().number(model.base, 2),
            total=fmt().number(total, 2),
            chance=fmt().percent(float(model.predict(features)[0])),
        )
    )


@st.fragment
def _what_if(report: ChurnReport, model: Scorecard, features: pd.DataFrame, customer_id: int) -> None:
    row = features.iloc[0]
    st.markdown(f"**{_('What if')}**")
    tenure = int(row["tenure_days"])
    changes: dict[str, Any] = {
        "recency_days": st.slider(
            _("Days since the last purchase"),
            0,
            max(tenure, 1),
            int(row["recency_days"]),
            key=f"churn_if.recency.{customer_id}",
        ),
        "frequency": st.number_input(
            _("Orders"), 1, int(row["frequency"]) + 50, int(row["frequency"]), key=f"churn_if.frequency.{customer_id}"
        ),
        "discount_share": st.slider(
            _("Discounts as a share of sales, %"),
            0,
            100,
            round(100 * float(row["discount_share"])),
            key=f"churn_if.discount.{customer_id}",
        )
        / 100,
    }
    touched = {name: value for name, value in changes.items() if abs(float(value) - float(row[name])) > 0.005}
    before = float(model.predict(features)[0])
    after = float(model.predict(what_if(features, touched, report.expectation, report.horizon))[0])
    text = _(
        "The chance to leave would be {after} instead of {before}.",
        after=fmt().percent(after),
        before=fmt().percent(before),
    )
    st.markdown(plain(text if touched else _("Move a value to see what the model would say.")))
    st.caption(_("What goes with it in the past, not what changing it would cause."))


def _money(amount: Number) -> str:
    return fmt().money(round(float(amount)), compact=True)
