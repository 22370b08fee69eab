"""Needs: what customers wish for, tied to products; some wishes are planted and shared by many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from crm_core.demo import chance
from crm_core.demo.arrivals import Arrivals, arrive, draw, joined
from crm_core.demo.baskets import popularity
from crm_core.demo.calendar import History
from crm_core.demo.catalogue import items
from crm_core.demo.chance import Floats, Ints, Stream
from crm_core.demo.config import SimulationConfig
from crm_core.demo.desk import PRIORITIES
from crm_core.demo.lives import Lives
from crm_core.demo.orders import DAY_S
from crm_core.demo.person import Person
from crm_core.demo.prices import Prices
from crm_core.demo.rows import MICROS, Row

NEED_COLUMNS = (
    "id", "customer_id", "title", "text", "product_id", "priority", "status", "value_e4", "owner_id", "created_at",
    "closed_at",
)  # fmt: skip


@dataclass(frozen=True)
class Wish:
    """A wish that many share: part of all needs, about one product."""

    product: str
    title: str
    chinese: str
    share: float


WISHES = (
    Wish("Espresso beans 250 g", "Espresso beans by the kilogram", "希望有一公斤装的浓缩咖啡豆", 0.14),
    Wish("Steel bottle 0.5 l", "Spare lids for the steel bottle", "希望钢制水瓶有备用瓶盖", 0.09),
    Wish("Notebook A5, dotted", "Notebook with numbered pages", "希望笔记本印有页码", 0.07),
)
_TITLES = {
    "en": ("{product} in a larger size", "{product} without plastic packaging", "Gift box with {product}",
           "Repair service for {product}", "{product} as a subscription", "{product} in more colours"),
    "zh": (
        "希望{product}有更大的规格", "希望{product}不用塑料包装", "希望{product}有礼盒装", "希望可以定期订购{product}",
    ),
}  # fmt: skip
_STATUSES = ("new", "considered", "planned", "done", "declined")
_NEW, _CONSIDERED, _PLANNED, _DONE, _DECLINED = range(5)
PLANNED_SHARE, PLANNED_SHARE_OF_WISHES, DONE_SHARE = 0.35, 0.7, 0.7
"""Part of the considered needs that are planned (others are declined), of shared wishes, and of planned ones done."""
STEP_DAYS = (20.0, 45.0, 120.0)
_WHICH, _TITLE, _PRODUCT, _PRIORITY, _STEP, _PLAN, _FINISH, _VALUE, _OWNER = 1, 2, 3, 4, 5, 6, 7, 8, 9
_PRIORITY_SHARES = (0.3, 0.5, 0.17, 0.03)
_NEVER = np.inf


@dataclass(frozen=True, eq=False)
class Needs:
    """Needs of a chunk of customers, by time.

    Attributes:
        wish: position in WISHES, or −1.
        product: position in the catalogue.
        status: position in the statuses of needs.
        closed: when it was done or declined, seconds since 1970 UTC; infinite where it was not.
        value_e4: worth a year, in ten-thousandths; −1 where nobody guessed.
    """

    arrivals: Arrivals
    wish: Ints
    product: Ints
    status: Ints
    closed: Floats
    value_e4: Ints


def code_of(wish: Wish) -> str:
    """The code of the product a wish is about."""
    return next(item.code for item in items() if item.name == wish.product)


def make_needs(config: SimulationConfig, span: History, prices: Prices, *, seed: int, lives: Lives) -> Needs:
    """What these customers wish for, and how far that has come when the history ends."""
    rate = np.full(len(lives.index), config.need_rate)
    found = joined(
        arrive(span.usual, seed, Stream.NEED, lives.index, part=0, rate=rate, first=lives.acquired, last=span.end)
    )
    key = found.key
    shares = [wish.share for wish in WISHES]
    which = chance.choose(draw(key, _WHICH), [*shares, 1 - sum(shares)])
    wish = np.where(which == len(WISHES), -1, which)
    position = {item.name: number for number, item in enumerate(items())}
    wished = np.array([*(position[item.product] for item in WISHES), -1])[wish]
    product = np.where(wish >= 0, wished, chance.choose(draw(key, _PRODUCT), popularity(seed)))
    days = [chance.lognormal(draw(key, _STEP, step), median, 0.7) for step, median in enumerate(STEP_DAYS)]
    considered, decided, finished = (found.instants + DAY_S * total for total in np.cumsum(days, axis=0))
    is_planned = draw(key, _PLAN) < np.where(wish >= 0, PLANNED_SHARE_OF_WISHES, PLANNED_SHARE)
    is_done = is_planned & (draw(key, _FINISH) < DONE_SHARE)
    status = np.where(considered < span.end, _CONSIDERED, _NEW)
    status = np.where(decided < span.end, np.where(is_planned, _PLANNED, _DECLINED), status)
    status = np.where(is_done & (finished < span.end), _DONE, status)
    closed = np.select([status == _DECLINED, status == _DONE], [decided, finished], _NEVER)
    pieces = np.rint(chance.lognormal(draw(key, _VALUE, 1), 6.0, 0.9)) + 1
    price = prices.at(product, found.instants)
    value = np.where(draw(key, _VALUE, 0) < 0.8, pieces * price, -1).astype(np.int64)
    return Needs(found, wish, product, status, closed, value)


def need_rows(
    ids: Sequence[int], needs: Needs, *, customer_ids: Ints, product_ids: Ints, persons: Sequence[Person],
    owner_ids: Sequence[int],
) -> Iterator[Row]:  # fmt: skip
    """Needs by time; `owner_ids` are the accounts that look after them."""
    key = needs.arrivals.key
    title, owner = draw(key, _TITLE).tolist(), draw(key, _OWNER).tolist()
    priority = chance.choose(draw(key, _PRIORITY), _PRIORITY_SHARES).tolist()
    columns = zip(
        ids, needs.arrivals.owner.tolist(), needs.wish.tolist(), needs.product.tolist(), needs.status.tolist(),
        needs.value_e4.tolist(), needs.arrivals.instants.tolist(), needs.closed.tolist(), strict=True,
    )  # fmt: skip
    for n, (row_id, customer, wish, product, status, value, at, closed) in enumerate(columns):
        language = "zh" if persons[customer].language == "zh" else "en"
        if wish >= 0:
            words = WISHES[wish].chinese if language == "zh" else WISHES[wish].title
        else:
            variants = _TITLES[language]
            words = variants[int(title[n] * len(variants))].format(product=items()[product].name)
        is_taken = bool(owner_ids) and status != _NEW
        yield (
            row_id, int(customer_ids[customer]), words, None, int(product_ids[product]), PRIORITIES[priority[n]],
            _STATUSES[status], value if value >= 0 else None,
            owner_ids[int(owner[n] * len(owner_ids))] if is_taken else None, int(at) * MICROS,
            int(closed) * MICROS if closed != _NEVER else None,
        )  # fmt: skip
