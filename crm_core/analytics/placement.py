"""Customers of any day placed by a clustering that was kept: newcomers among them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_core.access import Permission
from crm_core.analytics.clustering import Clustering
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.purchases import require_day
from crm_core.analytics.registry import analysis
from crm_core.analytics.segments import listed
from crm_core.db.types import from_e4
from crm_core.errors import FieldError, Invalid
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables


@dataclass(frozen=True)
class PlacementParams:
    """The clustering, and the day whose customers it places, its sales included.

    Raises:
        Invalid: a day outside the years 1900 to 2199.
    """

    clustering: Clustering
    as_of: date

    def __post_init__(self) -> None:
        require_day(self.as_of)


@dataclass(frozen=True)
class PlacementReport:
    """Where the customers of a day belong.

    n: how many there are; newcomers: how many of them had not bought by the day the groups were found on.
    segments: segment, name, name_number, customers, share, newcomers, sales (net, exact); one row per group, best
        first, empty ones too.
    """

    as_of: date
    n: int
    newcomers: int
    segments: pd.DataFrame


@dataclass(frozen=True)
class PlacedParams:
    """As PlacementParams, and the group to list.

    Raises:
        Invalid: as PlacementParams, or there is no such group.
    """

    clustering: Clustering
    as_of: date
    segment: int

    def __post_init__(self) -> None:
        require_day(self.as_of)
        if str(self.segment) not in self.clustering.keys:
            raise Invalid({"segment": FieldError("There is no segment {segment}.", {"segment": self.segment})})


@dataclass(frozen=True)
class PlacedReport:
    """The customers of one group, by sales: customer_id, ref, name, email, country, recency_days, frequency,
    monetary_e4 (net sales in ten-thousandths)."""

    members: pd.DataFrame


@analysis("placement", reads=("orders", "order_lines", "products"), permission=Permission.SEGMENTS_VIEW)
def placement(tables: Tables, params: PlacementParams, progress: Progress = silent) -> PlacementReport:
    """How many customers of a day belong to each group of a kept clustering, and how many of them are newcomers."""
    progress(0.0, N_("Following customers"))
    base = params.clustering.customers(tables, params.as_of)
    base["is_new"] = _is_new(base, params)
    groups = sorted(params.clustering.groups, key=lambda group: group.number)
    rows: list[dict[str, object]] = []
    for group in groups:
        members = base[base["segment"] == group.number]
        rows.append(
            {
                "segment": group.number,
                "name": group.name,
                "name_number": group.name_number,
                "customers": len(members),
                "share": len(members) / max(len(base), 1),
                "newcomers": int(members["is_new"].sum()),
                "sales": from_e4(int(members["monetary_e4"].sum())),
            }
        )
    return PlacementReport(params.as_of, len(base), int(base["is_new"].sum()), pd.DataFrame(rows))


@analysis(
    "placed",
    reads=("orders", "order_lines", "products", "customers"),
    permission=Permission.SEGMENTS_VIEW,
    lists_people=True,
)
def placed(tables: Tables, params: PlacedParams, progress: Progress = silent) -> PlacedReport:
    """The customers of one group of a kept clustering on a day; the same ones `placement` counts."""
    progress(0.0, N_("Following customers"))
    base = params.clustering.customers(tables, params.as_of)
    return PlacedReport(listed(tables, base[base["segment"] == params.segment]))


def _is_new(base: pd.DataFrame, params: PlacementParams) -> np.ndarray:
    """Whether each customer's first sale came after the day the groups were found on."""
    return (base["tenure_days"] < (params.as_of - params.clustering.as_of).days).to_numpy()
