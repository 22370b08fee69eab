"""Numbers that depend on nothing but their coordinates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from crm_core.demo import chance
from crm_core.demo.chance import Stream


@given(st.integers(0, 2**64), st.lists(st.integers(0, 2**40), min_size=1, max_size=30))
def test_a_number_is_the_same_alone_and_in_company(seed: int, customers: list[int]) -> None:
    together = chance.uniform(seed, Stream.GAP, np.array(customers), 3)
    alone = [chance.uniform(seed, Stream.GAP, customer, 3)[0] for customer in customers]
    assert together.tolist() == alone


def mixed(state: int) -> int:
    """The finaliser of SplitMix64, in plain integers."""
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB % 2**64
    return state ^ (state >> 31)


def test_bits_are_splitmix64_applied_once_a_coordinate() -> None:
    state = mixed(7)
    for coordinate in (int(Stream.RATE), 41, 3):
        state = mixed((state + (coordinate + 1) * 0x9E3779B97F4A7C15) % 2**64)
    assert chance.bits(7, Stream.RATE, np.array([41]), 3).tolist() == [state]


def test_numbers_are_uniform_and_never_0_or_1() -> None:
    drawn = chance.uniform(7, Stream.GAP, np.arange(50_000), 1)
    assert stats.kstest(drawn, "uniform").pvalue > 0.001
    assert 0 < drawn.min() < drawn.max() < 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (chance.uniform(7, Stream.GAP, np.arange(50_000), 1), chance.uniform(7, Stream.GAP, np.arange(50_000), 2)),
        (chance.uniform(7, Stream.GAP, np.arange(50_000), 1), chance.uniform(7, Stream.SURVIVAL, np.arange(50_000), 1)),
        (chance.uniform(7, Stream.GAP, np.arange(50_000), 1), chance.uniform(8, Stream.GAP, np.arange(50_000), 1)),
        (chance.uniform(7, Stream.GAP, np.arange(50_000), 1), chance.uniform(7, Stream.GAP, np.arange(1, 50_001), 1)),
    ],
    ids=["counter", "stream", "seed", "neighbour"],
)
def test_numbers_of_neighbouring_coordinates_have_nothing_to_do_with_each_other(
    first: chance.Floats, second: chance.Floats
) -> None:
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / np.sqrt(len(first))


def test_quantiles_have_the_moments_of_their_distribution() -> None:
    u = chance.uniform(7, Stream.GAP, np.arange(50_000))
    assert chance.gamma(u, 3.0, 2.0).mean() == pytest.approx(1.5, rel=0.02)
    assert chance.beta(u, 2.0, 6.0).mean() == pytest.approx(0.25, rel=0.02)
    assert chance.exponential(u, 4.0).mean() == pytest.approx(0.25, rel=0.02)
    assert np.bincount(chance.choose(u, [2, 1, 1])) / len(u) == pytest.approx([0.5, 0.25, 0.25], abs=0.01)
