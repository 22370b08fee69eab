"""What a campaign would be: who can be listed, how the arms would fall, and what difference it could show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import sqrt
from typing import TYPE_CHECKING

import narwhals as nw
import numpy as np
import pandas as pd

from crm_core.access import Permission
from crm_core.analytics.differences import detectable
from crm_core.analytics.measures import collected
from crm_core.analytics.membership import Who
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.purchases import require_day
from crm_core.analytics.registry import analysis
from crm_core.analytics.segment_rules import Ground, Ids
from crm_core.analytics.segment_rules.ground import sorted_ids
from crm_core.errors import FieldError, Invalid
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

STRATA_DAYS = 365
WHOLE_BP = 10_000


@dataclass(frozen=True)
class CampaignPlanParams:
    """The segment, as of which day, how long the window will be, and the share held out in hundredths of a percent.

    Raises:
        Invalid: a window outside 1 to 365 days, or a share outside 0.01 % to 50 %.
    """

    who: Who
    as_of: date
    window_days: int
    holdout_bp: int

    def __post_init__(self) -> None:
        require_day(self.as_of)
        limits = {"window_days": (1, 365), "holdout_bp": (1, 5_000)}
        for name, (lowest, highest) in limits.items():
            if not lowest <= getattr(self, name) <= highest:
                problem = FieldError(
                    "This is a whole number from {lowest} to {highest}.", {"lowest": lowest, "highest": highest}
                )
                raise Invalid({name: problem})


@dataclass(frozen=True)
class CampaignPlanReport:
    """The list as it would be frozen, and what the comparison could show.

    members, without_consent: customers of the segment, and those of them who did not agree to marketing.
    treated, held_out: how the rest would be divided.
    conversion, sales_mean, sales_spread: of those on the list in the last days, as many as the window will have: the
        share with a sale, net sales per customer and their standard deviation.
    detectable_conversion, detectable_sales: the smallest true differences the campaign would show in 4 of 5 cases, if
        those held out behave as everybody did lately; None where an arm would be empty or nobody bought.
    candidates: customer_id and stratum (0 bought nothing in the last year, 1 to 4 by quarter of net sales).
    """

    members: int
    without_consent: int
    treated: int
    held_out: int
    conversion: float | None
    sales_mean: float | None
    sales_spread: float | None
    detectable_conversion: float | None
    detectable_sales: float | None
    candidates: pd.DataFrame


@analysis(
    "campaign_plan",
    reads=("customers", "products", "orders", "order_lines"),
    permission=Permission.CAMPAIGNS_VIEW,
    lists_people=True,
)
def campaign_plan(tables: Tables, params: CampaignPlanParams, progress: Progress = silent) -> CampaignPlanReport:
    """Who of a segment can be listed, how many would be held out, and the smallest difference that would show."""
    progress(0.0, N_("Following customers"))
    ground = Ground(tables, params.as_of)
    members = params.who.members(ground)
    agreed = collected(tables.customers.filter(nw.col("has_marketing_consent")).select("id"))
    listed = np.intersect1d(members, sorted_ids(agreed["id"]), assume_unique=True)
    held_out = min(max(round(len(listed) * params.holdout_bp / WHOLE_BP), 1), max(len(listed) - 1, 0))
    treated = len(listed) - held_out
    lately = ground.bought(params.window_days).set_index("customer_id").reindex(listed)
    conversion = float((lately["orders"] > 0).mean()) if len(listed) else None
    money = lately["net_e4"].fillna(0).to_numpy(dtype=np.float64) / 10_000
    spread = float(money.std(ddof=1)) if len(listed) > 1 else None
    return CampaignPlanReport(
        members=len(members),
        without_consent=len(members) - len(listed),
        treated=treated,
        held_out=held_out,
        conversion=conversion,
        sales_mean=float(money.mean()) if len(listed) else None,
        sales_spread=spread,
        detectable_conversion=detectable(sqrt(conversion * (1 - conversion)), treated, held_out)
        if conversion
        else None,
        detectable_sales=detectable(spread, treated, held_out) if spread else None,
        candidates=pd.DataFrame({"customer_id": members, "stratum": _strata(ground, members)}),
    )


def _strata(ground: Ground, ids: Ids) -> Ids:
    bought = ground.bought(STRATA_DAYS).set_index("customer_id")["net_e4"].reindex(ids)
    place = bought.rank(method="average", pct=True).to_numpy(dtype=np.float64)
    strata: Ids = np.ceil(np.nan_to_num(place) * 4).astype(np.int64)
    return strata
