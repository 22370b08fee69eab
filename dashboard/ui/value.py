"""The parts of the Value page in words: choices, sentences, what to beware of, how it is computed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import streamlit as st

from crm_core.analytics.differences import Interval
from crm_core.analytics.maximum_likelihood import Estimate
from crm_core.analytics.value import ValueParams
from crm_core.analytics.value_groups import BANDS
from crm_core.analytics.value_report import ValueReport
from crm_core.db.models import SegmentKind
from crm_core.formats import NO_DATA
from dashboard.i18n import _, fmt, joined, ngettext
from dashboard.ui.page import Page
from dashboard.ui.periods import Span
from dashboard.ui.plain import plain
from dashboard.ui.save_segment import save_as_segment

HORIZONS = (30, 91, 182, 365)
RATES = ("0", "5", "10", "15", "20")
BAND_NAMES = dict(zip(("high", "middle", "low"), BANDS, strict=True))


def params(page: Page, span: Span, as_of: date) -> ValueParams:
    """What to forecast; horizons longer than the history are not offered."""
    history = (as_of - span.first).days + 1
    horizons = [days for days in HORIZONS if days <= history] or [HORIZONS[0]]
    options = {str(days): horizon_name(days) for days in horizons}
    horizon = page.choice(
        "horizon", _("Look ahead"), options, default=str(longest_horizon(history)), kind="select", width=150
    )
    rates = {rate: fmt().percent(int(rate) / 100, 0) for rate in RATES}
    rate = page.choice("discount", _("Discount rate per year"), rates, default="10", kind="select", width=170)
    return ValueParams(as_of, int(horizon), discount_rate=int(rate) / 100)


def longest_horizon(history: int) -> int:
    """The longest of the horizons that a history of so many days can carry."""
    return max((days for days in HORIZONS if days <= history), default=HORIZONS[0])


def horizon_name(days: int) -> str:
    """A horizon as people say it."""
    return {30: _("30 days"), 91: _("3 months"), 182: _("6 months"), 365: _("12 months")}[days]


def groupings(report: ValueReport) -> dict[str, str]:
    units = {"month": _("Month of first purchase"), "quarter": _("Quarter of first purchase")}
    cohort = units.get(report.cohort_unit, _("Year of first purchase"))
    return {"band": _("Value band"), "cohort": cohort, "channel": _("Channel of first purchase")}


def bands() -> dict[str, str]:
    """The bands by their code, and everyone."""
    return {code: _(name) for code, name in BAND_NAMES.items()} | {"all": _("All customers")}


def orders() -> dict[str, str]:
    """What the list of customers can be sorted by."""
    return {"value": _("Expected value"), "purchases": _("Expected purchases")}


def save_band(params: ValueParams, band: str) -> Callable[[], None] | None:
    """What draws the button that keeps a band as a segment; None for everyone."""
    if band not in BAND_NAMES:
        return None
    name, horizon = BAND_NAMES[band], str(params.horizon_days)
    return lambda: save_as_segment(
        f"value.{horizon}.{band}",
        name=_("{band}, {horizon}", band=_(name), horizon=horizon_name(params.horizon_days)),
        kind=SegmentKind.MODEL,
        definition={"all": [{"is": "value_band", "bands": [name], "horizon": horizon}]},
    )


def sentence(report: ValueReport) -> str:
    """How much is to come, and how sure that is."""
    text = _(
        "In the next {horizon}, {n} customers are expected to buy {purchases} times and to spend {value}.",
        horizon=horizon_name(report.horizon_days),
        n=fmt().number(report.n_customers),
        purchases=fmt().number(report.expected_purchases, 0),
        value=fmt().money(report.expected_value, compact=True),
    )
    return plain(text)


def concentration(report: ValueReport) -> str:
    """The interval, today's worth, and how few bring half of it."""
    high = report.bands.iloc[0]
    half = ngettext(
        "{n} customer ({share}) brings half of it.",
        "{n} customers ({share}) bring half of it.",
        int(high["customers"]),
        share=fmt().percent(float(high["share"])),
    )
    today = _(
        "Discounted at {rate} a year it is worth {value} today.",
        rate=fmt().percent(report.discount_rate, 0),
        value=fmt().money(report.present_value, compact=True),
    )
    return plain(joined(_interval(report), half, today if report.discount_rate else ""))


def _interval(report: ValueReport) -> str:
    if report.value_low is None or report.value_high is None:
        return _("Spend varies too widely for an interval.")
    return _(
        "95 times in 100, if the model holds, between {low} and {high}.",
        low=fmt().money(report.value_low, compact=True),
        high=fmt().money(report.value_high, compact=True),
    )


def check(report: ValueReport) -> str:
    """What such a forecast was worth on what then happened."""
    holdout = report.holdout
    foresaw = _(
        "A forecast made on {day} expected {predicted} purchases by {last} and {actual} came ({error}).",
        day=fmt().date(holdout.calibration_end),
        last=fmt().date(holdout.last_on),
        predicted=fmt().number(holdout.predicted, 0),
        actual=fmt().number(holdout.actual),
        error=fmt().percent(holdout.actual / holdout.predicted - 1, signed=True),
    )
    return f"**{_('Would it have been right?')}** {plain(foresaw)}"


def by_frequency(report: ValueReport) -> str:
    """Whether it knew who, beside the plain baseline."""
    if report.holdout.beats_baseline:
        knew = _("Customer by customer it was clearly nearer than letting everyone go on at their rate so far.")
    else:
        knew = _("Customer by customer it was not clearly nearer than letting everyone go on at their rate so far.")
    return f"**{_('Did it know who?')}** {plain(knew)}"


def warnings(report: ValueReport) -> None:
    """What a reader must know before acting on the figures."""
    holdout, found = report.holdout, report.association
    if not holdout.low <= holdout.actual <= holdout.high:
        missed = _(
            "The last forecast missed: {actual} purchases lie outside its interval, {low} to {high}. Take the "
            "intervals here as too narrow.",
            actual=fmt().number(holdout.actual),
            low=fmt().number(holdout.low, 0),
            high=fmt().number(holdout.high, 0),
        )
        st.warning(plain(missed), icon=":material/warning:")
    if found.is_clear:
        dependent = _(
            "Here those who buy more often spend differently (rank correlation {rho}), which Gamma-Gamma takes not to "
            "be so: expected purchases hold, expected value may be off for frequent and for rare buyers.",
            rho=fmt().number(found.correlation, 2),
        )
        st.warning(plain(dependent), icon=":material/warning:")


def method(report: ValueReport) -> list[str]:
    """Definitions, parameters, the check with its figures, and the caveats."""
    bgnbd, spend, found = report.model.purchases, report.model.spend, report.association
    return [
        _(
            "A purchase is a day with a sale, worth its net sales. BG/NBD (Fader, Hardie & Lee 2005) gives expected "
            "purchases, Gamma-Gamma (Fader & Hardie 2013) expected spend a purchase. Both are fitted by maximum "
            "likelihood to the {n} customers with a purchase from {first} to {day}, {repeat} of whom came back. "
            "Nothing after that day counts.",
            n=fmt().number(report.n_customers),
            first=fmt().date(report.first_on),
            day=fmt().date(report.as_of),
            repeat=fmt().number(bgnbd.n_repeat_buyers),
        ),
        _parameters(("r", "α", "a", "b"), bgnbd.estimate) + " · " + _parameters(("p", "q", "v"), spend.estimate),
        _check_table(report),
        active_caveat(),
        _(
            "Intervals hold chance and what is not known of the parameters, and take the models to be right. Frequency "
            "and spend should be independent: their rank correlation is {rho} ({low} to {high}). Discounts are taken "
            "off; refunds booked later are not: they took {refunds} of sales so far.",
            rho=fmt().number(found.correlation, 2),
            low=fmt().number(found.low, 2),
            high=fmt().number(found.high, 2),
            refunds=fmt().percent(report.refund_share),
        ),
        _(
            "Bands: high value are the customers who together bring the first half of expected value, middle value "
            "those who bring the next three tenths, low value the rest."
        ),
    ]


def _check_table(report: ValueReport) -> str:
    """The hold-out period's figures, as a table."""
    holdout, number, money = report.holdout, fmt().number, fmt().money
    period = _(
        "{first} to {last}",
        first=fmt().date(holdout.calibration_end + timedelta(days=1)),
        last=fmt().date(holdout.last_on),
    )
    expected = f"{number(holdout.predicted, 0)} ({number(holdout.low, 0)} – {number(holdout.high, 0)})"
    rows = [
        (period, _("Bought"), _("Expected"), _("At their rate so far")),
        ("---", "--:", "--:", "--:"),
        (_("Purchases"), number(holdout.actual), expected, number(holdout.baseline, 0)),
        (
            _("Spend"),
            plain(money(holdout.actual_value, compact=True)),
            plain(money(holdout.predicted_value, compact=True)),
            "",
        ),
        (_("Mean squared error a customer"), "", _between(holdout.error, 2), _between(holdout.baseline_error, 2)),
        (
            _(
                "Tells who buys at all (AUC; time since the last purchase alone: {auc})",
                auc=_between(holdout.recency_auc, 3),
            ),
            "",
            _between(holdout.auc, 3),
            "",
        ),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _between(measure: Interval | None, digits: int) -> str:
    """A measure with its 95 % interval."""
    if measure is None:
        return NO_DATA
    low, high = fmt().number(measure.low, digits), fmt().number(measure.high, digits)
    return f"{fmt().number(measure.value, digits)} ({low} – {high})"


def active_caveat() -> str:
    """What the chance that a customer is active can and cannot say."""
    return _(
        "“Active” is the model's chance that a customer has not stopped for good. It is 100% for everyone who bought "
        "once, because the model lets customers stop only after a repeat purchase: rank by expected purchases instead."
    )


def _parameters(names: tuple[str, ...], estimate: Estimate) -> str:
    """Each parameter with its 95 % interval."""
    said = []
    for name, number, ends in zip(names, estimate.values, estimate.intervals(), strict=True):
        low, high = (None, None) if ends is None else ends
        known = _("not determined") if ends is None else f"{fmt().number(low, 3)} – {fmt().number(high, 3)}"
        said.append(f"{name} {fmt().number(number, 3)} ({known})")
    return ", ".join(said)
