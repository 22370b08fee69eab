"""The list on the Baskets page of what to name to whom: who and why, its file, and a segment of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from crm_core.analytics.next_product import NextProductReport
from crm_core.analytics.next_product_list import in_names, products_named, recommended
from crm_core.db.models import SegmentKind
from crm_core.formats import Formats
from crm_core.translation import Translator
from crm_core.warehouse import Tables
from dashboard import session
from dashboard.i18n import _, column_format, fmt, ngettext, texts
from dashboard.ui.basket_lists import download, people_columns
from dashboard.ui.page import Page
from dashboard.ui.save_segment import save_as_segment

SHOWN = 200


def members(page: Page, report: NextProductReport) -> None:
    """What to name to whom, and why: of all products, or of one."""
    if report.recommendations.empty:
        return
    st.subheader(_("What to offer to whom"), anchor=False)
    read = _reader(report)
    rows, product = _asked(page, report)
    ids = np.unique(rows["customer_id"].to_numpy(dtype=np.int64)).tolist()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(ngettext("{n} customer", "{n} customers", len(ids)), width="content")
        download(partial(read, rows), "next_products")
        name = _("Customers with a next product") if product is None else _("Next product: {name}", name=product)
        save_as_segment(
            f"next_product.{report.as_of}.{product}", name=name, kind=SegmentKind.MODEL, member_ids=ids, is_live=False
        )
    first = read(rows.head(SHOWN))
    columns = people_columns("next_products", [int(value) for value in first["customer_id"]]) | {
        "rank": st.column_config.NumberColumn(_("Rank"), format="%d", width="small"),
        "product_name": st.column_config.TextColumn(_("Product"), width="medium"),
        "why": st.column_config.TextColumn(_("Why"), width="large"),
        "last_on": st.column_config.DateColumn(_("Last order"), format=column_format("day")),
    }
    st.dataframe(
        first[list(columns)], key="next_products", hide_index=True, lazy=False, alt=_("What to offer to whom"),
        column_config=columns,
    )  # fmt: skip
    if len(rows) > SHOWN:
        st.caption(_("The first {n} are shown; the file holds all.", n=fmt().number(SHOWN)))


def _asked(page: Page, report: NextProductReport) -> tuple[pd.DataFrame, str | None]:
    """The recommendations of the product chosen, and its name; all of them and None where none is."""
    found = products_named(report)
    options = {"": _("Every product")} | {
        str(row.code): f"{row.name} · {fmt().number(int(str(row.customers)))}" for row in found.itertuples(index=False)
    }
    code = page.choice("product", _("Product"), options, default="", kind="select", width=340)
    if not code:
        return recommended(report), None
    row = found.loc[found["code"] == code].iloc[0]
    return recommended(report, int(row["product_id"])), str(row["name"])


def _reader(report: NextProductReport) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """What puts rows into words, also outside the page's run, where a file is made: who asks and in which language they
    read is looked up now."""
    workspace, scope, translator, formats = session.workspace(), session.actor().scope, texts(), fmt()

    def read(rows: pd.DataFrame) -> pd.DataFrame:
        with workspace.warehouse.open() as snapshot:
            return in_words(snapshot.tables(scope), report, rows, translator, formats)

    return read


def in_words(
    tables: Tables, report: NextProductReport, rows: pd.DataFrame, translator: Translator, formats: Formats
) -> pd.DataFrame:
    """The rows with names, and the reason as a sentence, as table and file show them."""
    found = in_names(tables, report, rows)
    why = [
        _why(reason, because, lift, translator, formats)
        for reason, because, lift in zip(found["reason"], found["because_name"], found["lift"], strict=True)
    ]
    at = found.columns.get_loc("reason")
    found.insert(int(str(at)), "why", why)
    return found.drop(columns=["reason", "because_code", "because_name"])


def _why(reason: str, because: str | None, lift: float, _: Translator, formats: Formats) -> str:
    if reason == "followed" and because is not None:
        return _("Bought “{item}”; {lift} times as likely after it", item=because, lift=formats.number(lift, 1))
    return _("Bought it before") if reason == "again" else _("Popular with everyone")
