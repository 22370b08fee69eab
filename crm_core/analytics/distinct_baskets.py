"""Baskets that hold the same items, counted as one of a weight, and their bitmaps.

Many baskets repeat: a search that looks at each distinct one once is as exact and has less to look at. A bitmap has no
place for a weight, so a weight is written in binary: a basket of weight 11 has one bit in each of the regions of factor
8, 2 and 1, and a count is the sum over the regions of factor × bits set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crm_core.analytics.itemsets import Frequent, Ints

Bitmaps: TypeAlias = NDArray[np.uint64]

WORD = 64
_MOST_PLANES = 6
_REGION_COST = 256
"""What one more region costs at each count, in words per bitmap: a guess that need not be exact."""


@dataclass(frozen=True, eq=False)
class Distinct:
    """Each distinct basket of two and more items once; single items need no bitmap.

    Attributes:
        basket: position of the distinct basket, 0 to n − 1, ascending; shape (entries,).
        item: position of the item; shape (entries,).
        early, late: how many early and late baskets are the same; shape (n,).
    """

    basket: Ints
    item: Ints
    early: Ints
    late: Ints
    n_items: int

    @property
    def n(self) -> int:
        """How many distinct baskets there are."""
        return len(self.early)


@dataclass(frozen=True)
class Region:
    """Words `start` to `stop` of every bitmap; each bit stands for `factor` baskets, all early or all late."""

    start: int
    stop: int
    factor: int
    is_early: bool


def distinct(frequent: Frequent) -> Distinct:
    """The distinct baskets of two and more items, with their weights."""
    baskets = frequent.baskets
    is_shared = frequent.sizes[baskets.basket] > 1
    basket, item = baskets.basket[is_shared], baskets.item[is_shared]
    if len(basket) and (basket[1:] < basket[:-1]).any():
        order = np.argsort(basket, kind="stable")
        basket, item = basket[order], item[order]
    held = np.flatnonzero(frequent.sizes > 1)
    sizes = frequent.sizes[held]
    starts = np.cumsum(sizes) - sizes
    chosen, group = _groups(item, starts, baskets.n_items)
    n_early = int(np.searchsorted(held, baskets.n_early))
    is_chosen = np.zeros(len(held), dtype=np.bool_)
    is_chosen[chosen] = True
    return Distinct(
        np.repeat(np.arange(len(chosen), dtype=np.int32), sizes[chosen]),
        item[np.repeat(is_chosen, sizes)],
        np.bincount(group[:n_early], minlength=len(chosen)),
        np.bincount(group[n_early:], minlength=len(chosen)),
        baskets.n_items,
    )


def _groups(item: Ints, starts: Ints, n_items: int) -> tuple[Ints, Ints]:
    """Positions of one basket of each kind, ascending, and the kind of every basket.

    Two baskets are the same if the sums of two random 64-bit numbers per item are. Should the first sum be the same and
    the second not, nothing is merged: then the search takes longer and is as exact. That both agree by chance has a
    probability below 10⁻²⁶ for a million baskets.
    """
    apart = np.arange(len(starts))
    if not len(starts):
        return apart, apart
    marks = np.random.default_rng(0).integers(0, 2**64, size=(2, n_items), dtype=np.uint64)
    first, second = (np.add.reduceat(mark[item], starts) for mark in marks)
    order = np.argsort(first, kind="stable")
    is_new = np.ones(len(order), dtype=np.bool_)
    np.not_equal(first[order[1:]], first[order[:-1]], out=is_new[1:])
    leader = order[is_new]  # the earliest of its kind, as the sort is stable
    kind = np.empty(len(order), dtype=np.int64)
    kind[order] = np.cumsum(is_new) - 1
    if (second != second[leader][kind]).any():
        return apart, apart
    by_time = np.argsort(leader)
    place = np.empty(len(leader), dtype=np.int64)
    place[by_time] = np.arange(len(leader))
    return leader[by_time], place[kind]


def pair_counts(found: Distinct) -> Any:
    """XᵀX of the distinct baskets with their weights: shape (items, items), a sparse array."""
    from scipy import sparse

    weight = (found.early + found.late).astype(np.int32)
    starts = np.concatenate([[0], np.cumsum(np.bincount(found.basket, minlength=found.n))]).astype(np.int32)
    shape = (found.n, found.n_items)
    held = sparse.csr_array((np.ones(len(found.item), dtype=np.int32), found.item, starts), shape=shape)
    weighted = sparse.csr_array((weight[found.basket], found.item, starts), shape=shape)
    return held.T @ weighted


def bitmaps(found: Distinct) -> tuple[Bitmaps, tuple[Region, ...]]:
    """The distinct baskets of each item as bits, shape (items, words), and what the words stand for."""
    regions: list[Region] = []
    members: list[Ints] = []
    start = 0
    for is_early, weights in ((True, found.early), (False, found.late)):
        for factor, held in _planes(weights):
            stop = start - (-len(held) // WORD)
            regions.append(Region(start, stop, factor, is_early))
            members.append(held)
            start = stop
    bits = np.zeros(found.n_items * start, dtype=np.uint64)
    ends = np.cumsum(np.bincount(found.basket, minlength=found.n))
    for region, held in zip(regions, members, strict=True):
        _set_bits(bits, start, region, held, found, ends)
    return bits.reshape(found.n_items, start), tuple(regions)


def _set_bits(bits: Bitmaps, n_words: int, region: Region, held: Ints, found: Distinct, ends: Ints) -> None:
    sizes = np.diff(ends, prepend=0)[held]
    within = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    item = found.item[np.repeat(ends[held] - sizes, sizes) + within]
    place = np.repeat(np.arange(len(held)), sizes)
    word = item.astype(np.int64) * n_words + region.start + (place >> 6)
    # Each basket and item come once, so adding sets each bit once.
    np.add.at(bits, word, np.uint64(1) << (place & (WORD - 1)).astype(np.uint64))


def _planes(weights: Ints) -> list[tuple[int, Ints]]:
    """Factors 2^k and the baskets that have a bit there; in the last, a basket comes as often as its weight needs."""
    if not weights.any():
        return []
    most = min(int(weights.max()).bit_length(), _MOST_PLANES)
    options = [_split(weights, n_planes) for n_planes in range(1, most + 1)]
    return min(options, key=lambda planes: sum(len(held) / WORD + _REGION_COST for _factor, held in planes))


def _split(weights: Ints, n_planes: int) -> list[tuple[int, Ints]]:
    last = n_planes - 1
    planes = [(1 << k, np.flatnonzero(weights >> k & 1)) for k in range(last)]
    planes.append((1 << last, np.repeat(np.arange(len(weights)), weights >> last)))
    return [(factor, held) for factor, held in planes if len(held)]
