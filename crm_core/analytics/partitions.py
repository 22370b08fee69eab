"""Three ways to part points into groups, and what each leaves behind: enough to place any other point.

| method | a group is | model |
|---|---|---|
| kmeans | what lies nearest to its centre (Lloyd 1982; k-means++, Arthur & Vassilvitskii 2007) | Centres |
| mixture | one Gaussian of its own shape; groups may overlap (Dempster, Laird & Rubin 1977) | Mixture |
| density | a dense region of any shape; who lies in none is in no group (HDBSCAN*, Campello et al. 2013) | Regions |

Centres and mixtures are a few numbers, which can be kept and applied to people who come later. Everything is seeded
and runs under `one_thread`, because sums of floats depend on the order in which threads add.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

# scikit-learn and SciPy are imported where they compute: in the worker. The server, which only knows that there are
# clusters, is 80 MB smaller without them and starts sooner.

Points: TypeAlias = NDArray[np.float64]
Labels: TypeAlias = NDArray[np.int32]
Method: TypeAlias = Literal["kmeans", "mixture", "density"]
Row: TypeAlias = tuple[float, ...]

SEED = 20240229
SCATTERED = -1
"""The label of points that lie in no dense region."""
DENSITY_FITTED = 4_000
"""Dense regions are searched among at most so many points: the search takes the square of their number."""
LEAST_SHARE = 0.02
"""The smallest share of the points that counts as a group."""
_BLOCK = 65_536
_CORE = 20
"""So many neighbours must be near for a place to be dense."""
_SOFTENING = 1e-2
"""Added to each variance of a Gaussian, so that none can close in on customers who are all alike (one order each)."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold the libraries that compute at one thread each until the block ends."""
    import sklearn.cluster
    import sklearn.mixture  # noqa: F401  # only libraries that are loaded can be held

    with threadpool_limits(1):
        yield


@dataclass(frozen=True)
class Centres:
    """Groups by their centres, shape (k, features)."""

    centres: tuple[Row, ...]

    @property
    def k(self) -> int:
        """How many groups there are."""
        return len(self.centres)

    def assign(self, points: Points) -> Labels:
        """The group, from 0, whose centre each point is nearest to; of centres equally near, the first."""
        centres = np.array(self.centres)
        squares = (centres**2).sum(axis=1)

        def off(some: Points) -> Points:
            """The squared distance to each centre, less the point's own square, which is the same for all."""
            found: Points = squares - 2 * some @ centres.T
            return found

        return _lowest(points, off)


@dataclass(frozen=True)
class Mixture:
    """Groups as Gaussians: weights, shape (k,), means (k, features) and covariances (k, features, features)."""

    weights: Row
    means: tuple[Row, ...]
    covariances: tuple[tuple[Row, ...], ...]

    @property
    def k(self) -> int:
        """How many groups there are."""
        return len(self.weights)

    def assign(self, points: Points) -> Labels:
        """The group, from 0, that each point most probably belongs to."""
        factors = np.linalg.inv(np.linalg.cholesky(np.array(self.covariances)))
        # −2 log of weight × density, without what is the same for all groups.
        level = -2 * np.log(np.array(self.weights)) - 2 * np.log(np.einsum("kii->ki", factors)).sum(axis=1)

        def unlikely(some: Points) -> Points:
            off = [((some - mean) @ factor.T) for mean, factor in zip(np.array(self.means), factors, strict=True)]
            found: Points = level + np.column_stack([(part**2).sum(axis=1) for part in off])
            return found

        return _lowest(points, unlikely)


@dataclass(frozen=True, eq=False)
class Regions:
    """Dense regions by points of known group, shape (n, features), and their labels, −1 for those in none."""

    points: Points
    labels: Labels

    @property
    def k(self) -> int:
        """How many groups there are."""
        return int(self.labels.max()) + 1

    def assign(self, points: Points) -> Labels:
        """The group of the nearest point of known group; SCATTERED if that one lies in none."""
        from scipy.spatial import KDTree

        nearest = KDTree(self.points).query(points)[1]
        labels: Labels = self.labels[nearest]
        return labels


Model: TypeAlias = Centres | Mixture | Regions


def fit(points: Points, k: int | None, method: Method, *, seed: int = SEED, starts: int = 5) -> Model:
    """The model of the points, shape (n, features), parted into k groups; `density` finds their number itself.

    The best of several starts counts where a method depends on where it starts.
    """
    if method == "density":
        return _regions(points)
    assert k is not None
    return _centres(points, k, seed, starts) if method == "kmeans" else _mixture(points, k, seed, starts)


def sample(points: Points, size: int) -> Points:
    """At most `size` of the points, drawn without replacement, the same ones every time."""
    if len(points) <= size:
        return points
    return points[np.random.default_rng(SEED).choice(len(points), size, replace=False)]


def _centres(points: Points, k: int, seed: int, starts: int) -> Centres:
    from sklearn.cluster import KMeans

    found = KMeans(k, n_init=starts, random_state=seed).fit(points).cluster_centers_
    return Centres(tuple(tuple(row) for row in found.tolist()))


def _mixture(points: Points, k: int, seed: int, starts: int) -> Mixture:
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    model = GaussianMixture(k, n_init=starts, reg_covar=_SOFTENING, max_iter=200, random_state=seed)
    with warnings.catch_warnings():
        # A fit that is still creeping after 200 rounds is judged by whether it is found again, as any other.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(points)
    return Mixture(
        weights=tuple(model.weights_.tolist()),
        means=tuple(tuple(row) for row in model.means_.tolist()),
        covariances=tuple(tuple(tuple(row) for row in shape) for shape in model.covariances_.tolist()),
    )


def _regions(points: Points) -> Regions:
    from sklearn.cluster import HDBSCAN

    some = sample(points, DENSITY_FITTED)
    least = max(round(LEAST_SHARE * len(some)), 5)
    labels = HDBSCAN(min_cluster_size=least, min_samples=min(_CORE, least), copy=True).fit(some).labels_
    return Regions(some, np.maximum(labels, SCATTERED).astype(np.int32))


def _lowest(points: Points, badness: Callable[[Points], Points]) -> Labels:
    """The column in which each point's row of `badness` is lowest, block by block: a million rows at once are slow."""
    found = np.empty(len(points), dtype=np.int32)
    for start in range(0, len(points), _BLOCK):
        found[start : start + _BLOCK] = badness(points[start : start + _BLOCK]).argmin(axis=1)
    return found
