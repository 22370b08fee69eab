"""The forecast of a purchase log put together: models, their check on later purchases, totals and groups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd

from crm_core.analytics import gamma_gamma, value_model
from crm_core.analytics.gamma_gamma import Association
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.purchase_log import Histories, Ints, PurchaseLog, day_number, day_of, histories
from crm_core.analytics.value_groups import (
    BANDS,
    CohortUnit,
    banded,
    cohort_starts,
    cohort_unit,
    grouped_value,
)
from crm_core.analytics.value_holdout import Holdout, hold_out, in_money
from crm_core.analytics.value_model import Forecast, Unit, ValueModel
from crm_core.db.types import from_e4
from crm_core.errors import AnalysisRefused
from crm_core.translation import N_


@dataclass(frozen=True)
class Outlook:
    """How far to look ahead, in which unit of time, and how money to come is discounted, as a share a year."""

    horizon_days: int
    unit: Unit
    discount_rate: float


@dataclass(frozen=True)
class ValueReport:
    """What all customers with a purchase up to `as_of` are expected to buy and spend within the horizon.

    expected_purchases, purchases_low, purchases_high: their purchases with the 95 % interval.
    expected_value, value_low, value_high: their spend; no interval where spend varies too widely for one.
    present_value: the same, each purchase discounted by when it is made.
    refund_share: refunds booked apart from the order, as a share of sales so far; the forecast does not take them off.
    association: of how often and how much, which Gamma-Gamma takes to be independent.
    bands: band (BANDS, highest first), from_value (the least expected value in it), and the columns below.
    cohorts: cohort (first day of the month, quarter or year of the first purchase, see `cohort_unit`), and below.
    channels: channel (of the first order; None: unknown), and below.
        customers, share, sales (so far, exact), purchases, purchases_low, purchases_high, value, value_low, value_high
        (Decimals; None without interval), value_share, value_per_customer.
    """

    as_of: date
    horizon_days: int
    unit: Unit
    discount_rate: float
    first_on: date
    n_customers: int
    model: ValueModel
    association: Association
    expected_purchases: float
    purchases_low: float
    purchases_high: float
    expected_value: Decimal
    value_low: Decimal | None
    value_high: Decimal | None
    present_value: Decimal
    refund_share: float | None
    cohort_unit: str
    holdout: Holdout
    bands: pd.DataFrame
    cohorts: pd.DataFrame
    channels: pd.DataFrame


def assessed(
    log: PurchaseLog,
    as_of: date,
    outlook: Outlook,
    *,
    holdout_until: date | None = None,
    channels: tuple[list[str | None], Ints] | None = None,
    refund_share: float | None = None,
    progress: Progress = silent,
) -> ValueReport:
    """The report of the purchases up to and with `as_of`.

    Args:
        holdout_until: check the models themselves on the purchases after `as_of` up to this day; else, models fitted
            before the last stretch of the history are checked on it.
        channels: the channels, and which is each of the log's customers', as a position among them.

    Raises:
        AnalysisRefused: no sale, all of them on one day, a horizon longer than the history, too few purchases, or data
            that do not determine the models.
    """
    end = day_number(as_of)
    require_history(log, as_of, outlook.horizon_days)
    progress(0.1, N_("Fitting the models"))
    known = histories(log, end)
    model = value_model.fit(known, outlook.unit)
    progress(0.3, N_("Checking them on later purchases"))
    if holdout_until is not None:
        holdout = hold_out(log, model, known, end, day_number(holdout_until))
    else:
        holdout = _looking_back(log, end, outlook)
    progress(0.6, N_("Forecasting"))
    ahead = value_model.forecast(model, known, outlook.horizon_days, discount_rate=outlook.discount_rate)
    everyone = value_model.summed(model, ahead, np.zeros(len(known), dtype=np.int64), 1)
    low, high = float(everyone.value_low[0]), float(everyone.value_high[0])
    has_paid = known.mean_spend > 0
    progress(0.9, N_("Adding up groups"))
    unit = cohort_unit(end - log.first_day)
    return ValueReport(
        as_of=as_of,
        horizon_days=outlook.horizon_days,
        unit=outlook.unit,
        discount_rate=outlook.discount_rate,
        first_on=day_of(log.first_day),
        n_customers=len(known),
        model=model,
        association=gamma_gamma.association(known.x[has_paid], known.mean_spend[has_paid]),
        expected_purchases=float(everyone.purchases[0]),
        purchases_low=float(everyone.purchases_low[0]),
        purchases_high=float(everyone.purchases_high[0]),
        expected_value=from_e4(int(ahead.value_e4.sum())),
        value_low=None if np.isnan(low) else in_money(low),
        value_high=None if np.isnan(high) else in_money(high),
        present_value=in_money(float(ahead.present_value.sum())),
        refund_share=refund_share,
        cohort_unit=unit,
        holdout=holdout,
        bands=_bands(model, known, ahead),
        cohorts=_cohorts(model, known, ahead, unit),
        channels=_channels(model, known, ahead, channels),
    )


def require_history(log: PurchaseLog, as_of: date, horizon_days: int) -> None:
    """Raise AnalysisRefused unless there are purchases up to the day, on several days, over at least the horizon."""
    days = log.day[log.day <= day_number(as_of)]
    if not len(days):
        raise AnalysisRefused("There is no sale to a known customer up to {as_of}.", as_of=as_of)
    first, last = day_of(int(days.min())), day_of(int(days.max()))
    if first == last:
        raise AnalysisRefused(
            "All sales up to {as_of} fall on one day, {day}; nobody had time to return.", as_of=as_of, day=first
        )
    history = (as_of - first).days + 1
    if horizon_days > history:
        raise AnalysisRefused(
            "A horizon of {horizon} days is longer than the history of {history} days, from {first} to {as_of}. "
            "Choose a shorter one.",
            horizon=horizon_days,
            history=history,
            first=first,
            as_of=as_of,
        )


def _looking_back(log: PurchaseLog, end: int, outlook: Outlook) -> Holdout:
    start = end - min(outlook.horizon_days, (end - log.first_day) // 2)
    known = histories(log, start)
    try:
        model = value_model.fit(known, outlook.unit)
    except AnalysisRefused as error:
        raise AnalysisRefused(
            "Too little was bought up to {day} to make a forecast then and check it on what was bought later.",
            day=day_of(start),
        ) from error
    return hold_out(log, model, known, start, end)


def _bands(model: ValueModel, known: Histories, ahead: Forecast) -> pd.DataFrame:
    band = banded(ahead)
    frame = grouped_value(model, known, ahead, band, len(BANDS))
    least = [from_e4(int(ahead.value_e4[band == i].min(initial=2**62))) for i in range(len(BANDS))]
    frame.insert(0, "band", pd.Series(list(BANDS), dtype="str"))
    frame.insert(1, "from_value", pd.Series(least, dtype=object))
    return frame[frame["customers"] > 0].reset_index(drop=True)


def _cohorts(model: ValueModel, known: Histories, ahead: Forecast, unit: CohortUnit) -> pd.DataFrame:
    starts, which = cohort_starts(known, unit)
    frame = grouped_value(model, known, ahead, which, len(starts))
    frame.insert(0, "cohort", pd.Series(starts, dtype=object))
    return frame


def _channels(
    model: ValueModel, known: Histories, ahead: Forecast, channels: tuple[list[str | None], Ints] | None
) -> pd.DataFrame:
    names, which = channels if channels is not None else ([None], np.zeros(int(known.owner.max()) + 1, dtype=np.int64))
    frame = grouped_value(model, known, ahead, which[known.owner], len(names))
    frame.insert(0, "channel", pd.Series(names, dtype=object))
    return frame.sort_values("value", ascending=False, kind="stable").reset_index(drop=True)
