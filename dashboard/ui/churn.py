"""The parts of the Churn page in words: sentences, the verdict with its baselines, method and drift."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import streamlit as st

from crm_core.analytics.churn import ChurnReport
from crm_core.analytics.contacts import at_risk
from crm_core.analytics.drift import LARGE, MODERATE
from crm_core.analytics.ranking import MEASURES
from crm_core.analytics.scorecard import INPUTS
from crm_core.analytics.segment_rules.predictions import CHURN_HORIZONS, VALUE_HORIZONS
from crm_core.formats import NO_DATA
from crm_core.translation import N_, translate_field
from dashboard.i18n import _, fmt, joined, ngettext, texts
from dashboard.ui.drawing import grid
from dashboard.ui.page import Page
from dashboard.ui.plain import plain

PREDICTORS = {
    "model": N_("Model"),
    "logistic": N_("its part by logistic regression"),
    "boosting": N_("of it, gradient boosting"),
    "expected_purchases": N_("Expected purchases (BG/NBD)"),
    "recency": N_("Time since the last purchase"),
    "base_rate": N_("One chance for everyone on a day"),
}
MEASURE_NAMES = {"auc": N_("AUC"), "ap": N_("Average precision"), "brier": N_("Brier"), "lift_10": N_("Lift, top 10%")}
KINDS = {"logistic": N_("logistic regression"), "boosting": N_("gradient boosting")}
OLD_DAYS = 30


def views() -> dict[str, str]:
    return {"customers": _("Customers who buy"), "contracts": _("Contracts")}


def horizons() -> dict[str, str]:
    return {str(days): ngettext("{n} day", "{n} days", days) for days in map(int, CHURN_HORIZONS)}


def sentence(report: ChurnReport) -> str:
    """How many are about to leave, and what is at stake; or that nobody can say."""
    if report.n_scored == 0:
        return _("Who will leave cannot be predicted here.")
    risked = at_risk(report.customers)["risk_e4"].sum() / 10_000
    text = _(
        "Of {n} customers, about {leaving} will probably not buy in the next {horizon} days; {value} is at risk.",
        n=fmt().number(report.n_scored),
        leaving=fmt().number(round(float(report.customers["probability"].sum()))),
        horizon=report.horizon,
        value=fmt().money(risked, compact=True),
    )
    return plain(text)


def worth(report: ChurnReport) -> str:
    """Why the prediction is to be believed, or why there is none."""
    if report.reason is not None:
        nobody = _("So nobody is scored, and no reasons, bands or profit are shown.")
        return plain(joined(translate_field(report.reason, texts()), nobody))
    beats = _(
        "On later days its chances come clearly nearer to what happened than those of every plain baseline "
        "(Brier score)."
    )
    if report.measure("expected_purchases", "brier") is None:
        beats = joined(beats, _("BG/NBD has no fit here, so the purchases it expects are not among them."))
    return plain(joined(beats, _tested(report)))


def instead(page: Page, report: ChurnReport) -> None:
    """Where the model is refused and expected purchases beat plain baselines: the way to that ranking."""
    if report.verdict != "refused" or not report.ranks_by_expected:
        return
    text = _(
        "The purchases BG/NBD expects clearly beat the same chance for everyone and the time since the last purchase. "
        "Ranking customers by them is the honest thing here: the fewer are expected, the likelier a customer leaves."
    )
    st.info(plain(text), icon=":material/sort:")
    nearest = min(VALUE_HORIZONS, key=lambda days: abs(int(days) - report.horizon))
    page.link(
        "value",
        _("Customers by expected purchases"),
        icon=":material/savings:",
        band="all",
        order="purchases",
        horizon=nearest,
    )


def _tested(report: ChurnReport) -> str:
    return _(
        "Tested on {n} cases after the days it was learned from; {lost} customers are lost already and not scored.",
        n=fmt().number(report.n_tested),
        lost=fmt().number(report.n_lost),
    )


def warnings(report: ChurnReport, today: date) -> None:
    """Drift of the customers, and age of the records the model ends with."""
    if report.n_scored == 0:
        return
    score = report.drift.loc[report.drift["feature"] == "score", "psi"]
    if len(score) and float(score.iloc[0]) >= LARGE:
        text = _(
            "Customers now differ much from those the model learned from (stability index of the score {psi}): "
            "take the chances with care.",
            psi=fmt().number(float(score.iloc[0]), 2),
        )
        st.warning(plain(text), icon=":material/warning:")
    age = (today - report.as_of).days
    if age > OLD_DAYS:
        text = _("The scores are {age} days old: the records used end on {day}.", age=age, day=fmt().date(report.as_of))
        st.info(plain(text), icon=":material/info:")


def calibration(report: ChurnReport) -> str:
    """Whether chances are what they say."""
    if report.slope is None:
        return ""
    found = _(
        "Calibration slope {slope} ({low} to {high}); 1 is perfect.",
        slope=fmt().number(report.slope.value, 2),
        low=fmt().number(report.slope.low, 2),
        high=fmt().number(report.slope.high, 2),
    )
    return f"**{_('Are the chances right?')}** {plain(found)}"


def gain(report: ChurnReport) -> str:
    """What contacting the riskiest would catch."""
    caught = float(np.interp(0.2, report.gain["share"], report.gain["model"]))
    found = _("The riskiest 20% hold {share} of those who left.", share=fmt().percent(caught, 0))
    return f"**{_('Does it find them?')}** {plain(found)}"


def calibration_table(curve: pd.DataFrame, *, happened: str, counted: str) -> pd.DataFrame:
    """The numbers behind a calibration chart; `happened` and `counted` head the columns of shares and of numbers."""
    return pd.DataFrame(
        {
            _("Predicted"): [fmt().percent(value) for value in curve["predicted"]],
            happened: [fmt().percent(value) for value in curve["observed"]],
            _("95% interval"): [
                f"{fmt().percent(low)} – {fmt().percent(high)}"
                for low, high in zip(curve["low"], curve["high"], strict=True)
            ],
            counted: [fmt().number(n) for n in curve["n"]],
        }
    )


def gain_table(report: ChurnReport) -> pd.DataFrame:
    tenths = report.gain.iloc[::5]
    columns = {_("Customers"): [fmt().percent(value, 0) for value in tenths["share"]]}
    for name in ("model", "expected_purchases", "recency"):
        if name in tenths:
            columns[_(PREDICTORS[name])] = [fmt().percent(value, 0) for value in tenths[name]]
    return pd.DataFrame(columns)


def verdict_card(report: ChurnReport) -> None:
    """The model beside its baselines, every measure with its interval."""
    shown = [name for name in PREDICTORS if report.measure(name, "auc") is not None]
    columns = {_("Predicted by"): [_(PREDICTORS[name]) for name in shown]}
    for measure in MEASURES:
        digits = 1 if measure == "lift_10" else 3
        columns[_(MEASURE_NAMES[measure])] = [_said(report, name, measure, digits) for name in shown]
    frame = pd.DataFrame(columns)
    title = _("The model beside plain baselines")
    st.markdown(f"**{title}** {_('(95% intervals; a lower Brier score is better)')}")
    grid(frame, key="churn_verdict", alt=title, right=frame.columns[1:], height="content")


def _said(report: ChurnReport, predictor: str, measure: str, digits: int) -> str:
    found = report.measure(predictor, measure)
    if found is None:
        return NO_DATA
    ends = f"{fmt().number(found.low, digits)} – {fmt().number(found.high, digits)}"
    return f"{fmt().number(found.value, digits)} ({ends})"


def method(report: ChurnReport) -> list[str]:
    """Definitions, days, models, drift and references."""
    lines = [
        _(
            "A customer leaves after a day if no purchase follows within {horizon} days. Only customers alive on the "
            "day count: who bought within three of their own usual gaps, or within {horizon} days if that is longer; "
            "with fewer than three purchase days, within {twice} days. Features use nothing later than the day.",
            horizon=report.horizon,
            twice=2 * report.horizon,
        ),
        _("Features: {features}.", features=fmt().listing([_(feature.label) for feature in INPUTS])),
        _(
            "Logistic regression and gradient boosting (one feature a tree) are fitted on earlier days without class "
            "weights and calibrated on customers they did not see, at the level of the same season a year before where "
            "the history reaches. Scores are given only if the Brier score on later days clearly beats the baselines "
            "(paired bootstrap of customers, 95%); where it does not, nobody is scored, and where the purchases BG/NBD "
            "expects beat the other two, customers are better ranked by these on the Value page. Reasons are the parts "
            "of the score; they add up to it exactly. One chance for everyone is each tested day's share of leavers "
            "before it; since days differ, its AUC over all of them need not be exactly 0.5."
        ),
    ]
    if len(report.days):
        lines.append(_days_table(report))
    if report.n_scored and report.kind is not None and report.known_until is not None:
        lines.append(
            _(
                "The model in use ({kind}) learned from {rows} rows; the last outcome it knows is of {day}.",
                kind=_(KINDS[report.kind]),
                rows=fmt().number(report.n_rows),
                day=fmt().date(report.known_until),
            )
        )
        lines.append(_drift_text(report))
    lines.append(
        _(
            "References: Fader, Hardie & Lee 2005 (BG/NBD); Platt 1999 (calibration); Brier 1950; Steyerberg 2019, "
            "15.3 (calibration slope); Siddiqi 2006 (stability index)."
        )
    )
    return [plain(line) if not line.startswith("|") else line for line in lines]


def _days_table(report: ChurnReport) -> str:
    titles = (_("Day"), _("Customers"), _("Lost already"), _("Left"), _("Predicted"))
    head = f"| {' | '.join(titles)} |\n|---|--:|--:|--:|--:|"
    rows = [
        f"| {fmt().date(row['day'])} | {fmt().number(row['customers'])} | {fmt().number(row['lost'])} "
        f"| {fmt().percent(row['left'])} | {fmt().percent(row['predicted'])} |"
        for _index, row in report.days.iterrows()
    ]
    return "\n".join([head, *rows])


def _drift_text(report: ChurnReport) -> str:
    labels = {feature.name: _(feature.label) for feature in INPUTS} | {"score": _("Score")}
    moved = [
        f"{labels[name]} {fmt().number(psi, 2)}"
        for name, psi in zip(report.drift["feature"], report.drift["psi"], strict=True)
        if psi >= MODERATE
    ]
    if not moved:
        return _("Drift: customers are much like those the model learned from (every stability index is below 0.1).")
    return _(
        "Drift (population stability index; from 0.1 moderate, from 0.25 large): {features}.", features=", ".join(moved)
    )
