"""Where baskets come from: the orders of a snapshot, or any list of baskets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import narwhals as nw
import numpy as np
import pandas as pd

from crm_core.analytics import sales
from crm_core.analytics.itemsets import Baskets
from crm_core.analytics.measures import collected
from crm_core.analytics.periods import Period

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

ItemLevel = Literal["product", "category"]


@dataclass(frozen=True, eq=False)
class Sold:
    """Baskets and what is in them.

    Attributes:
        baskets: by time.
        items: one row an item, in the order of `baskets.item`: item (a product's id, or a number), code, name, count
            (baskets that hold it); of products also category.
        customer: who bought each basket, −1 for guests; shape (baskets,).
    """

    baskets: Baskets
    items: pd.DataFrame
    customer: np.ndarray


@dataclass(frozen=True)
class BasketFilter:
    """Which orders count: of a period, a channel, a country and some customers; None does not restrict."""

    period: Period | None = None
    channel: str | None = None
    country: str | None = None
    customers: tuple[int, ...] | None = None


def sold(tables: Tables, which: BasketFilter, *, level: ItemLevel, holdout: float) -> Sold:
    """The baskets of orders with at least one sale of a known product, by time, the last `holdout` of them late.

    An order is a basket; what it holds several times or in several lines counts once. Reads orders, order_lines and
    products.
    """
    lines = _lines(tables, which)
    products = collected(tables.products.select("id", "code", "name", "category").sort("id"))
    if level == "category":
        known = products[products["category"].notna()]
        codes, names = pd.factorize(known["category"], sort=True)
        number = pd.Series(codes, index=known["id"].to_numpy())
        items = pd.DataFrame({"item": np.arange(len(names)), "code": names.astype("str"), "name": names.astype("str")})
    else:
        number = pd.Series(np.arange(len(products)), index=products["id"].to_numpy())
        items = products[["id", "code", "name", "category"]].rename(columns={"id": "item"})
    item = lines["product_id"].map(number)
    lines = lines.assign(item=item)[item.notna().to_numpy()]
    orders = lines.drop_duplicates("order_id")
    basket = pd.Series(np.arange(len(orders)), index=orders["order_id"].to_numpy())
    entries = pd.DataFrame({"basket": lines["order_id"].map(basket), "item": lines["item"]}).drop_duplicates()
    baskets = _baskets(entries["basket"].to_numpy(), entries["item"].to_numpy(), len(orders), len(items), holdout)
    customer = orders["customer_id"].fillna(-1).to_numpy(dtype=np.int64)
    return Sold(baskets, _counted(items, baskets), customer)


def listed(rows: Iterable[Sequence[str]], *, holdout: float) -> Sold:
    """Baskets as lists of labels, in the order of time; blanks around labels and empty baskets are left out."""
    number: dict[str, int] = {}
    basket: list[int] = []
    item: list[int] = []
    n = 0
    for row in rows:
        labels = dict.fromkeys(stripped for label in row if (stripped := label.strip()))
        item += [number.setdefault(label, len(number)) for label in labels]
        basket += [n] * len(labels)
        n += bool(labels)
    labels_of = pd.Series(list(number), dtype="str")
    items = pd.DataFrame({"item": np.arange(len(number)), "code": labels_of, "name": labels_of})
    baskets = _baskets(np.array(basket, dtype=np.int64), np.array(item, dtype=np.int64), n, len(number), holdout)
    return Sold(baskets, _counted(items, baskets), np.full(n, -1))


def _lines(tables: Tables, which: BasketFilter) -> pd.DataFrame:
    """The sale lines of the orders that count, by time: order_id, customer_id, product_id."""
    orders = sales.orders_of(tables, country=which.country, channel=which.channel)
    if which.period is not None:
        orders = orders.filter(sales.within(which.period, tables.timezone))
    found = collected(
        tables.order_lines.filter(sales.is_sale() & ~nw.col("product_id").is_null())
        .select("order_id", "product_id")
        .join(orders, left_on="order_id", right_on="id", how="inner")
        .select("order_id", "product_id", "customer_id", "ordered_at")
        .sort("ordered_at", "order_id", "product_id")
    )
    if which.customers is not None:
        found = found[found["customer_id"].isin(which.customers)]
    return found


def _baskets(basket: np.ndarray, item: np.ndarray, n: int, n_items: int, holdout: float) -> Baskets:
    return Baskets(basket.astype(np.int64), item.astype(np.int64), n, n_items, n - int(n * holdout))


def _counted(items: pd.DataFrame, baskets: Baskets) -> pd.DataFrame:
    return items.assign(count=np.bincount(baskets.item, minlength=len(items))).reset_index(drop=True)
