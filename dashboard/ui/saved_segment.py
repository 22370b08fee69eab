"""The parts of one saved segment's page: its sentence, its size over time, what sets it apart, what can be done."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from crm_core import charts
from crm_core.analytics.membership import Who
from crm_core.analytics.periods import local_today
from crm_core.analytics.saved_members import SavedSizesParams, SavedSizesReport, saved_sizes
from crm_core.analytics.segment_profile import SegmentProfileParams, SegmentProfileReport, segment_profile
from crm_core.analytics.segment_rules import parse
from crm_core.db.models import SavedSegment, SegmentKind
from crm_core.errors import NotFound
from crm_core.records import saved_segments, segment_sizes
from crm_core.translation import N_
from dashboard import nav, session
from dashboard.i18n import _, fmt, ngettext, texts
from dashboard.ui.customers import country
from dashboard.ui.drawing import chart
from dashboard.ui.overview import drawing
from dashboard.ui.page import Page
from dashboard.ui.plain import plain

MONTHS_BACK = 12
SHOWN_DIFFERENCES = 8
FEATURES = {
    "recency": N_("Days since the last sale"),
    "frequency": N_("Orders"),
    "monetary": N_("Net sales"),
    "tenure": N_("Days since the first sale"),
    "order_value": N_("Average order value"),
    "buyer": N_("Have bought"),
    "consent": N_("Agreed to marketing"),
}


def found(segment_id: int | None) -> SavedSegment | None:
    """The segment, None if there is no such one."""
    try:
        with session.workspace().read() as database_session:
            return saved_segments.get(session=database_session, actor=session.actor(), segment_id=segment_id or 0)
    except NotFound:
        return None


def rule_sentence(segment: SavedSegment) -> str:
    """Who belongs to it, in words."""
    if segment.definition is None and segment.kind != SegmentKind.HAND:
        return _("Customers listed by an analysis on {day}.", day=fmt().on(segment.created_at))
    if segment.definition is None:
        return _("Customers chosen by hand.")
    return _("Who belongs: {rule}.", rule=parse(segment.definition).words(texts(), fmt()))


def counted(page: Page, segment: SavedSegment, people: Who, day: date) -> SavedSizesReport:
    """How many customers it has, now and, where no model is learned for each day, at the ends of past months; today's
    count is kept."""
    days = (*_month_ends(day), day) if segment.is_live and not _is_learned(segment) else (day,)
    report: SavedSizesReport = page.run(saved_sizes, SavedSizesParams(people, days))
    today = local_today(session.workspace().timezone)
    if day == today:
        with session.workspace().database.untracked() as database_session:
            segment_sizes.note(
                session=database_session,
                actor=session.actor(),
                segment_id=segment.id,
                on=today,
                customers=size_now(report),
            )
    return report


def _is_learned(segment: SavedSegment) -> bool:
    return segment.definition is not None and parse(segment.definition).is_learned


def size_now(report: SavedSizesReport) -> int:
    return int(report.sizes["customers"].iloc[-1])


def headline(report: SavedSizesReport) -> str:
    size = size_now(report)
    return _(
        "{customers}, {share} of all.",
        customers=ngettext("{n} customer", "{n} customers", size),
        share=fmt().percent(size / report.everybody if report.everybody else 0.0),
    )


def size_chart(segment: SavedSegment, report: SavedSizesReport) -> None:
    """Its size over time."""
    with session.workspace().read() as database_session:
        known = segment_sizes.of_segment(session=database_session, actor=session.actor(), segment_id=segment.id)
    if len(report.sizes) < 2 and len(known) < 2:
        if segment.is_live:
            st.caption(_("Its rule learns a model for the day, so its size is followed from today on."))
        else:
            st.caption(_("A fixed list keeps its size; there is nothing to draw."))
        return
    st.subheader(_("Size over time"), anchor=False)
    table = pd.DataFrame(
        {
            _("Day"): [fmt().date(day) for day in report.sizes["day"]],
            _("Customers"): [fmt().number(int(n)) for n in report.sizes["customers"]],
        }
    )
    chart(
        charts.customer_counts(report.sizes, known, **drawing()),
        key="segment_size",
        alt=_("Customers in the segment over time"),
        table=table,
    )


def differences(page: Page, people: Who, day: date) -> None:
    """What sets its customers apart from everybody else."""
    st.subheader(_("What sets them apart"), anchor=False)
    report: SegmentProfileReport = page.run(segment_profile, SegmentProfileParams(people, day))
    rows = report.differences
    shown = rows.head(SHOWN_DIFFERENCES)
    labels = [_feature(row) for _i, row in shown.iterrows()]
    chart(
        charts.intervals(
            labels,
            shown["effect"].tolist(),
            shown["low"].tolist(),
            shown["high"].tolist(),
            said=[_beside(row) for _i, row in shown.iterrows()],
            ends=(_("less than others"), _("more than others")),
            dark=drawing()["dark"],
        ),
        key="segment_differences",
        alt=_("Standardised differences from everybody else, with 95 % intervals"),
        table=_difference_table(rows),
    )


def _feature(row: Any) -> str:
    if row["feature"] == "country":
        return country(row["value"])
    if row["feature"] == "category":
        return _("Bought {category}", category=row["value"])
    return _(FEATURES[row["feature"]])


def _beside(row: Any) -> str:
    inside, outside = _values(row)
    return _("{inside}, others {outside}", inside=inside, outside=outside)


def _values(row: Any) -> tuple[str, str]:
    if row["feature"] in {"monetary", "order_value"}:
        return fmt().money(row["inside"]), fmt().money(row["outside"])
    if row["feature"] in {"recency", "frequency", "tenure"}:
        return fmt().number(row["inside"]), fmt().number(row["outside"])
    return fmt().percent(row["inside"]), fmt().percent(row["outside"])


def _difference_table(rows: pd.DataFrame) -> pd.DataFrame:
    pairs = [_values(row) for _i, row in rows.iterrows()]
    number = fmt().number
    return pd.DataFrame(
        {
            _("Feature"): [_feature(row) for _i, row in rows.iterrows()],
            _("Inside"): [inside for inside, _outside in pairs],
            _("Others"): [outside for _inside, outside in pairs],
            _("Difference"): [
                f"{number(row['effect'], 2)} ({number(row['low'], 2)} – {number(row['high'], 2)})"
                for _i, row in rows.iterrows()
            ],
        }
    )


def method(day: date) -> list[str]:
    """How the numbers were made."""
    return [
        _("Members and what sets them apart are those of {day}; nothing later counts.", day=fmt().date(day)),
        _(
            "Differences are in standard deviations: of the logarithm of a measure among customers with a sale "
            "(Cohen's d), and of a share on the arcsine scale among all (Cohen's h); lines are 95 % intervals, grey "
            "where they hold zero. Inside and others are medians and shares."
        ),
        _(
            "Past sizes count the orders up to each day; what a customer's record says (city, agreement) is what it "
            "says today."
        ),
        _("Reference: Cohen 1988 (d and h)."),
    ]


def _month_ends(day: date) -> tuple[date, ...]:
    """The last days of the months before, oldest first."""
    found = []
    end = day.replace(day=1) - timedelta(days=1)
    for _month in range(MONTHS_BACK):
        found.append(end)
        end = end.replace(day=1) - timedelta(days=1)
    return tuple(reversed(found))


def subtitle(segment: SavedSegment, kind: str) -> None:
    """Kind, since when, and its note, in a quiet line."""
    since = _("saved {day}", day=fmt().on(segment.created_at))
    removed = _("removed") if segment.is_removed else ""
    st.caption(plain(" · ".join(part for part in (kind, since, removed, segment.note or "") if part)))


def back() -> None:
    """The way to all segments."""
    target = nav.page("saved_segments")
    if target is not None:
        st.page_link(target, label=_("All saved segments"), icon=":material/arrow_back:")
