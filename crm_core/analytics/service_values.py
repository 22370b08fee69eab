"""What a metric of tickets comes to in a window: its value, what it rests on, and the tickets behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from crm_core.analytics.kpis import relative_change
from crm_core.analytics.periods import Period, complete_until, day_start
from crm_core.analytics.service_facts import NEVER, Facts
from crm_core.analytics.service_metrics import SERVICE_METRICS, Occurrences, ServiceMetric, open_at
from crm_core.db.types import to_micros


@dataclass(frozen=True)
class ServiceValue:
    """One metric of one window. `value` is None where there is no data: of durations it is the median, in hours, with
    `p90` (interpolated between neighbours) and `mean` beside it. `n` is what the value rests on."""

    value: int | float | None
    n: int
    p90: float | None = None
    mean: float | None = None


@dataclass(frozen=True)
class ServiceKpi(ServiceValue):
    """A metric of the period beside the compared one's; `change` as of `kpis.Kpi`."""

    id: str = ""
    previous: int | float | None = None
    previous_n: int = 0
    change: float | None = None


@dataclass(frozen=True)
class Course:
    """Every metric's occurrences, and between which days the records tell anything.

    known_from: the first day with a ticket; known_until: the day up to which records are whole. None without tickets.
    """

    facts: Facts
    now: int

    @cached_property
    def occurrences(self) -> Mapping[str, Occurrences]:
        """Those of every metric but the backlog, in order of time."""
        return {
            name: metric.occurrences(self.facts, self.now)
            for name, metric in SERVICE_METRICS.items()
            if metric.kind != "stock"
        }

    @cached_property
    def known_from(self) -> date | None:
        opened = self.facts.instants("opened_at")
        return self.facts.local_day(int(opened.min())) if len(opened) else None

    @cached_property
    def known_until(self) -> date | None:
        times = [self.facts.spells.start, *(self.facts.instants(name) for name in _DEEDS)]
        happened = np.concatenate(times)
        happened = happened[(happened != NEVER) & (happened <= self.now)]
        last = self.facts.local_day(int(happened.max())) if len(happened) else None
        return complete_until(last, self.facts.local_day(self.now))

    def bounds(self, period: Period) -> tuple[int, int]:
        """The period's first microsecond and the one after its last."""
        start, end = (to_micros(day_start(day, self.facts.timezone)) for day in (period.start, period.end))
        return start, end

    def is_known(self, metric: ServiceMetric, period: Period) -> bool:
        """Whether the records say anything of the period: a count of nothing is 0 there and no data elsewhere. What
        stands open stands open until today, however long ago the last ticket came."""
        first, last = self.known_from, self.known_until
        if first is None or last is None:
            return False
        last = self.facts.local_day(self.now) if metric.kind == "stock" else last
        return period.end > first and period.start <= last

    def rows(self, metric: ServiceMetric, period: Period) -> Occurrences:
        """The occurrences that make up the metric in the period."""
        start, end = self.bounds(period)
        if metric.kind == "stock":
            at = min(end, self.now)  # what is known stands open then: nothing after now is on record
            open_now = open_at(self.facts, end) if self.is_known(metric, period) else np.zeros(0, dtype=np.int64)
            return Occurrences(open_now, np.full(len(open_now), at), np.ones(len(open_now)))
        return metric.within(self.occurrences[metric.id], start, end)

    def value(self, metric: ServiceMetric, period: Period) -> ServiceValue:
        """The metric in the period."""
        return value_of(metric, self.rows(metric, period), is_known=self.is_known(metric, period))

    def kpi(self, metric: ServiceMetric, period: Period, compared: Period | None) -> ServiceKpi:
        """The metric in the period, beside the compared one."""
        now = self.value(metric, period)
        before = ServiceValue(None, 0) if compared is None else self.value(metric, compared)
        return ServiceKpi(
            value=now.value, n=now.n, p90=now.p90, mean=now.mean, id=metric.id,
            previous=before.value, previous_n=before.n, change=relative_change(now.value, before.value),
        )  # fmt: skip


_DEEDS = ("first_replied_at", "rated_at")


def value_of(metric: ServiceMetric, rows: Occurrences, *, is_known: bool = True) -> ServiceValue:
    """The metric of these occurrences."""
    n = len(rows)
    if metric.kind in ("count", "stock"):
        return ServiceValue(n if is_known else None, n)
    if not n:
        return ServiceValue(None, 0)
    if metric.kind == "share":
        return ServiceValue(int(rows.value.sum()) / n, n)
    median, p90 = np.quantile(rows.value, [0.5, 0.9])
    return ServiceValue(float(median), n, float(p90), float(rows.value.mean()))
