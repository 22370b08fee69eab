"""Customers who bought one thing and not the other: the list, its file, and a segment that follows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from crm_core.analytics.basket_source import ItemLevel
from crm_core.analytics.cross_sell import CrossSellParams, cross_sell
from crm_core.db.models import SegmentKind
from dashboard.i18n import _, column_format, fmt, ngettext
from dashboard.ui import customers
from dashboard.ui.downloads import downloads
from dashboard.ui.opening import opening_column
from dashboard.ui.page import Page
from dashboard.ui.periods import Span
from dashboard.ui.plain import plain
from dashboard.ui.save_segment import save_as_segment

SHOWN = 200


@dataclass(frozen=True)
class Thing:
    """A product by its id and code, or a category, both of which are its name."""

    key: int | str
    code: str
    name: str


def thing(row: Any, level: ItemLevel) -> Thing:
    """The product or category of a row with item, code and name."""
    return Thing(int(row["item"]) if level == "product" else str(row["name"]), str(row["code"]), str(row["name"]))


def cross_sell_list(
    page: Page, span: Span, level: ItemLevel, bought: Sequence[Thing], missing: Sequence[Thing]
) -> None:
    """Who bought all of these and none of those, whatever the period above: ever, up to the last order."""
    sides = [tuple(item.key for item in side) for side in (bought, missing)]
    report = page.run(cross_sell, CrossSellParams(span.anchor, sides[0], sides[1], level))
    before, after = (" + ".join(item.name for item in side) for side in (bought, missing))
    title = _("Bought {before}, never {after}", before=before, after=after)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(plain(title), anchor=False, width="content")
        st.caption(ngettext("{n} customer", "{n} customers", len(report.members)), width="content")
        download(lambda: report.members, "cross_sell")
        save_as_segment(
            f"cross_sell.{level}.{sides}",
            name=title,
            kind=SegmentKind.MODEL,
            definition=rule(level, bought, missing),
        )
    st.caption(_("{n} customers ever bought the first.", n=fmt().number(report.n_buyers)))
    first = report.members.head(SHOWN)
    table = pd.DataFrame(
        {
            "name": first["name"].tolist(),
            "ref": first["ref"].tolist(),
            "country": [customers.country(code) for code in first["country"]],
            "consent": [bool(value) if value is not None else None for value in first["has_marketing_consent"]],
            "orders": first["orders"].tolist(),
            "last": first["last_on"].tolist(),
        }
    )
    columns = people_columns("cross_sell", [int(value) for value in first["customer_id"]]) | {
        "country": st.column_config.TextColumn(_("Country")),
        "consent": st.column_config.CheckboxColumn(_("Marketing consent")),
        "orders": st.column_config.NumberColumn(_("Orders with it"), format=column_format("count")),
        "last": st.column_config.DateColumn(_("Last of them"), format=column_format("day")),
    }
    st.dataframe(table, key="cross_sell.table", hide_index=True, lazy=False, alt=_("Customers"), column_config=columns)
    if len(report.members) > SHOWN:
        st.caption(_("The first {n} are shown; the file holds all.", n=fmt().number(SHOWN)))


def rule(level: ItemLevel, bought: Sequence[Thing], missing: Sequence[Thing]) -> dict[str, Any]:
    """The list as a segment's rule: who buys the missing thing later leaves it, who buys the first one joins."""
    common = {"is": "bought", "what": level, "days": None}
    return {
        "all": [
            *({**common, "op": "bought", "values": [item.code]} for item in bought),
            {**common, "op": "not_bought", "values": [item.code for item in missing]},
        ]
    }


def people_columns(key: str, ids: list[int]) -> dict[str, Any]:
    """Columns name, which opens the customer's page, and ref."""
    return {
        "name": opening_column(_("Name"), key=key, page="customer", ids=ids),
        "ref": st.column_config.TextColumn(_("Reference")),
    }


def download(make: Callable[[], pd.DataFrame], key: str) -> None:
    """The whole list as files, made when they are asked for, for those who may export."""
    downloads(make, file_name=key, key=f"{key}.download")
