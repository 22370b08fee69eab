"""Who of a campaign's list is held out: drawn at random, the same way every time for one seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]

WHOLE_BP = 10_000
"""A share of one, in hundredths of a percent."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def held_out(ids: Ids, *, holdout_bp: int, seed: int, strata: Ids | None = None) -> NDArray[np.bool_]:
    """Which of the customers are held out, shape (ids,); the share asked for, to one customer, and at least one.

    Each customer's place in the draw depends on the seed and their key alone, so that a list drawn again with a few
    customers more or less keeps nearly everybody's arm. With `strata`, one number a customer, every stratum gives its
    share, to one customer.

    Raises:
        ValueError: fewer than two customers, a share of nothing or everything, or strata of another length.
    """
    if len(ids) < 2:
        raise ValueError("a draw needs two customers")
    if not 0 < holdout_bp < WHOLE_BP:
        raise ValueError(f"a share of {holdout_bp} of {WHOLE_BP} leaves one arm empty")
    groups = np.zeros(len(ids), dtype=np.int64) if strata is None else np.asarray(strata, dtype=np.int64)
    if len(groups) != len(ids):
        raise ValueError("every customer needs a stratum")
    order = np.lexsort((ids, _mixed(ids, seed), groups))
    _names, starts, sizes = np.unique(groups[order], return_index=True, return_counts=True)
    # Shares are rounded as they add up: the whole list has its share to one customer, however many strata there are.
    up_to = np.clip((np.cumsum(sizes) * holdout_bp + WHOLE_BP // 2) // WHOLE_BP, 1, len(ids) - 1)
    quota = np.minimum(np.diff(up_to, prepend=0), sizes)
    place = np.arange(len(ids)) - np.repeat(starts, sizes)
    chosen = np.zeros(len(ids), dtype=np.bool_)
    chosen[order] = place < np.repeat(quota, sizes)
    return chosen


def _mixed(ids: Ids, seed: int) -> NDArray[np.uint64]:
    """SplitMix64's mixing function of each key and the seed (Steele, Lea and Flood, OOPSLA 2014)."""
    with np.errstate(over="ignore"):
        state = _mix(np.array([seed], dtype=np.int64).view(np.uint64) + _GOLDEN)
        return _mix(ids.astype(np.int64).view(np.uint64) * _GOLDEN + state)


def _mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    value = (value ^ (value >> np.uint64(30))) * _FIRST
    value = (value ^ (value >> np.uint64(27))) * _SECOND
    return value ^ (value >> np.uint64(31))
