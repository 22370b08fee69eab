"""What each known customer did in the windows, and ever."""

from __future__ import annotations

from typing import Any, TypeVar

import narwhals as nw
from numpy.typing import NDArray

from crm_core.analytics import sales
from crm_core.analytics.measures import Windows, as_number
from crm_core.analytics.periods import Period

Condition = TypeVar("Condition", nw.Expr, NDArray[Any])


def customer_history(placed: sales.Frame, windows: Windows, timezone: str) -> sales.Frame:
    """One row per known customer with an order: customer_id, first_at (of the first ever sale, or null), the
    sales of the i-th distinct window, sale_i, and of the shown ones also net sales, net_i, and the number of orders
    with a sale, orders_i. Money in ten-thousandths. `placed` are `sales.order_values`."""
    sale = nw.col("sale_e4")
    facts: dict[str, nw.Expr] = {"first_at": nw.when(sales.has_sale()).then(nw.col("ordered_at")).min()}
    for i, period in enumerate(windows.distinct):
        inside = sales.within(period, timezone)
        facts[f"sale_{i}"] = nw.when(inside).then(sale).otherwise(nw.lit(0)).sum().cast(nw.Int64)
        if period in windows.shown:
            facts[f"net_{i}"] = nw.when(inside).then(nw.col("net_e4")).otherwise(nw.lit(0)).sum().cast(nw.Int64)
            facts[f"orders_{i}"] = as_number(sales.has_sale() & inside).sum().cast(nw.Int64)
    return placed.filter(~nw.col("customer_id").is_null()).group_by("customer_id").agg(**facts)


def customer_sums(windows: Windows, timezone: str) -> dict[str, nw.Expr]:
    """Sums over `customer_history` that give the customer measures of each shown window, each named with its number."""
    sums: dict[str, nw.Expr] = {}
    for now, period in enumerate(windows.shown):
        before = windows.number(period.previous())
        sums |= {f"{name}_{now}": value for name, value in _lifecycle(now, before, period, timezone).items()}
    return {name: value.sum().cast(nw.Int64) for name, value in sums.items()}


def statuses(sale: Condition, sale_before: Condition, is_first: Condition) -> dict[str, Condition]:
    """What a customer is in a period: active, new, returning, resurrected or dormant; each a condition.

    Args: sales of the period and of the one before, and whether the first ever sale lies in the period; as expressions
    or as arrays.
    """
    is_active, was_active = sale > 0, sale_before > 0
    is_new = is_active & is_first
    return {
        "active": is_active,
        "new": is_new,
        "returning": is_active & was_active,
        "resurrected": is_active & ~was_active & ~is_new,
        "dormant": ~is_active & was_active,
    }


def _lifecycle(now: int, before: int, period: Period, timezone: str) -> dict[str, nw.Expr]:
    start, end = period.instants(timezone)
    sale, sale_before = nw.col(f"sale_{now}"), nw.col(f"sale_{before}")
    was_active = sale_before > 0
    is_first = (nw.col("first_at") >= nw.lit(start)) & (nw.col("first_at") < nw.lit(end))
    counts = statuses(sale, sale_before, is_first) | {"repeat": nw.col(f"orders_{now}") > 1}
    capped = nw.when(sale < sale_before).then(sale).otherwise(sale_before)
    return {
        **{name: as_number(condition) for name, condition in counts.items()},
        "base_e4": sale_before,
        "kept_e4": nw.when(was_active).then(sale).otherwise(nw.lit(0)),
        "capped_e4": nw.when(was_active).then(capped).otherwise(nw.lit(0)),
    }
