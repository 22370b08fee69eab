"""Tables of a few literal deals for tests of the pipeline: no database, no snapshot on disk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa

from crm_core.access import EVERYTHING
from crm_core.db.types import to_e4
from crm_core.warehouse import Tables
from crm_core.warehouse.layout import TABLES
from tests.core.tables import instant

STAGES = (
    ("new", 1000, "open"), ("talk", 3000, "open"), ("offer", 5000, "open"), ("won", 10_000, "won"), ("lost", 0, "lost"),
)  # fmt: skip
OUTCOMES = {code: outcome for code, _bp, outcome in STAGES}


@dataclass(frozen=True)
class Deal:
    """One deal as a test writes it: each stage it entered with the time, local unless it names an offset.

    Outcome and closing follow from the moves as the records have it: from won to lost, or back, corrects what was
    written; a move back to an open stage opens the deal again.
    """

    id: int
    moves: tuple[tuple[str, str], ...]
    amount: str | None = None
    chance: int | None = None
    expected: str | None = None
    owner: int | None = None
    product: int | None = None
    source: str | None = None
    customer: int | None = None
    activities: tuple[str, ...] = ()

    def row(self, timezone: str) -> dict[str, Any]:
        """Its row in the table of deals."""
        at = [instant(text, timezone) for text, _stage in self.moves]
        return {
            "id": self.id, "number": f"D{self.id}", "name": f"Deal {self.id}", "customer_id": self.customer,
            "product_id": self.product, "stage": self.moves[-1][1], "outcome": OUTCOMES[self.moves[-1][1]],
            "amount_e4": None if self.amount is None else to_e4(Decimal(self.amount)), "probability_bp": self.chance,
            "expected_close_on": None if self.expected is None else date.fromisoformat(self.expected),
            "source": self.source, "owner_id": self.owner, "opened_at": at[0], "stage_since": at[-1],
            "closed_at": self._closed(at),
        }  # fmt: skip

    def _closed(self, at: list[datetime]) -> datetime | None:
        closed = None
        for moment, (_text, stage) in zip(at, self.moves, strict=True):
            closed = None if OUTCOMES[stage] == "open" else closed or moment
        return closed


def path(*moves: str) -> tuple[tuple[str, str], ...]:
    """Moves written as "2024-01-05 new": ten in the morning of that day, or the time after a T."""
    return tuple(_move(*text.split()) for text in moves)


def _move(when: str, stage: str) -> tuple[str, str]:
    return (when if "T" in when else f"{when}T10:00", stage)


def deal_tables(deals: Iterable[Deal], *, timezone: str = "Europe/Berlin") -> Tables:
    """The tables of these deals, their moves and activities, and of the products and customers they name."""
    deals = list(deals)
    moves = [(deal.id, text, stage) for deal in deals for text, stage in deal.moves]
    befores = [None if i == 0 or moves[i - 1][0] != move[0] else moves[i - 1][2] for i, move in enumerate(moves)]
    rows: dict[str, list[dict[str, Any]]] = {
        "deals": [deal.row(timezone) for deal in deals],
        "deal_moves": [
            {"id": n, "deal_id": deal, "at": instant(text, timezone), "before": before, "after": stage}
            for n, ((deal, text, stage), before) in enumerate(zip(moves, befores, strict=True), 1)
        ],
        "deal_stages": [
            {"id": n, "code": code, "name": code.title(), "position": n, "probability_bp": bp, "outcome": outcome}
            for n, (code, bp, outcome) in enumerate(STAGES, 1)
        ],
        "activities": [
            {"id": n, "kind": "call", "at": instant(text, timezone), "deal_id": deal}
            for n, (deal, text) in enumerate([(d.id, text) for d in deals for text in d.activities], 1)
        ],
        "products": _named({deal.product for deal in deals}, "code", "P"),
        "customers": _named({deal.customer for deal in deals}, "ref", "C"),
    }
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(f"SET TimeZone = '{timezone}'")
    frames = {
        name: nw.from_native(connection.from_arrow(pa.Table.from_pylist(found, TABLES[name].schema))).lazy()
        for name, found in rows.items()
    }
    return Tables(frames.__getitem__, scope=EVERYTHING, timezone=timezone, snapshot=None, cursor=connection)


def _named(keys: Iterable[int | None], column: str, letter: str) -> list[dict[str, Any]]:
    return [{"id": key, column: f"{letter}{key}", "name": f"{letter} {key}"} for key in sorted(filter(None, keys))]
