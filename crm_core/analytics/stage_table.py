"""The stages of a period: how many deals reached each, went on, stayed and are open there."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd

from crm_core.analytics.deal_book import NEVER, Flags
from crm_core.analytics.deal_values import sum_e4, weighted_value
from crm_core.analytics.deal_window import DealWindow
from crm_core.analytics.pipeline_stages import stays, usual_days
from crm_core.analytics.proportions import wilson
from crm_core.db.types import from_e4

COLUMNS = (
    "code", "name", "probability", "reached", "advanced", "lost", "undecided", "of_opened", "stays", "median_days",
    "p90_days", "usual_days", "usual_n", "open_deals", "unpriced", "open_value", "weighted",
)  # fmt: skip


def stage_table(window: DealWindow) -> pd.DataFrame:
    """One row an open stage, in order; see `pipeline.PipelineReport.stages`."""
    book = window.book
    start, end = book.instant(window.period.start), book.instant(window.period.end)
    ended = stays(book)
    ended = ended.where((ended.end >= start) & (ended.end < end))
    usual = usual_days(book, window.period.end)
    rows = []
    for rung, number in enumerate(book.open_stages):
        reached, advanced, lost = (int(part.sum()) for part in went_on(window, rung))
        days = ended.days[ended.stage == number]
        here = window.open & (window.stage == number)
        is_valued = (here & book.is_priced).any() or not here.any()
        rows.append(
            {
                "code": book.stages[number].code,
                "name": book.stages[number].name,
                "probability": Decimal(book.stages[number].probability_bp).scaleb(-4),
                "reached": reached,
                "advanced": advanced,
                "lost": lost,
                "undecided": reached - advanced - lost,
                "of_opened": int((window.opened & (window.reached[:, rung] != NEVER)).sum()),
                "stays": len(days),
                "median_days": float(np.median(days)) if len(days) else None,
                "p90_days": float(np.quantile(days, 0.9)) if len(days) else None,
                "usual_days": usual[number][0],
                "usual_n": usual[number][1],
                "open_deals": int(here.sum()),
                "unpriced": int((here & ~book.is_priced).sum()),
                "open_value": from_e4(sum_e4(book, here)) if is_valued else None,
                "weighted": weighted_value(book, here, window.stage),
            }
        )
    return _with_shares(pd.DataFrame(rows, columns=COLUMNS))


def went_on(window: DealWindow, rung: int) -> tuple[Flags, Flags, Flags]:
    """Of one open stage: the deals that reached it in the period, those of them that reached the next one or were won,
    and those that were lost without."""
    reached = window.entered(rung)
    is_further = window.reached[:, rung + 1] != NEVER
    return reached, reached & is_further, reached & ~is_further & window.book.is_lost


def _with_shares(table: pd.DataFrame) -> pd.DataFrame:
    reach, advanced = (table[name].to_numpy(dtype="float64") for name in ("reached", "advanced"))
    low, high = wilson(advanced, reach)
    rate = np.where(reach > 0, advanced / np.maximum(reach, 1), np.nan)
    floats = {name: table[name].astype("float64") for name in ("median_days", "p90_days", "usual_days")}
    money = {name: table[name].astype(object) for name in ("probability", "open_value", "weighted")}
    return table.assign(conversion=rate, low=low, high=high, **floats, **money)
