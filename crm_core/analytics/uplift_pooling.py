"""What campaigns did for each segment, all of them together: few campaigns of one lean on those of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from crm_core.analytics.differences import Interval
from crm_core.analytics.proportions import Z_95
from crm_core.errors import AnalysisRefused

FEWEST_CAMPAIGNS = 5
FEWEST_SEGMENTS = 2


@dataclass(frozen=True)
class Measured:
    """The uplift one campaign measured, with its 95 % interval, and whose it was."""

    segment: str
    uplift: Interval


@dataclass(frozen=True)
class SegmentUplift:
    """A segment's uplift: of its own campaigns alone, and pooled with the others', each with a 95 % interval."""

    segment: str
    n_campaigns: int
    own: Interval
    pooled: Interval


def pooled_uplift(measured: Sequence[Measured]) -> tuple[SegmentUplift, ...]:
    """The uplift of each segment, by segment, shrunk towards the mean of all by as much as its own data is uncertain.

    Segments' uplifts are taken as draws around a common mean with variance τ², estimated by moments (R. DerSimonian and
    N. Laird 1986, "Meta-analysis in clinical trials", Controlled Clinical Trials 7, 177–188); each is then its
    precision-weighted mean with the common one (B. Efron and C. Morris 1975, JASA 70, 311–319). The interval holds the
    common mean's uncertainty too.

    Raises:
        AnalysisRefused: fewer than 5 campaigns, or all of one segment.
    """
    names = sorted({item.segment for item in measured})
    if len(measured) < FEWEST_CAMPAIGNS or len(names) < FEWEST_SEGMENTS:
        raise AnalysisRefused(
            "Uplift by segment needs at least {campaigns} finished campaigns of {segments} segments or more; there are "
            "{n} of {k}.",
            campaigns=FEWEST_CAMPAIGNS,
            segments=FEWEST_SEGMENTS,
            n=len(measured),
            k=len(names),
        )
    own = [_weighted([item.uplift for item in measured if item.segment == name]) for name in names]
    effects, variances = np.array([mean for mean, _ in own]), np.array([variance for _, variance in own])
    weights = 1 / variances
    centre = float((weights * effects).sum() / weights.sum())
    excess = float((weights * (effects - centre) ** 2).sum()) - (len(names) - 1)
    spread = max(excess / float(weights.sum() - (weights**2).sum() / weights.sum()), 0.0)
    of_mean = 1 / (variances + spread)
    mean, mean_variance = float((of_mean * effects).sum() / of_mean.sum()), float(1 / of_mean.sum())
    found = []
    for name, effect, variance in zip(names, effects.tolist(), variances.tolist(), strict=True):
        trust = spread / (spread + variance)
        estimate = mean + trust * (effect - mean)
        pooled_variance = trust * variance + (1 - trust) ** 2 * mean_variance
        n_campaigns = sum(item.segment == name for item in measured)
        found.append(
            SegmentUplift(name, n_campaigns, _interval(effect, variance), _interval(estimate, pooled_variance))
        )
    return tuple(found)


def _weighted(uplifts: Sequence[Interval]) -> tuple[float, float]:
    """The precision-weighted mean of a segment's campaigns and its variance."""
    weights = [(2 * Z_95 / (uplift.high - uplift.low)) ** 2 for uplift in uplifts]
    mean = sum(w * uplift.value for w, uplift in zip(weights, uplifts, strict=True)) / sum(weights)
    return mean, 1 / sum(weights)


def _interval(value: float, variance: float) -> Interval:
    half = Z_95 * sqrt(variance)
    return Interval(value, value - half, value + half)
