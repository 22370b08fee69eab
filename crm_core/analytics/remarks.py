"""What a manager should hear about first: targets missed, unusual values, and what turned for the worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from crm_core.analytics.definitions import AREA_OF, DEFINITIONS
from crm_core.analytics.figures import Figure
from crm_core.analytics.periods import Period
from crm_core.analytics.standings import Standing
from crm_core.analytics.unusual import RATES, Verdict, judge

Kind = Literal["target", "unusual", "worse", "better"]

_ORDER: Mapping[Kind, float] = {"target": 3.0, "unusual": 2.0, "worse": 1.0, "better": 0.0}
_MOST = 0.99
"""How much the size of a remark counts at most, so that it never outweighs the next kind."""
NOTEWORTHY = 0.05
"""A change of less than a twentieth is not worth a sentence."""
FEWEST = 30
"""Nor is one of a share, a median or an average of fewer than so many."""


@dataclass(frozen=True)
class Remark:
    """One thing to say of a metric, and how much it matters: by kind first, by size within it."""

    metric: str
    kind: Kind
    weight: float

    @property
    def area(self) -> str:
        return AREA_OF[self.metric]

    @property
    def is_good(self) -> bool:
        return self.kind == "better"


def remarks_of(
    shown: Sequence[str], figures: Mapping[str, Figure], held: Mapping[str, Standing], odd: Mapping[str, Verdict]
) -> list[Remark]:
    """One remark for each of these metrics that has something to say, what matters most first."""
    found = [_remark(name, figures[name], held.get(name), odd.get(name)) for name in shown]
    return sorted((remark for remark in found if remark is not None), key=lambda remark: -remark.weight)


def verdicts(courses: Mapping[str, pd.DataFrame], grain: str, period: Period) -> dict[str, Verdict]:
    """Of the metrics whose value of the period is unusual against the periods before it, how; none before it is over,
    or where its history is too short to tell."""
    if grain not in RATES:
        return {}
    found: dict[str, Verdict] = {}
    for course in courses.values():
        past = course[course["is_known"] & course["is_complete"] & (course["start"] <= period.start)]
        if past.empty or past["start"].iloc[-1] != period.start:
            continue
        for name in past.columns.intersection(list(DEFINITIONS)):
            verdict = judge(past[name].tolist(), grain)
            if verdict is not None and verdict.is_unusual:
                found[name] = verdict
    return found


def _remark(name: str, figure: Figure, held: Standing | None, verdict: Verdict | None) -> Remark | None:
    if figure.value is None:
        return None
    if held is not None and not held.is_good:
        return Remark(name, "target", _ORDER["target"] + min(held.gap, _MOST))
    if verdict is not None:
        far = abs(verdict.value - verdict.expected) / abs(verdict.expected or 1)
        return Remark(name, "unusual", _ORDER["unusual"] + min(far, _MOST))
    better = DEFINITIONS[name].better
    if figure.change is None or better is None or abs(figure.change) < NOTEWORTHY or not _is_clear(figure):
        return None
    kind: Kind = "better" if (figure.change > 0) == (better == "up") else "worse"
    return Remark(name, kind, _ORDER[kind] + min(abs(figure.change), _MOST))


def _is_clear(figure: Figure) -> bool:
    """Whether there is enough to tell a change from chance: of counts, twice the scatter that the difference of two
    Poisson numbers has; of others, that there are enough."""
    if DEFINITIONS[figure.id].unit != "count":
        return figure.n >= FEWEST
    value, previous = float(figure.value or 0), float(figure.previous or 0)
    return (value - previous) ** 2 >= 4 * (value + previous)
