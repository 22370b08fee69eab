"""What a campaign changed: those contacted beside those held out, over the window, with what can be claimed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import sqrt
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

import narwhals as nw
import numpy as np
import pandas as pd

from crm_core.access import Permission
from crm_core.analytics import sales
from crm_core.analytics.differences import Interval, detectable, mean_difference, share_difference
from crm_core.analytics.measures import as_number, collected
from crm_core.analytics.membership import Who
from crm_core.analytics.periods import Period
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.proportions import wilson
from crm_core.analytics.registry import analysis
from crm_core.analytics.segment_rules import Ground, Ids
from crm_core.db.types import from_e4
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

FEWEST = 30
"""Customers an arm needs before a difference is claimed: below, an average of money is anybody's guess."""
WHOLE_BP = 10_000

Verdict = Literal["window_open", "data_ends", "too_small", "unclear", "more", "less"]


@dataclass(frozen=True)
class CampaignOutcomeParams:
    """The two arms, the window, today's day, what a contact cost, and the margin in hundredths of a percent."""

    treated: Who
    held_out: Who
    window: Period
    today: date
    contact_cost: Decimal
    margin_bp: int


@dataclass(frozen=True)
class CampaignOutcomeReport:
    """The outcome, and whether it can be claimed.

    arms: arm (treated, held_out), customers, buyers (with a sale in the window), conversion, conversion_low,
        conversion_high (Wilson's 95 % interval), net_sales (exact), sales_per_customer.
    conversion: treated minus held out, with Newcombe's 95 % interval; sales: net sales per customer likewise, with
        Welch's. None while nothing can be said: the window is open, the orders end before it, an arm is too small, or
        (sales) nobody bought.
    conversion_verdict, sales_verdict: window_open and data_ends, too_small (an arm of fewer than 30), unclear (the
        interval holds zero), more or less.
    extra_sales, profit: of all treated customers together, with the ends of the sales' interval; profit is
        extra sales × margin − cost. cost is exact.
    detectable_conversion: the smallest true difference these arms would show in 4 of 5 cases.
    last_order_on: the last local day with an order in the records.
    """

    arms: pd.DataFrame
    conversion: Interval | None
    sales: Interval | None
    conversion_verdict: Verdict
    sales_verdict: Verdict
    extra_sales: Interval | None
    cost: Decimal
    profit: Interval | None
    detectable_conversion: float | None
    last_order_on: date | None


@analysis(
    "campaign_outcome",
    reads=("customers", "orders", "order_lines"),
    permission=Permission.CAMPAIGNS_VIEW,
)
def campaign_outcome(
    tables: Tables, params: CampaignOutcomeParams, progress: Progress = silent
) -> CampaignOutcomeReport:
    """Conversion and net sales per customer of both arms over the window, their differences, cost and profit.

    Everybody listed counts in the arm they were drawn into, contacted or not: only so are the arms alike but for the
    campaign.
    """
    progress(0.0, N_("Following customers"))
    ground = Ground(tables, params.today)
    bought = _bought(tables, params.window)
    sides = [_Side.of(who.members(ground), bought) for who in (params.treated, params.held_out)]
    treated, held_out = sides
    last_on = _last_order_on(tables)
    blocked = _blocked(params, last_on, min(treated.n, held_out.n))
    conversion = sales_gap = None
    if blocked is None:
        conversion = share_difference(treated.buyers, treated.n, held_out.buyers, held_out.n)
        sales_gap = mean_difference(treated.money, held_out.money)
    margin, cost = params.margin_bp / WHOLE_BP, params.contact_cost * treated.n
    share = (treated.buyers + held_out.buyers) / max(treated.n + held_out.n, 1)
    return CampaignOutcomeReport(
        arms=_arms(sides),
        conversion=conversion,
        sales=sales_gap,
        conversion_verdict=blocked or _verdict(conversion),
        sales_verdict=blocked or _verdict(sales_gap),
        extra_sales=_scaled(sales_gap, treated.n),
        cost=cost,
        profit=_scaled(sales_gap, treated.n * margin, less=float(cost)),
        detectable_conversion=detectable(sqrt(share * (1 - share)), treated.n, held_out.n) if share else None,
        last_order_on=last_on,
    )


@dataclass(frozen=True)
class _Side:
    """One arm: each customer's net sales in the window, and how many had a sale."""

    net_e4: int
    buyers: int
    money: np.ndarray

    @property
    def n(self) -> int:
        return len(self.money)

    @classmethod
    def of(cls, ids: Ids, bought: pd.DataFrame) -> _Side:
        own = bought.reindex(ids, fill_value=0)
        return cls(int(own["net_e4"].sum()), int((own["orders"] > 0).sum()), own["net_e4"].to_numpy() / 10_000)


def _bought(tables: Tables, window: Period) -> pd.DataFrame:
    inside = sales.within(window, tables.timezone) & ~nw.col("customer_id").is_null()
    orders = tables.orders.filter(inside).select("id", "customer_id")
    by_customer = sales.valued_orders(tables, orders).group_by("customer_id")
    facts = by_customer.agg(
        net_e4=nw.col("net_e4").sum().cast(nw.Int64), orders=as_number(sales.has_sale()).sum().cast(nw.Int64)
    )
    return collected(facts.sort("customer_id")).set_index("customer_id")


def _last_order_on(tables: Tables) -> date | None:
    last = collected(tables.orders.select(last=nw.col("ordered_at").max()))["last"].iloc[0]
    return None if pd.isna(last) else last.to_pydatetime().astimezone(ZoneInfo(tables.timezone)).date()


def _blocked(params: CampaignOutcomeParams, last_on: date | None, smaller_arm: int) -> Verdict | None:
    """Why nothing can be said, or None."""
    if params.today < params.window.end:
        return "window_open"
    if last_on is None or last_on < params.window.end - timedelta(days=1):
        return "data_ends"
    return "too_small" if smaller_arm < FEWEST else None


def _verdict(gap: Interval | None) -> Verdict:
    if gap is None or not gap.excludes_zero:
        return "unclear"
    return "more" if gap.value > 0 else "less"


def _scaled(gap: Interval | None, factor: float, *, less: float = 0.0) -> Interval | None:
    if gap is None:
        return None
    return Interval(gap.value * factor - less, gap.low * factor - less, gap.high * factor - less)


def _arms(sides: list[_Side]) -> pd.DataFrame:
    low, high = wilson([side.buyers for side in sides], [side.n for side in sides])
    return pd.DataFrame(
        {
            "arm": pd.Series(["treated", "held_out"], dtype="str"),
            "customers": [side.n for side in sides],
            "buyers": [side.buyers for side in sides],
            "conversion": [side.buyers / side.n if side.n else np.nan for side in sides],
            "conversion_low": low,
            "conversion_high": high,
            "net_sales": pd.Series([from_e4(side.net_e4) for side in sides], dtype=object),
            "sales_per_customer": [float(side.money.mean()) if side.n else np.nan for side in sides],
        }
    )
