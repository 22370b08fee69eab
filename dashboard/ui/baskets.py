"""The parts of the Baskets page that show rules: choices, sentences, tables, bundles, how it is computed."""

from __future__ import annotations

from typing import Any, cast

import pandas as pd
import streamlit as st

from crm_core.access import Permission
from crm_core.analytics.basket_source import ItemLevel
from crm_core.analytics.baskets import BasketParams, BasketReport
from crm_core.analytics.rfm import SEGMENT_RULES
from dashboard.i18n import _, column_format, fmt, joined, ngettext
from dashboard.ui import basket_lists
from dashboard.ui.downloads import downloads
from dashboard.ui.page import Page
from dashboard.ui.periods import Span, period_filter
from dashboard.ui.plain import plain

SUPPORTS = ("0.002", "0.005", "0.01", "0.02", "0.05")
SHOWN = 200


def views() -> dict[str, str]:
    return {
        "rules": _("Bought together"),
        "around": _("Around a product"),
        "instead": _("Bought instead"),
        "next": _("Next product"),
    }


def params(page: Page, span: Span) -> BasketParams:
    """Which baskets, and how often a rule must occur."""
    period = period_filter(page, span)
    levels = {"product": _("Products"), "category": _("Categories")}
    level = page.choice("level", _("Items"), levels, default="product", kind="select", width=120)
    supports = {text: fmt().percent(float(text)) for text in SUPPORTS}
    support = page.choice("support", _("Minimum support"), supports, default="0.01", kind="select", width=120)
    channels = {"": _("All channels")} | {name: name for name in span.channels}
    channel = page.choice("channel", _("Channel"), channels, default="", kind="select", width=150)
    segments = {"": _("All customers")} | {rule.name: _(rule.name) for rule in SEGMENT_RULES}
    segment = page.choice("segment", _("Segment"), segments, default="", kind="select", width=170)
    return BasketParams(
        period=period,
        level=cast("ItemLevel", level),
        min_support=float(support),
        channel=channel or None,
        segment=segment or None,
    )


def names(report: BasketReport) -> dict[Any, str]:
    """What each item is called."""
    return dict(zip(report.items["item"].tolist(), report.items["name"].astype(str).tolist(), strict=True))


def sentence(report: BasketReport) -> str:
    """The strongest rule that holds."""
    holding = report.rules[report.rules["holds"]]
    if holding.empty:
        return _("Nothing is bought together more than chance would have it.")
    best, name = holding.iloc[0], names(report)
    return plain(
        _(
            "Customers who buy {before} are {lift} times as likely to buy {after} too.",
            before=_these([name[item] for item in best["antecedents"]]),
            after=_these([name[item] for item in best["consequents"]]),
            lift=fmt().number(best["lift"], 1),
        )
    )


def _these(items: list[str]) -> str:
    return " + ".join(f"“{item}”" for item in items)


def standing(report: BasketReport) -> str:
    """How many baskets, rules, and rules that hold."""
    return joined(
        ngettext("{n} basket.", "{n} baskets.", report.n_baskets),
        _(
            "{holding} of {rules} rules hold on the latest {later} of them.",
            holding=fmt().number(report.n_holding),
            rules=fmt().number(report.n_rules),
            later=fmt().number(report.n_later),
        ),
    )


def shown(page: Page, report: BasketReport) -> pd.DataFrame:
    """The rules asked for, best first, in words: those that hold, or all."""
    which = "holding"
    if report.n_rules > report.n_holding:
        options = {"holding": _("Rules that hold"), "all": _("All rules")}
        which = page.choice("which", _("Show"), options, default="holding", label_visibility="collapsed")
    name = names(report)
    rules = report.rules[report.rules["holds"]] if which == "holding" else report.rules
    return rules.assign(
        n_items=[len(a) + len(b) for a, b in zip(rules["antecedents"], rules["consequents"], strict=True)],
        before=rules["antecedents"],
        after=rules["consequents"],
        antecedents=[" + ".join(name[item] for item in items) for items in rules["antecedents"]],
        consequents=[" + ".join(name[item] for item in items) for items in rules["consequents"]],
    ).reset_index(drop=True)


def rule_table(rules: pd.DataFrame) -> pd.Series | None:
    """The rules, and the one whose row is chosen."""
    first = rules.head(SHOWN)
    columns = {
        "antecedents": st.column_config.TextColumn(_("Who buys"), width="medium"),
        "consequents": st.column_config.TextColumn(_("also buys"), width="medium"),
        "lift": st.column_config.NumberColumn(_("Lift"), format="%.1f"),
        "holdout_lift": st.column_config.NumberColumn(_("Later lift"), format="%.1f"),
        "interval": st.column_config.TextColumn(_("95% interval"), alignment="right"),
        "confidence": st.column_config.NumberColumn(_("Confidence"), format="%.1f%%"),
        "count": st.column_config.NumberColumn(_("Baskets"), format=column_format("count")),
        "holds": st.column_config.CheckboxColumn(_("Holds")),
    }
    table = first.assign(confidence=first["confidence"] * 100, interval=intervals(first))[list(columns)]
    state = st.dataframe(
        table, key="rules", hide_index=True, lazy=False, alt=_("Rules"), column_config=columns, on_select="rerun",
        selection_mode="single-row", height="content" if len(table) < 10 else 385,
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_("Choose a row to see who bought the one and not the other."), width="content")
        plain_columns = ["antecedents", "consequents", "support", "confidence", "lift", "count", "holdout_count",
                         "holdout_lift", "holdout_low", "holdout_high", "q_value", "gain_q_value", "is_redundant",
                         "holds"]  # fmt: skip
        downloads(
            lambda: rules[plain_columns], file_name="rules", key="rules.download", permission=Permission.SEGMENTS_VIEW
        )
    if len(rules) > SHOWN:
        st.caption(_("The first {n} are shown; the file holds all.", n=fmt().number(SHOWN)))
    picked = state.selection.rows
    return first.iloc[picked[0]] if picked and picked[0] < len(first) else None


def intervals(rows: pd.DataFrame) -> list[str]:
    """Each later lift's interval in words."""
    pairs = zip(rows["holdout_low"], rows["holdout_high"], strict=True)
    return ["–" if low != low else f"{fmt().number(low, 1)}–{fmt().number(high, 1)}" for low, high in pairs]


def actions(page: Page, report: BasketReport, params: BasketParams, span: Span, chosen: pd.Series | None) -> None:
    """Who bought the chosen rule's one side and not the other."""
    if chosen is not None:
        rows = report.items.set_index("item", drop=False)
        bought, missing = (
            [basket_lists.thing(rows.loc[item], params.level) for item in chosen[side]] for side in ("before", "after")
        )
        basket_lists.cross_sell_list(page, span, params.level, bought, missing)


def bundles(report: BasketReport) -> None:
    """Sets of products to sell as one."""
    if report.bundles.empty:
        return
    name = names(report)
    st.subheader(_("Bundles to sell as one"), anchor=False)
    table = pd.DataFrame(
        {
            "together": report.bundles["together"] * 100,
            "count": report.bundles["count"],
            "items": [" + ".join(name[item] for item in items) for items in report.bundles["items"]],
        }
    )
    columns = {
        "together": st.column_config.NumberColumn(
            _("As a whole"),
            format="%.0f%%",
            width=90,
            help=_("Bought as a whole: of the baskets with its most popular product."),
        ),
        "count": st.column_config.NumberColumn(
            _("Baskets"), format=column_format("count"), width=75, help=_("Baskets with all of them.")
        ),
        "items": st.column_config.TextColumn(_("Products"), width=830),
    }
    st.dataframe(table.head(SHOWN), key="bundles", hide_index=True, lazy=False, alt=_("Bundles"), column_config=columns)


def which(params: BasketParams) -> str:
    """Which orders count and what is looked at in them, in one line."""
    level = _("Products") if params.level == "product" else _("Categories")
    parts = [
        _("Every order") if params.period is None else _("Orders of {period}", period=fmt().period(params.period)),
        _("{label}: {choice}", label=_("Items"), choice=level),
        params.channel or _("All channels"),
        _(params.segment) if params.segment else _("All customers"),
    ]
    return plain(" · ".join(parts))


def method(report: BasketReport, params: BasketParams) -> list[str]:
    """What a rule is, and when it holds."""
    sizes = ", ".join(f"{size}: {fmt().number(n)}" for size, n in enumerate(report.sizes, start=1))
    return [
        which(params),
        _(
            "A basket is an order with a sale; what it holds twice counts once. All {n} itemsets that at least {least} "
            "of {baskets} baskets hold were found, exactly (by size {sizes}).",
            n=fmt().number(report.n_itemsets),
            least=fmt().number(report.min_count),
            baskets=fmt().number(report.n_baskets),
            sizes=sizes,
        ),
        _(
            "Confidence is the share of baskets with the first products that hold the other too, at least "
            "{confidence}; lift is that divided by the share of all baskets that hold it.",
            confidence=fmt().percent(params.min_confidence, 0),
        ),
        _(
            "A rule holds if the earlier {early} baskets alone give it, if no simpler rule says as much, and if the "
            "latest {late} confirm it: the 95 % interval of its lift there lies above 1 (Garwood), Fisher's exact test "
            "of it and of each of its products passes, and at most 1 % of the rules that hold are expected to be false "
            "(Benjamini and Hochberg).",
            early=fmt().number(report.n_baskets - report.n_later),
            late=fmt().number(report.n_later),
        ),
        _("References: Agrawal 1993; Zaki 2000; Bayardo 1999; Webb 2007; Benjamini and Hochberg 1995; Garwood 1936."),
    ]
