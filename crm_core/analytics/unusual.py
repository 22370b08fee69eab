"""Whether the last value of a course is unusual against its own history, with a stated rate of false alarms.

A value is compared with the one a year before (weeks, months, quarters), or a week before (days), so that a season is
no news. Its difference is judged by rank among the differences before it, about their common median, so that steady
growth is no news either: p = how many of them lie as far off ÷ how many there are. Where nothing happens but chance,
each rank is as likely as any other, whatever the distribution; so the share of values called unusual is that of RATES,
as long as the differences could have come in any order.

Source: V. Vovk, A. Gammerman, G. Shafer (2005), "Algorithmic Learning in a Random World", chapter 2 (conformal
prediction).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SEASONS = {"day": 7, "week": 52, "month": 12, "quarter": 4}
"""How many periods a season has."""

RATES = {"day": 1 / 100, "week": 1 / 50, "month": 1 / 20, "quarter": 1 / 20}
"""How often a value is called unusual where nothing happened."""

MOST_COMPARED = {"day": 199, "week": 99, "month": 39, "quarter": 39}
"""So many earlier differences are looked at: what was usual long ago may be so no more."""


@dataclass(frozen=True)
class Verdict:
    """What is to be expected of a value, its usual range, and the chance of one as far off, by `n` earlier differences.
    `is_unusual` where p is at most the rate of the grain: then the value lies outside the range."""

    value: float
    expected: float
    low: float
    high: float
    p: float
    n: int
    is_unusual: bool


def needed(grain: str) -> int:
    """How many values a course needs for its last one to be judged."""
    return SEASONS[grain] + round(1 / RATES[grain])


def judge(values: Sequence[float], grain: str) -> Verdict | None:
    """The verdict on the last value; None where the history is too short to hold the stated rate, has gaps, or does not
    vary at all.

    Values that are all above 0 are compared as ratios, others as differences.
    """
    known = np.asarray(values, dtype=np.float64)
    season, rate = SEASONS[grain], RATES[grain]
    known = known[-(season + MOST_COMPARED[grain] + 1) :]
    if len(known) < needed(grain) or not np.isfinite(known).all():
        return None
    is_ratio = bool((known > 0).all())
    scale = np.log(known) if is_ratio else known
    steps = scale[season:] - scale[:-season]
    middle = float(np.median(steps))
    off = np.abs(steps - middle)
    if not off.any():
        return None
    n = len(off)
    p = float((off >= off[-1]).sum() / n)
    reach = float(np.sort(off[:-1])[-int(rate * n + 1e-9)])
    centre = scale[-1 - season] + middle
    bounds = np.array([centre, centre - reach, centre + reach])
    expected, low, high = (float(bound) for bound in (np.exp(bounds) if is_ratio else bounds))
    return Verdict(float(known[-1]), expected, low, high, p, n - 1, p <= rate)
