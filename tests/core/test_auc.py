"""The area under the ROC curve and its interval."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.analytics.auc import auc


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=4, max_size=60))
def test_it_is_the_share_of_pairs_ranked_rightly_with_ties_as_half(rows: list[tuple[bool, int]]) -> None:
    positive = np.array([label for label, _score in rows])
    score = np.array([float(score) for _label, score in rows])
    above, below = score[positive], score[~positive]
    found = auc(positive, score)
    if len(above) < 2 or len(below) < 2:
        assert found is None
        return
    pairs = [(a > b) + (a == b) / 2 for a in above for b in below]
    assert found is not None
    assert found.value == pytest.approx(np.mean(pairs))
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_its_interval_is_that_of_the_placements_by_hand() -> None:
    positive = np.array([True, True, True, False, False, False])
    score = np.array([3.0, 2.0, 0.5, 1.0, 0.0, 2.5])
    found = auc(positive, score)
    # placements of the positives: 3/3, 2/3, 1/3; of the others: 1 - 1/3, 1 - 0/3, 1 - 2/3 as shares of positives above
    variance = np.var([1, 2 / 3, 1 / 3], ddof=1) / 3 + np.var([2 / 3, 1, 1 / 3], ddof=1) / 3
    half = 1.959964 * np.sqrt(variance) / (2 / 3 * 1 / 3)
    center = np.log(2)
    assert found is not None
    assert found.value == pytest.approx(2 / 3)
    assert found.low == pytest.approx(1 / (1 + np.exp(half - center)), rel=1e-5)
    assert found.high == pytest.approx(1 / (1 + np.exp(-half - center)), rel=1e-5)


def test_the_interval_holds_the_truth_about_nineteen_times_in_twenty() -> None:
    truth = 0.7602  # of two normals one apart: Φ(1 / √2)
    held = 0
    for seed in range(400):
        random = np.random.default_rng(seed)
        positive = random.random(200) < 0.3
        found = auc(positive, random.normal(size=200) + positive)
        assert found is not None
        held += found.low <= truth <= found.high
    assert 0.92 <= held / 400 <= 0.975
