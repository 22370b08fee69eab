"""Conditions on what a customer bought, and how much."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from math import ceil, floor
from typing import ClassVar, Literal

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_core.analytics import sales
from crm_core.analytics.measures import collected
from crm_core.analytics.segment_rules.condition import Condition, negated, or_words
from crm_core.analytics.segment_rules.ground import Ground, Ids, sorted_ids
from crm_core.analytics.segment_rules.parameters import Amount, Choice, Days, Parameter, Values
from crm_core.db.types import to_e4
from crm_core.formats import Formats
from crm_core.translation import N_, Translator

AT_LEAST, AT_MOST = "at_least", "at_most"
BOUGHT, NOT_BOUGHT = "bought", "not_bought"
METRICS: dict[str, tuple[str, Literal["money", "count", "days"]]] = {
    "net_sales": (N_("Net sales"), "money"),
    "orders": (N_("Orders"), "count"),
    "aov": (N_("Average order value"), "money"),
    "days_since_last": (N_("Days since the last sale"), "days"),
    "days_since_first": (N_("Days since the first sale"), "days"),
}
"""What a customer can be measured by: its name and unit. Definitions are those of the metrics of the same names."""


@dataclass(frozen=True)
class Measured(Condition):
    """A sum or count over the window, compared with a number.

    Without sales, net sales and orders are 0; the average order and the days since a sale are not known.
    """

    kind: ClassVar[str] = "metric"
    title: ClassVar[str] = N_("How much they bought")
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Choice("metric", N_("Measure"), {code: name for code, (name, _unit) in METRICS.items()}),
        Days("days", N_("Days back")),
        Choice("op", N_("Comparison"), {AT_LEAST: N_("at least"), AT_MOST: N_("at most")}),
        Amount("value", N_("Threshold")),
    )

    metric: str
    days: int | None
    op: str
    value: Decimal

    def members(self, ground: Ground) -> Ids:
        bought = ground.bought(self.days)
        if self.metric in {"net_sales", "orders"}:
            column, wanted = ("net_e4", to_e4(self.value)) if self.metric == "net_sales" else ("orders", self.value)
            meets = self._compared(bought[column].to_numpy(dtype=np.int64), wanted)
            met = sorted_ids(bought.loc[meets, "customer_id"])
            if not self._compared(np.array([0], dtype=np.int64), wanted).item():
                return met
            others = np.setdiff1d(ground.customers, bought["customer_id"].to_numpy(), assume_unique=True)
            return np.intersect1d(np.union1d(met, others), ground.customers, assume_unique=True)
        sold = bought[bought["orders"] > 0]
        return sorted_ids(sold.loc[self._known(sold, ground), "customer_id"])

    def _known(self, sold: pd.DataFrame, ground: Ground) -> NDArray[np.bool_]:
        """The answers for customers with a sale; an average is compared exactly, as amount against value × orders."""
        if self.metric == "aov":
            gross, orders = sold["gross_e4"].to_numpy(dtype=np.int64), sold["orders"].to_numpy(dtype=np.int64)
            return self._compared(gross - orders * to_e4(self.value), 0)
        day = sold["last_on" if self.metric == "days_since_last" else "first_on"]
        since = (pd.Timestamp(ground.as_of) - pd.to_datetime(day)) // timedelta(days=1)
        return self._compared(np.asarray(since, dtype=np.int64), self.value)

    def _compared(self, values: NDArray[np.int64], wanted: int | Decimal) -> NDArray[np.bool_]:
        # Whole numbers against a number with decimals: the nearest whole one decides the same.
        return values >= ceil(wanted) if self.op == AT_LEAST else values <= floor(wanted)

    def words(self, _: Translator, formats: Formats) -> str:
        name, unit = METRICS[self.metric]
        value = formats.money(self.value) if unit == "money" else formats.number(self.value)
        sign = "≥" if self.op == AT_LEAST else "≤"
        if self.days is None:
            return _("{metric} {sign} {value}", metric=_(name), sign=sign, value=value)
        return _(
            "{metric} in the last {days} days {sign} {value}",
            metric=_(name),
            days=formats.number(self.days),
            sign=sign,
            value=value,
        )


@dataclass(frozen=True)
class Bought(Condition):
    """Bought at least one of the products, or one of a category, in the window; or did not."""

    kind: ClassVar[str] = "bought"
    title: ClassVar[str] = N_("What they bought")
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Choice("op", N_("Comparison"), {BOUGHT: N_("bought"), NOT_BOUGHT: N_("did not buy")}),
        Choice("what", N_("What"), {"category": N_("Category"), "product": N_("Product code")}),
        Values("values", N_("Values"), {"category": "products.category", "product": "products.code"}, by="what"),
        Days("days", N_("Days back")),
    )

    op: str
    what: str
    values: tuple[str, ...]
    days: int | None

    def members(self, ground: Ground) -> Ids:
        tables = ground.tables
        column = "category" if self.what == "category" else "code"
        products = tables.products.filter(nw.col(column).is_in(list(self.values))).select(product_id="id")
        inside = sales.within(ground.window(self.days), tables.timezone) & ~nw.col("customer_id").is_null()
        orders = tables.orders.filter(inside).select("customer_id", order_id="id")
        lines = tables.order_lines.filter(sales.is_sale()).select("order_id", "product_id")
        of_products = lines.join(products, on="product_id", how="semi")
        found = orders.join(of_products, on="order_id", how="semi").select("customer_id").unique()
        return negated(sorted_ids(collected(found)["customer_id"]), ground, is_negated=self.op == NOT_BOUGHT)

    def words(self, _: Translator, formats: Formats) -> str:
        values, is_bought = or_words(list(self.values), _), self.op == BOUGHT
        if self.days is None:
            return _("bought {values}", values=values) if is_bought else _("never bought {values}", values=values)
        template = (
            N_("bought {values} in the last {days} days")
            if is_bought
            else N_("did not buy {values} in the last {days} days")
        )
        return _(template, values=values, days=formats.number(self.days))
