"""One customer's inputs to the churn model, and what the score would be if they were others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from crm_core.access import Permission
from crm_core.analytics.bgnbd import BgNbd
from crm_core.analytics.churn_rows import expected_purchases, is_alive
from crm_core.analytics.churn_tables import usual_value
from crm_core.analytics.features import histories
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.registry import analysis

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

CHANGEABLE = ("recency_days", "frequency", "order_value", "discount_share", "refund_share")
"""What may be asked "what if"; what follows from these follows."""


@dataclass(frozen=True)
class ChurnCustomerParams:
    """Whom, and day, horizon, main channel and BG/NBD model of the report the scores come from."""

    customer_id: int
    as_of: date
    horizon: int
    channel: str | None
    expectation: BgNbd | None


@dataclass(frozen=True)
class ChurnCustomerReport:
    """features: the model's inputs, purchase_days and value_e4 (usual net sales within a horizon); one row, or none
    where the customer had bought nothing. is_alive: whether the model speaks of such a customer at all."""

    features: pd.DataFrame
    is_alive: bool


@analysis("churn_customer", reads=("orders", "order_lines", "products"), permission=Permission.SEGMENTS_VIEW)
def churn_customer(tables: Tables, params: ChurnCustomerParams, progress: Progress = silent) -> ChurnCustomerReport:  # noqa: ARG001
    """One customer as the churn model sees them on the day."""
    source = histories(tables, params.as_of, channel=params.channel, customer_id=params.customer_id)
    found = source.features(params.as_of, params.horizon)
    if found.empty:
        return ChurnCustomerReport(found, is_alive=False)
    found["value_e4"] = usual_value(found, params.horizon)
    found["expected"] = float("nan")
    if params.expectation is not None:
        found["expected"] = expected_purchases(params.expectation, found, params.horizon)
    return ChurnCustomerReport(found, is_alive=bool(is_alive(found, params.horizon)[0]))


def what_if(
    features: pd.DataFrame, changes: Mapping[str, float], expectation: BgNbd | None, horizon: int
) -> pd.DataFrame:
    """The inputs of one customer (one row) with some of CHANGEABLE changed, and with what follows from them.

    More or fewer orders are days with a purchase more or fewer within the same time as a customer, at the same spread;
    an order more than one turns a one-time buyer into a repeat buyer. Recency may not exceed the time as a customer.

    Raises:
        ValueError: something that cannot be changed.
    """
    if unknown := set(changes) - set(CHANGEABLE):
        raise ValueError(f"{', '.join(sorted(unknown))} cannot be changed")
    row = features.copy()
    before = row.iloc[0]
    for name, value in changes.items():
        row[name] = float(value)
    row["recency_days"] = row["recency_days"].clip(0, before["tenure_days"])
    more = row["frequency"] - before["frequency"]
    row["purchase_days"] = (before["purchase_days"] + more).clip(lower=1).astype("int64")
    row["recent_orders"] = (before["recent_orders"] + more).clip(lower=0)
    gaps = row["purchase_days"] - 1
    row["is_repeat"] = (gaps > 0).astype("float64")
    row["gap_days"] = ((row["tenure_days"] - row["recency_days"]) / gaps).where(gaps > 0)
    row["overdue"] = row["recency_days"] / row["gap_days"].where(row["gap_days"] > 0)
    if expectation is not None:
        row["expected"] = expected_purchases(expectation, row, horizon)
    return row
