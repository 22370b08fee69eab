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
    state: NDArray[np.int8]
    """Which of STATES."""

    def is_in(self, *states: str) -> NDArray[np.bool_]:
        """Which spells are in one of these states."""
        is_wanted = np.array([name in states for name in STATES])
        return cast("NDArray[np.bool_]", is_wanted[self.state])


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
    tickets = collected(rows)
    if not tickets["id"].is_monotonic_increasing:
        tickets = tickets.sort_values("id", ignore_index=True)
    for name in INSTANTS:
        tickets[name] = micros(tickets[name])
    counted = tickets["merged_into_id"].isna().to_numpy()
    return Facts(tickets, _spells(tickets, _told(tables), counted), counted, tables.timezone, hours)


def _told(tables: Tables) -> dict[str, NDArray[Any]]:
    """Changes of state of all tickets as arrays: id, ticket_id, at, and which of STATES."""
    is_gone = nw.col("kind") == _GONE
    state = nw.when(is_gone).then(nw.lit(STATES.index(_GONE)))
    for code, name in enumerate(STATES[:-1]):
        state = state.when(nw.col("state") == name).then(nw.lit(code))
    events = tables.ticket_events.filter(~nw.col("state").is_null() | is_gone)
    rows = collected(events.select("id", "ticket_id", "at", code=state.otherwise(nw.lit(-1)).cast(nw.Int8)))
    found = {name: rows[name].to_numpy() for name in ("id", "ticket_id", "code")}
    return found | {"at": micros(rows["at"])}


def micros(instants: pd.Series[Any]) -> Micros:
    """Instants as microseconds since 1970 UTC, missing ones as NEVER."""
    if not len(instants):
        return np.zeros(0, dtype=np.int64)
    whole = pd.to_datetime(instants, utc=True).dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    return np.where(np.isnat(whole), NEVER, whole.astype(np.int64))


def instants_of(values: Micros, timezone: str) -> list[datetime | None]:
    """Microseconds as instants of that zone, NEVER as None."""
    return [None if at == NEVER else from_micros(int(at)).astimezone(ZoneInfo(timezone)) for at in values]


def _spells(tickets: pd.DataFrame, told: dict[str, NDArray[Any]], counted: NDArray[np.bool_]) -> Spells:
    ids, gone = tickets["id"].to_numpy(dtype=np.int64), STATES.index(_GONE)
    place = np.minimum(np.searchsorted(ids, told["ticket_id"]), max(len(ids) - 1, 0))
    is_ours = ids[place] == told["ticket_id"] if len(ids) else np.zeros(len(place), dtype=bool)
    is_ours[is_ours] &= (told["code"][is_ours] != gone) | ~counted[place[is_ours]]
    of, code = place[is_ours], told["code"][is_ours]
    every, opened, resolved = np.arange(len(ids)), tickets["opened_at"].to_numpy(), tickets["resolved_at"].to_numpy()
    untold, has_told_gone = np.ones(len(ids), dtype=bool), np.zeros(len(ids), dtype=bool)
    untold[of], has_told_gone[of[code == gone]] = False, True
    ended = untold & (resolved != NEVER)
    # Of a ticket that is resolved nobody knows when, as some imported files have them, no day can say that it was open.
    is_undated = (tickets["state"] == "resolved").to_numpy(dtype=bool) & (resolved == NEVER)
    lost = (~counted & ~has_told_gone) | is_undated
    parts = (
        (every, opened, -2, STATES.index("open")),
        (every[ended], resolved[ended], -1, STATES.index("resolved")),
        (every[lost], opened[lost], -1, gone),
        (of, told["at"][is_ours], told["id"][is_ours], code),
    )
    sizes = [len(part[0]) for part in parts]
    columns = [
        np.concatenate([np.broadcast_to(part[k], n) for part, n in zip(parts, sizes, strict=True)]) for k in range(4)
    ]
    order = np.lexsort((columns[2], columns[1], columns[0]))
    ticket, at, state = columns[0][order], columns[1][order], columns[3][order].astype(np.int8)
    is_first = np.append(True, ticket[1:] != ticket[:-1])[: len(ticket)]
    if (state == gone).any():  # what is done to a ticket after it was merged is its survivor's
        before = np.cumsum(state == gone) - (state == gone)
        is_kept = before == np.repeat(before[is_first], np.diff(np.append(np.flatnonzero(is_first), len(ticket))))
        ticket, at, state, is_first = ticket[is_kept], at[is_kept], state[is_kept], is_first[is_kept]
    is_change = is_first | np.append(True, state[1:] != state[:-1])[: len(state)]
    ticket, start, state = ticket[is_change], at[is_change], state[is_change]
    end = np.append(start[1:], NEVER)[: len(start)]
    end[:-1][ticket[1:] != ticket[:-1]] = NEVER
    return Spells(ticket, start, end, state)
