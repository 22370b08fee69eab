"""Who bought one thing and not the other: a list to write to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import narwhals as nw
import pandas as pd

from crm_core.access import Permission
from crm_core.analytics import sales
from crm_core.analytics.basket_source import ItemLevel
from crm_core.analytics.measures import collected
from crm_core.analytics.periods import Period
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.purchases import EARLIEST, require_day, with_names
from crm_core.analytics.registry import analysis
from crm_core.errors import FieldError, Invalid
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables


@dataclass(frozen=True)
class CrossSellParams:
    """Customers who bought all of `bought` and none of `missing` on or before the local day `as_of`.

    Items are products' ids; at level "category", names of categories.

    Raises:
        Invalid: a day outside the years 1900 to 2199, nothing bought or nothing missing, or an item on both sides.
    """

    as_of: date
    bought: tuple[int | str, ...]
    missing: tuple[int | str, ...]
    level: ItemLevel = "product"

    def __post_init__(self) -> None:
        require_day(self.as_of)
        if not self.bought or not self.missing:
            raise Invalid({"bought": FieldError("Name at least one product bought and one not bought.")})
        if set(self.bought) & set(self.missing):
            raise Invalid({"missing": FieldError("A product cannot be both bought and not bought.")})


@dataclass(frozen=True)
class CrossSellReport:
    """The customers, those who bought last first.

    n_buyers: customers who bought all of `bought`. members: customer_id, ref, name, email, country,
    has_marketing_consent, orders (with one of `bought`), last_on (local day of the last of them).
    """

    n_buyers: int
    members: pd.DataFrame


@analysis(
    "cross_sell",
    reads=("orders", "order_lines", "products", "customers"),
    permission=Permission.SEGMENTS_VIEW,
    lists_people=True,
)
def cross_sell(tables: Tables, params: CrossSellParams, progress: Progress = silent) -> CrossSellReport:
    """Known customers who bought some products and not others; a refund later does not undo that they bought."""
    progress(0.0, N_("Following customers"))
    column = nw.col("category" if params.level == "category" else "id")
    wanted = tables.products.filter(column.is_in([*params.bought, *params.missing]))
    products = wanted.select("id", thing=column)
    period = Period(EARLIEST, date.fromordinal(params.as_of.toordinal() + 1))
    orders = tables.orders.filter(~nw.col("customer_id").is_null() & sales.within(period, tables.timezone))
    bought = (
        tables.order_lines.filter(sales.is_sale())
        .select("order_id", "product_id")
        .join(products, left_on="product_id", right_on="id", how="inner")
        .join(orders.select("id", "customer_id", "ordered_at"), left_on="order_id", right_on="id", how="inner")
    )
    by_thing = collected(
        bought.group_by("customer_id", "thing")
        .agg(orders=nw.col("order_id").n_unique(), last_at=nw.col("ordered_at").max())
        .select("customer_id", "thing", "orders", last_on=nw.col("last_at").dt.date())
        .sort("customer_id", "thing")
    )
    is_bought = by_thing["thing"].isin(params.bought)
    by_customer = (
        by_thing[is_bought]
        .groupby("customer_id")
        .agg(things=("thing", "size"), orders=("orders", "sum"), last_on=("last_on", "max"))
    )
    buyers = by_customer[by_customer["things"] == len(set(params.bought))].drop(columns="things")
    lacking = buyers[~buyers.index.isin(by_thing.loc[~is_bought, "customer_id"])].reset_index()
    consent = collected(tables.customers.select("has_marketing_consent", customer_id=nw.col("id")))
    told = with_names(tables, lacking).merge(consent, on="customer_id", how="left")
    first = ["customer_id", "ref", "name", "email", "country", "has_marketing_consent", "orders", "last_on"]
    latest = told[first].sort_values(["last_on", "customer_id"], ascending=[False, True])
    return CrossSellReport(len(buyers), latest.reset_index(drop=True))
