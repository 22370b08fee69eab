"""The search for frequent itemsets: pairs by a sparse product, larger sets depth first over bitmaps.

Rare items are dropped and baskets that then hold the same are counted as one; all pairs are counted at once as XᵀX, and
larger sets are found by Eclat (Zaki 2000, IEEE TKDE 12(3), 372–390) over packed bitmaps of distinct baskets, extending
only by frequent pairs. Items are ranked rarest first, so that bitmaps thin out early; only the words in which a set's
first item occurs are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crm_core.analytics.distinct_baskets import Bitmaps, Distinct, Region, bitmaps, distinct, pair_counts
from crm_core.analytics.itemsets import Frequent, Ints, Itemsets, Level
from crm_core.analytics.progress import Progress
from crm_core.translation import N_

if TYPE_CHECKING:
    from scipy import sparse

STEP = N_("Finding what is bought together")


def search(frequent: Frequent, min_count: int, *, most: int, progress: Progress) -> Itemsets | None:
    """All itemsets that at least `min_count` baskets hold; None as soon as there are more than `most`."""
    n, n_early = frequent.baskets.n, frequent.baskets.n_early
    if not len(frequent.item):
        return Itemsets((), frequent.item, n, n_early, min_count)
    levels = _Levels(most, len(frequent.item))
    first = np.arange(len(frequent.item))
    levels.add(0, np.zeros_like(first), first, frequent.counts, frequent.early_counts())
    for fraction in _larger(distinct(frequent), min_count, levels):
        progress(fraction, STEP)
        if levels.is_full:
            return None
    if levels.is_full:
        return None
    return Itemsets(levels.found(), frequent.item, n, n_early, min_count)


def _larger(frequent: Distinct, min_count: int, levels: _Levels) -> Iterator[float]:
    """Add all itemsets of two and more items to the levels; yields how much of the work is done."""
    pairs = _frequent_pairs(frequent, min_count)
    bits, regions = bitmaps(frequent)
    is_pair = np.zeros((frequent.n_items, frequent.n_items), dtype=np.bool_)
    is_pair[np.repeat(np.arange(frequent.n_items), np.diff(pairs.indptr)), pairs.indices] = True
    for first in range(frequent.n_items):
        yield first / frequent.n_items
        partners = pairs.indices[pairs.indptr[first] : pairs.indptr[first + 1]]
        if not len(partners):
            continue
        mine_only = bits[first]
        words = mine_only.nonzero()[0]
        rows = bits[partners][:, words] if 2 * len(words) > len(mine_only) else bits[partners[:, None], words]
        rows &= mine_only[words]
        _grow(rows, partners, first, 1, _within(regions, words), is_pair, min_count, levels)


def _within(regions: Sequence[Region], words: Ints) -> list[Region]:
    """The regions as positions in these words, ascending, alone; those without a word are left out."""
    stops = np.searchsorted(words, [region.stop for region in regions]).tolist()
    return [
        Region(start, stop, region.factor, region.is_early)
        for region, start, stop in zip(regions, [0, *stops], stops, strict=False)
        if start < stop
    ]


def _grow(
    rows: Bitmaps,
    ranks: Ints,
    parent: int,
    depth: int,
    regions: Sequence[Region],
    is_pair: NDArray[np.bool_],
    min_count: int,
    levels: _Levels,
) -> None:
    """Add the itemsets "parent and one of these ranks" that are frequent, and all that grow out of them.

    Args:
        rows: the baskets of each such itemset; shape (ranks, words).
        parent: the parent's position in its level, `depth` items large.
        regions: what the words stand for.
    """
    bits = np.bitwise_count(rows)
    early, late = np.zeros((2, len(ranks)), dtype=np.int64)
    for region in regions:
        found = bits[:, region.start : region.stop].sum(axis=1, dtype=np.int64)
        part = early if region.is_early else late
        part += found * region.factor
    counts = early + late
    kept = counts >= min_count
    if not kept.all():
        rows, ranks, counts, early = rows[kept], ranks[kept], counts[kept], early[kept]
    if not len(ranks):
        return
    start = levels.add(depth, np.full(len(ranks), parent, dtype=np.int64), ranks, counts, early)
    for place in range(len(ranks) - 1):
        if levels.is_full:
            return
        following = place + 1 + is_pair[ranks[place], ranks[place + 1 :]].nonzero()[0]
        if len(following):
            _grow(
                rows[following] & rows[place], ranks[following], start + place, depth + 1,
                regions, is_pair, min_count, levels,
            )  # fmt: skip


class _Levels:
    """Collects itemsets while they are found, level by level, in lexicographic order."""

    def __init__(self, most: int, n_ranks: int) -> None:
        self._parts: list[list[tuple[Ints, Ints, Ints, Ints]]] = []
        self._sizes: list[int] = []
        self._most = most
        self._n_ranks = n_ranks

    @property
    def is_full(self) -> bool:
        """Whether there are more than can be held: found already, or among the subsets of the largest one found."""
        return sum(self._sizes) > self._most or 2 ** len(self._sizes) - 1 > self._most

    def add(self, depth: int, parents: Ints, ranks: Ints, counts: Ints, early: Ints) -> int:
        """Add itemsets of depth + 1 items; return the position of the first of them."""
        if depth == len(self._parts):
            self._parts.append([])
            self._sizes.append(0)
        start = self._sizes[depth]
        self._parts[depth].append((parents, ranks, counts, early))
        self._sizes[depth] += len(ranks)
        return start

    def found(self) -> tuple[Level, ...]:
        """What was added."""
        levels: list[Level] = []
        for parts in self._parts:
            parents, last, count, early = (np.concatenate(column) for column in zip(*parts, strict=True))
            column = last[:, None]
            ranks = column if not levels else np.hstack([levels[-1].ranks[parents], column])
            levels.append(Level(ranks, count, early, parents * self._n_ranks + last))
        return tuple(levels)


def _frequent_pairs(frequent: Distinct, min_count: int) -> sparse.csr_array:
    """Pairs of ranks, the rarer first, that enough baskets hold; shape (ranks, ranks), columns ascending."""
    from scipy import sparse

    counted = pair_counts(frequent)
    counted.data[counted.data < min_count] = 0
    counted.eliminate_zeros()
    counted = sparse.triu(counted, k=1, format="csr")
    counted.sort_indices()
    return counted
