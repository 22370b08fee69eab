"""Clusters of customers by how recently, how often, how much and how they buy, and whether they are real.

How customers are compared: `segment_features`. How they are parted: `partitions`. How the number of groups is chosen
and what the verdict means: `cluster_choice`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, get_args

import numpy as np
import pandas as pd

from crm_core.access import Permission
from crm_core.analytics import cluster_choice
from crm_core.analytics.cluster_choice import Verdict
from crm_core.analytics.cluster_quality import on_plane, silhouette
from crm_core.analytics.clustering import FITTED, Clustering, Group, Parted, compared, count_kinds, kept, parted
from crm_core.analytics.partitions import SEED, Method, one_thread, sample
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.progress import within as part_of
from crm_core.analytics.purchases import require_day, with_names
from crm_core.analytics.registry import analysis
from crm_core.analytics.segment_features import DEFAULT, FEATURES
from crm_core.analytics.segment_names import SCATTERED_NAME, SCATTERED_TRAIT, TYPICAL, name_of, traits_of
from crm_core.db.types import from_e4
from crm_core.errors import AnalysisRefused, FieldError, Invalid
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

TRIED = range(2, 9)
MOST_CLUSTERS = 12
MOST_POINTS = 2_000
METHODS: tuple[Method, ...] = get_args(Method)


@dataclass(frozen=True)
class SegmentsParams:
    """The day up to which sales count, itself included; how many clusters (None: chosen by the data); which features;
    which method. `density` finds the number of clusters itself.

    Raises:
        Invalid: a day outside the years 1900 to 2199, fewer than 2 or more than 12 clusters, an unknown feature or
            method, or a number of clusters for `density`.
    """

    as_of: date
    k: int | None = None
    features: tuple[str, ...] = DEFAULT
    method: Method = "kmeans"

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
        if self.method not in METHODS:
            known = {"method": self.method, "known": ", ".join(METHODS)}
            raise Invalid({"method": FieldError("There is no method '{method}'; there are {known}.", known)})
        if self.method == "density" and self.k is not None:
            raise Invalid({"k": FieldError("Density finds the number of clusters itself; leave it to the data.")})


@dataclass(frozen=True)
class SegmentsReport:
    """The clusters and what they are worth.

    silhouette: mean over at most 1,500 customers, of the customers as they are parted; silhouette_compared: the same of
        the sample the number of clusters was chosen on; silhouette_null: what data without groups reaches of the same
        size, as far as it had to be drawn.
    ari_mean, ari_p10: agreement (adjusted Rand index) with the partitions of 20 other samples.
    segments: segment (from 1, by sales per customer; 0 for those in no dense region), name, name_number (1, or 2, 3 …
        where a name repeats), traits (what sets it apart, in words, most important first; at least one), trait_feature
        (None: nothing does), customers, share, sales (net, exact), sales_share, of the median member
        centre_recency_days, centre_frequency and centre_monetary (exact), the same of each further feature's column
        (the mean, where it is a share), and the centre in standard deviations from the average, z_<feature>.
    points: x, y, segment of at most 2,000 customers, for a map (first two principal components).
    candidates: k, silhouette, ari_mean, ari_p10, smallest_share, n_samples of each number of clusters tried.
    clustering: the partition as something to keep; None for dense regions.
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
    n_scattered: int
    segments: pd.DataFrame
    points: pd.DataFrame
    candidates: pd.DataFrame
    clustering: Clustering | None

    @property
    def has_structure(self) -> bool:
        """Whether there are groups in the data, and not only in the way it is cut."""
        return self.verdict in {"natural", "reproducible"}


@dataclass(frozen=True)
class SegmentMembersParams:
    """The clusters of SegmentsParams with the k of their report, and which one to list; 0: those in no dense region."""

    as_of: date
    k: int
    segment: int
    features: tuple[str, ...] = DEFAULT
    method: Method = "kmeans"

    def __post_init__(self) -> None:
        self.parting()
        if not (0 if self.method == "density" else 1) <= self.segment <= self.k:
            raise Invalid({"segment": FieldError("There is no segment {segment}.", {"segment": self.segment})})

    def parting(self) -> SegmentsParams:
        """How customers are parted."""
        return SegmentsParams(self.as_of, None if self.method == "density" else self.k, self.features, self.method)


@dataclass(frozen=True)
class SegmentMembersReport:
    """The customers of one cluster, by sales: customer_id, ref, name, email, country, recency_days, frequency,
    monetary_e4 (net sales in ten-thousandths)."""

    members: pd.DataFrame


@analysis("segments", reads=("orders", "order_lines", "products"), permission=Permission.SEGMENTS_VIEW, is_long=True)
def segments(tables: Tables, params: SegmentsParams, progress: Progress = silent) -> SegmentsReport:
    """Clusters of known customers with a sale on or before `as_of`, with a verdict on whether they are real.

    Raises:
        AnalysisRefused: fewer than 50 customers, all alike, or fewer different ones than clusters asked for.
    """
    progress(0.0, N_("Following customers"))
    base, scale, points = compared(tables, params.as_of, params.features)
    numbers: list[int | None] = [params.k]
    kinds = count_kinds(points, max(params.k or 0, max(TRIED)))
    _require_kinds(params, kinds)
    if params.k is None and params.method != "density":
        numbers = [k for k in TRIED if k <= kinds]
    tried = cluster_choice.candidates(points, numbers, params.method, part_of(progress, 0.1, 0.6))
    best = cluster_choice.chosen(tried)
    null = cluster_choice.null_silhouette(points, best, params.method, part_of(progress, 0.6, 0.9))
    progress(0.9, N_("Describing the clusters"))
    parts = parted(base, scale, points, None if params.method == "density" else best.k, params.method)
    described = _described(parts, params.features)
    groups = {
        number: Group(number, name, name_number)
        for number, name, name_number in zip(
            *(described[column].tolist() for column in ("segment", "name", "name_number")), strict=True
        )
    }
    return SegmentsReport(
        as_of=params.as_of,
        k=parts.model.k,
        verdict=cluster_choice.verdict(best, null),
        silhouette=silhouette(points, np.where(parts.labels == 0, -1, parts.labels)),
        silhouette_compared=best.silhouette,
        silhouette_null=null,
        ari_mean=best.ari_mean,
        ari_p10=best.ari_p10,
        n=len(base),
        n_scattered=int((parts.labels == 0).sum()),
        segments=described,
        points=_shown(parts),
        candidates=pd.DataFrame([asdict(candidate) for candidate in tried]),
        clustering=kept(parts, params.as_of, params.method, params.features, groups),
    )


@analysis(
    "segment_members",
    reads=("orders", "order_lines", "products", "customers"),
    permission=Permission.SEGMENTS_VIEW,
    lists_people=True,
)
def segment_members(tables: Tables, params: SegmentMembersParams, progress: Progress = silent) -> SegmentMembersReport:
    """The customers of one cluster; the same ones the report counted.

    Raises:
        AnalysisRefused: as `segments`.
    """
    progress(0.0, N_("Following customers"))
    asked = params.parting()
    base, scale, points = compared(tables, params.as_of, params.features)
    _require_kinds(asked, count_kinds(points, asked.k or 0))
    parts = parted(base, scale, points, asked.k, params.method)
    return SegmentMembersReport(listed(tables, base[parts.labels == params.segment]))


def listed(tables: Tables, members: pd.DataFrame) -> pd.DataFrame:
    """Customers as a list of members shows them, by sales: see SegmentMembersReport."""
    best_first = members.sort_values(["monetary_e4", "customer_id"], ascending=[False, True])
    return with_names(tables, best_first[["customer_id", "recency_days", "frequency", "monetary_e4"]])


def _require_kinds(params: SegmentsParams, kinds: int) -> None:
    if params.k is not None and kinds < params.k:
        raise AnalysisRefused(
            "There are only {different} different kinds of customers, too few for {k} clusters.",
            different=kinds,
            k=params.k,
        )


def _shown(parts: Parted) -> pd.DataFrame:
    """Some of the customers on a plane: x, y, segment."""
    rows = np.arange(len(parts.points))
    if len(rows) > MOST_POINTS:
        rows = np.sort(np.random.default_rng(SEED).choice(rows, MOST_POINTS, replace=False))
    with one_thread():
        plane = on_plane(sample(parts.points, FITTED), parts.points[rows])
    return pd.DataFrame(plane, columns=["x", "y"]).assign(segment=parts.labels[rows])


def _described(parts: Parted, features: tuple[str, ...]) -> pd.DataFrame:
    base, labels = parts.base, parts.labels
    rows: list[dict[str, object]] = []
    seen: Counter[str] = Counter()
    total = int(base["monetary_e4"].sum())
    present = np.unique(labels)
    for segment in [*present[present > 0], *present[present == 0]]:
        is_member = labels == segment
        members = base[is_member]
        centre = dict(zip(features, parts.points[is_member].mean(axis=0).tolist(), strict=True))
        traits = traits_of(centre) if segment else ((None, SCATTERED_TRAIT),)
        name = name_of(centre) if segment else SCATTERED_NAME
        seen[name] += 1
        sales = int(members["monetary_e4"].sum())
        rows.append(
            {
                "segment": int(segment),
                "name": name,
                "name_number": seen[name],
                "traits": tuple(words for _feature, words in traits) or (TYPICAL,),
                "trait_feature": traits[0][0] if traits else None,
                "customers": len(members),
                "share": len(members) / len(base),
                "sales": from_e4(sales),
                "sales_share": sales / total if total else None,
                "centre_recency_days": float(members["recency_days"].median()),
                "centre_frequency": float(members["frequency"].median()),
                "centre_monetary": from_e4(round(float(members["monetary_e4"].median()))),
                **_centre(members, [feature for feature in features if feature not in DEFAULT]),
                **{f"z_{feature}": z for feature, z in centre.items()},
            }
        )
    return pd.DataFrame(rows)


def _centre(members: pd.DataFrame, features: list[str]) -> dict[str, float | None]:
    """What is typical of the members in each of the features; None where none of them has a value."""
    centre: dict[str, float | None] = {}
    for feature in features:
        column = FEATURES[feature].column
        values = members[column].dropna()
        typical = values.mean() if FEATURES[feature].unit == "ratio" else values.median()
        centre[f"centre_{column}"] = None if values.empty else float(typical)
    return centre
