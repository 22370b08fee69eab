"""Clustering a million customers with the choice of how many groups, beside one k-means fit of the same points."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans

from benchmarks.table import Context, Line, timed
from crm_core.analytics import cluster_choice
from crm_core.analytics.clustering import parted
from crm_core.analytics.partitions import one_thread
from crm_core.analytics.progress import silent
from crm_core.analytics.segment_features import DEFAULT, scaling
from crm_core.analytics.segments import TRIED

CUSTOMERS = 1_000_000
GROUPS = ((5, 60, 40), (60, 12, 300), (300, 20, 60), (700, 1, 60), (700, 1, 3_000))
"""Days since the last sale, orders and order value of the middles of five separate groups."""


def run(_context: Context) -> list[Line]:
    """One line for customers of one kind, one for customers in five separate groups."""
    return [_line("one cloud", _one_cloud()), _line("five groups", _five_groups())]


def _line(name: str, base: pd.DataFrame) -> Line:
    points = scaling(base, DEFAULT).points(base, DEFAULT)
    chosen: list[int] = []

    def choose() -> None:
        scale = scaling(base, DEFAULT)
        placed = scale.points(base, DEFAULT)
        best = cluster_choice.chosen(cluster_choice.candidates(placed, list(TRIED), "kmeans", silent))
        cluster_choice.verdict(best, cluster_choice.null_silhouette(placed, best, "kmeans", silent))
        parted(base, scale, placed, best.k, "kmeans")
        chosen.append(best.k)

    measured = timed(choose, 3)

    def fit_once() -> None:
        with one_thread():
            KMeans(chosen[-1], random_state=0).fit(points)

    return Line(
        f"clusters of {CUSTOMERS:,} customers, {name}, k chosen ({chosen[-1]})",
        measured,
        "one KMeans fit of the same",
        timed(fit_once, 3),
        12,
    )


def _one_cloud() -> pd.DataFrame:
    random = np.random.default_rng(1)
    frequency = 1 + random.poisson(random.gamma(1.0, 4.0, CUSTOMERS))
    return _customers(random.exponential(120, CUSTOMERS), frequency, frequency * random.gamma(3.0, 20.0, CUSTOMERS))


def _five_groups() -> pd.DataFrame:
    random = np.random.default_rng(2)
    days, orders, value = np.array(GROUPS, dtype=float)[random.integers(0, len(GROUPS), CUSTOMERS)].T
    spread = random.lognormal(0.0, 0.25, (3, CUSTOMERS))
    frequency = np.maximum(np.rint(orders * spread[1]), 1)
    return _customers(days * spread[0], frequency, frequency * value * spread[2])


def _customers(recency: np.ndarray, frequency: np.ndarray, monetary: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": np.arange(CUSTOMERS),
            "recency_days": recency.astype("int64"),
            "frequency": frequency.astype("int64"),
            "monetary": monetary,
            "monetary_e4": (monetary * 10_000).astype("int64"),
        }
    )
