"""What is bought together: association rules over orders, each looked up again on later baskets.

Rules are mined on all baskets of the period. The last part of them in time is the hold-out: a rule *holds* if the
earlier baskets alone give it too, it says more than every more general rule, and the later baskets confirm it (see
`rule_table` and `replication`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from crm_core.access import Permission
from crm_core.analytics.basket_source import BasketFilter, ItemLevel, Sold, sold
from crm_core.analytics.bundles import bundles
from crm_core.analytics.itemsets import least_count
from crm_core.analytics.mining import mine
from crm_core.analytics.periods import Period, require_askable
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.progress import within as part_of
from crm_core.analytics.registry import analysis
from crm_core.analytics.rfm import RfmMembersParams, rfm_members
from crm_core.analytics.rule_table import Thresholds, rule_table
from crm_core.errors import AnalysisRefused, FieldError, Invalid
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

MOST_CONSEQUENTS = 5
HOLDOUT = 0.3


@dataclass(frozen=True)
class BasketParams:
    """Which baskets, and how much a rule must amount to.

    period: orders of these days; None: all. level: products, or their categories. channel, country: of the order.
    segment: only customers of this named RFM segment at the end of the period; None: everyone, guests too.
    min_support: least share of the baskets that hold a rule's items; min_count: least number of them; min_confidence:
    least share of the antecedents' baskets that hold the consequents; holdout: share of the baskets, the latest, that
    rules are looked up in again.

    Raises:
        Invalid: a share outside its bounds, a count below 1, more than 5 consequents, or a segment without a period.
    """

    period: Period | None = None
    level: ItemLevel = "product"
    min_support: float = 0.01
    min_confidence: float = 0.25
    min_count: int = 25
    max_consequents: int = 1
    channel: str | None = None
    country: str | None = None
    segment: str | None = None
    holdout: float = HOLDOUT

    def __post_init__(self) -> None:
        if self.period is not None:
            require_askable(self.period)
        problems: dict[str, FieldError] = {}
        if not 0 < self.min_support <= 1:
            problems["min_support"] = FieldError(
                "The support {value} is not above 0 and at most 1.", {"value": self.min_support}
            )
        if not 0 <= self.min_confidence <= 1:
            problems["min_confidence"] = FieldError(
                "The confidence {value} is not between 0 and 1.", {"value": self.min_confidence}
            )
        if self.min_count < 1:
            problems["min_count"] = FieldError(
                "The least number of baskets, {value}, is below 1.", {"value": self.min_count}
            )
        if not 1 <= self.max_consequents <= MOST_CONSEQUENTS:
            problems["max_consequents"] = FieldError(
                "{n} consequents are not possible; choose between 1 and {most}.",
                {"n": self.max_consequents, "most": MOST_CONSEQUENTS},
            )
        if not 0 <= self.holdout <= 0.5:
            problems["holdout"] = FieldError("The hold-out {value} is not between 0 and 0.5.", {"value": self.holdout})
        if self.segment is not None and self.period is None:
            problems["segment"] = FieldError("A segment needs a period, at whose end customers are in it.")
        if problems:
            raise Invalid(problems)

    @property
    def thresholds(self) -> Thresholds:
        """What a rule must amount to."""
        return Thresholds(self.min_support, self.min_count, self.min_confidence, self.max_consequents)


@dataclass(frozen=True)
class BasketReport:
    """The rules of these baskets.

    n_baskets: baskets, n_later of them, the last ones, in the hold-out; n_items: different items in them; min_count:
    the least number of baskets asked of a rule, from support and floor.
    sizes: how many itemsets there are of 1, 2, … items. n_rules: how many rules; n_holding: of them, how many hold.
    rules: see `rule_table`; at most 20,000, those that hold first. bundles: see `bundles`. items: item, code, name,
    category (of products), count.
    """

    n_baskets: int
    n_later: int
    n_items: int
    min_count: int
    sizes: tuple[int, ...]
    n_rules: int
    n_holding: int
    rules: pd.DataFrame
    bundles: pd.DataFrame
    items: pd.DataFrame

    @property
    def n_itemsets(self) -> int:
        """How many itemsets there are."""
        return sum(self.sizes)


@analysis(
    "baskets",
    reads=("orders", "order_lines", "products", "customers"),
    permission=Permission.SEGMENTS_VIEW,
    is_long=True,
)
def baskets(tables: Tables, params: BasketParams, progress: Progress = silent) -> BasketReport:
    """Association rules between products (or categories) bought in one order, and which of them hold on later orders.

    Raises:
        AnalysisRefused: there is no basket, or the itemsets would not fit in memory.
    """
    progress(0.0, N_("Reading baskets"))
    return rules_of(sold(tables, basket_filter(tables, params), level=params.level, holdout=params.holdout), params,
                    part_of(progress, 0.2, 1.0))  # fmt: skip


def rules_of(found: Sold, params: BasketParams, progress: Progress = silent) -> BasketReport:
    """The report on these baskets, wherever they come from.

    Raises:
        AnalysisRefused: as `baskets`.
    """
    n = found.baskets.n
    if n == 0:
        raise AnalysisRefused("There is no basket: no order with a sale of a known product.")
    least = max(least_count(params.min_support, n), params.min_count)
    itemsets = mine(found.baskets, least, progress=part_of(progress, 0.0, 0.7))
    table, n_rules, n_holding = rule_table(itemsets, params.thresholds, part_of(progress, 0.7, 1.0))
    items = found.items[found.items["count"] > 0].reset_index(drop=True)
    number = found.items["item"].tolist()
    for side in ("antecedents", "consequents"):
        table[side] = pd.Series([tuple(number[i] for i in row) for row in table[side]], dtype=object)
    return BasketReport(
        n_baskets=n,
        n_later=n - found.baskets.n_early,
        n_items=len(items),
        min_count=least,
        sizes=itemsets.sizes,
        n_rules=n_rules,
        n_holding=n_holding,
        rules=table,
        bundles=bundles(table, dict(zip(items["item"], items["count"], strict=True))),
        items=items,
    )


def basket_filter(tables: Tables, params: BasketParams) -> BasketFilter:
    """Which orders the parameters mean; reads customers, orders and lines where they name a segment."""
    customers = None
    if params.segment is not None and params.period is not None:
        last = params.period.end.fromordinal(params.period.end.toordinal() - 1)
        members = rfm_members(tables, RfmMembersParams(as_of=last, segment=params.segment)).members
        customers = tuple(members["customer_id"].tolist())
    return BasketFilter(params.period, params.channel, params.country, customers)
