"""Rows of deals and of the stages they entered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from crm_core.demo import chance
from crm_core.demo.arrivals import draw
from crm_core.demo.catalogue import items
from crm_core.demo.chance import Floats, Ints
from crm_core.demo.orders import DAY_S
from crm_core.demo.pipeline import (
    LOST,
    MEDIAN_DAYS,
    OPEN_STAGES,
    REASON_SHARES,
    REASONS,
    SOURCES,
    WON,
    Deals,
)
from crm_core.demo.rows import MICROS, Row

DEAL_COLUMNS = (
    "id", "number", "name", "customer_id", "product_id", "stage", "outcome", "amount_e4", "probability_bp",
    "expected_close_on", "source", "lost_reason", "owner_id", "opened_at", "stage_since", "closed_at",
)  # fmt: skip
MOVE_COLUMNS = ("id", "deal_id", "at", "before", "after", "author_id")

_CODES = (*OPEN_STAGES, "won", "lost")
_OUTCOMES = (*("open" for _ in OPEN_STAGES), "won", "lost")
_KINDS = ("{product}, first order", "{product} for the team", "Yearly supply: {product}", "{product} as a present")
_REASON, _PLAN, _OWN, _OWNER, _KIND = 50, 51, 52, 53, 54
_OWN_SHARE = 0.12
_PLANNED_SIGMA = 0.5
_LONGEST_PLAN_DAYS = 400.0
_OPTIMISM = 1.1
"""Deals are expected to close after this many times the usual durations; log-normal ones are longer on average."""


def owners_of(deals: Deals, owner_ids: Sequence[int | None], customer_owners: Sequence[int | None]) -> list[int | None]:
    """Who sells: whoever the customer belongs to, or one of `owner_ids`."""
    if not owner_ids:
        return [None] * len(deals.stage)
    chosen = np.floor(draw(deals.arrivals.key, _OWNER) * len(owner_ids)).astype(np.int64).tolist()
    return [
        customer_owners[customer] if customer_owners[customer] is not None else owner_ids[place]
        for customer, place in zip(deals.arrivals.owner.tolist(), chosen, strict=True)
    ]


def deal_rows(
    ids: Sequence[int], deals: Deals, *, customer_ids: Ints, product_ids: Ints,
    owners: Sequence[int | None], prefix: str,
) -> Iterator[Row]:  # fmt: skip
    """Deals by time."""
    key, stage = deals.arrivals.key, deals.stage
    since = np.where(np.isfinite(deals.closed), deals.closed, _last_entered(deals))
    stage_of_loss = np.minimum(np.minimum(deals.fate, len(OPEN_STAGES) - 1), len(REASON_SHARES) - 1)
    reasons = np.stack([chance.choose(draw(key, _REASON), shares) for shares in REASON_SHARES])
    reason = reasons[stage_of_loss, np.arange(len(stage))].tolist()
    kind = np.floor(draw(key, _KIND) * len(_KINDS)).astype(np.int64).tolist()
    own = draw(key, _OWN)
    own_bp = np.where(own < _OWN_SHARE, np.rint(own / _OWN_SHARE * 90) * 100 + 500, -1).astype(np.int64).tolist()
    expected = _expected(deals).tolist()
    for n, row_id in enumerate(ids):
        at = int(stage[n])
        product = items()[deals.product[n]].name
        yield (
            row_id, f"{prefix}D-{row_id:06d}", _KINDS[kind[n]].format(product=product),
            int(customer_ids[deals.arrivals.owner[n]]), int(product_ids[deals.product[n]]), _CODES[at], _OUTCOMES[at],
            int(deals.amount_e4[n]), own_bp[n] if own_bp[n] >= 0 and at < WON else None,
            _day(expected[n]), SOURCES[deals.source[n]], REASONS[reason[n]] if at == LOST else None,
            owners[n], int(deals.arrivals.instants[n]) * MICROS, int(since[n]) * MICROS,
            int(deals.closed[n]) * MICROS if at >= WON else None,
        )  # fmt: skip


def n_moves(deals: Deals) -> int:
    """How many stages the deals have entered."""
    return int(np.isfinite(deals.entered).sum() + np.isfinite(deals.closed).sum())


def move_rows(ids: Sequence[int], deal_ids: Sequence[int], deals: Deals, owners: Sequence[int | None]) -> Iterator[Row]:
    """Moves by deal and time."""
    keys = iter(ids)
    for deal_id, entered, closed, stage, owner in zip(
        deal_ids, deals.entered.tolist(), deals.closed.tolist(), deals.stage.tolist(), owners, strict=True
    ):
        before = None
        for code, at in zip(OPEN_STAGES, entered, strict=True):
            if at != float("inf"):
                yield next(keys), deal_id, int(at) * MICROS, before, code, owner
                before = code
        if stage >= WON:
            yield next(keys), deal_id, int(closed) * MICROS, before, _CODES[stage], owner


def _last_entered(deals: Deals) -> Floats:
    found: Floats = np.where(np.isfinite(deals.entered), deals.entered, -np.inf).max(axis=1, initial=-np.inf)
    return found


def _expected(deals: Deals) -> Floats:
    """When each was last said to close: some time after it entered its last open stage, by the usual durations."""
    last = np.isfinite(deals.entered).sum(axis=1) - 1
    ahead = np.cumsum(MEDIAN_DAYS[::-1])[::-1][last] * _OPTIMISM
    days = np.minimum(chance.lognormal(draw(deals.arrivals.key, _PLAN), ahead, _PLANNED_SIGMA), _LONGEST_PLAN_DAYS)
    expected: Floats = _last_entered(deals) + days * DAY_S
    return expected


def _day(instant: float) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=instant)).date().isoformat()
