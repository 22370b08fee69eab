"""The parts of the Pipeline page: its sentence, the stages, the groups, the forecast, what is stuck."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from crm_core import charts
from crm_core.analytics.periods import Period
from crm_core.analytics.pipeline import PipelineReport
from crm_core.analytics.pipeline_extent import PipelineExtentParams, pipeline_extent
from crm_core.analytics.pipeline_metrics import PIPELINE_METRICS
from crm_core.config import zone
from dashboard import nav, session
from dashboard.i18n import _, fmt, joined, ngettext
from dashboard.ui.cards import metric_text
from dashboard.ui.drawing import chart
from dashboard.ui.overview import drawing
from dashboard.ui.page import Page
from dashboard.ui.periods import Span

CARDS = (
    "win_rate", "won_value", "weighted", "forecast", "velocity", "cycle_median", "slipping_deals", "stale_deals",
)  # fmt: skip
ROWS_PAGE = "deals_behind"


def span(page: Page) -> Span | None:
    """Where the deals begin and end, or None before the first."""
    found = page.run(pipeline_extent, PipelineExtentParams())
    if found.first is None or found.last is None:
        return None
    return Span(found.first, found.last, datetime.now(zone(session.workspace().timezone)).date())


def address(period: Period) -> dict[str, str]:
    """What the rows of a number of the period are found by, besides its code."""
    return {"from": str(period.start), "to": str(period.end)}


def sentence(report: PipelineReport) -> str:
    """How much was won, and what is in the pipeline."""
    rate, won, weighted = (report.metrics[name] for name in ("win_rate", "won_value", "weighted"))
    if rate.value is None or rate.low is None or rate.high is None:
        closed = _("No deal was closed in {period}.", period=fmt().period(report.period))
    else:
        closed = _(
            "{share} of {n} closed deals were won (95% interval {low} to {high}), worth {value}.",
            share=fmt().percent(rate.value),
            n=fmt().number(rate.n),
            low=fmt().percent(rate.low),
            high=fmt().percent(rate.high),
            value=metric_text("won_value", won.value, compact=True),
        )  # fmt: skip
    n = int(report.metrics["open_deals"].value or 0)
    still = ngettext(
        "{n} deal is open, worth {value} by its chance to win.",
        "{n} deals are open, worth {value} by their chances to win.",
        n,
        value=metric_text("weighted", weighted.value, compact=True),
    )
    return joined(closed, still)


def windows(report: PipelineReport) -> str:
    """The period shown, what the changes are measured against, and what no value holds."""
    shown = fmt().period(report.period)
    if report.compared is not None:
        shown = _("{period}, compared with {before}", period=shown, before=fmt().period(report.compared))
    unpriced = report.open_unpriced + report.won_unpriced + report.lost_unpriced
    if not unpriced:
        return shown
    left_out = ngettext(
        "{n} deal without an amount adds nothing to values", "{n} deals without an amount add nothing to values",
        unpriced,
    )  # fmt: skip
    return f"{shown} · {left_out}"


def velocity(report: PipelineReport) -> str:
    """The four parts of the sales velocity, and what they give."""
    parts = {name: metric_text(name, report.metrics[name].value) for name in PIPELINE_METRICS}
    if report.metrics["velocity"].value is None:
        return _("There is no sales velocity without won deals that have an amount and a cycle.")
    return _(
        "Sales velocity: {open} open deals × {average} average won value × {rate} win rate ÷ {cycle} = {value} per day",
        open=parts["open_deals"],
        average=parts["average_won_value"],
        rate=parts["win_rate"],
        cycle=parts["cycle_median"],
        value=parts["velocity"],
    )


def funnel(page: Page, report: PipelineReport) -> None:
    """The deals opened in the period, as far as each came; a click opens those of a bar."""
    labels = [*(_(name) for name in report.stages["name"]), _("Won")]
    counts = [*(int(n) for n in report.stages["of_opened"]), report.funnel_won]
    codes = [*(f"stage:{code}:opened" for code in report.stages["code"]), "funnel:won"]
    table = pd.DataFrame({_("Stage"): labels, _("Deals"): [fmt().number(n) for n in counts]})
    picked = chart(
        charts.deal_funnel(labels, counts, codes, **drawing()),
        key="pipeline_funnel",
        alt=_("How far the deals opened in the period came"),
        table=table,
        on_select="rerun",
    )
    _picked_link(page, report, picked, _("Click a bar to open its deals."))


def stages(report: PipelineReport) -> None:
    """Each stage: who reached it and went on, how long deals stay, what is open there; numbers open their deals."""
    rows: list[Any] = list(report.stages.itertuples(index=False))
    texts: dict[str, list[str]] = {
        _("Conversion"): [_share(row.conversion, row.low, row.high) for row in rows],
        _("Median stay"): [_days(row.median_days) for row in rows],
        _("9 in 10 within"): [_days(row.p90_days) for row in rows],
        _("Weighted value"): [fmt().money(row.weighted, compact=True) for row in rows],
    }
    counts = {
        "reached": _("Reached"), "advanced": _("Further"), "lost": _("Lost there"), "undecided": _("Undecided"),
        "open": _("Open now") if report.is_incomplete else _("Open at the end"),
    }  # fmt: skip
    columns: dict[str, Any] = {"stage": [_(row.name) for row in rows]}
    columns |= {what: [fmt().number(getattr(row, _column(what))) for row in rows] for what in counts}
    order = [
        "stage",
        "reached",
        "advanced",
        _("Conversion"),
        "lost",
        "undecided",
        _("Median stay"),
        _("9 in 10 within"),
    ]
    frame = pd.DataFrame(columns | texts)[[*order, "open", _("Weighted value")]]
    config: dict[str, Any] = {"stage": st.column_config.TextColumn(_("Stage"), pinned=True)}
    config |= {name: st.column_config.TextColumn(alignment="right") for name in texts}
    codes = [row.code for row in rows]
    for what, title in counts.items():
        config[what] = number_button(
            f"pipeline.stage.{what}", title, report, [f"stage:{code}:{what}" for code in codes]
        )
    st.dataframe(
        frame, key="pipeline_stages", hide_index=True, lazy=False, column_config=config, height="content",
        alt=_("Stages of the pipeline"),
    )  # fmt: skip
    st.caption(
        _("Click a number of deals to open them. Conversions have 95% intervals; undecided deals may still go on.")
    )


def outlook(page: Page, report: PipelineReport) -> None:
    """What was won and what is expected, month by month, and what no month holds; a click opens the deals of a bar."""
    months = report.outlook[report.outlook["kind"] == "month"]
    table = pd.DataFrame(
        {
            _("Month"): [fmt().month(day) for day in months["start"]],
            _("Won"): [fmt().money(value) for value in months["won"]],
            _("Open, weighted"): [fmt().money(value) for value in months["weighted"]],
            _("Deals"): [fmt().number(n) for n in months["won_deals"] + months["open_deals"]],
        }
    )
    picked = chart(
        charts.deal_outlook(months, **drawing()),
        key="pipeline_outlook",
        alt=_("Won and expected value by month"),
        table=table,
        on_select="rerun",
    )
    _picked_link(page, report, picked, _("Click a bar to open its deals."), "outlook:")
    words = {
        "overdue": _("expected earlier and still open"),
        "later": _("expected later"),
        "undated": _("without an expected close"),
    }
    rest = report.outlook[(report.outlook["kind"] != "month") & (report.outlook["open_deals"] > 0)]
    with st.container(horizontal=True, key="pipeline_rest"):
        for row in rest.to_dict("records"):
            label = _(
                "{value} weighted of {n} deals {what}",
                value=fmt().money(row["weighted"], compact=True),
                n=fmt().number(row["open_deals"]),
                what=words[row["kind"]],
            )
            page.link(
                ROWS_PAGE,
                label,
                icon=":material/table_rows:",
                **address(report.period),
                metric=f"outlook:{row['kind']}",
            )


def method(report: PipelineReport) -> list[str]:
    """The definition of every number on the page."""
    lines = [f"**{_(metric.name)}**: {_(metric.formula)}" for metric in PIPELINE_METRICS.values()]
    return [
        *lines,
        _(
            "A deal is won or lost on the day it closed, never on that of its last edit. What is open at the end of "
            "the period is so whatever became of it later; amount, chance and expected close are today's."
        ),
        _(
            "Stages: of the deals that reached one in the period, those that reached the next one or were won by "
            "today. A deal that skips a stage has reached it; one that goes back keeps what it reached. The funnel "
            "follows the deals opened in the period. Stays are those that ended in it."
        ),
        _("Shares of deals have Wilson's 95% intervals; few deals make them wide. Days are 24 hours."),
        _("Times are cut into days in {zone}.", zone=report.timezone),
    ]


def _column(what: str) -> str:
    return "open_deals" if what == "open" else what


def number_button(key: str, title: str, report: PipelineReport, codes: Sequence[str]) -> Any:
    """A column of numbers; clicking one opens the deals of its row's code."""
    return st.column_config.ButtonColumn(
        title, on_click=_open, args=(key, address(report.period), codes), key=key, type="tertiary", alignment="right"
    )


def _open(key: str, where: Mapping[str, str], codes: Sequence[str]) -> None:
    click = st.session_state[key]
    if click is not None:
        st.switch_page(nav.page(ROWS_PAGE), query_params={**where, "metric": codes[click.row]})


def _picked_link(page: Page, report: PipelineReport, state: Any, hint: str, prefix: str = "") -> None:
    points = state.selection.points if state is not None else []
    code = points[0].get("customdata") if points else None
    if isinstance(code, (list, tuple)):
        code = code[0] if code else None
    if not isinstance(code, str):
        st.caption(hint)
        return
    page.link(
        ROWS_PAGE, _("Open the deals"), icon=":material/table_rows:", **address(report.period), metric=f"{prefix}{code}"
    )


def _share(rate: float, low: float, high: float) -> str:
    if rate != rate:
        return "–"
    return f"{fmt().percent(rate)} ({fmt().percent(low, 0)}–{fmt().percent(high, 0)})"


def _days(days: float) -> str:
    return "–" if days != days else metric_text("cycle_median", days)


STALLED: Mapping[str, Callable[[], str]] = {
    "slipping": lambda: _("Expected close has passed"),
    "stale": lambda: _("No move or activity for long"),
}
