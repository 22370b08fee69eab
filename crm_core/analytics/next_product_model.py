"""What a customer buys next: chances from what everyone buys, what they buy themselves, and what follows what.

Each item's chance to be in the next order is a mixture, in weights that add up to 1:

- popular: the share of all orders of the last year that hold it;
- again: the share of the customer's own orders that hold it, with one order of nothing added;
- followed: the mean over the items of the customer's last three orders of how often it came in the order after such an
  item, drawn towards "popular" as if 20 orders of average content had followed too.

What the last order held is left out: nobody needs to be told of it again. So is, where only new products are wanted,
all that the customer ever bought.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_core.analytics.itemsets import Ints
from crm_core.analytics.rules import Floats

if TYPE_CHECKING:
    from scipy import sparse

REASONS = ("popular", "again", "followed")
RECENT_ORDERS = 3
PRIOR_ORDERS = 20.0
WORTH_SAYING = 1.2
"""How many times as likely as for everyone an item must be after another to be said to follow from it."""
YEAR_DAYS = 365
_CHUNK = 1_000


@dataclass(frozen=True)
class Weights:
    """How much each of REASONS counts; they add up to 1."""

    popular: float
    again: float
    followed: float


POPULARITY = Weights(1.0, 0.0, 0.0)
REPEAT = Weights(1e-9, 1.0 - 1e-9, 0.0)
"""The customer's own favourites; popularity decides among equals."""
TRIED = tuple(
    Weights(round(1.0 - again - followed, 2), again, followed)
    for again in (0.0, 0.2, 0.4, 0.6, 0.8)
    for followed in (0.0, 0.1, 0.2, 0.4, 0.6)
    if 0 < again + followed < 1
)
"""The mixtures to choose among; none of them is a baseline."""


@dataclass(frozen=True, eq=False)
class Histories:
    """Who bought what in which order.

    Attributes:
        customer, order, item: one entry a customer's order and item, each once; orders are numbered by customer and
            time, so that a customer's next order has the next number.
        day: each order's local day, as an ordinal; shape (orders,). owner: its customer; shape (orders,).
        n_customers, n_items: how many there are.
    """

    order: Ints
    item: Ints
    day: Ints
    owner: Ints
    n_customers: int
    n_items: int

    def until(self, day: int) -> Histories:
        """What was known at the end of that day."""
        known = self.day <= day
        number = np.cumsum(known) - 1
        kept = known[self.order]
        return Histories(
            number[self.order[kept]],
            self.item[kept],
            self.day[known],
            self.owner[known],
            self.n_customers,
            self.n_items,
        )


@dataclass(frozen=True, eq=False)
class Known:
    """What the chances of the next order are made of, as known at the end of a day.

    Attributes:
        popular: shape (items,). again, recent: shape (customers, items), sparse. follows: chance of the column's item
            in the order after one with the row's; shape (items, items). left_out: items not to name, sparse.
    """

    popular: Floats
    again: sparse.csr_array
    recent: sparse.csr_array
    follows: Floats
    left_out: sparse.csr_array


def known(histories: Histories, day: int, *, only_new: bool = False) -> Known:
    """What is known at the end of that day; nothing later is looked at. `only_new` leaves out all ever bought."""
    from scipy import sparse

    past = histories.until(day)
    n_orders = len(past.day)
    held = sparse.csr_array((np.ones(len(past.item)), (past.order, past.item)), shape=(n_orders, histories.n_items))
    lately = past.day > day - YEAR_DAYS
    popular: Floats = np.asarray(held[lately].sum(axis=0)).ravel() / max(int(lately.sum()), 1)
    of_owner = sparse.csr_array(
        (np.ones(n_orders), (past.owner, np.arange(n_orders))), shape=(histories.n_customers, n_orders)
    )
    n_own = np.bincount(past.owner, minlength=histories.n_customers)
    from_end = np.cumsum(n_own)[past.owner] - 1 - np.arange(n_orders)  # 0 is a customer's last order
    recent = (of_owner[:, from_end < RECENT_ORDERS] @ held[from_end < RECENT_ORDERS]).tocsr()
    recent.data[:] = 1.0
    bought = of_owner @ held
    return Known(
        popular=popular,
        again=_scaled(bought, 1.0 / (n_own.astype(np.float64) + 1.0)),
        recent=_scaled(recent, 1.0 / np.maximum(np.diff(recent.indptr), 1)),
        follows=_follows(held, past.owner, popular),
        left_out=bought if only_new else (of_owner[:, from_end == 0] @ held[from_end == 0]).tocsr(),
    )


def _follows(held: sparse.csr_array, owner: Ints, popular: Floats) -> Floats:
    """How often each item came in the order after one with each other item, drawn towards popularity."""
    has_next = np.flatnonzero(owner[1:] == owner[:-1])
    before, after = held[has_next], held[has_next + 1]
    anew = after - after.multiply(before)  # what the order before held is never recommended
    counts: Floats = (before.T @ anew).toarray()
    n_before = np.asarray(before.sum(axis=0)).ravel()
    return (counts + PRIOR_ORDERS * popular) / (n_before + PRIOR_ORDERS)[:, None]


def _scaled(matrix: sparse.csr_array, factors: Floats) -> sparse.csr_array:
    from scipy import sparse

    scaled: sparse.csr_array = (sparse.diags_array(factors) @ matrix).tocsr()
    return scaled


def ranked(facts: Known, customers: Ints, weights: Weights, k: int) -> Ints:
    """Each customer's k most likely items, best first, without what is left out; −1 where there is none."""
    chosen = [_best(_chances(facts, rows, weights), k) for rows in _chunks(customers)]
    return np.concatenate(chosen) if chosen else np.zeros((0, k), dtype=np.int64)


def _chances(facts: Known, rows: Ints, weights: Weights) -> Floats:
    chance = np.tile(weights.popular * facts.popular, (len(rows), 1))
    if weights.again:
        chance += weights.again * facts.again[rows].toarray()
    if weights.followed:
        chance += weights.followed * (facts.recent[rows] @ facts.follows)
    chance[facts.left_out[rows].toarray() > 0] = -1.0
    return chance


def _best(chance: Floats, k: int) -> Ints:
    size = min(k, chance.shape[1])
    top = np.sort(np.argpartition(-chance, size - 1, axis=1)[:, :size], axis=1)
    values = np.take_along_axis(chance, top, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    best = np.take_along_axis(top, order, axis=1)
    best = np.where(np.take_along_axis(values, order, axis=1) > 0, best, -1)
    return np.pad(best, ((0, 0), (0, k - size)), constant_values=-1)


def reasons(facts: Known, customers: Ints, items: Ints, weights: Weights) -> pd.DataFrame:
    """Why each customer was given that item, one row an entry of `items` (shape (customers, k), none −1).

    Columns: row (of customers), rank (from 1), item, reason (of REASONS; the largest part of its chance), because (the
    recent item it most often follows, where the reason is "followed"; else −1), lift (its chance there ÷ popularity).
    """
    row, rank = np.nonzero(items >= 0)
    item = items[row, rank]
    parts = np.column_stack([np.zeros(len(item))] * 3)
    because = np.zeros(len(item), dtype=np.int64)
    start = 0
    for rows in _chunks(customers):
        inside = np.flatnonzero((row >= start) & (row < start + len(rows)))
        mine = rows[row[inside] - start]
        recent = facts.recent[mine]
        follows = facts.follows[:, item[inside]].T
        among = recent.toarray() > 0
        parts[inside, 0] = weights.popular * facts.popular[item[inside]]
        parts[inside, 1] = weights.again * facts.again[mine, item[inside]]
        parts[inside, 2] = weights.followed * np.asarray(recent.multiply(follows).sum(axis=1)).ravel()
        because[inside] = np.where(among, follows, -1.0).argmax(axis=1)
        start += len(rows)
    lift = facts.follows[because, item] / np.maximum(facts.popular[item], 1e-12)
    which = parts.argmax(axis=1)
    which[(which == 2) & (lift < WORTH_SAYING)] = 0
    is_followed = which == 2
    return pd.DataFrame(
        {
            "row": row, "rank": rank + 1, "item": item, "reason": np.array(REASONS, dtype=object)[which],
            "because": np.where(is_followed, because, -1), "lift": np.where(is_followed, lift, np.nan),
        }
    )  # fmt: skip


def _chunks(customers: Ints) -> Iterator[Ints]:
    for start in range(0, len(customers), _CHUNK):
        yield customers[start : start + _CHUNK]
