"""Where one customer stands among all: the named segment of everyone, looked up, and what one is expected to bring."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_core.access import Permission
from crm_core.analytics import value_model
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.purchase_log import day_number, histories, purchase_log
from crm_core.analytics.registry import analysis
from crm_core.analytics.rfm import RfmParams
from crm_core.analytics.rfm_scores import SEGMENT_RULES, SegmentRule
from crm_core.analytics.value import CustomerValueParams
from crm_core.analytics.value_report import ValueReport
from crm_core.db.types import from_e4
from crm_core.errors import AnalysisRefused
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables


@dataclass(frozen=True)
class RfmStandingsReport:
    """Everyone who bought by `as_of`: customer_id (rising), segment (position in SEGMENT_RULES)."""

    as_of: date
    standings: pd.DataFrame

    def of(self, customer_id: int) -> SegmentRule | None:
        """The customer's segment; None where nothing was bought by then."""
        ids = self.standings["customer_id"].to_numpy()
        place = int(np.searchsorted(ids, customer_id))
        if place == len(ids) or ids[place] != customer_id:
            return None
        return SEGMENT_RULES[int(self.standings["segment"].iloc[place])]


@dataclass(frozen=True)
class CustomerWorthReport:
    """The net sales to expect of the customer within the horizon, in the workspace's currency."""

    value: Decimal


@analysis("rfm_standings", reads=("orders", "order_lines"), permission=Permission.SEGMENTS_VIEW, lists_people=True)
def rfm_standings(tables: Tables, params: RfmParams, progress: Progress = silent) -> RfmStandingsReport:
    """Everybody's named segment by recency, frequency and value, as `rfm_members` lists them."""
    progress(0.0, N_("Following customers"))
    scored = params.scoring.customers(tables, params.as_of).sort_values("customer_id")
    places = {rule.name: place for place, rule in enumerate(SEGMENT_RULES)}
    segment = scored["segment"].map(places).astype("int8")
    return RfmStandingsReport(
        params.as_of, pd.DataFrame({"customer_id": scored["customer_id"], "segment": segment}).reset_index(drop=True)
    )


@analysis("customer_worth", reads=("orders", "order_lines"), permission=Permission.SEGMENTS_VIEW)
def customer_worth(tables: Tables, params: CustomerValueParams, progress: Progress = silent) -> CustomerWorthReport:  # noqa: ARG001
    """What one customer is expected to bring, by models fitted before; the same as `customer_value`, without intervals.

    Raises:
        AnalysisRefused: the customer had not bought by that day.
    """
    log = purchase_log(tables, params.as_of, customer_id=params.customer_id)
    if not len(log.customers):
        raise AnalysisRefused("This customer had not bought anything by {as_of}.", as_of=params.as_of)
    known = histories(log, day_number(params.as_of))
    ahead = value_model.forecast(params.model, known, params.horizon_days, discount_rate=params.discount_rate)
    return CustomerWorthReport(from_e4(int(ahead.value_e4[0])))


def value_band(report: ValueReport, value: Decimal) -> str:
    """The band a value lies in, a name of BANDS: the highest whose least value it reaches, else the lowest there is."""
    reached = [row["band"] for _index, row in report.bands.iterrows() if value >= row["from_value"]]
    return str(reached[0] if reached else report.bands["band"].iloc[-1])
