"""What lies in the baskets: bundles over a background of independent products, in quantities that meet the spending.

An order holds at most one bundle, with the bundle's probability, and each of the bundle's products with its `keep`. The
rest is drawn independently by popularity (Zipf's law; cheap products are the popular ones, bundle products come last).
Which products are bought does not depend on who buys; how many of each does, so that the order comes near its value.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from crm_core.demo import chance
from crm_core.demo.catalogue import bundles, items
from crm_core.demo.chance import Bits, Floats, Ints, Stream
from crm_core.demo.prices import Prices

SIZE_SHARES = (0.46, 0.28, 0.15, 0.07, 0.04)
"""Part of the orders with 1, 2, … independent products."""

MAX_QUANTITY = 250
_ZIPF_EXPONENT = 0.9
_ZIPF_OFFSET = 3
_SIZE, _BUNDLE, _KEEP, _PICK = 0, 1, 2, 3  # what an order's numbers are drawn for


@dataclass(frozen=True, eq=False)
class Baskets:
    """Sale lines of orders, by order; each order has at least one.

    Attributes:
        order: position of the order, shape (lines,).
        product: position in the catalogue; no product twice in an order.
        quantity: pieces, at least 1.
        price_e4: unit price in ten-thousandths.
    """

    order: Ints
    product: Ints
    quantity: Ints
    price_e4: Ints


@lru_cache
def popularity(seed: int) -> tuple[float, ...]:
    """How often each product is picked into the background, as shares that add up to 1."""
    price = np.log([item.price for item in items()])
    taste = chance.uniform(seed, Stream.POPULARITY, np.arange(len(price))) * 3
    planted = {code for bundle in bundles() for code in bundle.codes}
    is_planted = np.array([item.code in planted for item in items()])
    rank = np.argsort(np.argsort(price + taste + np.where(is_planted, 100.0, 0.0)))
    weights = 1.0 / (rank + _ZIPF_OFFSET) ** _ZIPF_EXPONENT
    return tuple((weights / weights.sum()).tolist())


def fill_baskets(seed: int, prices: Prices, *, keys: Bits, instants: Floats, spend: Floats) -> Baskets:
    """The baskets of orders with these keys; `spend` is what each is to be worth, in money."""
    products = _products(seed, keys)
    order, column = np.nonzero(products >= 0)
    product = products[order, column]
    price_e4 = prices.at(product, instants[order])
    quantity = _quantities(order, price_e4, np.rint(spend * 10_000))
    return Baskets(order, product, quantity, price_e4)


def _products(seed: int, keys: Bits) -> Ints:
    """Catalogue positions per order, −1 where a slot is empty; shape (orders, slots)."""
    n_bundled = max(len(bundle.codes) for bundle in bundles())
    position = {item.code: number for number, item in enumerate(items())}
    members = np.full((len(bundles()) + 1, n_bundled), -1)  # the last row: no bundle
    for row, bundle in enumerate(bundles()):
        members[row, : len(bundle.codes)] = [position[code] for code in bundle.codes]
    keep = np.array([*(bundle.keep for bundle in bundles()), 0.0])
    probability = [bundle.probability for bundle in bundles()]
    which = chance.choose(_uniform(keys, _BUNDLE), [*probability, 1 - sum(probability)])
    slots: list[Ints] = []
    for k in range(n_bundled):
        slots.append(np.where(_uniform(keys, _KEEP, k) < keep[which], members[which, k], -1))
    is_bundled = np.max(slots, axis=0) >= 0
    n_picked = 1 + chance.choose(_uniform(keys, _SIZE), SIZE_SHARES) - is_bundled
    for k in range(len(SIZE_SHARES)):
        picked = chance.choose(_uniform(keys, _PICK, k), popularity(seed))
        slots.append(np.where(k < n_picked, picked, -1))
    products = np.sort(np.stack(slots, axis=1), axis=1)
    products[:, 1:][products[:, 1:] == products[:, :-1]] = -1
    return products


def _quantities(order: Ints, price_e4: Ints, spend_e4: Floats) -> Ints:
    """Pieces per line: the value shared out evenly, then evened out by the cheapest product of each order."""
    n_lines = np.bincount(order)
    starts = np.cumsum(n_lines) - n_lines
    quantity = _pieces(spend_e4[order] / n_lines[order], price_e4)
    is_cheapest = price_e4 == np.minimum.reduceat(price_e4, starts)[order]
    cheapest = np.flatnonzero(is_cheapest)
    cheapest = cheapest[np.unique(order[cheapest], return_index=True)[1]]
    amount = quantity * price_e4
    left = spend_e4 - (np.add.reduceat(amount, starts) - amount[cheapest])
    quantity[cheapest] = _pieces(left, price_e4[cheapest])
    return quantity


def _pieces(value_e4: Floats, price_e4: Ints) -> Ints:
    return np.clip(np.rint(value_e4 / price_e4), 1, MAX_QUANTITY).astype(np.int64)


def _uniform(keys: Bits, *coordinates: int) -> Floats:
    return chance.to_uniform(chance.extend(keys, *coordinates))
