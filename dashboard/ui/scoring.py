"""How customers are scored on the Segments page: by rank among all, or by bounds one sets."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation

import streamlit as st

from crm_core.analytics.rfm import RfmParams, rfm
from crm_core.analytics.rfm_scores import Scoring, Thresholds
from crm_core.errors import Invalid
from crm_core.translation import translate_fields
from dashboard.i18n import _, fmt, texts
from dashboard.ui.page import Page

N_BINS = 5
FIELDS = {"recency_days": "r", "frequency": "f", "monetary": "m"}
"""The rows of bounds and their names in the address."""


def asked(page: Page, as_of: date) -> Scoring:
    """How to score; with bounds of one's own, fields for them, and the end of this run while they make no scores."""
    kinds = {"quantile": _("Rank among all customers"), "thresholds": _("Bounds you set")}
    if page.choice("scores", _("Scores by"), kinds, default="quantile") == "quantile":
        return Scoring(N_BINS)
    start = page.run(rfm, RfmParams(as_of, N_BINS)).suggested
    typed: dict[str, str] = {}
    places = {}
    for column, (field, code) in zip(st.columns(3), FIELDS.items(), strict=True):
        with column:
            label, note = _label(field)
            typed[field] = page.text(code, label, default=_shown(getattr(start, field)), note=note)
            places[field] = st.empty()
    problems: dict[str, str] = {}
    rows: dict[str, tuple[Decimal, ...]] = {}
    for field, text in typed.items():
        try:
            rows[field] = tuple(Decimal(part) for part in text.replace("–", " ").replace(",", " ").split())
            if len(rows[field]) != N_BINS - 1 or (field != "monetary" and any(bound % 1 for bound in rows[field])):
                raise InvalidOperation
        except InvalidOperation:
            problems[field] = _("Write four numbers with blanks between them, such as {example}.", example="2 3 5 10")
    if not problems:
        try:
            return Scoring(N_BINS, _thresholds(rows))
        except Invalid as refused:
            problems = translate_fields(refused, texts())
    for field, problem in problems.items():
        places.get(field, places["recency_days"]).error(problem)
    return st.stop()


def method(scoring: Scoring) -> str:
    """How scores come about, in words."""
    if scoring.thresholds is None:
        return _(
            "Each is scored from 1 to {bins} by rank, equal values always alike; FM is the mean of frequency and "
            "monetary.",
            bins=scoring.n_bins,
        )
    bounds = scoring.thresholds
    return _(
        "Scores follow your bounds: recency at most {recency} days for {bins} down to 2, orders at least {frequency} "
        "and sales at least {monetary} for 2 up to {bins}; FM is the mean of frequency and monetary.",
        recency=fmt().listing([fmt().number(bound) for bound in bounds.recency_days]),
        frequency=fmt().listing([fmt().number(bound) for bound in bounds.frequency]),
        monetary=fmt().listing([fmt().money(bound) for bound in bounds.monetary]),
        bins=scoring.n_bins,
    )


def _thresholds(rows: dict[str, tuple[Decimal, ...]]) -> Thresholds:
    return Thresholds(
        tuple(int(bound) for bound in rows["recency_days"]),
        tuple(int(bound) for bound in rows["frequency"]),
        rows["monetary"],
    )


def _label(field: str) -> tuple[str, str]:
    if field == "recency_days":
        return _("Recency: days"), _("At most so many days since the last sale for 5, 4, 3 and 2; more is 1.")
    if field == "frequency":
        return _("Frequency: orders"), _("At least so many orders for 2, 3, 4 and 5; fewer is 1.")
    return _("Value: sales"), _("At least so much in net sales for 2, 3, 4 and 5; less is 1.")


def _shown(bounds: tuple[int | Decimal, ...]) -> str:
    return " ".join(str(bound) for bound in bounds)
