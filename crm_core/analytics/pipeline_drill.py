"""The deals behind a number of the pipeline.

A number is named by a code, which links carry:

| code | deals |
|---|---|
| an id of PIPELINE_METRICS | those the metric rests on, as many as its n |
| slipping, stale | those that are |
| stage:CODE:WHAT | of a stage; WHAT is reached, advanced, lost, undecided, opened (of the funnel) or open |
| funnel:won | opened in the period and won today |
| group:DIMENSION:KEY | closed in the period, of one owner, product, source or size class; no KEY: those without |
| outlook:DAY, outlook:overdue, outlook:later, outlook:undated | of a month by its first day, or of another row |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crm_core.analytics.customer_days import day_of
from crm_core.analytics.deal_book import NEVER, Flags, deal_book
from crm_core.analytics.deal_values import from_e8
from crm_core.analytics.deal_window import BEHIND, DealWindow
from crm_core.analytics.measures import collected
from crm_core.analytics.periods import local_today
from crm_core.analytics.pipeline import PipelineParams
from crm_core.analytics.pipeline_groups import DIMENSIONS, in_group
from crm_core.analytics.pipeline_outlook import in_part, parts
from crm_core.analytics.stage_table import went_on
from crm_core.db.types import from_e4

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

COLUMNS = (
    "deal_id", "number", "name", "customer_ref", "customer_name", "owner_id", "stage", "outcome", "amount", "chance",
    "weighted", "opened_at", "closed_at", "cycle_days", "expected_close_on", "days_late", "idle_days", "usual_days",
)  # fmt: skip


def deals_behind(
    tables: Tables, code: str, params: PipelineParams, *, limit: int | None, offset: int = 0
) -> tuple[pd.DataFrame, int]:
    """One page of the deals behind a number of `params.period`, and how many there are in all; `limit` None gives all.

    The largest amounts come first; slipping deals by how late, stale ones by how long idle. Columns are COLUMNS: stage
    (of deals open at the end the one they were in then), amount, chance and weighted (of those deals; None where there
    is no amount), cycle_days (of closed ones), days_late and idle_days (of open ones), usual_days (how long nine in ten
    stays of won deals in that stage last at most). Times are of the workspace's zone. The deals obey the scope of
    `tables`, as the number does.

    Raises:
        KeyError: no number has this code.
    """
    window = DealWindow(deal_book(tables), params.period, local_today(tables.timezone))
    places = np.flatnonzero(behind(window, code))
    places = places[np.lexsort((window.book.id[places], -_weight(window, code)[places]))]
    end = len(places) if limit is None else offset + limit
    return _rows(tables, window, places[offset:end]), len(places)


def behind(window: DealWindow, code: str) -> Flags:
    """The deals a code stands for.

    Raises:
        KeyError: no number has this code.
    """
    kind, _, rest = code.partition(":")
    if not rest and kind in BEHIND:
        return BEHIND[kind](window)
    if code in {"slipping", "stale"}:
        return window.slipping if kind == "slipping" else window.stuck.stale
    if code == "funnel:won":
        return window.opened & window.book.is_won
    found = {"stage": _of_stage, "group": _of_group, "outlook": _of_outlook}[kind](window, rest)
    return np.asarray(found)


def _of_stage(window: DealWindow, rest: str) -> Flags:
    code, _, what = rest.rpartition(":")
    numbers = {window.book.stages[number].code: number for number in window.book.open_stages}
    number = numbers[code]
    rung = window.book.open_stages.index(number)
    reached, advanced, lost = went_on(window, rung)
    return {
        "reached": reached,
        "advanced": advanced,
        "lost": lost,
        "undecided": reached & ~advanced & ~lost,
        "opened": np.asarray(window.opened & (window.reached[:, rung] != NEVER)),
        "open": np.asarray(window.open & (window.stage == number)),
    }[what]


def _of_group(window: DealWindow, rest: str) -> Flags:
    dimension, _, key = rest.partition(":")
    if dimension not in DIMENSIONS:
        raise KeyError(rest)
    return window.closed & in_group(window.book, dimension, key or None)


def _of_outlook(window: DealWindow, rest: str) -> Flags:
    rows = {(start.isoformat() if kind == "month" else kind): (kind, start, end) for kind, start, end in parts(window)}
    won, is_open = in_part(window, *rows[rest])
    return won | is_open


def _weight(window: DealWindow, code: str) -> Any:
    if code == "slipping":
        return window.days_late
    return window.stuck.idle if code == "stale" else window.book.amount_e4


def _rows(tables: Tables, window: DealWindow, places: np.ndarray[Any, np.dtype[np.int64]]) -> pd.DataFrame:
    book, stuck = window.book, window.stuck
    is_open, chance = window.open[places], book.chance_bp(window.stage)[places]
    priced = book.is_priced[places]
    stage = np.where(is_open, window.stage[places], book.stage[places])
    found = pd.DataFrame(
        {
            "deal_id": book.id[places],
            "number": book.number[places],
            "name": book.name[places],
            "customer_id": pd.array(book.customer_id[places], dtype="Int64"),
            "owner_id": pd.array(book.owner_id[places], dtype="Int64"),
            "stage": _objects([book.stages[number].name if number >= 0 else None for number in stage]),
            "outcome": np.where(is_open, "open", book.outcome[places]),
            "amount": _objects(
                [from_e4(int(e4)) if known else None for e4, known in zip(book.amount_e4[places], priced, strict=True)]
            ),
            "chance": np.where(is_open, chance / 10_000, np.nan),
            "weighted": _objects(
                [
                    from_e8(int(e4) * int(bp)) if known else None
                    for e4, bp, known in zip(book.amount_e4[places], chance, priced & is_open, strict=True)
                ]
            ),
            "opened_at": _instants(book.opened[places], book.timezone),
            "closed_at": _instants(np.where(is_open, NEVER, book.closed[places]), book.timezone),
            "cycle_days": np.where(is_open, np.nan, window.cycle_days[places]),
            "expected_close_on": _objects(
                [None if day == NEVER else day_of(int(day)) for day in book.expected_day[places]]
            ),
            "days_late": pd.array(np.where(is_open, window.days_late[places], 0), dtype="int64"),
            "idle_days": np.where(is_open, np.maximum(stuck.idle[places], 0), np.nan),
            "usual_days": np.where(is_open, stuck.usual[places], np.nan),
        }
    )
    customers = collected(
        tables.customers.select("id", "ref", "name").join(
            tables.keys("id", np.unique(found["customer_id"].dropna().to_numpy(dtype=np.int64))), on="id", how="semi"
        )
    ).set_index("id")
    for column in ("ref", "name"):
        found[f"customer_{column}"] = found["customer_id"].map(customers[column].to_dict()).astype(object)
    return found[list(COLUMNS)]


def _objects(values: list[Any]) -> pd.Series[Any]:
    return pd.Series(values, dtype=object)


def _instants(micros: np.ndarray[Any, np.dtype[np.int64]], timezone: str) -> pd.Series[Any]:
    known = pd.Series(np.where(micros == NEVER, np.iinfo(np.int64).min, micros)).astype("datetime64[us]")
    return known.dt.tz_localize("UTC").dt.tz_convert(timezone)
