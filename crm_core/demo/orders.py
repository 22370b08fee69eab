"""Orders of a chunk of customers, with those of guests and what is given back, ready to be written.

A guest's order is drawn beside a customer's: a few days off, with a basket of its own and nobody's name on it. A
refund is an order of its own, two days to three weeks later, over all lines of an order or one of them. What was bought
at a discount is not taken back, so that a refund is worth exactly what was paid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_core.demo import chance
from crm_core.demo.baskets import fill_baskets
from crm_core.demo.calendar import History
from crm_core.demo.catalogue import items
from crm_core.demo.chance import Bits, Bools, Floats, Ints, Stream
from crm_core.demo.config import SimulationConfig
from crm_core.demo.lives import Lives
from crm_core.demo.prices import Prices

CHANNELS = ("web", "shop", "phone")
CHANNEL_SHARES = (0.66, 0.25, 0.09)
SALE, REFUND, ADJUSTMENT = 0, 1, 2
"""Kinds of lines, as positions in KINDS."""
KINDS = ("sale", "refund", "adjustment")
NOBODY = -1
DAY_S = 86_400

_HABIT_SHARE = 0.8
_DISCOUNT_PERCENT = (10, 15, 20)
_WHOLE_REFUND_SHARE = 0.6
_SPEND, _CHANNEL, _DISCOUNT, _REFUND, _SHIPPING, _GUEST = 10, 11, 12, 13, 14, 15  # beside those of `baskets`


@dataclass(frozen=True, eq=False)
class Orders:
    """Orders and their lines, by time.

    Attributes:
        instants: seconds since 1970 UTC, shape (orders,).
        customer: position of the customer in the chunk, or NOBODY.
        channel: position in CHANNELS.
        cancels: position of the order a refund gives back, or −1.
        key: random bits of each order.
        line_order, product, kind, quantity, price_e4, discount_e4: the lines, by order, shape (lines,); quantities of
            refunds are negative, `product` is a position in the price list (the last one is shipping).
    """

    instants: Ints
    customer: Ints
    channel: Ints
    cancels: Ints
    key: Bits
    line_order: Ints
    product: Ints
    kind: Ints
    quantity: Ints
    price_e4: Ints
    discount_e4: Ints


def take_orders(config: SimulationConfig, history: History, prices: Prices, *, seed: int, lives: Lives) -> Orders:
    """All orders of these lives, of the guests beside them, and their refunds."""
    owner, key, instants, customer = _with_guests(config, history, seed, lives)
    segment = lives.segment[owner]
    spend_shape = np.array([item.p for item in config.segments])[segment]
    spend = chance.gamma(_uniform(key, _SPEND), spend_shape, lives.spend_rate[owner]) * prices.factor
    baskets = fill_baskets(seed, prices, keys=key, instants=instants, spend=spend)
    discount_share = np.array([item.discount_share for item in config.segments])[segment]
    percent = np.array(_DISCOUNT_PERCENT)[chance.choose(_uniform(key, _DISCOUNT, 1), [3, 2, 1])]
    percent = np.where(_uniform(key, _DISCOUNT, 0) < discount_share, percent, 0)
    discount = baskets.quantity * baskets.price_e4 * percent[baskets.order] // 100 // prices.minor_e4 * prices.minor_e4
    favourite = chance.choose(chance.uniform(seed, Stream.CRM, lives.index[owner], 0), CHANNEL_SHARES)
    other = chance.choose(_uniform(key, _CHANNEL, 1), CHANNEL_SHARES)
    channel = np.where(_uniform(key, _CHANNEL, 0) < _HABIT_SHARE, favourite, other)
    sold = Orders(
        instants.astype(np.int64), customer, channel, np.full(len(key), -1), key,
        baskets.order, baskets.product, np.full(len(baskets.order), SALE), baskets.quantity, baskets.price_e4, discount,
    )  # fmt: skip
    refunds = _refunds(
        history, sold, chosen=_uniform(key, _REFUND, 0) * (1 - discount_share) < config.refund_share, percent=percent
    )
    return _by_time(_joined(sold, refunds, _shipping(config, prices, sold)))


def _with_guests(
    config: SimulationConfig, history: History, seed: int, lives: Lives
) -> tuple[Ints, Bits, Floats, Ints]:
    """Whose life an order comes from, its key, its instant, and the customer it is booked on."""
    key = chance.bits(seed, Stream.ORDER, lives.index[lives.owner], lives.purchase)
    beside = np.flatnonzero(_uniform(key, _GUEST, 0) < config.guest_share / (1 - config.guest_share))
    guest_key = chance.extend(key[beside], _GUEST)
    shift = (np.floor(_uniform(guest_key, _GUEST, 1) * 7) - 3) * DAY_S + np.floor(
        (_uniform(guest_key, _GUEST, 2) - 0.5) * 3600
    )
    moved = lives.instants[beside] + shift
    is_inside = (moved >= history.start) & (moved < history.end)
    return (
        np.concatenate([lives.owner, lives.owner[beside]]),
        np.concatenate([key, guest_key]),
        np.concatenate([lives.instants, np.where(is_inside, moved, lives.instants[beside])]),
        np.concatenate([lives.owner, np.full(len(beside), NOBODY)]),
    )


def _refunds(history: History, sold: Orders, *, chosen: Bools, percent: Ints) -> Orders:
    """The refund orders of the chosen orders, as far as they fall into the history."""
    key = sold.key
    delay = (2 + np.floor(_uniform(key, _REFUND, 1) * 20)) * DAY_S + np.floor((_uniform(key, _REFUND, 2) - 0.5) * 7200)
    instants = sold.instants + delay.astype(np.int64)
    cancelled = np.flatnonzero(chosen & (percent == 0) & (instants < history.end))
    new_position = np.full(len(key), -1)
    new_position[cancelled] = len(key) + np.arange(len(cancelled))
    n_lines = np.bincount(sold.line_order, minlength=len(key))
    line_no = np.arange(len(sold.line_order)) - (np.cumsum(n_lines) - n_lines)[sold.line_order]
    only = np.floor(_uniform(key, _REFUND, 4) * n_lines).astype(np.int64)
    is_whole = _uniform(key, _REFUND, 3) < _WHOLE_REFUND_SHARE
    back = (new_position[sold.line_order] >= 0) & (is_whole[sold.line_order] | (line_no == only[sold.line_order]))
    lines = np.flatnonzero(back)
    return Orders(
        instants[cancelled], sold.customer[cancelled], sold.channel[cancelled], cancelled,
        chance.extend(key[cancelled], _REFUND), new_position[sold.line_order[lines]], sold.product[lines],
        np.full(len(lines), REFUND), -sold.quantity[lines], sold.price_e4[lines], np.zeros(len(lines), dtype=np.int64),
    )  # fmt: skip


def _shipping(config: SimulationConfig, prices: Prices, sold: Orders) -> Orders:
    """Shipping lines of the orders that are sent and not free of it; no orders of their own."""
    is_sent = (np.array(CHANNELS)[sold.channel] != "shop") & (_uniform(sold.key, _SHIPPING) < config.shipping_share)
    order = np.flatnonzero(is_sent)
    none, n = np.zeros(0, dtype=np.int64), len(order)
    product = np.full(n, len(items()))
    price_e4 = prices.at(product, sold.instants[order].astype(np.float64))
    return Orders(
        none, none, none, none, none.astype(np.uint64), order, product, np.full(n, ADJUSTMENT),
        np.ones(n, dtype=np.int64), price_e4, np.zeros(n, dtype=np.int64),
    )  # fmt: skip


def _joined(*parts: Orders) -> Orders:
    names = Orders.__dataclass_fields__
    return Orders(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _by_time(orders: Orders) -> Orders:
    """The same orders by time, their lines in step; shipping comes after what is shipped."""
    sequence = np.argsort(orders.instants, kind="stable")
    rank = np.empty(len(sequence), dtype=np.int64)
    rank[sequence] = np.arange(len(sequence))
    cancels = orders.cancels[sequence]
    lines = np.argsort(rank[orders.line_order], kind="stable")
    return Orders(
        orders.instants[sequence], orders.customer[sequence], orders.channel[sequence],
        np.where(cancels >= 0, rank[cancels], -1), orders.key[sequence],
        rank[orders.line_order][lines], orders.product[lines], orders.kind[lines], orders.quantity[lines],
        orders.price_e4[lines], orders.discount_e4[lines],
    )  # fmt: skip


def _uniform(keys: Bits, *coordinates: int) -> Floats:
    return chance.to_uniform(chance.extend(keys, *coordinates))
