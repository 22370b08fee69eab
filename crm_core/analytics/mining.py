"""Frequent itemsets, exactly, or a refusal that names a support whose itemsets fit in memory.

What would not fit is known by arithmetic before anything large is built, or while searching, as soon as there are more
itemsets than can be held. The support named was tried.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10

from crm_core.analytics.eclat import search
from crm_core.analytics.itemsets import Baskets, Frequent, Itemsets
from crm_core.analytics.progress import Progress, silent
from crm_core.errors import AnalysisRefused


@dataclass(frozen=True)
class Limits:
    """The most memory that bitmaps and pair counts may take, in bytes, and the most itemsets to hold."""

    n_bytes: int = 600_000_000
    n_itemsets: int = 1_000_000


def mine(baskets: Baskets, min_count: int, *, progress: Progress = silent, limits: Limits | None = None) -> Itemsets:
    """Every itemset that at least `min_count` baskets hold.

    Raises:
        AnalysisRefused: the itemsets would not fit within the limits; names a support that would.
        Cancelled: `progress` said so.
    """
    bounds = limits or Limits()
    frequent = Frequent.of(baskets, min_count)
    if _bytes_needed(frequent) > bounds.n_bytes:
        raise _refusal(baskets, min_count, _fitting_by_arithmetic(baskets, min_count, bounds), bounds, progress)
    found = search(frequent, min_count, most=bounds.n_itemsets, progress=progress)
    if found is None:
        raise _refusal(baskets, min_count, min_count + 1, bounds, progress)
    return found


def _bytes_needed(frequent: Frequent) -> int:
    """What bitmaps, pair counts and the table of pairs take: an upper bound from the counts of items alone."""
    n = len(frequent.item)
    n_pairs = min(n * n, int((frequent.sizes * frequent.sizes).sum()))
    return n * (frequent.baskets.n // 8 + 2 * 8) + n_pairs * 2 * 12 + n * n + len(frequent.baskets.item) * 12


def _fitting_by_arithmetic(baskets: Baskets, min_count: int, limits: Limits) -> int:
    """The smallest count above `min_count` whose bitmaps and pair counts fit."""
    low, high = min_count, baskets.n + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _bytes_needed(Frequent.of(baskets, middle)) > limits.n_bytes else (low, middle)
    return high


def _refusal(baskets: Baskets, min_count: int, start: int, limits: Limits, progress: Progress) -> AnalysisRefused:
    """What to say instead: a count that was tried and fits, from `start` up."""
    fitting = start
    while fitting <= baskets.n and _is_too_much(baskets, fitting, limits, progress):
        fitting *= 2
    fitting = min(fitting, baskets.n)
    return AnalysisRefused(
        "At support {support} ({count} of {n} baskets) the itemsets would not fit in memory. Support {fitting} "
        "({fitting_count} baskets) would fit.",
        support=f"{min_count / baskets.n:.2g}",
        count=min_count,
        n=baskets.n,
        fitting=_rounded_up(fitting / baskets.n),
        fitting_count=fitting,
    )


def _is_too_much(baskets: Baskets, min_count: int, limits: Limits, progress: Progress) -> bool:
    return search(Frequent.of(baskets, min_count), min_count, most=limits.n_itemsets, progress=progress) is None


def _rounded_up(support: float) -> str:
    """The support to two significant digits, never below itself."""
    power = floor(log10(support)) - 1
    return f"{ceil(support / 10.0**power - 1e-9) * 10.0**power:.2g}"
