"""The next best product of each customer, if that beats saying the same to everyone.

The mixture of `next_product_model` is chosen on the orders after one cut-off and judged on those after a later one,
beside two baselines: what is most popular, and what the customer buys most. Hit rate@k is the share of customers whose
next order within the horizon holds at least one of the k products named. If the mixture does not beat both baselines
with 97.5 % certainty (McNemar's exact test, one-sided), nobody is given a recommendation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import narwhals as nw
import numpy as np
import pandas as pd

from crm_core.access import Permission
from crm_core.analytics import sales
from crm_core.analytics.itemsets import Ints
from crm_core.analytics.measures import collected
from crm_core.analytics.next_product_judging import (
    Verdict,
    chosen,
    comparisons,
    hits,
    later_orders,
    rates,
    verdict_of,
)
from crm_core.analytics.next_product_model import (
    POPULARITY,
    REPEAT,
    YEAR_DAYS,
    Histories,
    known,
    ranked,
    reasons,
)  # fmt: skip
from crm_core.analytics.periods import Period
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.purchases import EARLIEST, require_day
from crm_core.analytics.registry import analysis
from crm_core.errors import AnalysisRefused, FieldError, Invalid
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

MOST_ITEMS = 2_000
"""Only the products most customers bought are recommended, and looked for in the next order."""
LISTED = 3
"""So many products are named to each customer; the hit rate is that of `k`."""


@dataclass(frozen=True)
class NextProductParams:
    """The day up to which orders count, itself included; how far ahead to look; how many products may hit; whether
    only products new to the customer are named (what the last order held never is).

    Raises:
        Invalid: a day outside the years 1900 to 2199, a horizon outside 7 to 365 days, or k outside 1 to 20.
    """

    as_of: date
    horizon_days: int = 90
    k: int = 5
    only_new: bool = False

    def __post_init__(self) -> None:
        require_day(self.as_of)
        if not 7 <= self.horizon_days <= YEAR_DAYS:
            problem = FieldError(
                "A horizon of {days} days is not possible; choose 7 to 365.", {"days": self.horizon_days}
            )
            raise Invalid({"horizon_days": problem})
        if not 1 <= self.k <= 20:
            raise Invalid({"k": FieldError("{k} products are not possible; choose 1 to 20.", {"k": self.k})})


@dataclass(frozen=True)
class NextProductReport:
    """Whether recommendations are worth making, and if so which.

    verdict: better than both baselines, worse than one of them, or neither for certain ("unclear"); closest: the
    baseline that decides it, as `verdict_of`.
    chosen_on, judged_on: last days known to the model where its weights were chosen, and where it was judged; orders of
    the `horizon_days` after it count. n_judged: customers who ordered then.
    methods: method (model, popularity, repeat), hits, rate, low, high (Wilson 95 %).
    against: baseline, difference (of hit rates), low, high (95 %), p (McNemar, one-sided), only_model, only_baseline.
    popular, again, followed: the weights chosen.
    recommendations (empty unless better): customer_id, rank (1 to 3), product_id, reason, because_id (None unless the
    reason is "followed"), lift, last_on; of customers who ordered in the year before as_of.
    products: product_id, code, name of those named.
    """

    as_of: date
    horizon_days: int
    k: int
    verdict: Verdict
    closest: str
    chosen_on: date
    judged_on: date
    n_judged: int
    methods: pd.DataFrame
    against: pd.DataFrame
    popular: float
    again: float
    followed: float
    n_customers: int
    recommendations: pd.DataFrame
    products: pd.DataFrame


@analysis(
    "next_product",
    reads=("orders", "order_lines", "products"),
    permission=Permission.SEGMENTS_VIEW,
    is_long=True,
    lists_people=True,
)
def next_product(tables: Tables, params: NextProductParams, progress: Progress = silent) -> NextProductReport:
    """What each customer is likely to buy next, with the reason, judged on later orders beside two baselines.

    Raises:
        AnalysisRefused: too few customers ordered after the cut-offs, or there is only one product.
    """
    progress(0.0, N_("Following customers"))
    histories, customers, products = _histories(tables, params.as_of)
    day, horizon = params.as_of.toordinal(), params.horizon_days
    progress(0.3, N_("Choosing the mixture on earlier orders"))
    earlier = known(histories, day - 2 * horizon, only_new=params.only_new)
    weights = chosen(histories, earlier, day - 2 * horizon, horizon, params.k)
    progress(0.6, N_("Judging it on later orders"))
    facts = known(histories, day - horizon, only_new=params.only_new)
    judged, held = later_orders(histories, day - horizon, horizon)
    found = {
        name: hits(facts, judged, held, mixture, params.k)
        for name, mixture in (("model", weights), ("popularity", POPULARITY), ("repeat", REPEAT))
    }
    against = comparisons(found["model"], {name: found[name] for name in ("popularity", "repeat")})
    verdict, closest = verdict_of(against)
    progress(0.8, N_("Finding each customer's next product"))
    active = _active(histories, day) if verdict == "better" else np.zeros(0, dtype=np.int64)
    facts = known(histories, day, only_new=params.only_new)
    table = reasons(facts, active, ranked(facts, active, weights, LISTED), weights)
    recommended = _recommended(table, active, histories, customers, products)
    named = products["product_id"].isin([*recommended["product_id"], *recommended["because_id"].dropna()])
    return NextProductReport(
        as_of=params.as_of,
        horizon_days=horizon,
        k=params.k,
        verdict=verdict,
        closest=closest,
        chosen_on=date.fromordinal(day - 2 * horizon),
        judged_on=date.fromordinal(day - horizon),
        n_judged=len(judged),
        methods=rates(found),
        against=against,
        popular=weights.popular,
        again=weights.again,
        followed=weights.followed,
        n_customers=len(active),
        recommendations=recommended,
        products=products[named].reset_index(drop=True),
    )


def _histories(tables: Tables, as_of: date) -> tuple[Histories, Ints, pd.DataFrame]:
    """Known customers' orders up to the day, their ids, and the products that count: product_id, code, name."""
    period = Period(EARLIEST, date.fromordinal(as_of.toordinal() + 1))
    orders = tables.orders.filter(~nw.col("customer_id").is_null() & sales.within(period, tables.timezone))
    lines = collected(
        tables.order_lines.filter(sales.is_sale() & ~nw.col("product_id").is_null())
        .select("order_id", "product_id")
        .join(orders.select("id", "customer_id", "ordered_at"), left_on="order_id", right_on="id", how="inner")
        .with_columns(on=nw.col("ordered_at").dt.date())
        .sort("customer_id", "ordered_at", "order_id", "product_id")
        .select("customer_id", "order_id", "product_id", "on")
    )
    buyers = lines.groupby("product_id")["customer_id"].nunique().sort_values(ascending=False, kind="stable")
    counted = buyers.index[:MOST_ITEMS].sort_values()
    if len(counted) < 2:
        raise AnalysisRefused("Recommendations need at least two products; these orders hold {n}.", n=len(counted))
    products = collected(tables.products.select("code", "name", product_id=nw.col("id")))
    named = products.set_index("product_id").loc[counted].reset_index()[["product_id", "code", "name"]]
    owner, customers = pd.factorize(lines["customer_id"])
    order = pd.factorize(lines["order_id"])[0]
    first = np.unique(order, return_index=True)[1]
    item = pd.Index(counted).get_indexer(lines["product_id"])
    entries = pd.DataFrame({"order": order, "item": item})[item >= 0].drop_duplicates()
    on = lines["on"].to_numpy()[first]
    days = np.array([day.toordinal() for day in on], dtype=np.int64)
    histories = Histories(
        order=entries["order"].to_numpy(), item=entries["item"].to_numpy(), day=days, owner=owner[first],
        n_customers=len(customers), n_items=len(counted),
    )  # fmt: skip
    return histories, customers.to_numpy(dtype=np.int64), named


def _last_days(histories: Histories) -> Ints:
    """The day of each customer's last order, as an ordinal."""
    last = np.zeros(histories.n_customers, dtype=np.int64)
    np.maximum.at(last, histories.owner, histories.day)
    return last


def _active(histories: Histories, day: int) -> Ints:
    """Customers who ordered in the year before."""
    return np.flatnonzero(_last_days(histories) > day - YEAR_DAYS)


def _recommended(
    table: pd.DataFrame, active: Ints, histories: Histories, customers: Ints, products: pd.DataFrame
) -> pd.DataFrame:
    """The recommendations with ids instead of positions."""
    who = active[table["row"].to_numpy()]
    ids = products["product_id"].to_numpy()
    because = table["because"].to_numpy()
    last_on = [date.fromordinal(day) for day in _last_days(histories)[who].tolist()]
    return pd.DataFrame(
        {
            "customer_id": customers[who],
            "rank": table["rank"],
            "product_id": ids[table["item"].to_numpy()],
            "reason": table["reason"].astype("str"),
            "because_id": pd.array(np.where(because >= 0, ids[np.maximum(because, 0)], -1), dtype="Int64"),
            "lift": table["lift"],
            "last_on": pd.Series(last_on, dtype=object),
        }
    ).assign(because_id=lambda frame: frame["because_id"].where(frame["because_id"] >= 0))
