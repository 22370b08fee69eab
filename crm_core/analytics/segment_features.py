"""What customers are compared by when they are parted into groups, and on which scale.

All features are those of `features` and `purchases`, of sales and refunds up to a day. Counts, days and money spread
over orders of magnitude and are compared by their logarithms, shares by the logarithm of their per cent; each is then
scaled to mean 0 and standard deviation 1. Raw money would make a group of one outlier that scores best of all. Whoever
has no value yet (regularity needs three purchase days) counts as average in that feature.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import pandas as pd

from crm_core.analytics.features import histories
from crm_core.analytics.partitions import Points, Row
from crm_core.analytics.purchases import purchases
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

FeatureUnit: TypeAlias = Literal["days", "count", "money", "ratio"]


@dataclass(frozen=True)
class SegmentFeature:
    """One feature: its column among customers, what it is called, and its unit. `is_light`: `purchases` has it."""

    column: str
    label: str
    unit: FeatureUnit
    is_light: bool = False


FEATURES = {
    "recency": SegmentFeature("recency_days", N_("Recency"), "days", is_light=True),
    "frequency": SegmentFeature("frequency", N_("Orders"), "count", is_light=True),
    "monetary": SegmentFeature("monetary", N_("Sales"), "money", is_light=True),
    "tenure": SegmentFeature("tenure_days", N_("Customer for"), "days", is_light=True),
    "order_value": SegmentFeature("order_value", N_("Order value"), "money", is_light=True),
    "regularity": SegmentFeature("gap_spread", N_("Spread of gaps"), "ratio"),
    "products": SegmentFeature("products", N_("Products"), "count"),
    "categories": SegmentFeature("categories", N_("Categories"), "count"),
    "refunds": SegmentFeature("refund_share", N_("Refunds"), "ratio"),
    "discounts": SegmentFeature("discount_share", N_("Discounts"), "ratio"),
}
"""What one can choose from, by name."""

DEFAULT = ("recency", "frequency", "monetary")


@dataclass(frozen=True)
class Scaling:
    """Mean and standard deviation of each feature's logarithm, shape (features,): what makes customers comparable.

    A feature that is the same for everyone has deviation 0 and sets nobody apart.
    """

    means: Row
    deviations: Row

    def points(self, base: pd.DataFrame, features: tuple[str, ...]) -> Points:
        """The customers as points, shape (customers, features)."""
        spread = np.array(self.deviations)
        is_varied = spread > 0
        points = (_logs(base, features) - np.array(self.means)) / np.where(is_varied, spread, 1.0)
        found: Points = np.nan_to_num(points * is_varied)
        return found


def scaling(base: pd.DataFrame, features: tuple[str, ...]) -> Scaling:
    """The scaling that gives these customers mean 0 and standard deviation 1 in each feature."""
    logs = _logs(base, features)
    known = ~np.isnan(logs)
    n = np.maximum(known.sum(axis=0), 1)
    means = np.where(known, logs, 0.0).sum(axis=0) / n
    deviations = np.sqrt((np.where(known, logs - means, 0.0) ** 2).sum(axis=0) / n)
    deviations[deviations < 1e-9] = 0.0
    return Scaling(tuple(means.tolist()), tuple(deviations.tolist()))


def compared_customers(tables: Tables, as_of: date, features: tuple[str, ...]) -> pd.DataFrame:
    """One row per known customer with a sale on or before `as_of`, by customer_id: customer_id, recency_days,
    tenure_days, frequency, monetary_e4 (net, in ten-thousandths), monetary (not below 0, in money), order_value, and
    the columns of the features. Nothing after `as_of` counts."""
    base = purchases(tables, as_of)
    if any(not FEATURES[feature].is_light for feature in features):
        heavy = ["customer_id", *(feature.column for feature in FEATURES.values() if not feature.is_light)]
        more = histories(tables, as_of, channel=None).features(as_of, horizon=1)[heavy]
        base = base.merge(more, on="customer_id", how="left", validate="one_to_one")
    money = base["monetary_e4"].clip(lower=0) / 10_000
    return base.assign(monetary=money, order_value=money / base["frequency"])


def _logs(base: pd.DataFrame, features: tuple[str, ...]) -> Points:
    columns = [base[FEATURES[name].column].to_numpy(np.float64) for name in features]
    per_cent = np.array([100.0 if FEATURES[name].unit == "ratio" else 1.0 for name in features])
    found: Points = np.log1p(np.maximum(np.column_stack(columns) * per_cent, 0.0))
    return found
