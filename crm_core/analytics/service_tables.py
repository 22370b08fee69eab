"""Metrics of tickets by time, by what tickets are about, by hour of the week, and the ages of the open ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_core.analytics.periods import Bucket, Period
from crm_core.analytics.service_facts import DIMENSIONS, HOUR
from crm_core.analytics.service_metrics import SERVICE_METRICS, Occurrences
from crm_core.analytics.service_values import Course, ServiceValue, value_of
from crm_core.records.business_time import Micros

COMPARED = ("opened", "resolved", "backlog", "first_response", "resolution", "sla_attainment", "reopen_rate", "csat")
"""The metrics a breakdown compares."""

AGES = ((0, 1), (1, 3), (3, 7), (7, 14), (14, 30), (30, 90), (90, None))
"""Days since opening, half-open."""

_DAY = 24 * HOUR


@dataclass(frozen=True)
class Part:
    """A part of the occurrences in a period: an hour of the week, or an age in days."""

    weekday: int | None = None
    hour: int | None = None
    from_days: int | None = None
    to_days: int | None = None

    def kept(self, course: Course, rows: Occurrences) -> Occurrences:
        """The occurrences of that part."""
        if self.weekday is not None:
            local = local_times(rows.at, course.facts.timezone)
            rows = rows[np.asarray((local.day_of_week == self.weekday) & (local.hour == self.hour))]
        if self.from_days is not None:
            age = np.maximum(rows.at - course.facts.instants("opened_at")[rows.ticket], 0)
            rows = rows[(age >= self.from_days * _DAY) & (age < (self.to_days or np.inf) * _DAY)]
        return rows


def course_of(course: Course, units: Sequence[Bucket]) -> pd.DataFrame:
    """A row per unit: start, end, is_complete, and each metric's columns."""
    until = course.known_until
    rows = []
    for unit in units:
        window = Period(unit.start, unit.end)
        row: dict[str, Any] = {
            "start": unit.start,
            "end": unit.end,
            "is_complete": unit.is_whole and until is not None and unit.end <= until,
        }
        for name, metric in SERVICE_METRICS.items():
            row |= columns_of(name, course.value(metric, window))
        rows.append(row)
    return _typed(pd.DataFrame(rows, dtype=object))


def columns_of(name: str, found: ServiceValue) -> dict[str, Any]:
    """A value as columns of a table."""
    columns: dict[str, Any] = {name: found.value, f"{name}_n": found.n}
    if SERVICE_METRICS[name].kind == "duration":
        columns |= {f"{name}_p90": found.p90, f"{name}_mean": found.mean}
    return columns


def breakdown_of(course: Course, period: Period) -> pd.DataFrame:
    """The metrics of COMPARED for each value of each dimension that has a ticket in the period, most opened first."""
    rows = {name: course.rows(SERVICE_METRICS[name], period) for name in COMPARED}
    found = []
    for dimension in DIMENSIONS:
        codes, uniques = pd.factorize(course.facts.tickets[dimension], use_na_sentinel=False)
        grouped = {name: _grouped(part, codes[part.ticket]) for name, part in rows.items()}
        present = sorted({code for parts in grouped.values() for code in parts})
        for code in present:
            row: dict[str, Any] = {"dimension": dimension, "value": _plain(uniques[code])}
            for name, parts in grouped.items():
                part = parts.get(code, rows[name][:0])
                metric = SERVICE_METRICS[name]
                row |= columns_of(name, value_of(metric, part, is_known=course.is_known(metric, period)))
            found.append(row)
    names = ["dimension", "value", *(key for name in COMPARED for key in columns_of(name, ServiceValue(None, 0)))]
    frame = pd.DataFrame(found, columns=names, dtype=object)
    places = [DIMENSIONS.index(name) for name in frame["dimension"]]
    order = pd.DataFrame({"place": places, "opened": [-(n or 0) for n in frame["opened"]]})
    return _typed(frame.iloc[order.sort_values(["place", "opened"], kind="stable").index].reset_index(drop=True))


def hours_of(course: Course, period: Period) -> pd.DataFrame:
    """Tickets opened by weekday and hour on the wall: weekday, hour, opened."""
    rows = course.rows(SERVICE_METRICS["opened"], period)
    local = local_times(rows.at, course.facts.timezone)
    counts = np.bincount(np.asarray(local.day_of_week * 24 + local.hour, dtype=np.int64), minlength=168)
    slots = np.arange(168)
    return pd.DataFrame({"weekday": slots // 24, "hour": slots % 24, "opened": counts})


def ageing_of(course: Course, period: Period) -> pd.DataFrame:
    """The backlog by days since opening: from_days, to_days (None: no end), tickets."""
    rows = course.rows(SERVICE_METRICS["backlog"], period)
    counts = [len(Part(from_days=low, to_days=high).kept(course, rows)) for low, high in AGES]
    frame = pd.DataFrame({"from_days": [low for low, _high in AGES], "tickets": counts})
    frame["to_days"] = pd.Series([high for _low, high in AGES], dtype=object)
    return frame[["from_days", "to_days", "tickets"]]


def local_times(at: Micros, timezone: str) -> pd.DatetimeIndex:
    """Instants as the clock on the wall shows them."""
    return pd.DatetimeIndex(at.astype("datetime64[us]"), tz="UTC").tz_convert(timezone)


def _grouped(rows: Occurrences, codes: NDArray[np.int64]) -> dict[int, Occurrences]:
    order = np.argsort(codes, kind="stable")
    found, starts = np.unique(codes[order], return_index=True)
    return {int(code): rows[places] for code, places in zip(found, np.split(order, starts[1:]), strict=False)}


def _plain(value: Any) -> Any:
    if value is None or value != value:
        return None
    return int(value) if isinstance(value, float | np.integer) else value


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    whole = {name: "int64" for name in frame.columns if name.endswith("_n")}
    if "is_complete" in frame:
        whole["is_complete"] = "bool"
    return frame.astype(whole)
