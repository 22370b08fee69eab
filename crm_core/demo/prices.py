"""What each product costs when: price points in the workspace currency that go up now and then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from babel.numbers import get_currency_precision

from crm_core.db.types import MONEY_SCALE
from crm_core.demo import chance
from crm_core.demo.calendar import History
from crm_core.demo.catalogue import CURRENCY_FACTORS, SHIPPING_PRICE, items
from crm_core.demo.chance import Floats, Ints, Stream

MAX_CHANGES = 2
NO_CHANGE = np.inf
_CHANGE_SHARES = (0.25, 0.45, 0.30)
"""Part of the products with no, one and two price changes within the history."""


@dataclass(frozen=True, eq=False)
class Prices:
    """The price list; the last row is shipping.

    Attributes:
        minor_e4: the smallest coin, in ten-thousandths.
        factor: units of money a price of one euro becomes.
        changed: instants of the changes, seconds since 1970 UTC, shape (products, 2); NO_CHANGE where there is none.
        levels_e4: prices before, between and after them, in ten-thousandths, shape (products, 3).
    """

    minor_e4: int
    factor: int
    changed: Floats
    levels_e4: Ints

    def at(self, product: Ints, instants: Floats) -> Ints:
        """The price of each product at each instant, in ten-thousandths."""
        level = (instants[:, None] >= self.changed[product]).sum(axis=1)
        prices: Ints = self.levels_e4[product, level]
        return prices

    def now_e4(self) -> Ints:
        """Prices at the end of the history."""
        level = np.isfinite(self.changed).sum(axis=1)
        prices: Ints = self.levels_e4[np.arange(len(level)), level]
        return prices


def price_list(seed: int, history: History, currency: str) -> Prices:
    """The price list of a simulated company that trades in this currency."""
    factor = CURRENCY_FACTORS.get(currency, 1)
    minor_e4 = 10 ** (MONEY_SCALE - min(get_currency_precision(currency), 2))
    base = np.array([item.price for item in items()] + [SHIPPING_PRICE]) * factor
    number = np.arange(len(base))
    n_changes = chance.choose(chance.uniform(seed, Stream.PRICE, number, 0), _CHANGE_SHARES)
    when = np.sort(
        np.stack([chance.uniform(seed, Stream.PRICE, number, 1 + k) for k in range(MAX_CHANGES)], axis=1), axis=1
    )
    changed = np.floor(history.start + when * (history.end - history.start))
    changed[np.arange(MAX_CHANGES)[None, :] >= n_changes[:, None]] = NO_CHANGE
    levels = [_rounded(base, minor_e4)]
    for k in range(MAX_CHANGES):
        raised = levels[-1] / 10**MONEY_SCALE * (1.03 + 0.06 * chance.uniform(seed, Stream.PRICE, number, 3 + k))
        levels.append(_rounded(raised, minor_e4))
    return Prices(minor_e4, factor, changed, np.stack(levels, axis=1))


def _rounded(prices: Floats, minor_e4: int) -> Ints:
    """Prices at which one would put a label: tens of the smallest coin, never 0."""
    step = 10 * minor_e4
    rounded: Ints = np.maximum(np.rint(prices * 10**MONEY_SCALE / step), 1).astype(np.int64) * step
    return rounded
