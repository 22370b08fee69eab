"""What sets the customers of a segment apart from everybody else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import pandas as pd

from crm_core.access import Permission
from crm_core.analytics import sales
from crm_core.analytics.differences import Interval, mean_gap, share_gap
from crm_core.analytics.measures import collected
from crm_core.analytics.membership import Who
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.purchases import require_day
from crm_core.analytics.registry import analysis
from crm_core.analytics.saved_members import what_they_bought
from crm_core.analytics.segment_rules import Ground, Ids
from crm_core.errors import AnalysisRefused
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

FEWEST = 10
"""Fewer members, or fewer others, say nothing."""
MOST_VALUES = 8
MEASURES = ("recency", "frequency", "monetary", "tenure", "order_value")


@dataclass(frozen=True)
class SegmentProfileParams:
    """Whom to set against everybody else, as of which day."""

    who: Who
    as_of: date

    def __post_init__(self) -> None:
        require_day(self.as_of)


@dataclass(frozen=True)
class SegmentProfileReport:
    """How members differ from the others, the clearest difference first.

    members, others: customers on each side.
    differences: feature (recency, frequency, monetary, tenure, order_value, buyer, consent, country, category), value
        (the country or category, else None), inside and outside (the median of a measure, a share otherwise), effect,
        low, high (standardised, with its 95 % interval; see `differences`).
    """

    members: int
    others: int
    differences: pd.DataFrame


@analysis(
    "segment_profile", reads=("customers", "products", "orders", "order_lines"), permission=Permission.SEGMENTS_VIEW
)
def segment_profile(tables: Tables, params: SegmentProfileParams, progress: Progress = silent) -> SegmentProfileReport:
    """How the customers of a segment differ from everybody else, feature by feature.

    Measures are compared among those with a sale, on a logarithmic scale; shares among all.

    Raises:
        AnalysisRefused: fewer than 10 members or 10 others.
    """
    progress(0.0, N_("Following customers"))
    ground = Ground(tables, params.as_of)
    members = params.who.members(ground)
    others = np.setdiff1d(ground.customers, members, assume_unique=True)
    if min(len(members), len(others)) < FEWEST:
        raise AnalysisRefused(
            "What sets a segment apart can be said with at least {fewest} members and as many others; there are "
            "{members} and {others}.",
            fewest=FEWEST,
            members=len(members),
            others=len(others),
        )
    progress(0.4, N_("Comparing with everybody else"))
    rows = [*_measures(ground, members, others), *_shares(ground, members, others)]
    frame = pd.DataFrame(rows, columns=["feature", "value", "inside", "outside", "effect", "low", "high"])
    frame["value"] = frame["value"].astype(object).where(frame["value"].notna(), None)
    clearest = frame["effect"].abs().sort_values(ascending=False, kind="stable").index
    return SegmentProfileReport(len(members), len(others), frame.loc[clearest].reset_index(drop=True))


Row = tuple[str, str | None, float, float, float, float, float]


def _row(feature: str, value: str | None, inside: float, outside: float, gap: Interval | None) -> Iterator[Row]:
    if gap is not None:
        yield feature, value, inside, outside, gap.value, gap.low, gap.high


def _measures(ground: Ground, members: Ids, others: Ids) -> Iterator[Row]:
    sides = [_measured(what_they_bought(ground, ids)) for ids in (members, others)]
    if any(side.empty for side in sides):
        return
    for name in MEASURES:
        inside, outside = (side[name].to_numpy(dtype=np.float64) for side in sides)
        gap = mean_gap(np.log1p(np.clip(inside, 0, None)), np.log1p(np.clip(outside, 0, None)))
        yield from _row(name, None, float(np.median(inside)), float(np.median(outside)), gap)


def _measured(bought: pd.DataFrame) -> pd.DataFrame:
    sold = bought[bought["frequency"] > 0]
    money = sold["monetary_e4"] / 10_000
    return pd.DataFrame(
        {
            "recency": sold["recency_days"],
            "frequency": sold["frequency"],
            "monetary": money,
            "tenure": sold["tenure_days"],
            "order_value": money / sold["frequency"],
        }
    )


def _shares(ground: Ground, members: Ids, others: Ids) -> Iterator[Row]:
    people = collected(ground.tables.customers.select("id", "country", "has_marketing_consent"))
    bought = ground.bought(None)
    groups: list[tuple[str, Any, Ids]] = [
        ("buyer", None, bought.loc[bought["orders"] > 0, "customer_id"].to_numpy()),
        ("consent", None, people.loc[people["has_marketing_consent"].eq(True), "id"].to_numpy()),
    ]
    for country in people["country"].value_counts().index[:MOST_VALUES]:
        groups.append(("country", country, people.loc[people["country"] == country, "id"].to_numpy()))
    categories = _buyers_by_category(ground)
    for category in categories["category"].value_counts().index[:MOST_VALUES]:
        of_category = categories.loc[categories["category"] == category, "customer_id"].to_numpy()
        groups.append(("category", category, of_category))
    n, m = len(members), len(others)
    for feature, value, ids in groups:
        inside, outside = int(np.isin(members, ids).sum()), int(np.isin(others, ids).sum())
        yield from _row(feature, value, inside / n, outside / m, share_gap(inside, n, outside, m))


def _buyers_by_category(ground: Ground) -> pd.DataFrame:
    """Who bought in which category up to the day: customer_id, category, each pair once."""
    tables = ground.tables
    inside = sales.within(ground.window(None), tables.timezone) & ~nw.col("customer_id").is_null()
    orders = tables.orders.filter(inside).select("customer_id", order_id="id")
    products = tables.products.filter(~nw.col("category").is_null()).select("category", product_id="id")
    sold = tables.order_lines.filter(sales.is_sale()).select("order_id", "product_id")
    bought = sold.join(products, on="product_id", how="inner").join(orders, on="order_id", how="inner")
    return collected(bought.select("customer_id", "category").unique().sort("customer_id", "category"))
