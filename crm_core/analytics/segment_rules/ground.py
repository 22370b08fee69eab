"""What conditions stand on: the tables as of a day, and what several of them ask for, computed once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_core.analytics import sales
from crm_core.analytics.measures import as_number, collected
from crm_core.analytics.periods import Period
from crm_core.analytics.purchases import EARLIEST

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

Ids: TypeAlias = NDArray[np.int64]
"""Customers' keys, rising, each once."""

T = TypeVar("T")


@dataclass
class Ground:
    """The records within a viewer's scope; of orders, those up to the local day `as_of` alone.

    What a customer's record says (city, consent, …) is what it says now: the snapshot holds no past of it.
    """

    tables: Tables
    as_of: date
    _kept: dict[Hashable, Any] = field(default_factory=dict)

    @cached_property
    def customers(self) -> Ids:
        """Everybody within the scope."""
        return sorted_ids(collected(self.tables.customers.select("id"))["id"])

    def window(self, days: int | None) -> Period:
        """The last so many local days up to `as_of`, itself included; None: since the first."""
        end = self.as_of + timedelta(days=1)
        return Period(EARLIEST if days is None else max(EARLIEST, end - timedelta(days=days)), end)

    def once(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What `compute` gives, computed the first time it is asked for under this key."""
        if key not in self._kept:
            self._kept[key] = compute()
        found: T = self._kept[key]
        return found

    def bought(self, days: int | None) -> pd.DataFrame:
        """One row per known customer with sales or refunds in the window, by customer_id: net_e4, gross_e4, orders
        (with a sale), first_on and last_on (local days of the first and last sale, None without one)."""
        return self.once(("bought", days), lambda: self._bought(days))

    def _bought(self, days: int | None) -> pd.DataFrame:
        inside = sales.within(self.window(days), self.tables.timezone) & ~nw.col("customer_id").is_null()
        orders = self.tables.orders.filter(inside).select("id", "customer_id", "ordered_at")
        sold_at = nw.when(sales.has_sale()).then(nw.col("ordered_at"))
        by_customer = sales.valued_orders(self.tables, orders).group_by("customer_id")
        facts = by_customer.agg(
            net_e4=nw.col("net_e4").sum().cast(nw.Int64),
            gross_e4=nw.col("sale_e4").sum().cast(nw.Int64),
            orders=as_number(sales.has_sale()).sum().cast(nw.Int64),
            first_at=sold_at.min(),
            last_at=sold_at.max(),
        )
        dated = facts.select(
            "customer_id",
            "net_e4",
            "gross_e4",
            "orders",
            first_on=nw.col("first_at").dt.date(),
            last_on=nw.col("last_at").dt.date(),
        )
        return collected(dated.sort("customer_id"))


def sorted_ids(values: pd.Series) -> Ids:
    """The keys of a column as an array, rising, each once; missing ones left out."""
    ids: Ids = np.unique(values.dropna().to_numpy(dtype=np.int64))
    return ids
