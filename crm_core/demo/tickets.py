"""Which tickets customers open: when, about what, about which product of which order, and who answers.

What goes wrong belongs to what was bought: a ticket is about a product of the customer's last order. Months after it,
customers write less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crm_core.demo import chance
from crm_core.demo.arrivals import Arrivals, arrive, draw, joined, kept
from crm_core.demo.baskets import popularity
from crm_core.demo.calendar import History
from crm_core.demo.catalogue import items
from crm_core.demo.chance import Bits, Bools, Ints, Stream
from crm_core.demo.config import SimulationConfig
from crm_core.demo.desk import (
    ACCOUNT,
    PRIORITY_SHARES,
    QUESTION,
    TEAMS,
    TOPICS,
    Desk,
    Spike,
    trouble,
    window,
)
from crm_core.demo.lives import NEVER, Lives
from crm_core.demo.orders import DAY_S, NOBODY, SALE, Orders

CHANNELS = ("email", "web", "phone", "chat", "shop")
CHANNEL_SHARES = (0.42, 0.2, 0.2, 0.14, 0.04)
QUIET_DAYS = 60
QUIET_SHARE = 0.25
"""So many days after a customer's last order, only this part of the tickets comes."""

_RATE_SHAPE = 1.5
_TOPIC, _PRIORITY, _CHANNEL, _AGENT, _LINE, _TROUBLE, _QUIET, _PRODUCT = 1, 2, 3, 4, 5, 6, 7, 8


@dataclass(frozen=True, eq=False)
class Tickets:
    """Tickets of a chunk of customers, by time.

    Attributes:
        owner: position of the customer in the chunk, shape (tickets,).
        key: random bits of each.
        instants: when they were opened, seconds since 1970 UTC.
        topic, priority, channel, agent: positions in TOPICS, PRIORITIES, CHANNELS and the desk's agents.
        product: position in the catalogue, or −1.
        has_left: whether the customer never buys after it, by choice.
    """

    owner: Ints
    key: Bits
    instants: Ints
    topic: Ints
    priority: Ints
    channel: Ints
    agent: Ints
    product: Ints
    has_left: Bools


def open_tickets(
    config: SimulationConfig, span: History, desk: Desk, planted: Sequence[Spike], timezone: str, *,
    seed: int, lives: Lives, orders: Orders,
) -> Tickets:  # fmt: skip
    """The tickets of these lives and orders."""
    usual, in_spikes = _arrivals(config, span, planted, timezone, seed=seed, lives=lives)
    forced = np.concatenate([np.full(len(part.owner), topic) for topic, part in in_spikes] or [np.zeros(0, int)])
    every = joined(usual, *(part for _, part in in_spikes))
    # `joined` sorts by time; the topic of a spike's tickets is looked up by their keys
    spike_keys = np.concatenate([part.key for _, part in in_spikes] or [np.zeros(0, np.uint64)])
    by_key = np.argsort(spike_keys)
    last = _last_order(every, orders)
    is_kept = (draw(every.key, _QUIET) < QUIET_SHARE) | (
        every.instants - np.where(last >= 0, orders.instants[last], lives.acquired[every.owner]) < QUIET_DAYS * DAY_S
    )
    which = np.flatnonzero(is_kept)
    every, last = kept(every, which), last[which]
    topic = chance.choose(draw(every.key, _TOPIC), [item.share for item in TOPICS])
    if len(by_key):
        at = np.minimum(np.searchsorted(spike_keys[by_key], every.key), len(by_key) - 1)
        is_spike = spike_keys[by_key][at] == every.key
        topic = np.where(is_spike, forced[by_key][at], topic)
    topic = np.where((last < 0) & (topic != ACCOUNT), QUESTION, topic)
    dropped = lives.dropped[every.owner]
    return Tickets(
        owner=every.owner,
        key=every.key,
        instants=every.instants.astype(np.int64),
        topic=topic,
        priority=chance.choose(draw(every.key, _PRIORITY), PRIORITY_SHARES),
        channel=chance.choose(draw(every.key, _CHANNEL), CHANNEL_SHARES),
        agent=_agents(desk, topic, every.key),
        product=np.where(topic == ACCOUNT, -1, _products(seed, every, topic, last, orders)),
        has_left=(dropped != NEVER) & (dropped <= every.instants),
    )


def _arrivals(
    config: SimulationConfig, span: History, planted: Sequence[Spike], timezone: str, *, seed: int, lives: Lives
) -> tuple[Arrivals, list[tuple[int, Arrivals]]]:
    """The usual tickets, and by topic what spikes add: a process of its own, at so many times the usual rate."""
    rate = config.ticket_rate * chance.gamma(chance.uniform(seed, Stream.TICKET, lives.index), _RATE_SHAPE, _RATE_SHAPE)
    usual = arrive(
        span.service, seed, Stream.TICKET, lives.index, part=0, rate=rate, first=lives.acquired, last=float(span.end)
    )
    of_buyers = np.where(lives.segment >= 0, rate, 0.0)
    in_spikes = []
    for part, spike in enumerate(planted, start=1):
        topic = [item.category for item in TOPICS].index(spike.category)
        begin, end = window(spike, timezone)
        more = of_buyers * TOPICS[topic].share * (spike.factor - 1)
        first = np.maximum(lives.acquired, begin)
        added = arrive(
            span.service, seed, Stream.TICKET, lives.index, part=part, rate=more, first=first, last=min(end, span.end)
        )
        in_spikes.append((topic, added))
    return usual, in_spikes


def _last_order(arrivals: Arrivals, orders: Orders) -> Ints:
    """The position of each customer's last order with sale lines before the ticket, or −1."""
    sales = np.flatnonzero((orders.customer != NOBODY) & (orders.cancels < 0))
    if not len(sales):
        return np.full(len(arrivals.owner), -1)
    code = (orders.customer[sales] << 33) + orders.instants[sales]
    sequence = np.argsort(code, kind="stable")
    at = np.searchsorted(code[sequence], (arrivals.owner << 33) + arrivals.instants.astype(np.int64), side="right") - 1
    found = sales[sequence[np.maximum(at, 0)]]
    return np.where((at >= 0) & (orders.customer[found] == arrivals.owner), found, -1)


def _products(seed: int, arrivals: Arrivals, topic: Ints, last: Ints, orders: Orders) -> Ints:
    """Of two lines of the last order the one that makes more trouble; without an order, a popular product."""
    browsed = chance.choose(draw(arrivals.key, _PRODUCT), popularity(seed))
    if not len(orders.line_order):
        return browsed
    categories = [item.category for item in items()]
    weights = trouble(categories)
    first = np.searchsorted(orders.line_order, last)
    n_sold = np.bincount(orders.line_order[orders.kind == SALE], minlength=len(orders.instants))[last]
    lines = [first + np.floor(draw(arrivals.key, _LINE, k) * n_sold).astype(np.int64) for k in range(2)]
    one, other = (orders.product[np.minimum(line, len(orders.product) - 1)] for line in lines)
    one, other = (np.minimum(product, len(categories) - 1) for product in (one, other))
    bought = np.where(weights[topic, other] > weights[topic, one], other, one)
    return np.where(last >= 0, bought, browsed)


def _agents(desk: Desk, topic: Ints, key: Bits) -> Ints:
    """Who answers: one of the topic's team, by their shares."""
    team = np.array([item.team for item in TOPICS])[topic]
    found = np.zeros(len(topic), dtype=np.int64)
    for number, name in enumerate(TEAMS):
        members = np.array([place for place, agent in enumerate(desk.agents) if agent.team == name])
        shares = [desk.agents[place].share for place in members]
        of = np.flatnonzero(team == number)
        found[of] = members[chance.choose(draw(key[of], _AGENT), shares)]
    return found
