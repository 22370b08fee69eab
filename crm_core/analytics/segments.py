"""Clusters of customers by how recently, how often and how much they buy, and whether they are real.

Features are log-scaled, because the raw ones make a cluster of one outlier that scores best of all, and standardised.
The number of clusters is chosen among those whose partition comes out again in bootstrap samples and has no cluster
below a least size: the one of highest silhouette. The verdict says what the partition is worth:

| verdict | the partition is found again | and silhouette clearly beats data without groups |
|---|---|---|
| natural | yes (10th percentile of agreement ≥ 0.8) | yes |
| reproducible | yes | no: a stable cut through a continuum |
| constructed | partly (≥ 0.5) | either |
| none | no | either: do not act on it |
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from crm_core.access import Permission
from crm_core.analytics import clusters
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.progress import within as part_of
from crm_core.analytics.purchases import purchases, require_day, with_names
from crm_core.analytics.registry import analysis
from crm_core.analytics.segment_names import name_of, trait_of
from crm_core.db.types import from_e4
from crm_core.errors import AnalysisRefused, FieldError, Invalid
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

FEATURES = ("recency", "frequency", "monetary", "tenure", "order_value")
FEWEST_CUSTOMERS = 50
TRIED = range(2, 9)
MOST_CLUSTERS = 12
LEAST_SHARE = 0.02
FOUND_AGAIN, PARTLY_FOUND_AGAIN = 0.8, 0.5
CLEARLY_MORE = 0.03
"""By how much silhouette must exceed that of data without groups: the best of several k is a little lucky."""
MOST_POINTS = 2_000

Verdict = Literal["natural", "reproducible", "constructed", "none"]


@dataclass(frozen=True)
class SegmentsParams:
    """The day up to which sales count, itself included; how many clusters (None: chosen by the data); which features.

    Raises:
        Invalid: a day outside the years 1900 to 2199, fewer than 2 or more than 12 clusters, or an unknown feature.
    """

    as_of: date
    k: int | None = None
    features: tuple[str, ...] = ("recency", "frequency", "monetary")

    def __post_init__(self) -> None:
        require_day(self.as_of)
        if self.k is not None and not 2 <= self.k <= MOST_CLUSTERS:
            problem = FieldError(
                "{k} clusters are not possible; choose between 2 and {most}.", {"k": self.k, "most": MOST_CLUSTERS}
            )
            raise Invalid({"k": problem})
        unknown = [feature for feature in self.features if feature not in FEATURES]
        if unknown or not self.features or len(set(self.features)) < len(self.features):
            problem = FieldError("The features must be some of {known}, each once.", {"known": ", ".join(FEATURES)})
            raise Invalid({"features": problem})


@dataclass(frozen=True)
class SegmentsReport:
    """The clusters and what they are worth.

    silhouette: mean over at most 10,000 customers; silhouette_null: what data without groups reaches, to be compared
        with `silhouette_compared`, measured on as many customers.
    ari_mean, ari_p10: agreement (adjusted Rand index) with the partitions of 20 bootstrap samples.
    segments: segment (from 1, by sales per customer), name, name_number (1, or 2, 3 … where a name repeats), trait
        (what sets it apart, in words), trait_feature (None: nothing), customers, share, sales (net, exact),
        sales_share, of the median member centre_recency_days, centre_frequency and centre_monetary (exact), and the
        centre in standard deviations from the average, z_<feature>.
    points: x, y, segment of at most 2,000 customers, for a map (first two principal components).
    candidates: k, silhouette, ari_mean, ari_p10, smallest_share of each number of clusters tried.
    """

    as_of: date
    k: int
    verdict: Verdict
    silhouette: float
    silhouette_compared: float
    silhouette_null: float
    ari_mean: float
    ari_p10: float
    n: int
    segments: pd.DataFrame
    points: pd.DataFrame
    candidates: pd.DataFrame


@dataclass(frozen=True)
class SegmentMembersParams:
    """The clusters of SegmentsParams with the k of their report, and which one to list."""

    as_of: date
    k: int
    segment: int
    features: tuple[str, ...] = ("recency", "frequency", "monetary")

    def __post_init__(self) -> None:
        SegmentsParams(self.as_of, self.k, self.features)
        if not 1 <= self.segment <= self.k:
            raise Invalid({"segment": FieldError("There is no segment {segment}.", {"segment": self.segment})})


@dataclass(frozen=True)
class SegmentMembersReport:
    """The customers of one cluster, by sales: customer_id, ref, name, email, country, recency_days, frequency,
    monetary_e4 (net sales in ten-thousandths)."""

    members: pd.DataFrame


@analysis("segments", reads=("orders", "order_lines"), permission=Permission.SEGMENTS_VIEW, is_long=True)
def segments(tables: Tables, params: SegmentsParams, progress: Progress = silent) -> SegmentsReport:
    """Clusters of known customers with a sale on or before `as_of`, with a verdict on whether they are real.

    Raises:
        AnalysisRefused: fewer than 50 customers, all alike, or fewer different ones than clusters asked for.
    """
    progress(0.0, N_("Following customers"))
    base = purchases(tables, params.as_of)
    points = _points(base, params)
    numbers = [params.k] if params.k is not None else [k for k in TRIED if k <= len(np.unique(points, axis=0))]
    trying = part_of(progress, 0.05, 0.7)
    tried = clusters.candidates(points, numbers, trying, N_("Trying numbers of clusters"))
    best = _chosen(tried)
    progress(0.7, N_("Comparing with data without groups"))
    labels = _labels(base, points, best.k)
    null = clusters.null_silhouette(points, best.k)
    progress(0.9, N_("Describing the clusters"))
    plane = pd.DataFrame(clusters.on_plane(points), columns=["x", "y"]).assign(segment=labels)
    shown = plane.sample(min(len(plane), MOST_POINTS), random_state=clusters.SEED).sort_index()
    return SegmentsReport(
        as_of=params.as_of,
        k=best.k,
        verdict=_verdict(best, null),
        silhouette=clusters.silhouette(points, labels, clusters.JUDGED),
        silhouette_compared=best.silhouette,
        silhouette_null=null,
        ari_mean=best.ari_mean,
        ari_p10=best.ari_p10,
        n=len(base),
        segments=_described(base, points, labels, params.features),
        points=shown.reset_index(drop=True),
        candidates=pd.DataFrame([asdict(candidate) for candidate in tried]),
    )


@analysis(
    "segment_members",
    reads=("orders", "order_lines", "customers"),
    permission=Permission.SEGMENTS_VIEW,
    lists_people=True,
)
def segment_members(tables: Tables, params: SegmentMembersParams, progress: Progress = silent) -> SegmentMembersReport:
    """The customers of one cluster; the same ones the report counted.

    Raises:
        AnalysisRefused: as `segments`.
    """
    progress(0.0, N_("Following customers"))
    base = purchases(tables, params.as_of)
    points = _points(base, SegmentsParams(params.as_of, params.k, params.features))
    members = base[_labels(base, points, params.k) == params.segment]
    best_first = members.sort_values(["monetary_e4", "customer_id"], ascending=[False, True])
    return SegmentMembersReport(with_names(tables, best_first.drop(columns="tenure_days")))


def _points(base: pd.DataFrame, params: SegmentsParams) -> clusters.Points:
    """The features, log-scaled and standardised, shape (customers, features); one that is the same for all is 0."""
    if len(base) < FEWEST_CUSTOMERS:
        raise AnalysisRefused(
            "Clusters need at least {fewest} customers with a sale up to {as_of}; there are {n}.",
            fewest=FEWEST_CUSTOMERS,
            as_of=params.as_of,
            n=len(base),
        )
    money = base["monetary_e4"].clip(lower=0) / 10_000
    raw = {
        "recency": base["recency_days"],
        "frequency": base["frequency"],
        "monetary": money,
        "tenure": base["tenure_days"],
        "order_value": money / base["frequency"],
    }
    logs = np.log1p(np.column_stack([raw[feature].to_numpy(dtype=np.float64) for feature in params.features]))
    spread = logs.std(axis=0)
    points: clusters.Points = (logs - logs.mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0) * (spread > 1e-9)
    different = len(np.unique(points, axis=0))
    if different == 1:
        raise AnalysisRefused(
            "All {n} customers are alike in what is compared; there is nothing to cluster.", n=len(base)
        )
    if params.k is not None and different < params.k:
        raise AnalysisRefused(
            "There are only {different} different kinds of customers, too few for {k} clusters.",
            different=different,
            k=params.k,
        )
    return points


def _chosen(tried: list[clusters.Candidate]) -> clusters.Candidate:
    """Of the candidates without a tiny cluster that are found again, the one of highest silhouette; if none is found
    again, the one that is most nearly."""
    sized = [candidate for candidate in tried if candidate.smallest_share >= LEAST_SHARE] or tried
    stable = [candidate for candidate in sized if candidate.ari_p10 >= FOUND_AGAIN]
    if stable:
        return max(stable, key=lambda candidate: (candidate.silhouette, -candidate.k))
    return max(sized, key=lambda candidate: (candidate.ari_p10, candidate.silhouette))


def _verdict(best: clusters.Candidate, null: float) -> Verdict:
    if best.ari_p10 >= FOUND_AGAIN:
        return "natural" if best.silhouette >= null + CLEARLY_MORE else "reproducible"
    return "constructed" if best.ari_p10 >= PARTLY_FOUND_AGAIN else "none"


def _labels(base: pd.DataFrame, points: clusters.Points, k: int) -> clusters.Labels:
    """Each customer's segment, numbered from 1 by the mean net sales of its members, largest first."""
    found = clusters.assigned(clusters.fitted(clusters.sample(points, clusters.FITTED), k), points)
    worth = base["monetary_e4"].groupby(found).mean().reindex(range(k), fill_value=0)
    order = worth.sort_values(ascending=False, kind="stable").index
    number = np.empty(k, dtype=np.int32)
    number[order] = np.arange(1, k + 1, dtype=np.int32)
    labels: clusters.Labels = number[found]
    return labels


def _described(
    base: pd.DataFrame, points: clusters.Points, labels: clusters.Labels, features: tuple[str, ...]
) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    seen: Counter[str] = Counter()
    total = int(base["monetary_e4"].sum())
    for segment in np.unique(labels):
        is_member = labels == segment
        members = base[is_member]
        centre = dict(zip(features, points[is_member].mean(axis=0).tolist(), strict=True))
        name = name_of(centre)
        seen[name] += 1
        trait_feature, trait = trait_of(centre)
        sales = int(members["monetary_e4"].sum())
        rows.append(
            {
                "segment": int(segment),
                "name": name,
                "name_number": seen[name],
                "trait": trait,
                "trait_feature": trait_feature,
                "customers": len(members),
                "share": len(members) / len(base),
                "sales": from_e4(sales),
                "sales_share": sales / total if total else None,
                "centre_recency_days": float(members["recency_days"].median()),
                "centre_frequency": float(members["frequency"].median()),
                "centre_monetary": from_e4(round(float(members["monetary_e4"].median()))),
                **{f"z_{feature}": z for feature, z in centre.items()},
            }
        )
    return pd.DataFrame(rows)
