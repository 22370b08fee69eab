"""The customers of a saved segment: how many, on which day, and who."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_core.access import Permission
from crm_core.analytics.customer_lists import CustomerList
from crm_core.analytics.membership import Who
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.purchases import require_day, with_names
from crm_core.analytics.registry import analysis
from crm_core.analytics.segment_rules import Ground, Ids
from crm_core.errors import AnalysisRefused, FieldError, Invalid
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

MOST_DAYS = 36


@dataclass(frozen=True)
class SavedMembersParams:
    """Whom to list, as of which day; what they bought counts up to that day, itself included."""

    who: Who
    as_of: date

    def __post_init__(self) -> None:
        require_day(self.as_of)


@dataclass(frozen=True)
class SavedMembersReport:
    """The customers, by sales: customer_id, ref, name, email, country, recency_days (missing without a sale), frequency
    (orders with a sale), monetary_e4 (net sales in ten-thousandths)."""

    members: pd.DataFrame


@dataclass(frozen=True)
class SavedListReport:
    """The customers as a list that other analyses take as a parameter."""

    customers: CustomerList


@dataclass(frozen=True)
class SavedSizesParams:
    """Whom to count, on which days."""

    who: Who
    days: tuple[date, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.days) <= MOST_DAYS:
            raise Invalid({"days": FieldError("Choose 1 to {most} days.", {"most": MOST_DAYS})})
        for day in self.days:
            require_day(day)


@dataclass(frozen=True)
class SavedSizesReport:
    """How many customers there are in all, and sizes: day, customers."""

    everybody: int
    sizes: pd.DataFrame


@dataclass(frozen=True)
class SavedCountsParams:
    """Whom to count, each by itself, as of which day."""

    segments: tuple[Who, ...]
    as_of: date

    def __post_init__(self) -> None:
        require_day(self.as_of)


@dataclass(frozen=True)
class SavedCountsReport:
    """How many customers each has, in the order asked for; None where a model its rule asks for is refused.

    reasons: the refusals, each once.
    """

    customers: tuple[int | None, ...]
    reasons: tuple[FieldError, ...] = ()


@analysis(
    "saved_members",
    reads=("customers", "products", "orders", "order_lines"),
    permission=Permission.SEGMENTS_VIEW,
    lists_people=True,
)
def saved_members(tables: Tables, params: SavedMembersParams, progress: Progress = silent) -> SavedMembersReport:
    """The customers of a saved segment with what they bought, those without a sale last."""
    progress(0.0, N_("Following customers"))
    ground = Ground(tables, params.as_of)
    members = what_they_bought(ground, params.who.members(ground))
    best_first = members.sort_values(["monetary_e4", "frequency", "customer_id"], ascending=[False, False, True])
    return SavedMembersReport(with_names(tables, best_first))


@analysis(
    "saved_list",
    reads=("customers", "products", "orders", "order_lines"),
    permission=Permission.SEGMENTS_VIEW,
    lists_people=True,
)
def saved_list(tables: Tables, params: SavedMembersParams, progress: Progress = silent) -> SavedListReport:
    """Who belongs to a saved segment on a day."""
    progress(0.0, N_("Following customers"))
    return SavedListReport(CustomerList.of(params.who.members(Ground(tables, params.as_of))))


@analysis("saved_sizes", reads=("customers", "products", "orders", "order_lines"), permission=Permission.SEGMENTS_VIEW)
def saved_sizes(tables: Tables, params: SavedSizesParams, progress: Progress = silent) -> SavedSizesReport:
    """How many customers a saved segment has on each day.

    Orders count up to the day; what a customer's record says is what it says now, as the snapshot holds no past of it.
    """
    sizes = []
    for number, day in enumerate(params.days):
        progress(number / len(params.days), N_("Counting customers"))
        ground = Ground(tables, day)
        sizes.append(len(params.who.members(ground)))
    frame = pd.DataFrame({"day": pd.Series(list(params.days), dtype=object), "customers": sizes})
    return SavedSizesReport(len(ground.customers), frame)


@analysis("saved_counts", reads=("customers", "products", "orders", "order_lines"), permission=Permission.SEGMENTS_VIEW)
def saved_counts(tables: Tables, params: SavedCountsParams, progress: Progress = silent) -> SavedCountsReport:
    """How many customers each of several saved segments has."""
    ground = Ground(tables, params.as_of)
    counts: list[int | None] = []
    reasons: list[FieldError] = []
    for number, who in enumerate(params.segments):
        progress(number / len(params.segments), N_("Counting customers"))
        try:
            counts.append(len(who.members(ground)))
        except AnalysisRefused as refused:  # of one segment; the others have their counts
            counts.append(None)
            reasons.append(FieldError(refused.template, refused.params))
    return SavedCountsReport(tuple(counts), tuple({str(reason): reason for reason in reasons}.values()))


def what_they_bought(ground: Ground, ids: Ids) -> pd.DataFrame:
    """One row a customer, in their order: customer_id, recency_days and tenure_days (missing without a sale),
    frequency, monetary_e4."""
    bought = ground.bought(None).set_index("customer_id").reindex(ids)
    day = pd.Timestamp(ground.as_of)
    since = {
        name: (day - pd.to_datetime(bought[column])).dt.days.astype("Int64").array
        for name, column in (("recency_days", "last_on"), ("tenure_days", "first_on"))
    }
    counts = {
        name: bought[column].fillna(0).astype(np.int64).to_numpy()
        for name, column in (("frequency", "orders"), ("monetary_e4", "net_e4"))
    }
    return pd.DataFrame({"customer_id": ids, **since, **counts})
