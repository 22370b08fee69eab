"""All that happened with a customer, the latest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from crm_core.records.timeline import TABLES, Moment, timeline
from dashboard import nav, session
from dashboard.i18n import _, fmt
from dashboard.page_specs import BY_NAME
from dashboard.ui import customers
from dashboard.ui.page import Page
from dashboard.ui.records_views import VIEWS

PER_PAGE = 20


def timeline_list(page: Page, customer_id: int) -> None:
    """The customer's timeline, of what the reader wants; clicking a title opens the record."""
    kinds = {"orders": _("Orders"), "consent_events": _("Consent")}
    kinds |= {table: _(BY_NAME[VIEWS[table].pages[0]].title) for table in TABLES if table in VIEWS}
    shown = [table for table in TABLES if table not in VIEWS or page.may(VIEWS[table].kind.view)]
    options = {table: kinds[table] for table in shown}
    wanted = page.several("show", _("Show"), options, placeholder=_("Everything"), label_visibility="collapsed")
    number = customers.page_number("customer.timeline", (customer_id, wanted))
    with session.workspace().read() as database_session:
        found = timeline(
            session=database_session, actor=session.actor(), customer_id=customer_id, tables=wanted or TABLES,
            page=number, per_page=PER_PAGE,
        )  # fmt: skip
    if not found.moments:
        st.caption(_("Nothing happened yet."))
        return
    frame = pd.DataFrame(
        {
            "at": [fmt().instant(moment.at) for moment in found.moments],
            "what": [kinds[moment.table] for moment in found.moments],
            "title": [_title(moment) for moment in found.moments],
        }
    )
    columns: dict[str, Any] = {
        "at": st.column_config.TextColumn(_("When"), width=150),
        "what": st.column_config.TextColumn(_("What"), width=100),
        "title": st.column_config.ButtonColumn(
            _("Title"), on_click=_open, args=(found.moments,), key="customer.timeline.open", type="tertiary",
            alignment="left",
        ),
    }  # fmt: skip
    st.dataframe(
        frame, key=f"customer.timeline.{number}", hide_index=True, lazy=False, height="content", column_config=columns,
        alt=_("Timeline"),
    )  # fmt: skip
    customers.pager("customer.timeline", found.pages)


def _title(moment: Moment) -> str:
    if moment.table != "consent_events":
        return moment.title or ""
    return {"yes": _("Agreed to marketing"), "no": _("Refused marketing")}.get(moment.title or "", _("Never asked"))


def _open(moments: Sequence[Moment]) -> None:
    click = st.session_state["customer.timeline.open"]
    view = None if click is None else VIEWS.get(moments[click.row].table)
    if view is not None:
        st.switch_page(nav.page(view.pages[1]), query_params={"id": str(moments[click.row].row_id)})
