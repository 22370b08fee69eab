"""How far the tickets reach and what they name. Filters start from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, cast

import narwhals as nw
import pandas as pd

from crm_core.analytics.measures import collected
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.registry import analysis
from crm_core.analytics.service_facts import DIMENSIONS
from crm_core.analytics.service_tables import local_times

if TYPE_CHECKING:
    from crm_core.warehouse import Tables


@dataclass(frozen=True)
class ServiceExtentParams:
    """Nothing to choose: all tickets the viewer may see."""


@dataclass(frozen=True)
class ServiceExtentReport:
    """First and last local day on which a ticket was opened or resolved (None without tickets), and the values of each
    dimension, most tickets first."""

    first: date | None
    last: date | None
    values: dict[str, tuple[str | int, ...]]


@analysis("service_extent", reads=("tickets",))
def service_extent(tables: Tables, params: ServiceExtentParams, progress: Progress = silent) -> ServiceExtentReport:  # noqa: ARG001
    """How far the tickets reach."""
    tickets = tables.tickets
    opened, done = nw.col("opened_at"), nw.col("resolved_at")
    found = collected(tickets.select(first=opened.min(), last=opened.max(), done=done.max()))
    if pd.isna(found["first"].iloc[0]):
        return ServiceExtentReport(None, None, dict.fromkeys(DIMENSIONS, ()))
    instants = found.iloc[0].dropna().to_numpy(dtype="datetime64[us]").astype("int64")
    days = local_times(instants, tables.timezone)
    values = {}
    for name in DIMENSIONS:
        counted = tickets.filter(~nw.col(name).is_null()).group_by(name).agg(n=nw.len())
        frame = collected(counted.sort("n", name, descending=[True, False]))
        values[name] = tuple(cast("list[str | int]", frame[name].tolist()))
    return ServiceExtentReport(days.min().date(), days.max().date(), values)
