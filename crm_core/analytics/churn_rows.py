"""The rows a churn model learns from: customers alive on a day, what they looked like then, and whether they left.

A customer left if no purchase followed within the horizon after the day. Alive is who bought within three of their own
usual gaps, or within the horizon if that is longer; with fewer than three days of purchases, within two horizons. The
others are lost already: to call them churn again would be easy and worth nothing.

Days walk back from `as_of`, each a horizon or a little more before the next, so that what followed one day is known by
the next. Where the horizon is half a year at most, the steps divide 52 weeks: some day then looks at the same season as
the one in question, a year earlier.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, TypeAlias

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_core.analytics import bgnbd
from crm_core.analytics.bgnbd import BgNbd
from crm_core.analytics.features import YEAR_DAYS, Histories, histories, kept_histories, main_channel
from crm_core.analytics.measures import collected
from crm_core.analytics.periods import day_start
from crm_core.analytics.progress import Progress
from crm_core.errors import AnalysisRefused
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

Floats: TypeAlias = NDArray[np.float64]

FEWEST_DAYS, MOST_DAYS = 3, 8
GAPS_ALIVE, HORIZONS_ALIVE = 3, 2
EXPECTED_FROM = 20_000
FOLLOWED = 40_000
"""At most about so many customers are learned from; all who are alive are scored."""


@dataclass(frozen=True)
class Plan:
    """The days, newest first: `days[0]` is scored, what followed the others is known. `season` is how many steps make
    52 weeks, or None where the horizon is longer than half a year."""

    horizon: int
    days: tuple[date, ...]
    season: int | None

    def alike(self, target: int) -> int:
        """The number of the day whose outcomes are nearest to what is to be expected after the target: the same season
        a year before where there is one, else the one just before."""
        if self.season is not None and target + self.season < len(self.days):
            return target + self.season
        return target + 1


@dataclass(frozen=True, eq=False)
class Rows:
    """One day: the model's inputs of the customers alive, 1.0 for those who left (None where that is not known yet),
    how many were lost already, and the BG/NBD model of all customers so far (None where it has no fit)."""

    day: date
    features: pd.DataFrame
    left: Floats | None
    n_lost: int
    expectation: BgNbd | None

    @property
    def known(self) -> Floats:
        """Who left, of a day where that is known."""
        if self.left is None:
            raise ValueError(f"what followed {self.day} is not known yet")
        return self.left


def plan(as_of: date, horizon: int, first: date) -> Plan:
    """The days to learn from, of records that begin on the day `first`.

    Raises:
        AnalysisRefused: the history holds fewer than three such days, each with a horizon before and after it.
    """
    per_year = YEAR_DAYS // horizon
    season = per_year if per_year >= 2 else None
    step = YEAR_DAYS / per_year if season else float(horizon)
    wanted = max((season or 0) + 3, MOST_DAYS)
    days = [as_of - timedelta(days=round(step * k)) for k in range(wanted + 1)]
    days = [day for day in days if day - timedelta(days=horizon) >= first]
    if len(days) <= FEWEST_DAYS:
        raise AnalysisRefused(
            "The history is too short for a horizon of {horizon} days: purchases are recorded from {first}, and it "
            "takes about {needed} days up to {as_of}.",
            horizon=horizon,
            first=first,
            needed=round(step * FEWEST_DAYS) + horizon,
            as_of=as_of,
        )
    return Plan(horizon, tuple(days), season)


def recorded(tables: Tables, as_of: date) -> tuple[date, date]:
    """The local days of the first and the last order of known customers up to `as_of`.

    Days after the last order count as not recorded yet, or everyone would seem to have left.

    Raises:
        AnalysisRefused: there is none.
    """
    until = day_start(as_of + timedelta(days=1), tables.timezone)
    known = tables.orders.filter(~nw.col("customer_id").is_null() & (nw.col("ordered_at") < nw.lit(until)))
    ends = known.select(first=nw.col("ordered_at").min(), last=nw.col("ordered_at").max())
    first, last = collected(ends.select(nw.col("first", "last").dt.date())).iloc[0]
    if not isinstance(first, date) or not isinstance(last, date):
        raise AnalysisRefused("No known customer had ordered anything by {as_of}.", as_of=as_of)
    return first, last


def rows_of(tables: Tables, planned: Plan, progress: Progress) -> tuple[list[Rows], str | None]:
    """The rows of each planned day, newest first, and the main channel their features count by.

    Only the first day holds everyone; the others about 40,000 customers at most, the same ones each time.
    """
    as_of, horizon = planned.days[0], planned.horizon
    channel = main_channel(tables, planned.days[-1])
    progress(0.0, N_("Following customers"))
    everyone = _row(histories(tables, as_of, channel=channel), as_of, horizon)
    n = len(everyone.features) + everyone.n_lost
    found = [everyone]
    with kept_histories(tables, as_of, channel=channel, share=min(1.0, FOLLOWED / max(n, 1))) as kept:
        for i, day in enumerate(planned.days[1:], 1):
            progress(0.4 + 0.6 * i / len(planned.days), N_("Looking back from earlier days"))
            found.append(_row(kept, day, horizon, is_known=True))
    return found, channel


def grown(planned: Plan, rows: list[Rows]) -> tuple[Plan, list[Rows]]:
    """The plan and its rows without the first days of a young company, on which too few had come back for BG/NBD: its
    expected purchases are a baseline and an input, and are known of every day that is left."""
    is_young = (k for k, row in enumerate(rows) if k > FEWEST_DAYS and row.expectation is None)
    end = next(is_young, len(rows))
    return replace(planned, days=planned.days[:end]), rows[:end]


def _row(source: Histories, day: date, horizon: int, *, is_known: bool = False) -> Rows:
    everyone = source.features(day, horizon)
    alive = everyone[is_alive(everyone, horizon)].reset_index(drop=True)
    model = expectation_of(everyone)
    alive["expected"] = np.nan if model is None else expected_purchases(model, alive, horizon)
    left: Floats | None = None
    if is_known:
        has_bought = np.isin(alive["customer_id"].to_numpy(), source.buyers(day, horizon), assume_unique=True)
        left = (~has_bought).astype(np.float64)
    return Rows(day, alive, left, len(everyone) - len(alive), model)


def expectation_of(features: pd.DataFrame) -> BgNbd | None:
    """BG/NBD of these customers, of about 20,000 at most; None where too few buy again or the likelihood has no top."""
    some = features.iloc[:: -(-len(features) // EXPECTED_FROM) or 1]
    try:
        return bgnbd.fit(*_history(some)).model
    except AnalysisRefused:  # the report then lacks this baseline, and says so
        return None


def expected_purchases(model: BgNbd, features: pd.DataFrame, horizon: int) -> Floats:
    """How many days with a purchase BG/NBD expects of each customer within the horizon."""
    return np.maximum(bgnbd.conditional_purchases(model, *_history(features), horizon / 7), 1e-6)


def _history(features: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    """Repeat purchase days, and weeks from the first purchase to the last one and to the day."""
    tenure = features["tenure_days"].to_numpy(np.float64)
    repeats = features["purchase_days"].to_numpy(np.float64) - 1
    return repeats, (tenure - features["recency_days"].to_numpy(np.float64)) / 7, tenure / 7


def is_alive(features: pd.DataFrame, horizon: int) -> NDArray[np.bool_]:
    """Whether each customer is not lost already; see the module."""
    own = np.maximum(horizon, GAPS_ALIVE * features["gap_days"].fillna(0.0).to_numpy())
    patience = np.where(features["purchase_days"].to_numpy() >= 3, own, HORIZONS_ALIVE * horizon)
    alive: NDArray[np.bool_] = features["recency_days"].to_numpy() <= patience
    return alive


def require_enough(rows: Rows, *, fewest: int, fewest_of_each: int) -> None:
    """Raise AnalysisRefused unless a day has enough customers, and enough who left and who stayed."""
    n, left = len(rows.features), int(rows.known.sum())
    if n < fewest:
        raise AnalysisRefused(
            "A churn model needs at least {fewest} customers who are not lost yet on each day it learns from; on {day} "
            "there were {n}.",
            fewest=fewest,
            day=rows.day,
            n=n,
        )
    if min(left, n - left) < fewest_of_each:
        raise AnalysisRefused(
            "A churn model needs at least {fewest} customers who left and {fewest} who stayed on each day it learns "
            "from; after {day}, {left} left and {stayed} stayed.",
            fewest=fewest_of_each,
            day=rows.day,
            left=left,
            stayed=n - left,
        )
