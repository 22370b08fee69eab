"""How deals go through the stages: who reached which, how long they stayed, and what is stuck."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_core.analytics.deal_book import DAY_US, NEVER, DealBook, Flags, Numbers
from crm_core.analytics.deal_values import sum_e4, weighted_value
from crm_core.analytics.periods import Period
from crm_core.analytics.proportions import wilson
from crm_core.db.types import from_e4

LEAST_STAYS = 5
"""So few stays of won deals say nothing about how long one usually lasts."""

STALE_QUANTILE = 0.9

Days = NDArray[np.float64]


@dataclass(frozen=True)
class Stays:
    """One row per time a deal was in an open stage: its place in the book, the stage, from when until when."""

    deal: Numbers
    stage: Numbers
    start: Numbers
    end: Numbers

    @property
    def days(self) -> Days:
        """How long each lasted, in days of 24 hours; only of those that ended."""
        return (self.end - self.start) / DAY_US

    def where(self, chosen: Flags) -> Stays:
        return Stays(self.deal[chosen], self.stage[chosen], self.start[chosen], self.end[chosen])


def reached(book: DealBook) -> Numbers:
    """When each deal first reached each open stage and, last, was won; shape (deals, open stages + 1), else NEVER.

    Every deal reaches the first stage when it is opened. One that enters a later stage has reached those it skipped, at
    that moment; one that goes back keeps what it reached. Only a deal that is won today reached the end: a deal opened
    again, or corrected to lost, did not.
    """
    n_open = len(book.open_stages)
    found = np.full((len(book), n_open + 1), NEVER, dtype=np.int64)
    for rung, number in enumerate(book.open_stages):
        entered = book.moves.stage == number
        np.minimum.at(found[:, rung], book.moves.deal[entered], book.moves.at[entered])
    found[:, n_open] = np.where(book.is_won, book.closed, NEVER)
    found[:, 0] = np.minimum(found[:, 0], book.opened)
    return np.minimum.accumulate(found[:, ::-1], axis=1)[:, ::-1]


def stays(book: DealBook) -> Stays:
    """Every stay in an open stage, those that go on included."""
    moves = book.moves
    chosen = np.isin(moves.stage, book.open_stages)
    return Stays(moves.deal[chosen], moves.stage[chosen], moves.at[chosen], moves.until[chosen])


def usual_days(book: DealBook, end: date) -> dict[int, tuple[float | None, int]]:
    """By open stage: the days nine in ten stays of deals won before the local day `end` did not exceed, and how many
    stays that rests on; None where they are fewer than LEAST_STAYS."""
    before = book.instant(end)
    theirs = stays(book)
    of_won = (book.is_won & (book.closed < before))[theirs.deal] & (theirs.end < before)
    won = theirs.where(of_won)
    found: dict[int, tuple[float | None, int]] = {}
    for stage in book.open_stages:
        days = won.days[won.stage == stage]
        found[stage] = (
            float(np.quantile(days, STALE_QUANTILE)) if len(days) >= LEAST_STAYS else None,
            len(days),
        )
    return found


def idle_days(book: DealBook, day: date) -> Days:
    """Days of 24 hours from each deal's last move or activity before the local day to its beginning."""
    at = book.instant(day)
    last = book.opened.copy()
    for deals, instants in ((book.moves.deal, book.moves.at), (book.activity_deal, book.activity_at)):
        past = instants < at
        np.maximum.at(last, deals[past], instants[past])
    return (at - last) / DAY_US


@dataclass(frozen=True)
class Stuck:
    """Which open deals no longer move. judged: their stage has a usual length; stale: they have been idle longer."""

    judged: Flags
    stale: Flags
    usual: Days
    idle: Days


def stuck(book: DealBook, is_open: Flags, stage: Numbers, end: date, day: date) -> Stuck:
    """The open deals that are stale on the local day, measured by deals won before `end`."""
    usual = np.full(len(book), np.nan)
    for number, (days, _n) in usual_days(book, end).items():
        if days is not None:
            usual[stage == number] = days
    idle = idle_days(book, day)
    judged = is_open & ~np.isnan(usual)
    return Stuck(judged, judged & (np.nan_to_num(idle, nan=0.0) > np.nan_to_num(usual, nan=np.inf)), usual, idle)


def stage_table(book: DealBook, period: Period) -> pd.DataFrame:
    """One row an open stage, in order; see `pipeline.PipelineReport.stages`."""
    when = reached(book)
    start, end = (book.instant(day) for day in (period.start, period.end))
    entered = (when >= start) & (when < end)
    is_open, stage = book.open_at_end_of(period.end), book.stage_at(period.end)
    ended = stays(book)
    ended = ended.where((ended.end >= start) & (ended.end < end))
    usual = usual_days(book, period.end)
    rows = []
    for rung, number in enumerate(book.open_stages):
        cohort = entered[:, rung]
        advanced = int((cohort & (when[:, rung + 1] != NEVER)).sum())
        lost = int((cohort & (when[:, rung + 1] == NEVER) & book.is_lost).sum())
        days = ended.days[ended.stage == number]
        here = is_open & (stage == number)
        rows.append(
            {
                "code": book.stages[number].code,
                "name": book.stages[number].name,
                "probability": Decimal(book.stages[number].probability_bp).scaleb(-4),
                "reached": int(cohort.sum()),
                "advanced": advanced,
                "lost": lost,
                "undecided": int(cohort.sum()) - advanced - lost,
                "of_opened": int((entered[:, 0] & (when[:, rung] != NEVER)).sum()),
                "stays": len(days),
                "median_days": float(np.median(days)) if len(days) else None,
                "p90_days": float(np.quantile(days, 0.9)) if len(days) else None,
                "usual_days": usual[number][0],
                "usual_n": usual[number][1],
                "open_deals": int(here.sum()),
                "unpriced": int((here & ~book.is_priced).sum()),
                "open_value": from_e4(sum_e4(book, here)) if (here & book.is_priced).any() or not here.any() else None,
                "weighted": weighted_value(book, here, stage),
            }
        )
    return _with_shares(pd.DataFrame(rows, columns=COLUMNS))


def won_of_opened(book: DealBook, period: Period) -> int:
    """Deals opened in the period that are won today: the end of the funnel."""
    start, end = (book.instant(day) for day in (period.start, period.end))
    return int(((book.opened >= start) & (book.opened < end) & book.is_won).sum())


COLUMNS = (
    "code", "name", "probability", "reached", "advanced", "lost", "undecided", "of_opened", "stays", "median_days",
    "p90_days", "usual_days", "usual_n", "open_deals", "unpriced", "open_value", "weighted",
)  # fmt: skip


def _with_shares(table: pd.DataFrame) -> pd.DataFrame:
    reach, advanced = (table[name].to_numpy(dtype="float64") for name in ("reached", "advanced"))
    low, high = wilson(advanced, reach)
    with np.errstate(invalid="ignore"):
        rate = np.where(reach > 0, advanced / np.maximum(reach, 1), np.nan)
    floats = {name: table[name].astype("float64") for name in ("median_days", "p90_days", "usual_days")}
    return table.assign(conversion=rate, low=low, high=high, **floats)
