"""Whether more or fewer tickets came than chance explains: counts of all and of each category, over 1 to 14 days.

Every day is judged by the days before it alone, so that a verdict never changes. For each series and each length of
window ending on that day the number of tickets is compared with what was to be expected:

- the level of all tickets is the line through the eight weeks before the window, its slope drawn towards none by as
  much as it is uncertain, times what each weekday has been of the average over half a year; days off count on neither
  side;
- a category is expected to have the share of it that it had: over eight weeks and over half a year, weighed by what
  each is worth;
- counts scatter around that by chance (φ × mean, quasi-Poisson, φ measured on the past for days and for weeks), and
  the expectation itself is uncertain, because it was estimated and because levels and shares wander.

A window is flagged if a count as far off has a negative-binomial chance below its part of `ALARMS` a year: half of it
is for all tickets, half for the categories together, divided evenly among them and the windows of a year (Bonferroni).
Days of flagged windows count as expected afterwards, so that one spike hides no other; after four weeks on end a new
level is taken for what it is.

A scan over windows of several lengths: M. Kulldorff (2001), "Prospective time periodic geographical disease
surveillance using a scan statistic", JRSS A 164, 61–72. The threshold that allows for overdispersion and for the
estimate's own error: C. P. Farrington, N. J. Andrews, A. D. Beale, M. A. Catchpole (1996), "A statistical algorithm
for the early detection of outbreaks of infectious disease", JRSS A 159, 547–563; negative-binomial as in A. Noufaily
and others (2013), "An improved algorithm for outbreak detection in multiple surveillance systems", Statistics in
Medicine 32, 1206–1222.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

WINDOWS = (1, 3, 7, 14)
"""Lengths of the windows in days."""
WEEKS, SHARE_DAYS, LEARNED_DAYS = 8, 182, 28
LEVEL_DAYS = 7 * WEEKS
NEEDED_DAYS = LEVEL_DAYS + WINDOWS[-1] + LEARNED_DAYS
"""Days of history before the first day that is judged."""
NEEDED_TICKETS = 10
"""Tickets within half a year below which nothing is expected of a category."""
ALARMS = 1.25
"""False alarms a year that all series and windows may give together, were they to come one by one; those of windows
that overlap come together, so that there are about half as many."""

_SLOPE_SD = 0.025  # of a level's change a week: that of a season that goes 30 % up and down
_LEVEL_SD = 0.08  # by how much levels wander within a window beside that
_SHARE_SD = 0.15  # by how much shares drift within half a year
_WEEKDAY_PRIOR = 100.0  # tickets' worth of the weekdays of all in those of a category
_PART_OF_ALL = 0.3  # of the false alarms: for all tickets; the rest is for categories
_SETTLED_DAYS = 28
_PRIOR_DAYS = 28.0  # days' worth of φ = 1 in its estimate
_ALLOWANCE = {1: 1.4, 7: 1.9}  # times the scatter beyond chance, which half a year tells but roughly
_Z_MORE, _Z_LESS = 2.5, -1.5  # nothing nearer than that is worth working out a chance for


@dataclass(frozen=True)
class Scan:
    """What was found, arrays of shape (series, days): `window` is the length of the most unlikely window that ends on
    the day; `opened`, `expected`, `p` (two-sided; NaN: not judged), `low` and `high` (what chance explains) and
    `is_flagged` are of that window. The first series is all tickets."""

    window: NDArray[np.int64]
    opened: Floats
    expected: Floats
    low: Floats
    high: Floats
    p: Floats
    is_flagged: Bools


def scan(counts: NDArray[np.int64], weekday: NDArray[np.int64], is_off: Bools | None = None) -> Scan:
    """Judge every day of every series.

    Args:
        counts: tickets of all (first row) and of each category, shape (series, days).
        weekday: of each day, 0 to 6.
        is_off: days off, on which nothing is expected or judged.
    """
    return _Scanner(counts, weekday, is_off).run()


class _Scanner:
    """The days so far: `clean` counts, flagged ones as expected; `exposure`, what part of an average day each is."""

    def __init__(self, counts: NDArray[np.int64], weekday: NDArray[np.int64], is_off: Bools | None) -> None:
        n_series, n_days = counts.shape
        is_off = np.zeros(n_days, dtype=bool) if is_off is None else is_off
        self.weekday = weekday
        self.is_open = (~is_off).astype(np.float64)
        self.counts = counts * self.is_open
        self.clean = self.counts.copy()
        self.exposure = np.tile(self.is_open, (n_series, 1))
        shape = (n_series, n_days)
        self.mean, self.beyond, self.phi = (
            {window: np.full(shape, value) for window in (1, 7)} for value in (np.nan, np.nan, 1.0)
        )
        self.run_length = np.zeros(n_series, dtype=np.int64)
        opened, expected, low, high, p = (np.full(shape, np.nan) for _ in range(5))
        is_flagged = np.zeros(shape, dtype=bool)
        self.found = Scan(np.zeros(shape, dtype=np.int64), opened, expected, low, high, p, is_flagged)

    def run(self) -> Scan:
        for day in range(LEVEL_DAYS + WINDOWS[-1], self.counts.shape[1]):
            self.exposure[:, day] = self._weekday_share(day) * self.is_open[day]
            if self.is_open[day]:
                self._judge(day)
        return self.found

    def _weekday_share(self, day: int) -> Floats:
        """What this weekday has been of an average day, by series."""
        past = slice(max(0, day - SHARE_DAYS), day)
        is_same = self.weekday[past] == self.weekday[day]
        opened, same = self.clean[:, past], self.clean[:, past][:, is_same]
        days = self.is_open[past]
        part = max(days[is_same].sum() / max(days.sum(), 1.0), 1e-9)  # of the days that are of this weekday
        of_all = (same[0].sum() + 0.5 * part) / ((opened[0].sum() + 0.5) * part)
        own = (same.sum(axis=1) + _WEEKDAY_PRIOR * of_all * part) / ((opened.sum(axis=1) + _WEEKDAY_PRIOR) * part)
        own[0] = of_all
        share: Floats = own
        return share

    def _judge(self, day: int) -> None:
        expected, wander, exposure = self._expected(day)
        phi = self._measure(day, expected)
        opened = np.stack([self.counts[:, day + 1 - w : day + 1].sum(axis=1) for w in WINDOWS], axis=1)
        variance = phi * expected + wander * expected**2
        is_known = self._is_known(day)
        chance = _two_sided(opened, expected, variance, is_known)
        best = chance.argmin(axis=1)
        rows = np.arange(len(best))
        limit = self._limit(is_known)
        is_flagged = is_known & (chance[rows, best] < limit)
        found = self.found
        for name, values in (("opened", opened), ("expected", expected), ("p", chance)):
            getattr(found, name)[is_known, day] = values[rows, best][is_known]
        found.window[:, day] = np.array(WINDOWS)[best]
        found.is_flagged[:, day] = is_flagged
        for row in np.flatnonzero(is_flagged):
            mean, spread = expected[row, best[row]], variance[row, best[row]]
            found.low[row, day], found.high[row, day] = _band(mean, spread, limit[row])
        self._learn(day, opened, expected, wander, is_flagged)
        self._clean(day, best, expected, exposure, is_flagged)

    def _expected(self, day: int) -> tuple[Floats, Floats, Floats]:
        """Expected tickets of each window, how uncertain that is (variance ÷ its square), and what part of average
        days the windows are; shape (series, windows)."""
        exposure = np.stack([self.exposure[:, day + 1 - w : day + 1].sum(axis=1) for w in WINDOWS], axis=1)
        levels, wander = self._levels(day)
        share, uncertain = self._share(day + 1 - WINDOWS[-1])
        expected = share[:, None] * levels * exposure
        return np.maximum(expected, 1e-6), uncertain[:, None] + wander, exposure

    def _levels(self, day: int) -> tuple[Floats, Floats]:
        """Tickets of an average day in each window, by the line through the weeks before it, and how uncertain that
        is."""
        first = day + 1 - WINDOWS[-1] - LEVEL_DAYS
        past = np.stack([self.clean[0, first : day + 1], self.exposure[0, first : day + 1]])
        sums = np.concatenate([np.zeros((2, 1)), past.cumsum(axis=1)], axis=1)
        ends = WINDOWS[-1] - np.array(WINDOWS)[:, None] + 7 * np.arange(WEEKS + 1)
        opened, days = np.diff(sums[:, ends], axis=2)  # each of shape (windows, weeks)
        total, open_days = np.maximum(opened.sum(axis=1), 0.5), np.maximum(days.sum(axis=1), 1e-9)
        rate = total / open_days
        week = np.arange(WEEKS) - (days @ np.arange(WEEKS) / open_days)[:, None]
        spread = np.maximum(rate * (days * week**2).sum(axis=1), 1e-9)
        phi = self.phi[7][0, day - 1]
        slope = (week * (opened - rate[:, None] * days)).sum(axis=1) / spread
        weight = _SLOPE_SD**2 / (_SLOPE_SD**2 + phi / spread)
        weeks_ahead = week[:, -1] + 0.5 + np.array(WINDOWS) / 14
        level = rate * np.maximum(1 + weight * slope * weeks_ahead, 0.2)
        wander = phi / total + weeks_ahead**2 * _SLOPE_SD**2 * (1 - weight) + _LEVEL_SD**2
        return level, wander

    def _share(self, origin: int) -> tuple[Floats, Floats]:
        """The share of each series in all tickets, and how uncertain it is (variance ÷ its square)."""
        long, short = (self.clean[:, max(0, origin - days) : origin].sum(axis=1) for days in (SHARE_DAYS, LEVEL_DAYS))
        shares = [(part + 0.5) / max(part[0], 1.0) for part in (long, short)]
        phi = self.phi[7][:, origin]
        errors = [phi / (long + 0.5) + _SHARE_SD**2, phi / (short + 0.5)]
        weights = [1 / error for error in errors]
        share = (shares[0] * weights[0] + shares[1] * weights[1]) / (weights[0] + weights[1])
        uncertain = 1 / (weights[0] + weights[1])
        share[0], uncertain[0] = 1.0, 0.0
        return share, uncertain

    def _measure(self, day: int, expected: Floats) -> Floats:
        """How many times a Poisson variable's variance the counts had, by series and window, in half a year before the
        longest window."""
        past = slice(max(0, day - SHARE_DAYS - WINDOWS[-1]), max(0, day - WINDOWS[-1]))
        for window in (1, 7):
            beyond, mean = self.beyond[window][:, past], self.mean[window][:, past]
            n = (mean == mean).sum(axis=1)
            rarity = 1 + n * window / np.maximum(2 * np.nansum(mean, axis=1), 1e-9)
            own = np.nansum(beyond, axis=1) / (n + _PRIOR_DAYS * rarity)
            # Where chances themselves differ between days, scatter grows with the mean: measured on all series at once.
            grows = np.nansum(beyond * mean) / max(np.nansum(mean**2), 1e-9) * n.max() / (n.max() + _PRIOR_DAYS)
            most = np.maximum(own, grows * expected[:, WINDOWS.index(window)])
            self.phi[window][:, day] = 1 + _ALLOWANCE[window] * np.maximum(most, 0.0)
        daily, longer = self.phi[1][:, day], np.maximum(self.phi[1][:, day], self.phi[7][:, day])
        return np.stack([daily if w == 1 else longer for w in WINDOWS], axis=1)

    def _is_known(self, day: int) -> Bools:
        before = self.clean[:, max(0, day - SHARE_DAYS) : day].sum(axis=1)
        is_learned = day >= NEEDED_DAYS
        is_known: Bools = (before >= NEEDED_TICKETS) & is_learned
        return is_known

    @staticmethod
    def _limit(is_known: Bools) -> Floats:
        n_categories = max(int(is_known[1:].sum()), 1)
        of_windows = ALARMS / (365.25 * len(WINDOWS))
        limit = np.full(len(is_known), of_windows * (1 - _PART_OF_ALL) / n_categories)
        limit[0] = of_windows * _PART_OF_ALL if len(is_known) > 1 else of_windows
        return limit

    def _learn(self, day: int, opened: Floats, expected: Floats, wander: Floats, is_flagged: Bools) -> None:
        """Keep how far the counts lay off, beside what the expectation's own uncertainty explains."""
        for window in (1, 7):
            place = WINDOWS.index(window)
            mean = np.where(is_flagged, np.nan, expected[:, place])
            self.mean[window][:, day] = mean
            self.beyond[window][:, day] = (opened[:, place] - mean) ** 2 / mean - wander[:, place] * mean - 1

    def _clean(self, day: int, best: NDArray[np.int64], expected: Floats, exposure: Floats, is_flagged: Bools) -> None:
        """Put what was expected in place of what was flagged; what a category had too many of, all tickets had."""
        self.run_length = np.where(is_flagged, self.run_length + 1, 0)
        for row in np.flatnonzero(is_flagged & (self.run_length <= _SETTLED_DAYS))[::-1]:
            days = slice(day + 1 - WINDOWS[best[row]], day + 1)
            usual = expected[row, best[row]] * self.exposure[row, days] / max(exposure[row, best[row]], 1e-9)
            if row and not is_flagged[0]:
                self.clean[0, days] = np.maximum(self.clean[0, days] - self.clean[row, days] + usual, 0.0)
            self.clean[row, days] = usual
            for kept in (*self.mean.values(), *self.beyond.values()):
                kept[row, days] = np.nan


def _two_sided(opened: Floats, expected: Floats, variance: Floats, is_known: Bools) -> Floats:
    """The chance of counts as far off, of negative-binomial variables of this mean and variance; 1 where it is not
    small."""
    off = (opened - expected) / np.sqrt(variance)
    is_odd = is_known[:, None] & ((off > _Z_MORE) | (off < _Z_LESS))
    chance = np.ones_like(expected)
    if is_odd.any():
        count, mean = opened[is_odd], expected[is_odd]
        size, p = _negative_binomial(mean, variance[is_odd])
        # Half the chance of the count itself (mid-p), or small counts would be judged by less than their limit.
        more = special.betainc(np.maximum(count, 1.0), size, 1 - p) + special.betainc(count + 1, size, 1 - p)
        less = special.betainc(size, count + 1, p) + np.where(
            count > 0, special.betainc(size, np.maximum(count, 1.0), p), 0.0
        )
        chance[is_odd] = np.where(count > mean, more, less)
    return chance


def _negative_binomial(mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Its size and probability."""
    phi = np.maximum(variance / mean, 1 + 1e-6)
    return mean / (phi - 1), 1 / phi


def _band(mean: Floats, variance: Floats, limit: float) -> tuple[float, float]:
    """The least and the most that are not flagged."""
    size, p = _negative_binomial(mean, variance)
    low, high = (np.ceil(special.nbdtrik(tail, size, p)) for tail in (limit / 2, 1 - limit / 2))
    return float(low), float(high)
