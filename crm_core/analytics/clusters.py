"""K-means that says what it is worth: is the same partition found again, and would structureless data look the same?

Everything is seeded and runs on one thread, so that the same data gives the same answer to the last digit on any
machine: sums of floats depend on the order in which threads add.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from crm_core.analytics.progress import Progress

if TYPE_CHECKING:
    from sklearn.cluster import KMeans

# scikit-learn and SciPy are imported where they compute: in the worker. The server, which only knows that there are
# clusters, is 80 MB smaller without them and starts sooner.

Points: TypeAlias = NDArray[np.float64]
Labels: TypeAlias = NDArray[np.int32]

SEED = 20240229
FITTED = 20_000
"""Centres are fitted on at most so many points drawn at random; all points are then assigned to them."""
JUDGED = 10_000
"""Silhouette and agreement are measured on at most so many: the silhouette takes the square of their number."""
COMPARED = 4_000
"""Of candidates and of structureless data, on so many."""
BOOTSTRAPS = 20
NULL_DRAWS = 19
"""Beating all of 19 data sets without groups has a chance of 1 in 20 if there are none."""


@dataclass(frozen=True)
class Candidate:
    """How one number of clusters does: silhouette, agreement between bootstraps, and the smallest cluster's share."""

    k: int
    silhouette: float
    ari_mean: float
    ari_p10: float
    smallest_share: float


def sample(points: Points, size: int) -> Points:
    """At most `size` of the points, drawn without replacement, the same ones every time."""
    if len(points) <= size:
        return points
    return points[np.random.default_rng(SEED).choice(len(points), size, replace=False)]


def fitted(points: Points, k: int, *, seed: int = SEED, starts: int = 5) -> KMeans:
    """K-means of k clusters, the best of several k-means++ starts."""
    from sklearn.cluster import KMeans

    with threadpool_limits(1):
        return KMeans(k, n_init=starts, random_state=seed).fit(points)


def assigned(model: KMeans, points: Points) -> Labels:
    """The cluster each point is nearest to."""
    with threadpool_limits(1):
        labels: Labels = model.predict(points)
        return labels


def silhouette(points: Points, labels: Labels, size: int) -> float:
    """The mean silhouette of at most `size` points; 0 if they all fall into one cluster."""
    if len(points) > size:
        chosen = np.random.default_rng(SEED).choice(len(points), size, replace=False)
        points, labels = points[chosen], labels[chosen]
    if not 1 < len(np.unique(labels)) < len(points):
        return 0.0
    from sklearn import config_context
    from sklearn.metrics import silhouette_score

    # Distances in blocks of 32 MB: by default scikit-learn would hold a gigabyte of them.
    with threadpool_limits(1), config_context(working_memory=32):
        return float(silhouette_score(points, labels))


def agreement(points: Points, k: int, base: Labels, *, draws: int = BOOTSTRAPS) -> NDArray[np.float64]:
    """Adjusted Rand index between the partition `base` and those of bootstrap samples, one per draw.

    Hubert & Arabie (1985); stability as in Hennig (2007): each draw is resampled with replacement, clustered anew, and
    all points are assigned to its centres.
    """
    from sklearn.metrics import adjusted_rand_score

    found: list[float] = []
    is_varied = len(np.unique(points, axis=0)) > 20 * k
    for draw in range(draws):
        chosen = np.random.default_rng([SEED, k, draw]).integers(0, len(points), len(points))
        # A draw may miss a rare kind of point: it can then only be cut into as many clusters as it has kinds.
        kinds = k if is_varied else len(np.unique(points[chosen], axis=0))
        model = fitted(points[chosen], min(k, kinds), seed=SEED + draw, starts=2)
        found.append(float(adjusted_rand_score(base, assigned(model, points))))
    return np.array(found)


def candidates(points: Points, numbers: Sequence[int], progress: Progress, step: str) -> list[Candidate]:
    """Each number of clusters, judged on a sample of the points."""
    judged = sample(points, JUDGED)
    found: list[Candidate] = []
    for i, k in enumerate(numbers):
        progress(i / len(numbers), step)
        labels = assigned(fitted(judged, k), judged)
        ari = agreement(judged, k, labels)
        shares = np.bincount(labels, minlength=k) / len(labels)
        found.append(
            Candidate(
                k=k,
                silhouette=silhouette(judged, labels, COMPARED),
                ari_mean=float(ari.mean()),
                ari_p10=float(np.quantile(ari, 0.1)),
                smallest_share=float(shares.min()),
            )
        )
    return found


def null_silhouette(points: Points, k: int) -> float:
    """What silhouette data without groups reaches with k clusters: the largest of 19 draws of each of two kinds.

    A Gaussian of the points' mean and covariance is one round cloud. A Gaussian copula keeps each feature's own
    distribution, with its lumps (so many customers ordered once), and the rank correlations, but has no groups beyond
    them; with a single feature that would be the data itself, and it is left out.
    """
    some = sample(points, COMPARED)
    kinds = [_cloud] if points.shape[1] == 1 else [_cloud, _copula]
    found: list[float] = []
    for kind in kinds:
        for draw in range(NULL_DRAWS):
            drawn = kind(some, np.random.default_rng([SEED, draw]))
            found.append(silhouette(drawn, assigned(fitted(drawn, k, starts=2), drawn), COMPARED))
    return max(found)


def _cloud(points: Points, random: np.random.Generator) -> Points:
    covariance = np.atleast_2d(np.cov(points, rowvar=False))
    return random.multivariate_normal(points.mean(axis=0), covariance, len(points), method="svd")


def _copula(points: Points, random: np.random.Generator) -> Points:
    from scipy.stats import norm, rankdata

    normal = norm.ppf((rankdata(points, axis=0) - 0.5) / len(points))
    drawn = _cloud(normal, random)
    order = drawn.argsort(axis=0).argsort(axis=0)
    return np.take_along_axis(np.sort(points, axis=0), order, axis=0)


def on_plane(points: Points) -> Points:
    """The points' first two principal components, shape (n, 2); each one's largest weight is positive."""
    centred = points - points.mean(axis=0)
    with threadpool_limits(1):
        _, _, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:2] * np.sign(axes[:2][np.arange(len(axes[:2])), np.abs(axes[:2]).argmax(axis=1)])[:, None]
    plane = centred @ axes.T
    return plane if plane.shape[1] == 2 else np.column_stack([plane, np.zeros(len(plane))])
