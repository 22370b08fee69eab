"""How far the orders reach: first and last day, the countries and channels they name. Filters start from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

import narwhals as nw
import pandas as pd

from crm_core.analytics.measures import collected
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.registry import analysis

if TYPE_CHECKING:
    from crm_core.warehouse import Tables


@dataclass(frozen=True)
class ExtentParams:
    """Nothing to choose: all orders the viewer may see."""


@dataclass(frozen=True)
class ExtentReport:
    """First and last local day with an order (None without orders), and the filters' values, most orders first."""

    first: date | None
    last: date | None
    countries: tuple[str, ...]
    channels: tuple[str, ...]


@analysis("extent", reads=("orders",))
def extent(tables: Tables, params: ExtentParams, progress: Progress = silent) -> ExtentReport:  # noqa: ARG001
    """How far the orders reach."""
    orders = tables.orders
    span = collected(orders.select(first=nw.col("ordered_at").min(), last=nw.col("ordered_at").max()))
    first, last = span["first"].iloc[0], span["last"].iloc[0]
    if pd.isna(first):
        return ExtentReport(None, None, (), ())
    zone = ZoneInfo(tables.timezone)
    return ExtentReport(
        first=first.to_pydatetime().astimezone(zone).date(),
        last=last.to_pydatetime().astimezone(zone).date(),
        countries=_values(orders, "country"),
        channels=_values(orders, "channel"),
    )


def _values(orders: nw.LazyFrame[Any], column: str) -> tuple[str, ...]:
    counted = orders.filter(~nw.col(column).is_null()).group_by(column).agg(n=nw.len())
    frame = collected(counted.sort("n", column, descending=[True, False]))
    return tuple(cast("list[str]", frame[column].tolist()))
