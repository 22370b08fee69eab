"""What each customer is expected to buy and spend: BG/NBD and Gamma-Gamma, and how right they have been.

A purchase is a local day with a sale; it is worth the net sales of that day's orders, discounts and refunds within the
same order taken off. Only purchases up to and with the day `as_of` exist.

The forecast comes from models fitted to everything up to `as_of`. They are checked by others, fitted to what came
before a hold-out period at the end that is as long as the horizon, but no longer than half the history.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_core.access import Permission
from crm_core.analytics import value_model
from crm_core.analytics.maximum_likelihood import Floats
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.progress import within as part_of
from crm_core.analytics.purchase_log import (
    Histories,
    Ints,
    PurchaseLog,
    chosen,
    day_number,
    day_of,
    histories,
    purchase_log,
)
from crm_core.analytics.purchases import require_day, with_names
from crm_core.analytics.registry import analysis
from crm_core.analytics.value_groups import BANDS, acquisition_channels, banded, channels_of, refund_share
from crm_core.analytics.value_holdout import in_money
from crm_core.analytics.value_intervals import bounds
from crm_core.analytics.value_model import Forecast, Unit, ValueModel
from crm_core.analytics.value_report import Outlook, ValueReport, assessed, require_history
from crm_core.db.types import from_e4
from crm_core.errors import AnalysisRefused, FieldError, Invalid
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

LONGEST_DAYS = 3 * 366
MOST_BOUNDED = 20_000
"""The list gives intervals to so many customers, those of highest expected value."""


@dataclass(frozen=True)
class ValueParams:
    """The day up to which purchases count, itself included; how many days ahead to look; the models' unit of time; and
    by how much a year money is discounted, as a share.

    Raises:
        Invalid: a day outside the years 1900 to 2199, a horizon outside 1 day to three years, an unknown unit, or a
            discount rate outside 0 to 1.
    """

    as_of: date
    horizon_days: int = 365
    unit: Unit = "week"
    discount_rate: float = 0.1

    def __post_init__(self) -> None:
        require_day(self.as_of)
        if not 1 <= self.horizon_days <= LONGEST_DAYS:
            problem = FieldError(
                "A horizon of {days} days is not possible; choose between 1 and {most}.",
                {"days": self.horizon_days, "most": LONGEST_DAYS},
            )
            raise Invalid({"horizon": problem})
        if self.unit not in value_model.DAYS:
            raise Invalid({"unit": FieldError("The unit is 'week' or 'day', not '{unit}'.", {"unit": self.unit})})
        if not 0 <= self.discount_rate <= 1:
            problem = FieldError(
                "A discount rate of {rate} a year is not possible; choose between 0 and 1.",
                {"rate": self.discount_rate},
            )
            raise Invalid({"discount_rate": problem})


@dataclass(frozen=True)
class ValueMembersParams:
    """As ValueParams, and whom to list: one of the bands, or everyone.

    Raises:
        Invalid: as ValueParams, or there is no such band.
    """

    as_of: date
    horizon_days: int = 365
    unit: Unit = "week"
    discount_rate: float = 0.1
    band: str | None = None

    def __post_init__(self) -> None:
        ValueParams(self.as_of, self.horizon_days, self.unit, self.discount_rate)
        if self.band is not None and self.band not in BANDS:
            raise Invalid({"band": FieldError("There is no value band '{name}'.", {"name": self.band})})


@dataclass(frozen=True)
class ValueMembersReport:
    """The customers, those of highest expected value first.

    members: customer_id, ref, name, email, country, band, last_on (of the last purchase), purchases_so_far, spent_e4
        (so far), p_alive, purchases (expected), purchases_low, purchases_high, spend_e4 (expected a purchase),
        value_e4 (expected), value_low_e4, value_high_e4, present_value_e4. Money in ten-thousandths; bounds are
        missing beyond the first 20,000.
    """

    members: pd.DataFrame


@dataclass(frozen=True)
class CustomerValueParams:
    """One customer, and the models to look at them with, as a ValueReport holds them.

    Raises:
        Invalid: as ValueParams.
    """

    customer_id: int
    as_of: date
    model: ValueModel
    horizon_days: int = 365
    discount_rate: float = 0.1

    def __post_init__(self) -> None:
        ValueParams(self.as_of, self.horizon_days, self.model.unit, self.discount_rate)


@dataclass(frozen=True)
class CustomerValueReport:
    """What one customer is expected to buy and spend; bounds are 95 % intervals of what will happen."""

    purchases_so_far: int
    first_on: date
    last_on: date
    spent: Decimal
    p_alive: float
    purchases: float
    purchases_low: int
    purchases_high: int
    spend: Decimal
    value: Decimal
    value_low: Decimal
    value_high: Decimal
    present_value: Decimal


@analysis("value", reads=("orders", "order_lines"), permission=Permission.SEGMENTS_VIEW, is_long=True)
def value(tables: Tables, params: ValueParams, progress: Progress = silent) -> ValueReport:
    """Expected purchases and value of known customers who bought on or before `as_of`, checked on a hold-out period.

    Raises:
        AnalysisRefused: see `value_report.assessed`.
    """
    progress(0.0, N_("Following customers"))
    log = purchase_log(tables, params.as_of)
    require_history(log, params.as_of, params.horizon_days)
    return assessed(
        log,
        params.as_of,
        Outlook(params.horizon_days, params.unit, params.discount_rate),
        channels=channels_of(log.customers, acquisition_channels(tables, params.as_of)),
        refund_share=refund_share(tables, params.as_of),
        progress=progress,
    )


@analysis(
    "value_members",
    reads=("orders", "order_lines", "customers"),
    permission=Permission.SEGMENTS_VIEW,
    is_long=True,
    lists_people=True,
)
def value_members(tables: Tables, params: ValueMembersParams, progress: Progress = silent) -> ValueMembersReport:
    """The customers of a value band, or all, each with expected purchases and value; the same ones the report counted.

    Raises:
        AnalysisRefused: too few purchases, or data that do not determine the models.
    """
    progress(0.0, N_("Following customers"))
    log = purchase_log(tables, params.as_of)
    progress(0.1, N_("Fitting the models"))
    model, known, ahead = _forecast(log, params)
    worth, band = ahead.value_e4, banded(ahead)
    order = np.argsort(-worth, kind="stable")
    if params.band is not None:
        order = order[band[order] == list(BANDS).index(params.band)]
    bounded = order[:MOST_BOUNDED]
    found = bounds(model, chosen(known, bounded), params.horizon_days, part_of(progress, 0.3, 0.9))
    rest = [None] * (len(order) - len(bounded))
    names = list(BANDS)
    members = pd.DataFrame(
        {
            "customer_id": log.customers[known.owner[order]],
            "band": pd.Series([names[i] for i in band[order]], dtype="str"),
            "last_on": pd.Series([day_of(int(day)) for day in (known.first + known.t_x)[order]], dtype=object),
            "purchases_so_far": (known.x[order] + 1).astype(np.int64),
            "spent_e4": known.spent_e4[order],
            "p_alive": ahead.p_alive[order],
            "purchases": ahead.purchases[order],
            "purchases_low": pd.array([*found.purchases_low.tolist(), *rest], dtype="Int64"),
            "purchases_high": pd.array([*found.purchases_high.tolist(), *rest], dtype="Int64"),
            "spend_e4": _e4(ahead.spend[order]),
            "value_e4": worth[order],
            "value_low_e4": pd.array([*_e4(found.value_low).tolist(), *rest], dtype="Int64"),
            "value_high_e4": pd.array([*_e4(found.value_high).tolist(), *rest], dtype="Int64"),
            "present_value_e4": _e4(ahead.present_value[order]),
        }
    )
    progress(0.9, N_("Looking up names"))
    return ValueMembersReport(with_names(tables, members))


def value_bands(tables: Tables, params: ValueParams) -> pd.DataFrame:
    """The value band of each customer, the same as in the report: customer_id, band (a name of BANDS).

    Raises:
        AnalysisRefused: too few purchases, or data that do not determine the models.
    """
    log = purchase_log(tables, params.as_of)
    _model, known, ahead = _forecast(log, params)
    names = np.array(list(BANDS))
    return pd.DataFrame({"customer_id": log.customers[known.owner], "band": names[banded(ahead)]})


def _forecast(log: PurchaseLog, params: ValueParams | ValueMembersParams) -> tuple[ValueModel, Histories, Forecast]:
    """The models of all customers, their histories, and what is expected of each."""
    require_history(log, params.as_of, params.horizon_days)
    known = histories(log, day_number(params.as_of))
    model = value_model.fit(known, params.unit)
    ahead = value_model.forecast(model, known, params.horizon_days, discount_rate=params.discount_rate)
    return model, known, ahead


@analysis("customer_value", reads=("orders", "order_lines"), permission=Permission.SEGMENTS_VIEW, is_long=True)
def customer_value(tables: Tables, params: CustomerValueParams, progress: Progress = silent) -> CustomerValueReport:
    """What one customer is expected to buy and spend, by models fitted before.

    Raises:
        AnalysisRefused: the customer had not bought by that day.
    """
    progress(0.0, N_("Following customers"))
    log = purchase_log(tables, params.as_of, customer_id=params.customer_id)
    if not len(log.customers):
        raise AnalysisRefused("This customer had not bought anything by {as_of}.", as_of=params.as_of)
    known = histories(log, day_number(params.as_of))
    ahead = value_model.forecast(params.model, known, params.horizon_days, discount_rate=params.discount_rate)
    found = bounds(params.model, known, params.horizon_days)
    return CustomerValueReport(
        purchases_so_far=int(known.x[0]) + 1,
        first_on=day_of(int(known.first[0])),
        last_on=day_of(int(known.first[0] + known.t_x[0])),
        spent=from_e4(int(known.spent_e4[0])),
        p_alive=float(ahead.p_alive[0]),
        purchases=float(ahead.purchases[0]),
        purchases_low=int(found.purchases_low[0]),
        purchases_high=int(found.purchases_high[0]),
        spend=in_money(float(ahead.spend[0])),
        value=from_e4(int(ahead.value_e4[0])),
        value_low=in_money(float(found.value_low[0])),
        value_high=in_money(float(found.value_high[0])),
        present_value=in_money(float(ahead.present_value[0])),
    )


def _e4(amounts: Floats) -> Ints:
    return np.rint(amounts * 10_000).astype(np.int64)
