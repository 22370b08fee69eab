"""Whom to contact: expected profit by number, and the list as a file with some held out at random."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from crm_core import charts
from crm_core.access import Permission
from crm_core.analytics.churn import ChurnReport
from crm_core.analytics.contacts import Terms, at_risk, contact_list, expected_profit
from crm_core.reports import spreadsheet
from dashboard import session
from dashboard.i18n import _, fmt, joined, texts
from dashboard.ui.churn_table import reasons_in_words
from dashboard.ui.drawing import chart
from dashboard.ui.overview import drawing
from dashboard.ui.page import Page
from dashboard.ui.plain import plain

SEED = 1
WHOLE_BP = 100


@st.fragment
def contact(page: Page, report: ChurnReport) -> None:
    """The calculator and the list."""
    listed = at_risk(report.customers)
    st.subheader(_("Whom to contact"), anchor=False)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        terms = _terms()
        found = expected_profit(listed, terms)
        key = "churn.contacts"
        if key not in st.session_state:
            st.session_state[key] = found.best_n or min(100, len(listed))
        n = int(st.number_input(_("Customers to contact"), 1, len(listed), key=key, step=10))
        holdout = int(st.number_input(_("Hold out at random, %"), 1, 50, 10, key="churn.holdout"))
    with right:
        best = _(
            "Contacting the {n} with most at risk is expected to bring {profit}.",
            n=fmt().number(n),
            profit=fmt().money(round(found.at(n)), compact=True),
        )
        most = "" if found.best_n else _("At this cost no contact pays.")
        if found.best_n not in {0, n}:
            profit = fmt().money(round(found.best), compact=True)
            most = _("Most comes from {n}: {profit}.", n=fmt().number(found.best_n), profit=profit)
        st.markdown(plain(joined(best, most)))
        chart(
            charts.churn_profit(found.curve, chosen=n, **drawing()),
            key="churn_profit",
            alt=_("Expected profit by customers contacted"),
        )
    st.caption(
        _(
            "Profit = chance to leave × usual net sales in {horizon} days × uptake × margin − cost, added up over the "
            "customers contacted. Uptake and margin are assumptions: the customers held out are how you will learn the "
            "true effect.",
            horizon=report.horizon,
        )
    )
    if page.may(Permission.CUSTOMERS_EXPORT):
        st.download_button(
            _("Download the list without those held out"),
            _file_of(report, listed, n, holdout),
            file_name=f"churn_{report.as_of}.csv",
            mime="text/csv",
            key="churn.download",
            icon=":material/download:",
            on_click="ignore",
        )
        st.caption(_("Only customers who agreed to marketing are in the file."))


def _terms() -> Terms:
    cost = st.number_input(
        _("Cost of a contact, {currency}", currency=fmt().currency_symbol), 0.0, None, 1.0, key="churn.cost"
    )
    margin = st.number_input(_("Margin on sales, %"), 0, 100, 40, key="churn.margin")
    uptake = st.number_input(_("Of those leaving, kept by a contact (%)"), 0, 100, 10, key="churn.uptake")
    return Terms(float(cost), float(margin) / 100, float(uptake) / 100)


def _file_of(report: ChurnReport, listed: pd.DataFrame, n: int, holdout: int) -> Callable[[], bytes]:
    """What makes the file when it is asked for, which is outside the page's run: who asks and in which language they
    read is looked up now."""
    actor, workspace, said = session.actor(), session.workspace(), (texts(), fmt())

    def make() -> bytes:
        actor.require(Permission.CUSTOMERS_EXPORT)
        with workspace.warehouse.open() as snapshot:
            tables = snapshot.tables(actor.scope)
            asked, _held_out, _no_consent = contact_list(tables, listed, n, holdout_bp=holdout * WHOLE_BP, seed=SEED)
        return _file(asked, reasons_in_words(report, asked, *said))

    return make


def _file(asked: pd.DataFrame, reasons: list[str]) -> bytes:
    """The list as CSV: whom to contact, how likely they leave, what is at stake and why."""
    return spreadsheet.csv_bytes(
        pd.DataFrame(
            {
                "ref": asked["ref"],
                "name": asked["name"],
                "email": asked["email"],
                "country": asked["country"],
                "probability": asked["probability"].round(4),
                "usual_value": asked["value_e4"] / 10_000,
                "value_at_risk": asked["risk_e4"] / 10_000,
                "reasons": reasons,
            }
        )
    )
