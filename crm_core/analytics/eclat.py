"""The search for frequent itemsets: pairs by a sparse product, larger sets depth first over bitmaps.

Rare items are dropped, all pairs are counted at once as XᵀX, and larger sets are found by Eclat (Zaki 2000, IEEE TKDE
12(3), 372–390) over packed bitmaps of baskets, extending only by frequent pairs. Items are ranked rarest first, so that
bitmaps thin out early; only the words in which a set's first item occurs are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crm_core.analytics.itemsets import Baskets, Ints, Itemsets, Level
from crm_core.analytics.progress import Progress
from crm_core.translation import N_

if TYPE_CHECKING:
    from scipy import sparse

Bitmaps: TypeAlias = NDArray[np.uint64]

STEP = N_("Finding what is bought together")
_WORD = 64


def search(baskets: Baskets, min_count: int, *, most: int, progress: Progress) -> Itemsets | None:
    """All itemsets that at least `min_count` baskets hold; None as soon as there are more than `most`."""
    frequent, item = _ranked(baskets, min_count)
    if not len(item):
        return Itemsets((), item, baskets.n, baskets.n_early, min_count)
    pairs = _frequent_pairs(frequent, min_count)
    levels = _Levels(most, frequent.n_items)
    counts, early = _counts(frequent)
    levels.add(0, np.zeros(len(counts), dtype=np.int64), np.arange(len(counts)), counts, early)
    for fraction in _larger(frequent, pairs, min_count, levels):
        progress(fraction, STEP)
        if levels.is_full:
            return None
    return None if levels.is_full else levels.itemsets(item, frequent, min_count)


def _larger(frequent: Baskets, pairs: sparse.csr_array, min_count: int, levels: _Levels) -> Iterator[float]:
    """Add all itemsets of two and more items to the levels; yields how much of the work is done."""
    bitmaps, n_early_words = _bitmaps(frequent)
    is_pair = np.zeros((frequent.n_items, frequent.n_items), dtype=np.bool_)
    is_pair[np.repeat(np.arange(frequent.n_items), np.diff(pairs.indptr)), pairs.indices] = True
    for first in range(frequent.n_items):
        yield first / frequent.n_items
        partners = pairs.indices[pairs.indptr[first] : pairs.indptr[first + 1]]
        if not len(partners):
            continue
        mine_only = bitmaps[first]
        words = np.flatnonzero(mine_only)
        rows = bitmaps[partners][:, words] if 2 * len(words) > len(mine_only) else bitmaps[np.ix_(partners, words)]
        rows &= mine_only[words]
        _grow(rows, partners, first, 1, int(np.searchsorted(words, n_early_words)), is_pair, min_count, levels)


def _grow(
    rows: Bitmaps,
    ranks: Ints,
    parent: int,
    depth: int,
    n_early_words: int,
    is_pair: NDArray[np.bool_],
    min_count: int,
    levels: _Levels,
) -> None:
    """Add the itemsets "parent and one of these ranks" that are frequent, and all that grow out of them.

    Args:
        rows: the baskets of each such itemset; shape (ranks, words), early baskets in the first words.
        parent: the parent's position in its level, `depth` items large.
    """
    bits = np.bitwise_count(rows)
    early = bits[:, :n_early_words].sum(axis=1, dtype=np.int64)
    counts = early + bits[:, n_early_words:].sum(axis=1, dtype=np.int64)
    kept = counts >= min_count
    if not kept.all():
        rows, ranks, counts, early = rows[kept], ranks[kept], counts[kept], early[kept]
    if not len(ranks):
        return
    start = levels.add(depth, np.full(len(ranks), parent, dtype=np.int64), ranks, counts, early)
    for place in range(len(ranks) - 1):
        if levels.is_full:
            return
        following = place + 1 + np.flatnonzero(is_pair[ranks[place], ranks[place + 1 :]])
        if len(following):
            _grow(
                rows[following] & rows[place], ranks[following], start + place, depth + 1,
                n_early_words, is_pair, min_count, levels,
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

    def itemsets(self, item: Ints, frequent: Baskets, min_count: int) -> Itemsets:
        """What was added."""
        levels: list[Level] = []
        for parts in self._parts:
            parents, last, count, early = (np.concatenate(column) for column in zip(*parts, strict=True))
            column = last[:, None]
            ranks = column if not levels else np.hstack([levels[-1].ranks[parents], column])
            levels.append(Level(ranks, count, early, parents * self._n_ranks + last))
        return Itemsets(tuple(levels), item, frequent.n, frequent.n_early, min_count)


def _counts(baskets: Baskets) -> tuple[Ints, Ints]:
    """How many baskets, and how many early ones, hold each item."""
    counts = np.bincount(baskets.item, minlength=baskets.n_items)
    if baskets.n_early == baskets.n:
        return counts, counts
    early = baskets.item[baskets.basket < baskets.n_early]
    return counts, np.bincount(early, minlength=baskets.n_items)


def _ranked(baskets: Baskets, min_count: int) -> tuple[Baskets, Ints]:
    """The baskets with the frequent items alone, as ranks, rarest first; and the item each rank stands for."""
    counts = np.bincount(baskets.item, minlength=baskets.n_items)
    order = np.argsort(counts, kind="stable")
    ranking = order[counts[order] >= min_count]
    rank = np.full(baskets.n_items, -1, dtype=np.int32)
    rank[ranking] = np.arange(len(ranking))
    ranked = rank[baskets.item]
    kept = ranked >= 0
    basket = baskets.basket[kept].astype(np.int32)  # half of the memory to go through
    return replace(baskets, basket=basket, item=ranked[kept], n_items=len(ranking)), ranking


def _frequent_pairs(frequent: Baskets, min_count: int) -> sparse.csr_array:
    """Pairs of ranks, the rarer first, that enough baskets hold; shape (ranks, ranks), columns ascending."""
    from scipy import sparse

    is_shared = np.bincount(frequent.basket, minlength=frequent.n)[frequent.basket] > 1
    basket, item = frequent.basket[is_shared], frequent.item[is_shared]
    held = sparse.csr_array((np.ones(len(item), dtype=np.int32), (basket, item)), shape=(frequent.n, frequent.n_items))
    counted = held.T @ held
    counted.data[counted.data < min_count] = 0
    counted.eliminate_zeros()
    counted = sparse.triu(counted, k=1, format="csr")
    counted.sort_indices()
    return counted


def _bitmaps(frequent: Baskets) -> tuple[Bitmaps, int]:
    """The baskets of each rank as bits, shape (ranks, words), and how many words, the first ones, are early."""
    n_early_words = -(-frequent.n_early // _WORD)
    n_words = n_early_words + -(-(frequent.n - frequent.n_early) // _WORD)
    place = frequent.basket
    if frequent.n_early < frequent.n:
        shift = n_early_words * _WORD - frequent.n_early
        place = np.where(place >= frequent.n_early, place + shift, place)
    bitmaps = np.zeros(frequent.n_items * n_words, dtype=np.uint64)
    word = frequent.item.astype(np.int64) * n_words + (place >> 6)
    # Each basket and item come once, so adding sets each bit once.
    np.add.at(bitmaps, word, np.uint64(1) << (place & (_WORD - 1)).astype(np.uint64))
    return bitmaps.reshape(frequent.n_items, n_words), n_early_words
