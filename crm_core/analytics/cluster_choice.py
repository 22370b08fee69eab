"""How many groups to part customers into, and whether these groups are there.

The number of groups is chosen among those that other samples find again and that have no tiny group: the one of highest
silhouette. The verdict, in the terms of Dolnicar & Leisch (2010, Marketing Letters 21), then says what they are:

| verdict | found again (10th percentile of agreement) | silhouette beats that of data without groups |
|---|---|---|
| natural | yes (≥ 0.8) | clearly, by 0.1 or more |
| reproducible | yes | yes, by 0.03 or more |
| constructed | yes | no: a stable cut through one cloud |
| constructed | partly (≥ 0.5) | either |
| none | no | either |

The first two say that there is structure. Work stops as soon as more of it could not change the answer: after three
samples below 0.8 a number of groups is out, and one data set without groups that does as well settles that question.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from crm_core.analytics.cluster_quality import JUDGED, NULL_DRAWS, agreements, null_silhouettes, silhouette
from crm_core.analytics.partitions import LEAST_SHARE, Labels, Method, Points, fit, one_thread, sample
from crm_core.analytics.progress import Progress
from crm_core.translation import N_

Verdict: TypeAlias = Literal["natural", "reproducible", "constructed", "none"]

FOUND_AGAIN, PARTLY_FOUND_AGAIN = 0.8, 0.5
MORE, CLEARLY_MORE = 0.03, 0.1
"""By how much silhouette must exceed that of data without groups: the best of several k is a little lucky, and no data
without groups is quite like the customers'."""
_OUT = 3
"""The 10th percentile of 20 lies between the second and the third lowest: three below the bar, and it is below."""


@dataclass(frozen=True)
class Candidate:
    """How one number of groups does.

    silhouette; ari_mean and ari_p10, the agreement between the partitions of `n_samples` samples; smallest_share, of
    the smallest group.
    """

    k: int
    silhouette: float
    ari_mean: float
    ari_p10: float
    smallest_share: float
    n_samples: int


def candidates(points: Points, numbers: Sequence[int | None], method: Method, progress: Progress) -> list[Candidate]:
    """Each number of groups, judged on a sample of the points, and the best of them on all samples.

    `numbers` is (None,) for a method that finds the number itself; it may find 0.
    """
    judged = sample(points, JUDGED)
    found: list[Candidate] = []
    with one_thread():
        trials = [_Trial(judged, k, method) for k in numbers]
        for i, trial in enumerate(trials):
            progress(i / len(numbers), N_("Trying numbers of clusters"))
            found.append(trial.judged(is_patient=False))
        best = found.index(chosen(found))
        found[best] = trials[best].judged(is_patient=True)
    return found


def chosen(tried: Sequence[Candidate]) -> Candidate:
    """Of the candidates without a tiny group that are found again, the one of highest silhouette; if none is found
    again, the one that is most nearly."""
    sized = [candidate for candidate in tried if candidate.smallest_share >= LEAST_SHARE] or tried
    stable = [candidate for candidate in sized if candidate.ari_p10 >= FOUND_AGAIN]
    if stable:
        return max(stable, key=lambda candidate: (candidate.silhouette, -candidate.k))
    return max(sized, key=lambda candidate: (candidate.ari_mean, candidate.silhouette))


def null_silhouette(points: Points, best: Candidate, method: Method, progress: Progress) -> float:
    """The highest silhouette of data without groups, of as many draws as it takes to see whether `best` beats it."""
    highest = -1.0
    with one_thread():
        for i, reached in enumerate(null_silhouettes(points, None if method == "density" else best.k, method)):
            progress(i / (2 * NULL_DRAWS), N_("Comparing with data without groups"))
            highest = max(highest, reached)
            if best.silhouette < highest + MORE:
                break
    return highest


def verdict(best: Candidate, null: float) -> Verdict:
    """What the groups are; see the module."""
    if best.k < 2 or best.ari_p10 < PARTLY_FOUND_AGAIN:
        return "none"
    if best.ari_p10 < FOUND_AGAIN or best.silhouette < null + MORE:
        return "constructed"
    return "natural" if best.silhouette >= null + CLEARLY_MORE else "reproducible"


class _Trial:
    """One number of groups while it is judged: samples are drawn only as they are needed."""

    def __init__(self, points: Points, k: int | None, method: Method) -> None:
        model = fit(points, k, method, starts=3)
        labels: Labels = model.assign(points)
        self._found: list[float] = []
        self._more: Iterator[float] = agreements(points, k, method, labels) if model.k > 1 else iter(())
        sizes = np.bincount(labels[labels >= 0], minlength=max(model.k, 1))
        self._start = Candidate(
            model.k, silhouette(points, labels), 0.0, 0.0, float(sizes.min()) / len(points), n_samples=0
        )

    def judged(self, *, is_patient: bool) -> Candidate:
        """How it does; an impatient judge stops once it cannot count as found again any more."""
        for ari in self._more:
            self._found.append(ari)
            if not is_patient and sum(value < FOUND_AGAIN for value in self._found) >= _OUT:
                break
        if not self._found:
            return self._start
        p10 = float(np.quantile(self._found, 0.1))
        return replace(self._start, ari_mean=float(np.mean(self._found)), ari_p10=p10, n_samples=len(self._found))
