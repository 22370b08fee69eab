"""The table of customers with their chance to leave, what is at stake, and why."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from crm_core.analytics.churn import ChurnReport
from crm_core.analytics.churn_bands import BAND_NAMES, in_band
from crm_core.analytics.contacts import at_risk, named
from crm_core.analytics.reasons import Reason
from crm_core.analytics.scorecard import INPUTS
from crm_core.analytics.segment_rules.predictions import RISKS
from crm_core.db.models import SegmentKind
from crm_core.formats import Formats
from crm_core.translation import Translator
from dashboard import session
from dashboard.i18n import _, column_format, fmt, ngettext, texts
from dashboard.ui.drawing import grid
from dashboard.ui.opening import opening_column
from dashboard.ui.page import Page
from dashboard.ui.save_segment import save_as_segment

SHOWN = 100


def customer_list(page: Page, report: ChurnReport) -> None:
    """The scored customers of a band, most at risk or likeliest first."""
    chance = report.customers["probability"].to_numpy()
    options = {"all": _("All")} | {
        band: f"{_(name)} · {fmt().number(int(in_band(chance, band).sum()))}" for band, name in BAND_NAMES.items()
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
        rows = rows[in_band(rows["probability"].to_numpy(), band)].reset_index(drop=True)
    title = _("Risk: {band}", band=_(BAND_NAMES[band])) if band != "all" else _("Customers at risk")
    _listed(report, rows, title=title, save=None if band == "all" else lambda: _save(report, band))


def _save(report: ChurnReport, band: str) -> None:
    """The button that keeps a band as a segment; the horizons of the page are those that rules know."""
    save_as_segment(
        f"churn.{report.horizon}.{band}",
        name=_("Churn risk {band}, {n} days", band=_(RISKS[band]), n=report.horizon),
        kind=SegmentKind.MODEL,
        definition={"all": [{"is": "churn_risk", "bands": [band], "horizon": str(report.horizon)}]},
    )


def reasons_in_words(report: ChurnReport, rows: pd.DataFrame, translator: Translator, formats: Formats) -> list[str]:
    """Of each row up to three things that add most to the customer's risk, in the language of the translator."""
    if report.model is None:
        return [""] * len(rows)
    usual = dict(zip(report.model.typical["feature"], report.model.typical["value"], strict=True))
    typical = [None if pd.isna(usual[feature.name]) else float(usual[feature.name]) for feature in INPUTS]
    columns = [zip(rows[f"reason_{n}"], rows[f"value_{n}"], strict=True) for n in (1, 2, 3)]
    said = []
    for reasons in zip(*columns, strict=True):
        known = [(int(place), None if pd.isna(value) else float(value)) for place, value in reasons if place >= 0]
        found = [Reason(INPUTS[place], value, typical[place], 0.0) for place, value in known]
        said.append("; ".join(reason.text(translator, formats) for reason in found))
    return said


def _listed(report: ChurnReport, rows: pd.DataFrame, *, title: str, save: Callable[[], None] | None) -> None:
    """The first customers of the rows, each a way to its page."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(title, anchor=False, width="content")
        st.caption(ngettext("{n} customer", "{n} customers", len(rows)), width="content")
        if save is not None:
            save()
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
            "why": reasons_in_words(report, first, texts(), fmt()),
        }
    )
    grid(
        table,
        key="churn_customers",
        alt=title,
        columns={
            "name": opening_column(_("Name"), key="churn_customers", page="customer", ids=ids),
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
