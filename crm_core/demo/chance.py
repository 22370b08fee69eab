"""Random numbers that depend on nothing but their coordinates: (seed, stream, customer, …) → a number.

A generator hands out numbers in the order they are asked for, so a customer's life would depend on who was simulated
before. Here each number is a hash of what it is for; customers can be simulated alone, in chunks of any size or in any
order, and come out the same. The hash is the finaliser of SplitMix64 (Steele, Lea & Flood 2014), applied once a
coordinate. Written in plain integer arithmetic, it does not change with a release of NumPy either.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bits = NDArray[np.uint64]
Bools = NDArray[np.bool_]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_MOST_ARRIVALS = 1000


class Stream(IntEnum):
    """What a number is drawn for; two streams are independent. Numbers are never reused, or old seeds would change."""

    PLACE = 1
    PERSON = 2
    SEGMENT = 3
    RATE = 4
    DROP_OUT = 5
    SPEND = 6
    ACQUISITION = 7
    GAP = 8
    SURVIVAL = 9
    ORDER = 10
    GUEST = 11
    POPULARITY = 12
    PRICE = 13
    CRM = 14
    DUPLICATE = 15
    TICKET = 16
    DEAL = 17
    NEED = 18
    CONTACT = 19


def bits(seed: int, stream: Stream, *coordinates: ArrayLike) -> Bits:
    """64 random bits for each point; coordinates are whole numbers ≥ 0 and broadcast against each other."""
    state = _mix(
        _mix(np.full(1, seed & 0xFFFFFFFFFFFFFFFF, dtype=np.uint64)) + np.array([stream + 1], dtype=np.uint64) * _GOLDEN
    )
    return extend(state, *coordinates)


def extend(state: Bits, *coordinates: ArrayLike) -> Bits:
    """64 random bits for each point below `state`, which `bits` gave."""
    for coordinate in coordinates:
        steps: Bits = np.atleast_1d(coordinate).astype(np.uint64) + np.uint64(1)
        below: Bits = state + steps * _GOLDEN
        state = _mix(below)
    return state


def to_uniform(random_bits: Bits) -> Floats:
    """Numbers strictly between 0 and 1."""
    return (random_bits >> np.uint64(11)).astype(np.float64) * 2.0**-53 + 2.0**-54


def uniform(seed: int, stream: Stream, *coordinates: ArrayLike) -> Floats:
    """A number strictly between 0 and 1 for each point."""
    return to_uniform(bits(seed, stream, *coordinates))


def choose(u: Floats, weights: ArrayLike) -> Ints:
    """For each number in (0, 1), the index of one of the weights, picked in proportion to them."""
    cumulative = np.cumsum(np.asarray(weights, dtype=np.float64))
    picked = np.searchsorted(cumulative, u * cumulative[-1], side="right")
    chosen: Ints = np.minimum(picked, len(cumulative) - 1).astype(np.int64)
    return chosen


def exponential(u: Floats, rate: ArrayLike) -> Floats:
    """Waiting times at the given rates, one for each number in (0, 1)."""
    waiting: Floats = -np.log(u) / np.asarray(rate, dtype=np.float64)
    return waiting


def gamma(u: Floats, shape: ArrayLike, rate: ArrayLike) -> Floats:
    """Gamma quantiles; mean shape ÷ rate."""
    quantiles: Floats = special.gammaincinv(np.asarray(shape, dtype=np.float64), u) / np.asarray(rate, dtype=np.float64)
    return quantiles


def beta(u: Floats, a: ArrayLike, b: ArrayLike) -> Floats:
    """Beta quantiles; mean a ÷ (a + b)."""
    quantiles: Floats = special.betaincinv(np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64), u)
    return quantiles


def lognormal(u: Floats, median: ArrayLike, sigma: ArrayLike) -> Floats:
    """Log-normal quantiles; `sigma` is the standard deviation of the logarithm."""
    quantiles: Floats = np.asarray(median, dtype=np.float64) * np.exp(np.asarray(sigma) * special.ndtri(u))
    return quantiles


def poisson(u: Floats, mean: Floats) -> Ints:
    """Poisson quantiles, for means up to a few hundred."""
    term = np.exp(-mean)
    below, count, k = term.copy(), np.zeros(len(mean), dtype=np.int64), 0
    while (more := u > below).any() and k < _MOST_ARRIVALS:
        count += more
        k += 1
        term = term * mean / k
        below += term
    return count


def _mix(state: Bits) -> Bits:
    state = (state ^ (state >> np.uint64(30))) * _FIRST
    state = (state ^ (state >> np.uint64(27))) * _SECOND
    mixed: Bits = state ^ (state >> np.uint64(31))
    return mixed
