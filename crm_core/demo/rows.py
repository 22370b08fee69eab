"""Rows of the tables out of what was simulated, in the values of the database; made late, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from crm_core.demo import chance
from crm_core.demo.calendar import History
from crm_core.demo.catalogue import SHIPPING_CODE, SHIPPING_NAME, items
from crm_core.demo.chance import Ints, Stream
from crm_core.demo.config import SimulationConfig
from crm_core.demo.lives import Lives
from crm_core.demo.orders import CHANNELS, KINDS, NOBODY, Orders
from crm_core.demo.people import people, places
from crm_core.demo.person import Person
from crm_core.demo.prices import Prices
from crm_core.records.search import sort_key

MICROS = 1_000_000
BATCH = 50_000

PRODUCT_COLUMNS = ("id", "code", "name", "category", "unit_price_e4", "is_active", "is_adjustment")
CUSTOMER_COLUMNS = (
    "id", "ref", "kind", "name", "sort_name", "email", "phone", "country", "region", "city", "address", "postcode",
    "birthday_on", "language", "source", "owner_id", "has_marketing_consent", "tags", "custom", "created_at",
)  # fmt: skip
ORDER_COLUMNS = ("id", "number", "ordered_at", "customer_id", "country", "region", "channel")
LINE_COLUMNS = (
    "id", "order_id", "line_no", "product_id", "kind", "quantity", "unit_price_e4", "amount_e4", "discount_e4",
)  # fmt: skip

SOURCES = ("search", "referral", "social", "newsletter", "shop", "fair")
SOURCE_SHARES = (0.31, 0.19, 0.22, 0.12, 0.11, 0.05)
OWNED_SHARE = 0.15
_CONSENT = (True, False, None)
_CONSENT_SHARES = (0.55, 0.3, 0.15)
_SOURCE_FIELD, _CONSENT_FIELD, _OWNER_FIELD, _TAG_FIELD, _DELAY_FIELD = 1, 2, 3, 4, 5
_LONGEST_DELAY_S = 1800  # between signing up and the first order

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Labels:
    """What references, codes and numbers begin with: nothing in an empty workspace, a mark of the fill in others."""

    prefix: str = ""

    def ref(self, number: int) -> str:
        """The reference of the n-th customer."""
        return f"{self.prefix}C-{number:06d}"

    def code(self, code: str) -> str:
        """The code of a product."""
        return self.prefix + code


def product_rows(ids: Sequence[int], prices: Prices, labels: Labels) -> list[Row]:
    """The catalogue at today's prices, and shipping."""
    now = prices.now_e4().tolist()
    rows: list[Row] = [
        (key, labels.code(item.code), item.name, item.category, price, True, False)
        for key, item, price in zip(ids, items(), now, strict=False)
    ]
    rows.append((ids[-1], labels.code(SHIPPING_CODE), SHIPPING_NAME, None, now[-1], True, True))
    return rows


def people_of(config: SimulationConfig, seed: int, lives: Lives) -> list[Person]:
    """The people of these lives, in their order."""
    return list(people(seed, lives.index, has_duplicates=config.has_duplicates))


def customer_rows(
    ids: Sequence[int], first_number: int, seed: int, history: History, lives: Lives, persons: Sequence[Person],
    owners: Sequence[int], labels: Labels,
) -> Iterator[Row]:  # fmt: skip
    """Customers in the order of their lives; `owners` are the users some of them are given to."""
    u = {field: chance.uniform(seed, Stream.CRM, lives.index, field) for field in range(1, 6)}
    source = chance.choose(u[_SOURCE_FIELD], SOURCE_SHARES).tolist()
    consent = chance.choose(u[_CONSENT_FIELD], _CONSENT_SHARES).tolist()
    is_buyer = lives.segment >= 0
    created = lives.acquired - np.where(is_buyer, np.floor(u[_DELAY_FIELD] * _LONGEST_DELAY_S), 0)
    created_at = (np.maximum(created, history.start).astype(np.int64) * MICROS).tolist()
    owner = np.floor(u[_OWNER_FIELD] / OWNED_SHARE * max(len(owners), 1)).astype(np.int64).tolist()
    tag = u[_TAG_FIELD].tolist()
    for n, (key, person) in enumerate(zip(ids, persons, strict=True)):
        owner_id = owners[owner[n]] if owner[n] < len(owners) else None
        yield (
            key, labels.ref(first_number + n), person.kind, person.name, sort_key(person.name), person.email,
            person.phone, person.country, person.region, person.city, person.address, person.postcode,
            person.birthday_on, person.language, SOURCES[source[n]], owner_id, _CONSENT[consent[n]],
            _tags(person.kind, tag[n]), "{}", created_at[n],
        )  # fmt: skip


def order_rows(
    ids: range, first_number: int, orders: Orders, customer_ids: Ints, persons: Sequence[Person], labels: Labels
) -> Iterator[Row]:
    """Orders by time. Sales count up from `first_number`; a refund has the number of its order, with another letter."""
    is_sale = orders.cancels < 0
    number = first_number - 1 + np.cumsum(is_sale)
    number = np.where(is_sale, number, number[orders.cancels])
    u_locale = chance.to_uniform(chance.extend(orders.key, 20))
    u_city = chance.to_uniform(chance.extend(orders.key, 21))
    for start in range(0, len(is_sale), BATCH):
        part = slice(start, start + BATCH)
        customer = orders.customer[part]
        countries, regions = places(u_locale[part], u_city[part])
        rows = zip(
            ids[part], number[part].tolist(), is_sale[part].tolist(), (orders.instants[part] * MICROS).tolist(),
            customer.tolist(), customer_ids[customer].tolist(), countries, regions, orders.channel[part].tolist(),
            strict=True,
        )  # fmt: skip
        for key, n, sold, at, who, customer_id, country, region, channel in rows:
            label = f"{labels.prefix}{'S' if sold else 'C'}{n:07d}"
            if who == NOBODY:
                yield (key, label, at, None, country, region, CHANNELS[channel])
            else:
                person = persons[who]
                yield (key, label, at, customer_id, person.country, person.region, CHANNELS[channel])


def line_rows(ids: range, order_ids: range, orders: Orders, product_ids: Ints) -> Iterator[Row]:
    """Order lines by order, numbered from 1 in each."""
    n_lines = np.bincount(orders.line_order, minlength=len(order_ids))
    line_no = 1 + np.arange(len(ids)) - (np.cumsum(n_lines) - n_lines)[orders.line_order]
    kinds = np.array(KINDS, dtype=object)
    for start in range(0, len(ids), BATCH):
        part = slice(start, start + BATCH)
        quantity, price = orders.quantity[part], orders.price_e4[part]
        yield from zip(
            ids[part], (order_ids.start + orders.line_order[part]).tolist(), line_no[part].tolist(),
            product_ids[orders.product[part]].tolist(), kinds[orders.kind[part]].tolist(), quantity.tolist(),
            price.tolist(), (quantity * price).tolist(), orders.discount_e4[part].tolist(),
            strict=True,
        )  # fmt: skip


def _tags(kind: str, u: float) -> str:
    if kind == "organisation":
        return '["business"]' if u < 0.7 else "[]"
    return '["club"]' if u < 0.12 else "[]"
