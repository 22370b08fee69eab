"""How far the deals reach: the first and last day of them. The page's periods start from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import narwhals as nw
import pandas as pd

from crm_core.analytics.measures import collected
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.registry import analysis

if TYPE_CHECKING:
    from crm_core.warehouse import Tables


@dataclass(frozen=True)
class PipelineExtentParams:
    """Nothing to choose: all deals the viewer may see."""


@dataclass(frozen=True)
class PipelineExtentReport:
    """The local day the first deal was opened and the last one on which any was opened, moved or closed; None without
    deals."""

    first: date | None
    last: date | None


@analysis("pipeline_extent", reads=("deals", "deal_moves"))
def pipeline_extent(tables: Tables, params: PipelineExtentParams, progress: Progress = silent) -> PipelineExtentReport:  # noqa: ARG001
    """How far the deals reach."""
    deals = collected(
        tables.deals.select(
            first=nw.col("opened_at").min(), last=nw.col("opened_at").max(), closed=nw.col("closed_at").max()
        )
    ).iloc[0]
    if pd.isna(deals["first"]):
        return PipelineExtentReport(None, None)
    moved = collected(tables.deal_moves.select(moved=nw.col("at").max()))["moved"].iloc[0]
    zone = ZoneInfo(tables.timezone)
    last = max(instant for instant in (deals["last"], deals["closed"], moved) if not pd.isna(instant))
    return PipelineExtentReport(
        first=deals["first"].to_pydatetime().astimezone(zone).date(),
        last=last.to_pydatetime().astimezone(zone).date(),
    )
