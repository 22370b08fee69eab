"""The parts of the Baskets page about each customer's next product: is it worth saying, and if so to whom what."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from crm_core import charts
from crm_core.analytics.next_product import NextProductParams, NextProductReport
from crm_core.translation import N_
from dashboard.i18n import _, fmt, joined, ngettext
from dashboard.ui.basket_lists import download
from dashboard.ui.drawing import chart
from dashboard.ui.overview import drawing
from dashboard.ui.page import Page
from dashboard.ui.periods import Span
from dashboard.ui.plain import plain
from dashboard.ui.segments import as_of

SHOWN = 200
METHODS = {
    "model": N_("Each customer's own"),
    "popularity": N_("The most popular"),
    "repeat": N_("What they buy most"),
}


def params(page: Page, span: Span) -> NextProductParams:
    """The day, and whether only products new to the customer count."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        day = as_of(page, span)
        kinds = {"any": _("Any product"), "new": _("Only products new to them")}
        kind = page.choice("kind", _("What to name"), kinds, default="any", kind="select", width=260)
    return NextProductParams(day, only_new=kind == "new")


def sentence(report: NextProductReport) -> str:
    """Whether naming each customer a product of their own is worth it."""
    rate = report.methods.set_index("method")["rate"]
    model, best = float(rate["model"]), max(float(rate["popularity"]), float(rate["repeat"]))
    if report.verdict == "no_better":
        return _(
            "No recommendations: naming each customer products of their own hits {model} of next orders, a plain list "
            "{best}.",
            model=fmt().percent(model),
            best=fmt().percent(best),
        )
    return _(
        "{n} customers have a next product; five of them hit {model} of next orders, a plain list {best}.",
        n=fmt().number(report.n_customers),
        model=fmt().percent(model),
        best=fmt().percent(best),
    )


def evidence(report: NextProductReport) -> None:
    """The hit rates beside each other."""
    st.caption(
        joined(
            ngettext(
                "Judged on the next order of {n} customer.",
                "Judged on the next order of {n} customers.",
                report.n_judged,
            ),
            "" if report.verdict == "better" else _("The difference is within what chance would make."),
        )
    )
    methods = report.methods
    chart(
        charts.bars(
            [_(METHODS[name]) for name in methods["method"]], methods["rate"], "ratio",
            low=methods["low"], high=methods["high"], **drawing(),
        ),
        key="hit_rates",
        alt=_("Share of next orders that hold one of five products named"),
    )  # fmt: skip


def members(page: Page, report: NextProductReport) -> None:
    """What to name to whom, and why."""
    if report.recommendations.empty:
        return
    name = dict(zip(report.products["product_id"], report.products["name"].astype(str), strict=True))
    rows = report.recommendations
    table = pd.DataFrame(
        {
            "customer_id": rows["customer_id"],
            "rank": rows["rank"],
            "product": [name[item] for item in rows["product_id"]],
            "reason": [
                _why(reason, name.get(because), lift)
                for reason, because, lift in zip(rows["reason"], rows["because_id"], rows["lift"], strict=True)
            ],
        }
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(_("What to name to whom"), anchor=False, width="content")
        download(page, table, "next_products")
    columns = {
        "customer_id": st.column_config.NumberColumn(_("Customer"), format="%d"),
        "rank": st.column_config.NumberColumn(_("Rank"), format="%d"),
        "product": st.column_config.TextColumn(_("Product"), width="medium"),
        "reason": st.column_config.TextColumn(_("Why"), width="large"),
    }
    st.dataframe(
        table.head(SHOWN), key="next_products", hide_index=True, lazy=False, alt=_("What to name to whom"),
        column_config=columns,
    )  # fmt: skip
    if len(table) > SHOWN:
        st.caption(_("The first {n} are shown; the file holds all.", n=fmt().number(SHOWN)))


def _why(reason: str, because: str | None, lift: float) -> str:
    if reason == "followed" and because is not None:
        return _("Bought “{item}”; {lift} times as likely after it", item=because, lift=fmt().number(lift, 1))
    return _("Bought it before") if reason == "again" else _("Popular with everyone")


def method(report: NextProductReport) -> list[str]:
    """What the chances are made of, and how they were judged."""
    return [
        plain(
            _(
                "A product's chance to be in a customer's next order mixes its popularity in the last year "
                "({popular}), how often the customer bought it ({again}) and how often it followed what they bought "
                "in their last three orders ({followed}). What the last order held is never named.",
                popular=fmt().percent(report.popular, 0),
                again=fmt().percent(report.again, 0),
                followed=fmt().percent(report.followed, 0),
            )
        ),
        _(
            "The mixture was chosen on the {days} days after {chosen} and judged on those after {judged}; nothing "
            "later than each day was known. A hit: the first order then holds at least one of {k} products named. "
            "Intervals are Wilson's, 95 %.",
            days=report.horizon_days,
            chosen=fmt().date(report.chosen_on),
            judged=fmt().date(report.judged_on),
            k=report.k,
        ),
        _(
            "Nobody is named a product unless McNemar's exact test puts the mixture above both plain lists with 97.5 % "
            "certainty."
        ),
    ]
