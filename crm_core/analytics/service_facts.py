"""What happened to tickets, as arrays: spells in a state, times of replies and resolutions, and how long they took.

Instants are microseconds since 1970 UTC; NEVER stands for one that has not come. A ticket is named by its position in
`Facts.tickets`. Everything in the past is read from events, so that what happens later changes no earlier day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_core.analytics.measures import collected
from crm_core.analytics.service_params import BusinessHours, TicketFilter
from crm_core.db.types import from_micros
from crm_core.records.business_time import Micros, working_hours

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

NEVER = np.iinfo(np.int64).max
HOUR = 3_600_000_000
INSTANTS = (
    "opened_at", "first_replied_at", "first_resolved_at", "resolved_at", "response_due_at", "resolution_due_at",
    "due_at", "rated_at",
)  # fmt: skip
DIMENSIONS = ("category", "channel", "priority", "team_id", "assignee_id")
_GONE = "merged"
STATES = ("open", "on_hold", "resolved", _GONE)


@dataclass(frozen=True)
class Spells:
    """One row for each time a ticket spent in one state, in order of ticket and start: arrays of one length. `end` is
    NEVER while it lasts; the state "merged" is a ticket's last."""

    ticket: Micros
    start: Micros
    end: Micros
    state: NDArray[np.int64]
    """Which of STATES."""

    def is_in(self, *states: str) -> NDArray[np.bool_]:
        """Which spells are in one of these states."""
        return np.isin(self.state, [STATES.index(name) for name in states])


@dataclass(frozen=True)
class Facts:
    """Tickets and their spells.

    tickets: one row a ticket: id, number, the dimensions, state, opened_by, reopened, is_sla_met, is_satisfied,
        merged_into_id, and its instants.
    counted: which tickets count; those merged away do under their survivor.
    """

    tickets: pd.DataFrame
    spells: Spells
    counted: NDArray[np.bool_]
    timezone: str
    hours: BusinessHours | None

    def instants(self, name: str) -> Micros:
        """One instant of every ticket."""
        return cast("Micros", self.tickets[name].to_numpy())

    def lapse(self, starts: Micros, ends: Micros) -> Micros:
        """Time between pairs of instants: of the clock, or within working hours where these are chosen."""
        if self.hours is None or not len(starts):
            return cast("Micros", np.maximum(ends - starts, 0))
        first, last = (self.local_day(int(at)) for at in (starts.min(), ends.max()))
        spells = {str(weekday): spells for weekday, spells in enumerate(self.hours.week)}
        return working_hours(spells, self.hours.holidays, self.timezone, first, last).between(starts, ends)

    def held_before(self, instants: Micros) -> Micros:
        """How long each ticket stood on hold before its instant."""
        is_held = self.spells.is_in("on_hold")
        ticket = self.spells.ticket[is_held]
        until = instants[ticket]
        starts, ends = (np.minimum(column[is_held], until) for column in (self.spells.start, self.spells.end))
        is_known = until != NEVER
        total = np.zeros(len(self.tickets), dtype=np.int64)
        np.add.at(total, ticket[is_known], self.lapse(starts[is_known], ends[is_known]))
        return total

    def local_day(self, at: int) -> date:
        """The day on the wall."""
        return from_micros(at).astimezone(ZoneInfo(self.timezone)).date()


def facts_of(tables: Tables, only: TicketFilter, hours: BusinessHours | None) -> Facts:
    """The tickets that the filter lets through, and what happened to them."""
    wanted = ("id", "number", *DIMENSIONS, "state", "opened_by", "reopened", "is_sla_met", "is_satisfied")
    rows = only.narrowed(tables.tickets).select(*wanted, "merged_into_id", *INSTANTS)
    tickets = collected(rows).sort_values("id", ignore_index=True)
    for name in INSTANTS:
        tickets[name] = micros(tickets[name])
    events = tables.ticket_events.filter(~nw.col("state").is_null() | (nw.col("kind") == "merged"))
    told = collected(events.select("id", "ticket_id", "at", "kind", "state"))
    counted = tickets["merged_into_id"].isna().to_numpy()
    return Facts(tickets, _spells(tickets, told, counted), counted, tables.timezone, hours)


def micros(instants: pd.Series[Any]) -> Micros:
    """Instants as microseconds since 1970 UTC, missing ones as NEVER."""
    if not len(instants):
        return np.zeros(0, dtype=np.int64)
    whole = pd.to_datetime(instants, utc=True).dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    return np.where(np.isnat(whole), NEVER, whole.astype(np.int64))


def instants_of(values: Micros, timezone: str) -> list[datetime | None]:
    """Microseconds as instants of that zone, NEVER as None."""
    return [None if at == NEVER else from_micros(int(at)).astimezone(ZoneInfo(timezone)) for at in values]


def _spells(tickets: pd.DataFrame, events: pd.DataFrame, counted: NDArray[np.bool_]) -> Spells:
    place = pd.Series(np.arange(len(tickets)), index=tickets["id"])
    events = events[events["ticket_id"].isin(place.index)]
    told = pd.DataFrame(
        {
            "ticket": place.reindex(events["ticket_id"]).to_numpy(dtype=np.int64),
            "at": micros(events["at"]),
            "id": events["id"].to_numpy(dtype=np.int64),
            "state": events["state"].where(events["kind"] != "merged", _GONE).to_numpy(dtype=object),
        }
    )
    told = told[(told["state"] != _GONE) | ~counted[told["ticket"].to_numpy()]]
    begun = pd.DataFrame({"ticket": np.arange(len(tickets)), "at": tickets["opened_at"], "id": -2, "state": "open"})
    untold = begun[~begun["ticket"].isin(told["ticket"])].assign(id=-1)
    ends = untold.assign(at=tickets["resolved_at"].to_numpy()[untold["ticket"]], state="resolved")
    is_told_gone = begun["ticket"].isin(told.loc[told["state"] == _GONE, "ticket"])
    # Of a ticket that is resolved nobody knows when, as some imported files have them, no day can say that it was open.
    is_undated = (tickets["state"] == "resolved").to_numpy() & (tickets["resolved_at"] == NEVER).to_numpy()
    lost = begun[(~counted & ~is_told_gone) | is_undated].assign(id=-1, state=_GONE)
    rows = pd.concat([begun, ends[ends["at"] != NEVER], lost, told]).sort_values(["ticket", "at", "id"], kind="stable")
    is_gone = (rows["state"] == _GONE).groupby(rows["ticket"]).cumsum() - (rows["state"] == _GONE)
    rows = rows[is_gone == 0]  # what is done to a ticket after it was merged is its survivor's
    rows["state"] = pd.Categorical(rows["state"], categories=STATES).codes
    is_change = (rows["ticket"] != rows["ticket"].shift()) | (rows["state"] != rows["state"].shift())
    ticket, start, state = (rows.loc[is_change, name].to_numpy(dtype=np.int64) for name in ("ticket", "at", "state"))
    end = np.append(start[1:], NEVER)
    end[:-1][ticket[1:] != ticket[:-1]] = NEVER
    return Spells(ticket, start, end[: len(start)], state)
