"""Days on which more or fewer tickets came than chance explains.

Each day is judged by the days before it alone, so that a verdict never changes: expected is where the straight line
through the last eight weeks' totals leads, which follows a season, times what the weekday has been of the average over
half a year. How far counts scatter around such expectations is measured on the days before (quasi-Poisson: variance =
φ × mean); a day is flagged if a count as far off has a chance of less than one in four years of days. Flagged days
count as expected afterwards, so that one spike hides no other.

The quasi-Poisson threshold is that of W. S. Farrington, N. J. Andrews, A. D. Beale, M. A. Catchpole (1996), "A
statistical algorithm for the early detection of outbreaks of infectious disease", JRSS A 159, 547–563.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_core.analytics.periods import Period, day_start
from crm_core.analytics.service_values import Course
from crm_core.db.types import to_micros

WEEKS, WEEKDAY_DAYS, LEARNED_DAYS = 8, 182, 28
LEVEL_DAYS = 7 * WEEKS
NEEDED_DAYS = LEVEL_DAYS + LEARNED_DAYS
CHANCE = 1 / (4 * 365)
"""The chance of a flag on a day on which nothing happened: one in four years, twice that or so where the scatter is not
quite what is assumed."""

_CENTRES = np.arange(-LEVEL_DAYS + 3.0, 0, 7)  # of the weeks, in days before the day that is judged
_TO_TODAY = 1 / WEEKS - _CENTRES.mean() * (_CENTRES - _CENTRES.mean()) / ((_CENTRES - _CENTRES.mean()) ** 2).sum()
"""What each week's level counts for in that of the least-squares line at the day that is judged."""
_COLUMNS = ("day", "opened", "expected", "low", "high", "is_more", "p")
Floats = NDArray[np.float64]


def flags_of(course: Course, period: Period) -> pd.DataFrame:
    """The flagged days of the period: day, opened, expected, low and high (what chance explains), is_more, p."""
    first, until = course.known_from, course.known_until
    if first is None or until is None or (until - first).days <= NEEDED_DAYS:
        return pd.DataFrame({name: [] for name in _COLUMNS})
    days = [first + timedelta(days=number) for number in range((min(until, period.end) - first).days)]
    if not days:
        return pd.DataFrame({name: [] for name in _COLUMNS})
    edges = [to_micros(day_start(day, course.facts.timezone)) for day in [*days, days[-1] + timedelta(days=1)]]
    counts = np.diff(np.searchsorted(course.occurrences["opened"].at, edges, side="left"))
    judged = judge(counts)
    judged.insert(0, "day", pd.Series(days, dtype=object))
    is_shown = judged["is_flagged"] & np.array([day >= period.start for day in days])
    return judged[is_shown].reset_index(drop=True)[list(_COLUMNS)]


def judge(counts: NDArray[np.int64]) -> pd.DataFrame:
    """For each day: opened, expected, low, high, is_more, p (two-sided; NaN before enough is known), is_flagged."""
    n = len(counts)
    clean, expected, phi, p = counts.astype(np.float64), np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan)
    is_flagged = np.zeros(n, dtype=bool)
    squares = np.full(n, np.nan)
    for day in range(LEVEL_DAYS, n):
        mean = _expected(clean, day)
        expected[day] = mean
        known = squares[max(0, day - WEEKDAY_DAYS) : day]
        known = known[~np.isnan(known)]
        if len(known) >= LEARNED_DAYS:
            phi[day] = max(1.0, float(known.mean()))
            p[day] = _two_sided(int(counts[day]), mean, phi[day])
            is_flagged[day] = p[day] < CHANCE
        if is_flagged[day]:
            clean[day] = mean
        else:
            squares[day] = (counts[day] - mean) ** 2 / mean
    low, high = _band(expected, phi)
    return pd.DataFrame(
        {"opened": counts, "expected": expected, "low": low, "high": high, "is_more": counts > expected, "p": p,
         "is_flagged": is_flagged}
    )  # fmt: skip


def _expected(clean: Floats, day: int) -> float:
    """Where the last weeks' level leads, times the weekday's share of an average day."""
    totals = clean[day - LEVEL_DAYS : day].reshape(WEEKS, 7).mean(axis=1)
    level = max(float(_TO_TODAY @ totals), 0.0)
    weeks = min(day, WEEKDAY_DAYS) // 7
    past = clean[day - 7 * weeks : day]
    # Half a ticket spread over the week keeps a weekday that never had one possible.
    share = (past[::7].sum() + 0.5 / 7) / (past.sum() / 7 + 0.5 / 7)
    return max(float(level * share), 0.5 / LEVEL_DAYS)


def _two_sided(count: int, mean: float, phi: float) -> float:
    low, high = _tails(count, mean, phi)
    return min(1.0, 2 * min(low, high))


def _tails(count: int, mean: float, phi: float) -> tuple[float, float]:
    """The chances of at most and at least so many, of a variable with this mean and variance φ × mean."""
    from scipy.stats import nbinom, poisson

    if phi < 1.01:
        return float(poisson.cdf(count, mean)), float(poisson.sf(count - 1, mean))
    size = mean / (phi - 1)
    return float(nbinom.cdf(count, size, 1 / phi)), float(nbinom.sf(count - 1, size, 1 / phi))


def _band(mean: Floats, phi: Floats) -> tuple[Floats, Floats]:
    from scipy.stats import nbinom

    size, chance = mean / (np.maximum(phi, 1.001) - 1), 1 / np.maximum(phi, 1.001)
    return nbinom.ppf(CHANCE / 2, size, chance), nbinom.isf(CHANCE / 2, size, chance)
