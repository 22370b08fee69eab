"""Business time: a clock that runs fast when people shop and slow when they sleep.

A process without seasons, run on this clock and read off the calendar, becomes the same process with seasons: its rate
at an instant is multiplied by the factor of that month, weekday and hour (the random time change of Poisson processes).
One week of business time is on average one week of the calendar.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import lru_cache

import numpy as np
import pandas as pd

from crm_core.config import zone
from crm_core.demo.chance import Floats, Ints
from crm_core.demo.config import SimulationConfig

WEEK_S = 7 * 24 * 3600
HOUR_S = 3600
LAUNCH_DAYS = 75
LAUNCH_FACTOR = 2.5
"""A shop opens with a campaign: in its first weeks it wins this many times the customers."""


@dataclass(frozen=True, eq=False)
class Clock:
    """Business time as a function of the calendar.

    Attributes:
        instants: seconds since 1970 UTC, the edges of the hours of the history; shape (hours + 1,).
        business: weeks of business time gone by at each edge; same shape, starts at 0.
    """

    instants: Floats
    business: Floats

    @property
    def length(self) -> float:
        """Weeks of business time in the whole history."""
        return float(self.business[-1])

    def at(self, instants: Floats) -> Floats:
        """Business time at the given instants."""
        return np.interp(instants, self.instants, self.business)

    def instant(self, business: Floats) -> Floats:
        """When the given business time is reached, in seconds since 1970 UTC."""
        return np.interp(business, self.business, self.instants)


@dataclass(frozen=True, eq=False)
class History:
    """The span that is simulated: [start, end) in seconds since 1970 UTC, and its clocks."""

    start: int
    end: int
    usual: Clock
    seasonal: Clock
    acquisition: Clock
    service: Clock

    @property
    def start_at(self) -> datetime:
        return datetime.fromtimestamp(self.start, UTC)

    @property
    def end_at(self) -> datetime:
        return datetime.fromtimestamp(self.end, UTC)


@lru_cache(maxsize=8)
def history(config: SimulationConfig, today: date, timezone: str) -> History:
    """The history that ends as `today` begins in the workspace's time zone: its last full day is yesterday."""
    first = pd.Timestamp(today) - pd.DateOffset(months=config.months)
    start = _midnight(first.date(), timezone)
    end = _midnight(today, timezone)
    edges = np.append(np.arange(start, end, HOUR_S), end).astype(np.float64)
    usual = _clock(edges, _factors(config, edges, timezone, config.month_factors))
    seasonal = _clock(edges, _factors(config, edges, timezone, config.seasonal_month_factors))
    years = (edges[:-1] - start) / (365.25 * 24 * HOUR_S)
    wins = (1 + config.growth) ** years
    if config.growth:
        wins = np.where(edges[:-1] < start + LAUNCH_DAYS * 24 * HOUR_S, wins * LAUNCH_FACTOR, wins)
    acquisition = _clock(edges, wins * _factors(config, edges, timezone, config.month_factors))
    service = _clock(edges, _factors(_of_service(config), edges, timezone, config.service_month_factors))
    return History(start, end, usual, seasonal, acquisition, service)


def _of_service(config: SimulationConfig) -> SimulationConfig:
    return replace(config, weekday_factors=config.service_weekday_factors, hour_factors=config.service_hour_factors)


def _midnight(day: date, timezone: str) -> int:
    return int(datetime.combine(day, time(), zone(timezone)).timestamp())


def _clock(edges: Floats, factors: Floats) -> Clock:
    business = np.concatenate([[0.0], np.cumsum(np.diff(edges) * factors / WEEK_S)])
    return Clock(edges, business)


def _factors(config: SimulationConfig, edges: Floats, timezone: str, month_factors: tuple[float, ...]) -> Floats:
    """The factor of each hour, each kind of factor averaging 1 over what it runs through."""
    if not config.has_seasons:
        return np.ones(len(edges) - 1)
    local = pd.DatetimeIndex(pd.to_datetime(edges[:-1], unit="s", utc=True)).tz_convert(timezone)
    factors: Floats = (
        _normal(month_factors)[_ints(local.month) - 1]
        * _normal(config.weekday_factors)[_ints(local.day_of_week)]
        * _normal(config.hour_factors)[_ints(local.hour)]
    )
    return factors


def _normal(factors: tuple[float, ...]) -> Floats:
    values = np.asarray(factors, dtype=np.float64)
    factors_of_mean_1: Floats = values / values.mean()
    return factors_of_mean_1


def _ints(values: object) -> Ints:
    return np.asarray(values, dtype=np.int64)
