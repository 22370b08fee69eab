"""Lives of customers: who comes when, how often they buy, and when they stop for good.

Buy till you drop, as BG/NBD has it (Fader, Hardie & Lee 2005): the first purchase is the beginning; from then on a
customer buys at rate λ ~ Gamma(r, α), and after each repeat purchase stops for good with probability p ~ Beta(a, b).
Each segment has its own (r, α, a, b). Rates are those of business time (see `calendar`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_core.demo import chance
from crm_core.demo.calendar import History
from crm_core.demo.chance import Floats, Ints, Stream
from crm_core.demo.config import SimulationConfig

NEVER = -1.0


@dataclass(frozen=True, eq=False)
class Lives:
    """Customers by position, and their purchases.

    Attributes:
        index: number of each customer, shape (n,); everything about customer i depends only on the seed and i.
        segment: position in `config.segments`, −1 for prospects, who never buy.
        rate: purchases a week of business time, λ; 0 for prospects.
        drop_out: probability p to stop after a repeat purchase.
        spend_rate: ν; an order's value is Gamma(p of the segment, ν) in money.
        acquired: when they came, seconds since 1970 UTC; of buyers the first purchase.
        dropped: the purchase that was their last by choice, or NEVER while they are alive at the end.
        owner: position of the customer of each purchase, shape (purchases,).
        purchase: 0 for the first purchase of a customer, 1 for the next.
        instants: seconds since 1970 UTC of each purchase, by customer and time.
    """

    index: Ints
    segment: Ints
    rate: Floats
    drop_out: Floats
    spend_rate: Floats
    acquired: Floats
    dropped: Floats
    owner: Ints
    purchase: Ints
    instants: Floats


def live(config: SimulationConfig, history: History, *, seed: int, index: Ints) -> Lives:
    """The lives of the customers with these numbers, up to the end of the history."""
    segment = chance.choose(chance.uniform(seed, Stream.SEGMENT, index), [item.share for item in config.segments])
    of = _by_segment(config, segment)
    rate = chance.gamma(chance.uniform(seed, Stream.RATE, index), of["r"], of["alpha"])
    drop_out = chance.beta(chance.uniform(seed, Stream.DROP_OUT, index), of["a"], of["b"])
    spend_rate = chance.gamma(chance.uniform(seed, Stream.SPEND, index, 0), of["q"], of["v"])
    u = chance.uniform(seed, Stream.ACQUISITION, index, 0)
    acquired = np.floor(history.acquisition.instant(u * history.acquisition.length))
    is_prospect = chance.uniform(seed, Stream.ACQUISITION, index, 1) < config.prospect_share
    segment = np.where(is_prospect, -1, segment)
    rate = np.where(is_prospect, 0.0, rate)
    dropped = np.full(len(index), NEVER)
    owner, purchase, instants = _purchases(
        config, history, seed=seed, index=index, segment=segment, rate=rate, drop_out=drop_out, acquired=acquired,
        dropped=dropped,
    )  # fmt: skip
    return Lives(index, segment, rate, drop_out, spend_rate, acquired, dropped, owner, purchase, instants)


def _purchases(
    config: SimulationConfig,
    history: History,
    *,
    seed: int,
    index: Ints,
    segment: Ints,
    rate: Floats,
    drop_out: Floats,
    acquired: Floats,
    dropped: Floats,
) -> tuple[Ints, Ints, Floats]:
    """All purchases (customer's position, number, instant), by customer; notes in `dropped` who stopped when."""
    is_seasonal = np.array([item.is_seasonal for item in config.segments])[segment]
    usual, seasonal = history.usual, history.seasonal
    alive = np.flatnonzero(segment >= 0) if config.has_orders else np.zeros(0, dtype=np.int64)
    clock = np.where(is_seasonal, seasonal.at(acquired), usual.at(acquired))
    owners, numbers, times = [alive], [np.zeros(len(alive), dtype=np.int64)], [acquired[alive]]
    number = 0
    while len(alive):
        number += 1
        clock[alive] += chance.exponential(chance.uniform(seed, Stream.GAP, index[alive], number), rate[alive])
        limit = np.where(is_seasonal[alive], seasonal.length, usual.length)
        alive = alive[clock[alive] < limit]
        at = np.where(is_seasonal[alive], seasonal.instant(clock[alive]), usual.instant(clock[alive]))
        at = np.floor(at)
        owners.append(alive)
        numbers.append(np.full(len(alive), number, dtype=np.int64))
        times.append(at)
        stops = chance.uniform(seed, Stream.SURVIVAL, index[alive], number) < drop_out[alive]
        dropped[alive[stops]] = at[stops]
        alive = alive[~stops]
    owner, purchase, instants = np.concatenate(owners), np.concatenate(numbers), np.concatenate(times)
    order = np.argsort(owner, kind="stable")
    return owner[order], purchase[order], instants[order]


def _by_segment(config: SimulationConfig, segment: Ints) -> dict[str, Floats]:
    names = ("r", "alpha", "a", "b", "p", "q", "v")
    return {name: np.array([getattr(item, name) for item in config.segments])[segment] for name in names}
