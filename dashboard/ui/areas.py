"""The parts of the page of all areas: its period, what matters most, each area's cards, the file of them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd
import streamlit as st

from crm_core.analytics import targets
from crm_core.analytics.courses import CourseParams, courses_of, last_day_on_record
from crm_core.analytics.definitions import AREA_OF, AREAS, DEFINITIONS
from crm_core.analytics.figures import Figures, Question, figures_of
from crm_core.analytics.figures_table import figures_table
from crm_core.analytics.periods import Period
from crm_core.analytics.remarks import Remark, remarks_of, verdicts
from crm_core.analytics.standings import Standing, calendar_period
from crm_core.analytics.unusual import RATES, Verdict, needed
from crm_core.config import zone
from crm_core.translation import N_
from dashboard import session
from dashboard.i18n import _, fmt
from dashboard.ui.cards import SIGNS, WORDS, change_text, kpi_cards, metric_text
from dashboard.ui.downloads import downloads
from dashboard.ui.page import Page
from dashboard.ui.service import now

SHOWN: Mapping[str, tuple[str, ...]] = {
    "sales": ("net_sales", "orders", "aov", "refunds"),
    "customers": ("active_customers", "new_customers", "arpc", "dormant_customers"),
    "retention": ("repeat_rate", "churn_rate", "nrr", "gross_retention"),
    "service": ("first_response", "sla_attainment", "backlog", "csat"),
    "pipeline": ("won_value", "win_rate", "weighted", "slipping_deals"),
}
"""The cards of each area."""
PAGES = {"sales": "overview", "customers": "overview", "retention": "cohorts", "service": "service",
         "pipeline": "pipeline"}  # fmt: skip
"""Where one reads on."""
ROWS = {"service": "service_tickets", "pipeline": "deals_behind"}
GRAINS = {"month": N_("Month"), "quarter": N_("Quarter"), "year": N_("Year"), "week": N_("Week")}
CHOICES = 13
"""So many periods can be chosen; the sparklines show as many."""
MOST_REMARKS = 3
_NOTHING = {
    "sales": N_("No order is on record in this period."),
    "customers": N_("No order of a known customer is on record in this period."),
    "retention": N_("No order of a known customer is on record in this period."),
    "service": N_("No ticket is on record in this period."),
    "pipeline": N_("No deal is on record in this period."),
}


@dataclass(frozen=True)
class Found:
    """All that the page shows: the figures, how they stand against targets, their courses, and what is unusual."""

    figures: Figures
    held: Mapping[str, Standing]
    courses: Mapping[str, pd.DataFrame]
    odd: Mapping[str, Verdict]

    @property
    def remarks(self) -> list[Remark]:
        names = [name for metrics in SHOWN.values() for name in metrics]
        return remarks_of(names, self.figures.metrics, self.held, self.odd)


def last_day(page: Page) -> date | None:
    """The last day with an order, a ticket or a deal; today where that is not long ago; None without any."""
    last = last_day_on_record(page.run)
    today = datetime.now(zone(session.workspace().timezone)).date()
    return None if last is None else min(last, today)


def period_choice(page: Page, last: date) -> tuple[str, Period]:
    """A calendar period: at first the last one that is over."""
    grain = page.choice("grain", _("Length"), {code: _(name) for code, name in GRAINS.items()}, default="month")
    periods = list(reversed(CourseParams(last, grain, CHOICES).periods))
    is_over = last + timedelta(days=1) >= periods[0].end
    options = {str(period.start): fmt().period(period) for period in periods}
    if not is_over:
        options[str(periods[0].start)] = _("{period}, so far", period=fmt().period(periods[0]))
    default = str(periods[0 if is_over else 1].start)
    chosen = page.choice(f"{grain}_of", _("Period"), options, default=default, kind="select", width=230)
    return grain, calendar_period(date.fromisoformat(chosen), grain)


def found(page: Page, grain: str, period: Period, compare: str) -> Found:
    """Everything the page shows, each part kept in the store by what it was computed from."""
    figures = figures_of(page.run, Question(period, compare, at=now()))  # type: ignore[arg-type]  # one of the choices
    count = max(CHOICES, needed(grain)) if grain in RATES else CHOICES
    courses = courses_of(page.run, CourseParams(period.start, grain, count), tuple(SHOWN))
    with session.workspace().read() as database_session:
        held = targets.standings_of(session=database_session, actor=session.actor(), found=figures)
    return Found(figures, held, courses, verdicts(courses, grain, period))


def windows(shown: Found) -> str:
    """The period, and what the changes are against."""
    question = shown.figures.question
    compared, said = question.period.compared(question.compare), fmt().period(question.period)
    return (
        said if compared is None else _("{period}, compared with {before}", period=said, before=fmt().period(compared))
    )


def head(shown: Found) -> None:
    """The sentences that matter most."""
    first = [remark for remark in shown.remarks if not remark.is_good][:MOST_REMARKS]
    if not first:
        st.markdown(f"- {_SIGNS['better']} {_('No target is missed, nothing is unusual, and nothing turned worse.')}")
        return
    st.markdown("\n".join(f"- {_said(remark, shown)}" for remark in first))


def area(page: Page, name: str, shown: Found) -> None:
    """One area: its sentence, its cards, and the way to its page."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"areas_head_{name}"):
        st.subheader(_(AREAS[name].name), anchor=False, width="content")
        page.link(PAGES[name], _("Read on"), icon=":material/arrow_forward:")
    metrics = {metric: shown.figures.metrics[metric] for metric in SHOWN[name]}
    if all(figure.value is None for figure in metrics.values()):
        st.caption(_(_NOTHING[name]))
        return
    st.markdown(_sentence(name, shown))
    period = shown.figures.question.period
    course = shown.courses[name]
    past = course[course["is_complete"] & course["is_known"] & (course["start"] <= period.start)].tail(CHOICES)
    kpi_cards(
        metrics,
        SHOWN[name],
        trends={metric: past[metric].dropna().tolist() for metric in metrics},
        address={"from": str(period.start), "to": str(period.end)},
        rows=ROWS.get(name, "rows"),
        standings=shown.held,
        key=name,
    )


def files(shown: Found) -> None:
    """Every metric of every area as a table to take away."""
    table = figures_table(shown.figures, shown.held)
    for column in ("name", "formula"):
        table[column] = [_(text) for text in table[column]]
    table["area"] = [_(AREAS[code].name) for code in table["area"]]
    table["status"] = [None if status is None else _(WORDS[status]) for status in table["status"]]
    table["unit"] = [_(UNITS[unit]) for unit in table["unit"]]
    titles = {name: _(title) for name, title in TITLES.items()}
    start = shown.figures.question.period.start
    downloads(lambda: table[list(titles)].rename(columns=titles), file_name=f"metrics_{start}", key="areas.download")


UNITS = {
    "money": N_("money"), "count": N_("number"), "ratio": N_("share"), "hours": N_("hours"), "days": N_("days"),
}  # fmt: skip
TITLES = {
    "area": N_("Area"), "id": N_("Code"), "name": N_("Metric"), "unit": N_("Unit"), "value": N_("Value"),
    "previous": N_("Before"), "change": N_("Change"), "n": N_("Rows"), "target": N_("Target"), "status": N_("Standing"),
    "formula": N_("Formula"),
}  # fmt: skip


def method() -> Sequence[str]:
    """How what matters is told, and the definitions."""
    lines = [
        f"**{_(DEFINITIONS[name].name)}**: {_(DEFINITIONS[name].formula)}"
        for metrics in SHOWN.values()
        for name in metrics
    ]
    order = _(
        "First come targets that are missed or behind, the largest gap first, then unusual values, then what turned "
        "worse by a twentieth or more, as far as chance does not explain it."
    )
    odd = _(
        "A value is unusual where its step from the year before lies further off the usual than those of nearly all "
        "earlier periods; where nothing happens that is one month or quarter in 20 and one week in 50. With fewer than "
        "32 months, 24 quarters or 102 weeks on record nothing is called unusual."
    )
    return [*lines, order, odd, _("Times are cut into days in {zone}.", zone=fmt().timezone)]


_SIGNS = {"unusual": ":violet[:material/query_stats:]", "worse": ":orange[:material/thumb_down:]",
          "better": ":green[:material/thumb_up:]"}  # fmt: skip


def _sentence(name: str, shown: Found) -> str:
    """What matters most in one area."""
    mine = [remark for remark in shown.remarks if AREA_OF[remark.metric] == name]
    return _said(mine[0], shown) if mine else _("Little changed against the period before.")


def _said(remark: Remark, shown: Found) -> str:
    metric = DEFINITIONS[remark.metric]
    figure = shown.figures.metrics[remark.metric]
    facts = {"metric": _(metric.name), "value": metric_text(metric.id, figure.value, compact=True)}
    if remark.kind == "target":
        held = shown.held[remark.metric]
        target = metric_text(metric.id, held.target, compact=True)
        text = _("{metric}: {value} where {target} is the target; {word}.", target=target, word=_(WORDS[held.status]),
                 **facts)  # fmt: skip
        return f"{SIGNS[held.status]} {text}"
    if remark.kind == "unusual":
        verdict = shown.odd[remark.metric]
        low, high = (metric_text(metric.id, bound, compact=True) for bound in (verdict.low, verdict.high))
        text = _("{metric}: {value} is unusual; {low} to {high} was to be expected.", low=low, high=high, **facts)
        return f"{_SIGNS['unusual']} {text}"
    change = str(change_text(figure)).lstrip("+-−")
    rose = figure.change is not None and figure.change > 0
    text = (
        _("{metric} rose by {change} to {value}.", change=change, **facts)
        if rose
        else _("{metric} fell by {change} to {value}.", change=change, **facts)
    )
    return f"{_SIGNS[remark.kind]} {text}"
