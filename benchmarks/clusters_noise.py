"""How often groups are claimed in data that has none: at most 5 of 100 seeds of each kind."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from benchmarks.table import Context, Line
from crm_core.analytics import cluster_choice
from crm_core.analytics.partitions import Method, Points
from crm_core.analytics.progress import silent
from crm_core.analytics.segments import TRIED

SEEDS = 100
CUSTOMERS, FEATURES = 1_000, 3


def run(_context: Context) -> list[Line]:
    """Claims out of 100 seeds, of each kind of data without groups."""
    return [
        Line(f"Groups claimed in {name}", claims(kind, SEEDS), "seeds", SEEDS, 0.05, unit="seeds")
        for name, kind in KINDS.items()
    ]


def claims(kind: Callable[[Generator], Points], seeds: int) -> int:
    """How many of the seeds are said to hold groups, natural or reproducible, parted around centres."""
    return sum(verdict(kind(np.random.default_rng(seed))) in {"natural", "reproducible"} for seed in range(seeds))


def verdict(points: Points, method: Method = "kmeans") -> str:
    """What is said of the points, scaled as customers are."""
    scaled = (points - points.mean(axis=0)) / points.std(axis=0)
    numbers: list[int | None] = [None] if method == "density" else list(TRIED)
    best = cluster_choice.chosen(cluster_choice.candidates(scaled, numbers, method, silent))
    return cluster_choice.verdict(best, cluster_choice.null_silhouette(scaled, best, method, silent))


def uniform(random: Generator) -> Points:
    """A full cube: every place as likely as any other."""
    return random.uniform(size=(CUSTOMERS, FEATURES))


def heavy_tailed(random: Generator) -> Points:
    """One round cloud with far outliers: Student's t with 3 degrees of freedom."""
    normal = random.normal(size=(CUSTOMERS, FEATURES))
    return normal / np.sqrt(random.chisquare(3, (CUSTOMERS, 1)) / 3)


def correlated(random: Generator) -> Points:
    """One Gaussian cloud stretched along directions of its own."""
    return random.normal(size=(CUSTOMERS, FEATURES)) @ random.normal(size=(FEATURES, FEATURES))


KINDS: dict[str, Callable[[Generator], Points]] = {
    "a full cube": uniform,
    "one heavy-tailed cloud": heavy_tailed,
    "one correlated cloud": correlated,
}
