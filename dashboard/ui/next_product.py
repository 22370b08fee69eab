"""The parts of the Baskets page about each customer's next product: is it worth saying, and if so to whom what."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from crm_core import charts
from crm_core.analytics.next_product import MOST_ITEMS, NextProductParams, NextProductReport
from crm_core.translation import N_
from dashboard.i18n import _, fmt, joined, ngettext
from dashboard.ui.drawing import chart
from dashboard.ui.overview import drawing
from dashboard.ui.page import Page
from dashboard.ui.periods import Span
from dashboard.ui.plain import plain
from dashboard.ui.segments import as_of

METHODS = {
    "model": N_("Each customer's own"),
    "popularity": N_("The most popular"),
    "repeat": N_("What they buy most"),
}


_ENDS = {"points": "difference", "low": "low", "high": "high"}


def params(page: Page, span: Span) -> NextProductParams:
    """The day, and whether only products new to the customer count."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        day = as_of(page, span)
        kinds = {"any": _("Any product"), "new": _("Only products new to them")}
        kind = page.choice("kind", _("What to offer"), kinds, default="any", kind="select", width=260)
    return NextProductParams(day, only_new=kind == "new")


def sentence(report: NextProductReport) -> str:
    """Whether naming each customer a product of their own is worth it."""
    rate = report.methods.set_index("method")["rate"]
    model, plain_list = fmt().percent(float(rate["model"])), fmt().percent(float(rate[report.closest]))
    if report.verdict == "better":
        return _(
            "{n} customers have a next product; {k} of their own hit {model} of next orders, a plain list {best}.",
            n=fmt().number(report.n_customers),
            k=report.k,
            model=model,
            best=plain_list,
        )
    return _(
        "No recommendations: offering each customer products of their own hits {model} of next orders, a plain list "
        "{best}.",
        model=model,
        best=plain_list,
    )


def compared(report: NextProductReport) -> str:
    """How the mixture does beside the plain list that decides, with the interval: better, worse, or not clear."""
    row: Any = report.against.set_index("baseline").loc[report.closest]
    templates = {
        "better": N_("Clearly better than “{baseline}”: by {points} percentage points (95% interval {low} to {high})."),
        "worse": N_("Clearly worse than “{baseline}”: by {points} percentage points (95% interval {low} to {high})."),
        "unclear": N_(
            "No clear difference from “{baseline}”: {points} percentage points (95% interval {low} to {high}); chance "
            "alone could make it."
        ),
    }
    is_unclear = report.verdict == "unclear"
    difference, *ends = (float(row[name]) for name in _ENDS.values())
    if not is_unclear:  # both ends lie on one side of zero, and the sentence says on which
        difference, *ends = abs(difference), *sorted(map(abs, ends))
    points, low, high = (_points(value, signed=is_unclear) for value in (difference, *ends))
    return _(templates[report.verdict], baseline=_(METHODS[report.closest]), points=points, low=low, high=high)


def _points(share: float, *, signed: bool = False) -> str:
    """A difference of shares in percentage points: 2.1, or +2.1."""
    rounded = round(float(share) * 100, 1)
    return ("+" if signed and rounded > 0 else "") + fmt().number(rounded, 1)


def evidence(report: NextProductReport) -> None:
    """The hit rates beside each other."""
    st.caption(
        joined(
            ngettext(
                "Judged on the next order of {n} customer.",
                "Judged on the next order of {n} customers.",
                report.n_judged,
            ),
            compared(report),
        )
    )
    methods = report.methods
    chart(
        charts.bars(
            [_(METHODS[name]) for name in methods["method"]], methods["rate"], "ratio",
            low=methods["low"], high=methods["high"], **drawing(),
        ),
        key="hit_rates",
        alt=_("Share of next orders that hold one of the products named"),
        table=_table(report),
    )  # fmt: skip


def _table(report: NextProductReport) -> pd.DataFrame:
    """The chart's numbers, and how each plain list differs from the mixture."""
    against = report.against.set_index("baseline")
    rows = []
    methods: list[Any] = list(report.methods.itertuples(index=False))
    for row in methods:
        interval = f"{fmt().percent(row.low)}–{fmt().percent(row.high)}"
        beside = ""
        if row.method in against.index:
            other = against.loc[row.method]
            told = {name: _points(other[column], signed=True) for name, column in _ENDS.items()}
            beside = _("{points} ({low} to {high})", **told)
        rows.append((_(METHODS[row.method]), fmt().number(row.hits), fmt().percent(row.rate), interval, beside))
    titles = [_("Named"), _("Hits"), _("Hit rate"), _("95% interval"), _("Own is better by, points")]
    return pd.DataFrame(rows, columns=titles)


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
            "Beside it stand two plain lists: the most popular products, the same for everyone, and what each customer "
            "buys most. Products count up to {n}, those most customers bought; orders up to {day} are known.",
            n=fmt().number(MOST_ITEMS),
            day=fmt().date(report.as_of),
        ),
        _(
            "Nobody is named a product unless McNemar's exact test puts the mixture above both plain lists with 97.5 % "
            "certainty."
        ),
        _("References: McNemar 1947; Agresti and Min 2005 (differences of paired shares); Wilson 1927."),
    ]
