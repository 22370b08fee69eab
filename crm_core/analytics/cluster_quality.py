"""What a partition is worth: how compact it is, whether it is found again, and what data without groups would reach.

All of it is measured on samples drawn once and for all, so that the cost does not grow with the number of customers and
the same data always gives the same figures.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from crm_core.analytics.partitions import SCATTERED, SEED, Labels, Method, Points, fit, sample

JUDGED = 4_000
"""Partitions are compared with each other on at most so many customers."""
COMPARED = 1_500
"""Silhouettes are measured on at most so many: they take the square of their number."""
BOOTSTRAPS = 20
NULL_DRAWS = 19
"""Beating all of 19 data sets without groups has a chance of 1 in 20 if there are none."""


def silhouette(points: Points, labels: Labels) -> float:
    """The mean silhouette (Rousseeuw 1987) of at most 1,500 of the points, from −1 to 1.

    How much nearer points lie to their own group than to the next one. A point in no group, or alone in its group,
    counts 0; if fewer than two groups are left, so does everything.
    """
    if len(points) > COMPARED:
        chosen = np.random.default_rng(SEED).choice(len(points), COMPARED, replace=False)
        points, labels = points[chosen], labels[chosen]
    groups, own = np.unique(labels, return_inverse=True)
    grouped = groups != SCATTERED
    if grouped.sum() < 2:
        return 0.0
    squares = (points**2).sum(axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2 * points @ points.T, 0.0))
    np.fill_diagonal(distances, 0.0)
    sizes = np.bincount(own, minlength=len(groups))
    sums = distances @ np.eye(len(groups))[own]
    rows = np.arange(len(points))
    inside = sums[rows, own] / np.maximum(sizes[own] - 1, 1)
    means = sums / sizes
    means[rows, own] = np.inf
    means[:, ~grouped] = np.inf
    nearest = means.min(axis=1)
    widest = np.maximum(inside, nearest)
    width = np.divide(nearest - inside, widest, out=np.zeros_like(widest), where=widest > 0)
    width[(sizes[own] == 1) | ~grouped[own]] = 0.0
    return float(width.mean())


def agreements(points: Points, k: int | None, method: Method, base: Labels) -> Iterator[float]:
    """The adjusted Rand index between the partition `base` and that of one more sample after the other, 20 in all.

    Hubert & Arabie (1985); stability as in Hennig (2007): each sample is parted anew and all points are placed by it.
    Samples are drawn with replacement; for dense regions, where a point drawn twice would be a peak, they are halves.
    """
    from sklearn.metrics import adjusted_rand_score

    is_varied = k is not None and len(np.unique(points, axis=0)) > 20 * k
    for draw in range(BOOTSTRAPS):
        random = np.random.default_rng([SEED, k or 0, draw])
        if k is None:
            again = fit(points[random.choice(len(points), len(points) // 2, replace=False)], k, method)
        else:
            drawn = points[random.integers(0, len(points), len(points))]
            # A draw may miss a rare kind of point: it can then only be cut into as many groups as it has kinds.
            kinds = k if is_varied else len(np.unique(drawn, axis=0))
            again = fit(drawn, min(k, kinds), method, seed=SEED + draw, starts=2)
        yield float(adjusted_rand_score(base, again.assign(points)))


def null_silhouettes(points: Points, k: int | None, method: Method) -> Iterator[float]:
    """The silhouettes that data without groups reaches, parted in the same way: 19 draws of each of two kinds.

    A Gaussian of the points' mean and covariance is one round cloud. A Gaussian copula keeps each feature's own
    distribution, with its lumps (so many customers ordered once), and the rank correlations, but has no groups beyond
    them; with a single feature that would be the data itself, and it is left out.
    """
    some = sample(points, COMPARED)
    kinds = [_cloud] if points.shape[1] == 1 else [_copula, _cloud]
    for draw in range(NULL_DRAWS):
        for kind in kinds:
            drawn = kind(some, np.random.default_rng([SEED, draw]))
            yield silhouette(drawn, fit(drawn, k, method, starts=2).assign(drawn))


def _cloud(points: Points, random: np.random.Generator) -> Points:
    covariance = np.atleast_2d(np.cov(points, rowvar=False))
    return random.multivariate_normal(points.mean(axis=0), covariance, len(points), method="svd")


def _copula(points: Points, random: np.random.Generator) -> Points:
    from scipy.stats import norm, rankdata

    normal = norm.ppf((rankdata(points, axis=0) - 0.5) / len(points))
    order = _cloud(normal, random).argsort(axis=0).argsort(axis=0)
    return np.take_along_axis(np.sort(points, axis=0), order, axis=0)


def on_plane(points: Points, others: Points) -> Points:
    """The `others` on the first two principal components of the points, shape (n, 2).

    Each component's largest weight is positive; one of points on a line is 0 throughout.
    """
    centre = points.mean(axis=0)
    _, axes = np.linalg.eigh(np.atleast_2d(np.cov(points, rowvar=False)))
    axes = axes[:, ::-1][:, :2]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    plane = (others - centre) @ axes
    return plane if plane.shape[1] == 2 else np.column_stack([plane, np.zeros(len(plane))])
