"""Baskets, and the sets of items that many of them hold."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Baskets:
    """Which basket holds which item, each pair once.

    Attributes:
        basket: position of the basket in time, 0 to n − 1; shape (entries,).
        item: position of the item, 0 to n_items − 1; shape (entries,).
        n: number of baskets, empty ones included.
        n_items: number of items.
        n_early: how many baskets, the first ones, count as early; counts of both parts are kept.
    """

    basket: Ints
    item: Ints
    n: int
    n_items: int
    n_early: int

    def part(self, *, late: bool) -> Baskets:
        """The early baskets, or the late ones, alone."""
        first, size = (self.n_early, self.n - self.n_early) if late else (0, self.n_early)
        inside = (self.basket >= first) & (self.basket < first + size)
        return Baskets(self.basket[inside] - first, self.item[inside], size, self.n_items, size)


@dataclass(frozen=True, eq=False)
class Frequent:
    """The baskets with their frequent items alone, as ranks, rarest first.

    Attributes:
        baskets: the entries left, `item` being ranks.
        item: the item each rank stands for; shape (ranks,).
        counts: how many baskets hold each rank; shape (ranks,).
        sizes: how many frequent items each basket holds; shape (n,).
    """

    baskets: Baskets
    item: Ints
    counts: Ints
    sizes: Ints

    @classmethod
    def of(cls, baskets: Baskets, min_count: int) -> Frequent:
        """The items that at least `min_count` baskets hold."""
        counts = np.bincount(baskets.item, minlength=baskets.n_items)
        order = np.argsort(counts, kind="stable")
        ranking = order[counts[order] >= min_count]
        rank = np.full(baskets.n_items, -1, dtype=np.int32)
        rank[ranking] = np.arange(len(ranking))
        ranked = rank[baskets.item]
        kept = ranked >= 0
        basket = baskets.basket[kept].astype(np.int32)  # half of the memory to go through
        left = replace(baskets, basket=basket, item=ranked[kept], n_items=len(ranking))
        return cls(left, ranking, counts[ranking], np.bincount(basket, minlength=baskets.n))

    def early_counts(self) -> Ints:
        """How many early baskets hold each rank; shape (ranks,)."""
        if self.baskets.n_early == self.baskets.n:
            return self.counts
        early = self.baskets.item[self.baskets.basket < self.baskets.n_early]
        return np.bincount(early, minlength=len(self.item))


@dataclass(frozen=True, eq=False)
class Level:
    """The itemsets of one size k, in lexicographic order of their ranks.

    Attributes:
        ranks: each row's items as ranks, ascending; shape (itemsets, k).
        count, early_count: baskets, and early baskets, that hold all items of the row; shape (itemsets,).
        key: parent's position in the level below × number of ranks + last rank; ascending.
    """

    ranks: Ints
    count: Ints
    early_count: Ints
    key: Ints


@dataclass(frozen=True, eq=False)
class Itemsets:
    """All itemsets of at least `min_count` of `n` baskets, `n_early` of them early.

    `item[rank]` is the item a rank stands for; `levels[k − 1]` holds the itemsets of size k.
    """

    levels: tuple[Level, ...]
    item: Ints
    n: int
    n_early: int
    min_count: int

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many itemsets there are of size 1, 2, …"""
        return tuple(len(level.count) for level in self.levels)

    def find(self, ranks: Ints) -> Ints:
        """Positions of these itemsets, rows of ascending ranks of one size, in their level; all must be there."""
        place = ranks[:, 0]  # a single item's position is its rank
        for k in range(1, ranks.shape[1]):
            place = np.searchsorted(self.levels[k].key, place * len(self.item) + ranks[:, k])
        return place


def least_count(support: float, n: int) -> int:
    """The smallest whole number of baskets that is at least this share of n, and at least 1."""
    exact = support * n
    nearest = round(exact)
    return max(1, nearest if math.isclose(exact, nearest, rel_tol=1e-12) else math.ceil(exact))
