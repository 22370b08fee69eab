"""Differences of groups against published examples and textbook formulas."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from crm_core.analytics.differences import (
    Interval,
    detectable,
    mean_difference,
    mean_gap,
    share_difference,
    share_gap,
)
from crm_core.analytics.uplift_pooling import Measured, pooled_uplift
from crm_core.errors import AnalysisRefused


# R. G. Newcombe (1998), Statistics in Medicine 17, 873–890, table II, method 10.
@pytest.mark.parametrize(
    ("shares", "low", "high"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0000),
    ],
)
def test_the_interval_of_a_difference_of_shares_is_the_published_one(
    shares: tuple[int, int, int, int], low: float, high: float
) -> None:
    found = share_difference(*shares)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_the_interval_of_a_difference_of_means_is_welchs() -> None:
    generator = np.random.default_rng(1)
    a, b = generator.gamma(1, 20, 80), generator.gamma(2, 10, 25)
    found = mean_difference(a, b)
    expected = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert mean_difference(np.zeros(5), np.zeros(9)) is None
    assert mean_difference(a, b[:1]) is None


def test_the_standardised_gap_of_means_is_cohens_d_with_its_large_sample_interval() -> None:
    inside, outside = np.array([2.0, 4.0, 6.0]), np.array([1.0, 3.0, 5.0, 7.0])
    found = mean_gap(inside, outside)
    assert found is not None
    pooled = np.sqrt((2 * 4 + 3 * 20 / 3) / 5)
    assert found.value == pytest.approx(0.0 / pooled)
    assert found.high == pytest.approx(1.959964 * np.sqrt(7 / 12))
    assert mean_gap(np.ones(5), np.ones(5)) is None


def test_the_standardised_gap_of_shares_is_cohens_h() -> None:
    found = share_gap(50, 100, 25, 100)  # J. Cohen (1988), table 6.2.2: φ(.50) − φ(.25) = 1.571 − 1.047
    assert found is not None
    assert found.value == pytest.approx(0.5236, abs=1e-4)
    assert found.excludes_zero
    assert share_gap(0, 0, 1, 2) is None


def test_what_can_be_detected_shows_in_four_of_five_comparisons() -> None:
    n, m, p = 9_000, 3_000, 0.2
    gap = detectable(np.sqrt(p * (1 - p)), n, m)
    assert gap is not None
    generator = np.random.default_rng(2)
    shown = [
        share_difference(int(generator.binomial(n, p + gap)), n, int(generator.binomial(m, p)), m).low > 0
        for _ in range(2_000)
    ]
    assert np.mean(shown) == pytest.approx(0.8, abs=0.05)
    assert detectable(0.4, 0, 10) is None


def interval(value: float, half: float = 0.02) -> Interval:
    return Interval(value, value - half, value + half)


def test_uplift_by_segment_leans_on_the_others_by_as_much_as_its_own_is_uncertain() -> None:
    sure = [Measured("A", interval(0.10)) for _ in range(4)]
    found = {item.segment: item for item in pooled_uplift([*sure, Measured("B", interval(0.0, 0.10))])}
    assert found["A"].own.value == pytest.approx(0.10)
    assert found["A"].own.high - found["A"].own.low == pytest.approx(0.02)
    assert found["B"].own.value == 0.0
    assert abs(found["B"].pooled.value - 0.10) < abs(found["B"].own.value - 0.10)
    assert abs(found["A"].pooled.value - 0.10) < 0.002
    assert found["B"].pooled.high - found["B"].pooled.low < found["B"].own.high - found["B"].own.low


def test_segments_that_agree_are_pooled_into_one_and_those_that_differ_are_not() -> None:
    agreeing = pooled_uplift([Measured(name, interval(0.05)) for name in "AABBC"])
    assert {round(item.pooled.value, 9) for item in agreeing} == {0.05}
    differing = pooled_uplift(
        [Measured(name, interval(value, 0.001)) for name, value in zip("AABBC", (0, 0, 1, 1, 2), strict=True)]
    )
    assert [item.pooled.value for item in differing] == pytest.approx([0, 1, 2], abs=1e-3)


def test_too_few_campaigns_or_one_segment_alone_are_refused_in_words() -> None:
    with pytest.raises(AnalysisRefused, match=r"at least 5 finished campaigns of 2 segments or more; there are 4 of 4"):
        pooled_uplift([Measured(name, interval(0.1)) for name in "ABCD"])
    with pytest.raises(AnalysisRefused, match="there are 6 of 1"):
        pooled_uplift([Measured("A", interval(0.1)) for _ in range(6)])
