"""The table of customers with their chance to leave, what is at stake, and why."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from crm_core.analytics.churn import ChurnReport
from crm_core.analytics.contacts import at_risk, named
from crm_core.analytics.reasons import Reason
from crm_core.analytics.scorecard import INPUTS
from crm_core.translation import N_
from dashboard import nav, session
from dashboard.i18n import _, column_format, fmt, ngettext, texts
from dashboard.ui.drawing import grid
from dashboard.ui.page import Page

SHOWN = 100


BANDS = {"very_high": (0.75, 1.01), "high": (0.5, 0.75), "medium": (0.25, 0.5), "low": (0.0, 0.25)}
BAND_NAMES = {
    "very_high": N_("Very high (from 75%)"),
    "high": N_("High (50 to 75%)"),
    "medium": N_("Medium (25 to 50%)"),
    "low": N_("Low (below 25%)"),
}


def customer_list(page: Page, report: ChurnReport) -> None:
    """The scored customers of a band, most at risk or likeliest first."""
    chance = report.customers["probability"]
    options = {"all": _("All")} | {
        band: f"{_(BAND_NAMES[band])} · {fmt().number(int(((chance >= low) & (chance < high)).sum()))}"
        for band, (low, high) in BANDS.items()
    }
    band = page.choice("band", _("Risk"), options, default="all")
    orders = {"value": _("Value at risk"), "risk": _("Chance to leave")}
    order = page.choice("order", _("Sort by"), orders, default="value")
    rows = (
        at_risk(report.customers)
        if order == "value"
        else at_risk(report.customers).sort_values(
            ["probability", "customer_id"], ascending=[False, True], ignore_index=True
        )
    )
    if band != "all":
        low, high = BANDS[band]
        rows = rows[(rows["probability"] >= low) & (rows["probability"] < high)].reset_index(drop=True)
    _listed(report, rows, title=options[band] if band != "all" else _("Customers at risk"))


def reasons_in_words(report: ChurnReport, row: pd.Series) -> str:
    """Up to three things that add most to a customer's risk."""
    if report.model is None:
        return ""
    typical = dict(zip(report.model.typical["feature"], report.model.typical["value"], strict=True))
    found = []
    for n in (1, 2, 3):
        position, value = int(row[f"reason_{n}"]), row[f"value_{n}"]
        if position < 0:
            continue
        feature, usual = INPUTS[position], typical[INPUTS[position].name]
        known = None if pd.isna(value) else float(value)
        found.append(Reason(feature, known, None if pd.isna(usual) else float(usual), 0.0).text(texts(), fmt()))
    return "; ".join(found)


def _listed(report: ChurnReport, rows: pd.DataFrame, *, title: str) -> None:
    """The first customers of the rows, each a way to its page."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(title, anchor=False, width="content")
        st.caption(ngettext("{n} customer", "{n} customers", len(rows)), width="content")
    with session.workspace().warehouse.open() as snapshot:
        first = named(snapshot.tables(session.actor().scope), rows.head(SHOWN))
    ids = [int(value) for value in first["customer_id"]]
    table = pd.DataFrame(
        {
            "name": first["name"].tolist(),
            "ref": first["ref"].tolist(),
            "chance": (first["probability"] * 100).tolist(),
            "value": (first["value_e4"] / 10_000).tolist(),
            "risk": (first["risk_e4"] / 10_000).tolist(),
            "why": [reasons_in_words(report, row) for _index, row in first.iterrows()],
        }
    )
    grid(
        table,
        key="churn_customers",
        alt=title,
        columns={
            "name": st.column_config.ButtonColumn(
                _("Name"),
                on_click=_open,
                args=(ids,),
                key="churn_customers.open",
                type="tertiary",
                alignment="left",
                pinned=True,
            ),
            "ref": st.column_config.TextColumn(_("Reference")),
            "chance": st.column_config.ProgressColumn(
                _("Chance to leave"), format="%.0f%%", min_value=0, max_value=100, color="primary"
            ),
            "value": st.column_config.NumberColumn(_("Usual value"), format=column_format("money")),
            "risk": st.column_config.NumberColumn(_("Value at risk"), format=column_format("money")),
            "why": st.column_config.TextColumn(_("What adds to the risk"), width="large"),
        },
    )
    if len(rows) > SHOWN:
        st.caption(_("The first {n} are shown.", n=fmt().number(SHOWN)))


def _open(ids: Sequence[int]) -> None:
    click = st.session_state["churn_customers.open"]
    if click is not None:
        st.switch_page(nav.page("customer"), query_params={"id": str(ids[click.row])})
