"""The parts of the Baskets page about two items at a time: what else buyers buy, and what they buy instead."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from crm_core.access import Permission
from crm_core.analytics.baskets import BasketParams, BasketReport
from crm_core.analytics.pairs import CompanionParams, CompanionReport, SubstituteReport
from dashboard.i18n import _, column_format, fmt, ngettext
from dashboard.ui.basket_lists import Thing, cross_sell_list, thing
from dashboard.ui.baskets import intervals, which
from dashboard.ui.downloads import downloads
from dashboard.ui.page import Page
from dashboard.ui.periods import Span
from dashboard.ui.plain import plain

SHOWN = 200


def picker(page: Page, report: BasketReport) -> int | str:
    """The product, or category, to look around; the most bought first, at the start that of the strongest rule."""
    items = report.items.sort_values(["count", "item"], ascending=[False, True])
    options = dict(zip(items["code"].astype(str), items["name"].astype(str), strict=True))
    holding = report.rules[report.rules["holds"]]
    first = holding["antecedents"].iloc[0][0] if len(holding) else items["item"].iloc[0]
    default = str(items.loc[items["item"] == first, "code"].iloc[0])
    if report.items["code"].equals(report.items["name"]):
        return page.choice("item", _("Category"), options, default=default, kind="select", width=340)
    code = page.choice("item", _("Product"), options, default=default, kind="select", width=340)
    return int(items.loc[items["code"] == code, "item"].iloc[0])


def companion_sentence(report: CompanionReport) -> str:
    """What buyers of the product buy with it."""
    held = report.companions[report.companions["holds"]]
    if held.empty:
        return plain(_("Nothing is bought with “{name}” more than chance would have it.", name=report.name))
    best = held.sort_values("confidence", ascending=False).iloc[0]
    return plain(
        _(
            "{share} of baskets with “{name}” hold “{other}” too, {lift} times as many as by chance.",
            share=fmt().percent(float(best["confidence"])),
            name=report.name,
            other=best["name"],
            lift=fmt().number(best["lift"], 1),
        )
    )


def companion_table(report: CompanionReport) -> pd.Series | None:
    """Every other item in the product's baskets, those that hold first; the one whose row is chosen."""
    st.caption(ngettext("{n} basket with it", "{n} baskets with it", report.n_with))
    rows = report.companions.head(SHOWN)
    columns = {
        "name": st.column_config.TextColumn(_("They also buy"), width="medium"),
        "confidence": st.column_config.NumberColumn(_("Confidence"), format="%.1f%%"),
        "lift": st.column_config.NumberColumn(_("Lift"), format="%.1f"),
        "holdout_lift": st.column_config.NumberColumn(_("Later lift"), format="%.1f"),
        "interval": st.column_config.TextColumn(_("95% interval"), alignment="right"),
        "count": st.column_config.NumberColumn(_("Baskets"), format=column_format("count")),
        "holds": st.column_config.CheckboxColumn(_("Holds")),
    }
    table = rows.assign(confidence=rows["confidence"] * 100, interval=intervals(rows))[list(columns)]
    state = st.dataframe(
        table, key="companions", hide_index=True, lazy=False, alt=_("What else they buy"), column_config=columns,
        height="content" if len(table) < 10 else 385, on_select="rerun", selection_mode="single-row",
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_("Choose a row to see who bought the one and not the other."), width="content")
        _download(report.companions, "companions")
    picked = state.selection.rows
    return rows.iloc[picked[0]] if picked and picked[0] < len(rows) else None


def companion_list(
    page: Page, span: Span, params: CompanionParams, report: CompanionReport, chosen: pd.Series | None
) -> None:
    """Who bought the product and never the chosen companion."""
    if chosen is not None:
        level = params.which.level
        bought = Thing(params.item, report.code, report.name)
        cross_sell_list(page, span, level, [bought], [thing(chosen, level)])


def substitute_sentence(report: SubstituteReport) -> str:
    """The two products bought instead of each other most clearly."""
    if report.pairs.empty:
        return _("No two products are bought instead of each other.")
    best = report.pairs.iloc[0]
    return plain(
        _(
            "“{first}” and “{second}” meet in {n} baskets, where chance would have it in {expected}.",
            first=best["first_name"],
            second=best["second_name"],
            n=fmt().number(int(best["count"])),
            expected=fmt().number(float(best["expected"]), 0),
        )
    )


def substitute_table(report: SubstituteReport) -> None:
    """The pairs well below chance."""
    tested = ngettext("{n} pair is common enough to tell.", "{n} pairs are common enough to tell.", report.n_tested)
    st.caption(tested)
    if report.pairs.empty:
        return
    columns = {
        "first_name": st.column_config.TextColumn(_("Product"), width="medium"),
        "second_name": st.column_config.TextColumn(_("or"), width="medium"),
        "lift": st.column_config.NumberColumn(_("Lift"), format="%.2f"),
        "interval": st.column_config.TextColumn(_("95% interval"), alignment="right"),
        "count": st.column_config.NumberColumn(_("Baskets"), format=column_format("count")),
        "expected": st.column_config.NumberColumn(_("By chance"), format="%.1f"),
        "is_same_category": st.column_config.CheckboxColumn(_("Same category")),
    }
    rows = report.pairs.head(SHOWN)
    between = [
        f"{fmt().number(low, 2)}–{fmt().number(high, 2)}" for low, high in zip(rows["low"], rows["high"], strict=True)
    ]
    st.dataframe(
        rows.assign(interval=between)[list(columns)], key="substitutes", hide_index=True, lazy=False,
        alt=_("Bought instead of each other"), column_config=columns,
    )  # fmt: skip
    _download(report.pairs, "substitutes")
    st.caption(_("Rarely bought together may mean a substitute, or simply two kinds of buyers."))


def method(params: BasketParams) -> list[str]:
    """When a pair holds, and when it is a substitute."""
    return [
        which(params),
        _(
            "Lift is the number of baskets with both, divided by the number expected if they met by chance; its 95 % "
            "interval is Garwood's. The latest {share} of the baskets are the hold-out.",
            share=fmt().percent(params.holdout, 0),
        ),
        _(
            "A companion holds if at least {n} baskets hold both, the interval lies above 1 in the earlier and in the "
            "later baskets, and Fisher's test on the later ones passes at a false-discovery rate of 1 %.",
            n=fmt().number(params.min_count),
        ),
        _(
            "Two products are bought instead of each other if at least 10 joint baskets would be expected by chance in "
            "the earlier baskets, the interval lies below 0.5 there and below 1 in the later ones, and Fisher's test "
            "passes likewise."
        ),
        _("References: Brin, Motwani, Ullman and Tsur 1997 (lift); Garwood 1936; Benjamini and Hochberg 1995."),
    ]


def _download(frame: pd.DataFrame, key: str) -> None:
    downloads(lambda: frame, file_name=key, key=f"{key}.download", permission=Permission.SEGMENTS_VIEW)
