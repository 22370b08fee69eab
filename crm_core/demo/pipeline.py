"""Deals: mostly of organisations, through stages with known odds by source and known durations, to won or lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select

from crm_core.db.history import TrackedSession
from crm_core.db.models import DealStage
from crm_core.demo import chance
from crm_core.demo.arrivals import Arrivals, arrive, draw, joined
from crm_core.demo.baskets import popularity
from crm_core.demo.calendar import History
from crm_core.demo.chance import Bits, Floats, Ints, Stream
from crm_core.demo.config import SimulationConfig
from crm_core.demo.lives import Lives
from crm_core.demo.orders import DAY_S
from crm_core.demo.person import Person
from crm_core.demo.prices import Prices

OPEN_STAGES = ("prospecting", "engaging", "proposal", "negotiation")
WON, LOST = len(OPEN_STAGES), len(OPEN_STAGES) + 1
STAGES = {**dict.fromkeys(OPEN_STAGES, "open"), "won": "won", "lost": "lost"}
"""The stages used, and the outcomes they have to mean."""
SOURCES = ("referral", "web", "fair", "cold call")
SOURCE_SHARES = (0.25, 0.4, 0.15, 0.2)
ADVANCE = (
    (0.88, 0.84, 0.80, 0.86),
    (0.76, 0.74, 0.70, 0.78),
    (0.70, 0.72, 0.66, 0.76),
    (0.55, 0.62, 0.60, 0.72),
)
"""The chance to come from each open stage into the next, by source; winning is the product of what is ahead."""
MEDIAN_DAYS = (15.0, 26.0, 30.0, 24.0)
SIGMA = 0.8
ASLEEP_SHARE, ASLEEP_FACTOR = 0.06, 6.0
"""Part of the deals that lie in a stage for so many times as long."""
REASONS = ("Price", "No budget", "Competitor", "No answer", "Wrong time")
REASON_SHARES = ((0.1, 0.2, 0.1, 0.45, 0.15), (0.2, 0.25, 0.15, 0.2, 0.2), (0.4, 0.2, 0.25, 0.05, 0.1))
_SOURCE, _PRODUCT, _PIECES, _LAST, _DAYS, _ASLEEP = 1, 2, 3, 4, 5, 6
NOT_YET = np.inf


@dataclass(frozen=True, eq=False)
class Deals:
    """Deals of a chunk of customers, by time.

    Attributes:
        arrivals: whose they are, their random bits, when they began.
        source, product: positions in SOURCES and the catalogue.
        amount_e4: in ten-thousandths.
        entered: when each of the open stages was entered, seconds since 1970 UTC, NOT_YET where it was not yet or
            never; shape (deals, stages).
        closed: when it was won or lost, or NOT_YET.
        stage: where it stands; a position in OPEN_STAGES, WON or LOST.
        fate: the last open stage of a deal that is or will be lost; WON of the others.
    """

    arrivals: Arrivals
    source: Ints
    product: Ints
    amount_e4: Ints
    entered: Floats
    closed: Floats
    stage: Ints
    fate: Ints


def has_first_stages(session: TrackedSession) -> bool:
    """Whether the workspace's stages still mean what the simulated deals mean."""
    outcomes = {row.code: row.outcome for row in session.scalars(select(DealStage))}
    return all(outcomes.get(code) == outcome for code, outcome in STAGES.items())


def make_deals(
    config: SimulationConfig, span: History, prices: Prices, *, seed: int, lives: Lives, persons: Sequence[Person]
) -> Deals:
    """The deals of these customers, as far as they have come when the history ends."""
    is_firm = np.array([person.kind == "organisation" for person in persons], dtype=bool)
    rate = np.where(is_firm, config.organisation_deal_rate, config.person_deal_rate)
    found = joined(
        arrive(
            span.service, seed, Stream.DEAL, lives.index, part=0, rate=rate, first=lives.acquired, last=float(span.end)
        )
    )
    key = found.key
    source = chance.choose(draw(key, _SOURCE), SOURCE_SHARES)
    product = chance.choose(draw(key, _PRODUCT), popularity(seed))
    pieces = np.maximum(
        np.rint(chance.lognormal(draw(key, _PIECES), np.where(is_firm[found.owner], 80.0, 12.0), 0.8)), 2
    )
    advance = np.array(ADVANCE)[source]
    n_stages = len(OPEN_STAGES)
    fate = np.full(len(key), WON)
    for stage in reversed(range(n_stages)):
        fate = np.where(draw(key, _LAST, stage) < advance[:, stage], fate, stage)
    entered = np.full((len(key), n_stages), NOT_YET)
    at = found.instants.copy()
    stage_now = np.zeros(len(key), dtype=np.int64)
    for stage in range(n_stages):
        reached = (fate >= stage) & (at < span.end)
        entered[reached, stage] = at[reached]
        stage_now = np.where(reached, stage, stage_now)
        at = np.where(fate >= stage, np.floor(at + stage_days(key, stage) * DAY_S), at)
    closed = np.where(at < span.end, at, NOT_YET)
    stage_now = np.where(np.isfinite(closed), np.where(fate == WON, WON, LOST), stage_now)
    price = prices.at(product, found.instants)
    return Deals(found, source, product, (pieces * price).astype(np.int64), entered, closed, stage_now, fate)


def stage_days(key: Bits, stage: int) -> Floats:
    """How long each deal stays in an open stage, in days."""
    asleep = np.where(draw(key, _ASLEEP, stage) < ASLEEP_SHARE, ASLEEP_FACTOR, 1.0)
    return np.maximum(chance.lognormal(draw(key, _DAYS, stage), MEDIAN_DAYS[stage], SIGMA), 0.05) * asleep


def win_odds() -> dict[str, dict[str, float]]:
    """The chance to win from each open stage, by source."""
    return {
        source: {stage: float(np.prod(ADVANCE[number][position:])) for position, stage in enumerate(OPEN_STAGES)}
        for number, source in enumerate(SOURCES)
    }
