"""Every deal on record with its moves, as columns: the ground the pipeline's numbers stand on.

A pipeline holds thousands of deals where sales hold millions of lines, so it is read whole and counted here. Instants
are microseconds since 1970 UTC, NEVER where there is none; days are counted as `customer_days` counts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from crm_core.analytics.periods import day_start
from crm_core.db.types import to_micros

if TYPE_CHECKING:
    from crm_core.analytics.sales import Frame
    from crm_core.warehouse import Tables

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Days = NDArray[np.float64]

NEVER = np.iinfo(np.int64).max
DAY_US = 86_400_000_000
WHOLE_BP = 10_000
NO_STAGE = -1
OPEN, WON, LOST = "open", "won", "lost"


@dataclass(frozen=True)
class Stage:
    """One stage of the pipeline; `probability_bp` of winning in hundredths of a percent."""

    code: str
    name: str
    probability_bp: int
    outcome: str


@dataclass(frozen=True)
class Moves:
    """One row per stage a deal entered, by deal, then time: the deal's place in the book, when, and the stage's number
    (NO_STAGE where the pipeline has it no longer)."""

    deal: Numbers
    at: Numbers
    stage: Numbers

    @cached_property
    def until(self) -> Numbers:
        """When the deal left the stage again, NEVER while it has not."""
        ends = np.full(len(self.at), NEVER, dtype=np.int64)
        goes_on = self.deal[:-1] == self.deal[1:]
        ends[:-1][goes_on] = self.at[1:][goes_on]
        return ends


@dataclass(frozen=True)
class DealBook:
    """All deals by id, their stages in the order of the pipeline, and their moves.

    Amounts are ten-thousandths (0 where `is_priced` is false); `own_bp` is the chance somebody gave the deal itself, −1
    where nobody did; `activity_deal` and `activity_at` have one row per activity of a deal: its place in the book, and
    when.
    """

    stages: tuple[Stage, ...]
    id: Numbers
    number: NDArray[np.object_]
    name: NDArray[np.object_]
    customer_id: NDArray[np.object_]
    product_id: NDArray[np.object_]
    owner_id: NDArray[np.object_]
    source: NDArray[np.object_]
    stage: Numbers
    outcome: NDArray[np.object_]
    amount_e4: Numbers
    is_priced: Flags
    own_bp: Numbers
    expected_day: Numbers
    opened: Numbers
    closed: Numbers
    moves: Moves
    activity_deal: Numbers
    activity_at: Numbers
    timezone: str

    def __len__(self) -> int:
        return len(self.id)

    @cached_property
    def open_stages(self) -> tuple[int, ...]:
        """The numbers of the stages deals pass before they are won or lost, in order."""
        return tuple(i for i, stage in enumerate(self.stages) if stage.outcome == OPEN)

    @cached_property
    def is_won(self) -> Flags:
        return np.asarray(self.outcome == WON, dtype=np.bool_)

    @cached_property
    def is_lost(self) -> Flags:
        return np.asarray(self.outcome == LOST, dtype=np.bool_)

    def instant(self, day: date) -> int:
        """The instant a local day begins."""
        return to_micros(day_start(day, self.timezone))

    def closed_within(self, start: date, end: date) -> Flags:
        """Deals that were won or lost in these local days, by the day they closed."""
        return (self.closed >= self.instant(start)) & (self.closed < self.instant(end)) & (self.is_won | self.is_lost)

    def open_at_end_of(self, end: date) -> Flags:
        """Deals opened before the local day `end` begins and not closed before it, whatever became of them later."""
        at = self.instant(end)
        is_unclosed = ~(self.is_won | self.is_lost) | ((self.closed >= at) & (self.closed != NEVER))
        return np.asarray((self.opened < at) & is_unclosed)

    def stage_at(self, end: date) -> Numbers:
        """The open stage each deal was in when the local day `end` began; of one on record without moves, today's."""
        at = self.instant(end)
        is_open_stage = np.isin(self.moves.stage, self.open_stages)
        known = is_open_stage & (self.moves.at < at)
        found = np.where(np.isin(self.stage, self.open_stages), self.stage, self.open_stages[0])
        found[self.moves.deal[known]] = self.moves.stage[known]  # in order of time: the last one stays
        return found

    def chance_bp(self, stage: Numbers) -> Numbers:
        """Each deal's chance to be won in hundredths of a percent: its own, else that of the stage."""
        of_stage = np.array([stage.probability_bp for stage in self.stages], dtype=np.int64)[stage]
        return np.where(self.own_bp >= 0, self.own_bp, of_stage)


def deal_book(tables: Tables) -> DealBook:
    """The deals the viewer may see."""
    stages = _arrow(tables.deal_stages.select("id", "code", "name", "position", "probability_bp", "outcome"))
    stages = stages.sort_by([("position", "ascending"), ("id", "ascending")])
    codes: list[str] = stages["code"].to_pylist()
    deals = _arrow(
        tables.deals.select(
            "id", "number", "name", "customer_id", "product_id", "stage", "outcome", "amount_e4", "probability_bp",
            "expected_close_on", "source", "owner_id", "opened_at", "closed_at",
        )
    ).sort_by("id")  # fmt: skip
    ids = _whole(deals["id"], 0)
    return DealBook(
        stages=tuple(
            Stage(row["code"], row["name"], row["probability_bp"], row["outcome"]) for row in stages.to_pylist()
        ),
        id=ids,
        number=_objects(deals["number"]),
        name=_objects(deals["name"]),
        customer_id=_objects(deals["customer_id"]),
        product_id=_objects(deals["product_id"]),
        owner_id=_objects(deals["owner_id"]),
        source=_objects(deals["source"]),
        stage=_numbered(deals["stage"], codes),
        outcome=_objects(deals["outcome"]),
        amount_e4=_whole(deals["amount_e4"], 0),
        is_priced=pc.is_valid(deals["amount_e4"]).to_numpy(zero_copy_only=False),
        own_bp=_whole(deals["probability_bp"], -1),
        expected_day=_whole(deals["expected_close_on"].cast(pa.int32()), NEVER),
        opened=_whole(deals["opened_at"], NEVER),
        closed=_whole(deals["closed_at"], NEVER),
        moves=_moves(tables, ids, codes),
        **_activities(tables, ids),
        timezone=tables.timezone,
    )


def _moves(tables: Tables, ids: Numbers, codes: Sequence[str]) -> Moves:
    rows = _arrow(tables.deal_moves.select("id", "deal_id", "at", "after"))
    rows = rows.sort_by([("deal_id", "ascending"), ("at", "ascending"), ("id", "ascending")])
    place, is_known = _places(ids, _whole(rows["deal_id"], 0))
    return Moves(place, _whole(rows["at"], NEVER)[is_known], _numbered(rows["after"], codes)[is_known])


def _activities(tables: Tables, ids: Numbers) -> dict[str, Numbers]:
    rows = _arrow(tables.activities.select("deal_id", "at"))
    place, is_known = _places(ids, _whole(rows["deal_id"], -1))
    return {"activity_deal": place, "activity_at": _whole(rows["at"], NEVER)[is_known]}


def _places(ids: Numbers, wanted: Numbers) -> tuple[Numbers, Flags]:
    """Where in the book the wanted deals that are in it stand, and which those are."""
    place = np.searchsorted(ids, wanted)
    is_known = np.zeros(len(wanted), dtype=np.bool_)
    inside = place < len(ids)
    is_known[inside] = ids[place[inside]] == wanted[inside]
    return place[is_known], is_known


def _numbered(column: Any, codes: Sequence[str]) -> Numbers:
    """The stages' numbers; NO_STAGE for one that is no stage of the pipeline."""
    return _whole(pc.index_in(column.cast(pa.string()), value_set=pa.array(codes, pa.string())), NO_STAGE)


def _arrow(frame: Frame) -> pa.Table:
    return frame.collect("pyarrow").to_native()


def _whole(column: Any, missing: int) -> Numbers:
    return column.cast(pa.int64()).fill_null(missing).to_numpy()  # type: ignore[no-any-return]


def _objects(column: Any) -> NDArray[np.object_]:
    found = np.empty(len(column), dtype=object)
    found[:] = column.to_pylist()
    return found
