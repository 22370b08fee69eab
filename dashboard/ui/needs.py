"""What customers want most."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from crm_core.records import need_ranking
from crm_core.records.need_ranking import RankedNeed
from crm_core.records.relations import OPEN_NEEDS
from dashboard import session
from dashboard.i18n import _, fmt, ngettext
from dashboard.ui.drawing import empty
from dashboard.ui.page import Page
from dashboard.ui.plain import plain

ORDERS = ("customers", "value", "sales")


def ranking(page: Page) -> None:
    """Open needs of the same title together, in an order the reader chooses."""
    labels = {
        "customers": _("By customers who ask"), "value": _("By worth a year"), "sales": _("By what they have bought"),
    }  # fmt: skip
    order: Any = page.choice("by", _("Order"), labels, default="customers", label_visibility="collapsed")
    with session.workspace().read() as database_session:
        found = need_ranking.ranked(session=database_session, actor=session.actor(), statuses=OPEN_NEEDS, order=order)
    if not found:
        empty(_("No open needs"), _("Needs that are neither done nor declined are ranked here."))
        return
    page.headline(_headline(found[0]))
    _table(found)
    st.caption(_("Open needs of the same title together. Bought: net sales so far of those who ask."))


def _headline(first: RankedNeed) -> str:
    asked = ngettext("{n} customer asks", "{n} customers ask", first.customers)
    return _("Wanted most: {title} ({who})", title=plain(first.title), who=asked)


def _table(found: list[RankedNeed]) -> None:
    money = fmt().money
    frame = pd.DataFrame(
        {
            "title": [need.title for need in found],
            "customers": [fmt().number(need.customers) for need in found],
            "count": [fmt().number(need.count) for need in found],
            "value": [money(need.value) if need.value else "" for need in found],
            "sales": [money(need.sales) if need.sales is not None else "" for need in found],
        }
    )

    def show() -> None:
        click = st.session_state["needs.ranking.open"]
        if click is not None:
            st.session_state["needs.as"], st.session_state["needs.q"] = "list", found[click.row].title

    st.dataframe(
        frame,
        key="needs.ranking",
        hide_index=True,
        lazy=False,
        height="content",
        alt=_("What customers want most"),
        column_config={
            "title": st.column_config.ButtonColumn(
                _("Need"), on_click=show, key="needs.ranking.open", type="tertiary", width=240, alignment="left",
                pinned=True,
            ),
            "customers": st.column_config.TextColumn(_("Customers"), alignment="right"),
            "count": st.column_config.TextColumn(_("Times asked"), alignment="right"),
            "value": st.column_config.TextColumn(_("Worth per year"), alignment="right"),
            "sales": st.column_config.TextColumn(_("Bought"), alignment="right"),
        },
    )  # fmt: skip
