"""Partitions and what they are worth: planted groups are found, clouds are called clouds, whatever the method."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.mixture import GaussianMixture

from crm_core.analytics import cluster_choice, cluster_quality
from crm_core.analytics.cluster_choice import Candidate, candidates, chosen, null_silhouette, verdict
from crm_core.analytics.cluster_quality import on_plane, silhouette
from crm_core.analytics.partitions import SCATTERED, Method, Points, fit
from crm_core.analytics.progress import silent

MIDDLES = ((0, 0, 0), (4, 1, 2), (1, 5, -2), (2, -3, 4), (6, 5, 5))
METHODS: tuple[Method, ...] = ("kmeans", "mixture", "density")


def scaled(points: Points) -> Points:
    found: Points = (points - points.mean(axis=0)) / points.std(axis=0)
    return found


def blobs(seed: int, *, per_group: int = 120, spread: float = 0.5) -> tuple[Points, Points]:
    """Points of five separate groups, and the group of each."""
    random = np.random.default_rng(seed)
    points = np.vstack([random.normal(middle, spread, (per_group, 3)) for middle in MIDDLES])
    return scaled(points), np.repeat(np.arange(5), per_group)


def cloud(seed: int, *, n: int = 400) -> Points:
    """Customers of one kind: correlated logarithms in lumps of whole days and orders."""
    random = np.random.default_rng(seed)
    points = random.multivariate_normal([4, 1.5, 5], [[1, -0.5, -0.4], [-0.5, 0.6, 0.5], [-0.4, 0.5, 1]], n)
    return scaled(np.log1p(np.round(np.expm1(np.clip(points, 0.69, None)))))


def judged(points: Points, method: Method) -> tuple[Candidate, str]:
    numbers = [None] if method == "density" else [4, 5, 6] if method == "mixture" else [2, 3, 4, 5, 6, 7, 8]
    best = chosen(candidates(points, numbers, method, silent))
    return best, verdict(best, null_silhouette(points, best, method, silent))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_separate_groups_are_found_by_every_method_and_called_natural(method: Method, seed: int) -> None:
    points, truth = blobs(seed)
    best, words = judged(points, method)
    assert (best.k, words) == (5, "natural")
    found = fit(points, None if method == "density" else 5, method).assign(points)
    assert adjusted_rand_score(truth, found) >= 0.9


@pytest.mark.parametrize("seed", range(8))
def test_one_cloud_is_never_said_to_hold_groups(seed: int) -> None:
    assert judged(cloud(seed), "kmeans")[1] in {"constructed", "none"}


@pytest.mark.parametrize("method", ["mixture", "density"])
def test_one_cloud_holds_no_groups_for_the_other_methods(method: Method) -> None:
    assert judged(cloud(20), method)[1] in {"constructed", "none"}


def test_the_corners_of_a_full_cube_are_no_groups() -> None:
    cube = np.random.default_rng(4).uniform(-1.7, 1.7, (600, 3))
    corners = candidate(8, silhouette(cube, fit(cube, 8, "kmeans").assign(cube)), 0.9)
    assert verdict(corners, null_silhouette(cube, corners, "kmeans", silent)) == "constructed"


def test_who_lies_between_dense_regions_is_scattered_and_in_no_group() -> None:
    points, truth = blobs(6, spread=0.2)
    stray = np.random.default_rng(7).uniform(points.min(), points.max(), (30, 3))
    labels = fit(np.vstack([points, stray]), None, "density").assign(np.vstack([points, stray]))
    assert (labels[-30:] == SCATTERED).mean() > 0.5
    assert adjusted_rand_score(truth, labels[:-30]) > 0.9


def test_a_silhouette_is_that_of_scikit_learn() -> None:
    points, truth = blobs(3)
    rough = (truth + (np.arange(len(truth)) % 7 == 0)) % 5
    assert silhouette(points, rough.astype(np.int32)) == pytest.approx(silhouette_score(points, rough), abs=1e-12)
    alone = np.array([0, 0, 1, 2, 2], dtype=np.int32)
    assert silhouette(points[:5], alone) == pytest.approx(silhouette_score(points[:5], alone), abs=1e-12)


def test_one_group_has_no_silhouette_and_the_scattered_count_nothing() -> None:
    points, truth = blobs(3)
    assert silhouette(points, np.zeros(len(points), dtype=np.int32)) == 0.0
    some = np.where(truth == 4, SCATTERED, truth).astype(np.int32)
    assert 0 < silhouette(points, some) < silhouette(points[truth < 4], some[truth < 4])


@pytest.mark.parametrize(("k", "seed"), [(2, 0), (3, 1), (6, 2)])
def test_a_mixture_places_each_point_with_the_likeliest_gaussian(k: int, seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(150, 3))
    ours = fit(points, k, "mixture", seed=seed, starts=1)
    theirs = GaussianMixture(k, reg_covar=1e-2, max_iter=200, random_state=seed).fit(points)
    assert (ours.assign(points) == theirs.predict(points)).mean() > 0.99


def test_work_stops_when_more_of_it_could_not_change_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    def never_again(_points: Points, _k: int, _method: Method, _base: object) -> Iterator[float]:
        for draw in range(20):
            drawn.append(draw)
            yield 0.6

    monkeypatch.setattr(cluster_choice, "agreements", never_again)
    found = candidates(cloud(1, n=100), [2, 3, 4], "kmeans", silent)
    assert sorted(candidate.n_samples for candidate in found) == [3, 3, 20]
    assert len(drawn) == 26
    nulls = cluster_quality.null_silhouettes(cloud(1, n=100), 2, "kmeans")
    monkeypatch.setattr(cluster_choice, "null_silhouettes", lambda *_: nulls)
    null_silhouette(cloud(1, n=100), candidate(2, -0.5, 1.0), "kmeans", silent)
    assert len(list(nulls)) == 37  # one of 38 was enough


def test_the_map_keeps_planted_groups_apart_and_a_line_flat() -> None:
    points = np.repeat([[0.0, 0, 0], [9, 0, 0], [0, 9, 0]], 20, axis=0)
    plane = on_plane(points, points)
    assert adjusted_rand_score(fit(plane, 3, "kmeans").assign(plane), np.repeat([0, 1, 2], 20)) == 1
    line = on_plane(np.arange(5.0)[:, None], np.arange(5.0)[:, None])
    assert (line.shape, line[:, 1].tolist()) == ((5, 2), [0.0] * 5)


def candidate(k: int, silhouette: float, ari_p10: float, smallest_share: float = 0.2) -> Candidate:
    return Candidate(k, silhouette, ari_p10, ari_p10, smallest_share, 20)


def test_the_number_of_clusters_is_stable_sized_and_then_of_highest_silhouette() -> None:
    unstable, tiny = candidate(2, 0.9, 0.4), candidate(3, 0.8, 1.0, smallest_share=0.001)
    assert chosen([unstable, tiny, candidate(4, 0.5, 0.85), candidate(5, 0.6, 0.8)]).k == 5
    assert chosen([unstable, candidate(4, 0.5, 0.6)]).k == 4


def test_the_verdict_needs_agreement_and_groups_beyond_chance() -> None:
    assert verdict(candidate(2, 0.5, 0.9), null=0.4) == "natural"
    assert verdict(candidate(2, 0.45, 0.9), null=0.4) == "reproducible"
    assert verdict(candidate(2, 0.42, 0.9), null=0.4) == "constructed"
    assert verdict(candidate(2, 0.9, 0.7), null=0.4) == "constructed"
    assert verdict(candidate(2, 0.9, 0.2), null=0.4) == "none"
    assert verdict(candidate(0, 0.9, 0.9), null=0.4) == "none"
