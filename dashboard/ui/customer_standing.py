"""The head of a customer's page: expected value, segment, chance to leave and consent, of what is known already.

It is drawn beside the page, which never waits for it. What takes a model long is read from its last report; where there
is none, a button has it computed while the page goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from typing import Any, Literal

import numpy as np
import streamlit as st

from crm_core.access import Permission
from crm_core.analytics.churn import ChurnParams, ChurnReport, churn
from crm_core.analytics.churn_bands import BAND_NAMES, BANDS
from crm_core.analytics.customer_standing import customer_worth, rfm_standings, value_band
from crm_core.analytics.extent import ExtentParams, extent
from crm_core.analytics.periods import local_today
from crm_core.analytics.rfm import RfmParams
from crm_core.analytics.runner import Failed, Ready, Running
from crm_core.analytics.saved_members import SavedMembersParams, saved_list
from crm_core.analytics.value import CustomerValueParams, ValueParams, value
from crm_core.analytics.value_report import ValueReport
from crm_core.config import zone
from crm_core.db.models import Customer, SavedSegment
from crm_core.errors import AnalysisRefused, Invalid
from crm_core.records import consent, segments_of_customer
from crm_core.records.orders import Lifetime
from crm_core.translation import translate_field
from dashboard import session
from dashboard.i18n import _, fmt, joined, ngettext, texts
from dashboard.ui.customer_churn import HORIZON
from dashboard.ui.page import Page
from dashboard.ui.periods import Span
from dashboard.ui.plain import plain, plain_error, shortened
from dashboard.ui.value import horizon_name, longest_horizon
from dashboard.ui.who import who

POLL_SECONDS = 1.0
DAYS_BACK = 31
"""A report on how things stood so many days ago still says something; its day stands beside it."""
SEGMENTS_SHOWN, LONGEST_NAME = 3, 28
_ASKED, _REFUSED = "customer.standing.asked", "customer.standing.refused"

Color = Literal["red", "orange", "green", "blue", "violet", "gray"]


@dataclass(frozen=True)
class Fact:
    """One thing known of the customer, or why it is not: `is_missing` can be computed, `is_running` is."""

    text: str
    icon: str
    color: Color = "gray"
    note: str = ""
    is_missing: bool = False
    is_running: bool = False


def draw(page: Page, customer: Customer, lifetime: Lifetime) -> None:
    """The head, beside the page: its own thread at first, and anew every second while something is computed."""
    is_awaited, turns = bool(st.session_state.get(_ASKED)), count()

    @st.fragment(parallel=True, run_every=POLL_SECONDS if is_awaited else None, key="customer.standing")
    def standing() -> None:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="customer_standing"):
            is_running = _facts(page, customer, lifetime)
        if next(turns) and is_awaited and not is_running:  # not at first: no thread beside the page may start it anew
            st.session_state[_ASKED] = False
            st.rerun()
        if st.session_state.get(_ASKED) and not is_awaited:
            st.rerun()

    st.html("<style>.st-key-customer_standing{min-height:2rem}</style>")  # the page below keeps its place
    standing()


def _facts(page: Page, customer: Customer, lifetime: Lifetime) -> bool:
    """Draw what is known; whether something is being computed."""
    facts: list[Fact] = []
    segments: list[SavedSegment] = []
    if page.may(Permission.SEGMENTS_VIEW) and page.may(Permission.KPIS_VIEW) and lifetime.orders:
        facts, segments = _known(customer, lifetime)
    for fact in [*facts, agreement(customer)]:
        st.badge(plain(fact.text), icon=fact.icon, color=fact.color, help=plain(fact.note) or None)
    _saved(page, segments)
    if any(fact.is_missing for fact in facts):
        st.button(
            _("Compute"), key="customer.standing.compute", icon=":material/calculate:", type="tertiary", on_click=_ask,
            help=_("Value and chance to leave of all customers; the page can be used meanwhile."),
        )  # fmt: skip
    return any(fact.is_running for fact in facts)


def _ask() -> None:
    st.session_state[_ASKED] = True
    st.session_state.pop(_REFUSED, None)


def _known(customer: Customer, lifetime: Lifetime) -> tuple[list[Fact], list[SavedSegment]]:
    warehouse = session.workspace().warehouse
    if warehouse.first_reading() is not None:
        return [Fact(_("Records are being read"), ":material/hourglass_empty:", is_running=True)], []
    span = _span()
    if span is None:
        return [], []
    days = [span.anchor - timedelta(days=back) for back in range(DAYS_BACK)]
    facts = [_worth(customer.id, span, days), _segment(customer.id, days), _risk(customer.id, lifetime, days)]
    return facts, _segments(customer.id, days[:7])


def _span() -> Span | None:
    """The first day with an order and the day to look from, as other pages do, without waiting for it."""
    answer = session.workspace().analyses.poll(extent, ExtentParams(), actor=session.actor())
    ready = answer.previous if isinstance(answer, Running) else answer if isinstance(answer, Ready) else None
    if ready is None or ready.report.first is None or ready.report.last is None:
        return None
    return Span(ready.report.first, ready.report.last, local_today(session.workspace().timezone))


def _report(name: str, analysis: Any, params: Sequence[Any]) -> Any:
    """The newest report kept of these; where it was asked for, that of the first, computed. A Fact where there is none.

    A refusal is remembered until somebody asks again.
    """
    analyses, actor = session.workspace().analyses, session.actor()
    refused: dict[str, Any] = st.session_state.setdefault(_REFUSED, {})
    if st.session_state.get(_ASKED) and name not in refused:
        answer = analyses.poll(analysis, params[0], actor=actor)
        if isinstance(answer, Ready):
            return answer.report
        if isinstance(answer, Failed):
            refused[name] = answer.error
        elif answer.previous is None:
            return Fact(_running()[name], ":material/hourglass_empty:", is_running=True)
    if name in refused:
        icon = ":material/help:" if isinstance(refused[name], AnalysisRefused) else ":material/error:"
        return Fact(_unknown()[name], icon, note=plain_error(refused[name]))
    kept = analyses.latest(analysis, *params, actor=actor)
    return kept.report if kept is not None else Fact(_uncomputed()[name], ":material/pending:", is_missing=True)


def _worth(customer_id: int, span: Span, days: Sequence[date]) -> Fact:
    """The value band and the net sales to expect, by the same models and horizon as the tab Outlook."""
    asked = [ValueParams(day, longest_horizon((day - span.first + timedelta(days=1)).days)) for day in days]
    found = _report("value", value, asked)
    if isinstance(found, Fact):
        return found
    report: ValueReport = found
    params = CustomerValueParams(
        customer_id, report.as_of, report.model, horizon_days=report.horizon_days, discount_rate=report.discount_rate
    )
    answer = session.workspace().analyses.poll(customer_worth, params, actor=session.actor())
    if isinstance(answer, Failed):
        return Fact(_unknown()["value"], ":material/help:", note=plain_error(answer.error))
    if isinstance(answer, Running):
        return Fact(_running()["value"], ":material/hourglass_empty:", is_running=True)
    worth = answer.report.value
    text = _("{band}: {value}", band=_(value_band(report, worth)), value=fmt().money(worth, compact=True))
    note = _(
        "Expected net sales in {horizon} from {day}, by what all customers did.",
        horizon=horizon_name(report.horizon_days),
        day=fmt().date(report.as_of),
    )
    return Fact(text, ":material/savings:", "blue", note)


def _segment(customer_id: int, days: Sequence[date]) -> Fact:
    """The named segment by recency, frequency and value."""
    analyses, actor = session.workspace().analyses, session.actor()
    answer = analyses.poll(rfm_standings, RfmParams(days[0]), actor=actor)
    kept = answer if isinstance(answer, Ready) else None
    if kept is None:
        kept = analyses.latest(rfm_standings, *(RfmParams(day) for day in days), actor=actor)
    if isinstance(answer, Failed) and kept is None:
        return Fact(_unknown()["segment"], ":material/help:", note=plain_error(answer.error))
    if kept is None:
        return Fact(_running()["segment"], ":material/hourglass_empty:", is_running=True)
    rule = kept.report.of(customer_id)
    day = _("As of {day}.", day=fmt().date(kept.report.as_of))
    if rule is None:
        return Fact(_("In no segment yet"), ":material/hub:", note=joined(_("No sale by then."), day))
    return Fact(_(rule.name), ":material/hub:", "violet", joined(_(rule.meaning), day))


def _risk(customer_id: int, lifetime: Lifetime, days: Sequence[date]) -> Fact:
    """The band of the chance to leave, of those the model speaks of."""
    found = _report("risk", churn, [ChurnParams(day, HORIZON) for day in days])
    if isinstance(found, Fact):
        return found
    report: ChurnReport = found
    if report.model is None:
        why = _("The Churn page says why.") if report.reason is None else translate_field(report.reason, texts())
        return Fact(_unknown()["risk"], ":material/help:", note=why)
    scored = report.customers.loc[report.customers["customer_id"] == customer_id, "probability"]
    day = _("As of {day}.", day=fmt().date(report.as_of))
    if scored.empty:
        first = lifetime.first_ordered_at
        if first is not None and first.astimezone(zone(session.workspace().timezone)).date() > report.as_of:
            return Fact(_unknown()["risk"], ":material/help:", note=joined(_("No sale by then."), day))
        note = _("By their own rhythm this customer is lost already, and is not scored.")
        return Fact(_("Probably lost already"), ":material/person_cancel:", "red", joined(note, day))
    chance = float(scored.iloc[0])
    band = next(name for name, least in BANDS.items() if chance >= least)
    color: Color = {"high": "red", "medium": "orange"}.get(band, "green")  # type: ignore[assignment]
    note = _("Chance of no purchase within {n} days: {band}.", n=report.horizon, band=_(BAND_NAMES[band]))
    return Fact(_("Chance to leave {chance}", chance=fmt().percent(chance, 0)), ":material/person_cancel:", color,
                joined(note, day))  # fmt: skip


def agreement(customer: Customer) -> Fact:
    """What the customer said to marketing last, and when."""
    texts_of: dict[bool | None, tuple[str, str, Color]] = {
        True: (_("Agreed to marketing"), ":material/mark_email_read:", "green"),
        False: (_("Refused marketing"), ":material/unsubscribe:", "orange"),
        None: (_("Never asked about marketing"), ":material/mail:", "gray"),
    }
    text, icon, color = texts_of[customer.has_marketing_consent]
    with session.workspace().read() as database_session:
        said = consent.history(session=database_session, actor=session.actor(), customer_id=customer.id)
    return Fact(text, icon, color, _("Since {day}.", day=fmt().on(said[0].at)) if said else "")


def _segments(customer_id: int, days: Sequence[date]) -> list[SavedSegment]:
    """The saved segments the customer is in: on their list, or in the last list made of those who meet their rule."""
    workspace, actor = session.workspace(), session.actor()
    with workspace.read() as database_session:
        fixed = segments_of_customer.holding(session=database_session, actor=actor, customer_id=customer_id)
        live = segments_of_customer.live(session=database_session, actor=actor)

    def meets(segment: SavedSegment) -> bool:
        try:
            people = who(segment)
        except Invalid:  # a rule this version cannot read has nobody in it; its own page says what is wrong
            return False
        asked = (SavedMembersParams(people, day) for day in days)
        kept = workspace.analyses.latest(saved_list, *asked, actor=actor)
        return kept is not None and bool(np.isin(customer_id, kept.report.customers.ids()))

    return sorted([*fixed, *(segment for segment in live if meets(segment))], key=lambda segment: segment.name)


def _saved(page: Page, segments: Sequence[SavedSegment]) -> None:
    for segment in segments[:SEGMENTS_SHOWN]:
        name = plain(shortened(segment.name, LONGEST_NAME))
        page.link("saved_segment", name, icon=":material/bookmark:", id=segment.id)
    if len(segments) > SEGMENTS_SHOWN:
        with st.popover(ngettext("{n} more", "{n} more", len(segments) - SEGMENTS_SHOWN), type="tertiary",
                        key="customer_standing_more"):  # fmt: skip
            for segment in segments[SEGMENTS_SHOWN:]:
                page.link("saved_segment", plain(segment.name), icon=":material/bookmark:", id=segment.id)


def _unknown() -> dict[str, str]:
    return {"value": _("Value not known"), "segment": _("Segment not known"), "risk": _("Chance to leave not known")}


def _uncomputed() -> dict[str, str]:
    return {"value": _("Value not computed yet"), "risk": _("Chance to leave not computed yet")}


def _running() -> dict[str, str]:
    return {
        "value": _("Computing value"), "segment": _("Computing segment"), "risk": _("Computing chance to leave"),
    }  # fmt: skip
