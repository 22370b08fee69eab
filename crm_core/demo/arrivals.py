"""Things that happen to customers at a rate: how many to each, and when, on a clock that knows the seasons.

A Poisson process on the clock is one on the calendar whose rate at an instant is multiplied by the clock's factor then.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_core.demo import chance
from crm_core.demo.calendar import Clock
from crm_core.demo.chance import Bits, Floats, Ints, Stream

WEEKS_A_YEAR = 365.25 / 7
_COUNT, _WHEN = 0, 1


@dataclass(frozen=True, eq=False)
class Arrivals:
    """Things that happened.

    Attributes:
        owner: position of the customer, ascending, shape (n,).
        key: random bits of each.
        instants: seconds since 1970 UTC, whole.
    """

    owner: Ints
    key: Bits
    instants: Floats


def arrive(
    clock: Clock, seed: int, stream: Stream, index: Ints, *, part: int, rate: Floats, first: Floats, last: float
) -> Arrivals:
    """What happens to customers with these numbers from `first` to `last` (seconds) at `rate` a year each.

    `part` tells processes of one stream apart.
    """
    low, high = clock.at(first), clock.at(np.full(len(index), last))
    mean = rate / WEEKS_A_YEAR * np.maximum(high - low, 0)
    count = chance.poisson(chance.uniform(seed, stream, index, part, 0), mean)
    owner = np.repeat(np.arange(len(index)), count)
    number = np.arange(len(owner)) - (np.cumsum(count) - count)[owner]
    key = chance.bits(seed, stream, index[owner], part, 1 + number)
    u = draw(key, _COUNT, _WHEN)
    return Arrivals(owner, key, np.floor(clock.instant(low[owner] + u * (high[owner] - low[owner]))))


def draw(key: Bits, *coordinates: int) -> Floats:
    """A number strictly between 0 and 1 for each key, for one purpose."""
    return chance.to_uniform(chance.extend(key, *coordinates))


def joined(*parts: Arrivals) -> Arrivals:
    """All of them, by time."""
    owner = np.concatenate([part.owner for part in parts])
    key = np.concatenate([part.key for part in parts])
    instants = np.concatenate([part.instants for part in parts])
    sequence = np.lexsort((key, instants))
    return Arrivals(owner[sequence], key[sequence], instants[sequence])


def kept(arrivals: Arrivals, which: Ints) -> Arrivals:
    """Those at these positions."""
    return Arrivals(arrivals.owner[which], arrivals.key[which], arrivals.instants[which])
