"""Every metric of tickets, defined once: its formula in words, and which occurrences make it up.

An occurrence is a ticket at an instant, with a value: hours until it was answered, whether a target was met. A metric
of a window is made of its occurrences in it; so cards, courses, breakdowns and lists of tickets behind a number agree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crm_core.analytics.metrics import Definition
from crm_core.analytics.service_facts import HOUR, NEVER, Facts
from crm_core.records.business_time import Micros
from crm_core.translation import N_


@dataclass(frozen=True)
class Occurrences:
    """Arrays of one length: ticket (its position in the facts), at (microseconds), value (1 where a metric counts)."""

    ticket: Micros
    at: Micros
    value: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.ticket)

    def __getitem__(self, which: Any) -> Occurrences:
        """Some of them: a slice, a mask or positions."""
        return Occurrences(self.ticket[which], self.at[which], self.value[which])

    def last_of_each(self) -> Occurrences:
        """Each ticket's last one, of those in order of time."""
        _tickets, places = np.unique(self.ticket[::-1], return_index=True)
        return self[np.sort(len(self) - 1 - places)]


@dataclass(frozen=True)
class ServiceMetric(Definition):
    """A metric of tickets.

    `kind`: the number of tickets (`count`), how long something took (`duration`: median, 90th percentile and mean), the
    share of those it holds for (`share`), or how many stood open when the window ended (`stock`). `is_once`: a ticket
    with several occurrences in a window counts once, with the last.
    """

    kind: Literal["count", "duration", "share", "stock"]
    happened: Callable[[Facts, int], Occurrences]
    is_once: bool = False

    def occurrences(self, facts: Facts, now: int) -> Occurrences:
        """All of them, in order of time; `now` decides what is late."""
        rows = self.happened(facts, now)
        rows = rows[(rows.at != NEVER) & facts.counted[rows.ticket]]
        return rows[np.argsort(rows.at, kind="stable")]

    def within(self, rows: Occurrences, start: int, end: int) -> Occurrences:
        """Those from `start` up to, not including, `end`."""
        first, last = np.searchsorted(rows.at, [start, end], side="left")
        found = rows[first:last]
        return found.last_of_each() if self.is_once else found


def _rows(ticket: Micros, at: Micros, value: ArrayLike | None = None) -> Occurrences:
    return Occurrences(ticket, at, np.ones(len(at)) if value is None else np.asarray(value, dtype=np.float64))


def _everyone(facts: Facts) -> Micros:
    return np.arange(len(facts.tickets), dtype=np.int64)


def _opened(facts: Facts, _now: int) -> Occurrences:
    return _rows(_everyone(facts), facts.instants("opened_at"))


def _resolved(facts: Facts, _now: int) -> Occurrences:
    is_resolution = facts.spells.is_in("resolved")
    return _rows(facts.spells.ticket[is_resolution], facts.spells.start[is_resolution])


def _reopened(facts: Facts, now: int) -> Occurrences:
    rows = _resolved(facts, now)
    return _rows(rows.ticket, rows.at, facts.tickets["reopened"].to_numpy()[rows.ticket] > 0)


def _asked(facts: Facts, now: int) -> Occurrences:
    rows = _resolved(facts, now)
    return _rows(rows.ticket, rows.at, facts.tickets["is_satisfied"].notna().to_numpy()[rows.ticket])


def _answers(facts: Facts, _now: int) -> Occurrences:
    given = facts.tickets["is_satisfied"]
    has = given.notna().to_numpy()
    times = [facts.instants(name) for name in ("rated_at", "resolved_at", "opened_at")]
    at = np.where(times[0] != NEVER, times[0], np.where(times[1] != NEVER, times[1], times[2]))
    return _rows(_everyone(facts)[has], at[has], given[has].to_numpy(dtype=bool))


def _since_opened(name: str, *, is_less_hold: bool) -> Callable[[Facts, int], Occurrences]:
    def took(facts: Facts, _now: int) -> Occurrences:
        opened, done = facts.instants("opened_at"), facts.instants(name)
        is_done = done != NEVER
        lapse = np.zeros(len(done), dtype=np.int64)
        lapse[is_done] = facts.lapse(opened[is_done], done[is_done])
        if is_less_hold:
            lapse = np.maximum(lapse - facts.held_before(done), 0)
        return _rows(_everyone(facts)[is_done], done[is_done], lapse[is_done] / HOUR)

    return took


def _target(done: str, due: str) -> Callable[[Facts, int], Occurrences]:
    """Met when it was done in time, placed by the deed; missed once its time had passed, placed by that: so what is
    decided stays where it is."""

    def decided(facts: Facts, now: int) -> Occurrences:
        was, until, closed = facts.instants(done), facts.instants(due), facts.instants("resolved_at")
        is_ours = (until != NEVER) & facts.tickets["is_sla_met"].isna().to_numpy()
        is_met = is_ours & (was <= until) & (was != NEVER)
        is_moot = (was == NEVER) & (closed <= until)  # closed without an answer before one was due
        is_missed = is_ours & (was > until) & (until < now) & ~is_moot
        is_decided = is_met | is_missed
        return _rows(_everyone(facts)[is_decided], np.where(is_met, was, until)[is_decided], is_met[is_decided])

    return decided


_response_target = _target("first_replied_at", "response_due_at")
_resolution_target = _target("resolved_at", "resolution_due_at")


def _targets(facts: Facts, now: int) -> Occurrences:
    said = facts.tickets["is_sla_met"]
    has = said.notna().to_numpy()
    was_met = said[has].to_numpy(dtype=bool)
    resolved, opened = facts.instants("resolved_at")[has], facts.instants("opened_at")[has]
    at = np.where((resolved == NEVER) & ~was_met, opened, resolved)  # missed and not resolved: missed all the same
    told = _rows(_everyone(facts)[has], at, was_met)
    parts = (_response_target(facts, now), _resolution_target(facts, now), told)
    return Occurrences(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("ticket", "at", "value")))


def _backlog(_facts: Facts, _now: int) -> Occurrences:
    raise TypeError("a backlog is counted at an instant; see `open_at`")


def open_at(facts: Facts, instant: int) -> Micros:
    """The positions of the tickets that stood open or on hold just before the instant; one that was merged later
    stood open too, so that no earlier day changes."""
    spells = facts.spells
    is_open = (spells.start < instant) & (spells.end >= instant) & spells.is_in("open", "on_hold")
    return np.sort(spells.ticket[is_open])


_MERGED = N_("tickets merged into another: they count under it")

_DEFINITIONS = (
    ServiceMetric(
        "opened", N_("Tickets opened"), N_("Number of tickets opened"),
        "count", N_("opening"), _MERGED, None, "tickets", "count", _opened,
    ),
    ServiceMetric(
        "resolved", N_("Tickets resolved"), N_("Number of tickets resolved at least once in the period"),
        "count", N_("each resolution"), _MERGED, "up", "tickets", "count", _resolved, is_once=True,
    ),
    ServiceMetric(
        "backlog", N_("Backlog"),
        N_("Tickets opened by the end of the period and not resolved by then, whatever happened to them later"),
        "count", N_("end of the period, or now if that is earlier"),
        N_("tickets merged into another, from then on"), "down", "tickets", "stock", _backlog,
    ),
    ServiceMetric(
        "first_response", N_("First response time"),
        N_("First public reply by a person − opened; of tickets the team opened, the second. Median, with mean and "
           "90th percentile"),
        "hours", N_("first reply"),
        N_("bots and internal notes; tickets without a reply; tickets merged into another; reopening restarts nothing"),
        "down", "tickets", "duration", _since_opened("first_replied_at", is_less_hold=False),
    ),
    ServiceMetric(
        "first_resolution", N_("Time to first resolution"),
        N_("First resolution − opened − time on hold. Median, with mean and 90th percentile"),
        "hours", N_("first resolution"), _MERGED, "down", "tickets", "duration",
        _since_opened("first_resolved_at", is_less_hold=True),
    ),
    ServiceMetric(
        "resolution", N_("Time to full resolution"),
        N_("Last resolution − opened − time on hold. Median, with mean and 90th percentile"),
        "hours", N_("last resolution"), N_("tickets open again; tickets merged into another"), "down", "tickets",
        "duration", _since_opened("resolved_at", is_less_hold=True),
    ),
    ServiceMetric(
        "sla_attainment", N_("Targets met"),
        N_("Targets met ÷ (met + missed), of first answers and resolutions; where an imported log says whether a "
           "ticket met its target, that counts"),
        "ratio", N_("the answer or resolution where met, the due time where missed"),
        N_("targets not due yet, standing still on hold, or of tickets closed before an answer was due; tickets merged "
           "into another"),
        "up", "tickets", "share", _targets,
    ),
    ServiceMetric(
        "sla_response", N_("Answered in time"), N_("Response targets met ÷ (met + missed)"),
        "ratio", N_("the answer where met, the due time where missed"),
        N_("targets not due yet, or of tickets closed before an answer was due; tickets merged into another; imported "
           "verdicts"),
        "up", "tickets", "share", _response_target,
    ),
    ServiceMetric(
        "sla_resolution", N_("Resolved in time"), N_("Resolution targets met ÷ (met + missed)"),
        "ratio", N_("the resolution where met, the due time where missed"),
        N_("targets not due yet or standing still on hold; tickets merged into another; imported verdicts"),
        "up", "tickets", "share", _resolution_target,
    ),
    ServiceMetric(
        "reopen_rate", N_("Reopened"), N_("Of the tickets resolved in the period, the share ever reopened"),
        "ratio", N_("each resolution"), _MERGED, "down", "tickets", "share", _reopened, is_once=True,
    ),
    ServiceMetric(
        "csat", N_("Satisfaction"), N_("Positive answers ÷ answers"),
        "ratio", N_("the customer's answer"), N_("tickets without an answer; tickets merged into another"),
        "up", "tickets", "share", _answers,
    ),
    ServiceMetric(
        "csat_response", N_("Answers on satisfaction"),
        N_("Of the tickets resolved in the period, the share whose customer answered, then or later"),
        "ratio", N_("each resolution"), _MERGED, "up", "tickets", "share", _asked, is_once=True,
    ),
)  # fmt: skip

SERVICE_METRICS: dict[str, ServiceMetric] = {metric.id: metric for metric in _DEFINITIONS}
"""Every metric of tickets by id, in the order to show them."""
