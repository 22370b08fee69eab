"""How deals go through the stages: who reached which, how long they stayed, and what is stuck."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from crm_core.analytics.deal_book import DAY_US, NEVER, Days, DealBook, Flags, Numbers

LEAST_STAYS = 5
"""So few stays of won deals say nothing about how long one usually lasts."""

STALE_QUANTILE = 0.9


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
